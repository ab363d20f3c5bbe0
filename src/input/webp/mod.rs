//! WebP, by the `image-webp` crate, which decodes whole pictures.
//!
//! Only from files: the crate reads from several places, and WebP cannot have more than 16383 pixels a side, so that a
//! stream of it is hardly worth memory of its own.

use super::{Depth, Picture, PictureError, PictureInfo, PictureKind, Reading, profile, whole};
use crate::geometry::Size;
use crate::raster::Raster;
use crate::raster::{Samples, orientation};
use image_webp::{DecodingError, WebPDecoder};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

/// Bytes that a profile or Exif data may take.
const METADATA: usize = 16 << 20;
/// Pixels of a canvas whose bytes the crate can count: it does so in 32 bits.
const MAX_PIXELS: u64 = u32::MAX as u64 / 4;

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
    if stored.pixels() > MAX_PIXELS {
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
        size: whole::upright_size(stored, orientation),
        channels,
        depth: Depth::Eight,
        palette: false,
        icc,
        orientation,
        held: held(&mut decoder, stored),
        reading: Reading::default(),
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

/// Whether all chunks are there to their last byte: the decoder takes what is missing for zeros here and there. And
/// whether lossy pictures have the size that was claimed before: the decoder finds that out after it has taken memory for
/// them, and in an animation with alpha it panics. Leaves the file at its first byte.
fn complete(file: &mut BufReader<File>) -> Result<(), PictureError> {
    let length = file.seek(SeekFrom::End(0))?;
    let riff = chunk_at(file, 0)?;
    let claimed = 8 + u64::from(riff.size);
    let (mut at, mut canvas, mut animated) = (12, None, false);
    while at + 8 <= claimed {
        let Chunk { name, size } = chunk_at(file, at)?;
        let from = at + 8;
        let end = from + u64::from(size);
        if end > length {
            let name = name.escape_ascii();
            return Err(PictureError::Damaged(format!(
                "it ends too early: its part '{name}' is to have {size} bytes from byte {from} on, but it has {length}"
            )));
        }
        match (&name, canvas) {
            (b"VP8X", None) => canvas = Some(sides(bytes_at(file, from + 4)?)),
            (b"VP8 ", Some(canvas)) => lossy_fits(file, from, canvas)?,
            (b"ANMF", _) if !animated => {
                animated = true;
                frame_fits(file, from)?;
            }
            _ => {}
        }
        at = end + end % 2;
    }
    file.rewind()?;
    Ok(())
}

/// The lossy picture in a frame, whose data begin at `at`, if it has one.
fn frame_fits(file: &mut BufReader<File>, at: u64) -> Result<(), PictureError> {
    let frame = sides(bytes_at(file, at + 6)?);
    let Chunk { name, size } = chunk_at(file, at + 16)?;
    match &name {
        b"VP8 " => lossy_fits(file, at + 24, frame),
        b"ALPH" => lossy_fits(file, at + 24 + u64::from(size) + u64::from(size % 2) + 8, frame),
        _ => Ok(()),
    }
}

/// Whether the lossy picture at `at` (RFC 6386, 9.1) has this width and height, and depends on no other.
fn lossy_fits(file: &mut BufReader<File>, at: u64, claimed: [u32; 2]) -> Result<(), PictureError> {
    let header: [u8; 10] = bytes_at(file, at)?;
    let found =
        [[header[6], header[7]], [header[8], header[9]]].map(|side| u32::from(u16::from_le_bytes(side) & 0x3FFF));
    if header[0] & 1 == 0 && found == claimed {
        return Ok(());
    }
    Err(PictureError::Damaged(format!(
        "its pixels are {} and not {}, or depend on a picture before",
        Size::new(found[0], found[1]),
        Size::new(claimed[0], claimed[1])
    )))
}

/// Width and height, less one, in three bytes each.
fn sides(bytes: [u8; 6]) -> [u32; 2] {
    let [a, b, c, d, e, f] = bytes;
    [[a, b, c, 0], [d, e, f, 0]].map(|side| u32::from_le_bytes(side) + 1)
}

/// What a chunk begins with.
struct Chunk {
    name: [u8; 4],
    size: u32,
}

fn chunk_at(file: &mut BufReader<File>, at: u64) -> Result<Chunk, PictureError> {
    let [a, b, c, d, size @ ..]: [u8; 8] = bytes_at(file, at)?;
    Ok(Chunk { name: [a, b, c, d], size: u32::from_le_bytes(size) })
}

fn bytes_at<const LENGTH: usize>(file: &mut BufReader<File>, at: u64) -> Result<[u8; LENGTH], PictureError> {
    let mut bytes = [0; LENGTH];
    // A seek by itself would throw the buffer away, once for each of a million empty chunks.
    let here = file.stream_position()?;
    file.seek_relative(at.wrapping_sub(here) as i64)?;
    file.read_exact(&mut bytes).map_err(ended)?;
    Ok(bytes)
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
