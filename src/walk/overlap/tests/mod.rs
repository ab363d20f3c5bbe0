mod jpeg;

use super::*;
use crate::format::{Filter, Quality, Settings, TileFormat, TileNaming};
use crate::geometry::{BaseTiles, GridSet, Rect, Size, TileSet};
use crate::png::{self, PngImage};
use crate::raster::{Raster, Samples};
use crate::sync::Unobserved;
use crate::tile::{BandTile, Scratch, TileImage};
use crate::walk::Resumed;
use crate::walk::memory::{Memory, Tiles, noise};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn settings(geometry: &Geometry, extension: &str, filter: Filter) -> Settings {
    let Size { width, height } = geometry.size();
    Settings {
        base_tiles: None,
        width,
        height,
        tile_size: geometry.tile_size(),
        overlap: geometry.overlap(),
        format: TileFormat::new(extension).unwrap(),
        quality: Some(Quality::DEFAULT),
        huffman_tables: None,
        filter,
        linear: false,
        tile_naming: TileNaming::column_row(),
    }
}

/// What a version has after a build, source tiles of earlier versions included, and which tiles are new.
struct Built {
    tiles: Tiles,
    new: BTreeSet<Tile>,
}

fn build_version(memory: Memory, geometry: &Geometry, codec: Codec, columns: u32) -> Built {
    let level = geometry.source_level();
    let plan = if memory.previous.is_empty() {
        BuildPlan::first(geometry)
    } else {
        let mut patched = GridSet::new(geometry.base_grid());
        memory.patched.keys().for_each(|tile| assert!(patched.insert(tile.column, tile.row)));
        BuildPlan::patch(geometry, patched)
    };
    let maker = VersionMaker::new(&plan, codec, &memory, &memory, &Unobserved);
    make_in_columns(columns, geometry, &maker).unwrap();
    maker.finish().unwrap();
    let Memory { previous, finished, tiles, new, .. } = memory;
    // Resumed tiles stay as they are, and so do source tiles of earlier versions that are no tiles of the tree.
    let mut all: Tiles = previous.into_iter().filter(|(tile, _)| tile.level > geometry.base_level()).collect();
    all.extend(finished);
    all.extend(tiles.into_inner());
    assert!(all.keys().all(|tile| tile.level <= level));
    Built { tiles: all, new: new.into_inner() }
}

/// A rectangle of a picture as a file.
fn encoded(picture: &Raster<u8>, rect: Rect, codec: Codec, is_jpeg: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let part = Samples::Eight(picture.part(rect));
    if is_jpeg {
        let (columns, style) = (
            crate::tile::Columns { left: 0, width: rect.size.width as usize },
            crate::tile::BaseStyle { encoding: codec.encoding(), icc: None },
        );
        let (mut scratch, mut image) = (Scratch::default(), TileImage::default());
        codec
            .without_parents()
            .base_from_pixels(
                &part,
                BandTile::plain(columns, rect.size.height),
                &style,
                &mut scratch,
                &mut image,
                &mut bytes,
            )
            .unwrap();
    } else {
        png::encode(&PngImage { samples: part, icc: None }, &mut bytes).unwrap();
    }
    bytes
}

fn all_sources(picture: &Raster<u8>, geometry: &Geometry, codec: Codec, is_jpeg: bool) -> Tiles {
    let level = geometry.source_level();
    let grid = geometry.base_grid();
    let tiles = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| Tile { level, column, row }));
    tiles.map(|tile| (tile, encoded(picture, geometry.tile_rect(tile).unwrap(), codec, is_jpeg))).collect()
}

/// The 2x2 mean of a whole level, pixel by pixel.
fn halved(level: &Raster<u8>) -> Raster<u8> {
    let channels = level.channels();
    let mut half = Raster::new(level.width().div_ceil(2), level.height().div_ceil(2), channels);
    for y in 0..half.height() {
        for x in 0..half.width() * channels {
            let (pixel, channel) = (x / channels, x % channels);
            let sample = |dx: usize, dy: usize| {
                let (x, y) = ((2 * pixel + dx).min(level.width() - 1), (2 * y + dy).min(level.height() - 1));
                u32::from(level.row(y)[x * channels + channel])
            };
            half.row_mut(y)[x] = ((sample(0, 0) + sample(1, 0) + sample(0, 1) + sample(1, 1) + 2) >> 2) as u8;
        }
    }
    half
}

fn any_shape() -> impl Strategy<Value = Geometry> {
    let overlap = prop_oneof![Just(1u32), Just(2), Just(10), Just(16), Just(1000), 0..64u32];
    let tile = prop_oneof![Just(4u32), Just(7), Just(16), Just(32), Just(37), Just(64), 2..70u32];
    (1..260u32, 1..260u32, tile, overlap, any::<bool>()).prop_map(|(width, height, tile, overlap, plain)| {
        // At most some hundred tiles.
        let (width, height) = (width.min(tile * 14), height.min(tile * 14));
        let base_tiles = if plain { BaseTiles::Plain } else { BaseTiles::Overlapping };
        let geometry = Geometry::new(Size::new(width, height), tile, overlap.clamp(1, tile / 2)).unwrap();
        geometry.with_base_tiles(base_tiles)
    })
}

fn any_columns() -> impl Strategy<Value = u32> {
    prop_oneof![Just(3u32), Just(6), Just(1000)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Each tile shows its rectangle of the level, which is half of the finer level.
    #[test]
    fn png_tiles_are_cut_from_the_halved_picture(
        geometry in any_shape(), seed in any::<u32>(), channels in prop_oneof![Just(1usize), Just(3)], columns in any_columns(),
    ) {
        let Size { width, height } = geometry.size();
        let (width, height) = (width as usize, height as usize);
        let mut level = Raster::from_samples(width, height, channels, noise(seed, width * height * channels)).unwrap();
        let codec = Codec::new(&settings(&geometry, "png", Filter::Mean));
        let memory = Memory { patched: all_sources(&level, &geometry, codec, false), ..Memory::default() };
        let built = build_version(memory, &geometry, codec, columns);
        for number in geometry.levels().rev() {
            let grid = geometry.grid(number);
            for row in 0..grid.rows {
                for column in 0..grid.columns {
                    let tile = Tile { level: number, column, row };
                    let rect = geometry.tile_rect(tile).unwrap();
                    let found = png::decode(&built.tiles[&tile], rect.size).unwrap();
                    prop_assert!(found.samples == Samples::Eight(level.part(rect)), "{tile}");
                }
            }
            level = halved(&level);
        }
    }

    /// Built patch by patch, at once, or resumed: the same tiles.
    #[test]
    fn history_does_not_matter(
        geometry in any_shape(), seed in any::<u32>(), is_jpeg in any::<bool>(), columns in (any_columns(), any_columns()),
        filter in prop_oneof![Just(Filter::Mean), Just(Filter::Lanczos3), Just(Filter::Nearest), Just(Filter::Mode)],
        patches in proptest::collection::vec((any::<u32>(), any::<u32>(), 1..4u32), 1..4), stop in any::<u32>(),
    ) {
        let Size { width, height } = geometry.size();
        let picture = |seed| {
            let (width, height) = (width as usize, height as usize);
            Raster::from_samples(width, height, 3, noise(seed, width * height * 3)).unwrap()
        };
        let codec = Codec::new(&settings(&geometry, if is_jpeg { "jpg" } else { "png" }, filter));
        let mut sources = all_sources(&picture(seed), &geometry, codec, is_jpeg);
        let first = Memory { patched: sources.clone(), ..Memory::default() };
        let mut latest = build_version(first, &geometry, codec, columns.0);
        for (index, (x, y, count)) in patches.into_iter().enumerate() {
            let other = picture(seed.wrapping_add(index as u32 + 1));
            let (grid, level) = (geometry.base_grid(), geometry.source_level());
            let patched: Tiles = (0..count)
                .map(|more| Tile { level, column: (x.wrapping_add(more)) % grid.columns, row: y % grid.rows })
                .map(|tile| (tile, encoded(&other, geometry.tile_rect(tile).unwrap(), codec, is_jpeg)))
                .collect();
            sources.extend(patched.clone());
            let at_once = Memory { patched: sources.clone(), ..Memory::default() };
            let fresh = build_version(at_once, &geometry, codec, columns.1);
            let previous = latest.tiles;
            let memory = || Memory { patched: patched.clone(), previous: previous.clone(), ..Memory::default() };
            let built = build_version(memory(), &geometry, codec, columns.0);
            prop_assert!(built.tiles == fresh.tiles);
            let mut set = GridSet::new(grid);
            patched.keys().for_each(|tile| { set.insert(tile.column, tile.row); });
            let affected = TileSet::affected(&geometry, set);
            for (tile, bytes) in &built.tiles {
                prop_assert_eq!(built.new.contains(tile), previous[tile] != *bytes, "{}", tile);
                prop_assert!(affected.contains(*tile) || previous[tile] == *bytes);
            }

            // Any tile whose inputs are finished may be.
            let mut resumed = BTreeMap::new();
            for tile in affected.iter().collect::<Vec<_>>().into_iter().rev() {
                let hash = (tile.column ^ tile.row << 3 ^ u32::from(tile.level) << 6 ^ stop).wrapping_mul(2_654_435_761) >> 29;
                let complete = geometry.inputs(tile).iter().all(|input| !affected.contains(input) || resumed.contains_key(&input));
                if complete && hash > 1 {
                    resumed.insert(tile, if built.new.contains(&tile) { Resumed::New } else { Resumed::Linked });
                }
            }
            let finished = resumed.keys().map(|tile| (*tile, built.tiles[tile].clone())).collect();
            let again = build_version(Memory { finished, resumed, ..memory() }, &geometry, codec, columns.1);
            prop_assert!(again.tiles == built.tiles);
            latest = built;
        }
    }
}

/// The coarser levels follow from the picture, not from how its base tiles came.
#[test]
fn plain_and_overlapping_base_tiles_give_the_same_tree() {
    for (tile_size, overlap) in [(32, 1), (37, 5), (16, 8), (7, 3)] {
        let geometry = Geometry::new(Size::new(150, 91), tile_size, overlap).unwrap();
        let picture = Raster::from_samples(150, 91, 3, noise(7, 150 * 91 * 3)).unwrap();
        let trees = [BaseTiles::Plain, BaseTiles::Overlapping].map(|base_tiles| {
            let geometry = geometry.with_base_tiles(base_tiles);
            let codec = Codec::new(&settings(&geometry, "png", Filter::Mean));
            let memory = Memory { patched: all_sources(&picture, &geometry, codec, false), ..Memory::default() };
            let mut tiles = build_version(memory, &geometry, codec, 1000).tiles;
            tiles.retain(|tile, _| tile.level <= geometry.base_level());
            tiles
        });
        assert!(trees[0] == trees[1], "{tile_size} {overlap}");
    }
}
