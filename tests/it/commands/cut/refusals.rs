//! Arguments, files and settings that `cut` refuses, with the messages.

use snapbox::data::Inline;
use snapbox::str;
use test_support::cli::Sandbox;
use test_support::cutting::{cut, cut_once, save};
use test_support::pictures::Png;
use test_support::tree::{assert_same_snapshot, snapshot};

/// Fails unless `cut` ends with this code and message, and changes nothing.
#[track_caller]
pub(super) fn assert_refused(sandbox: &Sandbox, arguments: &[&str], code: i32, expected: Inline) {
    let before = snapshot(&sandbox.path(""));
    sandbox.run(&[&["cut"], arguments].concat()).expect(code, expected);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn missing_picture_is_refused() {
    let sandbox = Sandbox::new();
    assert_refused(
        &sandbox,
        &["nowhere.png", "p"],
        3,
        str![[r#"
error: nowhere.png: cannot read: No such file or directory (os error 2)
  check the path; a relative one begins at the current folder

"#]],
    );
}

#[test]
fn folder_instead_of_a_picture_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    assert_refused(
        &sandbox,
        &["folder", "p"],
        3,
        str![[r#"
error: folder: a folder, not a picture
  give the picture first, then the pyramid's folder; for several pictures use --into DIR

"#]],
    );
}

#[test]
fn folder_and_picture_in_the_wrong_order_are_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
    assert_refused(
        &sandbox,
        &["folder", "a.png"],
        3,
        str![[r#"
error: folder: a folder, not a picture
  give the picture first, then the pyramid's folder; for several pictures use --into DIR

"#]],
    );
}

#[test]
fn empty_picture_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.png", "");
    assert_refused(
        &sandbox,
        &["empty.png", "p"],
        3,
        str![[r#"
error: empty.png: empty (0 bytes)
  give a JPEG, PNG, TIFF, PNM or WebP

"#]],
    );
}

#[test]
fn web_page_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("text.png", "<html><head>404</head></html>");
    assert_refused(
        &sandbox,
        &["text.png", "p"],
        3,
        str![[r#"
error: text.png: not supported: web page (HTML); supported are JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) and WebP
  give a JPEG, PNG, TIFF, PNM or WebP

"#]],
    );
}

#[test]
fn unknown_kind_of_file_is_refused_with_its_first_bytes() {
    let sandbox = Sandbox::new();
    sandbox.write("nothing.bin", [0; 100]);
    assert_refused(
        &sandbox,
        &["nothing.bin", "p"],
        3,
        str![[r#"
error: nothing.bin: unknown format, first bytes 00 00 00 00 00 00 00 00; supported are JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) and WebP
  give a JPEG, PNG, TIFF, PNM or WebP

"#]],
    );
}

#[test]
fn jpeg_of_four_components_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.odd("cmyk.jpg", "cmyk.jpg");
    assert_refused(
        &sandbox,
        &["cmyk.jpg", "p"],
        3,
        str![[r#"
error: cmyk.jpg: not supported: JPEG with 4 components (CMYK or YCCK)
  convert it first, for example to PNG or to TIFF with LZW

"#]],
    );
}

#[test]
fn jpeg_with_arithmetic_coding_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.odd("arithmetic_header.jpg", "arithmetic.jpg");
    assert_refused(
        &sandbox,
        &["arithmetic.jpg", "p"],
        3,
        str![[r#"
error: arithmetic.jpg: not supported: JPEG with arithmetic coding
  convert it first, for example to PNG or to TIFF with LZW

"#]],
    );
}

/// Fails unless these arguments of `cut` are wrong usage and change nothing.
#[track_caller]
fn assert_wrong_usage(arguments: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", Png::new(2, 8).file((20, 20), 1, &[]));
    let before = snapshot(&sandbox.path(""));
    assert_eq!(sandbox.run(&[&["cut"], arguments].concat()).code, 2, "{arguments:?}");
    assert_same_snapshot(&before, &snapshot(&sandbox.path("")));
}

#[test]
fn wrong_number_of_arguments_is_wrong_usage() {
    for arguments in [&["a.png"] as &[&str], &["a.png", "p", "q"], &[]] {
        assert_wrong_usage(arguments);
    }
}

#[test]
fn wrong_number_of_arguments_says_what_to_add() {
    let sandbox = Sandbox::in_memory();
    sandbox.run(&["cut", "a.png"]).expect(
        2,
        str![[r#"
error: cut takes a picture and a folder, but 1 path was given
  add the folder to create after the picture, or use --into DIR

"#]],
    );
    sandbox.run(&["cut", "a.png", "b.png", "c.png"]).expect(
        2,
        str![[r#"
error: cut takes a picture and a folder, but 3 paths were given
  for several pictures use --into DIR

"#]],
    );
}

#[test]
fn negative_number_gets_the_message_of_any_other_out_of_range() {
    let sandbox = Sandbox::in_memory();
    for (option, high) in
        [("--tile-size", "20000"), ("--overlap", "9000"), ("--quality", "300"), ("--tolerance", "300")]
    {
        let message = |value: &str| sandbox.run(&["cut", "a.png", "p", option, value]).err.replace(value, "N");
        assert_eq!(message("-1"), message(high), "{option}");
    }
    for arguments in [&["-j"] as &[&str], &["--wait"], &["--rebuild-from"]] {
        // No number of threads, seconds or versions is that high.
        let message =
            |value: &str| sandbox.run(&[&["build", "p"], arguments, &[value]].concat()).err.replace(value, "N");
        assert_eq!(message("-1"), message("99999999999"), "{arguments:?}");
    }
}

#[test]
fn option_out_of_range_is_wrong_usage() {
    for [option, value] in [
        ["--tile-size", "0"],
        ["--tile-size", "16385"],
        ["--overlap", "8193"],
        ["--format", "webp"],
        ["--quality", "0"],
        ["--quality", "101"],
        ["--max-memory", "0"],
        ["--max-memory", "much"],
        ["--list", "a.png"],
    ] {
        assert_wrong_usage(&["a.png", "p", option, value]);
    }
}

#[test]
fn picture_of_another_size_is_refused() {
    let (sandbox, picture) = cut_once("jpg", &["--build"]);
    save(&sandbox, "other.png", &image::imageops::crop_imm(&picture, 0, 0, 99, 70).to_image());
    assert_refused(
        &sandbox,
        &["other.png", "p"],
        3,
        str![[r#"
error: other.png: 99x70 pixels, but the pyramid p is 100x70
  use another folder: the versions of a pyramid show the same picture, changed

"#]],
    );
}

#[test]
fn another_tile_size_is_wrong_usage() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    assert_refused(
        &sandbox,
        &["a.png", "p", "--tile-size", "32"],
        2,
        str![[r#"
error: p/pyramid.json: tile_size is 16, but 32 was requested
  leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json

"#]],
    );
}

#[test]
fn another_format_is_wrong_usage() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    assert_refused(
        &sandbox,
        &["a.png", "p", "--format", "png"],
        2,
        str![[r#"
error: p/pyramid.json: format is jpg, but png was requested
  leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json

"#]],
    );
}

#[test]
fn another_quality_is_wrong_usage() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    assert_refused(
        &sandbox,
        &["a.png", "p", "--quality", "81"],
        2,
        str![[r#"
error: p/pyramid.json: quality is 80, but 81 was requested
  leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json

"#]],
    );
}

#[test]
fn overlap_of_more_than_half_a_tile_is_refused() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    assert_refused(
        &sandbox,
        &["a.png", "q", "--tile-size", "16", "--overlap", "9"],
        2,
        str![[r#"
error: the overlap is at most half of the tile size: 8 for tiles of 16, not 9
  use --overlap 8 or less, or larger tiles

"#]],
    );
    assert_refused(
        &sandbox,
        &["a.png", "p", "--overlap", "1"],
        2,
        str![[r#"
error: p/pyramid.json: overlap is 0, but 1 was requested
  leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json

"#]],
    );
}

#[test]
fn tolerance_is_refused_where_png_tiles_overlap() {
    let (sandbox, _) = cut_once("png", &["--build", "--overlap", "1"]);
    assert_refused(
        &sandbox,
        &["a.png", "p", "--tolerance", "2"],
        2,
        str![[r#"
error: PNG tiles that overlap have to agree exactly, so no tolerance is possible
  leave --tolerance out, or use JPEG tiles

"#]],
    );
}

#[test]
fn waiting_pyramid_json_without_overlap_is_refused() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    sandbox.spec("r", "{ width: 100, height: 70, tile_size: 16 }");
    assert_refused(
        &sandbox,
        &["a.png", "r"],
        3,
        str![[r#"
error: r/pyramid.json: "overlap" is missing
  expected a whole number from 0 to 8

"#]],
    );
}

#[test]
fn settings_that_the_pyramid_has_may_be_repeated() {
    let (sandbox, _) = cut_once("jpg", &["--build"]);
    let report = cut(&sandbox, &["a.png", "p", "--tile-size", "16", "--format", "jpeg", "--quality", "80"]);
    assert_eq!(report["status"], "unchanged");
}
