//! Helpers for the tests of all formats: pictures in memory, read to their end as files and as streams.

use super::{Depth, Picture, PictureError, PictureInfo, PictureInput, RowPicture, Rows, open};
use crate::jpeg::{self, Colour, HuffmanTables, JpegImage, PlaneSource};
use crate::raster::{Raster, Samples};
use std::io::{BufReader, Cursor, Read, Seek, Write};

/// A stream that returns at most `piece` bytes per read.
struct Trickle {
    bytes: Cursor<Vec<u8>>,
    piece: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.piece);
        self.bytes.read(&mut buffer[..length])
    }
}

pub(super) fn file(bytes: &[u8]) -> PictureInput {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    PictureInput::File(BufReader::new(file))
}

/// A stream that arrives in pieces of `piece` bytes.
pub(super) fn stream(bytes: &[u8], piece: usize) -> PictureInput {
    PictureInput::Stream(BufReader::new(Box::new(Trickle { bytes: Cursor::new(bytes.to_vec()), piece })))
}

pub(super) fn opened(input: PictureInput) -> Result<RowPicture, PictureError> {
    match open(input)? {
        Picture::Rows(picture) => Ok(picture),
        Picture::Jpeg(_) => panic!("a JPEG"),
    }
}

/// A picture's information and samples, read in bands of `band` rows. 8-bit samples keep their values.
pub(super) fn read(input: PictureInput, band: usize) -> Result<(PictureInfo, Vec<u16>), PictureError> {
    let picture = opened(input)?;
    let info = picture.info().clone();
    let samples = read_rows(&info, picture.rows(u64::MAX)?, band)?;
    Ok((info, samples))
}

/// All samples of a picture, read in bands of `band` rows. 8-bit samples keep their values.
pub(super) fn read_rows(info: &PictureInfo, mut rows: Box<dyn Rows>, band: usize) -> Result<Vec<u16>, PictureError> {
    let (width, height) = (info.size.width as usize, info.size.height as usize);
    let mut samples = Vec::new();
    for first in (0..height).step_by(band) {
        let mut band = blank_band(info, width, band.min(height - first));
        rows.read(&mut band)?;
        append_samples(&mut samples, &band);
    }
    rows.finish()?;
    Ok(samples)
}

/// A band of zeros with the picture's channels and depth.
pub(super) fn blank_band(info: &PictureInfo, width: usize, height: usize) -> Samples {
    match info.depth {
        Depth::Eight => Samples::Eight(Raster::new(width, height, info.channels)),
        Depth::Sixteen => Samples::Sixteen(Raster::new(width, height, info.channels)),
    }
}

/// Appends a band's samples. 8-bit samples keep their values.
pub(super) fn append_samples(samples: &mut Vec<u16>, band: &Samples) {
    match band {
        Samples::Eight(band) => samples.extend(band.samples().iter().map(|&sample| u16::from(sample))),
        Samples::Sixteen(band) => samples.extend_from_slice(band.samples()),
    }
}

/// Pseudo-random numbers, the same in every run.
pub(super) fn noise(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32
    }
}

/// A JPEG with these planes. `luma` are the sampling factors of the first one, those of the others are 1.
pub(super) fn encode_jpeg(
    size: (u32, u32),
    colour: Colour,
    luma: (u8, u8),
    planes: &[Vec<u8>],
    quantisation: &[u16; 64],
) -> Vec<u8> {
    let mut sources = Vec::new();
    for samples in planes {
        let (horizontal, vertical) = if sources.is_empty() { luma } else { (1, 1) };
        sources.push(PlaneSource { samples, horizontal, vertical, quantisation });
    }
    let (mut image, mut bytes) = (JpegImage::default(), Vec::new());
    image.assign_planes(size, colour, &sources).unwrap();
    jpeg::encode(&image, HuffmanTables::Optimised, &mut bytes).unwrap();
    bytes
}

/// Channels and samples that the `image` crate decodes from the same bytes.
pub(super) fn by_image(bytes: &[u8]) -> (usize, Vec<u16>) {
    let image = image::load_from_memory(bytes).unwrap();
    let channels = usize::from(image.color().channel_count());
    use image::DynamicImage as I;
    let samples = match image {
        I::ImageLuma16(image) => image.into_raw(),
        I::ImageLumaA16(image) => image.into_raw(),
        I::ImageRgb16(image) => image.into_raw(),
        I::ImageRgba16(image) => image.into_raw(),
        image => image.as_bytes().iter().map(|&sample| u16::from(sample)).collect(),
    };
    (channels, samples)
}
