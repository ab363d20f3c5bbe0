//! Which versions have no tree on purpose: a vacuum dropped it and kept the sources.

use crate::store::error::StoreError;
use crate::store::fs;
use crate::store::layout::{Layout, Version};
use crate::store::state::{Manifest, SCHEMA, read_json, write_json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Dropped {
    schema: u32,
    versions: BTreeSet<Version>,
}

fn path(layout: &Layout) -> PathBuf {
    layout.state().join("dropped.json")
}

/// The versions whose trees were dropped while their sources stayed, as recorded.
pub(crate) fn marked_as_dropped(layout: &Layout) -> Result<BTreeSet<Version>, StoreError> {
    Ok(read_json::<Dropped>(&path(layout))?.unwrap_or_default().versions)
}

/// Replaces the record of these versions.
pub(crate) fn set_dropped(layout: &Layout, versions: BTreeSet<Version>) -> Result<(), StoreError> {
    let path = path(layout);
    if versions.is_empty() {
        fs::remove_file(&path)?;
    } else {
        write_json(&path, &Dropped { schema: SCHEMA, versions })?;
    }
    Ok(fs::flush_folder(&layout.state())?)
}

/// The manifests of the versions whose trees were dropped while their sources stayed. They say what the sources were.
///
/// # Errors
/// A file cannot be read or is damaged.
pub fn dropped_versions(layout: &Layout) -> Result<Vec<Manifest>, StoreError> {
    let mut manifests = Vec::new();
    for version in marked_as_dropped(layout)? {
        if !layout.tree(version).is_dir() {
            manifests.extend(Manifest::read_for(layout, version)?);
        }
    }
    Ok(manifests)
}

/// Lets the versions from `from` on be built again, even if their trees were dropped.
///
/// # Errors
/// The record cannot be read or written.
pub fn forget_dropped(layout: &Layout, from: Version) -> Result<(), StoreError> {
    let before = marked_as_dropped(layout)?;
    let after: BTreeSet<Version> = before.iter().copied().filter(|version| *version < from).collect();
    if after.len() < before.len() { set_dropped(layout, after) } else { Ok(()) }
}
