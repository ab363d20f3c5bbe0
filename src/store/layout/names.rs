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
/// The longest, a link to a generated tile with the highest numbers, has 61 bytes.
pub(crate) type TileText = ArrayString<64>;

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

/// The name of a base tile within its source folder.
#[must_use]
pub(crate) fn source_name(naming: TileNaming, column: u32, row: u32, format: &TileFormat) -> TileText {
    let (first, second) = naming.numbers(column, row);
    text(format_args!("{first}_{second}.{}", format.extension()))
}

/// The path of a tile within its tree.
#[must_use]
pub fn tile_path(tile: Tile, format: &TileFormat) -> String {
    path_in_tree(tile, format).as_str().to_owned()
}

pub(super) fn path_in_tree(tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("{LEVELS}/{}/{}", tile.level, tile_name(tile, format)))
}

/// A file name of the form that tiles have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileName<'a> {
    /// Column and row, in the order in which they are written.
    pub(crate) numbers: (u32, u32),
    pub(crate) extension: &'a str,
}

impl<'a> TileName<'a> {
    pub(crate) fn parse(name: &'a OsStr) -> Option<Self> {
        let (stem, extension) = name.to_str()?.split_once('.')?;
        let (first, second) = stem.split_once('_')?;
        Some(Self { numbers: (canonical_number(first)?, canonical_number(second)?), extension })
    }
}
