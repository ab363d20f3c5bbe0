//! How damaged, unsupported and wrongly sized tiles are reported (docs/tiles.md).

use snapbox::data::Inline;
use snapbox::str;
use test_support::cli::Sandbox;

/// A pyramid of one tile that is refused.
#[track_caller]
fn refused(file: &str, tile: &str, expected: Inline) {
    Sandbox::with_odd(file, tile, 64, 48).refuse_p(expected);
}

#[test]
fn unsupported_jpeg_is_refused() {
    refused(
        "cmyk.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 not supported: 0_0.jpg (4 components (CMYK or YCCK))
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
    refused(
        "arithmetic_header.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 not supported: 0_0.jpg (arithmetic coding)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
    refused(
        "twelve_bit_header.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 not supported: 0_0.jpg (12 bits per sample (only 8 are supported))
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn turned_jpeg_is_refused() {
    Sandbox::with_odd("exif_orientation_6.jpg", "0_0.jpg", 64, 48).refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 with an EXIF orientation: 0_0.jpg (EXIF orientation 6; tiles must have 1)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
    Sandbox::with_odd("exif_orientation_6.jpg", "0_0.jpg", 48, 64).refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 of the wrong size: 0_0.jpg (64x48 pixels, expected 48x64)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
    Sandbox::with_odd("exif_orientation_1.jpg", "0_0.jpg", 64, 48).succeed(&["p"]);
}

#[test]
fn damaged_jpeg_is_refused() {
    refused(
        "truncated.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.jpg (byte 1077: the file is truncated)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
    refused(
        "no_end_marker.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.jpg (byte 1614: the file is truncated: no end-of-image marker)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn damaged_png_is_refused() {
    refused(
        "truncated.png",
        "0_0.png",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.png (the file is truncated)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
    refused(
        "bad_checksum.png",
        "0_0.png",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.png (Corrupt deflate stream. WrongChecksum)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn web_page_named_jpg_is_refused() {
    refused(
        "html_error_page.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.jpg (an HTML or XML file, not an image)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn web_page_named_png_is_refused() {
    refused(
        "html_error_page.jpg",
        "0_0.png",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.png (an HTML or XML file, not an image)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn empty_jpg_is_refused() {
    refused(
        "empty.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.jpg (empty file)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn empty_png_is_refused() {
    refused(
        "empty.jpg",
        "0_0.png",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.png (empty file)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn png_named_jpg_is_refused() {
    refused(
        "really_png.jpg",
        "0_0.jpg",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.jpg (a PNG file, not a JPEG)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn jpeg_named_png_is_refused() {
    refused(
        "really_jpeg.png",
        "0_0.png",
        str![[r#"
error: p/v0: 1 tile is wrong
  1 damaged: 0_0.png (a JPEG file, not a PNG)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn tile_of_the_wrong_size_is_refused() {
    Sandbox::with_odd("plain.jpg", "0_0.jpg", 64, 49).refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 of the wrong size: 0_0.jpg (64x48 pixels, expected 64x49)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
    Sandbox::with_odd("plain.jpg", "0_0.jpg", 63, 48).refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 of the wrong size: 0_0.jpg (64x48 pixels, expected 63x48)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
    Sandbox::with_odd("rgb.png", "0_0.png", 10, 10).refuse_p(str![[r#"
error: p/v0: 1 tile is wrong
  1 of the wrong size: 0_0.png (64x48 pixels, expected 10x10)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn tiles_of_the_wrong_size_are_counted() {
    let sandbox = Sandbox::with_row(40);
    sandbox.spec("p", "{ width: 2560, height: 50, tile_size: 64, overlap: 0 }");
    sandbox.refuse_p(str![[r#"
error: p/v0: 40 tiles are wrong
  40 of the wrong size: 0_0.jpg, 1_0.jpg, 2_0.jpg, ... (64x48 pixels, expected 64x50)
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn several_faults_are_reported_at_once() {
    let sandbox = Sandbox::with_row(8);
    for (column, file) in
        ["cmyk.jpg", "truncated.jpg", "exif_orientation_6.jpg", "empty.jpg", "really_png.jpg"].iter().enumerate()
    {
        sandbox.odd(file, &format!("p/v0/{}_0.jpg", column + 1));
    }
    sandbox.write("p/v0/6_0.jpg", std::fs::read(test_support::fixture("relief/v0/0_0.jpg")).unwrap());
    sandbox.refuse_p(str![[r#"
error: p/v0: 6 tiles are wrong
  1 of the wrong size: 6_0.jpg (256x256 pixels, expected 64x48)
  3 damaged: 2_0.jpg (byte 1077: the file is truncated), 4_0.jpg (empty file), 5_0.jpg (a PNG file, not a JPEG); and 2 of other kinds
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]]);
}

#[test]
fn patch_with_a_damaged_tile_changes_nothing_published() {
    let sandbox = Sandbox::with_row(3);
    sandbox.succeed(&["p"]);
    sandbox.odd("grey.jpg", "p/v1/0_0.jpg");
    sandbox.odd("truncated.jpg", "p/v1/1_0.jpg");
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 1 tile is wrong
  1 damaged: 1_0.jpg (byte 1077: the file is truncated)
  nothing of v1 was published or changed; correct its tiles and run the same command again

"#]],
    );
    // Once it is corrected, the same command works.
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v1 built: 12 tiles (8 generated, 2 patched, 2 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn earlier_versions_of_a_failed_build_are_published() {
    let sandbox = Sandbox::with_row(3);
    sandbox.odd("grey.jpg", "p/v1/0_0.jpg");
    sandbox.odd("truncated.jpg", "p/v2/1_0.jpg");
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 3);
    let wrong = "\np: v1 built: 12 tiles (8 generated, 1 patched, 3 linked)\nerror: p/v2: 1 tile is wrong\n  1 damaged: 1_0.jpg";
    assert!(ended.err.contains(wrong), "{}", ended.err);
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
    assert_eq!(std::fs::read_link(sandbox.path("p/dest/dzi/latest")).unwrap().to_str(), Some("v1"));
}
