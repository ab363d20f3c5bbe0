//! `revert`: a next version that shows what an earlier one shows.

use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::damage::built;
use test_support::strace::copy_with_links;
use test_support::tree::{
    assert_same_snapshot, assert_sources_unchanged, assert_tree_rules, snapshot, source_fingerprint,
};
use test_support::{copy_folder, served};

/// What an unfinished revert has recorded.
const RECORD: &str = "relief/dest/.fast_pyramid/revert.json";

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

/// `relief` after a revert to `to` was killed: its sources are in place, its tree is not.
fn half_reverted(to: u32) -> Sandbox {
    let sandbox = built("relief");
    copy_with_links(&sandbox.path("relief"), &sandbox.path("other"));
    sandbox.succeed(&["revert", "other", "--to", &to.to_string(), "-q"]);
    copy_folder(&sandbox.path("other/v3"), &sandbox.path("relief/v3"));
    let record = json!({ "schema": 1, "to": to, "version": 3 });
    fs::write(sandbox.path(RECORD), record.to_string()).unwrap();
    sandbox
}

#[test]
fn killed_revert_is_finished_by_the_same_command() {
    for to in [0, 1] {
        let sandbox = half_reverted(to);
        let written = fs::read_dir(sandbox.path("relief/v3")).unwrap().count();
        let before = snapshot(&sandbox.path("relief"));
        let object = sandbox.succeed(&["revert", "relief", "--json", "-q", "--dry-run"]).json().remove(0);
        assert_eq!((&object["status"], &object["version"]), (&json!("would_revert"), &json!(3)));
        assert_same_snapshot(&before, &snapshot(&sandbox.path("relief")));
        let object = sandbox.succeed(&["revert", "relief", "--json", "-q"]).json().remove(0);
        let keys = ["status", "to", "version", "written"].map(|key| object[key].clone());
        assert_eq!(keys, [json!("reverted"), json!(to), json!(3), json!(written)]);
        assert_eq!(shown(&sandbox, 3), shown(&sandbox, to));
        assert!(!sandbox.path(RECORD).exists());
        // It is over, so the next one takes it back.
        sandbox.succeed(&["revert", "relief", "-q"]);
        assert_eq!(shown(&sandbox, 4), shown(&sandbox, 2));
    }
}

#[test]
fn revert_killed_after_publishing_is_not_taken_back_by_the_same_command() {
    let sandbox = built("relief");
    sandbox.succeed(&["revert", "relief", "-q"]);
    fs::write(sandbox.path(RECORD), r#"{"schema":1,"to":1,"version":3}"#).unwrap();
    let object = sandbox.succeed(&["revert", "relief", "--json", "-q"]).json().remove(0);
    let keys = ["status", "to", "version", "written"].map(|key| object[key].clone());
    assert_eq!(keys, [json!("reverted"), json!(1), json!(3), json!(3)]);
    assert!(!sandbox.path(RECORD).exists() && !sandbox.path("relief/v4").exists());
}

#[test]
fn killed_revert_refuses_another_version() {
    let sandbox = half_reverted(1);
    sandbox.refuse(
        "relief",
        &["revert", "relief", "--to", "0"],
        2,
        str![[r#"
error: relief: v3 is to show v1 again, but is not published yet
  run fast_pyramid revert relief to finish that first

"#]],
    );
    sandbox.succeed(&["revert", "relief", "--to", "1", "-q"]);
    assert_eq!(shown(&sandbox, 3), shown(&sandbox, 1));
}

#[test]
fn killed_revert_is_finished_by_a_build_or_forgotten_by_it() {
    let sandbox = half_reverted(1);
    sandbox.succeed(&["relief", "-q"]);
    assert_eq!(shown(&sandbox, 3), shown(&sandbox, 1));
    assert!(!sandbox.path(RECORD).exists());

    // Killed before its sources were there.
    let sandbox = half_reverted(1);
    fs::remove_dir_all(sandbox.path("relief/v3")).unwrap();
    sandbox.succeed(&["relief", "-q"]);
    assert!(!sandbox.path(RECORD).exists());
}

#[test]
fn sources_that_no_revert_wrote_are_not_taken_for_those_of_a_killed_one() {
    let sandbox = half_reverted(1);
    fs::copy(sandbox.path("relief/v2/7_4.jpg"), sandbox.path("relief/v3/7_4.jpg")).unwrap();
    sandbox.refuse(
        "relief",
        &["revert", "relief"],
        2,
        str![[r#"
error: relief: v3 is not published
  build first, then run the same command again

"#]],
    );
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
