//! Helpers that use the library; all others are in the crate `test_support`.

pub(crate) mod jpeg;

use fast_pyramid::jpeg::JpegImage;
use fast_pyramid::ops::{BuildOptions, CutOptions, CutReport, Error, PictureSource, cut};
use fast_pyramid::store::{Durability, Locking};
use jpeg::Jpeg;
use std::num::NonZeroUsize;
use std::path::Path;
use test_support::limited::HANG_TIMEOUT;
use test_support::pictures::noisy_gradient;

impl Jpeg {
    /// A baseline file: gradients with noise, which gives coefficients of all sizes.
    pub(crate) fn file(self, size: (u32, u32), seed: u64) -> Vec<u8> {
        self.file_of(size, noisy_gradient(seed))
    }
}

/// Waits for locks, as a process that another test starts has this one's locks until it runs its own program.
pub(crate) fn patient() -> Locking {
    Locking { wait: HANG_TIMEOUT, ..Locking::default() }
}

/// The options of a quick build with this number of threads, or one per processor.
pub(crate) fn build_options(threads: Option<usize>) -> BuildOptions {
    let threads = threads.and_then(NonZeroUsize::new);
    BuildOptions { threads, durability: Durability::Unflushed, locking: patient(), ..BuildOptions::default() }
}

/// The options of a quick cut.
pub(crate) fn options(tile_size: u32) -> CutOptions {
    let (tile_size, durability) = (Some(tile_size), Durability::Unflushed);
    CutOptions { tile_size, durability, locking: patient(), ..CutOptions::default() }
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
