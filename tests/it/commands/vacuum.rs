//! `vacuum`: the versions it drops, its messages, and the selections and pyramids it refuses.

use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::{Sandbox, same};
use test_support::tree::{assert_same_snapshot, assert_same_tree, assert_tree_rules, snapshot};

/// A published pyramid `p` of four tiles in v0, with later versions v1, v3, v4 and v6 that change one or two each.
pub(super) fn published() -> Sandbox {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.odd("progressive.jpg", "p/v3/2_0.jpg");
    sandbox.odd("restart.jpg", "p/v3/1_0.jpg");
    sandbox.odd("grey.jpg", "p/v4/3_0.jpg");
    sandbox.odd("422.jpg", "p/v6/0_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

pub(super) fn versions(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with('v'));
    names.sort();
    names
}

/// Fails unless these versions are there, and a new build from their sources gives the same trees.
#[track_caller]
fn left(sandbox: &Sandbox, wanted: &[&str]) {
    assert_eq!(versions(sandbox, "p"), wanted);
    assert_eq!(versions(sandbox, "p/dest/dzi"), wanted);
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
    let before = snapshot(&sandbox.path("p/dest/dzi"));
    sandbox.succeed(&["p", "-q"]);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
    fs::rename(sandbox.path("p/dest"), sandbox.path("old")).unwrap();
    sandbox.succeed(&["p", "-q"]);
    assert_same_tree(&sandbox.path("old/dzi"), &sandbox.path("p/dest/dzi"));
    fs::remove_dir_all(sandbox.path("old")).unwrap();
}

#[test]
fn drop_accepts_a_range() {
    let sandbox = published();
    sandbox.run(&["vacuum", "p", "--drop", "1..4"]).expect(
        0,
        str![[r#"
p: dropped v1, v3, v4; kept v0, v6: 4 tiles moved, 24 deleted, 18,952 bytes and 76 inodes freed
p: gone for good: 1 source tile of v1 (1,240 bytes); also deleted: 23 generated tiles

"#]],
    );
    left(&sandbox, &["v0", "v6"]);
    assert_eq!(fs::read_dir(sandbox.path("p/v6")).unwrap().count(), 4);
}

#[test]
fn drop_accepts_single_versions() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "v0,3..4"]);
    left(&sandbox, &["v1", "v6"]);
}

#[test]
fn keep_last_keeps_the_newest_versions() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "2"]);
    left(&sandbox, &["v4", "v6"]);
    sandbox.run(&["vacuum", "p", "--keep-last", "2"]).expect(
        0,
        str![[r#"
p: nothing to drop, kept v4, v6

"#]],
    );
    sandbox.run(&["vacuum", "p", "--keep-last", "200"]).expect(
        0,
        str![[r#"
p: nothing to drop, kept v4, v6

"#]],
    );
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1"]);
    left(&sandbox, &["v6"]);
}

#[test]
fn older_than_drops_old_versions() {
    let sandbox = published();
    sandbox.run(&["vacuum", "p", "--older-than", "30d"]).expect(
        0,
        str![[r#"
p: nothing to drop, kept v0, v1, v3, v4, v6

"#]],
    );
    for version in ["v0", "v3", "v6"] {
        let path = sandbox.path(&format!("p/dest/.fast_pyramid/versions/{version}/manifest.json"));
        let text = fs::read_to_string(&path).unwrap();
        let built = text.split("\"built\": ").nth(1).unwrap().split(',').next().unwrap().to_owned();
        let older = built.parse::<u64>().unwrap() - 31 * 86_400;
        fs::write(&path, text.replace(&built, &older.to_string())).unwrap();
    }
    sandbox.succeed(&["vacuum", "p", "-q", "--older-than", "30days"]);
    // The latest stays, however old.
    left(&sandbox, &["v1", "v4", "v6"]);
}

#[test]
fn dry_run_prints_the_same_and_changes_nothing() {
    let sandbox = published();
    let before = snapshot(&sandbox.path("p"));
    sandbox.run(&["vacuum", "p", "--dry-run", "--drop", "0..3"]).expect(
        0,
        str![[r#"
p: would drop v0, v1, v3; keep v4, v6: 4 tiles moved, 28 deleted, 25,161 bytes and 82 inodes freed
p: gone for good: 4 source tiles of v0, v1 (6,088 bytes); also deleted: 24 generated tiles

"#]],
    );
    let planned = sandbox.succeed(&["vacuum", "p", "--dry-run", "--drop", "0..3", "--json", "-q"]).json();
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p")));
    let mut done = sandbox.succeed(&["vacuum", "p", "--drop", "0..3", "--json", "-q"]).json();
    assert_eq!(done[0]["dry_run"], json!(false));
    done[0]["dry_run"] = json!(true);
    assert_eq!(planned, done);
    left(&sandbox, &["v4", "v6"]);
}

#[test]
fn vacuum_prints_json() {
    let sandbox = published();
    let bytes: u64 = ["p/v1/1_0.jpg"].iter().map(|path| fs::metadata(sandbox.path(path)).unwrap().len()).sum();
    let objects = sandbox.succeed(&["vacuum", "p", "--drop", "1", "--json", "-q"]).json();
    assert_eq!(objects.len(), 1);
    let object = &objects[0];
    assert_eq!(
        (&object["pyramid"], &object["dropped"], &object["kept"], &object["dry_run"]),
        (&json!("p"), &json!([1]), &json!([0, 3, 4, 6]), &json!(false))
    );
    // v3 replaces the only tile of v1, so no later version shows v1.
    assert_eq!(object["moved"], json!(0));
    assert!(object["bytes"].as_u64().unwrap() > bytes && object["inodes"].as_u64().unwrap() > 10, "{object}");

    let objects = sandbox.run(&["vacuum", "p", "--drop", "6", "--json"]).json();
    assert_eq!((&objects[0]["pyramid"], &objects[0]["code"]), (&json!("p"), &json!(2)));
}

#[test]
fn selections_that_make_no_sense_are_refused() {
    let sandbox = published();
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "3..6"],
        2,
        str![[r#"
error: p: v6 is the latest version, which is never dropped
  leave it out, or publish a newer version first

"#]],
    );
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "7..9"],
        2,
        str![[r#"
error: p: no version from v7 to v9
  versions: v0, v1, v3, v4, v6

"#]],
    );
}

#[test]
fn pyramid_without_published_versions_is_refused() {
    let sandbox = Sandbox::with_row(4);
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "0"],
        1,
        str![[r#"
error: p: nothing is published
  build the pyramid first

"#]],
    );
    assert!(!sandbox.path("p/dest").exists());
}

#[test]
fn unpublished_version_is_refused() {
    let sandbox = published();
    sandbox.odd("grey.jpg", "p/v7/0_0.jpg");
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "0"],
        2,
        str![[r#"
error: p: v7 is not published
  build first, then run the same command again

"#]],
    );
}

#[test]
fn changed_source_tile_is_refused() {
    let sandbox = published();
    sandbox.odd("422.jpg", "p/v3/2_0.jpg");
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "0"],
        3,
        str![[r#"
error: p/v3: 1 changed tile since v3 was published: 2_0.jpg
  put changed tiles into v7 and restore v3, or rebuild v3 with fast_pyramid build p --rebuild-from 3

"#]],
    );
}

#[test]
fn unknown_unfinished_operation_is_refused() {
    let sandbox = published();
    sandbox.write("p/dest/.fast_pyramid/other.json", "{}");
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "0"],
        1,
        str![[r#"
error: p/dest/.fast_pyramid/other.json: unknown journal of an unfinished operation
  run build; if that does not help, use a newer release

"#]],
    );
}

#[test]
fn damaged_records_are_refused() {
    let sandbox = published();
    let tiles = sandbox.path("p/dest/.fast_pyramid/versions/v1/tiles");
    let mut bytes = fs::read(&tiles).unwrap();
    bytes[40] ^= 1;
    fs::write(&tiles, bytes).unwrap();
    sandbox.refuse(
        "p",
        &["vacuum", "p", "--drop", "0"],
        1,
        str![[r#"
error: p: v1 dest/.fast_pyramid/versions/v1: damaged_manifest: expected the manifest of its tree, found records with hash [..], not [..]
  run fast_pyramid repair p; copy pyramids with rsync -a, which keeps links

"#]],
    );
}

#[test]
fn locked_pyramid_is_not_changed() {
    use rustix::fs::{FlockOperation, flock};
    let sandbox = published();
    let lock = fs::File::open(sandbox.path("p/dest/.fast_pyramid/lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    sandbox.succeed(&["vacuum", "p", "-q", "--dry-run", "--drop", "1"]);
    let before = snapshot(&sandbox.path("p"));
    let ended = sandbox.run(&["vacuum", "p", "--drop", "1"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p")));
}

/// Killed for good, again and again, until one run gets to its end.
#[test]
fn vacuum_killed_at_any_time_is_finished_by_the_next() {
    let sandbox = published();
    let expected = published();
    expected.succeed(&["vacuum", "p", "-q", "--drop", "0..3"]);
    for patience in 0..200 {
        let mut child = std::process::Command::new(test_support::program())
            .args(["vacuum", "p", "-q", "--keep-last", "2"])
            .current_dir(sandbox.path("."))
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(500 * patience));
        let _ = child.kill();
        let done = child.wait().unwrap().success();
        for version in ["v4", "v6"] {
            for entry in walkdir::WalkDir::new(sandbox.path(&format!("p/dest/dzi/{version}"))) {
                let entry = entry.unwrap();
                assert!(entry.path().exists(), "{} leads nowhere", entry.path().display());
            }
        }
        if done {
            break;
        }
    }
    assert_same_tree(&expected.path("p/dest/dzi"), &sandbox.path("p/dest/dzi"));
    left(&sandbox, &["v4", "v6"]);
}

/// A source folder that cannot be changed is detected before anything is changed.
#[test]
fn source_folder_of_another_user_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = published();
    let folder = sandbox.path("p/v1");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let ended = sandbox.run(&["vacuum", "p", "--drop", "0"]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    // The administrator may write everywhere.
    if ended.code != 0 {
        assert_eq!(ended.code, 1, "{}", ended.err);
        assert!(ended.err.contains("cannot change p/v1"), "{}", ended.err);
        assert!(!sandbox.path("p/dest/.fast_pyramid/vacuum.json").exists());
    }
}

#[test]
fn killed_vacuum_is_reported_by_info_and_finished_by_build() {
    let sandbox = published();
    let journal = json!({
        "schema": 1, "stage": "moving", "dropped": [1], "keep_sources": false,
        "totals": { "moved": 0, "deleted": 0, "bytes": 0, "inodes": 0 }, "manifests": [],
    });
    sandbox.write("p/dest/.fast_pyramid/vacuum.json", journal.to_string());
    let info = sandbox.succeed(&["info", "p"]).out;
    assert!(info.contains("a vacuum was interrupted; the next build or vacuum finishes it"), "{info}");
    assert_eq!(sandbox.succeed(&["info", "p", "--json"]).json()[0]["half_vacuumed"], json!(true));
    // Its manifests do not describe the trees any more, or not yet, which is no damage: verify says no more either.
    for arguments in [&["vacuum", "p", "--dry-run", "--drop", "1"][..], &["p", "--dry-run"], &["verify", "p"]] {
        sandbox.refuse(
            "p",
            arguments,
            1,
            str![[r#"
error: p: a vacuum was interrupted
  run build or vacuum on it; either finishes the vacuum

"#]],
        );
    }
    sandbox.succeed(&["p", "-q"]);
    left(&sandbox, &["v0", "v3", "v4", "v6"]);
}

#[test]
fn info_predicts_what_dropping_a_version_frees() {
    let names = ["0", "1", "3", "4"];
    for (index, name) in names.into_iter().enumerate() {
        let sandbox = published();
        let info = sandbox.succeed(&["info", "p", "--json"]).json().remove(0);
        assert_eq!(info["versions"][4].get("freed_bytes"), None);
        let done = sandbox.succeed(&["vacuum", "p", "-q", "--json", "--drop", name]).json().remove(0);
        let info = &info["versions"][index];
        assert_eq!((&info["freed_bytes"], &info["freed_inodes"]), (&done["bytes"], &done["inodes"]));
    }
}

#[test]
fn info_prints_a_table() {
    let sandbox = published();
    let info = sandbox.succeed(&["info", "p"]).out;
    let heading: Vec<&str> = info.lines().nth(1).unwrap().split_whitespace().collect();
    same(&heading.join(" "), str!["version built generated bytes patched bytes linked frees inodes"]);
}
