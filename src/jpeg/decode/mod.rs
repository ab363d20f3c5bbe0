//! Decodes files to coefficients.
//!
//! `decoder` reads the segments in order, `scan_data` the entropy-coded data of each scan. `bands` does the same for
//! files that are not buffered.

mod bands;
pub(super) mod bits;
mod blocks;
mod decoder;
mod header;
mod huffman;
mod pairs;
mod progressive;
mod scan;
mod scan_data;
mod scratch;
mod sequential;
mod table_segments;
mod table_slot;
mod window;

pub use bands::{BandDecoder, BandsError, OpenedJpeg, SeveralScans, open};
pub use header::{JpegHeader, read_header};
pub use scratch::DecodeScratch;

use self::decoder::{DecodeTarget, Decoder, Folding, FrameLimits};
use super::decode_error::JpegError;
use super::fold::{FoldSampling, FoldedImage};
use super::image::{ImageForm, JpegImage};

/// Decodes a JPEG file to its coefficients. See [`decode_into`].
///
/// # Errors
/// As [`decode_into`].
pub fn decode(
    bytes: &[u8],
    expected_size: Option<(u32, u32)>,
    scratch: &mut DecodeScratch,
) -> Result<JpegImage, JpegError> {
    let mut image = JpegImage::default();
    decode_into(bytes, expected_size, scratch, &mut image)?;
    Ok(image)
}

/// Decodes a JPEG file to its coefficients, into `image`, reusing its buffers.
///
/// Supports 8-bit Huffman-coded files, baseline, extended sequential and progressive, with one or three components (ITU
/// T.81 SOF0 to SOF2). A frame of another size than `expected_size` (width, height) is refused before anything is
/// allocated. Whatever follows EOI is ignored, and so are the bits of padding after a scan.
///
/// # Errors
/// The file is of another kind, or incomplete, or damaged anywhere up to its last bit. `image` is then unspecified.
pub fn decode_into(
    bytes: &[u8],
    expected_size: Option<(u32, u32)>,
    scratch: &mut DecodeScratch,
    image: &mut JpegImage,
) -> Result<JpegHeader, JpegError> {
    Decoder::run(bytes, FrameLimits::file(bytes, expected_size), scratch, &mut DecodeTarget::whole(image))
}

/// Decodes into `folded` if the image suits `sampling` and can be folded, otherwise into `whole`.
pub(super) fn decode_folding_into(
    bytes: &[u8],
    expected_size: Option<(u32, u32)>,
    sampling: FoldSampling,
    scratch: &mut DecodeScratch,
    whole: &mut JpegImage,
    folded: &mut FoldedImage,
) -> Result<(JpegHeader, ImageForm), JpegError> {
    let folding = Some(Folding { sampling, folded });
    let mut target = DecodeTarget { whole, folding, form: ImageForm::Whole };
    let header = Decoder::run(bytes, FrameLimits::file(bytes, expected_size), scratch, &mut target)?;
    if let DecodeTarget { whole, folding: Some(Folding { sampling, folded }), form: ImageForm::Whole } = &mut target {
        // An image in several scans is folded once it is complete.
        let folds = sampling.core.is_none() || sampling.folds_at_once(whole, (whole.width, whole.height));
        if folds && sampling.fold(whole, folded) {
            target.form = ImageForm::Folded;
        }
    }
    Ok((header, target.form))
}
