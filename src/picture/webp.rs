//! WebP, by the `image-webp` crate, which decodes whole pictures.
//!
//! Only from files: the crate reads from several places, and WebP cannot have more than 16383 pixels a side, so that a
//! stream of it is hardly worth memory of its own.

use super::{Depth, Picture, PictureError, PictureInfo, PictureKind, profile, whole};
use crate::codec::{Samples, orientation};
use crate::geometry::Size;
use crate::pixels::Raster;
use image_webp::{DecodingError, WebPDecoder};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

/// Bytes that a profile or Exif data may take.
const METADATA: usize = 16 << 20;
/// Pixels of a canvas whose bytes the crate can count: it does so in 32 bits.
const MOST_PIXELS: u64 = u32::MAX as u64 / 4;

/// Opens a WebP file at its first byte and reads its headers.
pub(super) fn open(mut file: BufReader<File>) -> Result<Picture, PictureError> {
    complete(&mut file)?;
    let mut decoder = WebPDecoder::new(file).map_err(damaged)?;
    decoder.set_memory_limit(METADATA);
    let (width, height) = decoder.dimensions();
    let stored = Size::new(width, height);
    if width == 0 || height == 0 {
        // The crate takes 16384 for 0.
        return Err(PictureError::Unsupported("it is a WebP of 16384 pixels a side, which cannot be decoded".into()));
    }
    if stored.pixels() > MOST_PIXELS {
        return Err(PictureError::Unsupported(format!("it is a WebP of {stored} pixels; its canvas is too large")));
    }
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let exif = decoder.exif_metadata().map_err(damaged)?;
    let exif = exif.as_deref().map(|bytes| bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes));
    let orientation = exif.and_then(orientation::in_tiff).unwrap_or(1);
    let (icc, warning) = profile::fitting(decoder.icc_profile().map_err(damaged)?.as_deref(), channels);
    let animated = decoder.num_frames() > 1;
    let info = PictureInfo {
        kind: PictureKind::WebP,
        size: whole::shown(stored, orientation),
        channels,
        depth: Depth::Eight,
        palette: false,
        icc,
        orientation,
        held: held(&mut decoder, stored),
        warnings: animated
            .then(|| "an animation: only its first picture is shown".into())
            .into_iter()
            .chain(warning)
            .collect(),
    };
    let rows = whole::Whole::new(orientation, move || decode(decoder, stored, channels));
    Ok(Picture::new(info, "WebP is decoded as a whole", Box::new(rows)))
}

/// Bytes held at most, while it is decoded: the picture, and what the crate has beside it.
fn held(decoder: &mut WebPDecoder<BufReader<File>>, size: Size) -> u64 {
    let pixels = size.pixels();
    // Rounded up to blocks of 16: luma, and chroma of half as many columns and rows.
    let planes = u64::from(size.width.next_multiple_of(16)) * u64::from(size.height.next_multiple_of(16)) * 3 / 2;
    let alpha = pixels * 5;
    match (decoder.is_animated(), decoder.is_lossy(), decoder.has_alpha()) {
        // The frame, the canvas and the picture.
        (true, ..) => pixels * 12 + planes + alpha,
        (_, true, true) => pixels * 4 + planes + alpha,
        (_, true, false) => pixels * 3 + planes,
        // Transforms and the colours of blocks take less than a pixel each.
        (_, false, true) => pixels * 5,
        (_, false, false) => pixels * 8,
    }
}

fn decode(mut decoder: WebPDecoder<BufReader<File>>, size: Size, channels: usize) -> Result<Samples, PictureError> {
    let length = decoder.output_buffer_size().ok_or_else(whole::wrong_band)?;
    let mut samples = whole::zeros(length)?;
    decoder.read_image(&mut samples).map_err(damaged)?;
    let raster = Raster::from_samples(size.width as usize, size.height as usize, channels, samples);
    raster.map(Samples::Eight).ok_or_else(whole::wrong_band)
}

/// Whether all chunks are there to their last byte: the decoder takes what is missing for zeros here and there. Leaves
/// the file at its first byte.
fn complete(file: &mut BufReader<File>) -> Result<(), PictureError> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut header = [0; 12];
    file.read_exact(&mut header).map_err(ended)?;
    let claimed = 8 + u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
    let mut at = 12;
    while at + 8 <= claimed {
        let mut chunk = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut chunk).map_err(ended)?;
        let size = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
        if at + 8 + size > length {
            let (from, name) = (at + 8, chunk[..4].escape_ascii());
            return Err(PictureError::Damaged(format!(
                "it ends too early: its part '{name}' is to have {size} bytes from byte {from} on, but it has {length}"
            )));
        }
        at += 8 + size + size % 2;
    }
    file.rewind()?;
    Ok(())
}

fn ended(error: std::io::Error) -> PictureError {
    if error.kind() == ErrorKind::UnexpectedEof {
        return PictureError::Damaged("it ends too early".into());
    }
    PictureError::Read(error)
}

fn damaged(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) => ended(error),
        DecodingError::UnsupportedFeature(what) => PictureError::Unsupported(format!("it is a WebP with {what}")),
        DecodingError::MemoryLimitExceeded => PictureError::Damaged("its metadata is too large".into()),
        other => PictureError::Damaged(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
