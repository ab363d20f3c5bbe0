//! JPEG tiles, compared with planes that are computed sample by sample.

use super::*;
use crate::jpeg::{self, Colour, DecodeScratch, JpegImage, PlaneSource};

fn image_of(bytes: &[u8]) -> JpegImage {
    jpeg::decode(bytes, None, &mut DecodeScratch::default()).unwrap()
}

type Images = BTreeMap<Tile, JpegImage>;

fn images_of(tiles: &Tiles) -> Images {
    tiles.iter().map(|(tile, bytes)| (*tile, image_of(bytes))).collect()
}

fn plane_of(image: &JpegImage, index: usize) -> Raster<u8> {
    let (width, height) = image.component_size(index);
    let mut samples = Vec::new();
    image.plane(index, &mut samples);
    Raster::from_samples(width as usize, height as usize, 1, samples).unwrap()
}

/// Component `index` of a whole level with one sample per pixel: each pixel from the tile whose core contains it.
fn level_plane(geometry: &Geometry, level: u8, images: &Images, index: usize) -> Raster<u8> {
    let Size { width, height } = geometry.level_size(level);
    let mut whole = Raster::new(width as usize, height as usize, 1);
    for (tile, image) in images.iter().filter(|(tile, _)| tile.level == level) {
        let (rect, core) = (geometry.tile_rect(*tile).unwrap(), geometry.core_rect(*tile).unwrap());
        let plane = plane_of(image, index);
        let step = (image.components[0].horizontal / image.components[index].horizontal) as usize;
        for y in core.y..core.y + core.size.height {
            for x in core.x..core.x + core.size.width {
                let (x_inside, y_inside) = ((x - rect.x) as usize / step, (y - rect.y) as usize / step);
                whole.row_mut(y as usize)[x as usize] = plane.row(y_inside)[x_inside];
            }
        }
    }
    whole
}

/// The sample of a tile that stands for `step` x `step` of its pixels, of which those beyond its edge are repeated. Each pixel is
/// the mean of `scale` x `scale` pixels of the finer level. Rounded once.
fn mean(finer: &Raster<u8>, rect: Rect, (x, y): (u32, u32), step: u32, scale: u32) -> u8 {
    let mut sum = 0;
    for dy in 0..step {
        for dx in 0..step {
            let pixel_x = rect.x + (x * step + dx).min(rect.size.width - 1);
            let pixel_y = rect.y + (y * step + dy).min(rect.size.height - 1);
            for sub_y in 0..scale {
                for sub_x in 0..scale {
                    let at_x = ((pixel_x * scale + sub_x) as usize).min(finer.width() - 1);
                    let at_y = ((pixel_y * scale + sub_y) as usize).min(finer.height() - 1);
                    sum += u32::from(finer.row(at_y)[at_x]);
                }
            }
        }
    }
    let count = step * step * scale * scale;
    ((sum + count / 2) / count) as u8
}

/// The tile that the finer level's planes give, with the steps and the sampling of `like`.
fn expected(planes: &[Raster<u8>], rect: Rect, scale: u32, like: &JpegImage) -> JpegImage {
    let size = (rect.size.width, rect.size.height);
    let greatest = (like.components[0].horizontal, like.components[0].vertical);
    let samples: Vec<Vec<u8>> = (0..3)
        .map(|index| {
            let factors = (like.components[index].horizontal, like.components[index].vertical);
            let (width, height) = jpeg::component_size(size, factors, greatest);
            let step = u32::from(greatest.0 / factors.0);
            let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            places.map(|place| mean(&planes[index], rect, place, step, scale)).collect()
        })
        .collect();
    let sources: Vec<PlaneSource<'_>> = samples
        .iter()
        .zip(&like.components)
        .map(|(samples, like)| PlaneSource {
            samples,
            horizontal: like.horizontal,
            vertical: like.vertical,
            quantisation: &like.quantisation,
        })
        .collect();
    let mut image = JpegImage::default();
    image.assign_planes(size, Colour::YCbCr, &sources).unwrap();
    image
}

fn jpeg_settings(geometry: &Geometry, quality: u8) -> Settings {
    Settings { quality: Quality::new(quality), ..settings(geometry, "jpg", Filter::Mean) }
}

fn built_from_noise(geometry: &Geometry, codec: Codec) -> (Tiles, Tiles) {
    let Size { width, height } = geometry.size();
    let picture = noise(width ^ height << 9, (width * height * 3) as usize);
    let picture = Raster::from_samples(width as usize, height as usize, 3, picture).unwrap();
    let sources = all_sources(&picture, geometry, codec, true);
    let built = build_version(Memory { patched: sources.clone(), ..Memory::default() }, geometry, codec, 1000);
    (sources, built.tiles)
}

/// 4:2:0 (quality 80) and 4:4:4 (quality 92), odd and even overlaps, both kinds of base tiles. The coefficients must be equal.
#[test]
fn planes_are_reduced_on_the_grid_of_each_tile_with_one_rounding() {
    for (width, height, tile_size, overlap) in [(151, 90, 30, 1), (97, 131, 31, 3), (120, 61, 28, 2), (64, 200, 17, 8)]
    {
        for quality in [80, 92] {
            for base_tiles in [BaseTiles::Plain, BaseTiles::Overlapping] {
                let geometry = Geometry::new(Size::new(width, height), tile_size, overlap).unwrap();
                let geometry = geometry.with_base_tiles(base_tiles);
                let codec = Codec::new(&jpeg_settings(&geometry, quality));
                let images = images_of(&built_from_noise(&geometry, codec).1);
                for level in 0..geometry.source_level() {
                    let planes = [0, 1, 2].map(|index| level_plane(&geometry, level + 1, &images, index));
                    let scale = if level == geometry.base_level() { 1 } else { 2 };
                    for (tile, found) in images.iter().filter(|(tile, _)| tile.level == level) {
                        let rect = geometry.tile_rect(*tile).unwrap();
                        let expected = expected(&planes, rect, scale, found);
                        assert!(
                            *found == expected,
                            "{width}x{height} {tile_size}/{overlap} q{quality} {base_tiles:?} {tile}"
                        );
                    }
                }
            }
        }
    }
}

/// The rectangle that two tiles of a level share, in pixels of each.
fn shared(geometry: &Geometry, tile: Tile, core_of: Tile) -> Option<(Rect, Rect)> {
    let (whole, other, core) = (geometry.tile_rect(tile)?, geometry.tile_rect(core_of)?, geometry.core_rect(core_of)?);
    let span = |a: (u32, u32), b: (u32, u32)| {
        let (start, end) = (a.0.max(b.0), (a.0 + a.1).min(b.0 + b.1));
        (start < end).then(|| (start, end - start))
    };
    let (x, width) = span((whole.x, whole.size.width), (core.x, core.size.width))?;
    let (y, height) = span((whole.y, whole.size.height), (core.y, core.size.height))?;
    let within = |corner: Rect| Rect { x: x - corner.x, y: y - corner.y, size: Size::new(width, height) };
    Some((within(whole), within(other)))
}

/// Where blocks align, nothing leaves the frequency domain: strips decode to the neighbours' cores, sample for sample, and plain
/// base tiles keep their coefficients.
#[test]
fn strips_are_the_neighbours_own_blocks() {
    for (width, height, tile_size, overlap, quality) in
        [(200, 141, 64, 16, 80), (203, 150, 32, 16, 80), (203, 150, 48, 8, 92), (150, 190, 32, 16, 92)]
    {
        for base_tiles in [BaseTiles::Plain, BaseTiles::Overlapping] {
            let geometry = Geometry::new(Size::new(width, height), tile_size, overlap).unwrap();
            let geometry = geometry.with_base_tiles(base_tiles);
            let codec = Codec::new(&jpeg_settings(&geometry, quality));
            let (sources, tiles) = built_from_noise(&geometry, codec);
            let images = images_of(&tiles);
            for (tile, image) in images.iter().filter(|(tile, _)| tile.level <= geometry.base_level()) {
                for (neighbour, other) in images.iter().filter(|(other, _)| other.level == tile.level) {
                    let Some((own, core)) = shared(&geometry, *tile, *neighbour) else { continue };
                    for index in 0..3 {
                        let step = u32::from(image.components[0].horizontal / image.components[index].horizontal);
                        let scaled = |rect: Rect| Rect {
                            x: rect.x / step,
                            y: rect.y / step,
                            size: Size::new(rect.size.width.div_ceil(step), rect.size.height.div_ceil(step)),
                        };
                        let (own, core) =
                            (plane_of(image, index).part(scaled(own)), plane_of(other, index).part(scaled(core)));
                        assert!(
                            own == core,
                            "{width}x{height} {tile_size}/{overlap} {base_tiles:?} {tile} shows {neighbour}"
                        );
                    }
                }
            }
            if base_tiles == BaseTiles::Plain {
                for (plain, bytes) in &sources {
                    let composed = Tile { level: geometry.base_level(), ..*plain };
                    let (whole, mut core) = (&images[&composed], JpegImage::default());
                    let shape = geometry.tile_shape(composed);
                    let part = jpeg::PlacedPart { image: whole, from: shape.core, x: 0, y: 0 };
                    assert!(core.join(&[part], shape.core.size));
                    assert!(core == image_of(bytes), "{plain} lost something");
                }
            }
        }
    }
}
