//! Helpers that use the library; all others are in the crate `test_support`.

pub(crate) mod jpeg;

use fast_pyramid::internals::jpeg::{self as codec, JpegImage};
use fast_pyramid::internals::ops::{unflushed_build, unflushed_cut};
use fast_pyramid::{BuildOptions, CutOptions, CutReport, Error, Locking, PictureSource, cut};
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
    Locking::Wait(HANG_TIMEOUT)
}

/// The options of a quick build with this number of threads, or one per processor.
pub(crate) fn build_options<'a>(threads: Option<usize>) -> BuildOptions<'a> {
    unflushed_build(BuildOptions::default().threads(threads.and_then(NonZeroUsize::new)).locking(patient()))
}

/// The options of a quick cut.
pub(crate) fn options<'a>(tile_size: u32) -> CutOptions<'a> {
    unflushed_cut(CutOptions::default().tile_size(tile_size).locking(patient()))
}

/// Cuts a picture of these bytes, which is written beside the folder.
pub(crate) fn cut_bytes(bytes: &[u8], folder: &Path, options: &CutOptions<'_>) -> Result<CutReport, Error> {
    let picture = folder.with_extension("picture");
    std::fs::write(&picture, bytes).unwrap();
    cut(&PictureSource::File(picture), folder, options)
}

/// The coefficients of a JPEG.
pub(crate) fn coefficients(bytes: &[u8]) -> JpegImage {
    codec::decode(bytes, None, &mut codec::DecodeScratch::default()).unwrap()
}
