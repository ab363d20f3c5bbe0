use super::*;
use crate::format::{Filter, NamePattern, Quality, RowOrder, Settings, TileFormat, TileNaming};
use crate::geometry::{Geometry, Size};
use crate::ops::internals::unflushed_build;
use crate::ops::survey::Survey;
use crate::ops::{BuildOptions, Event, Pyramid, VerifyOptions, VersionStatus};
use crate::store::{Layout, Locking, Record, Role, SourcePlace, WriteLock};
use crate::sync::Unobserved;
use crate::tile::{Codec, Scratch};
use crate::walk::{BuildFailure, RowBuild};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use walkdir::WalkDir;
use xxhash_rust::xxh3::xxh3_128;

/// The base tiles of a picture, by column and row, and the settings of its pyramid.
struct Picture {
    geometry: Geometry,
    settings: Settings,
    place: SourcePlace,
    tiles: BTreeMap<(u32, u32), Vec<u8>>,
}

impl Picture {
    fn new(extension: &str, size: Size, place: SourcePlace, tile_naming: TileNaming) -> Self {
        let (tile_size, format) = (32, TileFormat::new(extension).unwrap());
        let geometry = Geometry::new(size, tile_size, 0).unwrap();
        let is_jpeg = extension == "jpg";
        let settings = Settings {
            width: size.width,
            height: size.height,
            tile_size,
            overlap: 0,
            base_tiles: None,
            format,
            quality: is_jpeg.then_some(Quality::DEFAULT),
            huffman_tables: is_jpeg.then(Default::default),
            filter: Filter::Mean,
            linear: false,
            tile_naming,
        };
        let grid = geometry.base_grid();
        let places = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (column, row)));
        let tile = |(column, row): (u32, u32)| {
            let size = geometry.tile_dimensions(Tile { level: geometry.base_level(), column, row });
            let wave = |x: u32, y: u32| (f64::from(x * x + 3 * y) / 97.0).sin().mul_add(100.0, 128.0) as u8;
            let image = image::RgbImage::from_fn(size.width, size.height, |x, y| {
                let (x, y) = (column * 32 + x, row * 32 + y);
                image::Rgb([wave(x, y), wave(y, x), (x + y) as u8])
            });
            let kind = if is_jpeg { image::ImageFormat::Jpeg } else { image::ImageFormat::Png };
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, kind).unwrap();
            bytes.into_inner()
        };
        Self { geometry, settings, place, tiles: places.map(|place| (place, tile(place))).collect() }
    }

    /// A folder with its pyramid.json.
    fn folder(&self) -> (TempDir, TreeContext) {
        let folder = tempfile::tempdir().unwrap();
        let Settings { width, height, tile_size, .. } = self.settings;
        let TileNaming { pattern, first, row_order } = &self.settings.tile_naming;
        let row_order = if *row_order == RowOrder::TopDown { "top_down" } else { "bottom_up" };
        let text = format!(
            "{{ width: {width}, height: {height}, tile_size: {tile_size}, overlap: 0, \
             tile_naming: '{pattern}', first_tile: {first}, row_order: '{row_order}' }}"
        );
        let (layout, geometry, settings) = (Layout::new(folder.path()), self.geometry, self.settings.clone());
        fs::write(layout.spec_file(), text).unwrap();
        (folder, TreeContext::new(layout, self.place, geometry, settings))
    }

    /// Writes the tiles as a user would, and builds.
    fn write_and_build(&self, trees: &TreeContext) {
        let folder = trees.layout.source(self.place, Version(0));
        fs::create_dir_all(&folder).unwrap();
        for (&(column, row), bytes) in &self.tiles {
            let path = folder.join(trees.source_name(column, row).as_str());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(build(trees), [(Version(0), VersionStatus::Built)]);
    }

    /// Adds the tiles of the first `rows` rows to `first`, and what they complete.
    fn add_rows(&self, first: &FirstVersion, rows: u32) {
        let codec = Codec::new(&self.settings);
        let mut build = RowBuild::new(&self.geometry, codec, first, &Unobserved);
        while let Some(row) = build.next_row().filter(|row| *row < rows) {
            let made = build.row(|column, image| {
                let tile = Tile { level: self.geometry.base_level(), column, row };
                let (bytes, size) = (&self.tiles[&(column, row)], self.geometry.tile_dimensions(tile));
                codec.decode_into(bytes, size, &mut Scratch::default(), image).unwrap();
                first.write_base(column, row, bytes).map_err(BuildFailure::Store)
            });
            made.unwrap();
        }
    }

    fn start(&self, trees: &TreeContext) -> Result<(WriteLock, FirstVersion), Failure> {
        self.start_with(trees, Durability::Unflushed)
    }

    fn start_with(&self, trees: &TreeContext, durability: Durability) -> Result<(WriteLock, FirstVersion), Failure> {
        let lock = WriteLock::acquire(&trees.layout, "cut", Locking::default(), &Unobserved).unwrap();
        Ok((lock, FirstVersion::start(trees.clone(), Version(0), durability)?))
    }

    fn cut_and_build(&self, trees: &TreeContext, durability: Durability) -> Manifest {
        let (_lock, first) = self.start_with(trees, durability).unwrap();
        self.add_rows(&first, u32::MAX);
        first.publish().unwrap()
    }
}

fn build(trees: &TreeContext) -> Vec<(Version, VersionStatus)> {
    let options = unflushed_build(BuildOptions::default());
    let report = Pyramid::open(trees.layout.root()).unwrap().build(&options).unwrap();
    report.versions.into_iter().map(|one| (one.version, one.status)).collect()
}

/// The contents of a folder: the bytes of files, the targets of links.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entry = |entry: walkdir::DirEntry| {
        let what = if entry.path_is_symlink() {
            fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
        } else if entry.file_type().is_file() {
            fs::read(entry.path()).unwrap()
        } else {
            b"folder".to_vec()
        };
        (entry.path().strip_prefix(folder).unwrap().to_owned(), what)
    };
    WalkDir::new(folder).into_iter().map(|found| entry(found.unwrap())).collect()
}

/// A manifest and its records, without order and times.
fn timeless(trees: &TreeContext) -> (Manifest, Vec<Record>) {
    let folder = trees.layout.manifest(Version(0));
    let manifest = Manifest::read(&folder).unwrap().unwrap();
    let mut records: Vec<Record> = store::records(&folder).unwrap().map(Result::unwrap).collect();
    for record in &mut records {
        assert_eq!(record.stamp.stat.modified == 0, record.role == Role::Generated);
        record.stamp = record.stamp.without_times();
    }
    records.sort_by_key(|record| record.tile);
    (Manifest { built: 0, records_hash: String::new(), ..manifest }, records)
}

/// Names in the pyramid folder and in the tool's own.
fn all_names(trees: &TreeContext) -> [BTreeSet<PathBuf>; 2] {
    [trees.layout.root().to_owned(), trees.layout.state()].map(|folder| {
        let found = WalkDir::new(&folder).min_depth(1).max_depth(1).into_iter();
        found.map(|entry| entry.unwrap().file_name().into()).collect()
    })
}

/// Fails where two pyramids differ in anything but times.
fn assert_same(one: &TreeContext, other: &TreeContext) {
    assert_eq!(contents(&one.layout.trees()), contents(&other.layout.trees()));
    let sources = |trees: &TreeContext| contents(&trees.layout.source(trees.place, Version(0)));
    assert_eq!(sources(one), sources(other));
    assert_eq!(timeless(one), timeless(other));
    assert_eq!(all_names(one), all_names(other));
}

fn assert_in_order(trees: &TreeContext) {
    assert_eq!(build(trees), [(Version(0), VersionStatus::UpToDate)]);
    let pyramid = Pyramid::open(trees.layout.root()).unwrap();
    let observer = |event: &Event<'_>| assert!(!matches!(event, Event::Problem(_)), "{event:?}");
    let report = pyramid.verify(&VerifyOptions::default().observer(&observer)).unwrap();
    assert_eq!((report.problems, report.versions), (0, vec![Version(0)]));
}

#[test]
fn it_is_what_a_build_makes_of_the_same_tiles() {
    let sizes = [Size::new(1, 1), Size::new(33, 300), Size::new(400, 20), Size::new(257, 161)];
    for (index, size) in sizes.into_iter().enumerate() {
        for extension in ["jpg", "png"] {
            let place = if index % 2 == 0 { SourcePlace::Beside } else { SourcePlace::Src };
            let naming = match index {
                0 => TileNaming::column_row(),
                1 => TileNaming::row_column(),
                2 => TileNaming { first: 1, row_order: RowOrder::BottomUp, ..TileNaming::column_row() },
                _ => {
                    let pattern = NamePattern::parse("{row:3}/x{column:2}").unwrap();
                    TileNaming { pattern, first: 7, row_order: RowOrder::BottomUp }
                }
            };
            let durability = if index == 0 { Durability::Flushed } else { Durability::Unflushed };
            let picture = Picture::new(extension, size, place, naming);
            let ((_one, by_hand), (_other, cut)) = (picture.folder(), picture.folder());
            picture.write_and_build(&by_hand);
            let manifest = picture.cut_and_build(&cut, durability);
            assert_eq!(Manifest::read(&cut.layout.manifest(Version(0))).unwrap(), Some(manifest));
            assert_same(&by_hand, &cut);
            assert_in_order(&cut);
        }
    }
}

#[test]
fn what_was_killed_leaves_no_version_and_the_next_attempt_cleans_up() {
    let picture = Picture::new("png", Size::new(200, 300), SourcePlace::Beside, TileNaming::column_row());
    let (_one, by_hand) = picture.folder();
    picture.write_and_build(&by_hand);
    for rows in [0, 1, 6, u32::MAX] {
        for again in ["cut", "by hand", "discard"] {
            let (_other, cut) = picture.folder();
            let (lock, first) = picture.start(&cut).unwrap();
            picture.add_rows(&first, rows);
            // As after a kill: nothing is cleaned up.
            drop((first, lock));
            assert!(!cut.layout.source(picture.place, Version(0)).exists() && !cut.layout.tree(Version(0)).exists());
            let result = Pyramid::open(cut.layout.root()).unwrap().build(&BuildOptions::default());
            let failure = result.as_ref().map_err(crate::ops::Error::failure);
            assert!(matches!(failure, Err(Failure::Store(StoreError::NoVersions { .. }))), "{result:?}");
            match again {
                "cut" => _ = picture.cut_and_build(&cut, Durability::Unflushed),
                "by hand" => picture.write_and_build(&cut),
                _ => {
                    let (_lock, first) = picture.start(&cut).unwrap();
                    picture.add_rows(&first, rows);
                    first.discard().unwrap();
                    let names = all_names(&cut).map(|names| names.len());
                    assert_eq!(names, [2, 1], "pyramid.json and dest, and the lock");
                    continue;
                }
            }
            assert_same(&by_hand, &cut);
            assert_in_order(&cut);
        }
    }
}

/// A kill after the sources are in place, but before the tree is published.
#[test]
fn a_build_takes_up_a_tree_whose_sources_are_there() {
    let picture = Picture::new("jpg", Size::new(200, 300), SourcePlace::Src, TileNaming::column_row());
    let ((_one, by_hand), (_other, cut)) = (picture.folder(), picture.folder());
    picture.write_and_build(&by_hand);
    let (lock, first) = picture.start(&cut).unwrap();
    picture.add_rows(&first, u32::MAX);
    finish_tree(first.staged, &cut, Version(0)).unwrap();
    first.source.publish().unwrap();
    drop(lock);
    let tile = "dzi_files/0/0_0.jpg";
    let inode = |folder: PathBuf| std::os::unix::fs::MetadataExt::ino(&fs::metadata(folder.join(tile)).unwrap());
    let before = inode(cut.layout.staged_tree(Version(0)));
    assert_eq!(build(&cut), [(Version(0), VersionStatus::Built)]);
    assert_eq!(inode(cut.layout.tree(Version(0))), before);
    assert_same(&by_hand, &cut);
    assert_in_order(&cut);
}

#[test]
fn nothing_is_replaced_and_nothing_half_is_published() {
    let picture = Picture::new("png", Size::new(100, 100), SourcePlace::Beside, TileNaming::column_row());
    let (_one, trees) = picture.folder();
    let v0 = trees.layout.source(SourcePlace::Beside, Version(0));
    let exists =
        |failure: &Failure| matches!(failure, Failure::Store(StoreError::VersionExists { path }) if *path == v0);
    let nothing_left = || assert_eq!(all_names(&trees).map(|names| names.len()), [2, 1]);
    // Not all tiles.
    let (lock, first) = picture.start(&trees).unwrap();
    picture.add_rows(&first, 3);
    let error = first.publish().unwrap_err();
    // Twelve base tiles, and two parents of the first two rows.
    assert!(error.to_string().contains("14 of 26 tiles"), "{error}");
    drop(lock);
    nothing_left();
    // Another process creates the folder meanwhile.
    let (lock, first) = picture.start(&trees).unwrap();
    picture.add_rows(&first, u32::MAX);
    fs::create_dir(&v0).unwrap();
    assert!(exists(&first.publish().unwrap_err()));
    drop(lock);
    assert_eq!(fs::read_dir(&v0).unwrap().count(), 0);
    assert!(exists(&picture.start(&trees).map(drop).unwrap_err()));
    fs::remove_dir(&v0).unwrap();
    nothing_left();
    // A tree whose sources are gone.
    picture.write_and_build(&trees);
    fs::remove_dir_all(&v0).unwrap();
    let published = || [trees.layout.trees(), trees.layout.manifests()].map(|folder| contents(&folder));
    let before = published();
    assert!(matches!(picture.start(&trees).map(drop), Err(Failure::SourcesGone { version: Version(0), .. })));
    assert!(published() == before);
}

/// The next version is compared with this.
#[test]
fn the_latest_sources_are_those_that_the_newest_tree_shows() {
    let picture = Picture::new("png", Size::new(100, 100), SourcePlace::Beside, TileNaming::column_row());
    let (_one, trees) = picture.folder();
    picture.cut_and_build(&trees, Durability::Unflushed);
    let patch = |version: u32, tile: &str, from: &str| {
        let folder = trees.layout.source(SourcePlace::Beside, Version(version));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(trees.layout.root().join("v0").join(from), folder.join(tile)).unwrap();
    };
    patch(1, "0_0.png", "1_1.png");
    patch(1, "1_0.png", "2_2.png");
    patch(4, "0_0.png", "2_1.png");
    build(&trees);
    let pyramid = Pyramid::open(trees.layout.root()).unwrap();
    let drop = crate::ops::VacuumOptions {
        keep_sources: true,
        ..crate::ops::VacuumOptions::new(crate::ops::Selection::Drop(vec![1..=1]))
    };
    pyramid.vacuum(&drop).unwrap();
    // Versions with and without a manifest.
    patch(6, "2_0.png", "0_1.png");
    let (_, latest) = Survey::run_with_latest(&pyramid, &BuildOptions::default()).unwrap();
    let mut bytes = Vec::new();
    for (&(column, row), tile) in &picture.tiles {
        let (version, expected) = match (column, row) {
            (0, 0) => (4, &picture.tiles[&(2, 1)]),
            (1, 0) => (1, &picture.tiles[&(2, 2)]),
            (2, 0) => (6, &picture.tiles[&(0, 1)]),
            _ => (0, tile),
        };
        assert_eq!(latest.hash(column, row), (version < 6).then(|| xxh3_128(expected)));
        assert_eq!(latest.read(column, row, &mut bytes).unwrap(), Some(Version(version)));
        assert!(bytes == *expected);
        if version == 6 {
            continue;
        }
        let shown = format!("dzi_files/{}/{column}_{row}.png", picture.geometry.base_level());
        assert!(fs::read(trees.layout.latest().join(shown)).unwrap() == *expected);
    }
}
