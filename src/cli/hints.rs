//! What to do about an error: one sentence, with the whole command where one helps.

use super::folders::holds_pyramids;
use fast_pyramid::internals::input::PictureError;
use fast_pyramid::internals::ops::{CutError, Failure, InitError, failure};
use fast_pyramid::internals::store::{NamingAdvice, NamingProposal, StoreError, is_in_manifest};
use fast_pyramid::internals::text::{FaultKind, display_path};
use fast_pyramid::{Error, Version};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::Path;

const UNFINISHED_CUT: &str = "wait until that cut has finished; if it was interrupted, run it again";
const PICTURE_FIRST: &str = "give the picture first, then the pyramid's folder; for several pictures use --into DIR";
const ROW_BY_ROW: &str = "store the picture so that it can be read row by row";
const MAKE_ROOM: &str = "make room and run the same command again";
const WRITABLE: &str = "use a writable disk; on a read-only one, info, changes, verify and every --dry-run work";

/// What to do about an error, if anything helps.
pub(crate) fn hint(error: &Error) -> Option<String> {
    Some(match failure(error) {
        Failure::NotAFolder { .. } => {
            "give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR".into()
        }
        Failure::SpecUnreadable(_) => "make it a readable regular file".into(),
        Failure::NoSpec { half_cut: true, .. } => UNFINISHED_CUT.into(),
        Failure::NoSpec { path, .. } if path.parent().is_some_and(holds_pyramids) => {
            "add -r for the pyramids in it".into()
        }
        Failure::NoSpec { path, .. } => {
            let init = shell_word(path.parent().unwrap_or(path));
            format!(
                "write one such as {{ width: 750, height: 500, tile_size: 250, overlap: 0 }}, or run fast_pyramid init {init}"
            )
        }
        Failure::SpecNotText { .. } => "save it as UTF-8".into(),
        Failure::Spec { error, .. } => format!("expected {}", error.expected),
        Failure::Tiles { advice: Some(advice), .. } => naming_hint(advice),
        Failure::Tiles { folder, faults, .. } => {
            let version = folder.file_name().map(display_path).unwrap_or_default();
            if faults.has(FaultKind::StaleOverlap) {
                return Some(stale_hint(&version));
            }
            let what = if faults.has(FaultKind::Unfinished) {
                "wait until they are copied, or delete what is left of a copy that failed"
            } else {
                "correct its tiles"
            };
            format!("nothing of {version} was published or changed; {what} and run the same command again")
        }
        Failure::SettingsChanged { pyramid, lowest, .. } => {
            format!("restore the old settings, or rebuild everything with {}", rebuild(pyramid, *lowest))
        }
        Failure::SourcesChanged { pyramid, version, next, .. } => {
            let rebuild = rebuild(pyramid, *version);
            format!("put changed tiles into {next} and restore {version}, or rebuild {version} with {rebuild}")
        }
        Failure::SourcesGone { pyramid, version, .. } => {
            format!("restore it, or drop the version with {}", rebuild(pyramid, *version))
        }
        Failure::NotPublished { published, .. } if published.is_empty() => "build the pyramid first".into(),
        Failure::NotPublished { published, .. } => format!("published versions: {}", names(published)),
        Failure::NoTilesYet { .. } => "put the tiles of the whole picture into v0, named COLUMN_ROW.jpg or .png".into(),
        Failure::BrokenTree { pyramid, .. } => {
            format!("run fast_pyramid repair {}; copy pyramids with rsync -a, which keeps links", shell_word(pyramid))
        }
        Failure::StoredTile { version, .. } => {
            format!("rebuild the damaged version with --rebuild-from {}, or delete dest and build again", version.0)
        }
        Failure::HalfVacuumed { .. } => "run build or vacuum on it; either finishes the vacuum".into(),
        Failure::OtherJournal { .. } => "run build; if that does not help, use a newer release".into(),
        Failure::Unpublished { .. } => "build first, then run the same command again".into(),
        Failure::DropsLatest { .. } => "leave it out, or publish a newer version first".into(),
        Failure::NothingToRevert { .. } => "publish a newer version first; there is nothing to undo yet".into(),
        Failure::UnfinishedRevert { pyramid, .. } => {
            format!("run fast_pyramid revert {} to finish that first", shell_word(pyramid))
        }
        Failure::NothingToDrop { versions, .. } => format!("versions: {}", names(versions)),
        Failure::NothingToRebuild { latest, .. } => format!("give a version from 0 to {}", latest.0),
        Failure::CutCancelled { .. } => "run the same command again; it starts over".into(),
        Failure::Cancelled { .. } => "run the same command again; it resumes where it stopped".into(),
        Failure::Init(InitError::NoGrid { advice: Some(advice), .. }) => naming_hint(advice),
        Failure::Init(error) => init_hint(error).into(),
        Failure::Cut(error) => return cut_hint(error),
        Failure::Store(error) => return store_hint(error),
        Failure::Encode { .. } | Failure::Threads(_) => return None,
    })
}

fn stale_hint(version: &str) -> String {
    format!(
        "add these tiles to {version} as they are now, or keep them as they were: set stale_overlap: \"keep\" in pyramid.json"
    )
}

/// What to do about names that pyramid.json does not describe.
fn naming_hint(advice: &NamingAdvice) -> String {
    let settings = proposed_settings(advice);
    let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    let settings = settings.join(", ");
    match advice {
        NamingAdvice::Settings(NamingProposal { tiles: 1, .. }) => {
            format!("write {settings} into pyramid.json; this fits the name of the tile")
        }
        NamingAdvice::Settings(proposal) => {
            format!("write {settings} into pyramid.json; this fits the names of all {} tiles", proposal.tiles)
        }
        NamingAdvice::RowOrder(_) => {
            format!("write {settings} into pyramid.json; this fits the sizes of the tiles")
        }
        NamingAdvice::TooFewNumbers => {
            "a tile's name needs the numbers of its column and row, such as 0_0.jpg; rename the tiles, or, if the digits of \
             both run together, write tile_naming with their counts, such as \"{column:2}{row:2}\", into pyramid.json"
                .into()
        }
        NamingAdvice::TooManyNumbers { varying } => format!(
            "{varying} numbers vary in the names; only column and row may, so keep the tiles of the finest level alone, \
             in one folder per column or row at most"
        ),
        NamingAdvice::Steps { steps: [first, second] } => {
            format!("the numbers go in steps of {first} and {second}, like pixels; rename the tiles by column and row")
        }
        NamingAdvice::DifferentStarts { lowest: [first, second] } => format!(
            "columns and rows must begin with the same number, and begin with {first} and {second}; rename the tiles"
        ),
    }
}

fn init_hint(error: &InitError) -> &'static str {
    match error {
        InitError::Exists { .. } => "delete it to have another one written",
        InitError::Names { .. } | InitError::NoGrid { .. } => {
            "the lowest version holds all base tiles and no other pictures, named alike but for the numbers of column and row"
        }
        InitError::Sizes { .. } => "correct these tiles, or write pyramid.json by hand",
        InitError::Header { .. } => "replace this tile by a whole JPEG or PNG",
    }
}

/// Keys of pyramid.json with their values, as JSON.
pub(super) fn proposed_settings(advice: &NamingAdvice) -> Vec<(&'static str, Value)> {
    let NamingProposal { pattern, first, format, .. } = match advice {
        NamingAdvice::Settings(proposal) => proposal,
        NamingAdvice::RowOrder(order) => return vec![("row_order", json!(order))],
        _ => return Vec::new(),
    };
    let keys = [
        ("tile_naming", pattern.as_ref().map(|pattern| json!(pattern.to_string()))),
        ("first_tile", first.map(|first| json!(first))),
        ("format", format.as_ref().map(|format| json!(format.extension()))),
    ];
    keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

fn cut_hint(error: &CutError) -> Option<String> {
    Some(match error {
        CutError::Picture { error, .. } => return picture_hint(error),
        CutError::IsAFolder { .. } => PICTURE_FIRST.into(),
        CutError::NotAFolder { .. } => {
            "move it away or use another folder, which is created; for several pictures use --into DIR".into()
        }
        CutError::OtherSize { .. } => {
            "use another folder: the versions of a pyramid show the same picture, changed".into()
        }
        CutError::Memory { needed, why, .. } => {
            let otherwise = if why.is_empty() { "cut smaller tiles" } else { ROW_BY_ROW };
            format!("allow more with --max-memory {}M, or {otherwise}", needed.div_ceil(1 << 20))
        }
        CutError::OtherSetting { .. } => {
            "leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json".into()
        }
        CutError::UnstatedQuality { asked, has_versions: false, .. } => format!("add \"quality\": {asked} to it"),
        CutError::UnstatedQuality { asked, pyramid, .. } => format!(
            "leave --quality out, and new tiles get that of the latest ones; or add \"quality\": {asked} to it, and run {}",
            rebuild(pyramid, Version(0))
        ),
        CutError::OtherPicture { spec, recorded, given, entry } if recorded.parent() == given.parent() => {
            let edited = edited_picture(given, spec.parent().unwrap_or(spec));
            format!("{edited}; if the picture was renamed, write {entry}")
        }
        CutError::OtherPicture { entry, .. } => {
            format!("keep pictures of one name apart with --keep-folders; if the picture was moved, write {entry}")
        }
        CutError::UnknownPicture { entry, .. } => {
            format!("add {entry} if it is that one, or cut it with fast_pyramid cut PICTURE DIR, which does not ask")
        }
        CutError::TooMuchOverlap { tile_size, .. } => {
            format!("use --overlap {} or less, or larger tiles", tile_size / 2)
        }
        CutError::ToleranceWithOverlap => "leave --tolerance out, or use JPEG tiles".into(),
        CutError::NoSpec { .. } => "write the pyramid.json that belongs to them, or use another folder".into(),
        CutError::InAPyramid { .. } => "give that pyramid, which then gets a next version, or another folder".into(),
        CutError::EmptyFolder { .. } => "delete this folder and run the same command again".into(),
        CutError::Encode { .. } => "save the picture again, or convert it to PNG first".into(),
        CutError::InAFile { .. } => "use another folder, or move that file away".into(),
        CutError::Folder { error, .. } => match error.kind() {
            ErrorKind::PermissionDenied => "use a folder that you may write to, or check the permissions".into(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => MAKE_ROOM.into(),
            ErrorKind::ReadOnlyFilesystem => WRITABLE.into(),
            ErrorKind::InvalidFilename => "give it a shorter name".into(),
            _ => return None,
        },
    })
}

fn picture_hint(error: &PictureError) -> Option<String> {
    Some(match error {
        PictureError::TooMuchMemory { needed, .. } => {
            format!("allow more with --max-memory {}M, or {ROW_BY_ROW}", needed.div_ceil(1 << 20))
        }
        PictureError::Read(error) if error.kind() == ErrorKind::NotFound => {
            "check the path; a relative one begins at the current folder".into()
        }
        PictureError::NotSeekable(_) => "write it into a file first".into(),
        PictureError::UnknownKind(_) => "give a JPEG, PNG, TIFF, PNM or WebP".into(),
        PictureError::Unsupported(_) => "convert it first, for example to PNG or to TIFF with LZW".into(),
        PictureError::Damaged(_) | PictureError::TooShort { .. } => {
            "nothing was written; use an undamaged copy of the picture".into()
        }
        _ => return None,
    })
}

fn store_hint(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::Locked { .. } => "run again when it has finished, or with --wait SECONDS".into(),
        StoreError::CannotLock { .. } => {
            "make sure that no other process is using this pyramid, and run again with --no-lock".into()
        }
        StoreError::LinkedFolder { .. } => "make it a real folder; a disk can be mounted there".into(),
        StoreError::Damaged { path, .. } if is_in_manifest(path) => {
            "run repair; if that does not help, delete dest and build again (sources are not touched)".into()
        }
        StoreError::Damaged { .. } => "delete dest and build again; sources are not touched".into(),
        StoreError::NotAFile { .. } => "move it away and run the same command again".into(),
        StoreError::Changing { .. } => "run again when nothing writes to it any more".into(),
        StoreError::TwoPlaces { .. } => "move all source versions to one of the two places".into(),
        StoreError::NoVersions { half_cut: true, .. } => UNFINISHED_CUT.into(),
        StoreError::NoVersions { .. } => "put all base tiles into v0, named COLUMN_ROW.jpg or .png".into(),
        StoreError::BadVersion { .. } => "rename, move or replace it".into(),
        StoreError::VersionExists { .. } => "move it away and run the same command again; it was not changed".into(),
        StoreError::VacuumCancelled { .. } => "run the same command again, or any build, to finish it".into(),
        StoreError::Io(error) => match error.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                format!("{MAKE_ROOM}; published versions are unchanged")
            }
            ErrorKind::PermissionDenied => "check the permissions of this path".into(),
            ErrorKind::ReadOnlyFilesystem => WRITABLE.into(),
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "move away what stands in its place".into(),
            _ => return None,
        },
        StoreError::NoPrevious => return None,
    })
}

/// What to do with a picture whose name leads to another one's pyramid, if it is that picture, edited.
pub(super) fn edited_picture(picture: &Path, pyramid: &Path) -> String {
    format!("for an edited picture, run fast_pyramid cut {} {}", shell_word(picture), shell_word(pyramid))
}

/// The command that rebuilds a version and all above it.
fn rebuild(pyramid: &Path, version: Version) -> String {
    format!("fast_pyramid build {} --rebuild-from {}", shell_word(pyramid), version.0)
}

pub(super) fn names(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

/// A path as a word of a command that can be copied into a shell.
pub(super) fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%=".contains(letter);
    // A leading dash would make it an option.
    let dash = if text.starts_with('-') { "./" } else { "" };
    if !text.is_empty() && text.chars().all(plain) {
        return format!("{dash}{text}");
    }
    format!("'{dash}{}'", display_path(text.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_picture_has_a_hint() {
        let truncated = PictureError::Damaged("it ends early".into());
        let error = Error::from(CutError::Picture { picture: "map.png".into(), error: truncated });
        assert!(hint(&error).is_some_and(|hint| hint.contains("undamaged copy")));
    }

    #[test]
    fn paths_are_quoted_for_the_shell_where_needed() {
        let words =
            ["image1", "/a/Zürich.d", "my maps", "-rf", "it's", "$(x)", ""].map(|path| shell_word(Path::new(path)));
        assert_eq!(words, ["image1", "/a/Zürich.d", "'my maps'", "./-rf", r"'it'\''s'", "'$(x)'", "''"]);
    }
}
