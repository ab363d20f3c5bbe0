//! PNG files to pixels.

use super::{PngError, PngImage};
use crate::geometry::Size;
use crate::raster::orientation;
use crate::raster::{Raster, Samples};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info};
use std::io::Cursor;
use std::sync::Arc;

/// Decodes a PNG of this size, and checks every checksum and the end.
pub(crate) fn decode(bytes: &[u8], size: Size) -> Result<PngImage, PngError> {
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_transformations(png::Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(|error| damaged(&error))?;
    let found = Size::new(header.width, header.height);
    if found != size {
        return Err(PngError::WrongSize { expected: size, found });
    }
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    if !is_palette_whole(reader.info()) {
        return Err(PngError::Damaged(BAD_PALETTE.into()));
    }
    let (colour, depth) = reader.output_color_type();
    let length = reader.output_buffer_size().ok_or_else(|| PngError::Damaged("too large".into()))?;
    let mut samples = vec![0; length];
    reader.next_frame(&mut samples).map_err(|error| damaged(&error))?;
    reader.finish().map_err(|error| damaged(&error))?;
    let info = reader.info();
    if let Some(turned) = info.exif_metadata.as_deref().and_then(orientation::in_tiff).filter(|&value| value != 1) {
        return Err(PngError::Rotated(turned));
    }
    let icc = info.icc_profile.as_deref().map(Arc::from);
    let samples = shape(samples, size, colour, depth).ok_or_else(|| PngError::Damaged("too few samples".into()))?;
    Ok(PngImage { samples, icc })
}

/// The ICC profile of a PNG, if it has one; nothing if its chunks before the pixels cannot be read.
pub(crate) fn read_profile(bytes: &[u8]) -> Option<Option<Arc<[u8]>>> {
    let reader = Decoder::new(Cursor::new(bytes)).read_info().ok()?;
    Some(reader.info().icc_profile.as_deref().map(Arc::from))
}

/// The problem of a PNG whose palette [`is_palette_whole`] refuses.
pub(crate) const BAD_PALETTE: &str = "a palette with incomplete colours";

/// Whether a palette, if there is one, has three bytes per colour (PNG 11.2.2). The crate does not check it.
pub(crate) fn is_palette_whole(info: &Info<'_>) -> bool {
    info.palette.as_ref().is_none_or(|palette| palette.len().is_multiple_of(3) && palette.len() <= 768)
}

fn damaged(error: &DecodingError) -> PngError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PngError::Damaged("the file is truncated".into())
        }
        DecodingError::Format(error) if error.to_string().contains("signature") => {
            PngError::Damaged("not a PNG file".into())
        }
        DecodingError::LimitsExceeded => PngError::Damaged("metadata too large".into()),
        other => PngError::Damaged(other.to_string()),
    }
}

fn shape(bytes: Vec<u8>, size: Size, colour: ColorType, depth: BitDepth) -> Option<Samples> {
    let (width, height, channels) = (size.width as usize, size.height as usize, colour.samples());
    if depth == BitDepth::Sixteen {
        let samples = bytes.as_chunks::<2>().0.iter().map(|&sample| u16::from_be_bytes(sample)).collect();
        Raster::from_samples(width, height, channels, samples).map(Samples::Sixteen)
    } else {
        Raster::from_samples(width, height, channels, bytes).map(Samples::Eight)
    }
}
