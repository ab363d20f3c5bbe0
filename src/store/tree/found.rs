//! `dest/.fast_pyramid/found`: where files go that do not belong to the tool. Only `repair --empty-found` deletes them.

use crate::store::error::{Context, StoreError};
use crate::store::fs;
use crate::store::layout::{DESCRIPTOR, LEVELS, Layout, TileName, canonical_number};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Moves something that does not belong to the tool into `found`, to the path that it has below `dest/dzi`, or that path
/// with a number if it is taken.
///
/// # Errors
/// It cannot be renamed.
pub(crate) fn move_to_found(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let below = path.strip_prefix(layout.trees()).ok().or(path.file_name().map(Path::new)).unwrap_or(path);
    let place = layout.found().join(below);
    let (folder, name) = (place.parent().unwrap_or(&place), place.file_name().unwrap_or_default());
    fs::create_folder(folder)?;
    let mut free = place.clone();
    for number in 2u32.. {
        if free.symlink_metadata().is_err() {
            break;
        }
        let mut numbered = name.to_owned();
        numbered.push(format!(".{number}"));
        free = folder.join(numbered);
    }
    Ok(fs::rename(path, &free)?)
}

/// Moves everything that no tree holds to `found`, before the folder of `tree` is deleted.
///
/// Files are recognised by their names alone, because the tree may be one of other settings. `before_each` may refuse.
///
/// # Errors
/// A folder cannot be read, or something cannot be renamed.
pub(crate) fn rescue_others(
    layout: &Layout,
    tree: &Path,
    before_each: &mut dyn FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if !tree.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let levels = tree.join(LEVELS);
    let is_level = |name: &OsStr| name.to_str().and_then(canonical_number).is_some();
    let mut others = select(tree, |name| name != DESCRIPTOR && name != LEVELS)?;
    others.extend(select(&levels, |name| !is_level(name))?);
    for level in select(&levels, is_level)? {
        others.extend(select(&level, |name| TileName::parse(name).is_none())?);
    }
    for path in others {
        before_each()?;
        move_to_found(layout, &path)?;
    }
    Ok(())
}

/// The entries of a folder whose names `which` selects; none if it is not a folder.
fn select(folder: &Path, which: impl Fn(&OsStr) -> bool) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        if which(&name) {
            paths.push(folder.join(name));
        }
    }
    Ok(paths)
}

/// Deletes everything in `found`. Returns whether there was anything.
///
/// # Errors
/// A file cannot be deleted.
pub fn empty_found(layout: &Layout) -> Result<bool, StoreError> {
    let found = layout.found();
    let any = found.symlink_metadata().is_ok();
    fs::remove_tree(&found)?;
    Ok(any)
}
