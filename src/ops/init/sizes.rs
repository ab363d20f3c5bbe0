//! Picture size, tile size and overlap from the sizes of a few tiles.

use crate::geometry::{Geometry, Size};

/// The lengths of the tiles along one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// How many tiles there are.
    pub(super) count: u32,
    pub(super) first: u32,
    /// That of the second tile, which matters if it is not the last.
    pub(super) inner: u32,
    pub(super) last: u32,
}

/// Side of a tile without overlap, and the overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TileShape {
    size: u32,
    overlap: u32,
}

impl Lengths {
    /// From three tiles on, an inner one has overlap on both sides, the first one on one.
    fn shape(self) -> Option<TileShape> {
        let overlap = self.inner.checked_sub(self.first)?;
        let size = self.first.checked_sub(overlap).filter(|size| *size > 0)?;
        (self.count > 2).then_some(TileShape { size, overlap })
    }

    /// The whole length, if the tiles have this shape.
    fn total(self, TileShape { size, overlap }: TileShape) -> Option<u32> {
        if self.count == 1 {
            return Some(self.first);
        }
        let rest = self.last.checked_sub(overlap).filter(|rest| *rest <= size && *rest > 0)?;
        (self.count - 1).checked_mul(size)?.checked_add(rest)
    }
}

/// The pyramid whose tiles have these lengths. Two tiles along an axis say nothing about overlap; it is taken to be 0.
pub(super) fn geometry(across: Lengths, down: Lengths) -> Option<Geometry> {
    let guess = || {
        let size = match (across.count, down.count) {
            (1, 1) => across.first.max(down.first),
            (1, _) => down.first,
            _ => across.first,
        };
        TileShape { size, overlap: 0 }
    };
    // Of three tiles, the second may end in its own overlap.
    let (better, other) = if across.count == 3 { (down, across) } else { (across, down) };
    let shape = better.shape().or_else(|| other.shape()).unwrap_or_else(guess);
    let size = Size::new(across.total(shape)?, down.total(shape)?);
    Geometry::new(size, shape.size, shape.overlap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Tile;
    use proptest::prelude::*;

    proptest! {
        /// The tiles of any picture give its size back.
        #[test]
        fn geometry_is_found_from_its_own_tiles(
            width in 1..3000u32, height in 1..3000u32, tile_size in 1..600u32, overlap in 0..4u32,
        ) {
            let overlap = overlap.min(tile_size / 2);
            // Else an inner tile may end at the picture's edge, within its overlap.
            let ends_well = |side: u32| side.is_multiple_of(tile_size) || side % tile_size >= overlap;
            prop_assume!(ends_well(width) && ends_well(height));
            let whole = Geometry::new(Size::new(width, height), tile_size, overlap).unwrap();
            let grid = whole.base_grid();
            let level = whole.base_level();
            let size = |column: u32, row: u32| whole.tile_dimensions(Tile { level, column, row });
            let (first, last) = (size(0, 0), size(grid.columns - 1, grid.rows - 1));
            let inner = size(1.min(grid.columns - 1), 1.min(grid.rows - 1));
            let found = geometry(
                Lengths { count: grid.columns, first: first.width, inner: inner.width, last: last.width },
                Lengths { count: grid.rows, first: first.height, inner: inner.height, last: last.height },
            );
            // With up to two tiles each way, overlap looks like larger tiles.
            let certain = grid.columns > 2 || grid.rows > 2;
            if certain {
                prop_assert_eq!(found, Some(whole));
            } else if overlap == 0 {
                let found = found.unwrap();
                prop_assert_eq!((found.size(), found.base_grid()), (whole.size(), grid));
            }
        }
    }
}
