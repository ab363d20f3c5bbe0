//! Cutting into tiles and putting together, and the sizes of levels.

use super::{Kind, Picture, read_picture, write_png};
use std::collections::BTreeMap;
use std::path::Path;

/// Tiles of one level by (column, row).
pub type Tiles = BTreeMap<(usize, usize), Picture>;

/// A base level. Its tiles may be of several kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiledBase {
    /// Of the whole picture.
    pub width: usize,
    /// Of the whole picture.
    pub height: usize,
    /// Largest width and height of a tile.
    pub tile_size: usize,
    /// All base tiles.
    pub tiles: Tiles,
}

impl TiledBase {
    /// Cuts a whole picture.
    pub fn cut(picture: &Picture, tile_size: usize) -> TiledBase {
        TiledBase { width: picture.width, height: picture.height, tile_size, tiles: cut_into_tiles(picture, tile_size) }
    }

    /// Reads `COLUMN_ROW.extension` from a folder, PNG or JPEG.
    pub fn read(folder: &Path, extension: &str, width: usize, height: usize, tile_size: usize) -> TiledBase {
        let mut tiles = Tiles::new();
        for (column, row) in grid(width, height, tile_size) {
            let path = folder.join(format!("{column}_{row}.{extension}"));
            tiles.insert((column, row), read_picture(&path));
        }
        TiledBase { width, height, tile_size, tiles }
    }

    /// Writes every tile as `COLUMN_ROW.png`.
    pub fn write_png(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for ((column, row), tile) in &self.tiles {
            write_png(&folder.join(format!("{column}_{row}.png")), tile);
        }
    }
}

/// Width and height of every level, from level 0 to the base.
pub fn level_sizes(width: usize, height: usize) -> Vec<(usize, usize)> {
    let mut sizes = vec![(width, height)];
    let (mut w, mut h) = (width, height);
    while w > 1 || h > 1 {
        w = w / 2 + w % 2;
        h = h / 2 + h % 2;
        sizes.insert(0, (w, h));
    }
    sizes
}

/// Columns for a width, or rows for a height.
pub fn count(length: usize, tile_size: usize) -> usize {
    let mut tiles = 0;
    while tiles * tile_size < length {
        tiles += 1;
    }
    tiles
}

/// All (column, row) of a level, row after row.
pub fn grid(width: usize, height: usize, tile_size: usize) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for row in 0..count(height, tile_size) {
        for column in 0..count(width, tile_size) {
            places.push((column, row));
        }
    }
    places
}

/// Cuts a level into its tiles.
pub fn cut_into_tiles(picture: &Picture, tile_size: usize) -> Tiles {
    let mut tiles = Tiles::new();
    for (column, row) in grid(picture.width, picture.height, tile_size) {
        let (left, top) = (column * tile_size, row * tile_size);
        let width = tile_size.min(picture.width - left);
        let height = tile_size.min(picture.height - top);
        tiles.insert((column, row), picture.cut(left, top, width, height));
    }
    tiles
}

/// Puts tiles together, wherever the first column and row start; the result is of their widest kind.
pub fn stitch(tiles: &Tiles) -> Picture {
    let first_column = tiles.keys().map(|place| place.0).min().unwrap();
    let first_row = tiles.keys().map(|place| place.1).min().unwrap();
    let kind = tiles.values().fold(Kind::default(), |kind, tile| kind.widest(tile.kind()));

    // The first row of tiles has all widths, the first column all heights.
    let mut left_of = BTreeMap::new();
    let mut width = 0;
    for ((column, row), tile) in tiles {
        if *row == first_row {
            left_of.insert(*column, width);
            width += tile.width;
        }
    }
    let mut top_of = BTreeMap::new();
    let mut height = 0;
    for ((column, row), tile) in tiles {
        if *column == first_column {
            top_of.insert(*row, height);
            height += tile.height;
        }
    }

    let mut whole = Picture::new(width, height, kind);
    for ((column, row), tile) in tiles {
        whole.paste(&tile.widened(kind), left_of[column], top_of[row]);
    }
    whole
}
