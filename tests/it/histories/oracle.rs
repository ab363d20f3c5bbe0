//! Whole pyramids compared with an independent, naive builder and with libvips.

use crate::support::build_options;
use fast_pyramid::Pyramid;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::reference::{
    self, Filter, Kind, Picture, TiledBase, assert_close, assert_close_to_the_eye, levels, psnr, random_picture,
};
use test_support::sampling::cases;
use test_support::tree::{assert_sources_unchanged, assert_tree_rules, source_fingerprint};
use test_support::{copy_folder, fixture};

fn build(folder: &Path) {
    let before = source_fingerprint(folder);
    Pyramid::open(folder).unwrap().build(&build_options(None)).unwrap();
    assert_sources_unchanged(folder, &before);
    assert_tree_rules(folder);
}

fn write_spec(folder: &Path, base: &TiledBase, extra: &str) {
    let text = format!(
        "{{ width: {}, height: {}, tile_size: {}, overlap: 0, {extra} }}",
        base.width, base.height, base.tile_size
    );
    fs::write(folder.join("pyramid.json"), text).unwrap();
}

fn tile_file(folder: &Path, version: &str, level: usize, (column, row): (usize, usize), extension: &str) -> PathBuf {
    folder.join(format!("dest/dzi/{version}/dzi_files/{level}/{column}_{row}.{extension}"))
}

/// Builds `base` with this filter and hands each tile with the expected one to `compare`.
fn compare_all(base: &TiledBase, filter: Filter, linear: bool, compare: impl Fn(&str, &Picture, &Picture)) {
    let folder = tempfile::tempdir().unwrap();
    let name = match filter {
        Filter::Mean => "mean",
        Filter::Lanczos3 => "lanczos3",
        Filter::Nearest => "nearest",
        Filter::Mode => "mode",
    };
    write_spec(folder.path(), base, &format!("filter: '{name}', linear: {linear}"));
    base.write_png(&folder.path().join("v0"));
    build(folder.path());
    // Each level is expected from the level below as it was stored, so that a tolerance does not add up.
    for (level, tiles) in levels(base, filter, linear).iter().enumerate() {
        for &place in tiles.keys() {
            let found = reference::read_png(&tile_file(folder.path(), "v0", level, place, "png"));
            let finer = levels_below(folder.path(), base, level);
            let expected = match finer {
                None => tiles[&place].clone(),
                Some(finer) => reference::parent(&finer, place, filter, linear),
            };
            compare(&format!("level {level}, tile {place:?}"), &found, &expected);
        }
    }
}

fn levels_below(folder: &Path, base: &TiledBase, level: usize) -> Option<reference::Tiles> {
    let (width, height) = *reference::level_sizes(base.width, base.height).get(level + 1)?;
    let places = reference::grid(width, height, base.tile_size);
    let read = |place| (place, reference::read_png(&tile_file(folder, "v0", level + 1, place, "png")));
    Some(places.into_iter().map(read).collect())
}

fn any_kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::all())
}

/// A picture cut into tiles, where some tiles are of another kind.
fn any_base() -> impl Strategy<Value = TiledBase> {
    let shape = (1usize..700, 1usize..500, 1usize..300, 1usize..8);
    (shape, any_kind(), any_kind(), any::<u64>()).prop_map(|((width, height, tile_size, shrink), kind, other, seed)| {
        // Small pictures as often as large ones, and never more than some hundred base tiles.
        let (width, height) = (width.div_ceil(shrink), height.div_ceil(shrink));
        let tile_size = tile_size.max(width.max(height) / 16 + 1);
        let mut base = TiledBase::cut(&random_picture(seed, width, height, kind), tile_size);
        for (index, tile) in base.tiles.values_mut().enumerate() {
            if (seed >> (index % 60)) & 3 == 0 {
                *tile = random_picture(seed ^ index as u64, tile.width, tile.height, other);
            }
        }
        base
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(60), ..ProptestConfig::default() })]

    #[test]
    fn mean_pyramids_are_pixel_identical_to_the_reference(base in any_base()) {
        compare_all(&base, Filter::Mean, false, |name, found, expected| assert_close(name, found, expected, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(16), ..ProptestConfig::default() })]

    #[test]
    fn label_filters_are_pixel_identical_to_the_reference(base in any_base(), mode in any::<bool>()) {
        let filter = if mode { Filter::Mode } else { Filter::Nearest };
        compare_all(&base, filter, false, |name, found, expected| assert_close(name, found, expected, 0));
    }

    #[test]
    fn linear_light_is_within_one_of_the_reference(base in any_base()) {
        compare_all(&base, Filter::Mean, true, |name, found, expected| assert_close_to_the_eye(name, found, expected, 1));
    }

    #[test]
    fn lanczos_is_within_two_of_255_of_the_reference(base in any_base()) {
        // Between the two passes samples are rounded and clipped, which the reference does not do.
        compare_all(&base, Filter::Lanczos3, false, |name, found, expected| {
            let tolerance = if expected.sixteen { 2 * 257 } else { 2 };
            assert_close_to_the_eye(name, found, expected, tolerance);
        });
    }
}

/// Pyramids made by `dzsave` of libvips 8.18.7 with its default mean.
#[test]
fn pyramids_by_libvips_are_pixel_identical() {
    for name in ["rgb8", "grey8", "rgb16", "odd_tile", "odd_tile_51"] {
        let compared =
            compare_with_libvips(name, |_| true, |name, found, expected| assert_close(name, found, expected, 0));
        assert!(compared > 8, "{name}: {compared} tiles");
    }
}

/// libvips cuts off where colours are weighted by alpha; we round. One reduction apart that is at most 1.
#[test]
fn pyramid_with_alpha_by_libvips_is_within_one() {
    let compare = |name: &str, found: &Picture, expected: &Picture| {
        // Where one alpha is rounded or cut off to 0, the colours mean nothing.
        let (mut found, mut expected) = (found.clone(), expected.clone());
        let (width, height) = (found.width, found.height);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let alpha = [found.pixel(x, y)[3], expected.pixel(x, y)[3]];
            if alpha.contains(&0) {
                found.set_pixel(x, y, &[0, 0, 0, alpha[0]]);
                expected.set_pixel(x, y, &[0, 0, 0, alpha[1]]);
            }
        }
        assert_close(name, &found, &expected, 1);
    };
    let compared = compare_with_libvips("rgba8", |level| level == 7, compare);
    assert_eq!(compared, 2);
}

fn compare_with_libvips(
    name: &str,
    wanted: impl Fn(usize) -> bool,
    compare: impl Fn(&str, &Picture, &Picture),
) -> usize {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&fixture("libvips").join(name), folder.path());
    build(folder.path());
    let mut compared = 0;
    for level in fs::read_dir(folder.path().join("expected")).unwrap() {
        let level: usize = level.unwrap().file_name().to_string_lossy().parse().unwrap();
        for tile in
            fs::read_dir(folder.path().join("expected").join(level.to_string())).unwrap().filter(|_| wanted(level))
        {
            let tile = tile.unwrap();
            let found = folder.path().join("dest/dzi/v0/dzi_files").join(level.to_string()).join(tile.file_name());
            let (found, expected) = (reference::read_png(&found), reference::read_png(&tile.path()));
            compare(&format!("{name} {level} {:?}", tile.file_name()), &found, &expected);
            compared += 1;
        }
    }
    compared
}

/// Each generated JPEG tile against the naive mean of its stored children, encoded once by another encoder.
///
/// Grey tiles are compared as they are. Of colour tiles the luma is, because the other encoder keeps colour differences
/// whole, which no 4:2:0 tile can come near; the colours are compared on tiles that keep them too (quality 90 and up).
#[test]
fn jpeg_pyramids_are_as_good_as_the_reference_encoded_once_per_level() {
    // At quality 60 steps are so coarse that a coefficient rounded the other way weighs more: 39.3 dB seen.
    for (quality, grey, least) in
        [(80, true, 40.0), (80, false, 40.0), (75, true, 40.0), (95, false, 40.0), (60, true, 39.0)]
    {
        let folder = tempfile::tempdir().unwrap();
        let spec = format!("{{ width: 1900, height: 1400, tile_size: 256, overlap: 0, quality: {quality} }}");
        fs::write(folder.path().join("pyramid.json"), spec).unwrap();
        if grey {
            fs::create_dir(folder.path().join("v0")).unwrap();
            for ((column, row), tile) in TiledBase::read(&fixture("relief/v0"), "jpg", 1900, 1400, 256).tiles {
                reference::write_jpeg(&folder.path().join(format!("v0/{column}_{row}.jpg")), &luma(&tile), quality);
            }
        } else {
            copy_folder(&fixture("relief/v0"), &folder.path().join("v0"));
        }
        build(folder.path());
        let worst =
            worst_decibel(folder.path(), quality, |tile| if grey || quality < 90 { luma(tile) } else { tile.clone() });

        assert!(worst >= least, "quality {quality}, grey {grey}: {worst:.1} dB");
    }
}

fn luma(picture: &Picture) -> Picture {
    if !picture.colour {
        return picture.clone();
    }
    let mut grey = Picture::new(picture.width, picture.height, Kind::default());
    for (x, y) in (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y))) {
        let [red, green, blue] = [0, 1, 2].map(|channel| f64::from(picture.pixel(x, y)[channel]));
        grey.set_pixel(x, y, &[(0.299 * red + 0.587 * green + 0.114 * blue).round() as u16]);
    }
    grey
}

/// The least likeness of a generated tile to the reference, `seen` of both.
fn worst_decibel(folder: &Path, quality: u8, seen: impl Fn(&Picture) -> Picture) -> f64 {
    let sizes = reference::level_sizes(1900, 1400);
    let read = |level: usize| -> reference::Tiles {
        reference::grid(sizes[level].0, sizes[level].1, 256)
            .into_iter()
            .map(|place| (place, reference::read_jpeg(&tile_file(folder, "v0", level, place, "jpg"))))
            .collect()
    };
    let mut worst = f64::INFINITY;
    for level in 0..sizes.len() - 1 {
        let finer = read(level + 1);
        for (place, found) in read(level) {
            let expected = reference::parent(&finer, place, Filter::Mean, false);
            let encoded = folder.join("reference.jpg");
            reference::write_jpeg(&encoded, &seen(&expected), quality);
            let decibel = psnr(&seen(&found), &reference::read_jpeg(&encoded));
            // In a handful of pixels one coefficient rounded the other way is many decibels.
            if expected.width * expected.height >= 4096 {
                worst = worst.min(decibel);
            }
        }
    }
    worst
}
