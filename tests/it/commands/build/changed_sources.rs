//! Sources changed after their version was published, and `--rebuild-from` (docs/versions.md).

use snapbox::str;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};
use test_support::cli::{Sandbox, same};
use test_support::copy_folder;
use test_support::tree::{assert_same_tree, assert_sources_unchanged, assert_tree_rules, snapshot, source_fingerprint};

/// A published pyramid `p`: four tiles in v0; v1 and v2 change one each.
pub(super) fn published() -> Sandbox {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.odd("progressive.jpg", "p/v2/2_0.jpg");
    sandbox.odd("restart.jpg", "p/v2/3_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

/// Builds again from a version on, and compares with a pyramid that is built from nothing.
#[track_caller]
pub(super) fn rebuild(sandbox: &Sandbox, from: &str) {
    let sources = source_fingerprint(&sandbox.path("p"));
    sandbox.succeed(&["p", "-q", "--rebuild-from", from]);
    assert_sources_unchanged(&sandbox.path("p"), &sources);
    assert_tree_rules(&sandbox.path("p"));

    let fresh = Sandbox::new();
    for version in (0..5).map(|number| format!("p/v{number}")).filter(|version| sandbox.path(version).is_dir()) {
        copy_folder(&sandbox.path(&version), &fresh.path(&version));
    }
    fresh.spec("p", fs::read(sandbox.path("p/pyramid.json")).unwrap());
    fresh.succeed(&["p", "-q"]);
    assert_same_tree(&sandbox.path("p/dest/dzi"), &fresh.path("p/dest/dzi"));

    // And what was published stays.
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.succeed(&["p", "-q"]);
    test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
}

/// Gives a file another time of modification.
fn touch(sandbox: &Sandbox, name: &str) {
    let file = File::options().write(true).open(sandbox.path(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(86_400)).unwrap();
}

#[test]
fn changed_tile_is_refused() {
    let sandbox = published();
    sandbox.odd("422.jpg", "p/v1/1_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 1 changed tile since v1 was published: 1_0.jpg
  put changed tiles into v3 and restore v1, or rebuild v1 with fast_pyramid build p --rebuild-from 1

"#]],
    );
    sandbox.refuse(
        "p",
        &["p", "--dry-run"],
        3,
        str![[r#"
error: p/v1: 1 changed tile since v1 was published: 1_0.jpg
  put changed tiles into v3 and restore v1, or rebuild v1 with fast_pyramid build p --rebuild-from 1

"#]],
    );
    // Rebuilding later versions only does not help.
    sandbox.refuse(
        "p",
        &["p", "--rebuild-from", "2"],
        3,
        str![[r#"
error: p/v1: 1 changed tile since v1 was published: 1_0.jpg
  put changed tiles into v3 and restore v1, or rebuild v1 with fast_pyramid build p --rebuild-from 1

"#]],
    );
    rebuild(&sandbox, "1");
}

#[test]
fn changed_tile_of_the_same_length_is_refused() {
    let sandbox = published();
    let mut bytes = fs::read(sandbox.path("p/v2/2_0.jpg")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    sandbox.write("p/v2/2_0.jpg", bytes);
    touch(&sandbox, "p/v2/2_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v2: 1 changed tile since v2 was published: 2_0.jpg
  put changed tiles into v3 and restore v2, or rebuild v2 with fast_pyramid build p --rebuild-from 2

"#]],
    );
}

#[test]
fn changed_tiles_are_counted() {
    let sandbox = published();
    for column in 0..4 {
        sandbox.odd("444.jpg", &format!("p/v0/{column}_0.jpg"));
    }
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 3);
    assert!(
        ended.err.starts_with("error: p/v0: 4 changed tiles since v0 was published: 0_0.jpg, 1_0.jpg, 2_0.jpg, ...\n"),
        "{}",
        ended.err
    );
    rebuild(&sandbox, "0");
}

#[test]
fn changed_mtimes_alone_are_ignored() {
    let sandbox = published();
    for tile in ["p/v0/0_0.jpg", "p/v1/1_0.jpg", "p/v2/3_0.jpg"] {
        touch(&sandbox, tile);
    }
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v2 is published, nothing to do

"#]],
    );
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v2 is published, nothing to do

"#]],
    );
    test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
}

#[test]
fn fresh_copy_with_other_mtimes_is_up_to_date() {
    let sandbox = published();
    let copy = Sandbox::new();
    // Files get new times, links stay links.
    let status = std::process::Command::new("cp").arg("-RP").arg(sandbox.path("p")).arg(copy.path("p")).status();
    assert!(status.unwrap().success());
    copy.run(&["p"]).expect(
        0,
        str![[r#"
p: v2 is published, nothing to do

"#]],
    );
    assert_same_tree(&sandbox.path("p/dest/dzi"), &copy.path("p/dest/dzi"));
}

#[test]
fn added_tile_is_refused() {
    let sandbox = published();
    sandbox.odd("plain.jpg", "p/v1/0_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 1 added tile since v1 was published: 0_0.jpg
  put changed tiles into v3 and restore v1, or rebuild v1 with fast_pyramid build p --rebuild-from 1

"#]],
    );
    rebuild(&sandbox, "v1");
}

#[test]
fn removed_tile_of_a_patch_is_refused() {
    let sandbox = published();
    sandbox.delete("p/v2/3_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v2: 1 removed tile since v2 was published: 3_0.jpg
  put changed tiles into v3 and restore v2, or rebuild v2 with fast_pyramid build p --rebuild-from 2

"#]],
    );
    rebuild(&sandbox, "2");
}

#[test]
fn removed_tile_of_the_lowest_version_is_refused() {
    let sandbox = published();
    sandbox.delete("p/v0/3_0.jpg");
    let removed = "error: p/v0: 1 removed tile since v0 was published: 3_0.jpg\n";
    let missing = "error: p/v0: 1 tile is wrong\n  1 missing: 3_0.jpg\n";
    for (arguments, beginning) in [(&["p"] as &[&str], removed), (&["p", "--rebuild-from", "0"], missing)] {
        let before = snapshot(&sandbox.path("p/dest/dzi"));
        let ended = sandbox.run(arguments);
        assert_eq!(ended.code, 3);
        assert!(ended.err.starts_with(beginning), "{}", ended.err);
        test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
    }
}

#[test]
fn several_changes_are_reported_at_once() {
    let sandbox = published();
    sandbox.delete("p/v2/3_0.jpg");
    sandbox.odd("444.jpg", "p/v2/2_0.jpg");
    sandbox.odd("plain.jpg", "p/v2/0_0.jpg");
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 3);
    for words in [
        "p/v2: 1 changed, 1 added, 1 removed tiles since v2 was published: 0_0.jpg, 2_0.jpg, 3_0.jpg",
        "2_0.jpg",
        "3_0.jpg",
        "0_0.jpg",
    ] {
        assert!(ended.err.contains(words), "{}", ended.err);
    }
    rebuild(&sandbox, "2");
}

#[test]
fn removed_version_is_refused() {
    let sandbox = published();
    fs::remove_dir_all(sandbox.path("p/v1")).unwrap();
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1 does not exist, but v1 was published from it
  restore it, or drop the version with fast_pyramid build p --rebuild-from 1

"#]],
    );
    sandbox.refuse(
        "p",
        &["p", "--dry-run"],
        3,
        str![[r#"
error: p/v1 does not exist, but v1 was published from it
  restore it, or drop the version with fast_pyramid build p --rebuild-from 1

"#]],
    );
}

#[test]
fn removed_newest_version_is_refused() {
    let sandbox = published();
    fs::remove_dir_all(sandbox.path("p/v2")).unwrap();
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v2 does not exist, but v2 was published from it
  restore it, or drop the version with fast_pyramid build p --rebuild-from 2

"#]],
    );
    rebuild(&sandbox, "2");
    assert!(!sandbox.path("p/dest/dzi/v2").exists());
    assert_eq!(fs::read_link(sandbox.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v1"));
}

#[test]
fn dropped_version_is_reported() {
    let sandbox = published();
    fs::remove_dir_all(sandbox.path("p/v2")).unwrap();
    sandbox.run(&["p", "--rebuild-from", "2", "--dry-run"]).expect(
        0,
        str![[r#"
p: v2 would be dropped; the latest version is v1

"#]],
    );
    let ended = sandbox.run(&["p", "--rebuild-from", "2", "--json"]);
    assert_eq!(ended.json()[0]["dropped"], serde_json::json!([2]));
    same(
        &ended.err,
        str![[r#"
p: v2 dropped; the latest version is v1

"#]],
    );
    fs::remove_dir_all(sandbox.path("p/v1")).unwrap();
    sandbox.run(&["p", "--rebuild-from", "0"]).expect(
        0,
        str![[r#"
p: v0 built: 13 tiles (9 generated, 4 patched, 0 linked)
p: v1 dropped; the latest version is v0
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert!(sandbox.succeed(&["p", "--json"]).json()[0].get("dropped").is_none());
}

#[test]
fn rebuild_from_a_missing_version_is_refused() {
    let sandbox = published();
    sandbox.refuse(
        "p",
        &["p", "--rebuild-from", "3"],
        2,
        str![[r#"
error: p: no version v3 or above to rebuild; the latest is v2
  give a version from 0 to 2

"#]],
    );
    sandbox.refuse(
        "p",
        &["p", "--rebuild-from", "v4294967295"],
        2,
        str![[r#"
error: p: no version v4294967295 or above to rebuild; the latest is v2
  give a version from 0 to 2

"#]],
    );
    sandbox.refuse(
        "p",
        &["p", "--rebuild-from", "3", "--dry-run"],
        2,
        str![[r#"
error: p: no version v3 or above to rebuild; the latest is v2
  give a version from 0 to 2

"#]],
    );
}

#[test]
fn rebuild_of_unchanged_sources_gives_the_same_trees() {
    let sandbox = published();
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    for from in ["0", "1", "2"] {
        rebuild(&sandbox, from);
        test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
    }
    sandbox.run(&["p", "--rebuild-from", "1"]).expect(
        0,
        str![[r#"
p: v1 built: 13 tiles (8 generated, 1 patched, 4 linked)
p: v2 built: 13 tiles (0 generated, 2 patched, 11 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
}

#[test]
fn failed_rebuild_changes_nothing() {
    let sandbox = published();
    sandbox.odd("truncated.jpg", "p/v1/1_0.jpg");
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    let ended = sandbox.run(&["p", "--rebuild-from", "0"]);
    assert_eq!(ended.code, 3, "{}", ended.err);
    test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
}

#[test]
fn version_between_published_ones_is_built() {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("progressive.jpg", "p/v2/2_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    assert_tree_rules(&sandbox.path("p"));
    rebuild(&sandbox, "0");
}
