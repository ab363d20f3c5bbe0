//! PNG tiles, by the `png` crate: lossless, 8 or 16 bits, with or without colour and alpha.
//!
//! Generated tiles are never interlaced and never have a palette. They are compressed with `fdeflate`
//! (`Compression::Fast`) after the adaptive choice of a filter for each row.

use super::{CodecError, stitch::stitch};
use crate::codec::orientation;
use crate::geometry::Size;
use crate::pixels::Raster;
use crate::reduce::{Reducible, Reduction};
use png::{BitDepth, ColorType, Compression, DecodeOptions, Decoder, DecodingError, Encoder, Filter, Info};
use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

/// The samples of a tile in the depth that its file has.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 8 bits or fewer.
    Eight(Raster<u8>),
    /// 16 bits.
    Sixteen(Raster<u16>),
}

/// A PNG tile as stored: palettes and 1, 2 and 4 bits read as the 8-bit colours that they show, transparent colours
/// as alpha.
#[derive(Debug, Clone, PartialEq)]
pub struct PngImage {
    /// The pixels.
    pub samples: Samples,
    /// The ICC profile, if the file has one.
    pub icc: Option<Arc<[u8]>>,
}

/// Decodes a PNG of this size, every checksum and the end included.
pub(super) fn decode(bytes: &[u8], size: Size) -> Result<PngImage, CodecError> {
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_transformations(png::Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(|error| damaged(&error))?;
    let found = Size::new(header.width, header.height);
    if found != size {
        return Err(CodecError::WrongSize { expected: size, found });
    }
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    let (colour, depth) = reader.output_color_type();
    let length = reader.output_buffer_size().ok_or_else(|| CodecError::Damaged("it is too large".into()))?;
    let mut samples = vec![0; length];
    reader.next_frame(&mut samples).map_err(|error| damaged(&error))?;
    reader.finish().map_err(|error| damaged(&error))?;
    let info = reader.info();
    if let Some(turned) = info.exif_metadata.as_deref().and_then(orientation::in_tiff).filter(|&value| value != 1) {
        return Err(CodecError::Rotated(turned));
    }
    let icc = info.icc_profile.as_deref().map(Arc::from);
    let samples =
        shape(samples, size, colour, depth).ok_or_else(|| CodecError::Damaged("it has too few samples".into()))?;
    Ok(PngImage { samples, icc })
}

fn damaged(error: &DecodingError) -> CodecError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            CodecError::Damaged("it ends too early".into())
        }
        DecodingError::Format(error) if error.to_string().contains("signature") => {
            CodecError::Damaged("it is not a PNG".into())
        }
        DecodingError::LimitsExceeded => CodecError::Damaged("its metadata is too large".into()),
        other => CodecError::Damaged(other.to_string()),
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
pub(super) fn encode(image: &PngImage, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let failed = |error: png::EncodingError| CodecError::Encode(error.to_string());
    let (width, height, channels, depth, bytes) = match &image.samples {
        Samples::Eight(raster) => {
            (raster.width(), raster.height(), raster.channels(), BitDepth::Eight, Cow::Borrowed(raster.samples()))
        }
        Samples::Sixteen(raster) => {
            let bytes = raster.samples().iter().flat_map(|sample| sample.to_be_bytes()).collect();
            (raster.width(), raster.height(), raster.channels(), BitDepth::Sixteen, Cow::Owned(bytes))
        }
    };
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
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&bytes).map_err(failed)?;
    writer.finish().map_err(failed)
}

/// The parent of up to four children: the widest kind among them, and the ICC profile of the first that has one.
pub(super) fn parent(children: [Option<&PngImage>; 4], reduction: Reduction) -> PngImage {
    let some = || children.iter().flatten();
    let any = |wide: fn(usize) -> bool| some().any(|child| wide(child.channels()));
    let (colour, alpha) = (any(|channels| channels > 2), any(|channels| channels % 2 == 0));
    let sixteen = some().any(|child| matches!(child.samples, Samples::Sixteen(_)));
    let samples = if sixteen {
        Samples::Sixteen(reduced(children.map(|child| child.map(PngImage::deep)), colour, alpha, reduction))
    } else {
        let eight = |child: &PngImage| match &child.samples {
            Samples::Eight(raster) => raster.clone(),
            Samples::Sixteen(raster) => raster.map(|sample| (sample >> 8) as u8),
        };
        Samples::Eight(reduced(children.map(|child| child.map(eight)), colour, alpha, reduction))
    };
    PngImage { samples, icc: some().find_map(|child| child.icc.clone()) }
}

fn reduced<S: Reducible>(
    children: [Option<Raster<S>>; 4],
    colour: bool,
    alpha: bool,
    reduction: Reduction,
) -> Raster<S> {
    reduction.halve(&stitch(&children.map(|child| child.map(|raster| raster.widened(colour, alpha)))))
}

impl PngImage {
    fn channels(&self) -> usize {
        match &self.samples {
            Samples::Eight(raster) => raster.channels(),
            Samples::Sixteen(raster) => raster.channels(),
        }
    }

    /// The samples in 16 bits; 255 becomes 65535.
    fn deep(&self) -> Raster<u16> {
        match &self.samples {
            Samples::Eight(raster) => raster.map(|sample| u16::from(sample) * 257),
            Samples::Sixteen(raster) => raster.clone(),
        }
    }
}
