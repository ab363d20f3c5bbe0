//! How much memory a cut needs, estimated before it begins.
//!
//! The estimate is in bytes per pixel, fitted to the peaks of 512 runs (all kinds of tiles and pictures, from 100x100 to
//! 6000x6000 pixels, tiles of 256 to 8192, 1 to 8 threads). It is never below the peak, and at most twice as high; a little
//! more if large tiles compress to nothing, because it must hold for noise. Some peaks in MB, with one thread and with four,
//! and their estimates, for pictures of 6000x6000 in RGB:
//!
//! | tiles                                  | 1 thread: peak, est. | 4 threads: peak, est. |
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
//! The program itself needs 6 MB. The peaks were measured with encoder version 2; a test compares some of them in each run.

use super::CutMode;
use super::patch::MAX_SAMPLED_PIXELS;
use crate::format::{Filter, FormatKind, Quality, Settings, Tolerance};
use crate::geometry::{Geometry, Tile};
use crate::input::{Depth, Picture, ReadMemory};
use crate::tile::Codec;
use crate::walk::cut::MAX_UNIFORM_PIXELS;

/// Bytes that the program needs in any case, and per thread.
const BASE_MEMORY: u64 = 31 << 18;
const MEMORY_PER_THREAD: u64 = 512 << 10;

/// Bytes of a pixel's coefficients in a file, at most: three components of 31 bits each, stuffed.
const MAX_BYTES_PER_PIXEL: u64 = 24;

/// The memory that a cut needs, estimated before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutMemory {
    /// Bytes in all.
    pub total: u64,
    /// Bytes of these that are buffered because the picture cannot be read row by row.
    pub buffered: u64,
    /// Why the picture must be buffered; empty if it need not be.
    pub reason: &'static str,
}

/// What is done with the tiles of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TileUse {
    /// They are written.
    Write,
    /// They are written, and a pyramid is built in the same pass.
    Build,
    /// They are compared with the latest version.
    Compare,
    /// They are compared, and then a version is built.
    CompareAndBuild,
}

impl CutMemory {
    /// Bytes besides the buffered picture.
    pub(super) fn unbuffered(&self) -> u64 {
        self.total.saturating_sub(self.buffered)
    }

    /// Estimates the memory of a cut on the threads of the current rayon pool.
    pub(super) fn estimate(
        opened: &Picture,
        geometry: &Geometry,
        settings: &Settings,
        mode: CutMode,
        usage: TileUse,
        tolerance: Tolerance,
    ) -> Self {
        let (buffered, reason) = match opened {
            Picture::Rows(picture) => (picture.info().buffered, picture.why_buffered()),
            Picture::Jpeg(picture) if mode == CutMode::Pixels => (picture.buffered_for_rows(), picture.why_buffered()),
            Picture::Jpeg(picture) => (picture.info().buffered, picture.why_buffered()),
        };
        let threads = rayon::current_num_threads() as u64;
        let shape = Shape::of(geometry, threads);
        let pixel = PixelCost::of(opened, settings, mode);
        let by_pixel = |pixels: u64, hundredths: u64| pixels.saturating_mul(hundredths) / 100;
        let reading = match mode {
            CutMode::Pixels => opened.info().read_memory,
            // A window of the file.
            _ => ReadMemory { shared: 2 << 20, ..ReadMemory::default() },
        };
        let uniform =
            if geometry.base_grid().count() > 1 { MAX_UNIFORM_PIXELS.min(geometry.size().pixels()) } else { 0 };
        // Per tile of the latest version: where it is, and its hash.
        let latest = match usage {
            TileUse::Compare | TileUse::CompareAndBuild => geometry.base_grid().count().saturating_mul(20),
            TileUse::Write | TileUse::Build => 0,
        };
        let compares = latest > 0 && (tolerance != Tolerance::NONE || shape.tile <= MAX_SAMPLED_PIXELS);
        let compared = if compares { shape.at_work } else { 0 };
        let waiting = if usage == TileUse::Build { by_pixel(shape.waiting, pixel.image) } else { 0 };
        let buffers = by_pixel(shape.bands, pixel.band)
            .saturating_add(by_pixel(shape.at_work, pixel.at_work(shape.rounds, usage)))
            .saturating_add(by_pixel(compared, pixel.compared()))
            .saturating_add(waiting)
            .saturating_add(by_pixel(uniform, pixel.image))
            .saturating_add(latest)
            .saturating_add(reading.shared)
            .saturating_add(threads.min(reading.chunks_in(shape.high)).saturating_mul(reading.per_thread));
        let total = (BASE_MEMORY + threads * MEMORY_PER_THREAD).saturating_add(buffers.saturating_mul(11) / 10);
        Self { total: total.saturating_add(buffered), buffered, reason }
    }
}

/// How many tiles each thread makes. Reused buffers need more, because they keep the size of the largest tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounds {
    One,
    Two,
    More,
}

/// Pixels in memory at once.
struct Shape {
    /// The band being cut and the band being read.
    bands: u64,
    /// The largest tile.
    tile: u64,
    /// The tiles being made.
    at_work: u64,
    /// The tiles that wait for the row below them, while a pyramid is built.
    waiting: u64,
    rounds: Rounds,
    /// Rows of a band.
    high: u64,
}

impl Shape {
    fn of(geometry: &Geometry, threads: u64) -> Self {
        let overlap = if geometry.composes_base() { 0 } else { geometry.overlap() };
        // Of an inner tile.
        let side = geometry.tile_size() + 2 * overlap;
        let (size, grid) = (geometry.size(), geometry.base_grid());
        let (width, high) = (u64::from(size.width), u64::from(size.height.min(side)));
        // The band being read, and the rows that are new in it.
        let next = u64::from((size.height - size.height.min(side)).min(side)) * if overlap > 0 { 2 } else { 1 };
        let tile = u64::from(size.width.min(side)) * high;
        let at_once = threads.min(u64::from(grid.columns));
        let waiting = geometry.levels().filter(|level| geometry.grid(*level).rows > 1).map(|level| {
            let first = geometry.tile_dimensions(Tile { level, column: 0, row: 0 });
            let width = u64::from(geometry.level_size(level).width);
            match overlap {
                0 => width * u64::from(first.height),
                // Up to four rows, the one being made, and images to be used again.
                _ => {
                    let shared = u64::from(2 * overlap * geometry.grid(level).columns);
                    (width + shared) * u64::from(side) * u64::from(geometry.grid(level).rows.min(5))
                }
            }
        });
        Self {
            bands: width * (high + next),
            tile,
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

/// Hundredths of a byte per pixel.
struct PixelCost {
    format: FormatKind,
    deep: bool,
    /// Of a band.
    band: u64,
    /// Of a tile's samples: of all components for JPEG, otherwise bytes.
    samples: u64,
    /// Of a tile's file, for noise.
    file: u64,
    /// Of a tile that waits.
    image: u64,
    /// For a conversion to 8 bits without alpha.
    conversion: u64,
    coefficients: bool,
}

impl PixelCost {
    fn of(opened: &Picture, settings: &Settings, mode: CutMode) -> Self {
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
        let coefficients = mode != CutMode::Pixels;
        let samples = match opened {
            _ if channels < 3 => 100,
            // Assumes one chroma block per MCU, as nearly all JPEGs have.
            Picture::Jpeg(picture) if coefficients => {
                let (wide, high) = picture.mcu_size();
                100 + 200 * 64 / u64::from(wide * high).max(64)
            }
            _ if Codec::new(settings).encoding().halves_colour() => 150,
            _ => 300,
        };
        let noise = noise(settings.quality.unwrap_or_default());
        let file = match opened {
            Picture::Jpeg(picture) if coefficients => {
                let pixels = info.size.pixels().max(1);
                let stored = picture.file_length().map_or(0, |length| length.saturating_mul(120) / pixels);
                // A file longer than any coding of its pixels is not read to its end.
                let stored = stored.min(100 * MAX_BYTES_PER_PIXEL);
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
            image: image(settings, samples, file),
            conversion: if !coefficients && (deep || channels.is_multiple_of(2)) { 300 * channels } else { 0 },
            coefficients,
        }
    }

    /// What a tile needs while it is compared as pixels.
    fn compared(&self) -> u64 {
        match self.format {
            // Both as 16-bit colours and alpha, one of them also as RGBA, and the samples of both.
            FormatKind::Png => 2 * 800 + 800 + 3 * self.samples,
            // Coefficients, planes and pixels of the stored tile, then those of the picture.
            FormatKind::Jpeg => {
                let shown = 2 * self.samples + 300 + 300;
                shown + if self.coefficients { shown } else { 300 }
            }
        }
    }

    /// What a tile needs while it is made.
    fn at_work(&self, rounds: Rounds, usage: TileUse) -> u64 {
        let by = |[one, two, more]: [u64; 3]| match rounds {
            Rounds::One => one,
            Rounds::Two => two,
            Rounds::More => more,
        };
        let building = matches!(usage, TileUse::Build | TileUse::CompareAndBuild);
        let comparing = matches!(usage, TileUse::Compare | TileUse::CompareAndBuild);
        if self.format == FormatKind::Png {
            let made = by(if self.deep { [510, 550, 700] } else { [410, 530, 625] });
            let built = if building { by([50, 100, 400]) } else { 0 };
            // Both tiles as 16-bit RGBA, the stored one also as its samples and its file.
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

/// Hundredths of a byte per pixel of a JPEG tile that waits: folded, with its file, or, with overlap where blocks do not align, in
/// planes or as coefficients.
fn image(settings: &Settings, samples: u64, file: u64) -> u64 {
    let aligned = settings.tile_size.is_multiple_of(32) && settings.overlap.is_multiple_of(16);
    let averages = settings.filter == Filter::Mean && !settings.linear;
    match (settings.overlap > 0 && !aligned, averages && settings.tile_size.is_multiple_of(2)) {
        (false, _) => samples + file,
        (true, true) => samples - 75,
        (true, false) => 2 * samples,
    }
}

/// Hundredths of a byte per sample of noise in a JPEG.
fn noise(quality: Quality) -> u64 {
    match quality.get() {
        0..=50 => 30,
        51..=75 => 40,
        76..=85 => 50,
        86..=92 => 70,
        _ => 160,
    }
}
