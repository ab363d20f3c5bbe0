//! Comparison with the decoder and encoder of the `image` crate.

use ::image::codecs::jpeg::JpegEncoder;
use ::image::{ExtendedColorType, ImageFormat, load_from_memory_with_format};

use super::*;

fn assert_near(found: &[u8], reference: &[u8], most: u8) {
    assert_eq!(found.len(), reference.len());
    let worst = found.iter().zip(reference).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(most), "samples differ by up to {worst:?}");
}

fn plane(image: &JpegImage, index: usize) -> Vec<u8> {
    let mut samples = vec![7; 3];
    image.plane(index, &mut samples);
    samples
}

#[test]
fn our_grey_files_decode_the_same_elsewhere() {
    for (size, quality) in [((1, 1), 75), ((8, 8), 90), ((61, 33), 75), ((70, 19), 100), ((256, 256), 30)] {
        let image = photo_image(size, Colour::Grey, &[(1, 1)], quality, 3);
        for huffman in [HuffmanTables::Standard, HuffmanTables::Optimised] {
            let bytes = encoded(&image, huffman);
            let other = load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_luma8();
            assert_eq!(other.dimensions(), size);
            assert_near(&plane(&image, 0), other.as_raw(), 1);
        }
    }
}

#[test]
fn our_rgb_files_decode_the_same_elsewhere() {
    let image = photo_image((45, 37), Colour::Rgb, &[(1, 1); 3], 85, 8);
    let bytes = encoded(&image, HuffmanTables::Optimised);
    let other = load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_rgb8();
    for index in 0..3 {
        let reference: Vec<u8> = other.pixels().map(|pixel| pixel.0[index]).collect();
        assert_near(&plane(&image, index), &reference, 1);
    }
}

#[test]
fn our_colour_files_have_the_same_luma_elsewhere() {
    for sampling in [[(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)]] {
        let mut image = photo_image((83, 50), Colour::YCbCr, &sampling, 85, 8);
        // Without colour, the other decoder's conversion to RGB keeps luma unchanged.
        for component in &mut image.components[1..] {
            component.coefficients.fill([0; 64]);
        }
        let bytes = encoded(&image, HuffmanTables::Standard);
        let other = load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_rgb8();
        let green: Vec<u8> = other.pixels().map(|pixel| pixel.0[1]).collect();
        assert_near(&plane(&image, 0), &green, 2);
    }
}

#[test]
fn their_files_decode_the_same_here() {
    for (size, quality) in [((1u32, 1u32), 75), ((64, 64), 90), ((61, 33), 75), ((129, 70), 20)] {
        let samples = photo(size.0, size.1, 5);
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        encoder.encode(&samples, size.0, size.1, ExtendedColorType::L8).unwrap();
        let image = decoded(&bytes).unwrap();
        assert_eq!((image.width, image.height, image.colour), (size.0, size.1, Colour::Grey));
        let other = load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_luma8();
        assert_near(&plane(&image, 0), other.as_raw(), 1);
        assert!(decoded(&encoded(&image, HuffmanTables::Standard)).unwrap() == image);
    }
}

#[test]
fn planes_survive_the_transform_within_two() {
    let samples = photo(53, 41, 2);
    let (luma, _) = quantisation_tables(100);
    let source = PlaneSource { samples: &samples, horizontal: 2, vertical: 2, quantisation: &luma };
    let mut image = JpegImage::default();
    image.assign_planes((53, 41), Colour::Grey, &[source]).unwrap();
    assert_eq!(image.component_size(0), (53, 41));
    assert_near(&plane(&image, 0), &samples, 2);
    assert!(plane(&image, 1).is_empty());
    let image = photo_image((53, 41), Colour::YCbCr, &[(2, 2), (1, 1), (1, 1)], 100, 2);
    assert_near(&plane(&image, 0), &samples, 2);
    assert_eq!(image.component_size(2), (27, 21));
    assert_near(&plane(&image, 2), &photo(27, 21, 4), 2);
}
