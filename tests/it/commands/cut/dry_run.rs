//! `cut --dry-run` reports what `cut` does, and changes nothing.

use crate::support::jpeg::Jpeg;
use serde_json::Value;
use std::path::PathBuf;
use std::time::SystemTime;
use test_support::cli::Sandbox;
use test_support::pictures::Png;
use test_support::tree::{assert_same_snapshot, snapshot};

/// Times of all that is in a folder, to see that nothing has been written again with the same contents.
fn times(sandbox: &Sandbox) -> Vec<(PathBuf, SystemTime)> {
    let walk = walkdir::WalkDir::new(sandbox.path("")).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    entries.map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().modified().unwrap())).collect()
}

/// A sandbox with two JPEG pictures and an interlaced PNG, of one size.
fn pictures_to_plan() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.jpg", Jpeg::new(85).file((150, 100), 1));
    sandbox.write("b.jpg", Jpeg::new(85).file((150, 100), 2));
    sandbox.write("c.png", Png { interlaced: true, ..Png::new(0, 16) }.file((150, 100), 3, &[]));
    sandbox
}

/// Fails unless a dry run of this cut changes nothing and reports what the cut then reports.
#[track_caller]
fn assert_dry_run_is_right(sandbox: &Sandbox, picture: &str, more: &[&str]) {
    let (before, times_before) = (snapshot(&sandbox.path("")), times(sandbox));
    let arguments = [&["cut", picture, "p", "--json"], more].concat();
    let mut planned = sandbox.succeed(&[&arguments[..], &["--dry-run"]].concat()).json().remove(0);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
    assert_eq!(times_before, times(sandbox));
    let mut done = sandbox.succeed(&arguments).json().remove(0);
    assert_eq!((&planned["status"], &done["status"]), (&"would_cut".into(), &"cut".into()));
    assert_estimate_is_near(sandbox, &planned, &done);
    for key in ["status", "version", "seconds", "written", "uniform", "versions"] {
        planned.as_object_mut().unwrap().remove(key);
        done.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(planned, done);
    let tree = sandbox.path("p/dest/dzi/latest/dzi_files");
    if tree.exists() {
        let tiles = walkdir::WalkDir::new(tree).into_iter().filter(|it| !it.as_ref().unwrap().file_type().is_dir());
        assert_eq!(planned["tiles"], tiles.count());
    }
}

/// Fails unless the estimated size of the base tiles is right within a factor of 6, and the memory holds what is buffered.
#[track_caller]
fn assert_estimate_is_near(sandbox: &Sandbox, planned: &Value, done: &Value) {
    let bytes: u64 = walkdir::WalkDir::new(sandbox.path("p").join(format!("v{}", done["version"])))
        .into_iter()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    let estimated = planned["estimated_bytes"].as_u64().unwrap();
    assert!(estimated > bytes / 6 && estimated < bytes * 6, "{estimated}, but {bytes}");
    assert!(planned["memory_bytes"].as_u64().unwrap() > planned["buffered_bytes"].as_u64().unwrap());
}

#[test]
fn dry_run_of_a_lossless_cut_is_right() {
    assert_dry_run_is_right(&pictures_to_plan(), "a.jpg", &["--tile-size", "32"]);
}

#[test]
fn dry_run_of_a_cut_from_pixels_with_build_is_right() {
    assert_dry_run_is_right(&pictures_to_plan(), "a.jpg", &["--tile-size", "50", "--build"]);
}

#[test]
fn dry_run_of_a_requantised_cut_is_right() {
    assert_dry_run_is_right(&pictures_to_plan(), "a.jpg", &["--tile-size", "32", "--quality", "60", "--build"]);
}

#[test]
fn dry_run_of_an_interlaced_picture_is_right() {
    assert_dry_run_is_right(&pictures_to_plan(), "c.png", &[]);
}

#[test]
fn dry_run_of_a_cut_to_another_format_is_right() {
    assert_dry_run_is_right(&pictures_to_plan(), "c.png", &["--format", "jpg", "--tile-size", "7", "--build"]);
}

#[test]
fn dry_run_of_a_next_version_is_right() {
    let sandbox = pictures_to_plan();
    sandbox.succeed(&["cut", "a.jpg", "p", "--tile-size", "32", "--build", "-q"]);
    assert_dry_run_is_right(&sandbox, "b.jpg", &["--build"]);
}

#[test]
fn dry_run_prints_sizes_and_counts() {
    let sandbox = pictures_to_plan();
    let ended = sandbox.succeed(&["cut", "a.jpg", "p", "--tile-size", "32", "--dry-run"]);
    let plan = "p: would be cut: 150x100 pixels in 5x4 base tiles of 32 (jpg, lossless), 9 levels, 34 tiles \
                in the pyramid; about ";
    assert!(ended.err.starts_with(plan), "{}", ended.err);
}

#[test]
fn dry_run_refuses_what_the_cut_would_refuse() {
    let sandbox = pictures_to_plan();
    sandbox.spec("p", "{ width: 150, height: 99, tile_size: 32, overlap: 0 }");
    assert_eq!(sandbox.run(&["cut", "a.jpg", "p", "--dry-run"]).code, 3);
    assert_eq!(sandbox.run(&["cut", "a.jpg", "q", "--dry-run", "--max-memory", "1M"]).code, 3);
}
