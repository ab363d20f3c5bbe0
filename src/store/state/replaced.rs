//! Which published versions are being replaced.
//!
//! Some of them are out of sight meanwhile. Without this record, a replacement that was killed would look like a pyramid
//! that never had these versions.

use crate::store::error::StoreError;
use crate::store::fs;
use crate::store::layout::{Layout, Version};
use crate::store::state::{SCHEMA, read_json, write_json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, Serialize, Deserialize)]
struct Replaced {
    schema: u32,
    versions: BTreeSet<Version>,
}

fn path(layout: &Layout) -> PathBuf {
    layout.state().join("replaced.json")
}

/// Records that `versions` are about to be replaced, in addition to those of an unfinished attempt.
pub(crate) fn record_replaced(layout: &Layout, mut versions: BTreeSet<Version>) -> Result<(), StoreError> {
    if versions.is_empty() {
        return Ok(());
    }
    versions.extend(replaced(layout));
    if path(layout).is_dir() {
        forget_replaced(layout)?;
    }
    write_json(&path(layout), &Replaced { schema: SCHEMA, versions })?;
    Ok(fs::flush_folder(&layout.state())?)
}

/// The versions that an unfinished replacement found published. A damaged record counts as none: trees and manifests say
/// the rest.
pub(crate) fn replaced(layout: &Layout) -> BTreeSet<Version> {
    read_json::<Replaced>(&path(layout)).ok().flatten().map(|replaced| replaced.versions).unwrap_or_default()
}

/// Deletes the record, because everything is published again or dropped on purpose.
///
/// # Errors
/// The record cannot be deleted.
pub fn forget_replaced(layout: &Layout) -> Result<(), StoreError> {
    Ok(fs::remove_tree(&path(layout))?)
}
