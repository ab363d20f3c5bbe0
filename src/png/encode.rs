//! Pixels to PNG files.

use super::{PngError, PngImage, deflate, filter};
use crate::raster::Samples;
use png::{BitDepth, ColorType, Encoder, Info};
use std::borrow::Cow;

/// A chunk's length must fit 31 bits.
const MAX_CHUNK_BYTES: usize = 1 << 30;

/// Encodes a tile and appends its file to `out`.
pub(crate) fn encode(image: &PngImage, out: &mut Vec<u8>) -> Result<(), PngError> {
    let failed = |error: png::EncodingError| PngError::Encode(error.to_string());
    let (width, height, channels, depth, bytes) = match &image.samples {
        Samples::Eight(raster) => {
            (raster.width(), raster.height(), raster.channels(), BitDepth::Eight, Cow::Borrowed(raster.samples()))
        }
        Samples::Sixteen(raster) => {
            let mut bytes = vec![0; raster.samples().len() * 2];
            for (to, sample) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(raster.samples()) {
                *to = sample.to_be_bytes();
            }
            (raster.width(), raster.height(), raster.channels(), BitDepth::Sixteen, Cow::Owned(bytes))
        }
    };
    let pixel = if depth == BitDepth::Sixteen { channels * 2 } else { channels };
    let rows = filter::rows(&bytes, width * pixel, pixel);
    let mut compressed = Vec::with_capacity(rows.bytes.len() / 2);
    deflate::zlib(&rows, &mut compressed);
    let mut info = Info::with_size(width as u32, height as u32);
    info.icc_profile = image.icc.as_deref().map(Cow::Borrowed);
    let mut encoder = Encoder::with_info(out, info).map_err(failed)?;
    encoder.set_color(match channels {
        1 => ColorType::Grayscale,
        2 => ColorType::GrayscaleAlpha,
        3 => ColorType::Rgb,
        _ => ColorType::Rgba,
    });
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().map_err(failed)?;
    for part in compressed.chunks(MAX_CHUNK_BYTES) {
        writer.write_chunk(png::chunk::IDAT, part).map_err(failed)?;
    }
    writer.finish().map_err(failed)
}
