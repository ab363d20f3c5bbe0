//! Pictures of every kind that is cut, made here, and what a cut pyramid shows.

#[path = "../../src/input/png/tests/writer.rs"]
mod png_writer;

use fast_pyramid::jpeg::{self, Colour, HuffmanTables, JpegImage, PlaneSource, component_size};
use fast_pyramid::ops::{CutOptions, CutReport, Error, PictureSource, cut};
use fast_pyramid::store::Durability;
use image::{ImageBuffer, Rgba};
use std::fmt::Write;
use std::path::{Path, PathBuf};

pub use png_writer::{KINDS as PNG_KINDS, chunk as png_chunk};
use png_writer::{Made, packed};

/// Pixels of any picture, so that all can be compared: 255 of 8 bits are 65535 here.
pub type Shown = ImageBuffer<Rgba<u16>, Vec<u16>>;

/// A source of numbers that are the same in each run.
pub struct Noise(u64);

impl Noise {
    /// One that begins anywhere.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}

/// What the `image` crate makes of a file.
pub fn by_image(bytes: &[u8]) -> Shown {
    image::load_from_memory(bytes).unwrap().to_rgba16()
}

/// What a file shows when it is turned as Exif says.
pub fn turned(shown: &Shown, orientation: u8) -> Shown {
    let mut image = image::DynamicImage::ImageRgba16(shown.clone());
    image.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
    image.to_rgba16()
}

/// The tiles joined, as `read` gives them by column and row.
pub fn joined((width, height): (u32, u32), side: u32, read: impl Fn(u32, u32) -> Vec<u8>) -> Shown {
    let mut whole = Shown::new(width, height);
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

/// The tile that the highest version has.
pub fn latest_source(folder: &Path, name: &str) -> PathBuf {
    let versions = (0..100).rev().map(|version| folder.join(format!("v{version}")).join(name));
    versions.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("no version has {name}"))
}

/// What the source versions show in the end.
pub fn sources_show(folder: &Path, size: (u32, u32), side: u32, extension: &str) -> Shown {
    joined(size, side, |column, row| {
        std::fs::read(latest_source(folder, &format!("{column}_{row}.{extension}"))).unwrap()
    })
}

/// What the base level of the latest tree shows.
pub fn tree_shows(folder: &Path, size: (u32, u32), side: u32, extension: &str) -> Shown {
    let level = 32 - (size.0.max(size.1) - 1).leading_zeros();
    let tiles = folder.join(format!("dest/dzi/latest/dzi_files/{level}"));
    joined(size, side, |column, row| std::fs::read(tiles.join(format!("{column}_{row}.{extension}"))).unwrap())
}

/// The options of a quick cut.
pub fn options(tile_size: u32) -> CutOptions {
    CutOptions { tile_size: Some(tile_size), durability: Durability::Unflushed, ..CutOptions::default() }
}

/// Cuts a picture of these bytes, which is written beside the folder.
pub fn cut_bytes(bytes: &[u8], folder: &Path, options: &CutOptions) -> Result<CutReport, Error> {
    let picture = folder.with_extension("picture");
    std::fs::write(&picture, bytes).unwrap();
    cut(&PictureSource::File(picture), folder, options)
}

/// Such numbers, one after the other.
fn noise(seed: u64) -> impl FnMut() -> u32 {
    let mut noise = Noise::new(seed);
    move || noise.next()
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

    /// Whether it is to be cut into PNG tiles where nobody says anything else.
    pub fn wants_png(self) -> bool {
        self.transparent || self.colour >= 3 || self.depth == 16
    }

    /// A file with this kind of picture, and with these chunks before its pixels.
    pub fn file(self, (width, height): (u32, u32), seed: u64, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let Self { colour, depth, interlaced, transparent } = self;
        let (width, height) = (width as usize, height as usize);
        Made { width, height, colour, depth, interlaced, transparent, seed }.file(chunks, &[])
    }
}

/// A PNM of kind 1 to 7 and what it shows. A P7 has the channels, the others those of their kind.
pub fn pnm(kind: u8, (width, height): (u32, u32), most: u32, channels: u32, seed: u64) -> (Vec<u8>, Shown) {
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
    let shown = Shown::from_raw(width, height, pixels.collect()).unwrap();
    (file, shown)
}

/// A WebP without loss.
pub fn webp(size: (u32, u32), alpha: bool, seed: u64, exif: Option<Vec<u8>>, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let (channels, colour) = if alpha { (4, image_webp::ColorType::Rgba8) } else { (3, image_webp::ColorType::Rgb8) };
    let samples: Vec<u8> = (0..size.0 * size.1 * channels).map(|_| noise.next() as u8).collect();
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    exif.into_iter().for_each(|exif| encoder.set_exif_metadata(exif));
    icc.into_iter().for_each(|icc| encoder.set_icc_profile(icc));
    encoder.encode(&samples, size.0, size.1, colour).unwrap();
    file
}

/// A lossy WebP: a key frame whose coefficients are whatever random bits mean, which is always something.
pub fn lossy_webp((width, height): (u32, u32), seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let blocks = width.div_ceil(16) * height.div_ceil(16);
    // Zeros are the plainest header; how long it is does not matter.
    let random = |noise: &mut Noise, count: u32| (0..count).map(|_| noise.next() as u8).collect::<Vec<u8>>();
    let first = [vec![0; 12], random(&mut noise, 400 + 40 * blocks)].concat();
    let rest = random(&mut noise, 1000 + 2000 * blocks);
    // A key frame of version 0 that is shown, and the length of its first part.
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

/// A kind of JPEG: what its components are, and the sampling factors of the first, where the others have 1.
#[derive(Debug, Clone, Copy)]
pub struct Jpeg {
    /// What the components mean.
    pub colour: Colour,
    /// Horizontal and vertical sampling factor of luma.
    pub factors: (u8, u8),
    /// 1 to 100.
    pub quality: u8,
}

impl Jpeg {
    /// Colour with halved differences.
    pub fn new(quality: u8) -> Self {
        Self { colour: Colour::YCbCr, factors: (2, 2), quality }
    }

    /// A baseline file: gradients with noise, which gives coefficients of all sizes.
    pub fn file(self, size: (u32, u32), seed: u64) -> Vec<u8> {
        let mut noise = Noise::new(seed);
        let shift = noise.below(200);
        self.file_of(size, |plane, x, y| {
            let smooth = x * (2 + plane) + y * 3 + shift;
            (if x / 16 % 3 == 1 { smooth + noise.below(90) } else { smooth } % 256) as u8
        })
    }

    /// A baseline file of planes whose samples are given by component, column and row.
    pub fn file_of(self, size: (u32, u32), mut sample: impl FnMut(u32, u32, u32) -> u8) -> Vec<u8> {
        let mut file = Vec::new();
        let count = self.colour.component_count() as u32;
        let factors = |index: u32| if index == 0 && count == 3 { self.factors } else { (1, 1) };
        let greatest = factors(0);
        let planes: Vec<Vec<u8>> = (0..count)
            .map(|index| {
                let (width, height) = component_size(size, factors(index), greatest);
                (0..width * height).map(|at| sample(index, at % width, at / width)).collect()
            })
            .collect();
        let (luma, chroma) = jpeg::quantisation_tables(self.quality);
        let sources: Vec<PlaneSource<'_>> = (0..count)
            .map(|index| PlaneSource {
                samples: &planes[index as usize],
                horizontal: factors(index).0,
                vertical: factors(index).1,
                quantisation: if index == 0 { &luma } else { &chroma },
            })
            .collect();
        let mut image = JpegImage::default();
        image.assign_planes(size, self.colour, &sources).unwrap();
        jpeg::encode(&image, HuffmanTables::Optimised, &mut file).unwrap();
        file
    }
}

/// The coefficients of a JPEG.
pub fn coefficients(bytes: &[u8]) -> JpegImage {
    jpeg::decode(bytes, None, &mut jpeg::DecodeScratch::default()).unwrap()
}

/// Exif data that say nothing but the orientation.
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

/// A JPEG that is stored turned.
pub fn jpeg_turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    jpeg_with_segment(jpeg, 0xE1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())
}

/// A profile that says of which colours it is, and nothing else.
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
pub fn psnr(one: &Shown, other: &Shown) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let squares = one.pixels().zip(other.pixels()).map(|(one, other)| {
        let square = |at: usize| (f64::from(one.0[at]) - f64::from(other.0[at])).powi(2);
        square(0) + square(1) + square(2)
    });
    let mean = squares.sum::<f64>() / (3.0 * f64::from(one.width()) * f64::from(one.height()));
    10.0 * (65535.0_f64.powi(2) / mean.max(1e-9)).log10()
}
