//! How missing, unexpected and wrongly named tiles are reported (docs/tiles.md).

use snapbox::str;
use test_support::cli::Sandbox;

#[test]
fn missing_tile_is_reported() {
    let sandbox = Sandbox::with_row(3);
    sandbox.delete("p/v0/1_0.jpg");
    sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 missing: 1_0.jpg
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn missing_tiles_are_counted() {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", "{ width: 64000, height: 48000, tile_size: 64, overlap: 0 }");
    sandbox.refuse_p(str![[r#"
error: p/v0: 749999 tiles are wrong
  749999 missing: 1_0.jpg, 2_0.jpg, 3_0.jpg, ...
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn tiles_without_the_extension_of_pyramid_json_are_refused() {
    let sandbox = Sandbox::with_row(2);
    sandbox.spec("p", "{ width: 128, height: 48, tile_size: 64, overlap: 0, format: 'jpeg' }");
    sandbox.refuse_p(str![[r#"
error: p/v0: 2 tiles are wrong
  2 with another extension: 0_0.jpg, 1_0.jpg (tiles end in .jpeg here)
  write format: "jpg" into pyramid.json; this fits the names of all 2 tiles

"#]]);
}

#[test]
fn another_extension_is_refused() {
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("rgb.png", "p/v0/0_0.png");
    sandbox.odd("plain.jpg", "p/v0/0_0.jpeg");
    sandbox.odd("plain.jpg", "p/v0/0_0.webp");
    sandbox.refuse_p(str![[r#"
error: p/v0: 3 tiles are wrong
  3 with another extension: 0_0.jpeg, 0_0.png, 0_0.webp (tiles end in .jpg here)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn unexpected_files_are_reported() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/v0/notes.txt", "");
    sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 not named like a tile: notes.txt (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn unexpected_files_are_counted() {
    let sandbox = Sandbox::with_row(2);
    for number in 0..20 {
        sandbox.write(&format!("p/v0/copy ({number}) of 0_0.jpg"), "");
    }
    sandbox.refuse_p(str![[r#"
error: p/v0: 20 tiles are wrong
  20 not named like a tile: copy (0) of 0_0.jpg, copy (1) of 0_0.jpg, copy (10) of 0_0.jpg, ... (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn names_with_leading_zeros_or_signs_are_refused() {
    for name in ["00_0.jpg", "+1_0.jpg", "-1_0.jpg", "01_0.jpg", "1_0 .jpg", " 1_0.jpg", "1-0.jpg", "0_0_0.jpg"] {
        let sandbox = Sandbox::with_row(2);
        sandbox.odd("plain.jpg", &format!("p/v0/{name}"));
        let ended = sandbox.run(&["p"]);
        let expected = format!(
            "error: p/v0: 1 tile is wrong\n  1 not named like a tile: {name} (tiles are named like 0_0.jpg)\n  \
             nothing of v0 was published or changed; correct its tiles and run the same command again\n"
        );
        assert_eq!((ended.code, ended.err), (3, expected));
    }
    for name in ["0_0", "0_0.", "0_0.jpg.jpg", "0_0.jpg~", "٠_0.jpg", "1.0_0.jpg", "99999999999_0.jpg"] {
        let sandbox = Sandbox::with_row(2);
        sandbox.odd("plain.jpg", &format!("p/v0/{name}"));
        let ended = sandbox.run(&["p"]);
        assert!(ended.code == 3 && ended.err.contains(&format!(": {name} (")), "{name}: {}", ended.err);
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/v0/a\nb\x1b[31m\n\n\n.jpg", "");
    sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 not named like a tile: a\nb\u{1b}[31m\n\n\n.jpg (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn names_that_are_not_utf_8_are_reported() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::with_row(2);
    // Some file systems allow no such name.
    let name = std::ffi::OsStr::from_bytes(b"1_0\xff.jpg");
    if std::fs::write(sandbox.path("p/v0").join(name), "").is_ok() {
        sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 not named like a tile: 1_0�.jpg (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
    }
}

#[test]
fn tiles_outside_the_grid_are_refused() {
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("plain.jpg", "p/v0/2_0.jpg");
    sandbox.odd("plain.jpg", "p/v0/0_1.jpg");
    sandbox.odd("plain.jpg", "p/v0/4294967295_4294967295.jpg");
    sandbox.refuse_p(str![[r#"
error: p/v0: 3 tiles are wrong
  3 outside the grid: 2_0.jpg, 0_1.jpg, 4294967295_4294967295.jpg (the base has 2x1 tiles)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn link_folder_or_pipe_instead_of_a_tile_is_refused() {
    let sandbox = Sandbox::with_row(4);
    for tile in ["p/v0/0_0.jpg", "p/v0/1_0.jpg", "p/v0/2_0.jpg"] {
        sandbox.delete(tile);
    }
    sandbox.link("p/v0/0_0.jpg", "3_0.jpg");
    std::fs::create_dir(sandbox.path("p/v0/1_0.jpg")).unwrap();
    sandbox.pipe("p/v0/2_0.jpg");
    sandbox.refuse_p(str![[r#"
error: p/v0: 3 tiles are wrong
  3 not a regular file: 0_0.jpg (it is a symbolic link), 1_0.jpg (it is a folder), 2_0.jpg (it is a named pipe)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn folder_among_the_tiles_is_refused() {
    let sandbox = Sandbox::with_row(2);
    std::fs::create_dir(sandbox.path("p/v0/backup")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 not a regular file: backup (it is a folder)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn pipe_in_a_patch_does_not_hang_the_build() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p"]);
    sandbox.write("p/v1/.keep", "");
    sandbox.pipe("p/v1/0_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 1 tile is wrong
  1 not a regular file: 0_0.jpg (it is a named pipe)
  nothing of v1 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn unexpected_files_in_a_patch_are_reported() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p"]);
    sandbox.odd("plain.jpg", "p/v1/2_0.jpg");
    sandbox.odd("rgb.png", "p/v1/0_0.png");
    sandbox.write("p/v1/README", "");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 3 tiles are wrong
  1 not named like a tile: README (tiles are named like 0_0.jpg)
  1 with another extension: 0_0.png (tiles end in .jpg here); and 1 of other kinds
  nothing of v1 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn system_files_among_the_tiles_are_ignored() {
    let sandbox = Sandbox::with_row(2);
    for name in [".DS_Store", "._0_0.jpg", ".hidden", "Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini"] {
        sandbox.write(&format!("p/v0/{name}"), "anything");
    }
    std::fs::create_dir(sandbox.path("p/v0/.snapshots")).unwrap();
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn several_faults_are_reported_at_once() {
    let sandbox = Sandbox::with_row(4);
    sandbox.delete("p/v0/3_0.jpg");
    sandbox.link("p/v0/3_0.jpg", "2_0.jpg");
    sandbox.odd("plain.jpg", "p/v0/9_9.jpg");
    sandbox.odd("rgb.png", "p/v0/0_0.png");
    sandbox.write("p/v0/notes.txt", "");
    sandbox.write("p/v0/00_0.jpg", "");
    sandbox.refuse_p(str![[r#"
error: p/v0: 5 tiles are wrong
  2 not named like a tile: 00_0.jpg, notes.txt (tiles are named like 0_0.jpg)
  1 with another extension: 0_0.png (tiles end in .jpg here); and 2 of other kinds
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn png_tiles_among_as_many_jpeg_tiles_are_refused() {
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("rgb.png", "p/v0/0_0.png");
    sandbox.odd("rgb.png", "p/v0/1_0.png");
    sandbox.refuse_p(str![[r#"
error: p/v0: 2 tiles are wrong
  2 with another extension: 0_0.png, 1_0.png (tiles end in .jpg here)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn tile_with_another_extension_is_not_also_missing() {
    let sandbox = Sandbox::with_row(3);
    std::fs::rename(sandbox.path("p/v0/1_0.jpg"), sandbox.path("p/v0/1_0.jpeg")).unwrap();
    sandbox.refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 with another extension: 1_0.jpeg (tiles end in .jpg here)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn misnamed_tile_is_not_also_missing() {
    let sandbox = Sandbox::with_row(3);
    std::fs::rename(sandbox.path("p/v0/1_0.jpg"), sandbox.path("p/v0/01_0.jpg")).unwrap();
    sandbox.write("p/v0/preview.jpg", "");
    sandbox.delete("p/v0/2_0.jpg");
    sandbox.refuse_p(str![[r#"
error: p/v0: 3 tiles are wrong
  1 missing: 2_0.jpg
  2 not named like a tile: 01_0.jpg, preview.jpg (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn names_without_places_count_once() {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", "{ width: 640, height: 48, tile_size: 64, overlap: 0 }");
    sandbox.delete("p/v0/0_0.jpg");
    for name in ["a", "b", "c"] {
        sandbox.odd("plain.jpg", &format!("p/v0/{name}.jpg"));
    }
    sandbox.refuse_p(str![[r#"
error: p/v0: 10 tiles are wrong
  7 missing
  3 not named like a tile: a.jpg, b.jpg, c.jpg (tiles are named like 0_0.jpg)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn verbose_and_json_list_all_wrong_tiles() {
    let sandbox = Sandbox::with_row(9);
    for column in 2..7 {
        sandbox.delete(&format!("p/v0/{column}_0.jpg"));
    }
    sandbox.write("p/v0/notes.txt", "");
    let lines = "\
p/v0/2_0.jpg: missing
p/v0/3_0.jpg: missing
p/v0/4_0.jpg: missing
p/v0/5_0.jpg: missing
p/v0/6_0.jpg: missing
p/v0/notes.txt: not named like a tile (tiles are named like 0_0.jpg)
";
    let ended = sandbox.run(&["-v", "p"]);
    assert!(ended.err.contains(lines), "{}", ended.err);
    assert!(ended.err.contains("  5 missing: 2_0.jpg, 3_0.jpg, 4_0.jpg, ...\n"), "{}", ended.err);
    let object = sandbox.run(&["--json", "-q", "p"]).json().remove(0);
    let problems: String = object["wrong_tiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("p/{}: {}\n", fault["tile"].as_str().unwrap(), fault["problem"].as_str().unwrap()))
        .collect();
    assert_eq!((problems.as_str(), &object["wrong_tile_count"]), (lines, &6.into()));
    // Faults that show only when the tiles are read are listed, too.
    let sandbox = Sandbox::with_row(2);
    sandbox.odd("truncated.jpg", "p/src/v0/1_0.jpg");
    std::fs::rename(sandbox.path("p/v0/0_0.jpg"), sandbox.path("p/src/v0/0_0.jpg")).unwrap();
    std::fs::remove_dir_all(sandbox.path("p/v0")).unwrap();
    let object = sandbox.run(&["--json", "-q", "p"]).json().remove(0);
    assert_eq!(object["wrong_tiles"][0]["tile"], "src/v0/1_0.jpg");
}

#[test]
fn wrong_tiles_in_folders_are_named_with_them() {
    let sandbox = Sandbox::with_row(4);
    sandbox.spec("p", "{ width: 256, height: 48, tile_size: 64, overlap: 0, tile_naming: 'a/{column}/{row:2}' }");
    for (column, to) in [(0, "a/0/00.jpg"), (1, "a/1/0.jpg"), (2, "a/02/00.jpg"), (3, "b/3/00.jpg")] {
        let to = sandbox.path("p/v0").join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(sandbox.path(&format!("p/v0/{column}_0.jpg")), to).unwrap();
    }
    sandbox.write("p/v0/a/0/Thumbs.db", "");
    sandbox.write("p/v0/a/.DS_Store", "");
    sandbox.write("p/v0/a/4", "");
    sandbox.link("p/v0/a/3", "../b/3");
    let ended = sandbox.run(&["--json", "p"]);
    assert_eq!(ended.code, 3);
    let object = ended.json().remove(0);
    let mut tiles: Vec<&str> =
        object["wrong_tiles"].as_array().unwrap().iter().map(|fault| fault["tile"].as_str().unwrap()).collect();
    tiles.sort_unstable();
    assert_eq!(tiles, ["v0/a/02", "v0/a/1/0.jpg", "v0/a/2/00.jpg", "v0/a/3", "v0/a/3/00.jpg", "v0/a/4", "v0/b"]);
}
