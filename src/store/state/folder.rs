//! Small JSON files in the tool's own folder.

use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::Layout;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::DirEntry;
use std::path::Path;

/// The version of these files' format.
pub(crate) const SCHEMA: u32 = 1;

/// The most bytes of one; a thousand versions take some ten thousand.
const MAX_BYTES: u64 = 1 << 26;

/// What stands in the place of the number of a file's format.
#[derive(serde::Deserialize)]
struct Header {
    schema: u32,
}

/// Reads a file; nothing where there is none.
///
/// # Errors
/// It cannot be read or understood, or is of a later release.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let Some(bytes) = files::read_own_file(path, MAX_BYTES)? else { return Ok(None) };
    let damaged = |problem: String| StoreError::Damaged { path: path.to_owned(), problem };
    // Another format may have other fields, so its number comes first.
    let header: Header = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if header.schema > SCHEMA {
        return Err(damaged(format!("it has schema {}, this release knows {SCHEMA}", header.schema)));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(error.to_string()))
}

/// The names of all that is in the tool's own folder; those that are no UTF-8 as well as they can be told.
///
/// # Errors
/// It cannot be read.
pub fn state_file_names(layout: &Layout) -> Result<Vec<String>, StoreError> {
    let folder = layout.state();
    let entries = std::fs::read_dir(&folder).context("read", &folder)?;
    let name = |entry: std::io::Result<DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let names: std::io::Result<Vec<String>> = entries.map(name).collect();
    Ok(names.context("read", &folder)?)
}

/// Writes a file anew.
///
/// # Errors
/// The file system refuses.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged { path: path.to_owned(), problem: error.to_string() };
    let text = serde_json::to_string_pretty(value).map_err(damaged)? + "\n";
    Ok(files::replace_file(path, text.as_bytes())?)
}
