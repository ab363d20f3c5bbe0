//! WebP, decoded by the `image-webp` crate, which decodes whole pictures.
//!
//! Only files are read, not streams, because the crate reads from several places. A side of a WebP has at most 16383
//! pixels, so buffering streams would hardly pay.

use super::{
    Depth, PictureError, PictureInfo, PictureKind, ReadMemory, RowPicture, buffered, profile::matching_profile,
};
use crate::geometry::Size;
use crate::raster::{Raster, Samples, orientation};
use image_webp::{DecodingError, WebPDecoder};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

/// The most bytes of a profile or of Exif data.
const MAX_METADATA_BYTES: usize = 16 << 20;
/// The most pixels of a canvas. The crate counts bytes in 32 bits.
const MAX_PIXELS: u64 = u32::MAX as u64 / 4;

/// Opens a WebP file at its first byte and reads its headers.
pub(super) fn open(mut file: BufReader<File>) -> Result<RowPicture, PictureError> {
    check_chunks(&mut file)?;
    let mut decoder = WebPDecoder::new(file).map_err(picture_error)?;
    decoder.set_memory_limit(MAX_METADATA_BYTES);
    let (width, height) = decoder.dimensions();
    let stored = Size::new(width, height);
    if width == 0 || height == 0 {
        // The crate reports 0 for a side of 16384 pixels.
        return Err(PictureError::Unsupported("WebP with a side of 16384 pixels".into()));
    }
    if stored.pixels() > MAX_PIXELS {
        return Err(PictureError::Unsupported(format!("WebP with a canvas of {stored} pixels")));
    }
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let exif = decoder.exif_metadata().map_err(picture_error)?;
    let exif = exif.as_deref().map(|bytes| bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes));
    let orientation = exif.and_then(orientation::in_tiff).unwrap_or(1);
    let (icc, warning) = matching_profile(decoder.icc_profile().map_err(picture_error)?.as_deref(), channels);
    let animated = decoder.num_frames() > 1;
    let info = PictureInfo {
        kind: PictureKind::WebP,
        size: buffered::upright_size(stored, orientation),
        channels,
        depth: Depth::Eight,
        palette: false,
        icc,
        orientation,
        buffered: buffered_bytes(&mut decoder, stored),
        read_memory: ReadMemory::default(),
        warnings: animated.then(|| super::ANIMATION.into()).into_iter().chain(warning).collect(),
    };
    let rows = buffered::BufferedRows::new(orientation, move || decode(decoder, stored, channels));
    Ok(RowPicture::new(info, "WebP is decoded whole", Box::new(rows)))
}

/// The most bytes buffered while decoding: the picture, and the crate's own buffers.
fn buffered_bytes(decoder: &mut WebPDecoder<BufReader<File>>, size: Size) -> u64 {
    let pixels = size.pixels();
    // Luma, and chroma with half as many columns and rows, in blocks of 16x16.
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
    let length = decoder.output_buffer_size().ok_or_else(PictureError::wrong_band)?;
    let mut samples = buffered::zeroed(length)?;
    decoder.read_image(&mut samples).map_err(picture_error)?;
    let raster = Raster::from_samples(size.width as usize, size.height as usize, channels, samples);
    raster.map(Samples::Eight).ok_or_else(PictureError::wrong_band)
}

/// Checks what the crate does not, and rewinds the file.
///
/// - All chunks must be complete: the crate replaces some missing data by zeros.
/// - Lossy pictures must have the size declared before: the crate detects a difference only after allocating memory,
///   and panics in an animation with alpha.
fn check_chunks(file: &mut BufReader<File>) -> Result<(), PictureError> {
    let length = file.seek(SeekFrom::End(0))?;
    let riff = chunk_at(file, 0)?;
    let declared_end = 8 + u64::from(riff.bytes);
    let (mut at, mut canvas, mut animated) = (12, None, false);
    while at + 8 <= declared_end {
        let RiffChunk { name, bytes } = chunk_at(file, at)?;
        let data = at + 8;
        let end = data + u64::from(bytes);
        if end > length {
            let name = name.escape_ascii();
            return Err(PictureError::Damaged(format!(
                "truncated: chunk '{name}' ends at byte {end}, but the file has {length} bytes"
            )));
        }
        match (&name, canvas) {
            (b"VP8X", None) => canvas = Some(size_from(bytes_at(file, data + 4)?)),
            (b"VP8 ", Some(canvas)) => check_lossy(file, data, canvas)?,
            (b"ANMF", _) if !animated => {
                animated = true;
                check_frame(file, data)?;
            }
            _ => {}
        }
        at = end + end % 2;
    }
    file.rewind()?;
    Ok(())
}

/// Checks the lossy picture, if any, in the frame whose data begin at `at`.
fn check_frame(file: &mut BufReader<File>, at: u64) -> Result<(), PictureError> {
    let frame = size_from(bytes_at(file, at + 6)?);
    let RiffChunk { name, bytes } = chunk_at(file, at + 16)?;
    match &name {
        b"VP8 " => check_lossy(file, at + 24, frame),
        b"ALPH" => check_lossy(file, at + 24 + u64::from(bytes) + u64::from(bytes % 2) + 8, frame),
        _ => Ok(()),
    }
}

/// Checks that the lossy picture at `at` (RFC 6386, 9.1) is a key frame of the declared size.
fn check_lossy(file: &mut BufReader<File>, at: u64, declared: Size) -> Result<(), PictureError> {
    let header: [u8; 10] = bytes_at(file, at)?;
    let [width, height] =
        [[header[6], header[7]], [header[8], header[9]]].map(|side| u32::from(u16::from_le_bytes(side) & 0x3FFF));
    let found = Size::new(width, height);
    if header[0] & 1 != 0 {
        return Err(PictureError::Damaged("the lossy picture depends on an earlier one".into()));
    }
    if found != declared {
        return Err(PictureError::Damaged(format!("the lossy picture has {found} pixels, not {declared}")));
    }
    Ok(())
}

/// Width and height, less one, in three bytes each.
fn size_from(bytes: [u8; 6]) -> Size {
    let [a, b, c, d, e, f] = bytes;
    let [width, height] = [[a, b, c, 0], [d, e, f, 0]].map(|side| u32::from_le_bytes(side) + 1);
    Size::new(width, height)
}

/// The header of a chunk.
struct RiffChunk {
    name: [u8; 4],
    /// Bytes of data.
    bytes: u32,
}

fn chunk_at(file: &mut BufReader<File>, at: u64) -> Result<RiffChunk, PictureError> {
    let [a, b, c, d, size @ ..]: [u8; 8] = bytes_at(file, at)?;
    Ok(RiffChunk { name: [a, b, c, d], bytes: u32::from_le_bytes(size) })
}

fn bytes_at<const LENGTH: usize>(file: &mut BufReader<File>, at: u64) -> Result<[u8; LENGTH], PictureError> {
    let mut bytes = [0; LENGTH];
    // `seek` would discard the buffer, once for each of a million empty chunks.
    let position = file.stream_position()?;
    file.seek_relative(at.wrapping_sub(position) as i64)?;
    file.read_exact(&mut bytes).map_err(read_error)?;
    Ok(bytes)
}

fn read_error(error: std::io::Error) -> PictureError {
    if error.kind() == ErrorKind::UnexpectedEof {
        return PictureError::Damaged("truncated".into());
    }
    PictureError::Read(error)
}

fn picture_error(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) => read_error(error),
        DecodingError::UnsupportedFeature(feature) => PictureError::Unsupported(format!("WebP with {feature}")),
        DecodingError::MemoryLimitExceeded => PictureError::Damaged("the metadata is too large".into()),
        other => PictureError::Damaged(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
