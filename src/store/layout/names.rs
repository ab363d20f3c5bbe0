//! The names of tiles in source folders and in trees.

use crate::format::{TileFormat, TileNaming};
use crate::geometry::Tile;
use crate::store::layout::canonical_number;
use arrayvec::ArrayString;
use std::ffi::OsStr;
use std::fmt::{self, Write};

/// The descriptor within a tree.
pub(crate) const DESCRIPTOR: &str = "dzi.xml";

/// The folder of the level folders within a tree.
pub(crate) const LEVELS: &str = "dzi_files";

/// A tile's name, path in a tree or link target, on the stack.
///
/// The longest, a link to a source tile with the longest pattern and the highest numbers, has 156 bytes.
pub(crate) type TileText = ArrayString<160>;

pub(super) fn text(parts: fmt::Arguments<'_>) -> TileText {
    let mut text = TileText::new();
    let written = text.write_fmt(parts);
    debug_assert!(written.is_ok());
    text
}

/// The name of a tile within its level folder: always column first.
#[must_use]
pub(crate) fn tile_name(tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("{}_{}.{}", tile.column, tile.row, format.extension()))
}

/// The names of base tiles within their version's folder. They contain `/` if the tiles are in folders of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceNames<'a> {
    pub(crate) naming: &'a TileNaming,
    pub(crate) format: &'a TileFormat,
    /// The rows of the base grid, which may be counted from the bottom.
    pub(crate) rows: u32,
}

impl SourceNames<'_> {
    /// The name of the tile at `column`, `row`.
    #[must_use]
    pub(crate) fn name(self, column: u32, row: u32) -> TileText {
        let mut text = TileText::new();
        let numbers = self.naming.numbers(column, row, self.rows);
        let written = self.naming.pattern.write(numbers, &mut text);
        let written = written.and_then(|()| write!(text, ".{}", self.format.extension()));
        debug_assert!(written.is_ok());
        text
    }
}

/// The path of a tile within its tree.
#[must_use]
pub fn tile_path(tile: Tile, format: &TileFormat) -> String {
    path_in_tree(tile, format).as_str().to_owned()
}

pub(super) fn path_in_tree(tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("{LEVELS}/{}/{}", tile.level, tile_name(tile, format)))
}

/// The name of a tile in a level folder of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileName<'a> {
    pub(crate) column: u32,
    pub(crate) row: u32,
    pub(crate) extension: &'a str,
}

impl<'a> TileName<'a> {
    pub(crate) fn parse(name: &'a OsStr) -> Option<Self> {
        let (stem, extension) = name.to_str()?.split_once('.')?;
        let (column, row) = stem.split_once('_')?;
        Some(Self { column: canonical_number(column)?, row: canonical_number(row)?, extension })
    }
}
