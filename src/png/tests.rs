use super::*;
use crate::raster::{Raster, Samples};

/// Images for every part of the encoder.
///
/// They are noise (stored), slopes (filtered), repeated patches, and blank areas (matches near, far, and longer than
/// 258).
fn pictures(length: usize, stride: usize) -> [Vec<u8>; 5] {
    let mut seed = 7u32;
    let mut next = || {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        seed >> 24
    };
    let noise: Vec<u8> = (0..length).map(|_| next() as u8).collect();
    let slope: Vec<u8> = (0..length).map(|at| (at / stride + at % stride / 3) as u8 ^ (next() as u8 & 1)).collect();
    let patches: Vec<u8> = (0..length).map(|at| noise[(at % stride / 60 * 7 + at / stride / 9 * 3) % length]).collect();
    let half: Vec<u8> = (0..length).map(|at| if at < length / 2 { 0 } else { noise[at] }).collect();
    [noise, slope, patches, half, vec![200; length]]
}

#[test]
fn encoding_then_decoding_returns_the_image() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (2, 3), (64, 64), (257, 255)] {
        for channels in 1..=4 {
            for bytes in pictures(width * height * channels * 2, width * channels * 2) {
                let sixteen = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
                let sixteen = Raster::from_samples(width, height, channels, sixteen).map(Samples::Sixteen).unwrap();
                let eight = bytes[..bytes.len() / 2].to_vec();
                let eight = Raster::from_samples(width, height, channels, eight).map(Samples::Eight).unwrap();
                for samples in [eight, sixteen] {
                    let image = PngImage { samples, icc: None };
                    let mut file = Vec::new();
                    encode(&image, &mut file).unwrap();
                    let decoded = decode(&file, Size::new(width as u32, height as u32)).unwrap();
                    assert!(decoded == image, "{width}x{height}, {channels} channels");
                }
            }
        }
    }
}

#[test]
fn noise_is_stored_and_grows_only_by_its_frame() {
    let [noise, ..] = pictures(256 * 256 * 3, 256 * 3);
    let samples = Raster::from_samples(256, 256, 3, noise).map(Samples::Eight).unwrap();
    let mut file = Vec::new();
    encode(&PngImage { samples, icc: None }, &mut file).unwrap();
    assert!(file.len() < 256 * 256 * 3 + 256 + 150, "{}", file.len());
}

/// A Fibonacci sequence of frequencies makes the deepest tree.
#[test]
fn code_lengths_are_complete_and_within_the_limit() {
    let mut frequencies = [0u32; 40];
    let (mut a, mut b) = (1u32, 1u32);
    for frequency in &mut frequencies {
        *frequency = a;
        (a, b) = (b, a.saturating_add(b));
    }
    for limit in [7, 12, 15] {
        let lengths = huffman::lengths(&frequencies, limit);
        assert!(lengths.iter().all(|&length| (1..=limit as u8).contains(&length)));
        let kraft: u64 = lengths.iter().map(|&length| 1u64 << (limit - usize::from(length))).sum();
        assert_eq!(kraft, 1 << limit);
        assert!(lengths.is_sorted_by(|a, b| a >= b), "the more frequent, the shorter: {lengths:?}");
    }
}
