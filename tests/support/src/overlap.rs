//! Pyramids with overlap: which pixels a tile shows, and what the levels are cut from.

use std::path::Path;

use super::reference::{Filter, Picture, Tiles, grid, halve, level_sizes};

/// What the user's base tiles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseKind {
    /// Without overlap: the base level of each tree is composed of them.
    Plain,
    /// With overlap: trees link to them.
    Overlapping,
}

impl BaseKind {
    /// As pyramid.json states it.
    pub fn name(self) -> &'static str {
        match self {
            BaseKind::Plain => "plain",
            BaseKind::Overlapping => "overlapping",
        }
    }
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left edge, inclusive.
    pub left: usize,
    /// Top edge, inclusive.
    pub top: usize,
    /// Right edge, exclusive.
    pub right: usize,
    /// Bottom edge, exclusive.
    pub bottom: usize,
}

impl Area {
    /// In pixels.
    pub fn width(self) -> usize {
        self.right - self.left
    }

    /// In pixels.
    pub fn height(self) -> usize {
        self.bottom - self.top
    }

    /// The pixels in both, if any.
    pub fn shared(self, other: Area) -> Option<Area> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let (right, bottom) = (self.right.min(other.right), self.bottom.min(other.bottom));
        (left < right && top < bottom).then_some(Area { left, top, right, bottom })
    }

    /// The same pixels, counted from the top left corner of `whole`, which holds them.
    pub fn within(self, whole: Area) -> Area {
        Area {
            left: self.left - whole.left,
            top: self.top - whole.top,
            right: self.right - whole.left,
            bottom: self.bottom - whole.top,
        }
    }

    /// That part of a picture whose top left pixel is at `origin`.
    pub fn of(self, picture: &Picture, origin: (usize, usize)) -> Picture {
        picture.cut(self.left - origin.0, self.top - origin.1, self.width(), self.height())
    }

    /// The pixels that it is halved to.
    pub fn halved(self) -> Area {
        let Area { left, top, right, bottom } = self;
        Area { left: left / 2, top: top / 2, right: right.div_ceil(2), bottom: bottom.div_ceil(2) }
    }
}

/// The shape of a pyramid.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Of the picture.
    pub width: usize,
    /// Of the picture.
    pub height: usize,
    /// The side of a tile without overlap.
    pub tile_size: usize,
    /// Pixels that a tile shows of each neighbour.
    pub overlap: usize,
    /// Without overlap, both kinds are the same.
    pub base: BaseKind,
}

impl Shape {
    /// The shape of a pyramid without overlap.
    pub fn without_overlap(width: usize, height: usize, tile_size: usize) -> Shape {
        Shape { width, height, tile_size, overlap: 0, base: BaseKind::Plain }
    }

    /// Whether trees have a base level of their own, instead of links to the user's tiles.
    pub fn composes_base(&self) -> bool {
        self.overlap > 0 && self.base == BaseKind::Plain
    }

    /// The places of base tiles, row by row.
    pub fn places(&self) -> Vec<(usize, usize)> {
        grid(self.width, self.height, self.tile_size)
    }

    /// The pixels of the picture that the user's tile at this place holds.
    pub fn source_area(&self, place: (usize, usize)) -> Area {
        let overlap = if self.base == BaseKind::Plain { 0 } else { self.overlap };
        tile_area((self.width, self.height), self.tile_size, overlap, place)
    }

    /// The pixels of the picture that belong to the tile at this place alone.
    pub fn core(&self, place: (usize, usize)) -> Area {
        tile_area((self.width, self.height), self.tile_size, 0, place)
    }

    /// The pixels that a tile of a level of this size shows.
    pub fn shown_area(&self, level: (usize, usize), place: (usize, usize)) -> Area {
        tile_area(level, self.tile_size, self.overlap, place)
    }

    /// The user's tiles of a picture.
    pub fn cut(&self, picture: &Picture) -> Tiles {
        self.places().into_iter().map(|place| (place, self.source_area(place).of(picture, (0, 0)))).collect()
    }

    /// The picture that the user's tiles show, which must be of one kind: their cores side by side.
    pub fn mosaic(&self, tiles: &Tiles) -> Picture {
        let mut whole = Picture::new(self.width, self.height, tiles.values().next().unwrap().kind());
        for (&place, tile) in tiles {
            let (core, held) = (self.core(place), self.source_area(place));
            whole.paste(&core.of(tile, (held.left, held.top)), core.left, core.top);
        }
        whole
    }

    /// What every tile of a lossless pyramid of a picture shows, from level 0 to the base, with the 2x2 mean.
    pub fn levels(&self, picture: &Picture) -> Vec<Tiles> {
        let mut shown = picture.clone();
        let mut levels = Vec::new();
        for _ in level_sizes(self.width, self.height) {
            let size = (shown.width, shown.height);
            let places = grid(size.0, size.1, self.tile_size).into_iter();
            levels.insert(0, places.map(|place| (place, self.shown_area(size, place).of(&shown, (0, 0)))).collect());
            shown = halve(&shown, Filter::Mean, false);
        }
        levels
    }

    /// The text of pyramid.json, with these keys besides the shape. The kind of base tiles is left to be detected.
    pub fn spec(&self, more: &str) -> String {
        let Shape { width, height, tile_size, overlap, .. } = self;
        format!("{{ width: {width}, height: {height}, tile_size: {tile_size}, overlap: {overlap}, {more} }}")
    }
}

/// The pixels of a level of this size that a tile shows.
pub fn tile_area(
    (width, height): (usize, usize),
    tile_size: usize,
    overlap: usize,
    (column, row): (usize, usize),
) -> Area {
    Area {
        left: (column * tile_size).saturating_sub(overlap),
        top: (row * tile_size).saturating_sub(overlap),
        right: ((column + 1) * tile_size + overlap).min(width),
        bottom: ((row + 1) * tile_size + overlap).min(height),
    }
}

/// Gives a pyramid without overlap one, for which its base tiles are plain.
pub fn set_overlap(pyramid_dir: &Path, overlap: usize) {
    let path = pyramid_dir.join("pyramid.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let key = ["overlap: 0", "\"overlap\": 0"].into_iter().find(|key| text.contains(key)).unwrap();
    let new = key.replace('0', &overlap.to_string());
    std::fs::write(path, text.replace(key, &new)).unwrap();
}
