//! Creating and replacing files and folders that belong to fast_pyramid.

use crate::store::error::{Context, IoError};
use crate::store::fs::{remove_file, rename};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Creates a file in place of a file or link of the same name. A link is not followed: it may lead to files of the user.
pub(crate) fn create_own_file(path: &Path) -> Result<File, IoError> {
    remove_file(path)?;
    File::create_new(path).context("create", path)
}

/// Replaces a small file: writes a new one beside it, flushes that, and renames it.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    replace_file_via(&path.with_extension("new"), path, bytes)
}

/// Replaces a small file as [`replace_file`] does, with the path of the new one until it is renamed.
pub(crate) fn replace_file_via(beside: &Path, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let mut file = create_own_file(beside)?;
    file.write_all(bytes).context("write", beside)?;
    file.sync_all().context("flush", beside)?;
    rename(beside, path)
}

/// Creates a folder and its parents, unless they exist.
pub(crate) fn create_folder(path: &Path) -> Result<(), IoError> {
    std::fs::create_dir_all(path).context("create", path)
}
