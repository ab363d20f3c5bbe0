//! Everything that can end an operation early, each with its paths and numbers.

use super::{CutError, ErrorKind, InitError};
use crate::format::{SettingDifference, SpecError};
use crate::store::{NamingAdvice, SourceChanges, StoreError, UnfilledVersion, Version};
use crate::text::Faults;
use crate::text::display_path;
use std::path::{Path, PathBuf};

/// The details of an [`Error`](super::Error).
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The pyramid folder is not a folder.
    #[error("{}: {}", display_path(path), if *exists { "not a folder" } else { "no such folder" })]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// Whether something else is there.
        exists: bool,
    },
    /// There is no pyramid.json.
    #[error("{} does not exist{}", display_path(path), if *half_cut { " yet: the first cut is unfinished or still running" } else { "" })]
    NoSpec {
        /// Where it should be.
        path: PathBuf,
        /// Whether a first version is unfinished.
        half_cut: bool,
    },
    /// The pyramid.json cannot be read.
    #[error(transparent)]
    SpecUnreadable(StoreError),
    /// The pyramid.json is not UTF-8.
    #[error("{}: not UTF-8 text", display_path(path))]
    SpecNotText {
        /// The file.
        path: PathBuf,
    },
    /// The pyramid.json is invalid.
    #[error("{}: {error}", display_path(path))]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: SpecError,
    },
    /// The folders are not in order, or the file system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Base tiles are missing, unexpected or invalid.
    #[error("{}: {} wrong\n{faults}", display_path(folder), if faults.count() == 1 { "1 tile is".to_owned() } else { format!("{} tiles are", faults.count()) })]
    Tiles {
        /// The source version's folder.
        folder: PathBuf,
        /// What was found.
        faults: Faults,
        /// What the names of all tiles say about them.
        advice: Option<Box<NamingAdvice>>,
    },
    /// No version has a tile yet.
    #[error("{lowest}")]
    NoTilesYet {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The lowest version. All others have no tiles, either.
        lowest: UnfilledVersion,
    },
    /// A link in a published tree is broken.
    #[error("{}: {problem}", display_path(path))]
    BrokenTree {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The link, or what is in its place.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
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
    /// The sources of a published version have changed since it was built.
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
        /// The number of the next version.
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
    /// There is no version to rebuild.
    #[error("{}: no version {from} or above to rebuild; the latest is {latest}", display_path(pyramid))]
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
    /// An interrupted vacuum must be finished before anything else.
    #[error("{}: a vacuum was interrupted", display_path(pyramid))]
    HalfVacuumed {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
    /// An unknown journal says that another operation is unfinished.
    #[error("{}: unknown journal of an unfinished operation", display_path(path))]
    OtherJournal {
        /// The journal.
        path: PathBuf,
    },
    /// All versions must be published before any is dropped or shown again.
    #[error("{}: {} not published", display_path(pyramid), is_are(versions))]
    Unpublished {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The versions that a build would publish.
        versions: Vec<Version>,
    },
    /// The latest version cannot be dropped.
    #[error("{}: {latest} is the latest version, which is never dropped", display_path(pyramid))]
    DropsLatest {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The latest version.
        latest: Version,
    },
    /// There is no earlier version to revert to.
    #[error("{}: {only} is the only published version", display_path(pyramid))]
    NothingToRevert {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The published version.
        only: Version,
    },
    /// Another revert was stopped after its version's sources were in place.
    #[error("{}: {version} is to show {to} again, but is not published yet", display_path(pyramid))]
    UnfinishedRevert {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The version whose sources are in place.
        version: Version,
        /// The version that it shows again.
        to: Version,
    },
    /// There is no version in the range to drop.
    #[error("{}: no version {}", display_path(pyramid), if first == last { first.to_string() } else { format!("from {first} to {last}") })]
    NothingToDrop {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The lowest version asked for.
        first: Version,
        /// The highest version asked for.
        last: Version,
        /// The versions that exist.
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
    /// Tiles do not say what their pyramid.json should be.
    #[error(transparent)]
    Init(#[from] InitError),
    /// A cut was cancelled.
    #[error("{}: interrupted; no version was cut", display_path(pyramid))]
    CutCancelled {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
    /// Another operation was cancelled.
    #[error("{}: interrupted; published versions are unchanged", display_path(pyramid))]
    Cancelled {
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
    format!("{} {}", parts.join(", "), if changes.count() == 1 { "tile" } else { "tiles" })
}

fn change_names(changes: &SourceChanges) -> String {
    let names = changes.examples();
    names.join(", ") + if changes.count() > names.len() as u64 { ", ..." } else { "" }
}

impl Failure {
    /// The kind of the failure.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(StoreError::Locked { .. }) => ErrorKind::Locked,
            Self::Cut(error) => error.kind(),
            Self::Init(error) => error.kind(),
            Self::Cancelled { .. } | Self::CutCancelled { .. } | Self::Store(StoreError::VacuumCancelled { .. }) => {
                ErrorKind::Cancelled
            }
            Self::NotPublished { published, .. } if published.is_empty() => ErrorKind::Failed,
            Self::NothingToRebuild { .. }
            | Self::NotPublished { .. }
            | Self::Unpublished { .. }
            | Self::DropsLatest { .. }
            | Self::NothingToDrop { .. }
            | Self::UnfinishedRevert { .. }
            | Self::NothingToRevert { .. } => ErrorKind::Usage,
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
            | Self::Tiles { .. }
            | Self::NoTilesYet { .. }
            | Self::SettingsChanged { .. }
            | Self::SourcesChanged { .. }
            | Self::SourcesGone { .. } => ErrorKind::InvalidInput,
            Self::Store(_)
            | Self::HalfVacuumed { .. }
            | Self::OtherJournal { .. }
            | Self::StoredTile { .. }
            | Self::BrokenTree { .. }
            | Self::Encode { .. }
            | Self::Threads(_) => ErrorKind::Failed,
        }
    }

    /// The file or folder that the failure is about.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::NotAFolder { path, .. }
            | Self::NoSpec { path, .. }
            | Self::SpecNotText { path }
            | Self::Spec { path, .. }
            | Self::Tiles { folder: path, .. }
            | Self::SettingsChanged { pyramid: path, .. }
            | Self::SourcesChanged { folder: path, .. }
            | Self::SourcesGone { folder: path, .. }
            | Self::NothingToRebuild { pyramid: path, .. }
            | Self::NotPublished { pyramid: path, .. }
            | Self::HalfVacuumed { pyramid: path }
            | Self::OtherJournal { path }
            | Self::Unpublished { pyramid: path, .. }
            | Self::DropsLatest { pyramid: path, .. }
            | Self::NothingToDrop { pyramid: path, .. }
            | Self::NothingToRevert { pyramid: path, .. }
            | Self::UnfinishedRevert { pyramid: path, .. }
            | Self::NoTilesYet { pyramid: path, .. }
            | Self::StoredTile { path, .. }
            | Self::BrokenTree { path, .. }
            | Self::Encode { path, .. }
            | Self::CutCancelled { pyramid: path }
            | Self::Cancelled { pyramid: path } => Some(path),
            Self::SpecUnreadable(error) | Self::Store(error) => error.path(),
            Self::Cut(error) => error.path(),
            Self::Init(error) => Some(error.path()),
            Self::Threads(_) => None,
        }
    }
}
