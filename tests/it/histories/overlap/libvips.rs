//! PNG pyramids, tile by tile, against `dzsave --overlap`.

use super::{build, level_folder, shape_of, write_spec};
use serde_json::Value;
use std::fs;
use test_support::fixture;
use test_support::overlap::Shape;
use test_support::reference::{Kind, OverlappingLevel, Picture, TiledBase, level_sizes};

/// A pyramid by libvips: the hash of the pixels of each tile, level by level, row by row.
struct Expected {
    shape: Shape,
    kind: Kind,
    levels: Vec<Vec<String>>,
}

fn all_expected() -> Vec<Expected> {
    let text = fs::read_to_string(fixture("overlap/png_hashes.jsonl")).unwrap();
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let name = value["kind"].as_str().unwrap();
        let kind = Kind { colour: name.starts_with("rgb"), alpha: false, sixteen: name.ends_with("16") };
        Expected { shape: shape_of(&value), kind, levels: serde_json::from_value(value["levels"].clone()).unwrap() }
    };
    text.lines().map(parse).collect()
}

/// The picture that `fixtures/overlap/make.py` gives to libvips.
fn picture_by_formula(width: usize, height: usize, kind: Kind) -> Picture {
    let mut picture = Picture::new(width, height, kind);
    for y in 0..height {
        for x in 0..width {
            let sample = |channel: usize| {
                let (x, y, channel) = (x as u32, y as u32, channel as u32);
                let mixed = x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663) ^ channel.wrapping_mul(83_492_791);
                let noise = mixed.wrapping_mul(2_654_435_761) >> 16;
                if kind.sixteen {
                    ((301 * x + 197 * y + 9000 * channel + noise % 16384) % 65536) as u16
                } else {
                    ((3 * x + 2 * y + 40 * channel + noise % 64) % 256) as u16
                }
            };
            let pixel: Vec<u16> = (0..kind.colours()).map(sample).collect();
            picture.set_pixel(x, y, &pixel);
        }
    }
    picture
}

fn hash(tile: &Picture) -> String {
    let mut bytes = Vec::new();
    for side in [tile.width, tile.height] {
        bytes.extend((side as u32).to_be_bytes());
    }
    for sample in &tile.samples {
        let wide = sample.to_be_bytes();
        bytes.extend(if tile.sixteen { &wide[..] } else { &wide[1..] });
    }
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes))
}

/// Also where a picture is one pixel wide, or an edge tile is narrower than the overlap.
#[test]
fn pyramids_with_overlap_by_libvips_are_pixel_identical() {
    let all = all_expected();
    assert_eq!(all.len(), 81);
    for Expected { shape, kind, levels } in all {
        let folder = tempfile::tempdir().unwrap();
        write_spec(folder.path(), shape, "base_tiles: 'plain'");
        let picture = picture_by_formula(shape.width, shape.height, kind);
        TiledBase::cut(&picture, shape.tile_size).write_png(&folder.path().join("v0"));
        build(folder.path());
        let sizes = level_sizes(shape.width, shape.height);
        assert_eq!(sizes.len(), levels.len());
        for (level, (size, expected)) in sizes.into_iter().zip(levels).enumerate() {
            let tiles = level_folder(folder.path(), level);
            let found = OverlappingLevel::read(&tiles, "png", size, shape.tile_size, shape.overlap);
            let found: Vec<_> = found.places().into_iter().map(|place| (place, hash(&found.tiles[&place]))).collect();
            assert_eq!(found.len(), expected.len(), "{shape:?}, level {level}");
            for ((place, found), expected) in found.into_iter().zip(expected) {
                assert_eq!(found, expected, "{shape:?} {kind:?}, level {level}, tile {place:?}");
            }
        }
    }
}
