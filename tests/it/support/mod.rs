//! Helpers that use the library; all others are in the crate `test_support`.

pub(crate) mod jpeg;

use fast_pyramid::jpeg::JpegImage;
use fast_pyramid::ops::{CutOptions, CutReport, Error, PictureSource, cut};
use fast_pyramid::store::Durability;
use jpeg::Jpeg;
use std::path::Path;
use test_support::pictures::noisy_gradient;

impl Jpeg {
    /// A baseline file: gradients with noise, which gives coefficients of all sizes.
    pub(crate) fn file(self, size: (u32, u32), seed: u64) -> Vec<u8> {
        self.file_of(size, noisy_gradient(seed))
    }
}

/// The options of a quick cut.
pub(crate) fn options(tile_size: u32) -> CutOptions {
    CutOptions { tile_size: Some(tile_size), durability: Durability::Unflushed, ..CutOptions::default() }
}

/// Cuts a picture of these bytes, which is written beside the folder.
pub(crate) fn cut_bytes(bytes: &[u8], folder: &Path, options: &CutOptions) -> Result<CutReport, Error> {
    let picture = folder.with_extension("picture");
    std::fs::write(&picture, bytes).unwrap();
    cut(&PictureSource::File(picture), folder, options)
}

/// The coefficients of a JPEG.
pub(crate) fn coefficients(bytes: &[u8]) -> JpegImage {
    fast_pyramid::jpeg::decode(bytes, None, &mut fast_pyramid::jpeg::Scratch::default()).unwrap()
}
