//! `repair` fixes what `verify` finds, gives the trees of a fresh build, and leaves the sources alone.

use serde_json::{Value, json};
use snapbox::str;
use std::fs;
use std::process::Command;
use test_support::cli::Sandbox;
use test_support::damage::{built, clear, damages, flip, served, with_unchanged_parent};
use test_support::sampling::Sweep;
use test_support::tree::{assert_same_snapshot, assert_sources_unchanged, assert_tree_rules, source_fingerprint};

/// A copy of a built pyramid with its links and modification times.
fn copy(whole: &Sandbox, pyramid: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let copied = Command::new("cp").arg("-a").arg(whole.path(pyramid)).arg(sandbox.path(pyramid)).status();
    assert!(copied.unwrap().success());
    sandbox
}

#[test]
fn repair_fixes_each_damage() {
    let whole = built("relief");
    let fresh = served(&whole, "relief");
    for damage in damages().into_iter().step_by(Sweep::from_environment().step(3, 1)) {
        let sandbox = copy(&whole, "relief");
        (damage.act)(&sandbox.path("relief"));
        let sources = source_fingerprint(&sandbox.path("relief"));
        let ended = sandbox.run(&["repair", "relief", "-j", "2"]);
        assert_eq!(ended.code, 0, "{}: {}{}", damage.name, ended.out, ended.err);
        assert!(!ended.out.is_empty(), "{}", damage.name);
        assert_same_snapshot(&fresh, &served(&sandbox, "relief"));
        assert_sources_unchanged(&sandbox.path("relief"), &sources);
        assert_eq!(sandbox.run(&["verify", "relief", "-q"]).code, 0, "{}", damage.name);
        // And a build finds nothing to do.
        let built = sandbox.succeed(&["relief", "--json"]).json().remove(0);
        for version in built["versions"].as_array().unwrap() {
            assert_eq!(version["status"], "up_to_date", "{}", damage.name);
        }
        assert_same_snapshot(&fresh, &served(&sandbox, "relief"));
    }
}

#[test]
fn repair_fixes_several_damages_at_once() {
    let whole = built("relief");
    let sandbox = copy(&whole, "relief");
    let names =
        ["tile cut short", "missing tile and link", "link to a link", "strangers", "descriptors", "latest wrong"];
    for damage in damages().iter().filter(|damage| names.contains(&damage.name)) {
        (damage.act)(&sandbox.path("relief"));
    }
    assert_eq!(sandbox.run(&["repair", "relief", "-q"]).code, 0);
    assert_same_snapshot(&served(&whole, "relief"), &served(&sandbox, "relief"));
}

#[test]
fn repair_fixes_png_tiles_and_an_unchanged_parent() {
    let whole = with_unchanged_parent();
    let sandbox = copy(&whole, "p");
    for tile in ["v0/dzi_files/7/0_0.png", "v0/dzi_files/6/0_0.png", "v2/dzi_files/7/1_0.png", "v3/dzi_files/8/3_1.png"]
    {
        clear(&sandbox.path(&format!("p/dest/dzi/{tile}")));
    }
    assert_eq!(sandbox.run(&["repair", "p", "-q"]).code, 0);
    assert_same_snapshot(&served(&whole, "p"), &served(&sandbox, "p"));
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn repair_of_a_clean_pyramid_changes_nothing() {
    let sandbox = built("png_alpha");
    let before = served(&sandbox, "png_alpha");
    sandbox.run(&["repair", "png_alpha"]).expect(
        0,
        str![[r#"
png_alpha: no problems, nothing to repair

"#]],
    );
    assert_same_snapshot(&before, &served(&sandbox, "png_alpha"));
}

#[test]
fn repair_prints_lines_and_json() {
    let sandbox = built("png_alpha");
    let tile = sandbox.path("png_alpha/dest/dzi/v0/dzi_files/7/0_0.png");
    fs::remove_file(&tile).unwrap();
    let ended = sandbox.run(&["repair", "png_alpha"]);
    assert_eq!(ended.out, "png_alpha: v0 dzi_files/7/0_0.png: regenerated\n");
    assert_eq!(ended.err, "png_alpha: 1 problem found, all repaired\n");
    fs::remove_file(&tile).unwrap();
    let object = sandbox.succeed(&["repair", "png_alpha", "--json", "-q"]).json().remove(0);
    assert_eq!((&object["problems_found"], &object["problems_left"]), (&json!(1), &json!(0)));
    assert_eq!(object["repaired"], json!({ "tile_made": 1 }));
}

#[test]
fn changed_sources_are_reported_and_left_alone() {
    let sandbox = built("relief");
    flip(&sandbox.path("relief/v0/0_0.jpg"));
    clear(&sandbox.path("relief/v0/7_5.jpg"));
    // Over the first one, so that it cannot be made; and one that can.
    clear(&sandbox.path("relief/dest/dzi/v0/dzi_files/10/0_0.jpg"));
    clear(&sandbox.path("relief/dest/dzi/v0/dzi_files/10/1_1.jpg"));
    let sources = source_fingerprint(&sandbox.path("relief"));
    let ended = sandbox.run(&["repair", "relief"]);
    assert_eq!(ended.code, 1);
    assert_sources_unchanged(&sandbox.path("relief"), &sources);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "relief: v0 dzi_files/10/1_1.jpg: regenerated");
    assert_eq!(lines[1], "relief: not repaired: v0 dzi_files/10/0_0.jpg: missing: expected a file, found nothing");
    assert!(
        lines[2].starts_with("relief: not repaired: v0 v0/0_0.jpg: source_changed: expected hash "),
        "{}",
        lines[2]
    );
    assert!(
        lines[3].starts_with("relief: not repaired: v0 v0/7_5.jpg: source_missing: expected a file of "),
        "{}",
        lines[3]
    );
    assert_eq!(lines.len(), 4);
    assert!(ended.err.contains("restore the source tiles named above"), "{}", ended.err);
    let object = sandbox.run(&["repair", "relief", "--json"]).json().remove(0);
    assert_eq!((&object["problems_left"], object["remaining"].as_array().unwrap().len()), (&json!(3), 3));
}

#[test]
fn versions_are_not_rebuilt_from_changed_sources() {
    let sandbox = built("relief");
    flip(&sandbox.path("relief/v2").join(first_of(&sandbox, "relief/v2")));
    clear(&sandbox.path("relief/dest/.fast_pyramid/versions/v1"));
    let before = served(&sandbox, "relief");
    let ended = sandbox.run(&["repair", "relief"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("v1 needs rebuilding, but the sources of v2 have changed"), "{}", ended.err);
    assert_same_snapshot(&before, &served(&sandbox, "relief"));
}

fn first_of(sandbox: &Sandbox, folder: &str) -> String {
    let mut names: Vec<String> = fs::read_dir(sandbox.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.remove(0)
}

#[test]
fn versions_of_another_encoder_keep_their_tiles() {
    let whole = built("relief");
    let header = whole.path("relief/dest/.fast_pyramid/versions/v0/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&header).unwrap()).unwrap();
    manifest["encoder"] = json!(0);
    fs::write(&header, manifest.to_string()).unwrap();

    // Links and descriptors can be repaired.
    let sandbox = copy(&whole, "relief");
    clear(&sandbox.path("relief/dest/dzi/v0/dzi_files/11/0_0.jpg"));
    clear(&sandbox.path("relief/dest/dzi/v0/dzi.xml"));
    assert_eq!(sandbox.run(&["repair", "relief", "-q"]).code, 0);
    assert_same_snapshot(&served(&whole, "relief"), &served(&sandbox, "relief"));

    // A tile cannot, nor can it be built again.
    flip(&sandbox.path("relief/dest/dzi/v0/dzi_files/10/0_0.jpg"));
    let ended = sandbox.run(&["repair", "relief"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.starts_with("relief: not repaired: v0 dzi_files/10/0_0.jpg: wrong_hash: "), "{}", ended.out);
    assert!(ended.err.contains("v0 was built by encoder 0"), "{}", ended.err);
}

#[test]
fn locked_pyramid_is_not_repaired() {
    let sandbox = built("png_alpha");
    let lock = fs::File::open(sandbox.path("png_alpha/dest/.fast_pyramid/lock")).unwrap();
    let take = |operation| rustix::fs::flock(&lock, operation).unwrap();
    take(rustix::fs::FlockOperation::NonBlockingLockExclusive);
    assert_eq!(sandbox.run(&["repair", "png_alpha", "-q"]).code, 4);
    assert_eq!(sandbox.run(&["verify", "png_alpha", "-q"]).code, 4);
    // Readers do not mind each other.
    take(rustix::fs::FlockOperation::NonBlockingLockShared);
    assert_eq!(sandbox.run(&["repair", "png_alpha", "-q", "--wait", "0.1"]).code, 4);
    assert_eq!(sandbox.run(&["verify", "png_alpha", "-q"]).code, 0);
}

#[test]
fn repair_refuses_a_pyramid_without_published_versions() {
    let sandbox = Sandbox::with_row(1);
    assert_eq!(sandbox.run(&["repair", "p"]).code, 1);
    assert!(!sandbox.path("p/dest").exists());
}

#[test]
fn unbuilt_version_stays_unbuilt() {
    let sandbox = built("relief");
    test_support::copy_folder(&sandbox.path("relief/v1"), &sandbox.path("relief/v3"));
    clear(&sandbox.path("relief/dest/.fast_pyramid/versions/v2"));
    assert_eq!(sandbox.run(&["repair", "relief", "-q"]).code, 0);
    assert!(!sandbox.path("relief/dest/dzi/v3").exists());
}

#[test]
fn unexpected_file_with_a_name_that_is_not_utf_8_is_moved() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = built("relief");
    let name = std::ffi::OsStr::from_bytes(b"0_0\xff.jpg");
    let stranger = sandbox.path("relief/dest/dzi/v0/dzi_files/3").join(name);
    std::fs::write(&stranger, "12345").unwrap();
    let ended = sandbox.run(&["verify", "relief"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("a file of 5 bytes"), "{}", ended.out);
    let repaired = sandbox.succeed(&["repair", "relief"]);
    assert!(repaired.err.contains("dest/.fast_pyramid/found keeps what was moved there"), "{}", repaired.err);
    assert!(!stranger.exists());
    sandbox.succeed(&["verify", "relief"]);
}
