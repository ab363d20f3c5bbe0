//! The sizes of base tiles, from their headers.

use crate::format::{NameNumbers, TileFormat, TileNaming};
use crate::geometry::{Grid, Size};
use crate::input::{self, PictureError, PictureInput};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// About how many tiles within the grid are compared. Those at its edges all are.
const INNER_TILES: u64 = 1000;

/// The sizes of the tiles in a folder, each read once.
pub(super) struct TileHeaders<'a> {
    folder: &'a Path,
    format: &'a TileFormat,
    sizes: HashMap<String, Size>,
}

impl<'a> TileHeaders<'a> {
    pub(super) fn new(folder: &'a Path, format: &'a TileFormat) -> Self {
        Self { folder, format, sizes: HashMap::new() }
    }

    /// The size of the tile that has this place in the grid if tiles are named so; or its path, and why it cannot be read.
    pub(super) fn size(
        &mut self,
        naming: &TileNaming,
        grid: Grid,
        (column, row): (u32, u32),
    ) -> Result<Size, (PathBuf, PictureError)> {
        let name = self.name(naming, grid, (column, row));
        if let Some(size) = self.sizes.get(&name) {
            return Ok(*size);
        }
        let path = self.folder.join(&name);
        let opened = File::open(&path).map_err(PictureError::from);
        let opened = opened.and_then(|file| input::open(PictureInput::File(BufReader::new(file))));
        let size = opened.map_err(|error| (path, error))?.info().size;
        self.sizes.insert(name, size);
        Ok(size)
    }

    /// The name of that tile.
    pub(super) fn name(&self, naming: &TileNaming, grid: Grid, (column, row): (u32, u32)) -> String {
        let mut name = String::new();
        let numbers: NameNumbers = naming.numbers(column, row, grid.rows);
        // Writing to a string cannot fail.
        let _ = naming.pattern.write(numbers, &mut name);
        format!("{name}.{}", self.format)
    }
}

/// All places at the edges of a grid, and some within it.
pub(super) fn places(grid: Grid) -> BTreeSet<(u32, u32)> {
    let Grid { columns, rows } = grid;
    let top_and_bottom = (0..columns).flat_map(move |column| [(column, 0), (column, rows - 1)]);
    let left_and_right = (0..rows).flat_map(move |row| [(0, row), (columns - 1, row)]);
    let step = (grid.count() / INNER_TILES).max(1) as usize;
    let inner = (0..grid.count()).step_by(step);
    let inner = inner.map(move |index| ((index % u64::from(columns)) as u32, (index / u64::from(columns)) as u32));
    top_and_bottom.chain(left_and_right).chain(inner).collect()
}
