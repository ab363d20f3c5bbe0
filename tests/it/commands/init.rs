//! `init`: pyramid.json from tiles that are there (docs/tiles.md). Naming schemes are in `contract/naming_schemes.rs`.

use image::GrayImage;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;

/// Writes a grey PNG of this size.
fn tile(sandbox: &Sandbox, name: &str, (width, height): (u32, u32)) {
    let mut bytes = std::io::Cursor::new(Vec::new());
    GrayImage::new(width, height).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    sandbox.write(name, bytes.into_inner());
}

/// A grid of tiles with these widths and heights.
fn grid(sandbox: &Sandbox, folder: &str, widths: &[u32], heights: &[u32]) {
    for (row, height) in heights.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            tile(sandbox, &format!("{folder}/{column}_{row}.png"), (*width, *height));
        }
    }
}

#[test]
fn pyramid_json_is_written_from_the_tiles() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/src/v3", &[16, 16, 16, 12], &[16, 16, 8]);
    sandbox.run(&["init", "p"]).expect(
        0,
        str![[r#"
p: wrote pyramid.json: 60x40 pixels in 4x3 tiles of 16, overlap 0
p: png tiles named "column_row", counted from 0, row 0 is at the top

"#]],
    );
    let text = fs::read_to_string(sandbox.path("p/pyramid.json")).unwrap();
    assert_eq!(
        text,
        "{\n  \"width\": 60,\n  \"height\": 40,\n  \"tile_size\": 16,\n  \"overlap\": 0,\n  \"format\": \"png\"\n}\n"
    );
    sandbox.succeed(&["p", "-q"]);
}

#[test]
fn existing_pyramid_json_is_never_changed() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[16, 8], &[16]);
    for text in ["", "mine"] {
        sandbox.spec("p", text);
        sandbox.run(&["init", "p"]).expect(
            3,
            str![[r#"
error: p/pyramid.json: already exists
  delete it to have another one written

"#]],
        );
        assert_eq!(fs::read_to_string(sandbox.path("p/pyramid.json")).unwrap(), text);
    }
}

#[test]
fn dry_run_of_init_writes_nothing_and_several_folders_are_tried() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[16, 8], &[16]);
    grid(&sandbox, "q/v0", &[5], &[7]);
    sandbox.run(&["init", "--dry-run", "p", "nowhere", "q"]).expect(
        3,
        str![[r#"
p: would write pyramid.json: 24x16 pixels in 2x1 tiles of 16, overlap 0
p: png tiles named "column_row", counted from 0, row 0 is at the top
error: nowhere: no such folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR
q: would write pyramid.json: 5x7 pixels in 1x1 tile of 7, overlap 0
q: png tiles named "column_row", counted from 0, row 0 is at the top

"#]],
    );
    assert!(!sandbox.path("p/pyramid.json").exists() && !sandbox.path("nowhere").exists());
}

#[test]
fn sizes_that_do_not_fit_together_are_refused_with_names() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[16, 16, 16, 12], &[16, 16, 16, 8]);
    tile(&sandbox, "p/v0/3_1.png", (11, 16));
    tile(&sandbox, "p/v0/1_2.png", (16, 15));
    sandbox.run(&["init", "p"]).expect(
        3,
        str![[r#"
error: p/v0: the sizes of its tiles do not fit together
  2 of the wrong size: 3_1.png (11x16 pixels, expected 12x16), 1_2.png (16x15 pixels, expected 16x16)
  correct these tiles, or write pyramid.json by hand

"#]],
    );
    fs::write(sandbox.path("p/v0/1_2.png"), "not a picture").unwrap();
    sandbox.run(&["init", "p"]).expect(
        3,
        str![[r#"
error: p/v0/1_2.png: unknown format, first bytes 6e 6f 74 20 61 20 70 69; supported are JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) and WebP
  replace this tile by a whole JPEG or PNG

"#]],
    );
    assert!(!sandbox.path("p/pyramid.json").exists());
}

#[test]
fn overlap_is_found() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[17, 18, 18, 13], &[17, 18, 9]);
    sandbox.run(&["init", "p"]).expect(
        0,
        str![[r#"
p: wrote pyramid.json: 60x40 pixels in 4x3 tiles of 16, overlap 1
p: png tiles named "column_row", counted from 0, row 0 is at the top

"#]],
    );
}

#[test]
fn low_first_row_shows_that_rows_are_counted_from_the_bottom() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[16, 16, 16, 12], &[8, 16, 16]);
    sandbox.run(&["init", "p"]).expect(
        0,
        str![[r#"
p: wrote pyramid.json: 60x40 pixels in 4x3 tiles of 16, overlap 0
p: png tiles named "column_row", counted from 0, row 0 is at the bottom

"#]],
    );
    sandbox.succeed(&["p", "-q"]);
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn square_grid_of_whole_tiles_is_ambiguous() {
    let sandbox = Sandbox::in_memory();
    grid(&sandbox, "p/v0", &[16, 16], &[16, 16]);
    sandbox.run(&["init", "p"]).expect(
        0,
        str![[r#"
p: wrote pyramid.json: 32x32 pixels in 2x2 tiles of 16, overlap 0
p: png tiles named "column_row", counted from 0, row 0 is assumed to be at the top
p: in a TMS map, row 0 is at the bottom: write row_order: "bottom_up" into pyramid.json
warning: p: names and sizes would fit as well with columns and rows exchanged; look at the pyramid, and if it is wrong, exchange them in tile_naming

"#]],
    );
}

#[test]
fn order_of_rows_is_said_to_be_assumed_where_no_size_shows_it() {
    for (heights, is_assumed) in
        [(&[16, 16, 16][..], true), (&[16, 16, 8], false), (&[8, 16, 16], false), (&[16], false)]
    {
        let sandbox = Sandbox::in_memory();
        grid(&sandbox, "p/v0", &[16, 16, 16, 16, 12], heights);
        let ended = sandbox.run(&["init", "--json", "p"]);
        assert_eq!(ended.json()[0]["row_order_assumed"], is_assumed, "{heights:?}");
        let says = ended.err.contains("row 0 is assumed to be at the top\n") && ended.err.contains("\"bottom_up\"");
        assert_eq!(says, is_assumed, "{}", ended.err);
    }
}

#[test]
fn init_explains_names_as_build_does() {
    let names = [
        (
            "{c}_{r}",
            (7, 3),
            "columns and rows must begin with the same number, and begin with 7 and 3; rename the tiles",
        ),
        ("{c}{r}", (0, 0), "write tile_naming with their counts, such as \"{column:2}{row:2}\", into pyramid.json"),
    ];
    for (pattern, (column, row), hint) in names {
        let sandbox = Sandbox::in_memory();
        for (c, r) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let name = pattern.replace("{c}", &(c + column).to_string()).replace("{r}", &(r + row).to_string());
            tile(&sandbox, &format!("p/v0/{name}.png"), (16, 16));
        }
        let refused = sandbox.run(&["init", "p"]);
        assert!(refused.code == 3 && refused.err.contains(hint), "{}", refused.err);
        sandbox.spec("p", "{ width: 32, height: 32, tile_size: 16, overlap: 0 }");
        let refused = sandbox.run(&["p"]);
        assert!(refused.code == 3 && refused.err.contains(hint), "{}", refused.err);
    }
}
