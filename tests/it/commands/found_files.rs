//! Files in `dest/dzi` that are not the tool's: those beside the trees stay, those in trees go to `dest/.fast_pyramid/found`.

use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::damage::built;
use test_support::tree::assert_tree_rules;

fn read(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn page_beside_the_trees_is_reported_and_left_alone() {
    let sandbox = built("png_alpha");
    for name in ["index.html", "mine/notes.txt", "v01/x", "v7/y"] {
        sandbox.write(&format!("png_alpha/dest/dzi/{name}"), "precious");
    }
    let ended = sandbox.succeed(&["verify", "png_alpha"]);
    let beside = "png_alpha: dest/dzi/index.html and 3 more are beside the trees, and left alone\n";
    assert!(ended.err.starts_with(beside), "{}", ended.err);
    sandbox.run(&["verify", "png_alpha", "-q"]).expect(0, str![]);
    let beside = json!(["dest/dzi/index.html", "dest/dzi/mine", "dest/dzi/v01", "dest/dzi/v7"]);
    let object = sandbox.succeed(&["verify", "png_alpha", "--json", "-q"]).json().remove(0);
    assert_eq!((&object["beside_trees"], &object["problems"]), (&beside, &json!(0)));
    let object = sandbox.succeed(&["repair", "png_alpha", "--json", "-q"]).json().remove(0);
    assert_eq!((&object["beside_trees"], &object["problems_found"]), (&beside, &json!(0)));
    sandbox.succeed(&["png_alpha", "--rebuild-from", "0", "-q"]);
    for name in ["index.html", "mine/notes.txt", "v01/x"] {
        assert_eq!(read(&sandbox, &format!("png_alpha/dest/dzi/{name}")), "precious");
    }
}

#[test]
fn files_in_trees_are_kept_until_they_are_to_go() {
    let sandbox = built("png_alpha");
    let at = "png_alpha/dest/dzi/v1/dzi_files/3/notes.txt";
    let found = "png_alpha/dest/.fast_pyramid/found/v1/dzi_files/3/notes.txt";
    for (contents, kept) in [("first", found.to_owned()), ("second", format!("{found}.2"))] {
        sandbox.write(at, contents);
        let ended = sandbox.succeed(&["repair", "png_alpha"]);
        assert_eq!(ended.out, "png_alpha: v1 dzi_files/3/notes.txt: moved to dest/.fast_pyramid/found\n");
        assert_eq!(read(&sandbox, &kept), contents);
    }
    // Nothing else empties it.
    sandbox.succeed(&["png_alpha", "--rebuild-from", "0", "-q"]);
    sandbox.succeed(&["verify", "png_alpha", "-q"]);
    sandbox.succeed(&["vacuum", "png_alpha", "--keep-last", "1", "-q"]);
    sandbox.succeed(&["repair", "png_alpha", "-q"]);
    assert_eq!(read(&sandbox, found), "first");
    sandbox.run(&["repair", "png_alpha", "--empty-found"]).expect(
        0,
        str![[r#"
png_alpha: emptied dest/.fast_pyramid/found
png_alpha: no problems, nothing to repair

"#]],
    );
    assert!(!sandbox.path("png_alpha/dest/.fast_pyramid/found").exists());
}

/// Replacing and dropping trees deletes the tool's files only.
#[test]
fn files_in_replaced_and_dropped_trees_are_kept() {
    for arguments in [&["png_alpha", "--rebuild-from", "0", "-q"][..], &["vacuum", "png_alpha", "--drop", "0", "-q"]] {
        let sandbox = built("png_alpha");
        for name in ["page.html", "dzi_files/page.html", "dzi_files/4/page.html", "dzi_files/mine/0_0.png"] {
            sandbox.write(&format!("png_alpha/dest/dzi/v0/{name}"), "precious");
        }
        sandbox.succeed(arguments);
        let found = |name: &str| read(&sandbox, &format!("png_alpha/dest/.fast_pyramid/found/v0/{name}"));
        for name in ["page.html", "dzi_files/page.html", "dzi_files/4/page.html", "dzi_files/mine/0_0.png"] {
            assert_eq!(found(name), "precious", "{arguments:?}: {name}");
        }
        assert_tree_rules(&sandbox.path("png_alpha"));
        sandbox.succeed(&["verify", "png_alpha", "-q"]);
    }
}

#[test]
fn file_in_place_of_a_link_is_kept_unless_it_is_a_copy_of_its_tile() {
    let sandbox = built("png_alpha");
    let link = fs::read_dir(sandbox.path("png_alpha/dest/dzi/v0/dzi_files"))
        .unwrap()
        .filter_map(|level| fs::read_dir(level.unwrap().path()).ok())
        .flatten()
        .map(|tile| tile.unwrap().path())
        .find(|tile| tile.is_symlink())
        .unwrap();
    let copy = fs::read(&link).unwrap();
    for (contents, is_kept) in [(b"precious".to_vec(), true), (copy, false)] {
        fs::remove_file(&link).unwrap();
        fs::write(&link, &contents).unwrap();
        let object = sandbox.succeed(&["repair", "png_alpha", "--json", "-q"]).json().remove(0);
        assert_eq!(object["repaired"]["link_made"], json!(1));
        assert_eq!(object["repaired"].get("moved_to_found").is_some(), is_kept);
        assert!(link.is_symlink());
    }
    let below = link.strip_prefix(sandbox.path("png_alpha/dest/dzi")).unwrap();
    let found = sandbox.path("png_alpha/dest/.fast_pyramid/found").join(below);
    assert_eq!(fs::read(found).unwrap(), b"precious");
    assert_tree_rules(&sandbox.path("png_alpha"));
}

#[test]
fn copied_latest_is_moved_and_reported() {
    let sandbox = built("png_alpha");
    let latest = sandbox.path("png_alpha/dest/dzi/latest");
    fs::remove_file(&latest).unwrap();
    sandbox.write("png_alpha/dest/dzi/latest/dzi.xml", "copied");
    let ended = sandbox.succeed(&["repair", "png_alpha"]);
    assert!(ended.err.contains("dest/.fast_pyramid/found keeps what was moved there"), "{}", ended.err);
    assert_eq!(read(&sandbox, "png_alpha/dest/.fast_pyramid/found/latest/dzi.xml"), "copied");
    assert!(latest.is_symlink());
}
