//! Publishing staged versions: one flush, then renames, so that readers see each tree complete or not at all.

use crate::store::error::{Context, StoreError};
use crate::store::fs::{self, Durability};
use crate::store::layout::{Layout, Version};
use crate::store::state::record_replaced;
use crate::store::tree::{discard_staging, rescue_others, versions_in};
use std::path::Path;

/// Publishes staged versions so that readers see each of them complete or not at all, and `latest` always leads to a
/// complete tree.
///
/// The versions are in ascending order and not below `from`. Published versions from `from` on are replaced: their trees
/// are withdrawn from the top down, because their links lead into trees that will be withdrawn next. Then the staged
/// versions are published from the bottom up; the lowest is exchanged in place. The caller holds the lock.
///
/// # Errors
/// A file cannot be flushed, renamed or deleted. Published versions stay, except withdrawn ones, which the next build
/// generates again.
pub fn publish(layout: &Layout, from: Version, staged: &[Version], durability: Durability) -> Result<(), StoreError> {
    fs::create_folder(&layout.manifests())?;
    if durability == Durability::Flushed && !staged.is_empty() {
        // After a failed flush the system shows data that it could not write, and reports that only once. So no later run
        // may resume these trees.
        fs::flush_file_system(&layout.staging()).inspect_err(|_| {
            let _ = discard_staging(layout);
        })?;
    }
    let removed = |version: &Version| *version >= from && !staged.contains(version);
    // The versions above the lowest staged one go first. Those between `from` and it wait until it is replaced: until then
    // its old tree may lead into them.
    let lowest = staged.first().copied();
    record_replaced(layout, versions_in(&layout.trees())?.into_iter().filter(|version| *version >= from).collect())?;
    withdraw(layout, |version| *version >= from && lowest.is_none_or(|lowest| *version > lowest))?;
    for &version in staged {
        put_in_place(layout, version)?;
        point_latest_to(layout, version)?;
        if durability == Durability::Flushed {
            fs::flush_folder(&layout.manifests())?;
            fs::flush_folder(&layout.trees())?;
        }
    }
    withdraw(layout, removed)?;
    fs::remove_tree(&layout.staging())?;
    Ok(fs::remove_tree(&layout.trash())?)
}

/// Takes the published trees that `which` selects out of sight, highest first.
fn withdraw(layout: &Layout, which: impl Fn(&Version) -> bool) -> Result<(), StoreError> {
    let present = versions_in(&layout.trees())?;
    for &version in present.iter().rev().filter(|version| which(version)) {
        match present.iter().rev().find(|other| !which(other)) {
            Some(&kept) => point_latest_to(layout, kept)?,
            None => fs::remove_file(&layout.latest())?,
        }
        rescue_others(layout, &layout.tree(version), &mut || Ok(()))?;
        fs::remove_tree(&layout.manifest(version))?;
        move_to_trash(layout, &layout.tree(version))?;
    }
    Ok(())
}

/// Renames one staged version into its place, or exchanges it with the tree there.
fn put_in_place(layout: &Layout, version: Version) -> Result<(), StoreError> {
    let (tree, manifest) = (layout.tree(version), layout.manifest(version));
    let (staged_tree, staged_manifest) = (layout.staged_tree(version), layout.staged_manifest(version));
    // A tree counts as published only with its manifest, so a replaced tree loses its manifest first.
    fs::remove_tree(&manifest)?;
    if tree.symlink_metadata().is_ok() {
        rescue_others(layout, &tree, &mut || Ok(()))?;
        fs::swap_folders(&staged_tree, &tree)?;
        fs::rename(&staged_manifest, &manifest)?;
    } else {
        fs::rename(&staged_manifest, &manifest)?;
        fs::rename(&staged_tree, &tree)?;
    }
    Ok(())
}

/// Moves a folder out of sight. It is deleted later.
fn move_to_trash(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let trash = layout.trash();
    fs::create_folder(&trash)?;
    let place = trash.join(path.file_name().unwrap_or_default());
    fs::remove_tree(&place)?;
    Ok(fs::rename(path, &place)?)
}

/// Makes `latest` lead to the tree of `version`, by a rename over the old link.
///
/// # Errors
/// The link cannot be created or renamed.
pub fn point_latest_to(layout: &Layout, version: Version) -> Result<(), StoreError> {
    let target = version.to_string();
    let latest = layout.latest();
    if std::fs::read_link(&latest).is_ok_and(|found| found == Path::new(&target)) {
        return Ok(());
    }
    let beside = layout.state().join("latest.new");
    fs::remove_file(&beside)?;
    std::os::unix::fs::symlink(&target, &beside).context("link", &beside)?;
    Ok(fs::rename(&beside, &latest)?)
}
