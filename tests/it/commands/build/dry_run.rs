//! `build --dry-run` reports what a build would do, and changes nothing.

use serde_json::Value;
use snapbox::str;
use std::time::SystemTime;
use test_support::cli::Sandbox;
use test_support::tree::{assert_same_snapshot, snapshot};

/// Times of all that is in a folder, to see that nothing has been written again with the same contents.
fn times(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, SystemTime)> {
    let walk = walkdir::WalkDir::new(sandbox.path("")).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    entries.map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().modified().unwrap())).collect()
}

/// Runs without leaving a trace, and returns standard output.
#[track_caller]
fn traceless(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let (before, times_before) = (snapshot(&sandbox.path("")), times(sandbox));
    let ended = sandbox.run(arguments);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
    assert_eq!(times_before, times(sandbox));
    ended.out
}

/// The list of versions without the status.
fn numbers(out: &str, status: &str) -> Value {
    let mut object: Value = serde_json::from_str(out).unwrap();
    let mut versions = object["versions"].take();
    for version in versions.as_array_mut().unwrap() {
        assert_eq!(version.as_object_mut().unwrap().remove("status").unwrap(), status);
    }
    versions
}

#[test]
fn dry_run_changes_nothing() {
    let sandbox = Sandbox::with_fixture("relief");
    traceless(&sandbox, &["relief", "--dry-run"]);
    traceless(&sandbox, &["relief", "--dry-run", "--rebuild-from", "0"]);
    assert!(!sandbox.path("relief/dest").exists());

    sandbox.succeed(&["relief"]);
    traceless(&sandbox, &["relief", "--dry-run"]);
    traceless(&sandbox, &["relief", "--dry-run", "--rebuild-from", "1"]);
    sandbox.odd("plain.jpg", "relief/v3/0_0.jpg");
    traceless(&sandbox, &["relief", "--dry-run"]);
}

#[test]
fn dry_run_ignores_mtimes() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p"]);
    sandbox.odd("plain.jpg", "p/v0/0_0.jpg");
    let tile = std::fs::File::options().write(true).open(sandbox.path("p/v0/0_0.jpg")).unwrap();
    tile.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    traceless(&sandbox, &["p", "--dry-run"]);
}

#[test]
fn dry_run_of_invalid_sources_changes_nothing() {
    let sandbox = Sandbox::with_row(2);
    sandbox.delete("p/v0/0_0.jpg");
    traceless(&sandbox, &["p", "--dry-run"]);
    sandbox.run(&["p", "--dry-run"]).expect(
        3,
        str![[r#"
error: p/v0: 1 tile is wrong
  1 missing: 0_0.jpg
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn dry_run_prints_what_a_build_would_do() {
    let sandbox = Sandbox::with_fixture("png_alpha");
    sandbox.run(&["png_alpha", "--dry-run"]).expect(
        0,
        str![[r#"
png_alpha: v0 would be built: 23 tiles (at most 11 generated, at most 12 patched, 0 linked)
png_alpha: v1 would be built: 23 tiles (at most 9 generated, at most 2 patched, 12 linked)

"#]],
    );
    sandbox.succeed(&["png_alpha"]);
    sandbox.run(&["png_alpha", "--dry-run"]).expect(
        0,
        str![[r#"
png_alpha: v1 is published, nothing to do

"#]],
    );
    sandbox.run(&["png_alpha", "--dry-run", "--rebuild-from", "1"]).expect(
        0,
        str![[r#"
png_alpha: v1 would be built: 23 tiles (at most 9 generated, at most 2 patched, 12 linked)

"#]],
    );
}

#[test]
fn dry_run_counts_what_the_build_counts() {
    // In none of these does a patched tile come out as it was, and but one parent.
    for name in ["relief", "png_alpha"] {
        let sandbox = Sandbox::with_fixture(name);
        let planned = traceless(&sandbox, &[name, "--dry-run", "--json"]);
        let built = sandbox.succeed(&[name, "--json"]).out;
        let (planned, built) = (numbers(&planned, "would_build"), numbers(&built, "built"));
        let number = |object: &Value, key: &str| object[key].as_u64().unwrap();
        let mut spared = 0;
        for (planned, built) in planned.as_array().unwrap().iter().zip(built.as_array().unwrap()) {
            assert_eq!((&planned["tiles"], &planned["patched"]), (&built["tiles"], &built["patched"]), "{name}");
            let fewer = number(planned, "generated") - number(built, "generated");
            assert_eq!(number(built, "linked") - number(planned, "linked"), fewer, "{name}");
            spared += fewer;
        }
        assert!(spared <= 1, "{name}");
    }
}

#[test]
fn dry_run_counts_are_upper_bounds_for_unchanged_parents() {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("plain.jpg", "p/v1/2_0.jpg");
    let planned = sandbox.succeed(&["p", "--dry-run", "--json"]).json().remove(0);
    let built = sandbox.succeed(&["p", "--json"]).json().remove(0);
    let number = |object: &Value, key: &str| object["versions"][1][key].as_u64().unwrap();
    assert_eq!((number(&planned, "generated"), number(&planned, "patched")), (8, 1));
    assert_eq!((number(&built, "generated"), number(&built, "patched")), (0, 0));
    assert_eq!(number(&built, "linked"), number(&built, "tiles"));
}
