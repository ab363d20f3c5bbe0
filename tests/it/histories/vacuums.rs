//! Whatever a vacuum drops, the versions that stay show the same bytes and equal a new build from the remaining sources.
//! Wherever a vacuum is cancelled, nothing breaks and the next run finishes it.

use crate::support::{build_options, patient};
use fast_pyramid::internals::ops::vacuum_killed_after;
use fast_pyramid::internals::store::{Layout, Manifest, Record, Role, records};
use fast_pyramid::{BuildOptions, Pyramid, Selection, VacuumOptions, VacuumReport, Version, VersionStatus};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use test_support::overlap::{BaseKind, Shape};
use test_support::reference::Random;
use test_support::sampling::{Sweep, cases};
use test_support::small_tiles::{grey_png, small_tile};
use test_support::tree::{Snapshot, assert_same_snapshot, assert_same_tree, assert_tree_rules, snapshot};
use test_support::{copy_exactly, served};
use walkdir::WalkDir;

const TILE: usize = 8;

fn options<'a>() -> BuildOptions<'a> {
    build_options(None)
}

/// What a history's tiles are.
#[derive(Clone, Copy, Debug)]
struct Tiles {
    overlap: usize,
    base: BaseKind,
    jpeg: bool,
}

impl Tiles {
    const WITHOUT_OVERLAP: Tiles = Tiles { overlap: 0, base: BaseKind::Plain, jpeg: false };
    const PLAIN: Tiles = Tiles { overlap: 2, ..Tiles::WITHOUT_OVERLAP };
    const OVERLAPPING: Tiles = Tiles { base: BaseKind::Overlapping, ..Tiles::PLAIN };

    fn any() -> impl Strategy<Value = Tiles> {
        let base = prop_oneof![2 => Just(BaseKind::Plain), 1 => Just(BaseKind::Overlapping)];
        let overlap = prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(TILE / 2)];
        (overlap, base, prop::bool::weighted(0.2)).prop_map(|(overlap, base, jpeg)| Tiles { overlap, base, jpeg })
    }

    fn one(self, random: &mut Random, (width, height): (usize, usize)) -> Vec<u8> {
        if self.jpeg {
            small_tile(true, random.below(8), (width, height))
        } else {
            grey_png(random.below(6), width, height)
        }
    }
}

/// Writes a pyramid of `count` versions, with gaps in their numbers, and returns the numbers.
fn write_history(folder: &Path, random: &mut Random, tiles: Tiles, in_src: bool, count: usize) -> Vec<u32> {
    let (width, height) = (1 + random.below(40), 1 + random.below(30));
    let shape = Shape { width, height, tile_size: TILE, overlap: tiles.overlap, base: tiles.base };
    // Tiles have any contents, so no two of them agree.
    fs::write(folder.join("pyramid.json"), shape.spec("stale_overlap: 'keep'")).unwrap();
    let extension = if tiles.jpeg { "jpg" } else { "png" };
    let place = if in_src { folder.join("src") } else { folder.to_owned() };
    let mut versions = Vec::new();
    let mut number = random.below(3) as u32;
    for _ in 0..count {
        let source = place.join(format!("v{number}"));
        fs::create_dir_all(&source).unwrap();
        let chance = random.below(4);
        for (column, row) in shape.places() {
            // A version without tiles would not be published.
            if versions.is_empty() || (row, column) == (0, 0) || random.below(4) < chance {
                let held = shape.source_area((column, row));
                let path = source.join(format!("{column}_{row}.{extension}"));
                fs::write(path, tiles.one(random, (held.width(), held.height()))).unwrap();
            }
        }
        versions.push(number);
        number += 1 + random.below(2) as u32;
    }
    versions
}

fn build(folder: &Path) {
    Pyramid::open(folder).unwrap().build(&options()).unwrap();
}

fn dropping<'a>(versions: &[u32]) -> VacuumOptions<'a> {
    let selection = Selection::Drop(versions.iter().map(|&version| version..=version).collect());
    VacuumOptions::new(selection).locking(patient())
}

fn vacuum(folder: &Path, options: &VacuumOptions<'_>) -> VacuumReport {
    Pyramid::open(folder).unwrap().vacuum(options).unwrap()
}

fn inodes(folder: &Path) -> BTreeSet<u64> {
    WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().path().symlink_metadata().unwrap().ino()).collect()
}

type Contents = Vec<(Manifest, Vec<(u8, u32, u32, String)>)>;

/// The manifests of all versions, without times of building, inodes and the order of records.
fn manifests(folder: &Path, versions: &[u32]) -> Contents {
    let layout = Layout::new(folder);
    let one = |&version: &u32| {
        let state = layout.manifest(Version(version));
        let mut manifest = Manifest::read(&state).unwrap().unwrap();
        (manifest.built, manifest.records_hash) = (0, String::new());
        let shown = |record: Record| {
            let (modified, contents) = (record.stamp.stat.modified, record.stamp.without_times());
            (
                record.tile.level,
                record.tile.row,
                record.tile.column,
                format!("{:?} {modified} {contents:?}", record.role),
            )
        };
        let mut all: Vec<_> = records(&state).unwrap().map(|record| shown(record.unwrap())).collect();
        all.sort();
        (manifest, all)
    };
    versions.iter().map(one).collect()
}

/// Fails unless `folder` is what a new build from a copy of its sources makes.
fn assert_like_new(folder: &Path, versions: &[u32]) {
    assert_tree_rules(folder);
    let outer = tempfile::tempdir().unwrap();
    let fresh = outer.path().join("fresh");
    copy_exactly(folder, &fresh);
    fs::remove_dir_all(fresh.join("dest")).unwrap();
    build(&fresh);
    assert_same_tree(&fresh.join("dest/dzi"), &folder.join("dest/dzi"));
    assert_eq!(manifests(&fresh, versions), manifests(folder, versions));
    let state: Vec<_> =
        fs::read_dir(folder.join("dest/.fast_pyramid")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(
        state.iter().all(|name| ["lock", "versions", "dropped.json"].iter().any(|known| name == known)),
        "{state:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(40), ..ProptestConfig::default() })]

    #[test]
    fn kept_versions_equal_a_new_build(
        seed in any::<u64>(), tiles in Tiles::any(), in_src in any::<bool>(), count in 2usize..7,
        drops in proptest::collection::vec(any::<u8>(), 1..4),
    ) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path();
        let mut kept = write_history(folder, &mut Random::new(seed), tiles, in_src, count);
        build(folder);
        for mask in drops {
            let latest = *kept.last().unwrap();
            let goes = |&(index, &version): &(usize, &u32)| version != latest && (mask >> (index % 8)) & 1 == 1;
            let dropped: Vec<u32> = kept.iter().enumerate().filter(goes).map(|(_, &version)| version).collect();
            kept.retain(|version| !dropped.contains(version));
            if dropped.is_empty() {
                continue;
            }
            let (before, nodes) = (served(folder, &kept), inodes(folder));
            let all = snapshot(folder);
            let alone = Pyramid::open(folder).unwrap().info().unwrap();
            let planned = vacuum(folder, &dropping(&dropped).dry_run(true));
            assert_same_snapshot(&all, &snapshot(folder));
            let report = vacuum(folder, &dropping(&dropped));
            prop_assert_eq!(&report, &planned);
            prop_assert_eq!(&report.dropped, &dropped.iter().map(|&version| Version(version)).collect::<Vec<_>>());
            prop_assert_eq!(report.inodes, nodes.len() as i64 - inodes(folder).len() as i64);
            if let [one] = dropped[..] {
                let version_info = alone.versions.iter().find(|version| version.version == Version(one)).unwrap();
                prop_assert_eq!((version_info.freed_bytes, version_info.freed_inodes), (Some(report.bytes), Some(report.inodes)));
            }
            prop_assert_eq!(before, served(folder, &kept));
            assert_like_new(folder, &kept);
            let again = Pyramid::open(folder).unwrap().build(&options()).unwrap();
            prop_assert!(again.versions.iter().all(|version| version.status == VersionStatus::UpToDate));
        }
    }

    /// With their sources kept, dropped versions can be dropped again, or come back.
    #[test]
    fn dropping_trees_alone_keeps_the_sources(seed in any::<u64>(), tiles in Tiles::any(), in_src in any::<bool>(), count in 2usize..7, first in any::<u8>(), second in any::<u8>()) {
        let outer = tempfile::tempdir().unwrap();
        let folder = &outer.path().join("pyramid");
        fs::create_dir(folder).unwrap();
        let mut random = Random::new(seed);
        let all = write_history(folder, &mut random, tiles, in_src, count);
        build(folder);
        let whole = snapshot(&folder.join("dest/dzi"));
        let latest = *all.last().unwrap();
        let picked = |mask: u8| -> Vec<u32> {
            let goes = |&(index, &version): &(usize, &u32)| version != latest && (mask >> (index % 8)) & 1 == 1;
            all.iter().enumerate().filter(goes).map(|(_, &version)| version).collect()
        };
        let dropped = picked(first | 1);
        let kept: Vec<u32> = all.iter().copied().filter(|version| !dropped.contains(version)).collect();
        let (before, nodes) = (served(folder, &kept), inodes(folder).len() as i64);
        let report = vacuum(folder, &dropping(&dropped).keep_sources(true));
        // The list of dropped versions is one file more.
        prop_assert_eq!(report.inodes, nodes - inodes(folder).len() as i64 + 1);
        prop_assert_eq!(&before, &served(folder, &kept));
        assert_tree_rules(folder);
        let after = snapshot(folder);
        build(folder);
        assert_same_snapshot(&without_lock(after), &without_lock(snapshot(folder)));

        // From the lowest dropped one on again: everything is as it was at first.
        let copied = outer.path().join("copied");
        copy_exactly(folder, &copied);
        let again = options().rebuild_from(Version(dropped[dropped.len() - 1]));
        Pyramid::open(&copied).unwrap().build(&again).unwrap();
        assert_tree_rules(&copied);
        let from_first = options().rebuild_from(Version(0));
        Pyramid::open(&copied).unwrap().build(&from_first).unwrap();
        assert_same_snapshot(&whole, &snapshot(&copied.join("dest/dzi")));

        // Any of them, sources and all.
        let more = picked(second | first | 1);
        let left: Vec<u32> = all.iter().copied().filter(|version| !more.contains(version)).collect();
        let before = served(folder, &left);
        vacuum(folder, &dropping(&more));
        prop_assert_eq!(before, served(folder, &left));
        assert_like_new(folder, &left);
    }

    #[test]
    fn sources_can_be_dropped_after_their_trees(seed in any::<u64>(), tiles in Tiles::any(), count in 3usize..7, first in any::<u8>(), second in any::<u8>()) {
        let outer = tempfile::tempdir().unwrap();
        let folder = &outer.path().join("pyramid");
        fs::create_dir(folder).unwrap();
        let all = write_history(folder, &mut Random::new(seed), tiles, false, count);
        build(folder);
        let picked = |mask: u8| -> Vec<u32> {
            all[..count - 1].iter().enumerate().filter(|(index, _)| (mask >> (index % 8)) & 1 == 1).map(|(_, &one)| one).collect()
        };
        let treeless = picked(first | 1);
        vacuum(folder, &dropping(&treeless).keep_sources(true));
        let dropped = picked(second);
        if dropped.is_empty() {
            return Ok(());
        }
        let kept: Vec<u32> = all.iter().copied().filter(|one| !treeless.contains(one) && !dropped.contains(one)).collect();
        let before = served(folder, &kept);
        vacuum(folder, &dropping(&dropped));
        prop_assert_eq!(before, served(folder, &kept));
        assert_tree_rules(folder);

        let fresh = outer.path().join("fresh");
        copy_exactly(folder, &fresh);
        fs::remove_dir_all(fresh.join("dest")).unwrap();
        build(&fresh);
        let rest: Vec<u32> = treeless.iter().copied().filter(|one| !dropped.contains(one)).collect();
        if !rest.is_empty() {
            vacuum(&fresh, &dropping(&rest).keep_sources(true));
        }
        assert_same_tree(&fresh.join("dest/dzi"), &folder.join("dest/dzi"));
        prop_assert_eq!(manifests(&fresh, &kept), manifests(folder, &kept));
        prop_assert_eq!(manifests(&fresh, &rest).len(), rest.len());
        build(folder);
        assert_same_tree(&fresh.join("dest/dzi"), &folder.join("dest/dzi"));
    }
}

/// Everything but the file that says who held the lock last.
fn without_lock(mut all: Snapshot) -> Snapshot {
    all.remove(Path::new("dest/.fast_pyramid/lock"));
    all
}

/// The manifests' headers have times in them, so only what is served and the sources are compared.
fn visible(folder: &Path) -> Snapshot {
    let state = Path::new("dest/.fast_pyramid");
    snapshot(folder).into_iter().filter(|(path, _)| !path.starts_with(state)).collect()
}

fn stopped_everywhere(seed: u64, tiles: Tiles, in_src: bool, keep_sources: bool, pick: &[usize]) {
    let outer = tempfile::tempdir().unwrap();
    let whole = outer.path().join("whole");
    fs::create_dir(&whole).unwrap();
    let all = write_history(&whole, &mut Random::new(seed), tiles, in_src, 6);
    build(&whole);
    let dropped: Vec<u32> = pick.iter().map(|&index| all[index]).collect();
    let kept: Vec<u32> = all.iter().copied().filter(|version| !dropped.contains(version)).collect();
    let shown = served(&whole, &kept);
    let options = dropping(&dropped).keep_sources(keep_sources);
    let expected = outer.path().join("expected");
    copy_exactly(&whole, &expected);
    let report = vacuum(&expected, &options);
    let (visible_then, manifests_then) = (visible(&expected), manifests(&expected, &kept));

    // Not a multiple of two or of seven, which choose how it goes on.
    for stop in (0..).step_by(Sweep::from_environment().step(3, 1)) {
        let folder = outer.path().join("stopped");
        copy_exactly(&whole, &folder);
        let result = Pyramid::open(&folder).unwrap().vacuum(&vacuum_killed_after(options.clone(), stop));
        assert_eq!(shown, served(&folder, &kept), "after {stop} steps");
        if result.is_ok() {
            assert!(stop > 20, "only {stop} steps");
            break;
        }
        // Stopped once more on the way, then finished by either command.
        let journal = folder.join("dest/.fast_pyramid/vacuum.json").exists();
        assert_eq!(Pyramid::open(&folder).unwrap().info().unwrap().half_vacuumed, journal);
        let again = vacuum_killed_after(options.clone(), stop % 7);
        let _ = Pyramid::open(&folder).unwrap().vacuum(&again);
        assert_eq!(shown, served(&folder, &kept), "after {stop} steps and some more");
        if stop % 2 == 0 && journal {
            build(&folder);
        } else if folder.join("dest/.fast_pyramid/vacuum.json").exists() || !journal {
            let finished = vacuum(&folder, &options);
            assert_eq!(finished, report);
        }
        assert_same_snapshot(&visible_then, &visible(&folder));
        assert_eq!(manifests_then, manifests(&folder, &kept), "after {stop} steps");
        build(&folder);
        assert_same_snapshot(&visible_then, &visible(&folder));
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn vacuum_cancelled_at_any_step_is_finished_by_the_next_run() {
    stopped_everywhere(11, Tiles::WITHOUT_OVERLAP, false, false, &[0, 1, 3]);
}

#[test]
fn vacuum_cancelled_at_any_step_with_sources_in_src_is_finished() {
    stopped_everywhere(12, Tiles::WITHOUT_OVERLAP, true, false, &[1, 2, 4]);
}

#[test]
fn vacuum_of_trees_cancelled_at_any_step_is_finished() {
    stopped_everywhere(13, Tiles::WITHOUT_OVERLAP, false, true, &[0, 2, 3]);
}

#[test]
fn vacuum_with_overlap_cancelled_at_any_step_is_finished() {
    stopped_everywhere(11, Tiles::PLAIN, false, false, &[0, 1, 3]);
    if Sweep::from_environment() != Sweep::Sample {
        // Their base tiles are links, as without overlap.
        stopped_everywhere(11, Tiles::OVERLAPPING, false, false, &[0, 1, 3]);
    }
}

#[test]
fn vacuum_of_trees_with_overlap_cancelled_at_any_step_is_finished() {
    stopped_everywhere(13, Tiles::PLAIN, false, true, &[0, 2, 3]);
}

/// A moved tile keeps its mtime, and no tile that stays is copied.
#[test]
fn moved_tiles_are_the_same_files() {
    let outer = tempfile::tempdir().unwrap();
    let all = write_history(outer.path(), &mut Random::new(3), Tiles::WITHOUT_OVERLAP, false, 3);
    build(outer.path());
    let before = inodes(outer.path());
    let times: BTreeSet<i64> = WalkDir::new(outer.path().join(format!("v{}", all[0])))
        .into_iter()
        .map(|entry| entry.unwrap().path().metadata().unwrap().ino() as i64)
        .collect();
    let report = vacuum(outer.path(), &dropping(&all[..2]));
    assert!(report.moved > 0);
    let moved = WalkDir::new(outer.path().join(format!("v{}", all[2])))
        .into_iter()
        .filter(|entry| times.contains(&(entry.as_ref().unwrap().path().metadata().unwrap().ino() as i64)))
        .count();
    assert!(moved > 0, "no source tile of the dropped versions is there");
    assert!(before.len() as i64 - report.inodes == inodes(outer.path()).len() as i64);
    let owned = records(&Layout::new(outer.path()).manifest(Version(all[2]))).unwrap();
    assert!(owned.map(Result::unwrap).all(|record| record.role != Role::SourceUnchanged));
}
