//! Finding files and folders that do not belong where they are.

use crate::geometry::Grid;
use crate::store::check::entry::Found;
use crate::store::context::TreeContext;
use crate::store::error::{Context, StoreError};
use crate::store::layout::{DESCRIPTOR, LEVELS, TileName, Version, canonical_number};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Passes everything that does not belong in the tree of `version` to `act`.
///
/// Whatever is in the place of a folder or a tile is not unexpected, but of the wrong kind.
pub(super) fn for_each_unexpected(
    context: &TreeContext,
    version: Version,
    mut act: impl FnMut(PathBuf),
) -> Result<(), StoreError> {
    let tree = context.tree(version);
    let levels = tree.join(LEVELS);
    visit_others(&tree, |name| name == DESCRIPTOR || name == LEVELS, &mut act)?;
    let base = u32::from(context.geometry.base_level());
    let is_level = |name: &OsStr| name.to_str().and_then(canonical_number).is_some_and(|level| level <= base);
    visit_others(&levels, is_level, &mut act)?;
    for level in context.geometry.levels() {
        let grid = context.geometry.grid(level);
        let is_tile = |name: &OsStr| is_tile_name(name, grid, context.format().extension());
        visit_others(&levels.join(level.to_string()), is_tile, &mut act)?;
    }
    Ok(())
}

/// Passes the path of each entry of `folder` that does not belong there to `act`; none if it is not a folder.
pub(super) fn visit_others(
    folder: &Path,
    belongs: impl Fn(&OsStr) -> bool,
    mut act: impl FnMut(PathBuf),
) -> Result<(), StoreError> {
    if Found::at_path(folder) != Found::Folder {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        if !belongs(&name) {
            act(folder.join(name));
        }
    }
    Ok(())
}

fn is_tile_name(name: &OsStr, grid: Grid, extension: &str) -> bool {
    TileName::parse(name).is_some_and(|name| name.extension == extension && grid.contains(name.column, name.row))
}
