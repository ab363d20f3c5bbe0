//! `revert`: a next version that shows what an earlier one shows.

use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::damage::built;
use test_support::served;
use test_support::tree::{
    assert_same_snapshot, assert_sources_unchanged, assert_tree_rules, snapshot, source_fingerprint,
};

/// The tiles that a version shows, by their paths under its tree.
fn shown(sandbox: &Sandbox, version: u32) -> Vec<(String, Vec<u8>)> {
    let prefix = format!("dest/dzi/v{version}/");
    let tiles = served(&sandbox.path("relief"), &[version]).into_iter();
    tiles.map(|(path, bytes)| (path.to_str().unwrap().replace(&prefix, ""), bytes)).collect()
}

#[test]
fn next_version_shows_the_one_below_the_latest() {
    let sandbox = built("relief");
    let folders = ["v0", "v1", "v2"].map(|version| sandbox.path("relief").join(version));
    let before = folders.each_ref().map(|folder| source_fingerprint(folder));
    sandbox.run(&["revert", "relief"]).expect(
        0,
        str![[r#"
relief: v3 built: 73 tiles (13 generated, 3 patched, 57 linked)
relief: v3 shows v1 again, 3 tiles differ: published relief/dest/dzi/latest in N s

"#]],
    );
    folders.iter().zip(&before).for_each(|(folder, before)| assert_sources_unchanged(folder, before));
    assert_eq!(shown(&sandbox, 3), shown(&sandbox, 1));
    assert_tree_rules(&sandbox.path("relief"));
    sandbox.succeed(&["verify", "relief", "-q"]);
    let mut tiles: Vec<_> =
        fs::read_dir(sandbox.path("relief/v3")).unwrap().map(|one| one.unwrap().file_name()).collect();
    tiles.sort();
    assert_eq!(tiles, ["2_1.jpg", "7_4.jpg", "7_5.jpg"]);

    // And again: that takes the first one back.
    sandbox.succeed(&["revert", "relief", "-q"]);
    assert_eq!(shown(&sandbox, 4), shown(&sandbox, 2));
}

#[test]
fn any_version_can_be_shown_again() {
    let sandbox = built("relief");
    let object = sandbox.succeed(&["revert", "relief", "--to", "v0", "--json", "-q"]).json().remove(0);
    let keys = ["pyramid", "status", "to", "version", "written"].map(|key| object[key].clone());
    assert_eq!(keys, [json!("relief"), json!("reverted"), json!(0), json!(3), json!(5)]);
    assert_eq!(object["versions"][3]["status"], "built");
    assert_eq!(shown(&sandbox, 3), shown(&sandbox, 0));
    sandbox.run(&["revert", "relief", "--to", "0"]).expect(
        0,
        str![[r#"
relief: the latest version shows the same as v0; no new version

"#]],
    );
    let object = sandbox.succeed(&["revert", "relief", "--to", "0", "--json", "-q"]).json().remove(0);
    assert_eq!((&object["status"], &object["version"]), (&json!("unchanged"), &json!(null)));
}

#[test]
fn dry_run_counts_and_changes_nothing() {
    let sandbox = built("relief");
    let before = snapshot(&sandbox.path("relief"));
    sandbox.run(&["revert", "relief", "--dry-run"]).expect(
        0,
        str![[r#"
relief: v3 would show v1 again: 3 tiles differ

"#]],
    );
    assert_same_snapshot(&before, &snapshot(&sandbox.path("relief")));
}

#[test]
fn source_tiles_are_copies() {
    use std::os::unix::fs::MetadataExt;
    let sandbox = built("relief");
    sandbox.succeed(&["revert", "relief", "-q"]);
    assert_eq!(sandbox.path("relief/v3/2_1.jpg").metadata().unwrap().nlink(), 1);
}

#[test]
fn version_without_a_tree_can_be_shown_again() {
    let sandbox = built("relief");
    let old = shown(&sandbox, 1);
    sandbox.succeed(&["vacuum", "relief", "--keep-sources", "--drop", "1", "-q"]);
    sandbox.succeed(&["revert", "relief", "--to", "1", "-q"]);
    assert_eq!(shown(&sandbox, 3), old);
}

#[test]
fn what_cannot_be_reverted_is_refused() {
    let sandbox = Sandbox::with_fixture("relief");
    assert_eq!(sandbox.run(&["revert", "relief"]).code, 1);
    assert!(!sandbox.path("relief/dest").exists());
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p", "-q"]);
    sandbox.refuse(
        "p",
        &["revert", "p"],
        2,
        str![[r#"
error: p: v0 is the only published version
  publish a newer version first; there is nothing to undo yet

"#]],
    );
    sandbox.refuse(
        "p",
        &["revert", "p", "--to", "7"],
        2,
        str![[r#"
error: p: v7 is not published
  published versions: v0

"#]],
    );
    sandbox.odd("grey.jpg", "p/v1/0_0.jpg");
    sandbox.refuse(
        "p",
        &["revert", "p"],
        2,
        str![[r#"
error: p: v1 is not published
  build first, then run the same command again

"#]],
    );
}
