//! Reduction to half the width and height.
//!
//! A tile is reduced only from its own (up to) four children, stitched to one raster. The last column or row of an odd
//! side is repeated, so that the pixel at `x` of the coarser level always stands for the pixels `2x` and `2x + 1` of
//! the finer one.
//!
//! Filters compute with integers, or with floating point only to fill tables by a fixed sequence of operations, so
//! results are the same on every machine.

mod lanczos;
mod linear;
mod mean;
mod pick;

use crate::raster::Raster;
use crate::raster::Sample;
use serde::{Deserialize, Serialize};

/// How 2x2 pixels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The rounded mean.
    #[default]
    Mean,
    /// Lanczos with three lobes: sharper on photographs.
    Lanczos3,
    /// The top left pixel: for label maps.
    Nearest,
    /// The most frequent pixel: for label maps.
    Mode,
}

impl Filter {
    /// All filters with their names in pyramid.json.
    pub(crate) const NAMES: [(&'static str, Self); 4] =
        [("mean", Self::Mean), ("lanczos3", Self::Lanczos3), ("nearest", Self::Nearest), ("mode", Self::Mode)];

    /// Whether the filter computes new values, so that linear light matters.
    #[must_use]
    pub fn averages(self) -> bool {
        matches!(self, Self::Mean | Self::Lanczos3)
    }
}

/// The sides to halve. Planes of subsampled JPEG components may need only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// Width and height.
    Both,
    /// The width only.
    Horizontal,
    /// The height only.
    Vertical,
}

impl Axes {
    /// The halved size, with odd sides rounded up.
    #[must_use]
    pub fn halved(self, width: usize, height: usize) -> (usize, usize) {
        match self {
            Self::Both => (width.div_ceil(2), height.div_ceil(2)),
            Self::Horizontal => (width.div_ceil(2), height),
            Self::Vertical => (width, height.div_ceil(2)),
        }
    }
}

/// The requirements of all filters on a sample type.
pub trait Reducible: Sample + linear::Curve {}

impl<S: Sample + linear::Curve> Reducible for S {}

/// How pixels are reduced: the `filter` and `linear` keys of pyramid.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reduction {
    /// The filter.
    pub filter: Filter,
    /// Whether sRGB-encoded samples are averaged in linear light. `nearest` and `mode` do not average.
    pub linear: bool,
}

impl Reduction {
    /// Whether each pixel depends only on its own 2x2 pixels.
    #[must_use]
    pub fn is_local(self) -> bool {
        self.filter != Filter::Lanczos3
    }

    /// Halves width and height, with colours weighted by alpha.
    #[must_use]
    pub fn halve<S: Reducible>(self, source: &Raster<S>) -> Raster<S> {
        match (self.filter, self.linear) {
            (Filter::Mean, false) => mean::halve(source),
            (Filter::Mean, true) => linear::halve(source),
            (Filter::Lanczos3, linear) => lanczos::halve(source, Axes::Both, linear),
            (Filter::Nearest, _) => pick::nearest(source, Axes::Both),
            (Filter::Mode, _) => pick::mode(source),
        }
    }

    /// Halves one plane of a JPEG along `axes`. Linear light does not apply to planes.
    #[must_use]
    pub fn halve_plane(self, plane: &Raster<u8>, axes: Axes) -> Raster<u8> {
        match (self.filter, axes) {
            (Filter::Mean, Axes::Both) => mean::halve(plane),
            (Filter::Mean, _) => mean::halve_one_axis(plane, axes),
            (Filter::Lanczos3, _) => lanczos::halve(plane, axes, false),
            (Filter::Mode, Axes::Both) => pick::mode(plane),
            // Of two different samples none is more frequent, and ties go to the first.
            (Filter::Nearest | Filter::Mode, _) => pick::nearest(plane, axes),
        }
    }
}

/// Makes a plane smaller by these factors, each 1, 2 or 4: the means of boxes of that width and height, rounded once.
#[must_use]
pub fn shrink_plane(plane: &Raster<u8>, factors: (usize, usize)) -> Raster<u8> {
    if factors == (2, 2) { mean::halve(plane) } else { mean::shrink(plane, factors) }
}

/// The two rows of `source` for row `y` of the result; an odd last row is repeated.
fn row_pair<S: Sample>(source: &Raster<S>, y: usize) -> (&[S], &[S]) {
    (source.row(2 * y), source.row((2 * y + 1).min(source.height() - 1)))
}

#[cfg(test)]
mod tests;
