//! Vacuums of pyramids that are not quite in order, and what goes wrong later around versions that have sources and no
//! tree any more.

// These are tests, although not within functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::cli::Desk;
use common::damage::{clear, relink};
use common::tree::{assert_same_tree, assert_tree_rules};
use std::fs;

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
fn the_newest_tree_is_never_built_without_them() {
    let desk = published();
    desk.succeed(&["vacuum", "p", "-q", "--drop", "1", "--keep-sources"]);
    clear(&desk.path("p/dest/dzi/v2"));
    desk.succeed(&["p", "-q"]);
    like_new(&desk);
}
