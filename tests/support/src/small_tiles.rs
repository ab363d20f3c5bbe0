//! Tiles that are quick to make, and few, so that random choices often repeat one.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// One of six PNG files: three grey pictures in two encodings each, which give equal parents.
pub fn grey_png(choice: usize, width: usize, height: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height).map(|index| [40, 130, (index * 37 % 251) as u8][choice % 3]).collect();
    let filter = if choice >= 3 { FilterType::Sub } else { FilterType::NoFilter };
    let png = png(&pixels, (width, height), ExtendedColorType::L8, filter);
    // The two encodings of a picture never have the same bytes.
    if choice >= 3 { png_with_comment(&png) } else { png }
}

/// One of eight files, JPEG or PNG: four pictures, grey or colour, two of them different in a single pixel; each with or
/// without a comment, which does not change its parent.
pub fn small_tile(jpeg: bool, choice: usize, (width, height): (usize, usize)) -> Vec<u8> {
    let colour = choice % 4 == 3;
    let grey = |index: usize| match choice % 4 {
        0 => 90,
        1 => 90 + if index + 1 == width * height { 60 } else { 0 },
        _ => (index * 37 % 251) as u8,
    };
    let samples = width * height * if colour { 3 } else { 1 };
    let pixels: Vec<u8> = (0..samples).map(grey).collect();
    let kind = if colour { ExtendedColorType::Rgb8 } else { ExtendedColorType::L8 };
    let plain = if jpeg {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode(&pixels, width as u32, height as u32, kind).unwrap();
        bytes
    } else {
        png(&pixels, (width, height), kind, FilterType::NoFilter)
    };
    match (choice / 4 % 2 == 1, jpeg) {
        (false, _) => plain,
        (true, true) => jpeg_with_comment(&plain),
        (true, false) => png_with_comment(&plain),
    }
}

fn png(pixels: &[u8], (width, height): (usize, usize), kind: ExtendedColorType, filter: FilterType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, filter)
        .write_image(pixels, width as u32, height as u32, kind)
        .unwrap();
    bytes
}

/// A PNG with a comment put in front of its last chunk, which has twelve bytes.
fn png_with_comment(png: &[u8]) -> Vec<u8> {
    let (front, end) = png.split_at(png.len() - 12);
    // tEXt "a\0b" with its checksum.
    let body = b"tEXta\0b";
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    [front, &3u32.to_be_bytes(), body, &(!crc).to_be_bytes(), end].concat()
}

/// A JPEG with a comment of one byte put behind its first marker.
fn jpeg_with_comment(jpeg: &[u8]) -> Vec<u8> {
    let (front, rest) = jpeg.split_at(2);
    [front, b"\xff\xfe\x00\x03c", rest].concat()
}
