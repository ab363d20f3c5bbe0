//! The picture that a pyramid was cut from: the key `picture` of its pyramid.json.
//!
//! Paths are compared by what they mean, not by their text: links and `..` are followed, and a file that exists no longer is
//! known by where it was. A link to a picture is a name of its own, so that `current.tif` may lead to another file each day.

use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The path to record for a picture: from the pyramid folder if both are in one archive, so that it can be moved as a whole,
/// otherwise absolute.
pub(super) fn path_to_record(picture: &Path, pyramid: &Path) -> PathBuf {
    let (picture, root) = (absolute(picture), resolved(&absolute(pyramid)));
    relative(&picture, &root).or_else(|| relative(&own_name(&picture), &root)).unwrap_or(picture)
}

/// The absolute path of a picture recorded in the pyramid folder.
pub(super) fn recorded_picture(recorded: &Path, pyramid: &Path) -> PathBuf {
    without_dots(&resolved(&absolute(pyramid)).join(recorded))
}

/// Whether two paths are of the same picture.
pub(super) fn is_same_picture(first: &Path, second: &Path) -> bool {
    let (first, second) = (absolute(first), absolute(second));
    let file = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    own_name(&first) == own_name(&second)
        || resolved(&first) == resolved(&second)
        || file(&first).is_some_and(|one| file(&second) == Some(one))
}

/// The path as messages show it: from the current folder if it is inside.
pub(super) fn shown(path: &Path) -> PathBuf {
    let path = absolute(path);
    let inside = std::env::current_dir().ok().and_then(|current| Some(path.strip_prefix(current).ok()?.to_owned()));
    inside.unwrap_or(path)
}

fn absolute(path: &Path) -> PathBuf {
    without_dots(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// The path without `.` and `..`. Links are followed only where a `..` comes after them.
fn without_dots(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                whole = resolved(&whole);
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    whole
}

/// The path with all links followed, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(found), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { found } else { found.join(rest) };
        }
    }
    path.to_owned()
}

/// The path with the links in its folder followed, but not the last name.
fn own_name(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => path.to_owned(),
    }
}

/// The path from `root`, if they have more than the root of the file system in common.
fn relative(path: &Path, root: &Path) -> Option<PathBuf> {
    let shared = path.components().zip(root.components()).take_while(|(one, other)| one == other).count();
    if shared < 2 {
        return None;
    }
    let up = root.components().skip(shared).map(|_| Component::ParentDir);
    Some(up.chain(path.components().skip(shared)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, hard_link, remove_file, rename, write};
    use std::os::unix::fs::symlink;

    fn archive() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["scans/roll00", "scans/roll01", "pyramids/1"] {
            create_dir_all(folder.path().join(name)).unwrap();
        }
        for name in ["scans/roll00/1.tif", "scans/roll01/1.tif"] {
            write(folder.path().join(name), name).unwrap();
        }
        folder
    }

    #[test]
    fn recorded_path_moves_with_the_archive() {
        let archive = archive();
        let at = |name: &str| archive.path().join(name);
        for pyramid in ["pyramids/1", "pyramids/not yet/there"] {
            let recorded = path_to_record(&at("scans/roll00/1.tif"), &at(pyramid));
            assert!(recorded.starts_with("../") && recorded.ends_with("scans/roll00/1.tif"), "{recorded:?}");
            let found = recorded_picture(&recorded, &at(pyramid));
            assert!(is_same_picture(&found, &at("scans/roll00/1.tif")));
            assert!(!is_same_picture(&found, &at("scans/roll01/1.tif")));
        }
        let recorded = path_to_record(&at("scans/roll00/1.tif"), &at("pyramids/1"));
        let moved = tempfile::tempdir().unwrap();
        rename(at("scans"), moved.path().join("scans")).unwrap();
        rename(at("pyramids"), moved.path().join("pyramids")).unwrap();
        let found = recorded_picture(&recorded, &moved.path().join("pyramids/1"));
        assert!(is_same_picture(&found, &moved.path().join("scans/roll00/1.tif")));
    }

    #[test]
    fn nothing_in_common_is_recorded_as_absolute() {
        assert_eq!(path_to_record(Path::new("/nowhere/a.tif"), Path::new("/elsewhere/a")), Path::new("/nowhere/a.tif"));
    }

    #[test]
    fn dots_links_and_hard_links_are_seen_through() {
        let archive = archive();
        let at = |name: &str| archive.path().join(name);
        let first = at("scans/roll00/1.tif");
        assert!(is_same_picture(&first, &at("scans/./roll01/../roll00/1.tif")));
        symlink(at("scans/roll00"), at("linked")).unwrap();
        assert!(is_same_picture(&first, &at("linked/1.tif")));
        // `linked/..` is the folder above the one that the link leads to.
        assert!(is_same_picture(&first, &at("linked/../roll00/1.tif")));
        hard_link(&first, at("again.tif")).unwrap();
        assert!(is_same_picture(&first, &at("again.tif")));
        assert!(!is_same_picture(&first, &at("scans/roll01/1.tif")));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_still_the_same_name() {
        let archive = archive();
        let at = |name: &str| archive.path().join(name);
        symlink(at("scans/roll00/1.tif"), at("current.tif")).unwrap();
        let recorded = path_to_record(&at("current.tif"), &at("pyramids/1"));
        assert_eq!(recorded.file_name(), Some("current.tif".as_ref()));
        remove_file(at("current.tif")).unwrap();
        symlink(at("scans/roll01/1.tif"), at("current.tif")).unwrap();
        assert!(is_same_picture(&recorded_picture(&recorded, &at("pyramids/1")), &at("current.tif")));
    }

    #[test]
    fn a_picture_that_is_gone_is_known_by_its_path() {
        let archive = archive();
        let at = |name: &str| archive.path().join(name);
        let recorded = path_to_record(&at("scans/roll00/1.tif"), &at("pyramids/1"));
        std::fs::remove_dir_all(at("scans/roll00")).unwrap();
        let found = recorded_picture(&recorded, &at("pyramids/1"));
        assert!(is_same_picture(&found, &at("scans/roll00/1.tif")));
        assert!(!is_same_picture(&found, &at("scans/roll01/1.tif")));
    }
}
