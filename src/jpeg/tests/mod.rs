//! Tests of the whole codec, by topic.

mod bands;
mod damage;
mod halve_colour;
mod merge;
mod reference;
mod round_trip;
mod stream;
mod streams;
mod transform;

use super::*;

/// A small pseudo-random generator (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number in `low..=high`.
    pub(super) fn within(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() >> 33) as i32 % (high - low + 1)
    }
}

/// Samples with soft gradients, edges and some noise, like a photograph.
pub(super) fn photo(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let (shift, slope) = (random.within(0, 99), random.within(1, 5));
    let mut samples = Vec::new();
    for y in 0..height as i32 {
        for x in 0..width as i32 {
            let wave = (x * slope + y * 3 + shift) % 256 - 128;
            let edge = if (x / 13 + y / 17) % 3 == 0 { 60 } else { 0 };
            let value = 90 + wave.abs() / 2 + edge + random.within(-6, 6);
            samples.push(value.clamp(0, 255) as u8);
        }
    }
    samples
}

/// An image of such planes.
pub(super) fn photo_image(
    size: (u32, u32),
    colour: Colour,
    sampling: &[(u8, u8)],
    quality: u8,
    seed: u64,
) -> JpegImage {
    let greatest = sampling.iter().fold((1, 1), |most, one| (most.0.max(one.0), most.1.max(one.1)));
    let planes: Vec<Vec<u8>> = sampling
        .iter()
        .zip(seed..)
        .map(|(&factors, seed)| {
            let (width, height) = component_size(size, factors, greatest);
            photo(width, height, seed)
        })
        .collect();
    let (luma, chroma) = quantisation_tables(quality);
    let sources: Vec<PlaneSource<'_>> = planes
        .iter()
        .zip(sampling)
        .enumerate()
        .map(|(index, (samples, &(horizontal, vertical)))| PlaneSource {
            samples,
            horizontal,
            vertical,
            quantisation: if index > 0 && colour == Colour::YCbCr { &chroma } else { &luma },
        })
        .collect();
    let mut image = JpegImage::default();
    image.assign_planes(size, colour, &sources).unwrap();
    image
}

/// The file of an image.
pub(super) fn encoded(image: &JpegImage, huffman: HuffmanTables) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(image, huffman, &mut bytes).unwrap();
    bytes
}

/// Decodes with new buffers.
pub(super) fn decoded(bytes: &[u8]) -> Result<JpegImage, JpegError> {
    decode(bytes, None, &mut DecodeScratch::default())
}

/// The kind of error of decoding.
pub(super) fn refusal(bytes: &[u8]) -> JpegErrorKind {
    decoded(bytes).unwrap_err().kind
}
