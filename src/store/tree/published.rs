//! Which versions are published or in staging.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::layout::{Layout, Version};
use crate::store::state::Manifest;
use std::io::ErrorKind;
use std::path::Path;

/// The manifests of the published versions: those with both a tree and a manifest, in ascending order.
///
/// # Errors
/// A folder or a manifest cannot be read.
pub fn published(layout: &Layout) -> Result<Vec<Manifest>, StoreError> {
    let mut manifests = Vec::new();
    for version in versions_in(&layout.manifests())? {
        if layout.tree(version).is_dir() {
            manifests.extend(Manifest::read_for(layout, version)?);
        }
    }
    Ok(manifests)
}

/// Whether a version has both a tree and a manifest at this moment.
#[must_use]
pub fn is_published(layout: &Layout, version: Version) -> bool {
    layout.tree(version).is_dir() && Manifest::exists(&layout.manifest(version))
}

/// The versions in staging, whose build is unfinished or still running.
///
/// # Errors
/// The folder cannot be read.
pub fn half_built(layout: &Layout) -> Result<Vec<Version>, StoreError> {
    Ok(versions_in(&layout.staging())?)
}

/// The entries of `folder` named `vN`, in ascending order; none if it is missing.
pub(crate) fn versions_in(folder: &Path) -> Result<Vec<Version>, IoError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.context("read", folder)?,
    };
    let mut versions = Vec::new();
    for entry in entries {
        let name = entry.context("read", folder)?.file_name();
        versions.extend(name.to_str().and_then(Version::from_folder));
    }
    versions.sort_unstable();
    Ok(versions)
}
