//! Folders of source versions, and `dest`: which are built, and which are refused (docs/versions.md).

use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;
use test_support::copy_sources;
use test_support::tree::{assert_same_tree, assert_tree_rules};

#[test]
fn folder_without_versions_is_refused() {
    let sandbox = Sandbox::with_row(1);
    fs::rename(sandbox.path("p/v0"), sandbox.path("p/tiles")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p: no source version; expected folders v0, v1, ... here or in src
  put all base tiles into v0, named COLUMN_ROW.jpg or .png

"#]]);
    fs::create_dir(sandbox.path("p/src")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p: no source version; expected folders v0, v1, ... here or in src
  put all base tiles into v0, named COLUMN_ROW.jpg or .png

"#]]);
}

#[test]
fn lowest_version_may_have_any_number_but_must_be_complete() {
    let sandbox = Sandbox::with_row(2);
    fs::rename(sandbox.path("p/v0"), sandbox.path("p/v3")).unwrap();
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v3 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert_tree_rules(&sandbox.path("p"));

    let sandbox = Sandbox::with_row(2);
    fs::rename(sandbox.path("p/v0"), sandbox.path("p/v3")).unwrap();
    sandbox.delete("p/v3/1_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v3: 1 tile is wrong
  1 missing: 1_0.jpg
  nothing of v3 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn versions_in_both_places_are_refused() {
    let sandbox = Sandbox::with_row(1);
    sandbox.odd("grey.jpg", "p/src/v1/0_0.jpg");
    sandbox.refuse_p(str![[r#"
error: p: source versions both beside pyramid.json (v0) and in src (v1)
  move all source versions to one of the two places

"#]]);
}

#[test]
fn versions_in_src_are_built() {
    let sandbox = Sandbox::with_row(2);
    fs::create_dir(sandbox.path("p/src")).unwrap();
    fs::rename(sandbox.path("p/v0"), sandbox.path("p/src/v0")).unwrap();
    sandbox.odd("grey.jpg", "p/src/v1/0_0.jpg");
    sandbox.succeed(&["p"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn linked_src_is_refused() {
    let sandbox = Sandbox::with_row(1);
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    fs::rename(sandbox.path("p/v0"), sandbox.path("elsewhere/v0")).unwrap();
    sandbox.link("p/src", "../elsewhere");
    sandbox.refuse_p(str![[r#"
error: p/src: this is a symbolic link; the folders of source versions must be real, or moving the pyramid would break its trees
  rename, move or replace it

"#]]);
}

#[test]
fn version_numbers_with_leading_zeros_or_too_large_are_refused() {
    let sandbox = Sandbox::with_row(1);
    fs::create_dir(sandbox.path("p/v01")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p/v01: not a version number (0 to 4294967295, without leading zeros)
  rename, move or replace it

"#]]);
    fs::remove_dir(sandbox.path("p/v01")).unwrap();
    fs::create_dir(sandbox.path("p/v4294967296")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p/v4294967296: not a version number (0 to 4294967295, without leading zeros)
  rename, move or replace it

"#]]);
}

#[test]
fn file_named_like_a_version_is_refused() {
    let sandbox = Sandbox::with_row(1);
    sandbox.write("p/v1", "");
    sandbox.refuse_p(str![[r#"
error: p/v1: named like a source version, but not a folder
  rename, move or replace it

"#]]);
    sandbox.delete("p/v1");
    sandbox.pipe("p/v1");
    sandbox.refuse_p(str![[r#"
error: p/v1: named like a source version, but not a folder
  rename, move or replace it

"#]]);
}

#[test]
fn linked_version_is_refused() {
    let sandbox = Sandbox::with_row(1);
    fs::rename(sandbox.path("p/v0"), sandbox.path("elsewhere")).unwrap();
    sandbox.link("p/v0", "../elsewhere");
    sandbox.refuse_p(str![[r#"
error: p/v0: this is a symbolic link; the folders of source versions must be real, or moving the pyramid would break its trees
  rename, move or replace it

"#]]);
}

#[test]
fn other_files_beside_the_versions_are_ignored() {
    let sandbox = Sandbox::with_row(1);
    sandbox.write("p/README.md", "");
    sandbox.write("p/v", "");
    sandbox.write("p/v1.zip", "");
    sandbox.write("p/v-1", "");
    sandbox.write("p/versions/v1/0_0.jpg", "");
    sandbox.write("p/V1/0_0.jpg", "");
    sandbox.write("p/src", "");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v0 built: 7 tiles (6 generated, 1 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
}

#[test]
fn gaps_in_version_numbers_are_allowed() {
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("grey.jpg", "p/v7/0_0.jpg");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: v7 built: 9 tiles (7 generated, 1 patched, 1 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn linked_dest_is_refused() {
    let sandbox = Sandbox::with_row(1);
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.link("p/dest", "../elsewhere");
    let ended = sandbox.run(&["p"]);
    assert_ne!(ended.code, 0);
    test_support::cli::same(
        &ended.err,
        str![[r#"
error: p/dest: this is a symbolic link, so the relative links in the trees would not work
  make it a real folder; a disk can be mounted there

"#]],
    );
    assert_eq!(fs::read_dir(sandbox.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn pyramid_folder_may_be_given_in_any_spelling() {
    let sandbox = Sandbox::with_fixture("png_alpha");
    sandbox.succeed(&["png_alpha"]);
    let reference = sandbox.path("png_alpha/dest/dzi");
    copy_sources("png_alpha", &sandbox.path("with blank"));
    sandbox.succeed(&["with blank/"]);
    assert_same_tree(&sandbox.path("with blank/dest/dzi"), &reference);

    copy_sources("png_alpha", &sandbox.path("target"));
    sandbox.link("linked", "target");
    sandbox.succeed(&["./linked"]);
    assert_same_tree(&sandbox.path("target/dest/dzi"), &reference);

    copy_sources("png_alpha", &sandbox.path("info"));
    sandbox.succeed(&["./info"]);
    assert_same_tree(&sandbox.path("info/dest/dzi"), &reference);

    copy_sources("png_alpha", &sandbox.path("-dash"));
    sandbox.succeed(&["--", "-dash"]);
    assert_same_tree(&sandbox.path("-dash/dest/dzi"), &reference);

    let inside = Sandbox::with_fixture("png_alpha");
    let mut command = inside.command();
    command.current_dir(inside.path("png_alpha")).arg(".");
    assert!(command.output().status.success());
    assert_same_tree(&inside.path("png_alpha/dest/dzi"), &reference);
}

#[test]
fn missing_folder_file_or_dangling_link_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    sandbox.link("dangling", "nowhere");
    sandbox.run(&["nowhere"]).expect(
        3,
        str![[r#"
error: nowhere: no such folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR

"#]],
    );
    sandbox.run(&["file"]).expect(
        3,
        str![[r#"
error: file: not a folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR

"#]],
    );
    sandbox.run(&["dangling"]).expect(
        3,
        str![[r#"
error: dangling: not a folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR

"#]],
    );
    sandbox.run(&["info", "nowhere"]).expect(
        3,
        str![[r#"
error: nowhere: no such folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR

"#]],
    );
    sandbox.run(&["changes", "nowhere"]).expect(
        3,
        str![[r#"
error: nowhere: no such folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR

"#]],
    );
}
