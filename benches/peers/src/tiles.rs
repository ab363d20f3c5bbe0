//! Finding the tiles in a folder of base tiles.

use crate::Failure;
use std::path::{Path, PathBuf};

/// A base tile: column, row and file.
pub struct TileFile {
    pub column: u32,
    pub row: u32,
    pub path: PathBuf,
}

/// All `COLUMN_ROW.ext` files of a folder, row by row.
pub fn list(folder: &Path) -> Result<Vec<TileFile>, Failure> {
    let mut tiles = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let numbers = stem.split_once('_').and_then(|(column, row)| Some((column.parse().ok()?, row.parse().ok()?)));
        if let Some((column, row)) = numbers {
            tiles.push(TileFile { column, row, path });
        }
    }
    tiles.sort_by_key(|tile| (tile.row, tile.column));
    if tiles.is_empty() { Err(format!("{}: no tiles", folder.display()).into()) } else { Ok(tiles) }
}
