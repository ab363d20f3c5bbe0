//! PNG tiles, by the `png` crate: lossless, 8 or 16 bits, with or without colour and alpha.
//!
//! Generated tiles are never interlaced and never have a palette. The `png` crate writes their frame; rows are
//! filtered ([`filter`]), searched for repetitions ([`mod@matches`]) and compressed ([`deflate`]) here, because nothing
//! that the crate offers is both fast and small on maps and drawings: `Compression::Fast` makes files two to three
//! times as large as libvips does, and `Level(2)` takes about as long as libvips (0.8 to 1.4 times its speed).
//!
//! Parents of 256x256 pixels: libvips 8.18's size (its defaults: level 6 of zlib-ng, no filter) and least processor
//! time for a save to memory; then sizes as parts of libvips', and how many times as fast.
//!
//! | tiles                        | libvips        | here        | `Compression::Fast` | `Level(2)` |
//! |------------------------------|----------------|-------------|---------------------|------------|
//! | photographs, RGB             | 138 KB, 3.2 ms | 0.64, 7.6 x | 0.68, 9.4 x         | 0.68       |
//! | photographs, RGBA            | 124 KB, 3.0 ms | 0.63, 6.3 x | 0.67, 8.7 x         | 0.64       |
//! | photographs, grey            | 43 KB, 1.2 ms  | 0.63, 7.5 x | 0.67, 8.9 x         | 0.74       |
//! | photographs, 16-bit RGB      | 344 KB, 6.5 ms | 0.90, 8.4 x | 1.02, 10 x          | 0.85       |
//! | elevation, 16-bit grey       | 122 KB, 2.4 ms | 0.76, 6.5 x | 0.88, 8.4 x         | 0.78       |
//! | shaded relief, RGB           | 56 KB, 2.2 ms  | 0.98, 6.1 x | 1.04, 8.1 x         | 0.95       |
//! | maps, RGB                    | 9.5 KB, 1.2 ms | 1.02, 5.0 x | 2.74, 6.3 x         | 1.44       |
//! | labels without smooth edges  | 7.5 KB, 1.3 ms | 1.08, 6.4 x | 2.46, 8.5 x         | 1.28       |
//! | diagrams, RGB                | 12 KB, 0.9 ms  | 1.05, 5.1 x | 1.10, 8.0 x         | 1.12       |
//! | drawings, RGBA               | 6.6 KB, 1.2 ms | 1.25, 5.4 x | 2.58, 6.5 x         | 1.37       |
//! | 8-bit relief saved in 16 bit | 83 KB, 3.3 ms  | 1.40, 4.5 x | 1.81, 6.7 x         | 1.17       |
//!
//! Drawings are 1.11 without the two tiles of a test card whose patterns repeat but differ softly. The last is the kind
//! that is much larger: filters undo what its 16-bit samples repeat, and by its differences it cannot be told from a
//! photograph. What would make it smaller makes it too slow, because its matches are short and nobody can foresee them.
//! On another relief of this kind, where this is 1.51 at 6.2 x:
//!
//! | tried                                                                         | size | speed |
//! |-------------------------------------------------------------------------------|------|-------|
//! | no filter                                                                     | 1.23 | 3.3 x |
//! | repetitions looked for in filtered rows                                       | 1.22 | 3.6 x |
//! | no filter, at every second byte by four of them, the last place only          | 1.20 | 3.4 x |
//! | the same and the pixels to the left and above                                 | 1.17 | 3.3 x |
//! | the last two places                                                           | 1.14 | 3.0 x |
//! | the last two places of all samples of a row first, without a branch, then the matches chosen, with a look ahead | 1.13 | 3.1 x |
//! | six places, sixteen                                                           | 1.08 | 2.6 x, 1.9 x |
//!
//! The bytes are the same on every machine: all is integer arithmetic, and what `simd-adler32` and `crc32fast` choose
//! by processor are ways to the same checksum.

mod deflate;
mod filter;
mod huffman;
mod matches;

use crate::geometry::Size;
use crate::raster::orientation;
use crate::raster::{PixelKind, Raster, Samples};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Encoder, Info};
use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

/// A chunk's length must fit into 31 bits.
const LARGEST_CHUNK: usize = 1 << 30;

/// A PNG tile as stored: palettes and 1, 2 and 4 bits read as the 8-bit colours that they show, transparent colours
/// as alpha.
#[derive(Debug, Clone, PartialEq)]
pub struct PngImage {
    /// The pixels.
    pub samples: Samples,
    /// The ICC profile, if the file has one.
    pub icc: Option<Arc<[u8]>>,
}

/// Why a PNG tile is refused, or could not be encoded.
#[derive(Debug)]
pub(crate) enum PngError {
    /// It has another size than asked for.
    WrongSize { expected: Size, found: Size },
    /// It has an EXIF orientation other than 1.
    Rotated(u8),
    /// It cannot be decoded to its last byte; the text says why.
    Damaged(String),
    /// It cannot be encoded; the text says why.
    Encode(String),
}

/// Decodes a PNG of this size, every checksum and the end included.
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
    let length = reader.output_buffer_size().ok_or_else(|| PngError::Damaged("it is too large".into()))?;
    let mut samples = vec![0; length];
    reader.next_frame(&mut samples).map_err(|error| damaged(&error))?;
    reader.finish().map_err(|error| damaged(&error))?;
    let info = reader.info();
    if let Some(turned) = info.exif_metadata.as_deref().and_then(orientation::in_tiff).filter(|&value| value != 1) {
        return Err(PngError::Rotated(turned));
    }
    let icc = info.icc_profile.as_deref().map(Arc::from);
    let samples =
        shape(samples, size, colour, depth).ok_or_else(|| PngError::Damaged("it has too few samples".into()))?;
    Ok(PngImage { samples, icc })
}

/// What is said of a palette that is none.
pub(crate) const BAD_PALETTE: &str = "its palette is not of whole colours";

/// Whether a palette, if there is one, is of three bytes a colour (PNG 11.2.2). The crate takes that for granted.
pub(crate) fn is_palette_whole(info: &Info<'_>) -> bool {
    info.palette.as_ref().is_none_or(|palette| palette.len().is_multiple_of(3) && palette.len() <= 768)
}

fn damaged(error: &DecodingError) -> PngError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PngError::Damaged("it ends too early".into())
        }
        DecodingError::Format(error) if error.to_string().contains("signature") => {
            PngError::Damaged("it is not a PNG".into())
        }
        DecodingError::LimitsExceeded => PngError::Damaged("its metadata is too large".into()),
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
    deflate::zlib(&rows.bytes, width * pixel + 1, pixel, rows.filtered, &mut compressed);
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
    for part in compressed.chunks(LARGEST_CHUNK) {
        writer.write_chunk(png::chunk::IDAT, part).map_err(failed)?;
    }
    writer.finish().map_err(failed)
}

impl PngImage {
    /// Whether both show the same pixels in the same colour space, whatever their channels and depth.
    pub(crate) fn has_same_pixels(&self, other: &Self) -> bool {
        let wide = |image: &Self| image.deep().widened(PixelKind::RGBA);
        self.icc == other.icc && (self.samples == other.samples || wide(self) == wide(other))
    }

    pub(crate) fn pixel_kind(&self) -> PixelKind {
        match &self.samples {
            Samples::Eight(raster) => raster.pixel_kind(),
            Samples::Sixteen(raster) => raster.pixel_kind(),
        }
    }

    /// The samples in 16 bits; 255 becomes 65535.
    pub(crate) fn deep(&self) -> Cow<'_, Raster<u16>> {
        match &self.samples {
            Samples::Eight(raster) => Cow::Owned(raster.map(|sample| u16::from(sample) * 257)),
            Samples::Sixteen(raster) => Cow::Borrowed(raster),
        }
    }

    /// The samples in 8 bits.
    pub(crate) fn shallow(&self) -> Cow<'_, Raster<u8>> {
        match &self.samples {
            Samples::Eight(raster) => Cow::Borrowed(raster),
            Samples::Sixteen(raster) => Cow::Owned(raster.map(|sample| (sample >> 8) as u8)),
        }
    }
}

#[cfg(test)]
mod tests;
