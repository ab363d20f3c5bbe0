//! How base tiles are named and numbered: a pattern, the first number, and the order of rows.

use super::pattern::{Axis, NameNumbers, NamePattern};
use crate::geometry::Grid;
use serde::{Deserialize, Serialize};

/// Which row has the first number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrder {
    /// The top row, as in Deep Zoom.
    #[default]
    TopDown,
    /// The bottom row, as in TMS.
    BottomUp,
}

impl RowOrder {
    /// Both orders with their names in `pyramid.json`.
    pub(super) const NAMES: [(&'static str, Self); 2] = [("top_down", Self::TopDown), ("bottom_up", Self::BottomUp)];
}

/// How base tiles are named. Published trees always have `COLUMN_ROW`, from 0 at the top left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileNaming {
    /// The key `tile_naming`: the names without their extension.
    #[serde(rename = "tile_naming")]
    pub pattern: NamePattern,
    /// The key `first_tile`: the number of the first column and of the first row.
    #[serde(rename = "first_tile", default)]
    pub first: u32,
    /// The key `row_order`.
    #[serde(default)]
    pub row_order: RowOrder,
}

impl TileNaming {
    /// `COLUMN_ROW`, from 0 at the top left.
    #[must_use]
    pub fn column_row() -> Self {
        Self::of(NamePattern::column_row())
    }

    /// `ROW_COLUMN`, from 0 at the top left.
    #[must_use]
    pub fn row_column() -> Self {
        Self::of(NamePattern::row_column())
    }

    fn of(pattern: NamePattern) -> Self {
        Self { pattern, first: 0, row_order: RowOrder::TopDown }
    }

    /// The numbers in the name of the tile at `column`, `row` of a grid with this many rows.
    #[must_use]
    pub fn numbers(&self, column: u32, row: u32, rows: u32) -> NameNumbers {
        let row = match self.row_order {
            RowOrder::TopDown => row,
            RowOrder::BottomUp => rows.saturating_sub(1).saturating_sub(row),
        };
        NameNumbers { column: self.first.saturating_add(column), row: self.first.saturating_add(row) }
    }

    /// The column and row of the tile with these numbers; `None` outside the grid.
    #[must_use]
    pub fn place(&self, numbers: NameNumbers, grid: Grid) -> Option<(u32, u32)> {
        let (column, row) = (numbers.column.checked_sub(self.first)?, numbers.row.checked_sub(self.first)?);
        let row = match self.row_order {
            RowOrder::TopDown => row,
            RowOrder::BottomUp => (grid.rows - 1).checked_sub(row)?,
        };
        grid.contains(column, row).then_some((column, row))
    }

    /// Whether each tile of the grid has a name of its own.
    #[must_use]
    pub fn fits(&self, grid: Grid) -> bool {
        let last = |count: u32| u64::from(self.first) + u64::from(count) - 1;
        last(grid.columns) <= self.pattern.max_number(Axis::Column)
            && last(grid.rows) <= self.pattern.max_number(Axis::Row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_counted_from_either_end() {
        let mut naming = TileNaming { first: 1, ..TileNaming::column_row() };
        let grid = Grid { columns: 3, rows: 2 };
        assert_eq!(naming.numbers(0, 0, 2), NameNumbers { column: 1, row: 1 });
        naming.row_order = RowOrder::BottomUp;
        assert_eq!(naming.numbers(0, 0, 2), NameNumbers { column: 1, row: 2 });
        assert_eq!(naming.place(NameNumbers { column: 3, row: 1 }, grid), Some((2, 1)));
        for (column, row) in [(0, 1), (1, 0), (4, 1), (1, 3), (u32::MAX, u32::MAX)] {
            assert_eq!(naming.place(NameNumbers { column, row }, grid), None);
        }
    }

    #[test]
    fn numbers_that_run_together_bound_the_grid() {
        let naming = TileNaming { pattern: NamePattern::parse("{column:1}{row}").unwrap(), ..TileNaming::column_row() };
        assert!(naming.fits(Grid { columns: 10, rows: 1000 }));
        assert!(!naming.fits(Grid { columns: 11, rows: 1 }));
    }

    #[test]
    fn naming_of_an_older_manifest_is_read() {
        let stored = r#"{"tile_naming":"row_column"}"#;
        assert_eq!(serde_json::from_str::<TileNaming>(stored).unwrap(), TileNaming::row_column());
    }

    proptest! {
        #[test]
        fn places_and_numbers_are_inverse(
            (columns, rows, column, row) in (1..=1u32 << 31, 1..=1u32 << 31)
                .prop_flat_map(|(columns, rows)| (Just(columns), Just(rows), 0..columns, 0..rows)),
            first in 0..=1u32 << 31,
            bottom_up: bool,
        ) {
            let row_order = if bottom_up { RowOrder::BottomUp } else { RowOrder::TopDown };
            let naming = TileNaming { first, row_order, ..TileNaming::column_row() };
            let grid = Grid { columns, rows };
            prop_assert_eq!(naming.place(naming.numbers(column, row, rows), grid), Some((column, row)));
        }
    }
}
