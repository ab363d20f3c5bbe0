//! Base tiles from a picture of any size: a band of rows, as high as a tile, is read while the band before it is cut.
//!
//! Two bands are in memory, and, if the pyramid is built in the same pass, what [`RowBuild`](super::RowBuild) keeps.

mod band;
mod picture;

pub use band::{Band, Bands, PicturePart, Steps};
pub use picture::{BaseSink, CutCounts, CutFailure, MAX_UNIFORM_PIXELS, cut_picture};
