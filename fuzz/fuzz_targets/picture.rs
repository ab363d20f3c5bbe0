//! A byte that says how to read, then any bytes as a picture: rows or an error, the same from a file and in any bands, and
//! for JPEG the same as when it is decoded whole.

#![no_main]

use fast_pyramid::internals::input::{
    Depth, JpegPicture, Picture, PictureError, PictureInfo, PictureInput, Rows, open,
};
use fast_pyramid::internals::jpeg::Upsampling;
use fast_pyramid::internals::jpeg::{DecodeScratch, JpegImage, decode};
use fast_pyramid::internals::raster::Raster;
use fast_pyramid::internals::raster::Samples;
use fast_pyramid::internals::sync::Unobserved;
use libfuzzer_sys::fuzz_target;
use std::fs::File;
use std::io::{BufReader, Cursor, Write};

/// Larger pictures are only opened.
const MAX_PIXELS: u64 = 1 << 18;
const MAX_MEMORY: u64 = 1 << 26;

/// A file in memory, of a name of its own for each thread.
fn file(bytes: &[u8]) -> PictureInput {
    let path = std::env::temp_dir().join(format!("fast_pyramid-fuzz-{}", std::process::id()));
    File::create(&path).and_then(|mut file| file.write_all(bytes)).unwrap();
    PictureInput::File(BufReader::new(File::open(path).unwrap()))
}

fn all_rows(info: &PictureInfo, mut rows: Box<dyn Rows>, at_once: usize) -> Result<Vec<u16>, PictureError> {
    let (width, height) = (info.size.width as usize, info.size.height as usize);
    let mut samples = Vec::new();
    for first in (0..height).step_by(at_once) {
        let count = at_once.min(height - first);
        let mut band = match info.depth {
            Depth::Eight => Samples::Eight(Raster::new(width, count, info.channels)),
            Depth::Sixteen => Samples::Sixteen(Raster::new(width, count, info.channels)),
        };
        rows.read(&mut band)?;
        match band {
            Samples::Eight(band) => samples.extend(band.samples().iter().map(|&sample| u16::from(sample))),
            Samples::Sixteen(band) => samples.extend_from_slice(band.samples()),
        }
    }
    rows.finish().map(|()| samples)
}

fn pixels(input: PictureInput, at_once: usize) -> Result<Option<(PictureInfo, Vec<u16>)>, PictureError> {
    let opened = open(input)?;
    let info = opened.info().clone();
    if info.size.pixels() > MAX_PIXELS {
        return Ok(None);
    }
    let rows = match opened {
        Picture::Rows(picture) => picture.rows(MAX_MEMORY)?,
        Picture::Jpeg(picture) => picture.rows(Upsampling::Smooth, MAX_MEMORY, &Unobserved)?,
    };
    let samples = all_rows(&info, rows, at_once)?;
    Ok(Some((info, samples)))
}

/// Band by band it is what it is whole.
fn check_jpeg(picture: JpegPicture, bytes: &[u8]) {
    let info = picture.info().clone();
    if info.size.pixels() > MAX_PIXELS {
        return;
    }
    let step = picture.mcu_size().1;
    let whole = decode(bytes, None, &mut DecodeScratch::default());
    let bands = || -> Result<(), PictureError> {
        let mut coefficients = picture.coefficients(MAX_MEMORY, &Unobserved)?;
        let (mut band, mut part, mut done) = (JpegImage::default(), JpegImage::default(), 0);
        let height = if info.orientation > 4 { info.size.width } else { info.size.height };
        while done < height {
            coefficients.read(step, &mut band)?;
            if let Ok(whole) = &whole {
                part.assign_rows(whole, done, step);
                if !info.warnings.is_empty() {
                    // A profile for other colours is left out.
                    part.icc = None;
                }
                assert!(band == part, "a band is not what it is whole");
            }
            done += band.height;
        }
        coefficients.finish()
    };
    let found = bands();
    assert_eq!(found.is_ok(), whole.is_ok(), "bands {found:?}, whole {:?}", whole.err());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, bytes)) = bytes.split_first() else { return };
    let at_once = 1 + usize::from(how % 40);
    let from_file = pixels(file(bytes), at_once);
    if let Err(error) = &from_file {
        assert!(!error.to_string().is_empty());
    }
    let other = pixels(file(bytes), 17);
    assert_eq!(from_file.is_ok(), other.is_ok());
    if let (Ok(Some(one)), Ok(Some(other))) = (&from_file, &other) {
        assert!(one == other, "bands of another height give other rows");
    }
    let stream =
        PictureInput::Stream(BufReader::with_capacity(1 + usize::from(how), Box::new(Cursor::new(bytes.to_vec()))));
    if let (Ok(Some(file)), Ok(Some(stream))) = (&from_file, &pixels(stream, at_once)) {
        assert!(file.1 == stream.1, "a stream gives other rows");
    }
    if let Ok(Picture::Jpeg(picture)) = open(file(bytes)) {
        check_jpeg(picture, bytes);
    }
});
