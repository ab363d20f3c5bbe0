//! Pixels in memory: rasters of samples, their reduction, colour and orientation.

pub(crate) mod orientation;
#[allow(clippy::module_inception)]
mod raster;
pub mod reduce;
mod sample;
pub(crate) mod vector;
pub(crate) mod ycbcr;

pub use raster::{PixelKind, Raster, Samples};
pub use sample::Sample;
