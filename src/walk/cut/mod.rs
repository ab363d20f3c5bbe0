//! Base tiles from a picture of any size: a band of rows, as high as a tile, is read while the one before it is cut.
//!
//! Sees rows and tiles, never paths. Two bands are held, and with a pyramid built on the way what [`RowBuild`](crate::walk::RowBuild) holds.

mod band;
mod run;

pub use band::{Band, Bands};
pub use run::{BaseSink, CutCounts, CutFailure, MAX_UNIFORM_PIXELS, RowWatch, run};
