//! Which published versions are about to be replaced. While they are, some are out of sight, and without a note of them a
//! stopped replacement would look like a pyramid that never had more versions.

use crate::store::error::StoreError;
use crate::store::fs::files;
use crate::store::layout::{Layout, Version};
use crate::store::state::folder as state;
use crate::store::state::folder::SCHEMA;
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

/// Notes that `versions` are about to be replaced, besides those of an earlier attempt.
pub(crate) fn note_replaced(layout: &Layout, mut versions: BTreeSet<Version>) -> Result<(), StoreError> {
    if versions.is_empty() {
        return Ok(());
    }
    versions.extend(replaced(layout));
    if path(layout).is_dir() {
        forget_replaced(layout)?;
    }
    state::write(&path(layout), &Replaced { schema: SCHEMA, versions })?;
    Ok(files::flush_folder(&layout.state())?)
}

/// The versions that were published before a replacement which has not come to its end. What cannot be read counts as
/// nothing: trees and manifests say the rest.
pub(crate) fn replaced(layout: &Layout) -> BTreeSet<Version> {
    state::read::<Replaced>(&path(layout)).ok().flatten().map(|replaced| replaced.versions).unwrap_or_default()
}

/// Everything is published again, or is to go.
///
/// # Errors
/// The file system refuses.
pub fn forget_replaced(layout: &Layout) -> Result<(), StoreError> {
    Ok(files::remove_tree(&path(layout))?)
}
