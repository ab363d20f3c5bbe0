//! Pictures of every kind that `cut` reads, and the pixels of a cut pyramid.

use super::png::{self, packed};
use image::{ImageBuffer, Rgba};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The pixels of any picture, in 16 bits, so that all can be compared.
pub type Pixels = ImageBuffer<Rgba<u16>, Vec<u16>>;

/// A source of numbers that are the same in each run.
pub struct Noise(u64);

impl Noise {
    /// A source whose numbers depend on the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.number() % end
    }
}

/// The pixels of a file, decoded by the `image` crate.
pub fn by_image(bytes: &[u8]) -> Pixels {
    image::load_from_memory(bytes).unwrap().to_rgba16()
}

/// The pixels turned by an Exif orientation.
pub fn oriented(pixels: &Pixels, orientation: u8) -> Pixels {
    let mut image = image::DynamicImage::ImageRgba16(pixels.clone());
    image.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
    image.to_rgba16()
}

/// The tiles joined; `read` returns the file by column and row.
pub fn join_tiles((width, height): (u32, u32), side: u32, read: impl Fn(u32, u32) -> Vec<u8>) -> Pixels {
    let mut whole = Pixels::new(width, height);
    for row in 0..height.div_ceil(side) {
        for column in 0..width.div_ceil(side) {
            let tile = by_image(&read(column, row));
            let expected = (side.min(width - column * side), side.min(height - row * side));
            assert_eq!(tile.dimensions(), expected, "tile {column}_{row}");
            image::imageops::replace(&mut whole, &tile, i64::from(column * side), i64::from(row * side));
        }
    }
    whole
}

/// The tile in the highest version that has it.
pub fn latest_source(folder: &Path, name: &str) -> PathBuf {
    let versions = (0..100).rev().map(|version| folder.join(format!("v{version}")).join(name));
    versions.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("no version has {name}"))
}

/// The pixels of the source tiles, each from the highest version that has it.
pub fn source_pixels(folder: &Path, size: (u32, u32), side: u32, extension: &str) -> Pixels {
    join_tiles(size, side, |column, row| {
        std::fs::read(latest_source(folder, &format!("{column}_{row}.{extension}"))).unwrap()
    })
}

/// The pixels of the base level of the latest tree.
pub fn tree_pixels(folder: &Path, size: (u32, u32), side: u32, extension: &str) -> Pixels {
    let level = 32 - (size.0.max(size.1) - 1).leading_zeros();
    let tiles = folder.join(format!("dest/dzi/latest/dzi_files/{level}"));
    join_tiles(size, side, |column, row| std::fs::read(tiles.join(format!("{column}_{row}.{extension}"))).unwrap())
}

/// Numbers that are the same in each run, as a closure.
pub fn noise(seed: u64) -> impl FnMut() -> u32 {
    let mut noise = Noise::new(seed);
    move || noise.number()
}

/// Samples by plane, column and row: gradients with noise, which give JPEG coefficients of all sizes.
pub fn noisy_gradient(seed: u64) -> impl FnMut(u32, u32, u32) -> u8 {
    let mut noise = Noise::new(seed);
    let shift = noise.below(200);
    move |plane, x, y| {
        let smooth = x * (2 + plane) + y * 3 + shift;
        (if x / 16 % 3 == 1 { smooth + noise.below(90) } else { smooth } % 256) as u8
    }
}

/// A kind of PNG.
#[derive(Debug, Clone, Copy)]
pub struct Png {
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    pub colour: u8,
    /// Bits of a sample.
    pub depth: u8,
    /// In seven passes.
    pub interlaced: bool,
    /// With a tRNS chunk.
    pub transparent: bool,
}

impl Png {
    /// A plain one.
    pub fn new(colour: u8, depth: u8) -> Self {
        Self { colour, depth, interlaced: false, transparent: false }
    }

    /// Whether it is cut into PNG tiles by default.
    pub fn wants_png(self) -> bool {
        self.transparent || self.colour >= 3 || self.depth == 16
    }

    /// A file with this kind of picture, and with these chunks before its pixels.
    pub fn file(self, (width, height): (u32, u32), seed: u64, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let Self { colour, depth, interlaced, transparent } = self;
        let (width, height) = (width as usize, height as usize);
        png::Spec { width, height, colour, depth, interlaced, transparent, seed }.file(chunks, &[])
    }
}

/// A PNM of kind 1 to 7 and its pixels. Only a P7 uses `channels`.
pub fn pnm(kind: u8, (width, height): (u32, u32), most: u32, channels: u32, seed: u64) -> (Vec<u8>, Pixels) {
    let channels = [1, 1, 3, 1, 1, 3, channels][usize::from(kind) - 1];
    let most = if matches!(kind, 1 | 4) { 1 } else { most };
    let mut noise = Noise::new(seed);
    let samples: Vec<u32> = (0..width * height * channels).map(|_| noise.below(most + 1)).collect();
    let mut header = format!("P{kind}\n# made by a test\n{width} {height}\n");
    match kind {
        1 | 4 => {}
        7 => {
            let name = ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][channels as usize - 1];
            header = format!(
                "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {most}\nTUPLTYPE {name}\nENDHDR\n"
            );
        }
        _ => writeln!(header, "{most}").unwrap(),
    }
    let mut file = header.into_bytes();
    for row in samples.chunks((width * channels) as usize) {
        match kind {
            1..=3 => file.extend(row.iter().flat_map(|sample| format!("{sample}\n").into_bytes())),
            4 => file.extend(packed(row.iter().map(|&sample| sample as u16), 1)),
            _ if most > 255 => file.extend(packed(row.iter().map(|&sample| sample as u16), 16)),
            _ => file.extend(row.iter().map(|sample| *sample as u8)),
        }
    }
    // 8 bits where they are enough.
    let white = if most > 255 { 65535 } else { 255 };
    let scaled = |sample: u32| (((sample * white + most / 2) / most) * (65535 / white)) as u16;
    let pixels = samples.chunks(channels as usize).flat_map(|pixel| {
        let grey = if matches!(kind, 1 | 4) { [65535 - scaled(pixel[0]); 3] } else { [scaled(pixel[0]); 3] };
        let colour = if channels >= 3 { [0, 1, 2].map(|at| scaled(pixel[at])) } else { grey };
        let alpha = if channels.is_multiple_of(2) { scaled(pixel[channels as usize - 1]) } else { 65535 };
        [colour[0], colour[1], colour[2], alpha]
    });
    let pixels = Pixels::from_raw(width, height, pixels.collect()).unwrap();
    (file, pixels)
}

/// A WebP without loss.
pub fn webp(size: (u32, u32), alpha: bool, seed: u64, exif: Option<Vec<u8>>, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let (channels, colour) = if alpha { (4, image_webp::ColorType::Rgba8) } else { (3, image_webp::ColorType::Rgb8) };
    let samples: Vec<u8> = (0..size.0 * size.1 * channels).map(|_| noise.number() as u8).collect();
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    exif.into_iter().for_each(|exif| encoder.set_exif_metadata(exif));
    icc.into_iter().for_each(|icc| encoder.set_icc_profile(icc));
    encoder.encode(&samples, size.0, size.1, colour).unwrap();
    file
}

/// A lossy WebP: a key frame with random coefficients, which are always valid.
pub fn lossy_webp((width, height): (u32, u32), seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let blocks = width.div_ceil(16) * height.div_ceil(16);
    // Zeros are the plainest header; how long it is does not matter.
    let random = |noise: &mut Noise, count: u32| (0..count).map(|_| noise.number() as u8).collect::<Vec<u8>>();
    let first = [vec![0; 12], random(&mut noise, 400 + 40 * blocks)].concat();
    let rest = random(&mut noise, 1000 + 2000 * blocks);
    // A key frame of version 0 that is pixels, and the length of its first part.
    let tag = 0x10 | (first.len() as u32) << 5;
    let mut frame = tag.to_le_bytes()[..3].to_vec();
    frame.extend([0x9d, 0x01, 0x2a]);
    frame.extend((width as u16).to_le_bytes());
    frame.extend((height as u16).to_le_bytes());
    frame.extend(first);
    frame.extend(rest);
    frame.resize(frame.len().next_multiple_of(2), 0);
    let mut file = b"RIFF".to_vec();
    file.extend((frame.len() as u32 + 12).to_le_bytes());
    file.extend(b"WEBPVP8 ");
    file.extend((frame.len() as u32).to_le_bytes());
    file.extend(frame);
    file
}

/// Exif data with nothing but the orientation.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0".to_vec();
    exif[19] = orientation;
    exif
}

/// A JPEG with a segment put behind its first marker.
pub fn jpeg_with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}

/// A JPEG with an Exif orientation.
pub fn jpeg_turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    jpeg_with_segment(jpeg, 0xE1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())
}

/// An ICC profile with its colour space, and otherwise meaningless bytes.
pub fn icc(space: &[u8; 4]) -> Vec<u8> {
    let mut profile = vec![7; 300];
    profile[..4].copy_from_slice(&300_u32.to_be_bytes());
    profile[16..20].copy_from_slice(space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// The profile in a file.
pub fn icc_of(path: &Path) -> Option<Vec<u8>> {
    use image::ImageDecoder;
    image::ImageReader::open(path)
        .unwrap()
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap()
        .icc_profile()
        .unwrap()
}

/// Decibels of signal over noise, of colours without alpha.
pub fn psnr(one: &Pixels, other: &Pixels) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let squares = one.pixels().zip(other.pixels()).map(|(one, other)| {
        let square = |at: usize| (f64::from(one.0[at]) - f64::from(other.0[at])).powi(2);
        square(0) + square(1) + square(2)
    });
    let mean = squares.sum::<f64>() / (3.0 * f64::from(one.width()) * f64::from(one.height()));
    10.0 * (65535.0_f64.powi(2) / mean.max(1e-9)).log10()
}
