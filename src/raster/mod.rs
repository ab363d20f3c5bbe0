//! Pixels in memory: rasters of samples, their reduction, colour and orientation.

mod colour_profile;
mod difference;
pub(crate) mod orientation;
#[allow(clippy::module_inception)]
mod raster;
pub mod reduce;
mod sample;
pub(crate) mod vector;
pub(crate) mod ycbcr;

pub use colour_profile::{ProfileMeaning, profile_meaning, show_same_colours};
pub use difference::largest_block_difference;
pub use raster::{PixelKind, Raster, Samples};
pub use sample::Sample;
