//! Vacuums beside the remains of killed runs, and later damage around versions that have sources but no tree.

use crate::support::patient;
use fast_pyramid::internals::ops::vacuum_killed_after;
use fast_pyramid::{Pyramid, Selection, VacuumOptions};
use std::fs;
use std::num::NonZeroUsize;
use test_support::cli::Sandbox;
use test_support::damage::{clear, relink};
use test_support::tree::{assert_same_tree, assert_tree_rules, snapshot};

/// A published pyramid `p`: four tiles in v0; v1 and v2 change one each.
fn published() -> Sandbox {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.odd("progressive.jpg", "p/v2/2_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

/// Fails unless all is served that a build from nothing makes.
#[track_caller]
fn like_new(sandbox: &Sandbox) {
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p"]);
    fs::rename(sandbox.path("p/dest"), sandbox.path("old")).unwrap();
    sandbox.succeed(&["p", "-q"]);
    assert_same_tree(&sandbox.path("p/dest/dzi"), &sandbox.path("old/dzi"));
}

#[test]
fn latest_of_a_killed_build_never_dangles() {
    let sandbox = published();
    relink(&sandbox.path("p/dest/dzi/latest"), "v1");
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1", "--dry-run"]);
    assert_eq!(fs::read_link(sandbox.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v1"));
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1"]);
    assert_eq!(fs::read_link(sandbox.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v2"));
    like_new(&sandbox);
}

#[test]
fn files_of_killed_runs_are_removed_by_the_next_build() {
    let sandbox = published();
    for name in ["vacuum.new", "dropped.new"] {
        sandbox.write(&format!("p/dest/.fast_pyramid/{name}"), "half of");
    }
    sandbox.link("p/dest/.fast_pyramid/latest.new", "v1");
    sandbox.write("p/dest/.fast_pyramid/versions/v1.new/tiles", "half of");
    sandbox.succeed(&["p", "-q"]);
    let state = snapshot(&sandbox.path("p/dest/.fast_pyramid"));
    let left: Vec<_> = state.keys().filter(|path| path.extension().is_some_and(|end| end == "new")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn verify_checks_the_sources_of_versions_without_a_tree() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    sandbox.odd("422.jpg", "p/v1/1_0.jpg");
    let ended = sandbox.run(&["verify", "p"]);
    assert_eq!((ended.code, ended.out.lines().count()), (1, 1), "{}", ended.out);
    assert!(ended.out.starts_with("p: v1 v1/1_0.jpg: source_changed: "), "{}", ended.out);
    clear(&sandbox.path("p/v1/1_0.jpg"));
    let ended = sandbox.run(&["verify", "p"]);
    assert_eq!((ended.code, ended.out.lines().count()), (1, 1), "{}", ended.out);
    assert!(ended.out.starts_with("p: v1 v1/1_0.jpg: source_missing: "), "{}", ended.out);
}

#[test]
fn changed_sources_of_a_version_without_a_tree_are_not_used() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    let tile = fs::read(sandbox.path("p/v1/1_0.jpg")).unwrap();
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.odd("422.jpg", "p/v1/1_0.jpg");
    // Over the changed one, so that it cannot be made.
    clear(&sandbox.path("p/dest/dzi/v2/dzi_files/7/0_0.jpg"));
    let ended = sandbox.run(&["repair", "p"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("not repaired: v2 dzi_files/7/0_0.jpg: missing"), "{}", ended.out);
    assert!(ended.out.contains("not repaired: v1 v1/1_0.jpg: source_changed"), "{}", ended.out);
    sandbox.write("p/v1/1_0.jpg", tile);
    sandbox.succeed(&["repair", "p", "-q"]);
    test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
}

#[test]
fn repair_that_rebuilds_above_them_restores_dropped_trees() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    clear(&sandbox.path("p/dest/.fast_pyramid/versions/v2"));
    let ended = sandbox.succeed(&["repair", "p"]);
    assert_eq!(ended.out, "p: dest/dzi/v1: rebuilt\np: dest/dzi/v2: rebuilt\n");
    like_new(&sandbox);
}

#[test]
fn repair_reports_why_it_does_not_build_on_changed_sources() {
    let sandbox = published();
    sandbox.odd("422.jpg", "p/v0/3_0.jpg");
    clear(&sandbox.path("p/dest/.fast_pyramid/versions/v2"));
    let ended = sandbox.run(&["repair", "p"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("not repaired: v0 v0/3_0.jpg: source_changed"), "{}", ended.out);
    assert!(ended.err.contains("v2 needs rebuilding, but the sources of v0 have changed"), "{}", ended.err);
}

#[test]
fn build_of_the_newest_tree_restores_dropped_trees() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    clear(&sandbox.path("p/dest/dzi/v2"));
    sandbox.succeed(&["p", "-q"]);
    like_new(&sandbox);
}

/// Whatever is lost while a vacuum is unfinished, the next command finishes it, and repair makes the tile again.
#[test]
fn tile_lost_during_a_vacuum_is_made_again_by_repair() {
    let mut lost = 0;
    for stop in 1..20 {
        let sandbox = published();
        let folder = sandbox.path("p");
        let keep_last =
            VacuumOptions::new(Selection::KeepLast(NonZeroUsize::MIN)).keep_sources(true).locking(patient());
        let vacuum = |options| Pyramid::open(&folder).unwrap().vacuum(&options);
        if vacuum(vacuum_killed_after(keep_last.clone(), stop)).is_ok() {
            break;
        }
        let levels = folder.join("dest/dzi/v0/dzi_files");
        let generated = |level: fs::DirEntry| fs::read_dir(level.path()).unwrap().map(|tile| tile.unwrap().path());
        let mut tiles = fs::read_dir(levels).into_iter().flatten().flat_map(|level| generated(level.unwrap()));
        let Some(tile) = tiles.find(|tile| !tile.is_symlink()) else { continue };
        fs::remove_file(tile).unwrap();
        lost += 1;
        vacuum(keep_last).unwrap();
        sandbox.succeed(&["repair", "p", "-q"]);
        sandbox.succeed(&["verify", "p", "-q"]);
    }
    assert!(lost > 2, "tiles were lost in {lost} vacuums");
}
