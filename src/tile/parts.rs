//! What a tile is made from: parts of other tiles, side by side.

use super::TileImage;
use crate::geometry::{Mosaic, Piece, Rect, Scale, Size, Tile};
use crate::jpeg::JpegTile;
use crate::png::PngImage;
use crate::raster::{Raster, Sample};
use arrayvec::ArrayVec;
use std::borrow::Borrow;

/// A tile is made from its children and, with overlap, a ring of tiles around them: 4 x 4. A list on the heap would be one more
/// allocation for each tile.
pub(super) const MAX_PARTS: usize = 16;

/// A part of a decoded tile, and its place.
#[derive(Debug)]
pub struct Part<'a, I> {
    /// The tile.
    pub image: &'a I,
    /// The part, in pixels of the tile.
    pub from: Rect,
    /// Where the part belongs, in pixels from the left.
    pub x: u32,
    /// The same from the top.
    pub y: u32,
}

impl<I> Clone for Part<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Part<'_, I> {}

impl<'a, I> Part<'a, I> {
    /// The same part of another form of the tile.
    pub(super) fn with<J>(self, image: &'a J) -> Part<'a, J> {
        let Self { from, x, y, .. } = self;
        Part { image, from, x, y }
    }
}

/// Parts of tiles that cover a rectangle.
#[derive(Debug)]
pub struct Parts<'a, I> {
    /// The size of the rectangle in pixels.
    pub size: Size,
    /// Whether the tile made from it has half its size.
    pub scale: Scale,
    /// The parts, row by row.
    pub parts: ArrayVec<Part<'a, I>, MAX_PARTS>,
}

impl<'a> Parts<'a, TileImage> {
    /// Up to four whole tiles, halved: top left, top right, bottom left and bottom right. The top left one decides where the
    /// others begin; without it there are none.
    #[must_use]
    pub fn of_children(children: [Option<&'a TileImage>; 4]) -> Self {
        Self::of_four(children, TileImage::size)
    }

    /// The pieces of a mosaic; `None` if the image of a tile is missing.
    #[must_use]
    pub fn of_mosaic(mosaic: &Mosaic, image: impl Fn(Tile) -> Option<&'a TileImage>) -> Option<Self> {
        let part = |&Piece { tile, from, x, y }: &Piece| Some(Part { image: image(tile)?, from, x, y });
        // A mosaic has no more pieces than there are parts.
        let parts = mosaic.pieces.iter().take(MAX_PARTS).map(part).collect::<Option<_>>()?;
        Some(Self { size: mosaic.size, scale: mosaic.scale, parts })
    }

    pub(super) fn jpeg(&self) -> Parts<'a, JpegTile> {
        self.filter_map(|image| image.as_jpeg())
    }

    pub(super) fn png(&self) -> Parts<'a, PngImage> {
        self.filter_map(|image| image.as_png())
    }
}

impl<'a, I> Parts<'a, I> {
    pub(super) fn of_four(children: [Option<&'a I>; 4], size_of: impl Fn(&I) -> Size) -> Self {
        let [first, right, below, _] = children.map(|child| child.map_or(Size::new(0, 0), &size_of));
        let (width, height) = (first.width + right.width, first.height + below.height);
        let places = [(0, 0), (first.width, 0), (0, first.height), (first.width, first.height)];
        let parts = children.into_iter().zip(places).filter_map(|(child, (x, y))| {
            let image = child.filter(|_| children[0].is_some())?;
            Some(Part { image, from: Rect { x: 0, y: 0, size: size_of(image) }, x, y })
        });
        Self { size: Size::new(width, height), scale: Scale::Half, parts: parts.collect() }
    }

    /// The same parts of another form of the tiles, without those that do not have it.
    pub(super) fn filter_map<J>(&self, form: impl Fn(&'a I) -> Option<&'a J>) -> Parts<'a, J> {
        let parts = self.parts.iter().filter_map(|part| Some(part.with(form(part.image)?))).collect();
        Parts { size: self.size, scale: self.scale, parts }
    }

    /// The tiles.
    pub(super) fn images(&self) -> impl Iterator<Item = &'a I> + '_ {
        self.parts.iter().map(|part| part.image)
    }
}

/// Joins rasters of the same channels, each with its place, to one of this size in samples.
pub(super) fn join<S: Sample, R: Borrow<Raster<S>>>(
    (width, height): (usize, usize),
    parts: impl IntoIterator<Item = (R, (usize, usize))>,
) -> Raster<S> {
    let mut parts = parts.into_iter().peekable();
    let channels = parts.peek().map_or(1, |(first, _)| first.borrow().channels());
    let mut whole = Raster::new(width, height, channels);
    for (part, (x, y)) in parts {
        whole.paste(part.borrow(), x, y);
    }
    whole
}
