//! Which version an unfinished revert is adding.
//!
//! Its sources are in place before its tree. Without this record, a revert that was killed in between would leave a version
//! that looks like any other, and reverting again would take it back.

use crate::store::error::StoreError;
use crate::store::fs;
use crate::store::layout::{Layout, Version};
use crate::store::state::{SCHEMA, read_json, write_json};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A revert that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BegunRevert {
    /// The version that is to be shown again.
    pub to: Version,
    /// The version that is being added.
    pub version: Version,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    schema: u32,
    to: Version,
    version: Version,
}

fn path(layout: &Layout) -> PathBuf {
    layout.state().join("revert.json")
}

/// Records a revert before its version appears among the sources.
///
/// # Errors
/// The record cannot be written.
pub fn record_revert(layout: &Layout, begun: BegunRevert) -> Result<(), StoreError> {
    let path = path(layout);
    if path.is_dir() {
        forget_revert(layout)?;
    }
    write_json(&path, &Record { schema: SCHEMA, to: begun.to, version: begun.version })?;
    Ok(fs::flush_folder(&layout.state())?)
}

/// The revert that is recorded. It may have got no further than that. A damaged record counts as none.
#[must_use]
pub fn begun_revert(layout: &Layout) -> Option<BegunRevert> {
    let Record { to, version, .. } = read_json(&path(layout)).ok().flatten()?;
    Some(BegunRevert { to, version })
}

/// Deletes the record, because its version is published, or will not be.
///
/// # Errors
/// The record cannot be deleted.
pub fn forget_revert(layout: &Layout) -> Result<(), StoreError> {
    Ok(fs::remove_tree(&path(layout))?)
}
