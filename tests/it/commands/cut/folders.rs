//! Folders that `cut` refuses, and other files in those that it accepts.

use super::refusals::assert_refused;
use snapbox::str;
use std::path::Path;
use std::process::{Command, Output};
use test_support::cli::{Sandbox, copy_program};
use test_support::pictures::{Png, by_image, source_pixels};
use test_support::strace::say;
use test_support::tree::{assert_same_snapshot, snapshot};

/// A sandbox with the picture `a.png`.
fn with_picture() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
    sandbox
}

#[test]
fn file_instead_of_a_folder_is_refused() {
    let sandbox = with_picture();
    sandbox.write("file", "mine");
    assert_refused(
        &sandbox,
        &["a.png", "file"],
        3,
        str![[r#"
error: file: not a folder
  move it away or use another folder, which is created; for several pictures use --into DIR

"#]],
    );
}

#[test]
fn folder_below_a_file_is_refused_in_a_dry_run_too() {
    let sandbox = with_picture();
    sandbox.write("file", "mine");
    let before = snapshot(&sandbox.path(""));
    for more in [&[][..], &["--dry-run"]] {
        sandbox.run(&[&["cut", "a.png", "file/p"], more].concat()).expect(
            3,
            str![[r#"
error: file/p: cannot be created, because file is not a folder
  use another folder, or move that file away

"#]],
        );
    }
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn dangling_link_instead_of_a_folder_is_refused() {
    let sandbox = with_picture();
    sandbox.link("dangling", "nowhere");
    assert_refused(
        &sandbox,
        &["a.png", "dangling"],
        3,
        str![[r#"
error: dangling: not a folder
  move it away or use another folder, which is created; for several pictures use --into DIR

"#]],
    );
}

#[test]
fn folder_below_a_dangling_link_is_refused() {
    let sandbox = with_picture();
    sandbox.link("dangling", "nowhere");
    let before = snapshot(&sandbox.path(""));
    let ended = sandbox.run(&["cut", "a.png", "dangling/p/q"]);
    assert!(ended.err.starts_with("error: dangling/p/q: cannot be created, because dangling is not"), "{}", ended.err);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn folder_name_too_long_for_the_system_is_an_error() {
    let sandbox = with_picture();
    let before = snapshot(&sandbox.path(""));
    let ended = sandbox.run(&["cut", "a.png", &"long".repeat(70)]);
    assert!(ended.code == 1 && ended.err.ends_with("\n  give it a shorter name\n"), "{}", ended.err);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn tiles_without_pyramid_json_are_refused() {
    let sandbox = with_picture();
    sandbox.row("tiles", 1);
    sandbox.delete("tiles/pyramid.json");
    assert_refused(
        &sandbox,
        &["a.png", "tiles"],
        3,
        str![[r#"
error: tiles: tiles in v0, but no pyramid.json
  write the pyramid.json that belongs to them, or use another folder

"#]],
    );
}

#[test]
fn tiles_above_an_empty_version_without_pyramid_json_are_refused() {
    let sandbox = with_picture();
    sandbox.row("later", 1);
    sandbox.delete("later/pyramid.json");
    std::fs::rename(sandbox.path("later/v0"), sandbox.path("later/v1")).unwrap();
    std::fs::create_dir(sandbox.path("later/v0")).unwrap();
    let before = snapshot(&sandbox.path(""));
    let ended = sandbox.run(&["cut", "a.png", "later"]);
    assert!(ended.err.starts_with("error: later: tiles in v1, but no pyramid.json\n"), "{}", ended.err);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn empty_version_without_pyramid_json_is_refused() {
    let sandbox = with_picture();
    std::fs::create_dir_all(sandbox.path("empty/v0")).unwrap();
    assert_refused(
        &sandbox,
        &["a.png", "empty"],
        3,
        str![[r#"
error: empty/v0: no tile in it, and no pyramid.json beside it
  delete this folder and run the same command again

"#]],
    );
}

#[test]
fn version_in_src_without_tiles_or_pyramid_json_is_refused() {
    let sandbox = with_picture();
    sandbox.write("nothing/src/v3/.DS_Store", "");
    assert_refused(
        &sandbox,
        &["a.png", "nothing"],
        3,
        str![[r#"
error: nothing/src/v3: no tile in it, and no pyramid.json beside it
  delete this folder and run the same command again

"#]],
    );
}

#[test]
fn versions_in_both_places_are_refused() {
    let sandbox = with_picture();
    sandbox.row("both/src", 1);
    sandbox.row("both", 1);
    assert_refused(
        &sandbox,
        &["a.png", "both"],
        3,
        str![[r#"
error: both: source versions both beside pyramid.json (v0) and in src (v0)
  move all source versions to one of the two places

"#]],
    );
}

#[test]
fn invalid_pyramid_json_is_refused() {
    let sandbox = with_picture();
    sandbox.spec("broken", "{ width: ");
    assert_refused(
        &sandbox,
        &["a.png", "broken"],
        3,
        str![[r#"
error: broken/pyramid.json: not valid JSON5: the text ends within value
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn file_named_like_a_version_is_refused() {
    let sandbox = with_picture();
    sandbox.write("file_v0/v0", "mine");
    assert_refused(
        &sandbox,
        &["a.png", "file_v0"],
        3,
        str![[r#"
error: file_v0/v0: named like a source version, but not a folder
  rename, move or replace it

"#]],
    );
}

#[test]
fn other_files_of_the_user_stay() {
    let sandbox = Sandbox::new();
    let picture = Png::new(2, 8).file((40, 40), 1, &[]);
    sandbox.write("p/a.png", &picture);
    sandbox.write("p/.hidden", "mine");
    sandbox.write("p/notes/v0/0_0.png", "mine");
    sandbox.write("p/v", "mine");
    sandbox.write("p/pyramid.json.bak", "mine");
    sandbox.spec("p/.fast_pyramid", "mine");
    let before = snapshot(&sandbox.path("p"));
    // The picture may stand in its own pyramid's folder.
    sandbox.succeed(&["cut", "p/a.png", "p", "--tile-size", "16", "--build", "--format", "png"]);
    let mut after = snapshot(&sandbox.path("p"));
    after.retain(|path, _| !["dest", "v0", "pyramid.json"].iter().any(|own| path.starts_with(own)));
    assert_same_snapshot(&before, &after);
    assert!(source_pixels(&sandbox.path("p"), (40, 40), 16, "png") == by_image(&picture));
    // A new folder in folders that are not there yet.
    sandbox.succeed(&["cut", "p/a.png", "x/y/z"]);
    assert!(sandbox.path("x/y/z/v0/0_0.jpg").exists());
}

#[test]
fn folders_created_for_a_failed_cut_are_removed() {
    let sandbox = Sandbox::new();
    let picture = Png::new(2, 8).file((40, 40), 1, &[]);
    sandbox.write("whole.png", &picture);
    sandbox.write("cut.png", &picture[..picture.len() - 20]);
    sandbox.write("x/mine", "mine");
    let before = snapshot(&sandbox.path(""));
    for folder in ["x/y/z/p", "a/b", "./c/../d/e", "x/y/../y/p"] {
        for more in [&[][..], &["--build"]] {
            assert_eq!(sandbox.run(&[&["cut", "cut.png", folder], more].concat()).code, 3);
            assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
        }
    }
    assert_eq!(sandbox.run(&["cut", "--into", "m/n", "cut.png"]).code, 3);
    assert_eq!(sandbox.run(&["cut", "whole.png", &format!("m/n/{}", "long".repeat(70))]).code, 1);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
    // Entries of others stay.
    sandbox.succeed(&["cut", "--into", "m/n", "-q", "whole.png"]);
    assert_eq!(sandbox.run(&["cut", "--into", "m/n", "cut.png"]).code, 3);
    assert!(sandbox.path("m/n/whole/v0").exists() && !sandbox.path("m/n/cut").exists());
}

/// Runs a command that was given everything but the pyramid's folder as somebody who may do nothing.
fn as_nobody(tool: &Path, arguments: &[&Path]) -> Option<Output> {
    use std::os::unix::process::CommandExt;
    let run = |arguments: &[&Path]| Command::new(tool).args(arguments).uid(65534).gid(65534).output();
    let reaches = run(&[Path::new("--version")]).is_ok_and(|output| output.status.success());
    reaches.then(|| run(arguments).unwrap())
}

#[test]
fn folders_without_permissions_are_reported() {
    if !rustix::process::geteuid().is_root() {
        return say("SKIPPED: becoming another user needs root");
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let scratch = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let (tool, picture) = (scratch.path().join("tool"), scratch.path().join("a.png"));
    copy_program(&tool);
    std::fs::write(&picture, Png::new(2, 8).file((40, 40), 1, &[])).unwrap();
    let secret = scratch.path().join("secret.png");
    std::fs::write(&secret, "").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let here = scratch.path().join("here");
    std::fs::create_dir(&here).unwrap();
    let before = snapshot(scratch.path());
    for (picture, folder, word) in [
        (&picture, "new", "create the folder"),
        (&picture, "here", "here"),
        (&secret, "new", "secret.png: cannot read"),
    ] {
        let arguments = [Path::new("cut"), Path::new("--build"), picture, &scratch.path().join(folder)];
        let Some(output) = as_nobody(&tool, &arguments) else {
            return say("SKIPPED: another user cannot reach the folder for temporary files");
        };
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("Permission denied") && err.contains(word), "{err}");
        assert_eq!(err.contains("check the permissions"), picture != &secret, "{err}");
        assert_same_snapshot(&before, &snapshot(scratch.path()));
    }
}

/// A pyramid's source folders are the user's: no other pyramid begins in one.
#[test]
fn source_folder_of_another_pyramid_is_refused() {
    for place in ["p", "p/src"] {
        let sandbox = Sandbox::new();
        sandbox.row(place, 1);
        if place != "p" {
            std::fs::rename(sandbox.path("p/src/pyramid.json"), sandbox.path("p/pyramid.json")).unwrap();
        }
        sandbox.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
        let before = snapshot(&sandbox.path(""));
        for version in ["v0", "v1"] {
            let refused = sandbox.run(&["cut", "a.png", &format!("{place}/{version}")]);
            assert_eq!(refused.code, 3, "{}", refused.err);
            assert!(refused.err.contains("keeps the tiles of a version there"), "{}", refused.err);
            assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
        }
        sandbox.succeed(&["cut", "a.png", &format!("{place}/other"), "-q"]);
        sandbox.succeed(&["p"]);
    }
}
