//! `--dry-run`: says what would be built, and changes nothing.

use serde_json::Value;
use snapbox::str;
use std::time::SystemTime;
use test_support::cli::Desk;
use test_support::tree::{assert_same_snapshot, snapshot};

/// Times of all that is in a folder, to see that nothing has been written again with the same contents.
fn times(desk: &Desk) -> Vec<(std::path::PathBuf, SystemTime)> {
    let walk = walkdir::WalkDir::new(desk.path("")).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    entries.map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().modified().unwrap())).collect()
}

/// Runs without leaving a trace, and returns standard output.
#[track_caller]
fn traceless(desk: &Desk, arguments: &[&str]) -> String {
    let (before, times_before) = (snapshot(&desk.path("")), times(desk));
    let ended = desk.run(arguments);
    assert_same_snapshot(&before, &snapshot(&desk.path("")));
    assert_eq!(times_before, times(desk));
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
fn nothing_changes_on_disk() {
    let desk = Desk::with_fixture("relief");
    traceless(&desk, &["relief", "--dry-run"]);
    traceless(&desk, &["relief", "--dry-run", "--rebuild-from", "0"]);
    assert!(!desk.path("relief/dest").exists());

    desk.succeed(&["relief"]);
    traceless(&desk, &["relief", "--dry-run"]);
    traceless(&desk, &["relief", "--dry-run", "--rebuild-from", "1"]);
    desk.odd("plain.jpg", "relief/v3/0_0.jpg");
    traceless(&desk, &["relief", "--dry-run"]);
}

#[test]
fn neither_where_only_times_differ() {
    let desk = Desk::with_row(2);
    desk.succeed(&["p"]);
    desk.odd("plain.jpg", "p/v0/0_0.jpg");
    let tile = std::fs::File::options().write(true).open(desk.path("p/v0/0_0.jpg")).unwrap();
    tile.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    traceless(&desk, &["p", "--dry-run"]);
}

#[test]
fn neither_where_something_is_wrong() {
    let desk = Desk::with_row(2);
    desk.delete("p/v0/0_0.jpg");
    traceless(&desk, &["p", "--dry-run"]);
    desk.run(&["p", "--dry-run"]).expect(
        3,
        str![[r#"
error: p/v0: 1 tile is wrong
  1 missing: 0_0.jpg
  v0 was not published; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn what_people_are_told() {
    let desk = Desk::with_fixture("png_alpha");
    desk.run(&["png_alpha", "--dry-run"]).expect(
        0,
        str![[r#"
png_alpha: v0 would be built: 23 tiles (at most 11 generated, at most 12 patched, 0 linked)
png_alpha: v1 would be built: 23 tiles (at most 9 generated, at most 2 patched, 12 linked)

"#]],
    );
    desk.succeed(&["png_alpha"]);
    desk.run(&["png_alpha", "--dry-run"]).expect(
        0,
        str![[r#"
png_alpha: v1 is published, nothing to do

"#]],
    );
    desk.run(&["png_alpha", "--dry-run", "--rebuild-from", "1"]).expect(
        0,
        str![[r#"
png_alpha: v1 would be built: 23 tiles (at most 9 generated, at most 2 patched, 12 linked)

"#]],
    );
}

#[test]
fn numbers_are_those_of_the_build() {
    // In none of these does a patched tile come out as it was, and but one parent.
    for name in ["relief", "png_alpha"] {
        let desk = Desk::with_fixture(name);
        let planned = traceless(&desk, &[name, "--dry-run", "--json"]);
        let built = desk.succeed(&[name, "--json"]).out;
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
fn numbers_are_upper_bounds_where_pixels_come_out_equal() {
    let desk = Desk::with_row(4);
    desk.odd("plain.jpg", "p/v1/2_0.jpg");
    let planned = desk.succeed(&["p", "--dry-run", "--json"]).json().remove(0);
    let built = desk.succeed(&["p", "--json"]).json().remove(0);
    let number = |object: &Value, key: &str| object["versions"][1][key].as_u64().unwrap();
    assert_eq!((number(&planned, "generated"), number(&planned, "patched")), (8, 1));
    assert_eq!((number(&built, "generated"), number(&built, "patched")), (0, 0));
    assert_eq!(number(&built, "linked"), number(&built, "tiles"));
}
