//! Which tiles a tile is made from, and which are made from it.
//!
//! Without overlap these are a parent's children. With overlap a tile shows the edges of its neighbours too, so it is also
//! made from the tiles around its children; and a base level that is composed of plain source tiles has tiles made from
//! the source tiles around them.

use super::{Geometry, Grid, Tile};
use std::fmt;
use std::ops::Range;

/// The sizes of the base tiles that a user supplies for a pyramid with overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BaseTiles {
    /// The tiles of the base level, overlap included. Trees link to them.
    #[default]
    Overlapping,
    /// Tiles without overlap. The base level is composed of them.
    Plain,
}

impl BaseTiles {
    /// The kind's name in `pyramid.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overlapping => "overlapping",
            Self::Plain => "plain",
        }
    }
}

impl fmt::Display for BaseTiles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A rectangle of tiles in one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileBlock {
    /// The level.
    pub level: u8,
    /// The columns.
    pub columns: Range<u32>,
    /// The rows.
    pub rows: Range<u32>,
}

impl TileBlock {
    /// No tiles.
    const fn none(level: u8) -> Self {
        Self { level, columns: 0..0, rows: 0..0 }
    }

    /// The part of the block that is inside `grid`.
    fn clipped(self, grid: Grid) -> Self {
        let clip = |range: Range<u32>, end: u32| range.start.min(end)..range.end.min(end);
        Self { level: self.level, columns: clip(self.columns, grid.columns), rows: clip(self.rows, grid.rows) }
    }

    /// The tiles, row by row.
    pub fn iter(&self) -> impl Iterator<Item = Tile> + use<> {
        let Self { level, columns, rows } = self.clone();
        rows.flat_map(move |row| columns.clone().map(move |column| Tile { level, column, row }))
    }

    /// Whether the tile is one of them.
    #[must_use]
    pub fn contains(&self, tile: Tile) -> bool {
        self.level == tile.level && self.columns.contains(&tile.column) && self.rows.contains(&tile.row)
    }
}

impl Geometry {
    /// The same pyramid with this kind of base tiles, which makes a difference only with overlap.
    #[must_use]
    pub const fn with_base_tiles(self, base_tiles: BaseTiles) -> Self {
        Self { base_tiles, ..self }
    }

    /// The kind of base tiles. Without overlap, both kinds are the same.
    #[must_use]
    pub const fn base_tiles(&self) -> BaseTiles {
        self.base_tiles
    }

    /// Whether the tiles of the base level are composed of plain ones, instead of being links to them.
    #[must_use]
    pub const fn composes_base(&self) -> bool {
        self.overlap > 0 && matches!(self.base_tiles, BaseTiles::Plain)
    }

    /// The level of the user's tiles: the base level, or, where that is composed, one more. No tree has a folder for the
    /// latter.
    #[must_use]
    pub const fn source_level(&self) -> u8 {
        self.base_level() + self.composes_base() as u8
    }

    /// Whether a tile is the user's, and not generated.
    #[must_use]
    pub const fn is_source(&self, tile: Tile) -> bool {
        tile.level == self.source_level()
    }

    /// The tiles that a tile is made from, one level finer. The user's tiles are made from none.
    ///
    /// Source: the rule of cores. A tile of level L shows the pixels of its core and, on each side, `overlap` pixels of its
    /// neighbours' cores, which are halved from twice as many pixels of the tiles around its children. The overlap is at most
    /// half a tile, so one ring of tiles is enough.
    #[must_use]
    pub fn inputs(&self, tile: Tile) -> TileBlock {
        let level = tile.level.saturating_add(1);
        if level > self.source_level() {
            return TileBlock::none(level);
        }
        let range = |index: u32| match (level > self.base_level(), self.overlap) {
            (true, _) => index.saturating_sub(1)..index.saturating_add(2),
            (false, 0) => 2 * index..2 * index + 2,
            (false, _) => (2 * index).saturating_sub(1)..2 * index + 3,
        };
        TileBlock { level, columns: range(tile.column), rows: range(tile.row) }.clipped(self.grid(level))
    }

    /// The tiles around one, up to eight.
    pub fn neighbours(&self, tile: Tile) -> impl Iterator<Item = Tile> + use<> {
        let Tile { level, column, row } = tile;
        let (columns, rows) = (column.saturating_sub(1)..column + 2, row.saturating_sub(1)..row + 2);
        let around = TileBlock { level, columns, rows }.clipped(self.grid(level));
        around.iter().filter(move |&other| other != tile)
    }

    /// The tiles that are made from a tile, one level coarser: the inverse of [`inputs`](Self::inputs).
    #[must_use]
    pub fn dependents(&self, tile: Tile) -> TileBlock {
        let Some(level) = tile.level.checked_sub(1) else { return TileBlock::none(0) };
        let range = |index: u32| match (tile.level > self.base_level(), self.overlap) {
            (true, _) => index.saturating_sub(1)..index.saturating_add(2),
            (false, 0) => index / 2..index / 2 + 1,
            (false, _) => index.saturating_sub(1) / 2..index.div_ceil(2) + 1,
        };
        TileBlock { level, columns: range(tile.column), rows: range(tile.row) }.clipped(self.grid(level))
    }
}
