//! Comparison with other decoders: files by libtiff with pictures decoded by libtiff, libjpeg and libpng, and JPEG
//! chunks of other shapes with the `image` crate.

use super::decoded;
use crate::input::Depth;
use crate::input::test_reading::encode_jpeg;
use crate::jpeg::{Colour, component_size};
use std::path::Path;
use test_support::tiff::Spec;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiff").join(name)).unwrap()
}

/// The samples of a PNG with this number of channels and this depth.
fn expected_samples(name: &str, channels: usize, depth: Depth) -> Vec<u16> {
    let image = image::load_from_memory(&fixture(name)).unwrap();
    let eight = |samples: Vec<u8>| samples.into_iter().map(u16::from).collect();
    match (channels, depth) {
        (1, Depth::Eight) => eight(image.to_luma8().into_raw()),
        (1, Depth::Sixteen) => image.to_luma16().into_raw(),
        (_, Depth::Eight) => eight(image.to_rgb8().into_raw()),
        (_, Depth::Sixteen) => image.to_rgb16().into_raw(),
    }
}

fn largest_difference(one: &[u16], other: &[u16]) -> u16 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| one.abs_diff(*other)).max().unwrap()
}

#[test]
fn files_by_libtiff_equal_their_pngs() {
    let files = [
        ("rgb_tiles_lzw.tif", "rgb.png", 3),
        ("rgb_strips_big_deflate.tif", "rgb.png", 3),
        ("rgb_packbits.tif", "rgb.png", 3),
        ("rgb_as_cmyk_lzw.tif", "rgb.png", 3),
        ("grey16_tiles_lzw.tif", "grey16.png", 1),
        ("bilevel_lzw.tif", "bilevel.png", 1),
        ("palette_deflate.tif", "palette.png", 3),
        ("jpeg_420.tif", "jpeg_420.png", 3),
        ("jpeg_444.tif", "jpeg_444.png", 3),
    ];
    for (name, png, channels) in files {
        let found = decoded(&fixture(name)).unwrap();
        assert_eq!((found.info.size.to_string().as_str(), found.info.channels), ("37x29", channels), "{name}");
        assert!(found.info.warnings.is_empty(), "{name}: {:?}", found.info.warnings);
        let wanted = expected_samples(png, channels, found.info.depth);
        let allowed = if name.starts_with("jpeg") { 3 } else { 0 };
        let difference = largest_difference(&found.samples, &wanted);
        assert!(difference <= allowed, "{name}: {difference}");
    }
}

#[test]
fn truncated_files_by_libtiff_give_errors_or_the_right_samples() {
    for name in ["rgb_tiles_lzw.tif", "rgb_strips_big_deflate.tif", "jpeg_420.tif"] {
        let whole = fixture(name);
        let wanted = decoded(&whole).unwrap().samples;
        for length in (0..whole.len()).step_by(7) {
            if let Ok(found) = decoded(&whole[..length]) {
                assert_eq!(found.samples, wanted, "{name}: {length} bytes");
            }
        }
    }
}

#[test]
fn damaged_jpeg_chunks_never_panic() {
    let whole = fixture("jpeg_420.tif");
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            let _ = decoded(&damaged);
        }
    }
}

/// A JPEG of noise on a slope, with these sampling factors of luma.
fn jpeg_of(size: (u32, u32), colour: Colour, luma: (u8, u8)) -> Vec<u8> {
    let planes: Vec<Vec<u8>> = (0..colour.component_count() as u32)
        .map(|index| {
            let factors = if index == 0 { luma } else { (1, 1) };
            let (width, height) = component_size(size, factors, luma);
            let sample = |at: u32| {
                (at % width * 3 + at / width * (2 + index) + at.wrapping_mul(2654435) / 1999 % 40) as u8 / 2 + 60
            };
            (0..width * height).map(sample).collect()
        })
        .collect();
    encode_jpeg(size, colour, luma, &planes, &[2; 64])
}

#[test]
fn jpeg_chunks_are_close_to_those_of_another_decoder() {
    for (colour, photometric, luma) in [
        (Colour::Grey, 1, (1, 1)),
        (Colour::Rgb, 2, (1, 1)),
        (Colour::YCbCr, 6, (1, 1)),
        (Colour::YCbCr, 6, (2, 1)),
        (Colour::YCbCr, 6, (1, 2)),
        (Colour::YCbCr, 6, (2, 2)),
    ] {
        let samples = colour.component_count() as u32;
        let spec = Spec { compression: 7, photometric, samples, rows_per_strip: 16, ..Spec::rgb(45, 37) };
        let strips: Vec<Vec<u8>> = [16, 16, 5].map(|rows| jpeg_of((45, rows), colour, luma)).into();
        let wanted: Vec<u16> = strips
            .iter()
            .flat_map(|strip| {
                let image = image::load_from_memory(strip).unwrap();
                if samples == 1 { image.to_luma8().into_raw() } else { image.to_rgb8().into_raw() }
            })
            .map(u16::from)
            .collect();
        let found = decoded(&spec.file_of(&strips)).unwrap();
        let difference = largest_difference(&found.samples, &wanted);
        assert!(difference <= 4, "{colour:?} {luma:?}: {difference}");
    }
}

#[test]
fn planar_jpeg_chunks_are_interleaved() {
    let spec = Spec { compression: 7, planar: true, rows_per_strip: 40, ..Spec::rgb(45, 37) };
    let plane = jpeg_of((45, 37), Colour::Grey, (1, 1));
    let grey = image::load_from_memory(&plane).unwrap().to_luma8().into_raw();
    let found = decoded(&spec.file_of(&[plane.clone(), plane.clone(), plane])).unwrap();
    let wanted: Vec<u16> = grey.iter().flat_map(|sample| [u16::from(*sample); 3]).collect();
    assert!(largest_difference(&found.samples, &wanted) <= 2);
}

#[test]
fn jpeg_chunks_of_the_wrong_shape_are_refused() {
    let spec = Spec { compression: 7, photometric: 6, rows_per_strip: 16, ..Spec::rgb(45, 16) };
    let error = |spec: &Spec, strip: Vec<u8>| decoded(&spec.file_of(&[strip])).unwrap_err().to_string();
    let strip = "damaged: strip 0 (from row 0 of the picture)";
    for (size, colour, problem) in [
        ((44, 16), Colour::YCbCr, "the JPEG has 44x16 pixels, not 45x16"),
        ((45, 15), Colour::YCbCr, "the JPEG has 45x15 pixels, not 45x16"),
        ((45, 17), Colour::YCbCr, "the JPEG has 45x17 pixels, not 45x16"),
        ((45, 16), Colour::Grey, "the number of components in the JPEG is 1, not 3"),
    ] {
        assert_eq!(error(&spec, jpeg_of(size, colour, (1, 1))), format!("{strip}: {problem}"));
    }
    let cut = jpeg_of((45, 16), Colour::YCbCr, (2, 2));
    let found = error(&spec, cut[..cut.len() / 2].to_vec());
    assert!(found.starts_with(strip), "{found}");
    let cmyk = Spec { photometric: 5, samples: 4, ..spec };
    assert_eq!(error(&cmyk, cut), "not supported: TIFF with CMYK and JPEG compression");
}
