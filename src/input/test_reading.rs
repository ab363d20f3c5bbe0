//! For the tests of all formats: pictures read to their end from bytes, as files and as streams.

use super::{Depth, Input, Opened, Picture, PictureError, PictureInfo, open};
use crate::raster::Raster;
use crate::raster::Samples;
use std::io::{BufReader, Cursor, Read, Seek, Write};

/// A stream that gives `0` bytes at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

pub(super) fn file(bytes: &[u8]) -> Input {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Input::File(BufReader::new(file))
}

/// A stream that comes in pieces of so many bytes.
pub(super) fn stream(bytes: &[u8], pieces: usize) -> Input {
    Input::Stream(BufReader::new(Box::new(Trickle(Cursor::new(bytes.to_vec()), pieces))))
}

pub(super) fn opened(input: Input) -> Result<Picture, PictureError> {
    match open(input)? {
        Opened::Picture(picture) => Ok(picture),
        Opened::Jpeg(_) => panic!("a JPEG"),
    }
}

/// A picture and all its samples, 8-bit ones as they are, read in bands of so many rows.
pub(super) fn read(input: Input, rows: usize) -> Result<(PictureInfo, Vec<u16>), PictureError> {
    let picture = opened(input)?;
    let info = picture.info().clone();
    let mut reader = picture.rows(u64::MAX)?;
    let (width, height) = (info.size.width as usize, info.size.height as usize);
    let mut samples = Vec::new();
    for first in (0..height).step_by(rows) {
        let rows = rows.min(height - first);
        let mut band = match info.depth {
            Depth::Eight => Samples::Eight(Raster::new(width, rows, info.channels)),
            Depth::Sixteen => Samples::Sixteen(Raster::new(width, rows, info.channels)),
        };
        reader.read(&mut band)?;
        match band {
            Samples::Eight(band) => samples.extend(band.samples().iter().map(|&sample| u16::from(sample))),
            Samples::Sixteen(band) => samples.extend_from_slice(band.samples()),
        }
    }
    reader.finish()?;
    Ok((info, samples))
}

/// Numbers that look random, the same in every run.
pub(super) fn noise(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32
    }
}

/// What `image` reads of the same bytes.
pub(super) fn by_image(bytes: &[u8]) -> (usize, Vec<u16>) {
    let image = image::load_from_memory(bytes).unwrap();
    let channels = usize::from(image.color().channel_count());
    let shallow = |bytes: &[u8]| bytes.iter().map(|&sample| u16::from(sample)).collect();
    use image::DynamicImage as I;
    let samples = match image {
        I::ImageLuma16(image) => image.into_raw(),
        I::ImageLumaA16(image) => image.into_raw(),
        I::ImageRgb16(image) => image.into_raw(),
        I::ImageRgba16(image) => image.into_raw(),
        image => shallow(image.as_bytes()),
    };
    (channels, samples)
}
