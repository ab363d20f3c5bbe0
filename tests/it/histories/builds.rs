//! Whatever the history, the trees are the same: byte for byte and link for link.

use crate::support::build_options;
use fast_pyramid::internals::tile::ENCODER_VERSION;
use fast_pyramid::{BaseTiles, BuildOptions, BuildReport, Pyramid, Version, VersionStatus};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use test_support::overlap::{BaseKind, Shape};
use test_support::reference::{self, Kind, Random, assert_close, random_picture};
use test_support::sampling::cases;
use test_support::tree::{
    assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules, snapshot, source_fingerprint,
};
use test_support::{copy_sources, fixture};

fn options<'a>(threads: usize) -> BuildOptions<'a> {
    build_options(Some(threads))
}

fn build(folder: &Path, options: &BuildOptions<'_>) -> BuildReport {
    let before = source_fingerprint(folder);
    let report = Pyramid::open(folder).unwrap().build(options).unwrap();
    assert_sources_unchanged(folder, &before);
    assert_tree_rules(folder);
    // Plain tiles are not in the tree that is composed of them.
    let counts_patched = u64::from(report.base_tiles != Some(BaseTiles::Plain));
    for version in &report.versions {
        let parts = version.generated + counts_patched * version.patched + version.linked;
        assert_eq!(version.tiles, parts, "{version:?}");
    }
    report
}

/// The changes of a version to the tiles of the one below.
#[derive(Debug, Clone, Copy)]
enum Patch {
    /// New contents for some tiles.
    Some(u8),
    /// New contents for all tiles.
    All,
    /// New contents for the last corner.
    Corner,
    /// The lowest version's contents for some tiles.
    Revert(u8),
    /// The same bytes again for some tiles.
    Repeat(u8),
}

fn any_patch() -> impl Strategy<Value = Patch> {
    prop_oneof![
        4 => any::<u8>().prop_map(Patch::Some),
        1 => Just(Patch::All),
        1 => Just(Patch::Corner),
        2 => any::<u8>().prop_map(Patch::Revert),
        2 => any::<u8>().prop_map(Patch::Repeat),
    ]
}

type TileBytes = BTreeMap<(usize, usize), Vec<u8>>;

/// A pyramid's versions, each with the bytes of the tiles it brings.
#[derive(Debug, Clone)]
struct History {
    shape: Shape,
    extension: &'static str,
    versions: Vec<(u32, TileBytes)>,
}

impl History {
    fn new(seed: u64, shape: Shape, jpeg: bool, patches: &[Patch]) -> Self {
        let mut random = Random::new(seed);
        let kind =
            if jpeg { Kind { colour: seed & 1 == 1, ..Kind::default() } } else { Kind::all()[(seed % 8) as usize] };
        let extension = if jpeg { "jpg" } else { "png" };
        let scratch = tempfile::tempdir().unwrap();
        let encoded = |seed: u64, width, height| {
            let picture = random_picture(seed, width, height, kind);
            let path = scratch.path().join("tile");
            if jpeg {
                reference::write_jpeg(&path, &picture, 85)
            } else {
                reference::write_png(&path, &picture)
            }
            fs::read(path).unwrap()
        };
        let size = |place| (shape.source_area(place).width(), shape.source_area(place).height());
        let sizes: Vec<_> = shape.places().into_iter().map(|place| (place, size(place))).collect();
        let base: TileBytes =
            sizes.iter().map(|&(place, (width, height))| (place, encoded(random.number(), width, height))).collect();
        let mut now = base.clone();
        let mut versions = vec![(random.below(3) as u32, base.clone())];
        for &patch in patches {
            let number = versions.last().unwrap().0 + 1 + random.below(2) as u32;
            let mut tiles = TileBytes::new();
            for (index, &(place, (width, height))) in sizes.iter().enumerate() {
                let picked = |mask: u8| (mask >> (index % 8)) & 1 == 1 && random.clone().below(3) > 0;
                let bytes = match patch {
                    Patch::Some(mask) if picked(mask) => encoded(random.number(), width, height),
                    Patch::All => encoded(random.number(), width, height),
                    Patch::Corner if index + 1 == sizes.len() => encoded(random.number(), width, height),
                    Patch::Revert(mask) if picked(mask) => base[&place].clone(),
                    Patch::Repeat(mask) if picked(mask) => now[&place].clone(),
                    _ => continue,
                };
                tiles.insert(place, bytes);
            }
            // A version without tiles would not be published.
            if let (true, Some(&(place, (width, height)))) = (tiles.is_empty(), sizes.first()) {
                tiles.insert(place, encoded(random.number(), width, height));
            }
            now.extend(tiles.clone());
            versions.push((number, tiles));
        }
        Self { shape, extension, versions }
    }

    /// Puts pyramid.json and the versions `which` (by index) into `folder`.
    fn write(&self, folder: &Path, which: std::ops::Range<usize>) {
        // Tiles have any contents, so no two of them agree.
        fs::write(folder.join("pyramid.json"), self.shape.spec("stale_overlap: 'keep'")).unwrap();
        for (number, tiles) in &self.versions[which] {
            let source = folder.join(format!("v{number}"));
            fs::create_dir(&source).unwrap();
            for ((column, row), bytes) in tiles {
                fs::write(source.join(format!("{column}_{row}.{}", self.extension)), bytes).unwrap();
            }
        }
    }
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let overlap = prop_oneof![4 => Just(0usize), 2 => 1usize..3, 1 => 3usize..20];
    let base = prop_oneof![Just(BaseKind::Plain), Just(BaseKind::Overlapping)];
    (1usize..90, 1usize..90, 5usize..40, overlap, base).prop_map(|(width, height, tile_size, overlap, base)| Shape {
        width,
        height,
        tile_size,
        overlap: overlap.min(tile_size / 2),
        base,
    })
}

fn any_history() -> impl Strategy<Value = History> {
    let patches = proptest::collection::vec(any_patch(), 0..5);
    (any::<u64>(), any_shape(), any::<bool>(), patches)
        .prop_map(|(seed, shape, jpeg, patches)| History::new(seed, shape, jpeg, &patches))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(40), ..ProptestConfig::default() })]

    #[test]
    fn every_history_gives_the_same_trees(history in any_history(), rebuilt in any::<prop::sample::Index>()) {
        let stepwise = tempfile::tempdir().unwrap();
        for index in 0..history.versions.len() {
            history.write(stepwise.path(), index..index + 1);
            let report = build(stepwise.path(), &options(1));
            let fresh: Vec<Version> =
                report.versions.iter().filter(|one| one.status == VersionStatus::Built).map(|one| one.version).collect();
            prop_assert_eq!(fresh, [Version(history.versions[index].0)]);
        }
        let stepwise_trees = stepwise.path().join("dest/dzi");
        prop_assert!(build(stepwise.path(), &options(2)).versions.iter().all(|one| one.status == VersionStatus::UpToDate));

        let at_once = tempfile::tempdir().unwrap();
        history.write(at_once.path(), 0..history.versions.len());
        build(at_once.path(), &options(2));
        assert_same_tree(&stepwise_trees, &at_once.path().join("dest/dzi"));

        fs::remove_dir_all(at_once.path().join("dest")).unwrap();
        build(at_once.path(), &options(7));
        assert_same_tree(&stepwise_trees, &at_once.path().join("dest/dzi"));

        // From any version on again, and with a tree or a manifest missing.
        let number = history.versions[rebuilt.index(history.versions.len())].0;
        build(stepwise.path(), &options(2).rebuild_from(Version(number)));
        assert_same_tree(&stepwise_trees, &at_once.path().join("dest/dzi"));
        fs::remove_dir_all(stepwise.path().join(format!("dest/dzi/v{number}"))).unwrap();
        build(stepwise.path(), &options(2));
        assert_same_tree(&stepwise_trees, &at_once.path().join("dest/dzi"));
        fs::remove_dir_all(stepwise.path().join(format!("dest/.fast_pyramid/versions/v{number}"))).unwrap();
        build(stepwise.path(), &options(2));
        assert_same_tree(&stepwise_trees, &at_once.path().join("dest/dzi"));
    }

    /// Each version's tree shows the reference pyramid of the tiles as they are at that version.
    #[test]
    fn every_version_shows_its_own_picture(
        seed in any::<u64>(), shape in any_shape(), patches in proptest::collection::vec(any_patch(), 1..4),
    ) {
        let history = History::new(seed, shape, false, &patches);
        let folder = tempfile::tempdir().unwrap();
        history.write(folder.path(), 0..history.versions.len());
        build(folder.path(), &options(2));
        let mut now = reference::Tiles::new();
        for (number, tiles) in &history.versions {
            for &(column, row) in tiles.keys() {
                let path = folder.path().join(format!("v{number}/{column}_{row}.png"));
                now.insert((column, row), reference::read_png(&path));
            }
            let mut levels = shape.levels(&shape.mosaic(&now));
            if !shape.composes_base() {
                // Base tiles show what they hold, even where their neighbours show something else.
                *levels.last_mut().unwrap() = now.clone();
            }
            for (level, tiles) in levels.iter().enumerate() {
                for ((column, row), expected) in tiles {
                    let path = format!("dest/dzi/v{number}/dzi_files/{level}/{column}_{row}.png");
                    assert_close(&path, &reference::read_png(&folder.path().join(&path)), expected, 0);
                }
            }
        }
    }
}

/// A patch that repeats what is there owns nothing; one that reverts owns its tiles and what they change.
#[test]
fn only_changed_tiles_are_new_files() {
    let folder = tempfile::tempdir().unwrap();
    copy_sources("relief", folder.path());
    for version in ["v1", "v2"] {
        fs::remove_dir_all(folder.path().join(version)).unwrap();
    }
    fs::create_dir(folder.path().join("v1")).unwrap();
    fs::copy(folder.path().join("v0/3_3.jpg"), folder.path().join("v1/3_3.jpg")).unwrap();
    fs::create_dir(folder.path().join("v2")).unwrap();
    fs::copy(fixture("relief/v1/2_1.jpg"), folder.path().join("v2/2_1.jpg")).unwrap();
    let report = build(folder.path(), &options(2));
    let owned: Vec<(u64, u64)> = report.versions.iter().map(|one| (one.generated, one.patched)).collect();
    assert_eq!(owned[..2], [(25, 48), (0, 0)]);
    // A label fades out before the coarsest levels.
    assert!(owned[2].1 == 1 && (5..=11).contains(&owned[2].0), "{owned:?}");
}

/// One patched tile in an 8x8 grid changes exactly one tile per coarser level.
#[test]
fn one_patched_tile_makes_one_new_tile_per_level() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::new(5, Shape::without_overlap(256, 256, 32), true, &[Patch::Corner]);
    history.write(folder.path(), 0..2);
    let report = build(folder.path(), &options(2));
    assert_eq!((report.versions[1].patched, report.versions[1].generated), (1, 8));
    assert_eq!(report.versions[1].linked, report.versions[1].tiles - 9);
}

/// Trees of a release with another encoder are not changed, and new versions go above them (docs/versions.md).
#[test]
fn trees_of_another_encoder_are_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    copy_sources("relief", folder.path());
    let later = folder.path().join("later");
    fs::rename(folder.path().join("v2"), &later).unwrap();
    build(folder.path(), &options(2));
    for version in ["v0", "v1"] {
        let path = folder.path().join(format!("dest/.fast_pyramid/versions/{version}/manifest.json"));
        let text = fs::read_to_string(&path).unwrap();
        let own = format!("\"encoder\": {ENCODER_VERSION}");
        assert!(text.contains(&own), "{text}");
        fs::write(&path, text.replace(&own, "\"encoder\": 0")).unwrap();
    }
    let published = |version: &str| snapshot(&folder.path().join("dest/dzi").join(version));
    let before = [published("v0"), published("v1")];
    fs::rename(&later, folder.path().join("v2")).unwrap();
    let report = build(folder.path(), &options(2));
    let fresh: Vec<bool> = report.versions.iter().map(|one| one.status == VersionStatus::Built).collect();
    assert_eq!(fresh, [false, false, true]);
    for (version, before) in ["v0", "v1"].into_iter().zip(&before) {
        assert_same_snapshot(before, &published(version));
    }
    let encoders: Vec<_> = Pyramid::open(folder.path()).unwrap().info().unwrap().versions;
    assert_eq!(encoders.iter().map(|one| one.encoder).collect::<Vec<_>>(), [Some(0), Some(0), Some(ENCODER_VERSION)]);
}

/// Links stay right when the pyramid folder is moved, and when the sources stand in `src`.
#[test]
fn pyramid_can_be_moved_and_have_its_sources_in_src() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("image");
    copy_sources("relief", &folder.join("src"));
    fs::rename(folder.join("src/pyramid.json"), folder.join("pyramid.json")).unwrap();
    build(&folder, &options(2));
    let moved = outer.path().join("deep").join("elsewhere");
    fs::create_dir(outer.path().join("deep")).unwrap();
    fs::rename(&folder, &moved).unwrap();
    assert_tree_rules(&moved);
    assert!(build(&moved, &options(2)).versions.iter().all(|one| one.status == VersionStatus::UpToDate));
    let target = fs::read_link(moved.join("dest/dzi/v2/dzi_files/11/0_0.jpg")).unwrap();
    assert_eq!(target, Path::new("../../../../../src/v0/0_0.jpg"));
}
