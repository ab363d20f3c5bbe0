//! JPEG pyramids: what has to be without loss is, and the rest is as near to the picture as libvips' levels are.

use super::{build_and_verify, level_folder, shape_of, write_spec};
use crate::support::coefficients;
use crate::support::jpeg::Jpeg;
use fast_pyramid::internals::jpeg::{Colour, JpegImage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use test_support::overlap::{Area, Shape};
use test_support::reference::{Filter, Kind, OverlappingLevel, Picture, TiledBase, Tiles, halve, level_sizes};
use test_support::{copy_folder, fixture};

/// The coefficients of the tiles of a level.
type Images = BTreeMap<(usize, usize), JpegImage>;

/// A level of this size, for its geometry alone.
fn level_of(shape: Shape, (width, height): (usize, usize), overlap: usize) -> OverlappingLevel {
    OverlappingLevel { width, height, tile_size: shape.tile_size, overlap, tiles: Tiles::new() }
}

fn read_images(folder: &Path, level: &OverlappingLevel) -> Images {
    let read = |(column, row)| {
        let bytes = fs::read(folder.join(format!("{column}_{row}.jpg"))).unwrap();
        let image = coefficients(&bytes);
        let area = level.area((column, row));
        assert_eq!((image.width as usize, image.height as usize), (area.width(), area.height()));
        ((column, row), image)
    };
    level.places().into_iter().map(read).collect()
}

/// Pixels per sample of a component.
fn step(image: &JpegImage, index: usize) -> usize {
    usize::from(image.components[0].horizontal / image.components[index].horizontal)
}

/// Samples of a rectangle of a component, given in pixels of the tile.
fn samples(image: &JpegImage, index: usize, rect: Area) -> Vec<u8> {
    let mut plane = Vec::new();
    image.plane(index, &mut plane);
    let (stride, step) = (image.component_size(index).0 as usize, step(image, index));
    let (left, top) = (rect.left / step, rect.top / step);
    let (width, height) = (rect.width().div_ceil(step), rect.height().div_ceil(step));
    (top..top + height).flat_map(|y| plane[y * stride + left..][..width].to_vec()).collect()
}

/// Fails unless the blocks of a plain tile are those of the generated one, from this pixel of it on.
fn assert_same_blocks(name: &str, plain: &JpegImage, generated: &JpegImage, (left, top): (usize, usize)) {
    assert_eq!(plain.colour, generated.colour, "{name}");
    for (index, (ours, theirs)) in generated.components.iter().zip(&plain.components).enumerate() {
        assert_eq!((ours.horizontal, ours.vertical), (theirs.horizontal, theirs.vertical), "{name}");
        assert_eq!(ours.quantisation, theirs.quantisation, "{name}");
        let pixels = 8 * step(plain, index);
        let (column, row) = (left / pixels, top / pixels);
        // Blocks that only fill up the last MCU show nothing.
        let (width, height) = plain.component_size(index);
        for y in 0..height.div_ceil(8) as usize {
            for x in 0..width.div_ceil(8) as usize {
                let block = ours.coefficients[(row + y) * ours.blocks_wide + column + x];
                assert_eq!(block, theirs.coefficients[y * theirs.blocks_wide + x], "{name}, {index}, block {x},{y}");
            }
        }
    }
}

/// What two tiles of a level share of the core of the second, in pixels of each.
fn strip(level: &OverlappingLevel, shows: (usize, usize), core_of: (usize, usize)) -> Option<(Area, Area)> {
    let (whole, other) = (level.area(shows), level.area(core_of));
    let shared = whole.shared(level_of_cores(level).area(core_of))?;
    Some((shared.within(whole), shared.within(other)))
}

fn level_of_cores(level: &OverlappingLevel) -> OverlappingLevel {
    OverlappingLevel { overlap: 0, ..level.clone() }
}

/// Also where the steps of the base tiles are not those of pyramid.json, and edge tiles are narrower than the overlap.
#[test]
fn aligned_plain_tiles_keep_their_coefficients_and_strips_are_the_neighbours() {
    for (colour, factors, overlap, base_quality, quality) in [
        (Colour::YCbCr, (2, 2), 16, 70, 80),
        (Colour::YCbCr, (1, 1), 8, 92, 92),
        (Colour::YCbCr, (1, 1), 16, 85, 80),
        (Colour::Grey, (1, 1), 8, 80, 80),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let shape = Shape { overlap, ..Shape::without_overlap(517, 300, 256) };
        write_spec(folder.path(), shape, &format!("base_tiles: 'plain', quality: {quality}"));
        let sizes = level_sizes(shape.width, shape.height);
        let cores = level_of(shape, *sizes.last().unwrap(), 0);
        let v0 = folder.path().join("v0");
        fs::create_dir(&v0).unwrap();
        for (column, row) in cores.places() {
            let area = cores.area((column, row));
            let kind = Jpeg { colour, factors, quality: base_quality };
            let bytes = kind.file((area.width() as u32, area.height() as u32), (10 * column + row) as u64);
            fs::write(v0.join(format!("{column}_{row}.jpg")), bytes).unwrap();
        }
        build_and_verify(folder.path());

        let name = format!("{colour:?} {factors:?} {overlap}");
        for (number, size) in sizes.iter().enumerate() {
            let level = level_of(shape, *size, overlap);
            let images = read_images(&level_folder(folder.path(), number), &level);
            for (&tile, image) in &images {
                for (&neighbour, other) in &images {
                    let Some((own, core)) = strip(&level, tile, neighbour) else { continue };
                    for index in 0..image.components.len() {
                        let equal = samples(image, index, own) == samples(other, index, core);
                        assert!(equal, "{name}, level {number}, {tile:?} shows {neighbour:?}");
                    }
                }
            }
            if number + 1 == sizes.len() {
                for ((column, row), plain) in read_images(&v0, &cores) {
                    let start = |index: usize| if index == 0 { 0 } else { overlap };
                    let name = format!("{name}, tile {column}_{row}");
                    assert_same_blocks(&name, &plain, &images[&(column, row)], (start(column), start(row)));
                }
            }
        }
    }
}

/// A whole level's brightness, not rounded.
struct Luma {
    width: usize,
    height: usize,
    samples: Vec<f64>,
}

impl Luma {
    fn of(picture: &Picture) -> Self {
        let pixels = picture.samples.chunks(picture.kind().channels());
        let weights = if picture.colour { &[0.299, 0.587, 0.114][..] } else { &[1.0] };
        let luma = |pixel: &[u16]| weights.iter().zip(pixel).map(|(weight, sample)| weight * f64::from(*sample)).sum();
        Self { width: picture.width, height: picture.height, samples: pixels.map(luma).collect() }
    }

    fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let at = |x: usize, y: usize| self.samples[y.min(self.height - 1) * self.width + x.min(self.width - 1)];
        let mean = |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, height, samples: places.map(|(x, y)| mean(2 * x, 2 * y)).collect() }
    }

    fn psnr(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let squares: f64 = self.samples.iter().zip(&other.samples).map(|(one, other)| (one - other).powi(2)).sum();
        10.0 * (255.0_f64.powi(2) / (squares / self.samples.len() as f64)).log10()
    }
}

/// The picture of which `fixtures/overlap/make.py` lets libvips make pyramids.
fn original() -> Picture {
    let relief = TiledBase::read(&fixture("relief/v0"), "jpg", 1900, 1400, 256);
    let whole = OverlappingLevel::of_plain(&relief).whole();
    halve(&whole.cut(0, 0, 1536, 1024), Filter::Mean, false)
}

/// How near our levels and libvips' are to the exact mean of the picture.
///
/// libvips makes each level from the picture, we make it from stored tiles, so a little is lost that it does not lose.
#[test]
fn jpeg_levels_with_overlap_are_as_near_to_the_picture_as_those_by_libvips() {
    let original = original();
    for line in fs::read_to_string(fixture("overlap/jpeg_psnr.jsonl")).unwrap().lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let shape = shape_of(&expected);
        let folder = tempfile::tempdir().unwrap();
        write_spec(folder.path(), shape, &format!("quality: {}", expected["quality"]));
        let name = expected["name"].as_str().unwrap();
        copy_folder(&fixture("overlap").join(format!("jpeg_{name}")), &folder.path().join("v0"));
        build_and_verify(folder.path());

        let mut exact = Luma::of(&original);
        let sizes = level_sizes(shape.width, shape.height);
        for (level, size) in sizes.iter().enumerate().rev() {
            let tiles = level_folder(folder.path(), level);
            let found = OverlappingLevel::read(&tiles, "jpg", *size, shape.tile_size, shape.overlap).whole();
            assert_eq!(found.kind(), Kind { colour: true, ..Kind::default() });
            let ours = Luma::of(&found).psnr(&exact);
            let theirs = expected["luma_psnr"][level].as_f64().unwrap();
            // In less than a block one coefficient rounded the other way is many decibels.
            let is_enough = size.0 * size.1 >= 64;
            assert!(!is_enough || ours >= theirs - 0.3, "{name}, level {level}: {ours:.2} dB, libvips {theirs:.2} dB");
            exact = exact.halved();
        }
    }
}
