//! Deleting the leftovers of failed and killed runs.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs;
use crate::store::layout::{Layout, Version};
use crate::store::source::remove_staged_sources;
use crate::store::state::marked_as_dropped;
use crate::store::tree::versions_in;
use std::io::ErrorKind;
use std::path::Path;

/// Deletes all versions in staging.
///
/// # Errors
/// A file cannot be deleted.
pub fn discard_staging(layout: &Layout) -> Result<(), StoreError> {
    Ok(fs::remove_tree(&layout.staging())?)
}

/// Deletes the leftovers of killed runs. The caller holds the lock.
///
/// - unpublished source versions
/// - staged versions, except those `to_build`, which may be resumed
/// - replaced trees
/// - manifests without a tree, unless the tree was dropped on purpose
/// - files that were to replace others
///
/// # Errors
/// A folder cannot be read, or a file cannot be deleted.
pub fn clean_leftovers(layout: &Layout, to_build: &[Version]) -> Result<(), StoreError> {
    remove_staged_sources(layout)?;
    for version in versions_in(&layout.staging())?.into_iter().filter(|version| !to_build.contains(version)) {
        fs::remove_tree(&layout.staged(version))?;
    }
    fs::remove_empty_folder(&layout.staging())?;
    fs::remove_tree(&layout.trash())?;
    let dropped = marked_as_dropped(layout)?;
    for version in versions_in(&layout.manifests())? {
        if !layout.tree(version).is_dir() && !dropped.contains(&version) {
            fs::remove_tree(&layout.manifest(version))?;
        }
    }
    remove_replacements(&layout.manifests())?;
    remove_replacements(&layout.state())
}

/// Deletes files and folders that end in `.new`: they were written, but not renamed.
fn remove_replacements(folder: &Path) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.context("read", folder)?,
    };
    for entry in entries {
        let entry = entry.context("read", folder)?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            let kind = entry.file_type().map_err(|error| IoError::new("read", &path, error))?;
            if kind.is_dir() { fs::remove_tree(&path)? } else { fs::remove_file(&path)? }
        }
    }
    Ok(())
}
