//! JPEG tiles with overlap, reduced to what the tiles made of them need: halved luma of the core, and chroma as stored.
//!
//! That is a quarter of the memory of their coefficients, and each tile is transformed to samples once, although up to four
//! parents show parts of it. It serves the mean and even tile sizes, where no 2x2 pixels straddle two cores; the results are
//! those of [`PlaneReduction::OneMean`](super::jpeg_planes::PlaneReduction), which remains for odd tile sizes.
//!
//! Chroma is averaged on the grid of the parent, which may lie between the samples of the children: each 2x2 pixels count with
//! the samples that stand for them, and all are rounded once.

use super::jpeg_planes::{StoredPlane, stored_planes, ycbcr_planes};
use super::parts::{Part, Parts};
use crate::geometry::{Rect, Size, TileShape};
use crate::jpeg::{Colour, JpegImage};
use crate::raster::Raster;
use crate::raster::reduce::shrink_plane;
use std::sync::Arc;

/// A tile as planes of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct HalvedTile {
    size: Size,
    core: Rect,
    colour: Colour,
    icc: Option<Arc<[u8]>>,
    /// Means of 2x2 pixels of the core: of luma, or of red, green and blue.
    halves: Vec<Raster<u8>>,
    /// Both chroma components of the tile as stored.
    chroma: Vec<StoredPlane>,
    /// An RGB tile beside others that are not.
    as_ycbcr: Option<Box<HalvedTile>>,
}

impl HalvedTile {
    /// The planes of an image, which is a tile of this shape.
    pub(super) fn of(image: &JpegImage, shape: TileShape) -> Self {
        let planes = stored_planes(image);
        let as_ycbcr = (image.colour == Colour::Rgb)
            .then(|| Box::new(Self::of_planes(ycbcr_planes(image), Colour::YCbCr, shape, None)));
        Self { as_ycbcr, ..Self::of_planes(planes, image.colour, shape, image.icc.clone()) }
    }

    fn of_planes(mut planes: Vec<StoredPlane>, colour: Colour, shape: TileShape, icc: Option<Arc<[u8]>>) -> Self {
        let core = shape.core;
        let chroma = if colour == Colour::YCbCr { planes.split_off(1) } else { Vec::new() };
        let halve = |plane: StoredPlane| shrink_plane(&plane.expanded(shape.size).part(core), (2, 2));
        let halves = planes.into_iter().map(halve).collect();
        Self { size: shape.size, core, colour, icc, halves, chroma, as_ycbcr: None }
    }

    /// The size in pixels.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    pub(super) fn icc(&self) -> Option<&Arc<[u8]>> {
        self.icc.as_ref()
    }

    pub(super) fn colour(&self) -> Colour {
        self.colour
    }

    /// The tile as one of a parent of this colour.
    fn suited(&self, colour: Colour) -> &Self {
        self.as_ycbcr.as_deref().filter(|_| colour == Colour::YCbCr).unwrap_or(self)
    }
}

/// The planes of the parent of these parts, whose chroma samples stand for `chroma_step` of its pixels along each axis, 1 or 2.
pub(super) fn parent_planes(parts: &Parts<'_, HalvedTile>, colour: Colour, chroma_step: u8) -> Vec<Raster<u8>> {
    let plane = |index: usize| match (colour, index) {
        (Colour::YCbCr, 1..) => {
            let sums = chroma_sums(parts, index - 1);
            if chroma_step == 2 { quarters(&sums) } else { sums.map(|sum| ((sum + 2) >> 2) as u8) }
        }
        _ => joined_halves(parts, colour, index),
    };
    (0..colour.component_count()).map(plane).collect()
}

/// The place of a part in its tile's halves, its place among those of the parent, and its size there.
fn halved_place(part: &Part<'_, HalvedTile>) -> ((usize, usize), (usize, usize), (usize, usize)) {
    let Part { image, from, x, y } = part;
    let own = ((from.x - image.core.x) as usize / 2, (from.y - image.core.y) as usize / 2);
    let size = (from.size.width.div_ceil(2) as usize, from.size.height.div_ceil(2) as usize);
    (own, (*x as usize / 2, *y as usize / 2), size)
}

fn joined_halves(parts: &Parts<'_, HalvedTile>, colour: Colour, index: usize) -> Raster<u8> {
    let (width, height) = (parts.size.width.div_ceil(2) as usize, parts.size.height.div_ceil(2) as usize);
    let mut joined = Raster::new(width, height, 1);
    for part in &parts.parts {
        let ((left, top), (x, y), (wide, high)) = halved_place(part);
        let tile = part.image.suited(colour);
        // Grey is the same in each colour.
        let Some(halves) = tile.halves.get(index).or(tile.halves.first()) else { continue };
        for row in 0..high {
            joined.row_mut(y + row)[x..x + wide].copy_from_slice(&halves.row(top + row)[left..left + wide]);
        }
    }
    joined
}

/// The sums of a chroma component over 2x2 pixels of the parts, with the last column or row of an odd side repeated.
fn chroma_sums(parts: &Parts<'_, HalvedTile>, index: usize) -> Raster<u16> {
    let (width, height) = (parts.size.width.div_ceil(2) as usize, parts.size.height.div_ceil(2) as usize);
    let mut sums = Raster::new(width, height, 1);
    for part in &parts.parts {
        let (_, (x, y), (wide, high)) = halved_place(part);
        let tile = part.image.suited(Colour::YCbCr);
        let plane = tile.chroma.get(index);
        for row in 0..high {
            let out = &mut sums.row_mut(y + row)[x..x + wide];
            match plane {
                Some(plane) => plane.sum_pairs(part.from, row, out),
                None => out.fill(4 * 128),
            }
        }
    }
    sums
}

/// A quarter of the sums over 2x2, as means of the sixteen pixels that they stand for.
fn quarters(sums: &Raster<u16>) -> Raster<u8> {
    let (width, height) = (sums.width(), sums.height());
    let mut means = Raster::new(width.div_ceil(2), height.div_ceil(2), 1);
    let mean = |four: u16| ((four + 8) >> 4) as u8;
    for y in 0..means.height() {
        let (upper, lower) = (sums.row(2 * y), sums.row((2 * y + 1).min(height - 1)));
        let out = means.row_mut(y);
        let (upper, upper_last) = upper.as_chunks::<2>();
        let (lower, lower_last) = lower.as_chunks::<2>();
        for ((to, [a, b]), [c, d]) in out.iter_mut().zip(upper).zip(lower) {
            *to = mean(a + b + c + d);
        }
        if let (Some(to), [a], [c]) = (out.last_mut(), upper_last, lower_last) {
            *to = mean(2 * (a + c));
        }
    }
    means
}
