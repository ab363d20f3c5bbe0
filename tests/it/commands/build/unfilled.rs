//! Version folders that are still being filled are skipped; unfinished files beside tiles stop a version.

use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::tree::assert_tree_rules;

#[test]
fn folder_without_tiles_is_skipped_until_it_has_some() {
    let sandbox = Sandbox::with_row(2);
    fs::create_dir(sandbox.path("p/v1")).unwrap();
    sandbox.write("p/v1/.DS_Store", "left behind");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
warning: p: p/v1 holds no tiles yet; it is skipped (fill a folder with another name, then rename it to v1)
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert!(!sandbox.path("p/dest/dzi/v1").exists());
    sandbox.odd("grey.jpg", "p/v1/0_0.jpg");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v1 built: 9 tiles (7 generated, 1 patched, 1 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn folder_of_unfinished_files_is_skipped() {
    for unfinished in [".0_0.jpg.AbC123", "0_0.jpg.part", ".~tmp/0_0.jpg", "0_0.tmp"] {
        let sandbox = Sandbox::with_row(2);
        sandbox.odd("grey.jpg", &format!("p/v1/{unfinished}"));
        let ended = sandbox.succeed(&["p"]);
        let name = unfinished.split('/').next().unwrap();
        assert!(ended.err.contains(&format!("holds only unfinished files, such as {name}")), "{}", ended.err);
        assert!(!sandbox.path("p/dest/dzi/v1").exists(), "{unfinished}");
        let json = sandbox.succeed(&["p", "--json", "-q"]).json().remove(0);
        assert_eq!(json["versions"].as_array().unwrap().len(), 1, "{unfinished}");
    }
}

#[test]
fn unfinished_file_beside_tiles_stops_the_version() {
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("grey.jpg", "p/v1/0_0.jpg");
    sandbox.odd("grey.jpg", "p/v1/.1_0.jpg.Zx81aQ");
    sandbox.run(&["p"]).expect(
        3,
        str![[r#"
error: p/v1: 1 tile is wrong
  1 unfinished: .1_0.jpg.Zx81aQ
  nothing of v1 was published or changed; wait until they are copied, or delete what is left of a copy that failed and run the same command again

"#]],
    );
    fs::rename(sandbox.path("p/v1/.1_0.jpg.Zx81aQ"), sandbox.path("p/v1/1_0.jpg")).unwrap();
    sandbox.succeed(&["p"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn pyramid_without_any_tile_is_refused() {
    let sandbox = Sandbox::with_row(2);
    fs::remove_dir_all(sandbox.path("p/v0")).unwrap();
    fs::create_dir(sandbox.path("p/v0")).unwrap();
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v0 holds no tiles yet
  put the tiles of the whole picture into v0, named COLUMN_ROW.jpg or .png

"#]],
    );
}

/// Version 1 was skipped when version 2 was published, and is filled later.
#[test]
fn version_that_is_filled_late_is_built_with_all_above() {
    let sandbox = Sandbox::with_row(3);
    fs::create_dir(sandbox.path("p/v1")).unwrap();
    sandbox.odd("grey.jpg", "p/v2/1_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox.succeed(&["p", "-q"]);
    sandbox.odd("progressive.jpg", "p/v1/0_0.jpg");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v1 built: 12 tiles (0 generated, 1 patched, 11 linked)
p: v2 built: 12 tiles (8 generated, 1 patched, 3 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
}

#[test]
fn cut_leaves_a_folder_that_is_being_filled_alone() {
    let sandbox = Sandbox::new();
    test_support::cutting::save(&sandbox, "a.png", &test_support::cutting::picture(1));
    test_support::cutting::save(&sandbox, "b.png", &test_support::cutting::picture(2));
    sandbox.succeed(&["cut", "--build", "a.png", "p", "-q"]);
    sandbox.write("p/v1/0_0.png.part", "half");
    sandbox.succeed(&["cut", "--build", "b.png", "p"]);
    assert!(sandbox.path("p/dest/dzi/v2/dzi.xml").is_file());
    assert_eq!(fs::read(sandbox.path("p/v1/0_0.png.part")).unwrap(), b"half");
}
