//! Whether tiles of the wrong size have the right one if their rows are counted from the other end.

use crate::format::{RowOrder, TileNaming};
use crate::geometry::Tile;
use crate::ops::tile_headers::{TileHeaders, places};
use crate::store::{NamingAdvice, TreeContext};
use std::path::Path;

/// Proposes the other order of rows if the tiles in `folder` fit it and not the one stated.
pub(super) fn advice(trees: &TreeContext, folder: &Path) -> Option<NamingAdvice> {
    let (geometry, naming) = (&trees.geometry, trees.naming());
    let (grid, level) = (geometry.base_grid(), geometry.base_level());
    // Otherwise all rows are equally high, and fit both.
    if grid.rows < 2 || geometry.size().height.is_multiple_of(geometry.tile_size()) {
        return None;
    }
    let row_order = match naming.row_order {
        RowOrder::TopDown => RowOrder::BottomUp,
        RowOrder::BottomUp => RowOrder::TopDown,
    };
    let other = TileNaming { row_order, ..naming.clone() };
    let mut headers = TileHeaders::new(folder, trees.format());
    let mut fits = |(column, row)| {
        let expected = geometry.tile_dimensions(Tile { level, column, row });
        headers.size(&other, grid, (column, row)).is_ok_and(|size| size == expected)
    };
    places(grid).into_iter().all(&mut fits).then_some(NamingAdvice::RowOrder(row_order))
}
