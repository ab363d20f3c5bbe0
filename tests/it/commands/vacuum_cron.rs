//! `vacuum` as jobs run it: again and again, on many pyramids, with sources that are to stay.

use super::vacuum::{published, versions};
use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::tree::assert_tree_rules;

#[test]
fn kept_sources_stay_in_later_calls() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-sources", "--keep-last", "2"]);
    let all = versions(&sandbox, "p");
    for arguments in [&["vacuum", "p", "--keep-last", "2"][..], &["vacuum", "p", "--older-than", "1d"]] {
        sandbox.succeed(arguments);
        assert_eq!(versions(&sandbox, "p"), all, "{arguments:?}");
    }
    // Version 4 goes with its sources, those below stay.
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1"]);
    assert_eq!(versions(&sandbox, "p"), ["v0", "v1", "v3", "v6"]);
    assert_eq!(versions(&sandbox, "p/dest/dzi"), ["v6"]);
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
    // A range names one of them, and --drop-sources all.
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "1"]);
    assert_eq!(versions(&sandbox, "p"), ["v0", "v3", "v6"]);
    sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1", "--drop-sources"]);
    assert_eq!(versions(&sandbox, "p"), ["v6"]);
    sandbox.succeed(&["verify", "p", "-q"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn what_is_gone_for_good_is_reported_separately() {
    let sandbox = published();
    sandbox.run(&["vacuum", "p", "--dry-run", "--drop", "0..3"]).expect(
        0,
        str![[r#"
p: would drop v0, v1, v3; keep v4, v6: 4 tiles moved, 28 deleted, 25,161 bytes and 82 inodes freed
p: gone for good: 4 source tiles of v0, v1 (6,088 bytes); also deleted: 24 generated tiles

"#]],
    );
    sandbox.run(&["vacuum", "p", "--dry-run", "--keep-sources", "--drop", "0..3"]).expect(
        0,
        str![[r#"
p: would drop v0, v1, v3; keep v4, v6: 1 tile moved, 24 deleted, 19,073 bytes and 66 inodes freed
p: no source tile is deleted; the 24 generated tiles can be built again

"#]],
    );
    let object = sandbox.succeed(&["vacuum", "p", "--json", "-q", "--drop", "0..3"]).json().remove(0);
    let deleted = object["sources_deleted"].as_u64().unwrap();
    assert!(deleted > 0 && deleted < object["deleted"].as_u64().unwrap(), "{object}");
    assert!(object["source_bytes_deleted"].as_u64().unwrap() < object["bytes"].as_u64().unwrap(), "{object}");
    assert_eq!(object["dropped"], json!([0, 1, 3]));
}

/// The bytes of source tiles that the report names are those that are gone.
#[test]
fn deleted_sources_are_counted_as_they_vanish() {
    let sandbox = published();
    let sources = |sandbox: &Sandbox| -> (u64, u64) {
        let folders = versions(sandbox, "p").into_iter().map(|version| sandbox.path("p").join(version));
        let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()));
        files.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.metadata().unwrap().len()))
    };
    let before = sources(&sandbox);
    let object = sandbox.succeed(&["vacuum", "p", "--json", "-q", "--keep-last", "1"]).json().remove(0);
    let after = sources(&sandbox);
    assert_eq!(object["sources_deleted"], before.0 - after.0);
    assert_eq!(object["source_bytes_deleted"], before.1 - after.1);
}

/// As when a job was killed at its very end and runs again.
#[test]
fn dropping_what_is_gone_is_no_error() {
    let sandbox = published();
    for _ in 0..2 {
        sandbox.succeed(&["vacuum", "p", "-q", "--drop", "0..3"]);
    }
    sandbox.run(&["vacuum", "p", "--drop", "1"]).expect(
        0,
        str![[r#"
p: nothing to drop, kept v4, v6

"#]],
    );
    assert_eq!(sandbox.run(&["vacuum", "p", "--drop", "7"]).code, 2, "v7 never was");
}

#[test]
fn several_pyramids_are_vacuumed() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.row(name, 2);
        sandbox.odd("grey.jpg", &format!("{name}/v1/0_0.jpg"));
    }
    sandbox.succeed(&["a", "b", "-q"]);
    let ended = sandbox.succeed(&["vacuum", "a", "b", "--keep-last", "1", "--json"]);
    let names: Vec<_> = ended.json().into_iter().map(|object| object["pyramid"].clone()).collect();
    assert_eq!(names, [json!("a"), json!("b")]);
    assert!(ended.err.contains("2 pyramids: 2 done, 0 failed"), "{}", ended.err);
}

/// Dropping versions moves files between trees, so each must have all of its own before.
#[test]
fn vacuum_refuses_trees_that_lack_a_tile_or_a_link() {
    for damage in ["generated", "link", "manifest"] {
        let sandbox = published();
        let tree = sandbox.path("p/dest/dzi/v0/dzi_files");
        let tiles = || fs::read_dir(&tree).unwrap().flat_map(|level| fs::read_dir(level.unwrap().path()).unwrap());
        let paths: Vec<_> = tiles().map(|tile| tile.unwrap().path()).collect();
        let victim = match damage {
            "generated" => paths.iter().find(|path| !path.is_symlink()).unwrap().clone(),
            "link" => paths.iter().find(|path| path.is_symlink()).unwrap().clone(),
            _ => sandbox.path("p/dest/.fast_pyramid/versions/v0/manifest.json"),
        };
        fs::remove_file(&victim).unwrap();
        for arguments in [&["vacuum", "p", "--keep-last", "1", "--dry-run"][..], &["vacuum", "p", "--keep-last", "1"]] {
            let ended = sandbox.run(arguments);
            assert_eq!(ended.code, 1, "{damage}: {}", ended.err);
            assert!(ended.err.contains("run fast_pyramid repair p"), "{damage}: {}", ended.err);
        }
        sandbox.succeed(&["repair", "p", "-q"]);
        sandbox.succeed(&["vacuum", "p", "-q", "--keep-last", "1"]);
        sandbox.succeed(&["verify", "p", "-q"]);
    }
}

#[test]
fn m_is_neither_minutes_nor_months() {
    let sandbox = published();
    for age in ["3m", "1M", "1h 3m"] {
        let ended = sandbox.run(&["vacuum", "p", "--older-than", age]);
        assert_eq!(ended.code, 2, "{age}");
        assert!(ended.err.contains("m may mean minutes or months; write min or months"), "{}", ended.err);
    }
    for age in ["3months", "90min", "1h 30min"] {
        sandbox.succeed(&["vacuum", "p", "-q", "--older-than", age]);
    }
}
