//! Deleting files and folders that may be missing.

use crate::store::error::{Context, IoError};
use std::io::ErrorKind;
use std::path::Path;

/// Deletes a file or link, unless it is missing.
pub(crate) fn remove_file(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // A read-only file system does not look whether the file is there.
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem && is_missing(path) => Ok(()),
        result => result.context("delete", path),
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Deletes a folder with its contents, or whatever else is in its place.
pub(crate) fn remove_tree(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => std::fs::remove_file(path).context("delete", path),
        result => result.context("delete", path),
    }
}

/// Deletes a folder if it is empty.
pub(crate) fn remove_empty_folder(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_dir(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => Ok(()),
        result => result.context("delete", path),
    }
}
