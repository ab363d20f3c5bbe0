//! Levels whose tiles overlap, by the rule of cores: each pixel is that of the tile whose core contains it.

use super::{Filter, Kind, Picture, TiledBase, Tiles, grid, halve, read_picture};
use crate::overlap::{Area, tile_area};
use std::collections::BTreeMap;
use std::path::Path;

/// The tiles of one level, each with up to `overlap` pixels more on every side where the level goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlappingLevel {
    /// Of the level in pixels.
    pub width: usize,
    /// Of the level in pixels.
    pub height: usize,
    /// Side of a full core.
    pub tile_size: usize,
    /// Pixels that a tile shows of each neighbour.
    pub overlap: usize,
    /// All tiles of the level.
    pub tiles: Tiles,
}

impl OverlappingLevel {
    /// A level whose tiles are not yet known.
    fn empty((width, height): (usize, usize), tile_size: usize, overlap: usize) -> OverlappingLevel {
        OverlappingLevel { width, height, tile_size, overlap, tiles: Tiles::new() }
    }

    /// Reads `COLUMN_ROW.extension` from a folder, PNG or JPEG; each tile has to be of the right size.
    pub fn read(
        folder: &Path,
        extension: &str,
        size: (usize, usize),
        tile_size: usize,
        overlap: usize,
    ) -> OverlappingLevel {
        let mut level = OverlappingLevel::empty(size, tile_size, overlap);
        for (column, row) in level.places() {
            let name = format!("{column}_{row}.{extension}");
            let tile = read_picture(&folder.join(&name));
            let area = level.area((column, row));
            assert_eq!((tile.width, tile.height), (area.width(), area.height()), "{name} in {}", folder.display());
            level.tiles.insert((column, row), tile);
        }
        level
    }

    /// Plain base tiles are a level without overlap.
    pub fn of_plain(base: &TiledBase) -> OverlappingLevel {
        let mut level = OverlappingLevel::empty((base.width, base.height), base.tile_size, 0);
        level.tiles = base.tiles.clone();
        level
    }

    /// The same level with tiles that overlap by this many pixels: the base level that plain base tiles give.
    pub fn with_overlap(&self, overlap: usize) -> OverlappingLevel {
        let mut level = OverlappingLevel::empty((self.width, self.height), self.tile_size, overlap);
        for place in level.places() {
            level.tiles.insert(place, self.shown_in(level.area(place)));
        }
        level
    }

    /// The next coarser level.
    pub fn coarser(&self, filter: Filter, linear: bool) -> OverlappingLevel {
        let size = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut level = OverlappingLevel::empty(size, self.tile_size, self.overlap);
        for place in level.places() {
            level.tiles.insert(place, halve(&self.shown_in(self.halved_to(level.area(place))), filter, linear));
        }
        level
    }

    /// All (column, row) of the level.
    pub fn places(&self) -> Vec<(usize, usize)> {
        grid(self.width, self.height, self.tile_size)
    }

    /// What a tile shows of the level.
    pub fn area(&self, place: (usize, usize)) -> Area {
        tile_area((self.width, self.height), self.tile_size, self.overlap, place)
    }

    /// The part of this level that becomes an area of the next coarser one.
    fn halved_to(&self, area: Area) -> Area {
        let Area { left, top, right, bottom } = area;
        let (right, bottom) = ((2 * right).min(self.width), (2 * bottom).min(self.height));
        Area { left: 2 * left, top: 2 * top, right, bottom }
    }

    /// The whole level.
    pub fn whole(&self) -> Picture {
        self.shown_in(Area { left: 0, top: 0, right: self.width, bottom: self.height })
    }

    /// A part of the level, of the widest kind that any tile has whose core shows in it.
    fn shown_in(&self, area: Area) -> Picture {
        let owner = |x: usize, y: usize| (x / self.tile_size, y / self.tile_size);
        let mut owners = BTreeMap::new();
        let mut kind = Kind::default();
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let tile = &self.tiles[&owner(x, y)];
                owners.insert(owner(x, y), tile);
                kind = kind.widest(tile.kind());
            }
        }
        let widened: Tiles = owners.into_iter().map(|(place, tile)| (place, tile.widened(kind))).collect();

        let mut picture = Picture::new(area.width(), area.height(), kind);
        for y in 0..area.height() {
            for x in 0..area.width() {
                let (level_x, level_y) = (area.left + x, area.top + y);
                let place = owner(level_x, level_y);
                let Area { left, top, .. } = self.area(place);
                picture.set_pixel(x, y, widened[&place].pixel(level_x - left, level_y - top));
            }
        }
        picture
    }
}
