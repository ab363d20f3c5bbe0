//! Pyramids with overlap whose tiles are cut from one picture after another: what a patch changes, and what it must not leave
//! stale.

use crate::support::build_options;
use fast_pyramid::internals::ops::{Failure, failure};
use fast_pyramid::{BuildReport, Error, ErrorKind, Pyramid};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use test_support::overlap::{Area, BaseKind, Shape};
use test_support::reference::{Kind, Picture, Random, grid, level_sizes, random_picture, write_jpeg, write_png};
use test_support::sampling::cases;
use test_support::tree::{assert_same_snapshot, assert_same_tree, assert_tree_rules, snapshot};

/// Level, column and row.
type Tile = (usize, usize, usize);

type Place = (usize, usize);

/// A pyramid's folder, and what its versions are cut from.
struct Cut {
    folder: tempfile::TempDir,
    shape: Shape,
    jpeg: bool,
}

impl Cut {
    /// A pyramid without versions. By default, stale overlap is refused.
    fn new(shape: Shape, jpeg: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A picture of a single tile fits both kinds.
        let stated = format!("base_tiles: '{}'", shape.base.name());
        fs::write(folder.path().join("pyramid.json"), shape.spec(&stated)).unwrap();
        Self { folder, shape, jpeg }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes these tiles of a picture as a version.
    fn write(&self, version: usize, picture: &Picture, places: impl IntoIterator<Item = Place>) {
        let source = self.path().join(format!("v{version}"));
        fs::create_dir(&source).unwrap();
        for place in places {
            let tile = self.shape.source_area(place).of(picture, (0, 0));
            let path = source.join(self.name(place));
            if self.jpeg { write_jpeg(&path, &tile, 90) } else { write_png(&path, &tile) }
        }
    }

    fn name(&self, (column, row): Place) -> String {
        format!("{column}_{row}.{}", if self.jpeg { "jpg" } else { "png" })
    }

    fn try_build(&self, threads: usize) -> Result<BuildReport, Error> {
        Pyramid::open(self.path()).unwrap().build(&build_options(Some(threads)))
    }

    fn build(&self, threads: usize) {
        self.try_build(threads).unwrap_or_else(|error| panic!("{error}"));
        assert_tree_rules(self.path());
    }

    /// The tiles that a version's tree shows for the first time: those that have other bytes than in the version before.
    fn new_tiles(&self, version: usize) -> BTreeSet<Tile> {
        let read = |version: usize, (level, column, row): Tile| {
            let name = self.name((column, row));
            fs::read(self.path().join(format!("dest/dzi/v{version}/dzi_files/{level}/{name}"))).unwrap()
        };
        let all = self.tiles().into_iter();
        all.filter(|&tile| read(version, tile) != read(version - 1, tile)).collect()
    }

    /// The tiles that a version owns, as `changes` lists them.
    fn owned(&self, version: usize) -> BTreeSet<Tile> {
        let tree = self.path().join(format!("dest/dzi/v{version}/dzi_files"));
        let source = format!("../../../../../v{version}/");
        let is_owned = |&(level, column, row): &Tile| match fs::read_link(
            tree.join(level.to_string()).join(self.name((column, row))),
        ) {
            Ok(target) => target.to_str().unwrap().starts_with(&source),
            Err(_) => true,
        };
        self.tiles().into_iter().filter(is_owned).collect()
    }

    fn tiles(&self) -> Vec<Tile> {
        let Shape { width, height, tile_size, .. } = self.shape;
        let levels = level_sizes(width, height).into_iter().enumerate();
        let of_level = |(level, (width, height))| {
            grid(width, height, tile_size).into_iter().map(move |(column, row)| (level, column, row))
        };
        levels.flat_map(of_level).collect()
    }
}

/// A shape, whose tiles have at most some pixels.
fn any_shape(base: impl Strategy<Value = BaseKind>) -> impl Strategy<Value = Shape> {
    let overlap = prop_oneof![2 => Just(1usize), 1 => Just(2), 2 => 1usize..16, 1 => Just(1000)];
    let tile = prop_oneof![1 => Just(16usize), 2 => 4usize..33];
    (2usize..6, 1usize..6, 0usize..100, tile, overlap, base).prop_map(
        |(columns, rows, less, tile_size, overlap, base)| {
            let less = less % tile_size;
            let (width, height) = (columns * tile_size - less, rows * tile_size - less / 2);
            Shape { width, height, tile_size, overlap: overlap.min(tile_size / 2), base }
        },
    )
}

fn any_base() -> impl Strategy<Value = BaseKind> {
    prop_oneof![Just(BaseKind::Plain), Just(BaseKind::Overlapping)]
}

fn first_picture(seed: u64, shape: &Shape, jpeg: bool) -> Picture {
    let kind = if jpeg { Kind { colour: true, ..Kind::default() } } else { Kind::all()[(seed % 8) as usize] };
    random_picture(seed, shape.width, shape.height, kind)
}

/// Another picture, which differs within the returned rectangle.
fn edited(picture: &Picture, random: &mut Random) -> (Picture, Area) {
    let (left, top) = (random.below(picture.width), random.below(picture.height));
    let side = 1 + random.below(9);
    let area = Area { left, top, right: picture.width.min(left + side), bottom: picture.height.min(top + side) };
    let mut next = picture.clone();
    next.paste(&random_picture(random.number(), area.width(), area.height(), picture.kind()), left, top);
    (next, area)
}

/// The tiles of the user that hold a pixel of a rectangle.
fn touched(shape: &Shape, area: Area) -> BTreeSet<Place> {
    shape.places().into_iter().filter(|&place| shape.source_area(place).shared(area).is_some()).collect()
}

/// The tiles of a level that show a pixel of a rectangle.
fn showing(shape: &Shape, level: usize, size: Place, area: Area) -> BTreeSet<Tile> {
    let places = grid(size.0, size.1, shape.tile_size).into_iter();
    let shown = places.filter(|&place| shape.shown_area(size, place).shared(area).is_some());
    shown.map(|(column, row)| (level, column, row)).collect()
}

/// The tiles that may change with these tiles of the user: those that are made from them, one level after another, and with
/// each changed tile at most the 3x3 around what it is reduced to.
fn closure(shape: &Shape, patched: &BTreeSet<Place>) -> BTreeSet<Tile> {
    let sizes = level_sizes(shape.width, shape.height);
    let mut all = BTreeSet::new();
    let mut below = patched.clone();
    for (level, &(width, height)) in sizes.iter().enumerate().rev() {
        let is_base = level + 1 == sizes.len();
        let near = |one: usize, other: usize| match (is_base, shape.overlap, shape.composes_base()) {
            (true, _, false) => one == other,
            (true, _, true) => one.abs_diff(other) <= 1,
            (false, 0, _) => one == other / 2,
            // The columns 2c-1 to 2c+2.
            (false, _, _) => (2 * one).saturating_sub(1) <= other && other <= 2 * one + 2,
        };
        let places = grid(width, height, shape.tile_size).into_iter();
        below = places
            .filter(|&(column, row)| below.iter().any(|other| near(column, other.0) && near(row, other.1)))
            .collect();
        all.extend(below.iter().map(|&(column, row)| (level, column, row)));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(24), ..ProptestConfig::default() })]

    /// A patch changes a tile if and only if it changes a pixel that the tile shows, on every level.
    #[test]
    fn png_patch_regenerates_exactly_what_shows_it(shape in any_shape(any_base()), seed in any::<u64>(), patches in 1usize..4) {
        let mut random = Random::new(seed);
        let pyramid = Cut::new(shape, false);
        let mut picture = first_picture(seed, &shape, false);
        pyramid.write(0, &picture, shape.places());
        pyramid.build(2);
        for version in 1..=patches {
            let (next, mut area) = edited(&picture, &mut random);
            // Some more tiles, which are as they were.
            let mut patched = touched(&shape, area);
            patched.insert(shape.places()[random.below(shape.places().len())]);
            pyramid.write(version, &next, patched.iter().copied());
            pyramid.build(1 + random.below(2));

            let (before, after) = (shape.levels(&picture), shape.levels(&next));
            let expected: BTreeSet<Tile> = pyramid.tiles().into_iter()
                .filter(|&(level, column, row)| before[level][&(column, row)] != after[level][&(column, row)])
                .collect();
            prop_assert_eq!(&pyramid.owned(version), &expected);
            prop_assert_eq!(&pyramid.new_tiles(version), &expected);
            let sizes = level_sizes(shape.width, shape.height);
            let mut may = BTreeSet::new();
            for (level, &size) in sizes.iter().enumerate().rev() {
                may.extend(showing(&shape, level, size, area));
                area = area.halved();
            }
            prop_assert!(expected.is_subset(&may));
            prop_assert!(expected.is_subset(&closure(&shape, &patched)));
            picture = next;
        }
        assert_like_at_once(&pyramid);
    }

    /// Where tiles are lossy, at most what is made from the patch is regenerated.
    #[test]
    fn jpeg_patch_stays_within_what_is_made_from_it(shape in any_shape(any_base()), seed in any::<u64>(), patches in 1usize..4) {
        let mut random = Random::new(seed);
        let pyramid = Cut::new(shape, true);
        let mut picture = smooth_picture(seed, &shape);
        pyramid.write(0, &picture, shape.places());
        pyramid.build(2);
        for version in 1..=patches {
            let (next, area) = edited(&picture, &mut random);
            let patched = touched(&shape, area);
            pyramid.write(version, &next, patched.iter().copied());
            pyramid.build(1 + random.below(2));
            let owned = pyramid.owned(version);
            prop_assert_eq!(&pyramid.new_tiles(version), &owned);
            prop_assert!(owned.is_subset(&closure(&shape, &patched)));
            picture = next;
        }
        assert_like_at_once(&pyramid);
    }

    /// A patch that leaves a neighbour's strip stale is refused, naming exactly the neighbours that show changed pixels.
    #[test]
    fn stale_strips_are_refused_and_named(
        shape in any_shape(Just(BaseKind::Overlapping)), seed in any::<u64>(), patched in prop::collection::vec(0usize..36, 1..4),
    ) {
        let mut random = Random::new(seed);
        let (pyramid, places) = (Cut::new(shape, false), shape.places());
        let picture = first_picture(seed, &shape, false);
        pyramid.write(0, &picture, places.iter().copied());
        pyramid.build(2);
        let patched: BTreeSet<Place> = patched.into_iter().map(|index| places[index % places.len()]).collect();
        let mut next = picture.clone();
        for _ in 0..1 + random.below(4) {
            next = edited(&next, &mut random).0;
        }
        pyramid.write(1, &next, patched.iter().copied());

        let is_stale = |&place: &Place| !patched.contains(&place) && patched.iter().any(|&other| {
            let shared = shape.source_area(place).shared(shape.source_area(other));
            shared.is_some_and(|shared| shared.of(&picture, (0, 0)) != shared.of(&next, (0, 0)))
        });
        let stale: BTreeSet<Place> = places.iter().copied().filter(is_stale).collect();
        let before = snapshot(&pyramid.path().join("dest/dzi"));
        match pyramid.try_build(2) {
            Ok(_) => prop_assert_eq!(stale, BTreeSet::new()),
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidInput);
                prop_assert_eq!(named(&error), stale.iter().map(|&place| pyramid.name(place)).collect());
                assert_same_snapshot(&before, &snapshot(&pyramid.path().join("dest/dzi")));
                prop_assert!(!pyramid.path().join("dest/.fast_pyramid/staging").exists());
                // With the tiles that are named, and those that these leave stale in turn, it is accepted.
                let source = pyramid.path().join("v1");
                let mut rest: BTreeSet<Place> = stale;
                while !rest.is_empty() {
                    for &place in &rest {
                        write_png(&source.join(pyramid.name(place)), &shape.source_area(place).of(&next, (0, 0)));
                    }
                    rest = pyramid.try_build(2).err().map(|error| named(&error)).unwrap_or_default().iter()
                        .map(|name| *places.iter().find(|&&place| pyramid.name(place) == *name).unwrap())
                        .collect();
                }
                assert_tree_rules(pyramid.path());
            }
        }
    }
}

/// The tiles that an error names.
fn named(error: &Error) -> BTreeSet<String> {
    match failure(error) {
        Failure::Tiles { faults, .. } => faults.all().into_iter().map(|fault| fault.tile).collect(),
        other => panic!("{other:?}"),
    }
}

/// Fails unless the trees are those of a build of all versions at once.
fn assert_like_at_once(pyramid: &Cut) {
    let published = pyramid.path().join("published");
    fs::rename(pyramid.path().join("dest/dzi"), &published).unwrap();
    fs::remove_dir_all(pyramid.path().join("dest")).unwrap();
    pyramid.build(2);
    assert_same_tree(&published, &pyramid.path().join("dest/dzi"));
    fs::remove_dir_all(published).unwrap();
}

/// A picture that JPEG keeps well, as photographs are.
fn smooth_picture(seed: u64, shape: &Shape) -> Picture {
    let mut picture = Picture::new(shape.width, shape.height, Kind { colour: true, ..Kind::default() });
    for (y, x) in (0..shape.height).flat_map(|y| (0..shape.width).map(move |x| (y, x))) {
        let wave =
            |by: f64| 128.0 + 100.0 * ((x as f64 + by) / 17.0).sin() * ((y as f64 + seed as u8 as f64) / 23.0).cos();
        picture.set_pixel(x, y, &[0.0, 9.0, 20.0].map(|by| wave(by) as u16));
    }
    picture
}
