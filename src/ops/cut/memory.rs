//! How much memory cutting takes, told before it begins.
//!
//! In bytes for each pixel, as found by taking the peaks of 512 runs apart (all kinds of tiles and pictures, of 100x100 to
//! 6000x6000 pixels, tiles of 256 to 8192, 1 to 8 threads). What is told is never less than the peak, and up to twice as
//! much; a little more where large tiles compress to nothing, as what is told has to do for noise. Some peaks in MB, with one
//! thread and with four, and what is told of them; pictures of 6000x6000 in RGB:
//!
//! | tiles                                  | 1 thread: peak, told | 4 threads: peak, told |
//! |----------------------------------------|----------------------|-----------------------|
//! | JPEG of 256, from noise                | 16, 19               | 18, 22                |
//! | the same, built                        | 24, 27               | 27, 32                |
//! | one JPEG, built                        | 378, 442             | 379, 443              |
//! | PNG of 256, from noise, built          | 27, 30               | 36, 39                |
//! | PNG of 1024, from noise, built         | 102, 120             | 174, 228              |
//! | one PNG, from noise                    | 546, 614             | 546, 616              |
//! | one PNG, from slopes                   | 369, 614             | 369, 616              |
//! | one PNG, from noise of 16 bits         | 1302, 1457           | 1302, 1459            |
//! | JPEG of 256 without loss, built        | 25, 30               | 27, 36                |
//! | one JPEG without loss, built           | 375, 414             | 376, 416              |
//! | PNG of 1024, a newer picture           | 84, 96               | 188, 238              |
//! | one PNG, a newer picture               | 1249, 1485           | 1250, 1487            |
//!
//! The program itself takes 6 MB. The peaks are those of encoder version 2; the test `cut_memory` compares some in each run.

use super::Manner;
use crate::format::{FormatKind, Quality, Settings};
use crate::geometry::{Geometry, Tile};
use crate::input::{Depth, Picture, ReadMemory};
use crate::tile::Codec;
use crate::walk::cut::MAX_UNIFORM_PIXELS;

/// What the program itself takes, and each of its threads.
const ANYWAY: u64 = 15 << 19;
const EACH_THREAD: u64 = 512 << 10;

/// Bytes that three components' coefficients of a pixel can take in a file: 31 bits each, stuffed.
const MAX_BYTES_OF_A_PIXEL: u64 = 24;

/// What cutting takes, told before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes in all, about.
    pub total: u64,
    /// Of these, bytes of what has to be held because the picture cannot be read row by row.
    pub held: u64,
    /// Why they have to be; empty if none have to be.
    pub why_held: &'static str,
}

/// What is done with a picture's tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// They are written.
    Write,
    /// A pyramid is built of them on the way.
    Build,
    /// They are compared with those that there are.
    Compare,
    /// They are compared, and then what differs is built.
    CompareAndBuild,
}

impl Memory {
    /// Bytes of all but what has to be held.
    pub(super) fn beside(&self) -> u64 {
        self.total.saturating_sub(self.held)
    }

    /// What cutting will take, with the threads of the current rayon pool.
    pub(super) fn of(opened: &Picture, geometry: &Geometry, settings: &Settings, manner: Manner, usage: Use) -> Self {
        let (held, why_held) = match opened {
            Picture::Rows(picture) => (picture.info().buffered, picture.why_buffered()),
            Picture::Jpeg(picture) if manner == Manner::Pixels => (picture.buffered_for_rows(), picture.why_buffered()),
            Picture::Jpeg(picture) => (picture.info().buffered, picture.why_buffered()),
        };
        let threads = rayon::current_num_threads() as u64;
        let shape = Shape::of(geometry, threads);
        let pixel = Pixel::of(opened, settings, manner);
        let by_pixel = |pixels: u64, hundredths: u64| pixels.saturating_mul(hundredths) / 100;
        let reading = match manner {
            Manner::Pixels => opened.info().read_memory,
            // A window of the file.
            _ => ReadMemory { shared: 2 << 20, ..ReadMemory::default() },
        };
        let flat = if geometry.base_grid().count() > 1 { MAX_UNIFORM_PIXELS.min(geometry.size().pixels()) } else { 0 };
        // Of each tile of the latest version, where it is and what its bytes are.
        let latest = match usage {
            Use::Compare | Use::CompareAndBuild => geometry.base_grid().count().saturating_mul(20),
            Use::Write | Use::Build => 0,
        };
        let waiting = if usage == Use::Build { by_pixel(shape.waiting, pixel.image) } else { 0 };
        let buffers = by_pixel(shape.bands, pixel.band)
            .saturating_add(by_pixel(shape.at_work, pixel.at_work(shape.rounds, usage)))
            .saturating_add(waiting)
            .saturating_add(by_pixel(flat, pixel.image))
            .saturating_add(latest)
            .saturating_add(reading.shared)
            .saturating_add(threads.min(reading.chunks_in(shape.high)).saturating_mul(reading.per_thread));
        let total = (ANYWAY + threads * EACH_THREAD).saturating_add(buffers.saturating_mul(11) / 10);
        Self { total: total.saturating_add(held), held, why_held }
    }
}

/// How many tiles each thread makes. Buffers that are used again take more: they keep what the largest tile took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounds {
    One,
    Two,
    More,
}

/// Pixels of what is in memory at once.
struct Shape {
    /// The band that is cut and the one that is read.
    bands: u64,
    /// The tiles that are made at once.
    at_work: u64,
    /// The tiles that wait for the row below them while a pyramid is built.
    waiting: u64,
    rounds: Rounds,
    /// Rows of a band.
    high: u64,
}

impl Shape {
    fn of(geometry: &Geometry, threads: u64) -> Self {
        let (size, side, grid) = (geometry.size(), geometry.tile_size(), geometry.base_grid());
        let (width, high) = (u64::from(size.width), u64::from(size.height.min(side)));
        let next = u64::from((size.height - size.height.min(side)).min(side));
        let tile = u64::from(size.width.min(side)) * high;
        let at_once = threads.min(u64::from(grid.columns));
        let waiting = geometry.levels().filter(|level| geometry.grid(*level).rows > 1).map(|level| {
            let first = geometry.tile_dimensions(Tile { level, column: 0, row: 0 });
            u64::from(geometry.level_size(level).width) * u64::from(first.height)
        });
        Self {
            bands: width * (high + next),
            at_work: (at_once * tile).min(width * high),
            waiting: waiting.sum(),
            high,
            rounds: match grid.count() {
                tiles if tiles <= at_once => Rounds::One,
                tiles if tiles <= 2 * at_once => Rounds::Two,
                _ => Rounds::More,
            },
        }
    }
}

/// Hundredths of bytes for each pixel.
struct Pixel {
    format: FormatKind,
    deep: bool,
    /// Of a band.
    band: u64,
    /// Of a tile's samples: in JPEG those of all components, else bytes.
    samples: u64,
    /// Of a tile's file, where nothing is harder to compress.
    file: u64,
    /// Of a tile that waits.
    image: u64,
    /// For making samples of 8 bits without alpha first.
    conversion: u64,
    coefficients: bool,
}

impl Pixel {
    fn of(opened: &Picture, settings: &Settings, manner: Manner) -> Self {
        let info = opened.info();
        let (channels, deep) = (info.channels as u64, info.depth == Depth::Sixteen);
        let bytes = 100 * channels * if deep { 2 } else { 1 };
        let format = settings.format.kind();
        if format == FormatKind::Png {
            let (conversion, coefficients) = (0, false);
            return Self {
                format,
                deep,
                band: bytes,
                samples: bytes,
                file: bytes,
                image: bytes,
                conversion,
                coefficients,
            };
        }
        let coefficients = manner != Manner::Pixels;
        let samples = match opened {
            _ if channels < 3 => 100,
            // As if colour differences had one sample in each MCU's block, as they nearly always have.
            Picture::Jpeg(picture) if coefficients => {
                let (wide, high) = picture.mcu_size();
                100 + 200 * 64 / u64::from(wide * high).max(64)
            }
            _ if Codec::new(settings).halves_colour() => 150,
            _ => 300,
        };
        let noise = noise(settings.quality.unwrap_or_default());
        let file = match opened {
            Picture::Jpeg(picture) if coefficients => {
                let pixels = info.size.pixels().max(1);
                let stored = picture.file_length().map_or(0, |length| length.saturating_mul(120) / pixels);
                // What is longer for its pixels than any coding of them is not all of it read.
                let stored = stored.min(100 * MAX_BYTES_OF_A_PIXEL);
                (samples * noise.max(75) / 100).max(stored)
            }
            _ => samples * noise / 100,
        };
        Self {
            format,
            deep,
            band: if coefficients { 2 * samples } else { bytes },
            samples,
            file,
            image: samples + file,
            conversion: if !coefficients && (deep || channels.is_multiple_of(2)) { 300 * channels } else { 0 },
            coefficients,
        }
    }

    /// What a tile takes while it is made.
    fn at_work(&self, rounds: Rounds, usage: Use) -> u64 {
        let by = |[one, two, more]: [u64; 3]| match rounds {
            Rounds::One => one,
            Rounds::Two => two,
            Rounds::More => more,
        };
        let building = matches!(usage, Use::Build | Use::CompareAndBuild);
        let comparing = matches!(usage, Use::Compare | Use::CompareAndBuild);
        if self.format == FormatKind::Png {
            let made = by(if self.deep { [510, 550, 700] } else { [410, 530, 625] });
            let built = if building { by([50, 100, 400]) } else { 0 };
            // Both as RGBA of 16 bits, the other as stored and as its file.
            let compared = if comparing { 1600 + 2 * self.samples } else { 0 };
            return self.samples * (made + built) / 100 + compared;
        }
        let file = by([100, 150, 200]);
        let made = by(if self.coefficients { [210, 300, 420] } else { [310, 400, 500] });
        let (built, built_file) = if building { (by([120, 200, 400]), file) } else { (0, 0) };
        let compared_file = if comparing { file } else { 0 };
        (self.samples * (made + built) + self.file * (file + built_file + compared_file)) / 100 + self.conversion
    }
}

/// Hundredths of a byte that noise takes for each sample in a JPEG.
fn noise(quality: Quality) -> u64 {
    match quality.get() {
        0..=50 => 30,
        51..=75 => 40,
        76..=85 => 50,
        86..=92 => 70,
        _ => 160,
    }
}
