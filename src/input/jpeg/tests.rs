use super::super::test_reading::{by_image, file, noise, stream};
use super::*;
use crate::input::{self, Opened as OpenedPicture};
use crate::jpeg::{PlaneSource, component_size, encode, quantisation_tables};
use crate::raster::Raster;
use crate::raster::Samples;

fn opened(input: Input) -> JpegPicture {
    match input::open(input).unwrap() {
        OpenedPicture::Jpeg(picture) => picture,
        OpenedPicture::Picture(picture) => panic!("{picture:?}"),
    }
}

/// All samples, read in bands of so many rows.
fn pixels(input: Input, upsampling: Upsampling, rows: usize) -> (PictureInfo, Vec<u16>) {
    let picture = opened(input);
    let info = picture.info().clone();
    let mut reader = picture.rows(upsampling, u64::MAX, &|| false).unwrap();
    let (width, height) = (info.size.width as usize, info.size.height as usize);
    let mut samples = Vec::new();
    for first in (0..height).step_by(rows) {
        let mut band = Samples::Eight(Raster::new(width, rows.min(height - first), info.channels));
        reader.read(&mut band).unwrap();
        let Samples::Eight(band) = band else { panic!() };
        samples.extend(band.samples().iter().map(|&sample| u16::from(sample)));
    }
    reader.finish().unwrap();
    (info, samples)
}

/// A JPEG of soft slopes with some noise.
fn jpeg_file(size: (u32, u32), colour: Colour, luma: (u8, u8), seed: u64) -> Vec<u8> {
    let mut noise = noise(seed);
    let steps = quantisation_tables(95).0;
    let planes: Vec<Vec<u8>> = (0..colour.component_count())
        .map(|index| {
            let factors = if index == 0 { luma } else { (1, 1) };
            let (width, height) = component_size(size, factors, luma);
            let slope = 1 + noise() % 7;
            (0..width * height).map(|at| (at % width * slope + at / width * 3 + noise() % 9).min(255) as u8).collect()
        })
        .collect();
    let sources: Vec<PlaneSource<'_>> = planes
        .iter()
        .enumerate()
        .map(|(index, samples)| {
            let (horizontal, vertical) = if index == 0 { luma } else { (1, 1) };
            PlaneSource { samples, horizontal, vertical, quantisation: &steps }
        })
        .collect();
    let (mut image, mut bytes) = (JpegImage::default(), Vec::new());
    image.assign_planes(size, colour, &sources).unwrap();
    encode(&image, jpeg::HuffmanTables::Standard, &mut bytes).unwrap();
    bytes
}

const KINDS: [(Colour, (u8, u8)); 6] = [
    (Colour::Grey, (1, 1)),
    (Colour::Rgb, (1, 1)),
    (Colour::YCbCr, (1, 1)),
    (Colour::YCbCr, (2, 1)),
    (Colour::YCbCr, (2, 2)),
    (Colour::YCbCr, (1, 2)),
];

/// `image` upsamples as libjpeg does, but does not reach beyond a row of MCUs in each case, and transforms in another way.
#[test]
fn pixels_are_those_of_another_decoder() {
    for (seed, (colour, luma)) in KINDS.into_iter().enumerate() {
        for size in [(50, 70), (33, 17), (129, 40)] {
            let bytes = jpeg_file(size, colour, luma, seed as u64);
            let (info, found) = pixels(file(&bytes), Upsampling::Smooth, 13);
            let (channels, expected) = by_image(&bytes);
            assert_eq!((info.channels, found.len()), (channels, expected.len()));
            let differences: Vec<u16> = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
            let mean = differences.iter().map(|&difference| f64::from(difference)).sum::<f64>() / found.len() as f64;
            let most = differences.iter().max().unwrap();
            let limit = if luma == (1, 1) { (0.5, 3) } else { (1.0, 30) };
            assert!(mean < limit.0 && *most <= limit.1, "{colour:?} {luma:?} {size:?}: mean {mean:.2}, most {most}");
        }
    }
}

#[test]
fn bands_of_any_height_and_streams_give_the_same_rows() {
    for (seed, (colour, luma)) in KINDS.into_iter().enumerate() {
        let bytes = jpeg_file((61, 83), colour, luma, seed as u64);
        for upsampling in [Upsampling::Smooth, Upsampling::Repeated] {
            let whole = pixels(file(&bytes), upsampling, 83);
            for rows in [1, 5, 16, 40] {
                assert_eq!(pixels(stream(&bytes, 100 + rows), upsampling, rows), whole);
            }
        }
    }
}

/// Smoothing across rows of MCUs is what it would be in a picture without them.
#[test]
fn rows_of_mcus_leave_no_seams() {
    for luma in [(2, 2), (1, 2), (2, 1)] {
        for size in [(64, 96), (33, 17), (40, 33), (35, 50)] {
            let bytes = jpeg_file(size, Colour::YCbCr, luma, 9);
            let image = jpeg::decode(&bytes, None, &mut jpeg::DecodeScratch::default()).unwrap();
            let (mut planes, mut small) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
            image.plane(0, &mut planes[0]);
            for (index, plane) in planes.iter_mut().enumerate().skip(1) {
                image.plane(index, &mut small);
                let ratio = super::super::upsample::ratio(&image, index);
                let (width, height) = image.component_size(index);
                let (from, to) = (Size::new(width, height), Size::new(size.0, size.1));
                super::super::upsample::upsample(&small, from, to, ratio, Upsampling::Smooth, &mut Vec::new(), plane);
            }
            let mut expected = vec![0; (size.0 * size.1 * 3) as usize];
            for (y, row) in expected.chunks_mut(3 * size.0 as usize).enumerate() {
                let width = size.0 as usize;
                let line = |plane: usize| &planes[plane][y * width..][..width];
                crate::raster::ycbcr::planes_to_rgb([line(0), line(1), line(2)], row);
            }
            let (_, found) = pixels(file(&bytes), Upsampling::Smooth, 7);
            let same = found.iter().zip(&expected).all(|(&found, &expected)| found == u16::from(expected));
            assert!(same, "{luma:?} {size:?}");
        }
    }
}

#[test]
fn several_scans_are_announced_and_refused_beyond_the_limit() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/odd/progressive.jpg");
    let bytes = std::fs::read(path).unwrap();
    let picture = opened(file(&bytes));
    let held = picture.held(false);
    // 64x48 in 4:2:0, two bytes a coefficient, and the file.
    assert_eq!(held, 64 * 48 * 3 / 2 * 2 + bytes.len() as u64);
    assert_eq!(picture.why_held(), IN_SEVERAL_SCANS);
    let error = picture.coefficients(held - 1, &|| false).unwrap_err();
    assert!(matches!(error, PictureError::TooMuchMemory { needed, .. } if needed == held), "{error}");
    let (_, found) = pixels(file(&bytes), Upsampling::Smooth, 10);
    let expected = by_image(&bytes).1;
    let mean = found.iter().zip(&expected).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / found.len() as f64;
    assert!(mean < 1.0, "{mean}");
}
