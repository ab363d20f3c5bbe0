//! PNG pyramids, tile by tile, against the naive builder.

use super::{build, build_and_verify, level_folder, write_spec};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use test_support::overlap::Shape;
use test_support::reference::{
    Filter, Kind, OverlappingLevel, Picture, TiledBase, assert_close, assert_close_to_the_eye, level_sizes,
    random_picture, write_png,
};
use test_support::sampling::cases;
use test_support::tree::assert_tree_rules;

/// A pyramid to build, with plain base tiles of several kinds.
#[derive(Debug, Clone)]
struct Case {
    base: TiledBase,
    overlap: usize,
}

impl Case {
    fn shape(&self) -> Shape {
        let TiledBase { width, height, tile_size, .. } = self.base;
        Shape { overlap: self.overlap, ..Shape::without_overlap(width, height, tile_size) }
    }

    /// Builds from the plain base tiles.
    fn plain(&self, settings: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write_spec(folder.path(), self.shape(), &format!("base_tiles: 'plain', {settings}"));
        self.base.write_png(&folder.path().join("v0"));
        build_and_verify(folder.path());
        assert_tree_rules(folder.path());
        folder
    }

    /// Builds from base tiles that overlap.
    fn overlapping(&self, settings: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write_spec(folder.path(), self.shape(), &format!("base_tiles: 'overlapping', {settings}"));
        fs::create_dir(folder.path().join("v0")).unwrap();
        for ((column, row), tile) in self.composed_base().tiles {
            write_png(&folder.path().join(format!("v0/{column}_{row}.png")), &tile);
        }
        build(folder.path());
        assert_tree_rules(folder.path());
        folder
    }

    fn composed_base(&self) -> OverlappingLevel {
        OverlappingLevel::of_plain(&self.base).with_overlap(self.overlap)
    }

    fn level_sizes(&self) -> Vec<(usize, usize)> {
        level_sizes(self.base.width, self.base.height)
    }

    fn read_level(&self, folder: &Path, level: usize) -> OverlappingLevel {
        let size = self.level_sizes()[level];
        OverlappingLevel::read(&level_folder(folder, level), "png", size, self.base.tile_size, self.overlap)
    }
}

/// Builds from both kinds of base tiles, and hands each tile with the expected one to `compare`.
fn compare_all(case: &Case, filter: Filter, linear: bool, compare: impl Fn(&str, &Picture, &Picture)) {
    let name = match filter {
        Filter::Mean => "mean",
        Filter::Lanczos3 => "lanczos3",
        Filter::Nearest => "nearest",
        Filter::Mode => "mode",
    };
    let settings = format!("filter: '{name}', linear: {linear}");
    let (plain, overlapping) = (case.plain(&settings), case.overlapping(&settings));
    let sizes = case.level_sizes();

    // Each level is expected from the finer level as it was stored, so that a tolerance does not add up.
    let mut finer = case.read_level(plain.path(), sizes.len() - 1);
    let composed = case.composed_base();
    for (place, expected) in &composed.tiles {
        assert_close(&format!("base tile {place:?}"), &finer.tiles[place], expected, 0);
    }
    for level in (0..sizes.len() - 1).rev() {
        let found = case.read_level(plain.path(), level);
        for (place, expected) in finer.coarser(filter, linear).tiles {
            compare(&format!("level {level}, tile {place:?}"), &found.tiles[&place], &expected);
            let file = |folder: &TempDir| {
                fs::read(level_folder(folder.path(), level).join(format!("{}_{}.png", place.0, place.1))).unwrap()
            };
            assert!(
                file(&plain) == file(&overlapping),
                "level {level}, tile {place:?} from plain and overlapping tiles"
            );
        }
        finer = found;
    }
}

/// Any tile size and overlap, and small pictures, often one pixel wide or with edge tiles that are narrower than the overlap.
fn any_shape() -> impl Strategy<Value = Shape> {
    let tile_size = prop_oneof![
        2 => prop_oneof![Just(4), Just(7), Just(16), Just(37), Just(64), Just(100)],
        3 => 2usize..90,
    ];
    let overlap = prop_oneof![Just(1usize), Just(2), Just(10), Just(16), Just(usize::MAX), 1usize..50];
    let side = || prop_oneof![1 => (Just(0usize), 1usize..12), 3 => (0usize..5, 0usize..100)];
    (tile_size, overlap, side(), side()).prop_map(|(tile_size, overlap, across, down)| {
        let length = |(tiles, more): (usize, usize)| (tiles * tile_size + more % tile_size).clamp(1, 260);
        let overlap = overlap.min(tile_size / 2);
        Shape { overlap, ..Shape::without_overlap(length(across), length(down), tile_size) }
    })
}

fn any_kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::all())
}

/// A picture cut into tiles, where some tiles are of another kind.
fn any_case() -> impl Strategy<Value = Case> {
    (any_shape(), any_kind(), any_kind(), any::<u64>()).prop_map(|(shape, kind, other, seed)| {
        let mut base = TiledBase::cut(&random_picture(seed, shape.width, shape.height, kind), shape.tile_size);
        for (index, tile) in base.tiles.values_mut().enumerate() {
            if (seed >> (index % 60)) & 7 == 0 {
                *tile = random_picture(seed ^ index as u64, tile.width, tile.height, other);
            }
        }
        Case { base, overlap: shape.overlap }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(36), ..ProptestConfig::default() })]

    #[test]
    fn mean_with_overlap_is_pixel_identical_to_the_reference(case in any_case()) {
        compare_all(&case, Filter::Mean, false, |name, found, expected| assert_close(name, found, expected, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(18), ..ProptestConfig::default() })]

    #[test]
    fn label_filters_with_overlap_are_pixel_identical_to_the_reference(case in any_case(), mode in any::<bool>()) {
        let filter = if mode { Filter::Mode } else { Filter::Nearest };
        compare_all(&case, filter, false, |name, found, expected| assert_close(name, found, expected, 0));
    }

    #[test]
    fn linear_light_with_overlap_is_within_one_of_the_reference(case in any_case()) {
        compare_all(&case, Filter::Mean, true, |name, found, expected| assert_close_to_the_eye(name, found, expected, 1));
    }

    /// The reference's kernel sees the pixels that a tile is made from, and repeats their outermost ones.
    #[test]
    fn lanczos_with_overlap_is_within_two_of_255_of_the_reference(case in any_case()) {
        compare_all(&case, Filter::Lanczos3, false, |name, found, expected| {
            let tolerance = if expected.sixteen { 2 * 257 } else { 2 };
            assert_close_to_the_eye(name, found, expected, tolerance);
        });
    }
}

/// The reference itself: where nothing depends on what a kernel sees, a level is half of the finer one as a whole.
#[test]
fn reference_with_overlap_cuts_tiles_from_halved_levels() {
    for (width, height, tile_size, overlap) in [(61, 47, 10, 5), (35, 1, 7, 3), (1, 30, 4, 1), (33, 32, 16, 8)] {
        for kind in Kind::all() {
            let mut whole = random_picture(9, width, height, kind);
            let base = TiledBase::cut(&whole, tile_size);
            let mut level = OverlappingLevel::of_plain(&base).with_overlap(overlap);
            loop {
                for place in level.places() {
                    let area = level.area(place);
                    assert_close(&format!("{place:?}"), &level.tiles[&place], &area.of(&whole, (0, 0)), 0);
                }
                if level.width * level.height == 1 {
                    break;
                }
                whole = test_support::reference::halve(&whole, Filter::Mean, false);
                level = level.coarser(Filter::Mean, false);
            }
        }
    }
}
