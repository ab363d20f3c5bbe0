//! Pyramid arithmetic: sizes, levels, grids, tile rectangles, parents and children.
//!
//! Integers and the standard library only. Levels have Deep Zoom's numbers: level 0 is one pixel, the base level has
//! full resolution. The rules are those of Microsoft's Deep Zoom file format (each level is half the finer one, rounded
//! up), and of OpenSeadragon and libvips, which agree with it.

mod grid_set;
mod inputs;
mod mosaic;
mod tile_set;

pub use grid_set::GridSet;
pub use inputs::{BaseTiles, TileBlock};
pub use mosaic::{Mosaic, Piece, Scale, TileShape};
pub use tile_set::TileSet;

use std::fmt;

/// The largest side of a picture in pixels: 2^31, so that every product of two sides fits 64 bits.
pub const MAX_SIDE: u32 = 1 << 31;

/// A width and a height in pixels, both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// The size `width` x `height`.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The size of the next coarser level: half of each side, rounded up.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self::new(self.width.div_ceil(2), self.height.div_ceil(2))
    }

    /// Number of pixels.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.width, self.height)
    }
}

/// The tiles of one level: `columns` x `rows`, both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Tiles from left to right.
    pub columns: u32,
    /// Tiles from top to bottom.
    pub rows: u32,
}

impl Grid {
    /// Number of tiles.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.columns as u64 * self.rows as u64
    }

    /// Whether the tile at `column`, `row` (from 0) is inside.
    #[must_use]
    pub const fn contains(self, column: u32, row: u32) -> bool {
        column < self.columns && row < self.rows
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.columns, self.rows)
    }
}

/// A tile of a pyramid: its level, and its column and row in the level's grid, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Deep Zoom level; 0 is the coarsest.
    pub level: u8,
    /// Tiles to the left of this one.
    pub column: u32,
    /// Tiles above this one.
    pub row: u32,
}

impl Tile {
    /// The parent, one level coarser; `None` at level 0.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        Some(Self { level: self.level.checked_sub(1)?, column: self.column / 2, row: self.row / 2 })
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}_{}", self.level, self.column, self.row)
    }
}

/// A rectangle of pixels, of a level or of a tile: `x..x + width`, `y..y + height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge, inclusive.
    pub x: u32,
    /// Top edge, inclusive.
    pub y: u32,
    /// Width and height.
    pub size: Size,
}

impl Rect {
    /// The pixels that are in both; `None` if there are none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let shared = |a: u32, length: u32, b: u32, other_length: u32| {
            let (start, end) = (a.max(b), (a + length).min(b + other_length));
            (start < end).then(|| (start, end - start))
        };
        let (x, width) = shared(self.x, self.size.width, other.x, other.size.width)?;
        let (y, height) = shared(self.y, self.size.height, other.y, other.size.height)?;
        Some(Self { x, y, size: Size::new(width, height) })
    }
}

/// The shape of a pyramid: everything that follows from picture size, tile size and overlap.
///
/// Valid by construction: both sides are 1 to [`MAX_SIDE`], the tile size is at least 1, and the overlap is at most half of
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    size: Size,
    tile_size: u32,
    overlap: u32,
    base_tiles: BaseTiles,
}

impl Geometry {
    /// The pyramid of a picture, whose base tiles are [`BaseTiles::Overlapping`]; `None` if a side or the tile size is 0, a
    /// side exceeds [`MAX_SIDE`], or the overlap exceeds half the tile size.
    #[must_use]
    pub const fn new(size: Size, tile_size: u32, overlap: u32) -> Option<Self> {
        let too_large = size.width > MAX_SIDE || size.height > MAX_SIDE || overlap > tile_size / 2;
        if size.width == 0 || size.height == 0 || tile_size == 0 || too_large {
            return None;
        }
        Some(Self { size, tile_size, overlap, base_tiles: BaseTiles::Overlapping })
    }

    /// The size of the picture and of the base level.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The side of a full tile without overlap, in pixels.
    #[must_use]
    pub const fn tile_size(&self) -> u32 {
        self.tile_size
    }

    /// Pixels shared with each neighbour, on each side.
    #[must_use]
    pub const fn overlap(&self) -> u32 {
        self.overlap
    }

    /// The finest level: the bit length of (longest side - 1).
    #[must_use]
    pub const fn base_level(&self) -> u8 {
        let longest = if self.size.width > self.size.height { self.size.width } else { self.size.height };
        (u32::BITS - (longest - 1).leading_zeros()) as u8
    }

    /// All level numbers, coarsest first.
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = u8> + use<> {
        0..=self.base_level()
    }

    /// The size of a level in pixels. Levels beyond the base have its size.
    #[must_use]
    pub fn level_size(&self, level: u8) -> Size {
        let halvings = self.base_level().saturating_sub(level);
        let side = |pixels: u32| ((pixels - 1) >> halvings) + 1;
        Size::new(side(self.size.width), side(self.size.height))
    }

    /// The grid of a level. Overlap does not change it.
    #[must_use]
    pub fn grid(&self, level: u8) -> Grid {
        let size = self.level_size(level);
        Grid { columns: size.width.div_ceil(self.tile_size), rows: size.height.div_ceil(self.tile_size) }
    }

    /// The grid of the base level.
    #[must_use]
    pub fn base_grid(&self) -> Grid {
        self.grid(self.base_level())
    }

    /// Number of tiles in all levels.
    #[must_use]
    pub fn tile_count(&self) -> u64 {
        self.levels().map(|level| self.grid(level).count()).sum()
    }

    /// Whether the tile exists in this pyramid, as a tile of its trees or as one of the user's.
    #[must_use]
    pub fn contains(&self, tile: Tile) -> bool {
        tile.level <= self.source_level() && self.grid(tile.level).contains(tile.column, tile.row)
    }

    /// The only tile of level 0.
    #[must_use]
    pub const fn top(&self) -> Tile {
        Tile { level: 0, column: 0, row: 0 }
    }

    /// The pixels of a tile including overlap; `None` if there is no such tile.
    #[must_use]
    pub fn tile_rect(&self, tile: Tile) -> Option<Rect> {
        if !self.contains(tile) {
            return None;
        }
        // Above the base level are the user's plain tiles.
        let overlap = if tile.level > self.base_level() { 0 } else { self.overlap };
        Some(self.rect(tile, overlap))
    }

    /// The pixels of a tile without overlap; `None` if there is no such tile. Each pixel of a level is in one core.
    #[must_use]
    pub fn core_rect(&self, tile: Tile) -> Option<Rect> {
        self.contains(tile).then(|| self.rect(tile, 0))
    }

    fn rect(&self, tile: Tile, overlap: u32) -> Rect {
        let level = self.level_size(tile.level);
        let span = |index: u32, side: u32| {
            let start = u64::from(index) * u64::from(self.tile_size);
            let end = start + u64::from(self.tile_size) + u64::from(overlap);
            let start = start.saturating_sub(u64::from(overlap)) as u32;
            (start, end.min(u64::from(side)) as u32 - start)
        };
        let (x, width) = span(tile.column, level.width);
        let (y, height) = span(tile.row, level.height);
        Rect { x, y, size: Size::new(width, height) }
    }

    /// The size of a tile in pixels including overlap; the full tile size if there is no such tile.
    #[must_use]
    pub fn tile_dimensions(&self, tile: Tile) -> Size {
        self.tile_rect(tile).map_or(Size::new(self.tile_size, self.tile_size), |rect| rect.size)
    }

    /// The children, one level finer: top left, top right, bottom left, bottom right. With overlap, a tile is made from more
    /// than these: see [`inputs`](Self::inputs).
    ///
    /// `None` if the grid has no such tile. The base level has no children.
    #[must_use]
    pub fn children(&self, tile: Tile) -> [Option<Tile>; 4] {
        let level = tile.level + 1;
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| {
            let child = Tile { level, column: tile.column * 2 + right, row: tile.row * 2 + down };
            (level <= self.base_level() && self.contains(child)).then_some(child)
        })
    }
}

#[cfg(test)]
mod tests;
