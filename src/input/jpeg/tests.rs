use super::*;
use crate::input::test_reading::{by_image, encode_jpeg, file, noise, read_rows, stream};
use crate::input::{Picture, open};
use crate::jpeg::{SubsampledPlane, Subsampling, Upsampler};
use crate::jpeg::{component_size, quantisation_tables};
use crate::sync::Unobserved;

fn opened(input: PictureInput) -> JpegPicture {
    match open(input).unwrap() {
        Picture::Jpeg(picture) => picture,
        Picture::Rows(picture) => panic!("{picture:?}"),
    }
}

/// A picture's information and samples, read in bands of `band` rows.
fn pixels(input: PictureInput, upsampling: Upsampling, band: usize) -> (PictureInfo, Vec<u16>) {
    let picture = opened(input);
    let info = picture.info().clone();
    let rows = picture.rows(upsampling, u64::MAX, &Unobserved).unwrap();
    let samples = read_rows(&info, rows, band).unwrap();
    (info, samples)
}

/// A JPEG of smooth slopes with some noise.
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
    encode_jpeg(size, colour, luma, &planes, &steps)
}

const KINDS: [(Colour, (u8, u8)); 6] = [
    (Colour::Grey, (1, 1)),
    (Colour::Rgb, (1, 1)),
    (Colour::YCbCr, (1, 1)),
    (Colour::YCbCr, (2, 1)),
    (Colour::YCbCr, (2, 2)),
    (Colour::YCbCr, (1, 2)),
];

/// The `image` crate upsamples like libjpeg, but not always across rows of MCUs, and uses another inverse transform.
#[test]
fn pixels_are_close_to_those_of_another_decoder() {
    for (seed, (colour, luma)) in KINDS.into_iter().enumerate() {
        for size in [(50, 70), (33, 17), (129, 40)] {
            let bytes = jpeg_file(size, colour, luma, seed as u64);
            let (info, found) = pixels(file(&bytes), Upsampling::Smooth, 13);
            let (channels, expected) = by_image(&bytes);
            assert_eq!((info.channels, found.len()), (channels, expected.len()));
            let differences: Vec<u16> = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
            let mean = differences.iter().map(|&difference| f64::from(difference)).sum::<f64>() / found.len() as f64;
            let largest = differences.iter().max().unwrap();
            let limit = if luma == (1, 1) { (0.5, 3) } else { (1.0, 30) };
            assert!(
                mean < limit.0 && *largest <= limit.1,
                "{colour:?} {luma:?} {size:?}: mean {mean:.2}, largest {largest}"
            );
        }
    }
}

#[test]
fn rows_do_not_depend_on_band_height_or_stream_pieces() {
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

/// Interpolating row by row of MCUs gives the same pixels as interpolating whole planes.
#[test]
fn interpolation_has_no_seams_between_rows_of_mcus() {
    for luma in [(2, 2), (1, 2), (2, 1)] {
        for size in [(64, 96), (33, 17), (40, 33), (35, 50)] {
            let bytes = jpeg_file(size, Colour::YCbCr, luma, 9);
            let image = jpeg::decode(&bytes, None, &mut jpeg::DecodeScratch::default()).unwrap();
            let (mut planes, mut small) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
            image.plane(0, &mut planes[0]);
            for (index, plane) in planes.iter_mut().enumerate().skip(1) {
                image.plane(index, &mut small);
                let (width, height) = image.component_size(index);
                let subsampling = Subsampling::of(&image, index);
                let small = SubsampledPlane { samples: &small, size: Size::new(width, height), subsampling };
                Upsampler::default().upsample(small, Size::new(size.0, size.1), Upsampling::Smooth, plane);
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
fn picture_in_several_scans_announces_its_memory_and_is_refused_below_it() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/odd/progressive.jpg");
    let bytes = std::fs::read(path).unwrap();
    let picture = opened(file(&bytes));
    let buffered = picture.info().buffered;
    // 64x48 in 4:2:0, two bytes per coefficient, and the file.
    assert_eq!(buffered, 64 * 48 * 3 / 2 * 2 + bytes.len() as u64);
    assert_eq!(picture.why_buffered(), SEVERAL_SCANS);
    let error = picture.coefficients(buffered - 1, &Unobserved).unwrap_err();
    assert!(matches!(error, PictureError::TooMuchMemory { needed, .. } if needed == buffered), "{error}");
    let (_, found) = pixels(file(&bytes), Upsampling::Smooth, 10);
    let expected = by_image(&bytes).1;
    let mean = found.iter().zip(&expected).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / found.len() as f64;
    assert!(mean < 1.0, "{mean}");
}
