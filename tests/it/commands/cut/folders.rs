//! Folders that a picture cannot be cut into, and what else stands in those where it can.

use snapbox::str;
use std::path::Path;
use std::process::{Command, Output};
use test_support::cli::Desk;
use test_support::pictures::{Png, by_image, sources_show};
use test_support::strace::say;
use test_support::tree::{assert_same_snapshot, snapshot};

#[test]
fn folders_that_are_something_else() {
    let desk = Desk::new();
    desk.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
    desk.write("file", "mine");
    desk.link("dangling", "nowhere");
    desk.row("tiles", 1);
    desk.delete("tiles/pyramid.json");
    desk.row("both/src", 1);
    desk.row("both", 1);
    desk.spec("broken", "{ width: ");
    desk.write("file_v0/v0", "mine");
    std::fs::create_dir_all(desk.path("empty/v0")).unwrap();
    desk.write("nothing/src/v3/.DS_Store", "");
    desk.row("later", 1);
    desk.delete("later/pyramid.json");
    std::fs::rename(desk.path("later/v0"), desk.path("later/v1")).unwrap();
    std::fs::create_dir(desk.path("later/v0")).unwrap();
    let before = snapshot(&desk.path(""));
    desk.run(&["cut", "a.png", "file"]).expect(
        3,
        str![[r#"
error: file: this is not a folder
  the pyramid's folder comes last, and is made if it is not there; for several pictures give --into DIR

"#]],
    );
    for more in [&[][..], &["--dry-run"]] {
        desk.run(&[&["cut", "a.png", "file/p"], more].concat()).expect(
            3,
            str![[r#"
error: file/p: it cannot be made, because file is not a folder
  give another folder, or move away what stands there

"#]],
        );
    }
    let ended = desk.run(&["cut", "a.png", "dangling/p/q"]);
    assert!(ended.err.starts_with("error: dangling/p/q: it cannot be made, because dangling is not"), "{}", ended.err);
    let ended = desk.run(&["cut", "a.png", &"long".repeat(70)]);
    assert!(ended.code == 1 && ended.err.ends_with("\n  give it a shorter name\n"), "{}", ended.err);
    desk.run(&["cut", "a.png", "dangling"]).expect(
        3,
        str![[r#"
error: dangling: this is not a folder
  the pyramid's folder comes last, and is made if it is not there; for several pictures give --into DIR

"#]],
    );
    desk.run(&["cut", "a.png", "tiles"]).expect(
        3,
        str![[r#"
error: tiles: there are tiles in v0, but no pyramid.json
  write the pyramid.json that belongs to them, or give another folder

"#]],
    );
    let ended = desk.run(&["cut", "a.png", "later"]);
    assert!(ended.err.starts_with("error: later: there are tiles in v1, but no pyramid.json\n"), "{}", ended.err);
    desk.run(&["cut", "a.png", "empty"]).expect(
        3,
        str![[r#"
error: empty/v0: there is no tile in it, and no pyramid.json beside it
  delete this folder and run the same command again

"#]],
    );
    desk.run(&["cut", "a.png", "nothing"]).expect(
        3,
        str![[r#"
error: nothing/src/v3: there is no tile in it, and no pyramid.json beside it
  delete this folder and run the same command again

"#]],
    );
    desk.run(&["cut", "a.png", "both"]).expect(
        3,
        str![[r#"
error: both has source versions both in itself (v0) and in src (v0)
  move all source versions to one of the two places

"#]],
    );
    desk.run(&["cut", "a.png", "broken"]).expect(
        3,
        str![[r#"
error: broken/pyramid.json: it is not valid JSON5: it ends within value
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
    desk.run(&["cut", "a.png", "file_v0"]).expect(
        3,
        str![[r#"
error: file_v0/v0 is named like a source version, but is not a folder
  rename, move or replace it

"#]],
    );
    assert_same_snapshot(&before, &snapshot(&desk.path("")));
}

#[test]
fn the_users_other_files_stay() {
    let desk = Desk::new();
    let picture = Png::new(2, 8).file((40, 40), 1, &[]);
    desk.write("p/a.png", &picture);
    desk.write("p/.hidden", "mine");
    desk.write("p/notes/v0/0_0.png", "mine");
    desk.write("p/v", "mine");
    desk.write("p/pyramid.json.bak", "mine");
    desk.spec("p/.fast_pyramid", "mine");
    let before = snapshot(&desk.path("p"));
    // The picture may stand in its own pyramid's folder.
    desk.succeed(&["cut", "p/a.png", "p", "--tile-size", "16", "--build", "--format", "png"]);
    let mut after = snapshot(&desk.path("p"));
    after.retain(|path, _| !["dest", "v0", "pyramid.json"].iter().any(|own| path.starts_with(own)));
    assert_same_snapshot(&before, &after);
    assert!(sources_show(&desk.path("p"), (40, 40), 16, "png") == by_image(&picture));
    // A new folder in folders that are not there yet.
    desk.succeed(&["cut", "p/a.png", "x/y/z"]);
    assert!(desk.path("x/y/z/v0/0_0.jpg").exists());
}

#[test]
fn folders_made_for_nothing_go() {
    let desk = Desk::new();
    let picture = Png::new(2, 8).file((40, 40), 1, &[]);
    desk.write("whole.png", &picture);
    desk.write("cut.png", &picture[..picture.len() - 20]);
    desk.write("x/mine", "mine");
    let before = snapshot(&desk.path(""));
    for folder in ["x/y/z/p", "a/b", "./c/../d/e", "x/y/../y/p"] {
        for more in [&[][..], &["--build"]] {
            assert_eq!(desk.run(&[&["cut", "cut.png", folder], more].concat()).code, 3);
            assert_same_snapshot(&before, &snapshot(&desk.path("")));
        }
    }
    assert_eq!(desk.run(&["cut", "--into", "m/n", "cut.png", "cut.png"]).code, 3);
    assert_eq!(desk.run(&["cut", "whole.png", &format!("m/n/{}", "long".repeat(70))]).code, 1);
    assert_same_snapshot(&before, &snapshot(&desk.path("")));
    // What others have put there stays.
    desk.succeed(&["cut", "--into", "m/n", "-q", "whole.png"]);
    assert_eq!(desk.run(&["cut", "--into", "m/n", "cut.png"]).code, 3);
    assert!(desk.path("m/n/whole/v0").exists() && !desk.path("m/n/cut").exists());
}

/// Runs a command that was given everything but the pyramid's folder as somebody who may do nothing.
fn as_nobody(tool: &Path, arguments: &[&Path]) -> Option<Output> {
    use std::os::unix::process::CommandExt;
    let run = |arguments: &[&Path]| Command::new(tool).args(arguments).uid(65534).gid(65534).output();
    let reaches = run(&[Path::new("--version")]).is_ok_and(|output| output.status.success());
    reaches.then(|| run(arguments).unwrap())
}

#[test]
fn folders_that_cannot_be_written_to() {
    if !rustix::process::geteuid().is_root() {
        return say("SKIPPED: becoming another user needs root");
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let scratch = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let (tool, picture) = (scratch.path().join("tool"), scratch.path().join("a.png"));
    std::fs::copy(test_support::program(), &tool).unwrap();
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
fn no_pyramid_begins_where_another_has_its_tiles() {
    for place in ["p", "p/src"] {
        let desk = Desk::new();
        desk.row(place, 1);
        if place != "p" {
            std::fs::rename(desk.path("p/src/pyramid.json"), desk.path("p/pyramid.json")).unwrap();
        }
        desk.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
        let before = snapshot(&desk.path(""));
        for version in ["v0", "v1"] {
            let refused = desk.run(&["cut", "a.png", &format!("{place}/{version}")]);
            assert_eq!(refused.code, 3, "{}", refused.err);
            assert!(refused.err.contains("has the tiles of a version"), "{}", refused.err);
            assert_same_snapshot(&before, &snapshot(&desk.path("")));
        }
        desk.succeed(&["cut", "a.png", &format!("{place}/other"), "-q"]);
        desk.succeed(&["p"]);
    }
}
