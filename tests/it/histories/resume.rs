//! A cancelled build resumes, and ends as an undisturbed one (docs/guarantees.md).

use crate::support::build_options;
use fast_pyramid::{BuildOptions, ErrorKind, Event, Observer, Pyramid, Version};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use test_support::overlap::{BaseKind, Shape, set_overlap};
use test_support::reference::{Kind, random_picture, write_png};
use test_support::sampling::Sweep;
use test_support::tree::{assert_same_tree, assert_tree_rules};
use test_support::{copy_folder, keep_versions, unbuilt};

fn options<'a>(threads: usize) -> BuildOptions<'a> {
    build_options(Some(threads))
}

/// Cancels after a number of tiles, and counts them.
#[derive(Default)]
struct StopAfter {
    most: u64,
    done: AtomicU64,
}

impl StopAfter {
    fn new(most: u64) -> Self {
        Self { most, done: AtomicU64::new(0) }
    }
}

impl Observer for StopAfter {
    fn event(&self, event: &Event<'_>) {
        if let Event::TilesDone(count) = event {
            self.done.fetch_add(*count, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.most
    }
}

/// A pyramid's sources, which are not built yet.
#[derive(Clone, Copy)]
enum Sources {
    Fixture(&'static str),
    /// A fixture with this overlap, for which its base tiles are plain.
    Plain(&'static str, usize),
    /// Two versions cut with overlap from a picture.
    Overlapping,
}

impl Sources {
    fn unbuilt(self) -> (tempfile::TempDir, PathBuf) {
        let (name, overlap) = match self {
            Self::Fixture(name) => return unbuilt(name),
            Self::Overlapping => return cut_with_overlap(),
            Self::Plain(name, overlap) => (name, overlap),
        };
        let (scratch, folder) = unbuilt(name);
        set_overlap(&folder, overlap);
        (scratch, folder)
    }

    fn built(self) -> (tempfile::TempDir, PathBuf) {
        let (scratch, folder) = self.unbuilt();
        Pyramid::open(&folder).unwrap().build(&options(2)).unwrap();
        (scratch, folder)
    }

    fn stopped(self, most: u64) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let (scratch, folder) = self.unbuilt();
        keep_versions(&folder, &["v0"]);
        assert!(build_stopping(&folder, &options(1), most));
        let staged = folder.join("dest/.fast_pyramid/staging/v0/tree/dzi_files");
        (scratch, folder, staged)
    }
}

fn cut_with_overlap() -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("p");
    let shape = Shape { width: 150, height: 90, tile_size: 32, overlap: 5, base: BaseKind::Overlapping };
    let mut picture = random_picture(5, shape.width, shape.height, Kind { colour: true, ..Kind::default() });
    for (version, column) in [("v0", 0), ("v1", 3)] {
        picture.paste(&random_picture(6, 40, 40, picture.kind()), 32 * column, 0);
        let source = folder.join(version);
        fs::create_dir_all(&source).unwrap();
        for ((column, row), tile) in shape.cut(&picture).into_iter().filter(|(place, _)| place.0 >= column) {
            write_png(&source.join(format!("{column}_{row}.png")), &tile);
        }
    }
    fs::write(folder.join("pyramid.json"), shape.spec("stale_overlap: 'keep'")).unwrap();
    (scratch, folder)
}

fn build_undisturbed(name: &str) -> (tempfile::TempDir, PathBuf) {
    let (scratch, folder) = unbuilt(name);
    Pyramid::open(&folder).unwrap().build(&options(2)).unwrap();
    (scratch, folder)
}

/// True if the build was stopped, false if it ended before.
fn build_stopping(folder: &Path, options: &BuildOptions<'_>, most: u64) -> bool {
    match Pyramid::open(folder).unwrap().build(&options.observer(&StopAfter::new(most))) {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::Cancelled => true,
        Err(error) => panic!("{error}"),
    }
}

fn assert_ends_like(folder: &Path, undisturbed: &Path) {
    Pyramid::open(folder).unwrap().build(&options(2)).unwrap();
    assert_tree_rules(folder);
    assert_same_tree(&undisturbed.join("dest/dzi"), &folder.join("dest/dzi"));
    assert!(!folder.join("dest/.fast_pyramid/staging").exists());
}

#[test]
fn build_cancelled_anywhere_ends_as_if_undisturbed() {
    let fixtures = ["relief", "png_alpha", "row_column"].map(|name| (Sources::Fixture(name), 5));
    // One in pixels, one in the frequency domain, which takes longer.
    let with_overlap =
        [(Sources::Overlapping, 11), (Sources::Plain("png_alpha", 3), 11), (Sources::Plain("relief", 16), 97)];
    for (sources, step) in fixtures.into_iter().chain(with_overlap) {
        let (_undisturbed, expected) = sources.built();
        for most in (0..).step_by(Sweep::from_environment().step(step, 1)) {
            let (_scratch, folder) = sources.unbuilt();
            if !build_stopping(&folder, &options(1), most) {
                break;
            }
            assert_ends_like(&folder, &expected);
        }
    }
}

#[test]
fn build_cancelled_repeatedly_ends_as_if_undisturbed() {
    let (_undisturbed, expected) = build_undisturbed("relief");
    for step in [3, 11, 30] {
        let (_scratch, folder) = unbuilt("relief");
        let mut times = 0;
        // Finished tiles count as done at once, so each attempt gets a little further.
        for most in (step..).step_by(step as usize) {
            times += 1;
            if !build_stopping(&folder, &options(2), most) {
                break;
            }
        }
        assert!(times > 2);
        assert_tree_rules(&folder);
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
    }
}

/// A stopped first build of the relief, with most of the tree in staging.
fn stopped_late() -> (tempfile::TempDir, PathBuf, PathBuf) {
    Sources::Fixture("relief").stopped(55)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    files
}

#[test]
fn finished_tiles_are_not_regenerated() {
    assert_finished_tiles_stay(stopped_late());
    assert_finished_tiles_stay(Sources::Plain("png_alpha", 3).stopped(28));
}

fn assert_finished_tiles_stay((_scratch, folder, staged): (tempfile::TempDir, PathBuf, PathBuf)) {
    let generated = files_in(&staged).into_iter().find(|path| path.symlink_metadata().unwrap().is_file()).unwrap();
    let before = fs::metadata(&generated).unwrap();
    let pyramid = Pyramid::open(&folder).unwrap();
    pyramid.build(&options(2)).unwrap();
    let published = folder.join("dest/dzi/v0/dzi_files").join(generated.strip_prefix(&staged).unwrap());
    let after = fs::metadata(published).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
}

#[test]
fn damaged_staging_does_not_change_the_result() {
    assert_damage_does_not_matter(Sources::Fixture("relief"), 55);
}

#[test]
fn damaged_staging_with_overlap_does_not_change_the_result() {
    assert_damage_does_not_matter(Sources::Plain("png_alpha", 3), 28);
    assert_damage_does_not_matter(Sources::Overlapping, 28);
}

/// Damages what a build that was stopped after `most` tiles has staged, one file after another.
fn assert_damage_does_not_matter(sources: Sources, most: u64) {
    let (_undisturbed, expected) = sources.unbuilt();
    keep_versions(&expected, &["v0"]);
    Pyramid::open(&expected).unwrap().build(&options(2)).unwrap();
    let stopped_late = || sources.stopped(most);
    let count = files_in(&stopped_late().2).len();
    // Neither step is a multiple of five, so each kind of damage is met.
    for index in (0..count).step_by(Sweep::from_environment().step(3, 1)) {
        let (_scratch, folder, staged) = stopped_late();
        let victim = &files_in(&staged)[index];
        let contents = fs::read(victim).unwrap_or_default(); // Links lead nowhere before they are published.
        let extension = victim.extension().unwrap().to_str().unwrap();
        fs::remove_file(victim).unwrap();
        match index % 5 {
            0 => {}
            1 => fs::write(victim, &contents[..contents.len() / 2]).unwrap(),
            2 => fs::write(victim, []).unwrap(),
            3 => symlink(format!("../../../../../v0/0_0.{extension}"), victim).unwrap(),
            _ => fs::write(victim, contents.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap(),
        }
        assert_ends_like(&folder, &expected);
    }
    let journal = "dest/.fast_pyramid/staging/v0/manifest/tiles";
    for cut in [0, 1, 47, 48, 49, 200, 2000] {
        let (_scratch, folder, _) = stopped_late();
        let records = fs::read(folder.join(journal)).unwrap_or_default();
        fs::write(folder.join(journal), &records[..cut.min(records.len())]).unwrap();
        assert_ends_like(&folder, &expected);
        let (_scratch, folder, _) = stopped_late();
        fs::write(folder.join(journal), vec![1; cut]).unwrap();
        assert_ends_like(&folder, &expected);
    }
    for file in ["basis.json", "manifest/tiles"] {
        let (_scratch, folder, _) = stopped_late();
        fs::remove_file(folder.join("dest/.fast_pyramid/staging/v0").join(file)).unwrap();
        assert_ends_like(&folder, &expected);
    }
}

#[test]
fn changed_sources_and_settings_discard_staging() {
    let (_scratch, folder, _) = stopped_late();
    fs::copy(folder.join("v0/1_1.jpg"), folder.join("v0/0_0.jpg")).unwrap();
    let text = fs::read_to_string(folder.join("pyramid.json")).unwrap();
    let (_fresh, expected) = unbuilt("relief");
    keep_versions(&expected, &["v0"]);
    fs::copy(expected.join("v0/1_1.jpg"), expected.join("v0/0_0.jpg")).unwrap();
    Pyramid::open(&expected).unwrap().build(&options(2)).unwrap();
    assert_ends_like(&folder, &expected);

    let (_scratch, folder, _) = stopped_late();
    let changed = text.replace("quality: 80", "quality: 33");
    fs::write(folder.join("pyramid.json"), &changed).unwrap();
    let (_fresh, expected) = unbuilt("relief");
    keep_versions(&expected, &["v0"]);
    fs::write(expected.join("pyramid.json"), &changed).unwrap();
    Pyramid::open(&expected).unwrap().build(&options(2)).unwrap();
    assert_ends_like(&folder, &expected);
}

#[test]
fn changed_patch_discards_staging() {
    // v1 is stopped, then one of its tiles is taken away, or another put in.
    for most in 0..73 {
        let (_scratch, folder) = unbuilt("relief");
        keep_versions(&folder, &["v0", "v1"]);
        let aside = folder.with_extension("aside");
        fs::rename(folder.join("v1"), &aside).unwrap();
        Pyramid::open(&folder).unwrap().build(&options(1)).unwrap();
        fs::rename(&aside, folder.join("v1")).unwrap();
        if !build_stopping(&folder, &options(1), most) {
            break;
        }
        let mut tiles: Vec<PathBuf> = files_in(&folder.join("v1"));
        let first = tiles.remove(0);
        if most % 2 == 0 {
            fs::remove_file(&first).unwrap();
        } else {
            fs::copy(&first, folder.join("v1/5_4.jpg")).unwrap();
        }
        let (_fresh, expected) = unbuilt("relief");
        keep_versions(&expected, &["v0"]);
        copy_folder(&folder.join("v1"), &expected.join("v1"));
        Pyramid::open(&expected).unwrap().build(&options(2)).unwrap();
        assert_ends_like(&folder, &expected);
    }
}

#[test]
fn cancelled_rebuild_keeps_what_is_published_and_resumes() {
    let (_undisturbed, expected) = build_undisturbed("relief");
    let (_scratch, folder) = build_undisturbed("relief");
    let rebuild = options(1).rebuild_from(Version(0));
    for most in [5, 70, 80, 150] {
        assert!(build_stopping(&folder, &rebuild, most), "{most}");
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
    }
    Pyramid::open(&folder).unwrap().build(&rebuild).unwrap();
    assert_tree_rules(&folder);
    assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
}
