//! `vacuum --keep-sources`: the trees go, and a rebuild restores them from their sources.

use super::vacuum::{published, versions};
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::tree::{
    assert_same_snapshot, assert_sources_unchanged, assert_tree_rules, snapshot, source_fingerprint,
};

#[test]
fn keep_sources_drops_trees_alone() {
    let sandbox = published();
    let sources = source_fingerprint(&sandbox.path("p"));
    sandbox.run(&["vacuum", "p", "--keep-sources", "--drop", "0..3"]).expect(
        0,
        str![[r#"
p: dropped v0, v1, v3; kept v4, v6: 1 tile moved, 24 deleted, 19,073 bytes and 66 inodes freed
p: no source tile is deleted; the 24 generated tiles can be built again

"#]],
    );
    assert_sources_unchanged(&sandbox.path("p"), &sources);
    assert_eq!(versions(&sandbox, "p/dest/dzi"), ["v4", "v6"]);
    assert_tree_rules(&sandbox.path("p"));
    let info = sandbox.succeed(&["info", "p"]).out;
    assert_eq!(info.lines().filter(|line| line.contains("  dropped")).count(), 3, "{info}");
}

/// A published pyramid without the trees v0, v1 and v3, whose sources stay.
fn with_dropped_trees() -> Sandbox {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-sources", "--drop", "0..3"]);
    sandbox
}

#[test]
fn build_does_not_restore_dropped_trees() {
    let sandbox = with_dropped_trees();
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v6 is published, nothing to do

"#]],
    );
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
    sandbox.odd("422.jpg", "p/v8/2_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    assert_eq!(versions(&sandbox, "p/dest/dzi"), ["v4", "v6", "v8"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn build_detects_changed_sources_of_dropped_trees() {
    let sandbox = with_dropped_trees();
    sandbox.odd("422.jpg", "p/v3/2_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v3: 1 changed tile since v3 was published: 2_0.jpg
  put changed tiles into v7 and restore v3, or rebuild v3 with fast_pyramid build p --rebuild-from 3

"#]],
    );
}

#[test]
fn rebuild_restores_dropped_trees() {
    let sandbox = published();
    let whole = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-sources", "--drop", "0..3"]);
    sandbox.odd("422.jpg", "p/v8/2_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    fs::remove_dir_all(sandbox.path("p/v8")).unwrap();
    sandbox.succeed(&["p", "-q", "--rebuild-from", "0"]);
    assert_same_snapshot(&whole, &snapshot(&sandbox.path("p/dest/dzi")));
}

#[test]
fn build_restores_dropped_trees_once_dest_is_deleted() {
    let sandbox = published();
    let whole = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-sources", "--keep-last", "1"]);
    fs::remove_dir_all(sandbox.path("p/dest")).unwrap();
    sandbox.succeed(&["p", "-q"]);
    assert_same_snapshot(&whole, &snapshot(&sandbox.path("p/dest/dzi")));
}
