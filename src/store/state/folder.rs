//! The state folder itself, and JSON files in it.

use crate::store::error::{Context, StoreError};
use crate::store::fs;
use crate::store::layout::Layout;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the format of these files.
pub(crate) const SCHEMA: u32 = 1;

/// The most bytes of a JSON file. A journal of a thousand versions has some ten thousand.
const MAX_JSON_BYTES: u64 = 1 << 26;

/// The only field that later formats are sure to have.
#[derive(Deserialize)]
struct Header {
    schema: u32,
}

/// Refuses symbolic links in place of `dest` and its folders: the relative links in the trees would lead elsewhere.
///
/// # Errors
/// [`StoreError::LinkedFolder`].
pub fn check_own_folders(layout: &Layout) -> Result<(), StoreError> {
    for path in [layout.dest(), layout.trees(), layout.state()] {
        if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(StoreError::LinkedFolder { path });
        }
    }
    Ok(())
}

/// The names of all entries of the state folder, with replacement characters for bytes that are not UTF-8.
///
/// # Errors
/// The folder cannot be read.
pub fn state_file_names(layout: &Layout) -> Result<Vec<String>, StoreError> {
    let folder = layout.state();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).context("read", &folder)? {
        names.push(entry.context("read", &folder)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Reads a JSON file; `None` if it is missing.
///
/// # Errors
/// The file cannot be read or parsed, or a later release wrote it.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let Some(bytes) = fs::read_own_file(path, MAX_JSON_BYTES)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| StoreError::damaged(path, error.to_string());
    // Another format may have other fields, so its number comes first.
    let header: Header = serde_json::from_slice(&bytes).map_err(damaged)?;
    if header.schema > SCHEMA {
        let problem = format!("it has schema {}, but this release reads only {SCHEMA}", header.schema);
        return Err(StoreError::damaged(path, problem));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Writes a JSON file, or replaces it.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    Ok(fs::replace_file(path, (text + "\n").as_bytes())?)
}
