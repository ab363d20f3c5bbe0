//! The folders that pictures get: names that are safe in every shell, URL and file system.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Which folders of a picture's path its pyramid keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folders {
    /// None: only the picture's name counts.
    Drop,
    /// All, as given, without `.` and `..`.
    Keep,
}

/// The folder for the pyramid of a picture.
pub(super) fn folder_of(picture: &Path, folders: Folders) -> PathBuf {
    let stem = picture.file_name().and_then(|name| Path::new(name).file_stem());
    let own = stem.map_or("picture".into(), |stem| safe(stem, "picture"));
    folders_above(picture, folders).into_iter().map(|name| safe(name, "_")).chain([own]).collect()
}

/// The folder that the picture would have if its own names were safe.
pub(super) fn unchanged_folder(picture: &Path, folders: Folders) -> PathBuf {
    folders_above(picture, folders).into_iter().chain(picture.file_stem()).collect()
}

/// The names of the folders to keep. A `..` takes back the name before it, if there is one.
fn folders_above(picture: &Path, folders: Folders) -> Vec<&OsStr> {
    let mut names = Vec::new();
    let above = picture.parent().filter(|_| folders == Folders::Keep);
    for component in above.into_iter().flat_map(Path::components) {
        match component {
            Component::Normal(name) => names.push(name),
            Component::ParentDir => _ = names.pop(),
            _ => {}
        }
    }
    names
}

/// The name with `_` for unusual characters; `instead` if nothing is left of it.
fn safe(name: &OsStr, instead: &str) -> String {
    let safe: String = name
        .to_string_lossy()
        .chars()
        .map(|letter| if letter.is_alphanumeric() || "._-".contains(letter) { letter } else { '_' })
        .collect();
    let safe = safe.trim_matches('.');
    match safe.chars().next() {
        None => instead.into(),
        Some('-') => format!("_{safe}"),
        _ => safe.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_safe() {
        for (path, expected) in [
            ("a/b/map 1.tif", "map_1"),
            ("Zürich.jpg", "Zürich"),
            ("x.tar.gz", "x.tar"),
            ("-rf.png", "_-rf"),
            ("..png", "picture"),
            ("/", "picture"),
            ("a$(b);c.png", "a__b__c"),
            (".hidden.jpg", "hidden"),
        ] {
            assert_eq!(folder_of(Path::new(path), Folders::Drop), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn kept_folders_are_those_given_and_safe() {
        for (path, expected) in [
            ("scans/roll 00/1.tif", "scans/roll_00/1"),
            ("./scans/1.tif", "scans/1"),
            ("/data/1.tif", "data/1"),
            ("../../other/1.tif", "other/1"),
            ("a/../b/./c/1.tif", "b/c/1"),
            ("1.tif", "1"),
            ("-x/.../1.tif", "_-x/_/1"),
            ("a/..", "a/picture"),
        ] {
            assert_eq!(folder_of(Path::new(path), Folders::Keep), Path::new(expected), "{path}");
        }
    }
}
