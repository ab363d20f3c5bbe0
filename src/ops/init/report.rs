//! What `init` is asked to do, and what it found.

use crate::format::{RowOrder, TileFormat, TileNaming};
use crate::geometry::Geometry;
use serde::Serialize;

/// How to write a pyramid.json.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct InitOptions {
    pub(super) dry_run: bool,
}

impl InitOptions {
    /// With `true`, only reports what would be written.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run }
    }
}

/// What names and sizes leave open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubts {
    /// Whether they fit as well if columns and rows are exchanged.
    pub(super) exchanged: bool,
    /// Whether they fit as well if rows are counted from the bottom.
    pub(super) rows: bool,
}

/// What [`init`](crate::init()) found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InitReport {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Side of a whole tile in pixels, without overlap.
    pub tile_size: u32,
    /// Pixels that neighbouring tiles share.
    pub overlap: u32,
    /// The extension of the tiles.
    pub format: String,
    /// The names of the tiles: `column_row`, `row_column` or a pattern.
    pub tile_naming: String,
    /// The number of the first column and row.
    pub first_tile: u32,
    /// `top_down`, or `bottom_up` if the sizes of the tiles show that the bottom row has the first number.
    pub row_order: &'static str,
    /// Columns of the base level.
    pub columns: u32,
    /// Rows of the base level.
    pub rows: u32,
    /// Whether nothing in the sizes shows `row_order`, so that the first row is assumed to be the top one.
    pub row_order_assumed: bool,
    /// Whether names and sizes fit as well if columns and rows are exchanged.
    pub ambiguous: bool,
    /// Whether pyramid.json was written.
    #[serde(rename = "spec_written")]
    pub written: bool,
}

impl InitReport {
    pub(super) fn new(
        geometry: &Geometry,
        format: &TileFormat,
        naming: &TileNaming,
        doubts: Doubts,
        written: bool,
    ) -> Self {
        let (size, grid) = (geometry.size(), geometry.base_grid());
        Self {
            width: size.width,
            height: size.height,
            tile_size: geometry.tile_size(),
            overlap: geometry.overlap(),
            format: format.extension().to_owned(),
            tile_naming: naming.pattern.to_string(),
            first_tile: naming.first,
            row_order: match naming.row_order {
                RowOrder::TopDown => "top_down",
                RowOrder::BottomUp => "bottom_up",
            },
            columns: grid.columns,
            rows: grid.rows,
            row_order_assumed: doubts.rows,
            ambiguous: doubts.exchanged,
            written,
        }
    }

    /// The text of the pyramid.json. Keys with their default are left out.
    pub(super) fn spec_text(&self) -> String {
        let mut lines = vec![
            format!("\"width\": {}", self.width),
            format!("\"height\": {}", self.height),
            format!("\"tile_size\": {}", self.tile_size),
            format!("\"overlap\": {}", self.overlap),
            format!("\"format\": \"{}\"", self.format),
        ];
        if self.tile_naming != "column_row" {
            lines.push(format!("\"tile_naming\": {}", serde_json::Value::from(self.tile_naming.as_str())));
        }
        if self.first_tile != 0 {
            lines.push(format!("\"first_tile\": {}", self.first_tile));
        }
        if self.row_order != "top_down" {
            lines.push(format!("\"row_order\": \"{}\"", self.row_order));
        }
        format!("{{\n  {}\n}}\n", lines.join(",\n  "))
    }
}
