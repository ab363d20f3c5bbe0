//! Vacuums of pyramids that are not quite in order, and what goes wrong later around versions that have sources and no
//! tree any more.

use std::fs;
use test_support::cli::Desk;
use test_support::damage::{clear, relink};
use test_support::tree::{assert_same_tree, assert_tree_rules, snapshot};

/// A published pyramid `p` of four tiles in v0, of which v1 and v2 change one each.
fn published() -> Desk {
    let desk = Desk::with_row(4);
    desk.odd("grey.jpg", "p/v1/1_0.jpg");
    desk.odd("progressive.jpg", "p/v2/2_0.jpg");
    desk.succeed(&["p", "-q"]);
    desk
}

/// Fails unless all is served that a build from nothing makes.
#[track_caller]
fn like_new(desk: &Desk) {
    assert_tree_rules(&desk.path("p"));
    desk.succeed(&["verify", "p"]);
    fs::rename(desk.path("p/dest"), desk.path("old")).unwrap();
    desk.succeed(&["p", "-q"]);
    assert_same_tree(&desk.path("p/dest/dzi"), &desk.path("old/dzi"));
}

#[test]
fn latest_that_a_killed_build_left_behind_never_dangles() {
    let desk = published();
    relink(&desk.path("p/dest/dzi/latest"), "v1");
    desk.succeed(&["vacuum", "p", "-q", "--keep-last", "1", "--dry-run"]);
    assert_eq!(fs::read_link(desk.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v1"));
    desk.succeed(&["vacuum", "p", "-q", "--keep-last", "1"]);
    assert_eq!(fs::read_link(desk.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v2"));
    like_new(&desk);
}

#[test]
fn what_killed_runs_were_writing_goes_with_the_next_build() {
    let desk = published();
    for name in ["vacuum.new", "dropped.new"] {
        desk.write(&format!("p/dest/.fast_pyramid/{name}"), "half of");
    }
    desk.link("p/dest/.fast_pyramid/latest.new", "v1");
    desk.write("p/dest/.fast_pyramid/versions/v1.new/tiles", "half of");
    desk.succeed(&["p", "-q"]);
    let state = snapshot(&desk.path("p/dest/.fast_pyramid"));
    let left: Vec<_> = state.keys().filter(|path| path.extension().is_some_and(|end| end == "new")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn verify_looks_at_the_sources_of_versions_without_a_tree() {
    let desk = published();
    desk.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    desk.odd("422.jpg", "p/v1/1_0.jpg");
    let ended = desk.run(&["verify", "p"]);
    assert_eq!((ended.code, ended.out.lines().count()), (1, 1), "{}", ended.out);
    assert!(ended.out.starts_with("v1 v1/1_0.jpg: source_changed: "), "{}", ended.out);
    clear(&desk.path("p/v1/1_0.jpg"));
    let ended = desk.run(&["verify", "p"]);
    assert_eq!((ended.code, ended.out.lines().count()), (1, 1), "{}", ended.out);
    assert!(ended.out.starts_with("v1 v1/1_0.jpg: source_missing: "), "{}", ended.out);
}

#[test]
fn nothing_is_made_again_from_changed_sources_of_a_version_without_a_tree() {
    let desk = published();
    desk.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    let tile = fs::read(desk.path("p/v1/1_0.jpg")).unwrap();
    let before = snapshot(&desk.path("p/dest/dzi"));
    desk.odd("422.jpg", "p/v1/1_0.jpg");
    // Over the changed one, so that it cannot be made.
    clear(&desk.path("p/dest/dzi/v2/dzi_files/7/0_0.jpg"));
    let ended = desk.run(&["repair", "p"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("not mended: v2 dzi_files/7/0_0.jpg: missing"), "{}", ended.out);
    assert!(ended.out.contains("not mended: v1 v1/1_0.jpg: source_changed"), "{}", ended.out);
    desk.write("p/v1/1_0.jpg", tile);
    desk.succeed(&["repair", "p", "-q"]);
    test_support::tree::assert_same_snapshot(&before, &snapshot(&desk.path("p/dest/dzi")));
}

#[test]
fn a_repair_that_builds_on_top_of_them_brings_them_back() {
    let desk = published();
    desk.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    clear(&desk.path("p/dest/.fast_pyramid/versions/v2"));
    let ended = desk.succeed(&["repair", "p"]);
    assert_eq!(ended.out, "dest/dzi/v1: built again\ndest/dzi/v2: built again\n");
    like_new(&desk);
}

#[test]
fn a_repair_tells_why_nothing_is_built_on_top_of_changed_sources() {
    let desk = published();
    desk.odd("422.jpg", "p/v0/3_0.jpg");
    clear(&desk.path("p/dest/.fast_pyramid/versions/v2"));
    let ended = desk.run(&["repair", "p"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("not mended: v0 v0/3_0.jpg: source_changed"), "{}", ended.out);
    assert!(ended.err.contains("v2 has to be built again, but the sources of v0 have changed"), "{}", ended.err);
}

#[test]
fn the_newest_tree_is_never_built_without_them() {
    let desk = published();
    desk.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    clear(&desk.path("p/dest/dzi/v2"));
    desk.succeed(&["p", "-q"]);
    like_new(&desk);
}
