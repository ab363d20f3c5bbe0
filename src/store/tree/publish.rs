//! From staging to what is served: one flush, then renames, each of which is seen whole or not at all.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::layout::{Layout, Version};
use crate::store::state::manifest::Manifest;
use crate::store::state::replaced::note_replaced;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::path::Path;

/// Whether finished trees are flushed to the disk before they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Everything reaches the disk before it is published: what is published survives a power cut.
    #[default]
    Flushed,
    /// The system writes when it likes. For throw-away folders, such as those of tests.
    Unflushed,
}

/// The versions that are published: those with both a tree and a manifest, in ascending order.
///
/// # Errors
/// The folders or a manifest cannot be read.
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
    layout.tree(version).is_dir() && Manifest::is_there(&layout.manifest(version))
}

/// The versions that are in staging, because their build was stopped or goes on.
///
/// # Errors
/// The folder cannot be read.
pub fn half_built(layout: &Layout) -> Result<Vec<Version>, StoreError> {
    Ok(versions_in(&layout.staging())?)
}

/// The folders named `vN` in `folder`, ascending; none where it does not exist.
pub(crate) fn versions_in(folder: &Path) -> Result<Vec<Version>, IoError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
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

/// Deletes what a failed build has put into staging.
///
/// # Errors
/// The file system refuses.
pub fn discard_staging(layout: &Layout) -> Result<(), StoreError> {
    Ok(files::remove_tree(&layout.staging())?)
}

/// Refuses a `dest` through which relative links would lead elsewhere.
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

/// Deletes what killed runs left behind: source versions that were not published, replaced trees, manifests without a tree (but for those of versions that were
/// dropped while their sources stayed), files that were to replace others, and staged versions but for those `to_build`,
/// which may go on where they ended. The caller holds the lock.
///
/// # Errors
/// The file system refuses.
pub fn clean_leftovers(layout: &Layout, to_build: &[Version]) -> Result<(), StoreError> {
    crate::store::source::new_source::clean_staged_sources(layout)?;
    for version in versions_in(&layout.staging())?.into_iter().filter(|version| !to_build.contains(version)) {
        files::remove_tree(&layout.staged(version))?;
    }
    files::remove_empty_folder(&layout.staging())?;
    files::remove_tree(&layout.trash())?;
    let dropped = crate::store::vacuum::marked(layout)?;
    for version in versions_in(&layout.manifests())? {
        if !layout.tree(version).is_dir() && !dropped.contains(&version) {
            files::remove_tree(&layout.manifest(version))?;
        }
    }
    remove_unfinished(&layout.manifests())?;
    remove_unfinished(&layout.state())
}

/// Deletes what was made to be renamed, and was not: files and folders that end in `.new`.
fn remove_unfinished(folder: &Path) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.context("read", folder)?,
    };
    for entry in entries {
        let entry = entry.context("read", folder)?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            let is_folder = entry.file_type().context("read", &path)?.is_dir();
            if is_folder { files::remove_tree(&path)? } else { remove_file(&path)? }
        }
    }
    Ok(())
}

/// Publishes staged versions, given in ascending order and none below `from`, so that readers see each of them whole
/// or not at all and `latest` always leads to a whole tree.
///
/// What is published from `from` on is replaced: such trees are taken out of sight from the top down, because their
/// links lead into the trees that are about to go, then the staged ones are put in from the bottom up; the lowest one
/// is exchanged in place. The caller holds the lock.
///
/// # Errors
/// The file system refuses. What was published before stays, apart from versions already taken out of sight, which
/// the next build makes again.
pub fn publish(layout: &Layout, from: Version, staged: &[Version], durability: Durability) -> Result<(), StoreError> {
    files::create_folder(&layout.manifests())?;
    if durability == Durability::Flushed && !staged.is_empty() {
        // What the system could not write it shows as if it had, and it tells of it only once: nobody may go on with that.
        files::flush_file_system(&layout.staging()).inspect_err(|_| {
            let _ = discard_staging(layout);
        })?;
    }
    let removed = |version: &Version| *version >= from && !staged.contains(version);
    // Those above the lowest staged version first. Those between `from` and it only when it is replaced, because until
    // then its old tree may lead into them.
    let lowest = staged.first().copied();
    note_replaced(layout, versions_in(&layout.trees())?.into_iter().filter(|version| *version >= from).collect())?;
    withdraw(layout, |version| *version >= from && lowest.is_none_or(|lowest| *version > lowest))?;
    for &version in staged {
        put_in(layout, version)?;
        point_latest_to(layout, version)?;
        if durability == Durability::Flushed {
            files::flush_folder(&layout.manifests())?;
            files::flush_folder(&layout.trees())?;
        }
    }
    withdraw(layout, removed)?;
    files::remove_tree(&layout.staging())?;
    Ok(files::remove_tree(&layout.trash())?)
}

/// Takes the published trees that `which` picks out of sight, highest first.
fn withdraw(layout: &Layout, which: impl Fn(&Version) -> bool) -> Result<(), StoreError> {
    let present = versions_in(&layout.trees())?;
    for &version in present.iter().rev().filter(|version| which(version)) {
        match present.iter().rev().find(|other| !which(other)) {
            Some(&kept) => point_latest_to(layout, kept)?,
            None => remove_file(&layout.latest())?,
        }
        files::remove_tree(&layout.manifest(version))?;
        discard(layout, &layout.tree(version))?;
    }
    Ok(())
}

/// Deletes a file or link, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.context("delete", path),
    }
}

/// Puts one staged version in its place, whether there is a tree already or not.
fn put_in(layout: &Layout, version: Version) -> Result<(), StoreError> {
    let (tree, manifest) = (layout.tree(version), layout.manifest(version));
    let (staged_tree, staged_manifest) = (layout.staged_tree(version), layout.staged_manifest(version));
    let rename = |from: &Path, to: &Path| std::fs::rename(from, to).context("rename", from);
    // A tree counts as published only with its manifest, so a replaced one loses its manifest first.
    files::remove_tree(&manifest)?;
    if tree.symlink_metadata().is_ok() {
        swap_folders(&staged_tree, &tree)?;
        rename(&staged_manifest, &manifest)?;
    } else {
        rename(&staged_manifest, &manifest)?;
        rename(&staged_tree, &tree)?;
    }
    Ok(())
}

/// Moves a folder out of sight; it is deleted later.
fn discard(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let trash = layout.trash();
    files::create_folder(&trash)?;
    let name = path.file_name().unwrap_or_default();
    files::remove_tree(&trash.join(name))?;
    Ok(std::fs::rename(path, trash.join(name)).context("rename", path)?)
}

/// Exchanges two folders at once. Where the system cannot, the second is missing for the moment between two renames.
pub(crate) fn swap_folders(one: &Path, other: &Path) -> Result<(), IoError> {
    match rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let aside = one.with_extension("old");
            files::remove_tree(&aside)?;
            let rename = |from: &Path, to: &Path| std::fs::rename(from, to).context("rename", from);
            rename(other, &aside)?;
            rename(one, other)?;
            rename(&aside, one)
        }
        result => result.context("rename", one),
    }
}

/// Makes `latest` lead to the tree of `version`, by a rename over what is there.
///
/// # Errors
/// The file system refuses.
pub fn point_latest_to(layout: &Layout, version: Version) -> Result<(), StoreError> {
    let target = version.to_string();
    let latest = layout.latest();
    if std::fs::read_link(&latest).is_ok_and(|found| found == Path::new(&target)) {
        return Ok(());
    }
    let beside = layout.state().join("latest.new");
    remove_file(&beside)?;
    std::os::unix::fs::symlink(&target, &beside).context("link", &beside)?;
    Ok(std::fs::rename(&beside, &latest).context("rename", &beside)?)
}
