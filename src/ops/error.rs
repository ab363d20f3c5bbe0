//! Everything that can stop a command, each with its paths and numbers and with what to do about it.

use super::CutError;
use crate::format::{SettingDifference, SpecError};
use crate::store::{self, SourceChanges, StoreError, Version};
use crate::text::display::{display_path, shell_word};
use crate::text::faults::Faults;
use std::path::{Path, PathBuf};

/// What kind of failure an [`Error`] is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Something failed that should have worked.
    Failure,
    /// The command was asked for something that makes no sense.
    Usage,
    /// pyramid.json, tiles or images are not valid.
    Input,
    /// Another process holds the pyramid.
    Locked,
    /// Somebody asked it to stop.
    Interrupted,
}

/// Why a pyramid could not be opened, built or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path given is not a folder.
    #[error("{}: {}", display_path(path), if *exists { "this is not a folder" } else { "there is no such folder" })]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// Whether there is something else in its place.
        exists: bool,
    },
    /// There is no pyramid.json.
    #[error("{} does not exist{}", display_path(path), if *half_cut { " yet: the first picture is being cut, or that was stopped" } else { "" })]
    NoSpec {
        /// Where it should be.
        path: PathBuf,
        /// Whether a first version is there that is not whole.
        half_cut: bool,
    },
    /// The pyramid.json cannot be read.
    #[error(transparent)]
    SpecUnreadable(StoreError),
    /// The pyramid.json is not UTF-8.
    #[error("{}: it is not UTF-8 text", display_path(path))]
    SpecNotText {
        /// The file.
        path: PathBuf,
    },
    /// The pyramid.json is not valid.
    #[error("{}: {error}", display_path(path))]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: SpecError,
    },
    /// Overlap is not supported yet.
    #[error("{}: \"overlap\" is {overlap}, but only 0 is supported by this release", display_path(path))]
    Overlap {
        /// The pyramid.json.
        path: PathBuf,
        /// The overlap it asks for.
        overlap: u32,
    },
    /// Something about the folders, or the file system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Base tiles are missing, too many, or not what they should be.
    #[error("{}: {} wrong\n{faults}", display_path(folder), if faults.count() == 1 { "1 tile is".to_owned() } else { format!("{} tiles are", faults.count()) })]
    Tiles {
        /// The source version's folder.
        folder: PathBuf,
        /// What was found.
        faults: Faults,
    },
    /// Published trees were built with other settings.
    #[error("{}: {version} was published with other settings: {}", display_path(pyramid), differences(changed))]
    SettingsChanged {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// A published version built with other settings.
        version: Version,
        /// The lowest source version.
        lowest: Version,
        /// The settings that differ: value now, and value then.
        changed: Vec<SettingDifference>,
    },
    /// The sources of a published version are not what it was built from.
    #[error(
        "{}: {} since {version} was published: {}",
        display_path(folder),
        change_counts(changes),
        change_names(changes)
    )]
    SourcesChanged {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The source version's folder.
        folder: PathBuf,
        /// Which version.
        version: Version,
        /// The number that the next version would have.
        next: Version,
        /// What changed.
        changes: SourceChanges,
    },
    /// The sources of a published version are gone.
    #[error("{} does not exist, but {version} was published from it", display_path(folder))]
    SourcesGone {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// Where the source version's folder was.
        folder: PathBuf,
        /// Which version.
        version: Version,
    },
    /// There is no version from the given one on, so there is nothing to build again.
    #[error("{}: there is no version {from} or above to rebuild; the latest is {latest}", display_path(pyramid))]
    NothingToRebuild {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The version asked for.
        from: Version,
        /// The highest version.
        latest: Version,
    },
    /// The version asked for is not published.
    #[error("{}: {}", display_path(pyramid), version.map_or("nothing is published".to_owned(), |version| format!("{version} is not published")))]
    NotPublished {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The version asked for, if one was named.
        version: Option<Version>,
        /// The published versions.
        published: Vec<Version>,
    },
    /// A vacuum was killed, and has to be finished before anything is asked of the pyramid.
    #[error("{}: a vacuum was stopped half way", display_path(pyramid))]
    HalfVacuumed {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
    /// A journal that this release does not know says that something else was stopped half way.
    #[error("{} says that something else is not finished", display_path(path))]
    OtherJournal {
        /// The journal.
        path: PathBuf,
    },
    /// Before versions are dropped all have to be published.
    #[error("{}: {} not published", display_path(pyramid), is_are(versions))]
    Unpublished {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The versions that a build would make.
        versions: Vec<Version>,
    },
    /// The latest version was asked to be dropped.
    #[error("{}: {latest} is the latest version, which is never dropped", display_path(pyramid))]
    DropsLatest {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The latest version.
        latest: Version,
    },
    /// There is no version to drop where one was named.
    #[error("{}: there is no version {}", display_path(pyramid), if first == last { first.to_string() } else { format!("from {first} to {last}") })]
    NothingToDrop {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The lowest version asked for.
        first: Version,
        /// The highest version asked for.
        last: Version,
        /// The versions that there are.
        versions: Vec<Version>,
    },
    /// A tile of an earlier version cannot be read back.
    #[error("{}: {problem}", display_path(path))]
    StoredTile {
        /// The tile.
        path: PathBuf,
        /// The version whose tree shows it.
        version: Version,
        /// What is wrong with it.
        problem: String,
    },
    /// A generated tile cannot be encoded.
    #[error("{}: {problem}", display_path(path))]
    Encode {
        /// The tile.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// A picture could not be cut.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// The observer asked to stop while a picture was cut.
    #[error("{} was interrupted; no version was cut", display_path(pyramid))]
    CutInterrupted {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
    /// The observer asked to stop.
    #[error("{} was interrupted; published versions are as they were", display_path(pyramid))]
    Interrupted {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
}

fn is_are(versions: &[Version]) -> String {
    let names: Vec<String> = versions.iter().map(Version::to_string).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn differences(changed: &[SettingDifference]) -> String {
    let one =
        |SettingDifference { key, value, other }: &SettingDifference| format!("\"{key}\" was {other} and is {value}");
    changed.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn change_counts(changes: &SourceChanges) -> String {
    let parts = [(changes.changed, "changed"), (changes.added, "added"), (changes.removed, "removed")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let total = changes.changed + changes.added + changes.removed;
    format!("{} {}", parts.join(", "), if total == 1 { "tile" } else { "tiles" })
}

fn change_names(changes: &SourceChanges) -> String {
    let (names, more) = changes.named();
    names.join(", ") + if more { ", ..." } else { "" }
}

/// The command that builds a version and all above it again; whatever found out that this may be needed, it is `build`.
fn rebuild(pyramid: &Path, version: Version) -> String {
    format!("fast_pyramid build {} --rebuild-from {}", shell_word(pyramid), version.0)
}

/// What to do where a first version is there that is not whole.
const HALF_CUT: &str = "wait until that cut has finished; if it was stopped, run the same cut again, which begins anew";

impl Error {
    /// What kind of failure this is.
    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::Store(StoreError::Locked { .. }) => Category::Locked,
            Self::Cut(error) => error.category(),
            Self::Interrupted { .. }
            | Self::CutInterrupted { .. }
            | Self::Store(StoreError::VacuumCancelled { .. }) => Category::Interrupted,
            Self::NothingToRebuild { .. }
            | Self::NotPublished { .. }
            | Self::Unpublished { .. }
            | Self::DropsLatest { .. }
            | Self::NothingToDrop { .. } => Category::Usage,
            Self::Store(
                StoreError::TwoPlaces { .. }
                | StoreError::NoVersions { .. }
                | StoreError::BadVersion { .. }
                | StoreError::VersionExists { .. }
                | StoreError::LinkedFolder { .. },
            )
            | Self::SpecUnreadable(_)
            | Self::NotAFolder { .. }
            | Self::NoSpec { .. }
            | Self::SpecNotText { .. }
            | Self::Spec { .. }
            | Self::Overlap { .. }
            | Self::Tiles { .. }
            | Self::SettingsChanged { .. }
            | Self::SourcesChanged { .. }
            | Self::SourcesGone { .. } => Category::Input,
            Self::Store(_)
            | Self::HalfVacuumed { .. }
            | Self::OtherJournal { .. }
            | Self::StoredTile { .. }
            | Self::Encode { .. }
            | Self::Threads(_) => Category::Failure,
        }
    }

    /// What to do about it, in one line, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAFolder { .. } => {
                "give the folder that holds pyramid.json and v0; a picture is cut with: fast_pyramid cut PICTURE DIR"
                    .into()
            }
            Self::SpecUnreadable(_) => "it has to be a readable regular file".into(),
            Self::NoSpec { half_cut: true, .. } => HALF_CUT.into(),
            Self::NoSpec { .. } => {
                "write one such as { width: 750, height: 500, tile_size: 250, overlap: 0 } with your picture's numbers"
                    .into()
            }
            Self::SpecNotText { .. } => "save it as UTF-8".into(),
            Self::Spec { error, .. } => format!("expected {}", error.expected),
            Self::Overlap { .. } => "cut the base tiles without overlap and write overlap: 0".into(),
            Self::Tiles { folder, .. } => {
                let version = folder.file_name().map(display_path).unwrap_or_default();
                format!("{version} was not published; correct its tiles and run the same command again")
            }
            Self::SettingsChanged { pyramid, lowest, .. } => {
                format!("put the old settings back, or build everything again with {}", rebuild(pyramid, *lowest))
            }
            Self::SourcesChanged { pyramid, version, next, .. } => format!(
                "put changed tiles into {next} and restore {version}, or build {version} again with {}",
                rebuild(pyramid, *version)
            ),
            Self::SourcesGone { pyramid, version, .. } => {
                format!("restore it, or drop the version with {}", rebuild(pyramid, *version))
            }
            Self::NotPublished { published, .. } if published.is_empty() => "build it first".into(),
            Self::NotPublished { published, .. } => {
                let names: Vec<String> = published.iter().map(Version::to_string).collect();
                format!("published are {}", names.join(", "))
            }
            Self::StoredTile { version, .. } => {
                format!(
                    "build the damaged version again with --rebuild-from {}, or delete dest and build all",
                    version.0
                )
            }
            Self::HalfVacuumed { .. } => "run build or vacuum first, not as a --dry-run: either finishes it".into(),
            Self::OtherJournal { .. } => {
                "run build, which finishes what it knows; a newer release may have to do it".into()
            }
            Self::Unpublished { .. } => "build first, then vacuum".into(),
            Self::DropsLatest { .. } => "leave it out, or publish a newer version first".into(),
            Self::NothingToDrop { versions, .. } => {
                let names: Vec<String> = versions.iter().map(Version::to_string).collect();
                format!("there are {}", names.join(", "))
            }
            Self::Cut(error) => return error.hint(),
            Self::CutInterrupted { .. } => "run the same command again; it begins anew".into(),
            Self::Store(error) => return store_hint(error),
            Self::Interrupted { .. } => "run the same command again; it goes on where it stopped".into(),
            Self::NothingToRebuild { latest, .. } => format!("give a version from 0 to {}", latest.0),
            Self::Encode { .. } | Self::Threads(_) => return None,
        })
    }
}

fn store_hint(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::Locked { .. } => "run again when it has finished, or with --wait SECONDS".into(),
        StoreError::CannotLock { .. } => {
            "see to it that no other process changes this pyramid meanwhile, and run again with --no-lock".into()
        }
        StoreError::LinkedFolder { .. } => "make it a real folder; a disk can be mounted there".into(),
        StoreError::Damaged { path, .. } if store::is_of_a_manifest(path) => {
            "run repair; where that cannot help, delete dest and build again (the sources are not touched)".into()
        }
        StoreError::Damaged { .. } => "delete dest and build again; the sources are not touched".into(),
        StoreError::NotAFile { .. } => "move it away and run the same command again".into(),
        StoreError::Changing { .. } => "run again when nothing writes to it any more".into(),
        StoreError::TwoPlaces { .. } => "move all source versions to one of the two places".into(),
        StoreError::NoVersions { half_cut: true, .. } => HALF_CUT.into(),
        StoreError::NoVersions { .. } => "put all base tiles into v0, named COLUMN_ROW.jpg or .png".into(),
        StoreError::BadVersion { .. } => "rename, move or replace it".into(),
        StoreError::VersionExists { .. } => {
            "nothing of it was changed; move it away and run the same command again".into()
        }
        StoreError::Io(error) => match error.source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                "make room and run the same command again; published versions are as they were".into()
            }
            std::io::ErrorKind::PermissionDenied => "check the permissions of this path".into(),
            std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
                "something else stands where a folder has to be; move it away".into()
            }
            _ => return None,
        },
        StoreError::NoPrevious => return None,
        StoreError::VacuumCancelled { .. } => "run the same command again, or any build, to finish it".into(),
    })
}
