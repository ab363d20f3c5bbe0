//! PNG, by the `png` crate, row by row; interlaced ones as a whole.
//!
//! The checksum of every chunk is checked, of those that are not needed too: a file with a wrong one is damaged. That of
//! all pixels is checked beside it, but for files in which the crate meets it only after the last pixel, as where it
//! stands in a chunk of its own. Decoding ends at IEND.
//!
//! Of the places where programs have put an orientation only the chunk `eXIf` counts, as for libvips and browsers: text
//! ("Raw profile type exif", XMP) is often left as it was by programs that turn the pixels.

mod interlaced;
mod late;

use super::source::Source;
use super::{Depth, Input, Picture, PictureError, PictureInfo, PictureKind, Reading, Rows, profile, whole};
use crate::geometry::{MAX_SIDE, Size};
use crate::png::{BAD_PALETTE, is_palette_whole};
use crate::raster::{Samples, orientation};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info, Limits, Reader, Transformations};
use std::io::ErrorKind;

/// Bytes that metadata may take: profiles have been seen with some megabytes.
const METADATA: usize = 64 << 20;
/// Deflate gives at most 258 bytes for two bits.
const MAX_PACKED: u64 = 1032;
/// Signature, IHDR, and the frames of IDAT and IEND.
const FRAME: u64 = 8 + 25 + 12 + 12;

/// Opens a PNG at its first byte and reads up to its first pixel.
pub(super) fn open(mut input: Input) -> Result<Picture, PictureError> {
    let (late, is_file) = match &mut input {
        Input::File(file) => (late::orientation(file)?, true),
        Input::Stream(_) => (None, false),
    };
    let reader = headers(Source::new(input)?)?;
    let info = reader.info();
    let stored = Size::new(info.width, info.height);
    let orientation = in_exif(info).or(late).unwrap_or(1);
    let (colour, depth) = reader.output_color_type();
    let (channels, depth) = (colour.samples(), if depth == BitDepth::Sixteen { Depth::Sixteen } else { Depth::Eight });
    let (icc, warning) = profile::fitting(info.icc_profile.as_deref(), channels);
    let animated = info.animation_control.is_some_and(|animation| animation.num_frames > 1);
    let interlaced = info.interlaced;
    let (held, why) = if interlaced {
        (whole::bytes(stored, channels, depth), "it is interlaced")
    } else {
        (whole::held(stored, channels, depth, orientation), "it is stored turned")
    };
    let info = PictureInfo {
        kind: PictureKind::Png,
        size: whole::upright_size(stored, orientation),
        channels,
        depth,
        palette: info.color_type == ColorType::Indexed,
        icc,
        orientation,
        held,
        // Rows as stored, some of them, and what is inflated ahead.
        reading: Reading {
            once: (reader.output_line_size(stored.width).unwrap_or(0) as u64 * 4) + (1 << 20),
            ..Reading::default()
        },
        warnings: animated
            .then(|| "an animation: only its first picture is shown".into())
            .into_iter()
            .chain(warning)
            .collect(),
    };
    let png = Png { reader, height: stored.height, row: 0, bytes: Vec::new(), orientation, is_file };
    let rows: Box<dyn Rows> = if interlaced {
        Box::new(whole::Whole::new(orientation, move || png.whole(stored, channels, depth)))
    } else {
        whole::upright(Box::new(png), stored, channels, depth, orientation)
    };
    Ok(Picture::new(info, why, rows))
}

fn headers(source: Source) -> Result<Reader<Source>, PictureError> {
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_text_chunk(true);
    let length = source.length();
    let mut decoder = Decoder::new_with_options(source, options);
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(|error| damaged(error, "its header"))?;
    let (width, height) = (header.width, header.height);
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(PictureError::Side { width: width.into(), height: height.into(), most: MAX_SIDE.into() });
    }
    long_enough(header, length)?;
    // The crate's limit counts rows as well. These it allocates as far as they are decoded, not as far as claimed.
    let row = header.raw_row_length().saturating_mul(16);
    decoder.set_limits(Limits { bytes: METADATA.saturating_add(row) });
    let reader = decoder.read_info().map_err(|error| damaged(error, "its header"))?;
    match is_palette_whole(reader.info()) {
        true => Ok(reader),
        false => Err(PictureError::Damaged(BAD_PALETTE.into())),
    }
}

/// Whether a file of this length, where it is known, can have so many pixels.
fn long_enough(header: &Info<'_>, length: Option<u64>) -> Result<(), PictureError> {
    let size = Size::new(header.width, header.height);
    let raw = u128::from(size.pixels()) * header.bits_per_pixel() as u128 / 8;
    let needed = u64::try_from(raw).unwrap_or(u64::MAX) / MAX_PACKED + FRAME;
    match length {
        Some(found) if found < needed => Err(PictureError::TooShort { size, needed, found }),
        _ => Ok(()),
    }
}

/// The orientation in the Exif data read so far, if they are there and have one.
fn in_exif(info: &Info<'_>) -> Option<u8> {
    info.exif_metadata.as_deref().and_then(orientation::in_tiff)
}

struct Png {
    reader: Reader<Source>,
    height: u32,
    /// Rows read.
    row: u32,
    /// A row of 16-bit samples.
    bytes: Vec<u8>,
    /// The one that the rows are turned by.
    orientation: u8,
    /// Whether the end was looked at before.
    is_file: bool,
}

impl Rows for Png {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let length = self.reader.output_line_size(self.reader.info().width).ok_or_else(whole::wrong_band)?;
        match band {
            Samples::Eight(band) => {
                for y in 0..band.height() {
                    let row = band.row_mut(y);
                    if row.len() != length {
                        return Err(whole::wrong_band());
                    }
                    next(&mut self.reader, row, self.row, self.height)?;
                    self.row += 1;
                }
            }
            Samples::Sixteen(band) => {
                for y in 0..band.height() {
                    let row = band.row_mut(y);
                    if row.len() * 2 != length {
                        return Err(whole::wrong_band());
                    }
                    if self.bytes.is_empty() {
                        self.bytes = whole::zeros(length)?;
                    }
                    next(&mut self.reader, &mut self.bytes, self.row, self.height)?;
                    self.row += 1;
                    for (sample, &bytes) in row.iter_mut().zip(self.bytes.as_chunks().0) {
                        *sample = u16::from_be_bytes(bytes);
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        self.reader.finish().map_err(|error| damaged(error, "after its last row"))?;
        // Exif data may follow the pixels. In a file they were looked for there.
        let orientation = in_exif(self.reader.info()).unwrap_or(1);
        if orientation == self.orientation {
            return Ok(());
        }
        let why = match (self.is_file, orientation) {
            (true, 1) => return Err(late::misleading(self.orientation)),
            (true, _) => late::FAR_FROM_THE_END,
            (false, _) => "read from a file and not from a stream, it would be seen before",
        };
        Err(PictureError::Unsupported(format!(
            "its Exif orientation ({orientation}) follows its pixels, where it was found too late to turn them; {why}"
        )))
    }
}

/// Reads row `number` of `height`, whose length is right.
fn next(reader: &mut Reader<Source>, row: &mut [u8], number: u32, height: u32) -> Result<(), PictureError> {
    match reader.read_row(row) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(whole::wrong_band()),
        Err(error) => Err(damaged(error, &format!("row {} of {height}", u64::from(number) + 1))),
    }
}

/// The crate's error, at or in `place`.
fn damaged(error: DecodingError, place: &str) -> PictureError {
    PictureError::Damaged(match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            format!("it ends too early: {place} is not complete")
        }
        DecodingError::IoError(error) => return PictureError::Read(error),
        DecodingError::LimitsExceeded => format!("{place}: its metadata or rows are too large"),
        other => format!("{place}: {}", plain(&other.to_string())),
    })
}

/// The crate's text with chunks by their names, of which it prints the debug form (escaped already).
fn plain(text: &str) -> String {
    const BEGIN: &str = "ChunkType { type: ";
    let mut plain = String::new();
    let mut rest = text.trim_end_matches('.');
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(", critical").unwrap_or((after, ""));
        plain.push_str(before);
        plain.push_str(name);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests;
