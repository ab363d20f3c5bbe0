//! PNG, decoded row by row by the `png` crate; interlaced pictures are buffered.
//!
//! The checksum of every chunk is verified, even of chunks that are not needed: a file with a wrong one is damaged. The
//! checksum of all pixels is verified too, except in files in which the crate reads it only after the last pixel, such
//! as those that store it in a chunk of its own. Decoding ends at IEND.
//!
//! Programs store orientations in several places. Only the chunk `eXIf` counts, as in libvips and in browsers: programs
//! that rotate the pixels often leave text ("Raw profile type exif", XMP) unchanged.

mod interlaced;
mod trailing_exif;

use super::byte_stream::ByteStream;
use super::{
    Depth, PictureError, PictureInfo, PictureInput, PictureKind, ReadMemory, RowPicture, Rows, buffered,
    profile::matching_profile,
};
use crate::geometry::{MAX_SIDE, Size};
use crate::png::{BAD_PALETTE, is_palette_whole};
use crate::raster::{Raster, Samples, orientation};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info, Limits, Reader, Transformations};
use std::io::ErrorKind;

/// The most bytes of metadata. Profiles of several megabytes exist.
const MAX_METADATA_BYTES: usize = 64 << 20;
/// The most bytes of pixels per byte of the file: Deflate produces at most 258 bytes from two bits.
const MAX_EXPANSION: u64 = 1032;
/// Bytes of the signature, IHDR, and the frames of IDAT and IEND.
const FRAME_BYTES: u64 = 8 + 25 + 12 + 12;

/// Opens a PNG at its first byte and reads up to its first pixel.
pub(super) fn open(mut input: PictureInput) -> Result<RowPicture, PictureError> {
    let (trailing, is_file) = match &mut input {
        PictureInput::File(file) => (trailing_exif::orientation(file)?, true),
        PictureInput::Stream(_) => (None, false),
    };
    let reader = read_headers(ByteStream::new(input)?)?;
    let info = reader.info();
    let stored = Size::new(info.width, info.height);
    let orientation = exif_orientation(info).or(trailing).unwrap_or(1);
    let (colour, depth) = reader.output_color_type();
    let (channels, depth) = (colour.samples(), if depth == BitDepth::Sixteen { Depth::Sixteen } else { Depth::Eight });
    let (icc, warning) = matching_profile(info.icc_profile.as_deref(), channels);
    let animated = info.animation_control.is_some_and(|animation| animation.num_frames > 1);
    let interlaced = info.interlaced;
    let (buffered, why_buffered) = if interlaced {
        (buffered::picture_bytes(stored, channels, depth), "interlaced")
    } else {
        (buffered::upright_bytes(stored, channels, depth, orientation), buffered::ROTATED)
    };
    let row_bytes = reader.output_line_size(stored.width).unwrap_or(0) as u64;
    let info = PictureInfo {
        kind: PictureKind::Png,
        size: buffered::upright_size(stored, orientation),
        channels,
        depth,
        palette: info.color_type == ColorType::Indexed,
        icc,
        orientation,
        buffered,
        // Some rows as stored, and data that are inflated ahead.
        read_memory: ReadMemory { shared: row_bytes * 4 + (1 << 20), ..ReadMemory::default() },
        warnings: animated.then(|| super::ANIMATION.into()).into_iter().chain(warning).collect(),
    };
    let rows = PngRows { reader, height: stored.height, row: 0, row_bytes: Vec::new(), orientation, is_file };
    let rows: Box<dyn Rows> = if interlaced {
        let decode = move || rows.decode_interlaced(stored, channels, depth);
        Box::new(buffered::BufferedRows::new(orientation, decode))
    } else {
        buffered::upright(Box::new(rows), stored, channels, depth, orientation)
    };
    Ok(RowPicture::new(info, why_buffered, rows))
}

fn read_headers(bytes: ByteStream) -> Result<Reader<ByteStream>, PictureError> {
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_text_chunk(true);
    let length = bytes.length();
    let mut decoder = Decoder::new_with_options(bytes, options);
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(|error| picture_error(error, "the header"))?;
    let (width, height) = (header.width, header.height);
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(PictureError::Side { width: width.into(), height: height.into(), max: MAX_SIDE.into() });
    }
    check_length(header, length)?;
    // The crate's limit includes rows, which it allocates as far as they are decoded, not as far as declared.
    let rows = header.raw_row_length().saturating_mul(16);
    decoder.set_limits(Limits { bytes: MAX_METADATA_BYTES.saturating_add(rows) });
    let reader = decoder.read_info().map_err(|error| picture_error(error, "the header"))?;
    match is_palette_whole(reader.info()) {
        true => Ok(reader),
        false => Err(PictureError::Damaged(BAD_PALETTE.into())),
    }
}

/// Refuses a picture that is too large for a file of this length, if the length is known.
fn check_length(header: &Info<'_>, length: Option<u64>) -> Result<(), PictureError> {
    let size = Size::new(header.width, header.height);
    let raw = u128::from(size.pixels()) * header.bits_per_pixel() as u128 / 8;
    let needed = u64::try_from(raw).unwrap_or(u64::MAX) / MAX_EXPANSION + FRAME_BYTES;
    match length {
        Some(found) if found < needed => Err(PictureError::TooShort { size, needed, found }),
        _ => Ok(()),
    }
}

/// The orientation in the Exif data read so far, if any.
fn exif_orientation(info: &Info<'_>) -> Option<u8> {
    info.exif_metadata.as_deref().and_then(orientation::in_tiff)
}

/// The rows of a PNG in stored order.
struct PngRows {
    reader: Reader<ByteStream>,
    height: u32,
    /// Rows read.
    row: u32,
    /// A row of 16-bit samples as stored.
    row_bytes: Vec<u8>,
    /// The orientation applied to the rows.
    orientation: u8,
    /// Whether the end was searched for Exif data before reading.
    is_file: bool,
}

impl PngRows {
    fn read_eight(&mut self, band: &mut Raster<u8>, length: usize) -> Result<(), PictureError> {
        for y in 0..band.height() {
            let row = band.row_mut(y);
            if row.len() != length {
                return Err(PictureError::wrong_band());
            }
            self.read_row(row)?;
        }
        Ok(())
    }

    fn read_sixteen(&mut self, band: &mut Raster<u16>, length: usize) -> Result<(), PictureError> {
        let mut bytes = std::mem::take(&mut self.row_bytes);
        for y in 0..band.height() {
            let row = band.row_mut(y);
            if row.len() * 2 != length {
                return Err(PictureError::wrong_band());
            }
            if bytes.is_empty() {
                bytes = buffered::zeroed(length)?;
            }
            self.read_row(&mut bytes)?;
            for (sample, &pair) in row.iter_mut().zip(bytes.as_chunks().0) {
                *sample = u16::from_be_bytes(pair);
            }
        }
        self.row_bytes = bytes;
        Ok(())
    }

    /// Reads the next row into `row`, which must have the right length.
    fn read_row(&mut self, row: &mut [u8]) -> Result<(), PictureError> {
        let number = u64::from(self.row) + 1;
        match self.reader.read_row(row) {
            Ok(Some(_)) => self.row += 1,
            Ok(None) => return Err(PictureError::wrong_band()),
            Err(error) => return Err(picture_error(error, &format!("row {number} of {}", self.height))),
        }
        Ok(())
    }
}

impl Rows for PngRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let length = self.reader.output_line_size(self.reader.info().width).ok_or_else(PictureError::wrong_band)?;
        match band {
            Samples::Eight(band) => self.read_eight(band, length),
            Samples::Sixteen(band) => self.read_sixteen(band, length),
        }
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        self.reader.finish().map_err(|error| picture_error(error, "the data after the last row"))?;
        // Exif data may follow the pixels. In a file, they were searched for there.
        let orientation = exif_orientation(self.reader.info()).unwrap_or(1);
        match orientation {
            _ if orientation == self.orientation => Ok(()),
            1 if self.is_file => Err(trailing_exif::misleading(self.orientation)),
            _ if self.is_file => Err(trailing_exif::too_far_from_the_end(orientation)),
            _ => Err(trailing_exif::in_a_stream(orientation)),
        }
    }
}

/// Converts the crate's error, which occurred in `place`.
fn picture_error(error: DecodingError, place: &str) -> PictureError {
    PictureError::Damaged(match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => format!("truncated in {place}"),
        DecodingError::IoError(error) => return PictureError::Read(error),
        DecodingError::LimitsExceeded => format!("{place}: metadata or rows are too large"),
        other => format!("{place}: {}", with_chunk_names(&other.to_string())),
    })
}

/// Replaces the debug form of chunk types in the crate's messages by their names, which are already escaped.
fn with_chunk_names(text: &str) -> String {
    const DEBUG_FORM: &str = "ChunkType { type: ";
    let mut plain = String::new();
    let mut rest = text.trim_end_matches('.');
    while let Some((before, after)) = rest.split_once(DEBUG_FORM) {
        let (name, after) = after.split_once(", critical").unwrap_or((after, ""));
        plain.push_str(before);
        plain.push_str(name);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests;
