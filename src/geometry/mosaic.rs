//! Where the pixels of a tile come from: the cores of the tiles that it is made from, side by side.

use super::{Geometry, Rect, Size, Tile};

/// The pixels that a tile is made from, one level finer: a rectangle of that level, in pieces of the cores that cover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mosaic {
    /// The size of the rectangle in pixels.
    pub size: Size,
    /// The scale of the tile that is made from it.
    pub scale: Scale,
    /// The pieces. They cover the rectangle and do not overlap. Those of the tile's own children, or of the plain tile in the same
    /// place, come first, then those around them; each row by row.
    pub pieces: Vec<Piece>,
}

/// The size of a tile compared with the pixels that it is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Half, rounded up: the tile is one level coarser.
    Half,
    /// The same: the tile is of the base level, and composed of plain tiles.
    Full,
}

/// A part of a tile's core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The tile.
    pub tile: Tile,
    /// The part, in pixels from the tile's own top left corner.
    pub from: Rect,
    /// Where the part belongs, in pixels from the left of the mosaic.
    pub x: u32,
    /// The same from the top.
    pub y: u32,
}

/// A tile's size, and which of its pixels are its core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileShape {
    /// The size in pixels including overlap.
    pub size: Size,
    /// The core, in pixels from the tile's own top left corner.
    pub core: Rect,
}

impl TileShape {
    /// A tile without overlap.
    #[must_use]
    pub const fn plain(size: Size) -> Self {
        Self { size, core: Rect { x: 0, y: 0, size } }
    }

    /// Whether there is nothing but the core.
    #[must_use]
    pub fn is_core(&self) -> bool {
        *self == Self::plain(self.size)
    }
}

impl From<Size> for TileShape {
    fn from(size: Size) -> Self {
        Self::plain(size)
    }
}

impl Geometry {
    /// The size of a tile and its core; those of a full tile without overlap if there is no such tile.
    #[must_use]
    pub fn tile_shape(&self, tile: Tile) -> TileShape {
        match (self.tile_rect(tile), self.core_rect(tile)) {
            (Some(whole), Some(core)) => {
                let core = Rect { x: core.x - whole.x, y: core.y - whole.y, size: core.size };
                TileShape { size: whole.size, core }
            }
            _ => TileShape::plain(Size::new(self.tile_size, self.tile_size)),
        }
    }

    /// The parts of a tile that its neighbours show, too, in pixels of the tile: one for each neighbour, diagonal ones included.
    #[must_use]
    pub fn shared_rects(&self, tile: Tile) -> Vec<Rect> {
        let Some(whole) = self.tile_rect(tile) else { return Vec::new() };
        let shared = |other: Tile| {
            let Rect { x, y, size } = self.tile_rect(other)?.intersection(whole)?;
            Some(Rect { x: x - whole.x, y: y - whole.y, size })
        };
        self.neighbours(tile).filter_map(shared).collect()
    }

    /// What a tile is made from; `None` if it is one of the user's, or does not exist.
    #[must_use]
    pub fn mosaic(&self, tile: Tile) -> Option<Mosaic> {
        let rect = self.tile_rect(tile).filter(|_| tile.level < self.source_level())?;
        let scale = if tile.level < self.base_level() { Scale::Half } else { Scale::Full };
        let factor = if scale == Scale::Half { 2 } else { 1 };
        let level = self.level_size(tile.level + 1);
        let (left, top) = (rect.x * factor, rect.y * factor);
        let length = |start: u32, length: u32, side: u32| (length * factor).min(side - start);
        let size = Size::new(length(left, rect.size.width, level.width), length(top, rect.size.height, level.height));
        let pieces = self.inputs(tile).iter().filter_map(|input| {
            let (whole, core) = (self.tile_rect(input)?, self.core_rect(input)?);
            let Rect { x, y, size } = core.intersection(Rect { x: left, y: top, size })?;
            let from = Rect { x: x - whole.x, y: y - whole.y, size };
            Some(Piece { tile: input, from, x: x - left, y: y - top })
        });
        let mut pieces: Vec<Piece> = pieces.collect();
        let is_own = |input: Tile| match scale {
            Scale::Half => input.parent() == Some(tile),
            Scale::Full => (input.column, input.row) == (tile.column, tile.row),
        };
        pieces.sort_by_key(|piece| !is_own(piece.tile));
        Some(Mosaic { size, scale, pieces })
    }
}
