//! How `build` and `info` refuse an invalid pyramid.json (docs/pyramid-json.md).

use snapbox::data::Inline;
use snapbox::str;
use test_support::cli::{Ended, Sandbox};

/// Fails unless `build` refuses this pyramid.json with this message, and `info` with the same.
#[track_caller]
fn refused(text: &[u8], expected: Inline) {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", text);
    let informed = sandbox.run(&["info", "p"]);
    sandbox.refuse_p(expected);
    let Ended { code, out, err } = sandbox.run(&["p"]);
    assert_eq!((informed.code, informed.out, informed.err), (code, out, err));
    assert!(!sandbox.path("p/dest").exists());
}

#[test]
fn unknown_key_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, tilesize: 64 }",
        str![[r#"
error: p/pyramid.json: unknown key "tilesize"
  expected one of width, height, tile_size, overlap, format, quality, optimize, filter, linear, tile_naming

"#]],
    );
}

#[test]
fn missing_width_is_refused() {
    refused(
        b"{ height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: the key "width" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn missing_height_is_refused() {
    refused(
        b"{ width: 64, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: the key "height" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn missing_tile_size_is_refused() {
    refused(
        b"{ width: 64, height: 48, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: the key "tile_size" is missing
  expected a whole number from 1 to 16384

"#]],
    );
}

#[test]
fn missing_overlap_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64 }",
        str![[r#"
error: p/pyramid.json: the key "overlap" is missing
  expected a whole number from 0 to 16384

"#]],
    );
}

#[test]
fn empty_object_is_refused_for_its_first_missing_key() {
    refused(
        b"{}",
        str![[r#"
error: p/pyramid.json: the key "width" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn repeated_key_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, width: 64 }",
        str![[r#"
error: p/pyramid.json: the key "width" stands there twice
  expected each key once

"#]],
    );
}

#[test]
fn key_in_capitals_is_unknown() {
    refused(
        b"{ Width: 64, height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: unknown key "Width"
  expected one of width, height, tile_size, overlap, format, quality, optimize, filter, linear, tile_naming

"#]],
    );
}

#[test]
fn zero_width_is_refused() {
    refused(
        b"{ width: 0, height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is 0
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn negative_height_is_refused() {
    refused(
        b"{ width: 64, height: -48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "height" is -48
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn fractional_height_is_refused() {
    refused(
        b"{ width: 64, height: 48.5, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "height" is 48.5
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn zero_tile_size_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 0, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "tile_size" is 0
  expected a whole number from 1 to 16384

"#]],
    );
}

#[test]
fn negative_overlap_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: -1 }",
        str![[r#"
error: p/pyramid.json: "overlap" is -1
  expected a whole number from 0 to 16384

"#]],
    );
}

#[test]
fn width_above_the_limit_is_refused() {
    refused(
        b"{ width: 99999999999, height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is 99999999999
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn tile_size_above_the_limit_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 4294967296, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "tile_size" is 4294967296
  expected a whole number from 1 to 16384

"#]],
    );
}

#[test]
fn quality_zero_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, quality: 0 }",
        str![[r#"
error: p/pyramid.json: "quality" is 0
  expected a whole number from 1 to 100

"#]],
    );
}

#[test]
fn quality_above_100_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, quality: 101 }",
        str![[r#"
error: p/pyramid.json: "quality" is 101
  expected a whole number from 1 to 100

"#]],
    );
}

#[test]
fn fractional_quality_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, quality: 79.5 }",
        str![[r#"
error: p/pyramid.json: "quality" is 79.5
  expected a whole number from 1 to 100

"#]],
    );
}

#[test]
fn width_as_text_is_refused() {
    refused(
        b"{ width: '64', height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is "64"
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn null_width_is_refused() {
    refused(
        b"{ width: null, height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is null
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn width_as_a_list_is_refused() {
    refused(
        b"{ width: [64], height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is a list
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn overlap_as_a_boolean_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: false }",
        str![[r#"
error: p/pyramid.json: "overlap" is false
  expected a whole number from 0 to 16384

"#]],
    );
}

#[test]
fn optimize_as_a_number_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, optimize: 1 }",
        str![[r#"
error: p/pyramid.json: "optimize" is 1
  expected true or false

"#]],
    );
}

#[test]
fn linear_as_text_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, linear: 'yes' }",
        str![[r#"
error: p/pyramid.json: "linear" is "yes"
  expected true or false

"#]],
    );
}

#[test]
fn unknown_format_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, format: 'webp' }",
        str![[r#"
error: p/pyramid.json: "format" is "webp"
  expected the tiles' extension: jpg, jpeg or png

"#]],
    );
}

#[test]
fn format_as_a_number_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, format: 3 }",
        str![[r#"
error: p/pyramid.json: "format" is 3
  expected the tiles' extension: jpg, jpeg or png

"#]],
    );
}

#[test]
fn unknown_filter_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, filter: 'bicubic' }",
        str![[r#"
error: p/pyramid.json: "filter" is "bicubic"
  expected one of "mean", "lanczos3", "nearest", "mode"

"#]],
    );
}

#[test]
fn unknown_tile_naming_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, tile_naming: 'yx' }",
        str![[r#"
error: p/pyramid.json: "tile_naming" is "yx"
  expected one of "column_row", "row_column"

"#]],
    );
}

#[test]
fn linear_with_a_filter_that_averages_nothing_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, filter: 'nearest', linear: true }",
        str![[r#"
error: p/pyramid.json: "linear" is true, but this "filter" averages nothing
  expected "linear" with the filters "mean" and "lanczos3" only

"#]],
    );
}

#[test]
fn more_base_tiles_than_the_limit_are_refused() {
    refused(
        b"{ width: 999999999, height: 999999999, tile_size: 1, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: 999999999x999999999 pixels in tiles of 1 are 999999998000000001 base tiles
  expected at most 4294967296 base tiles; use larger ones

"#]],
    );
}

#[test]
fn overlap_other_than_0_is_refused_by_build() {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", "{ width: 64, height: 48, tile_size: 64, overlap: 1 }");
    sandbox.refuse_p(str![[r#"
error: p/pyramid.json: "overlap" is 1, but only 0 is supported by this release
  cut the base tiles without overlap and write overlap: 0

"#]]);
}

#[test]
fn empty_file_is_refused() {
    refused(
        b"",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: it ends within object
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn object_without_braces_is_refused() {
    refused(
        b"width: 64",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn list_instead_of_an_object_is_refused() {
    refused(
        b"[64, 48]",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn number_instead_of_an_object_is_refused() {
    refused(
        b"64",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn missing_comma_is_refused() {
    refused(
        b"{ width: 64, height: 48\n  tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: expected comma at line 2 column 3
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn missing_closing_brace_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: it ends within object
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn characters_after_the_object_are_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 } }",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: trailing characters at line 1 column 54
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn unfinished_comment_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 /* }",
        str![[r#"
error: p/pyramid.json: it is not valid JSON5: it ends within comment
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn latin_1_comment_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 } // \xe9",
        str![[r#"
error: p/pyramid.json: it is not UTF-8 text
  save it as UTF-8

"#]],
    );
}

#[test]
fn utf_16_is_refused() {
    refused(
        b"\xff\xfe{\x00 \x00w\x00",
        str![[r#"
error: p/pyramid.json: it is not UTF-8 text
  save it as UTF-8

"#]],
    );
}

#[test]
fn json5_syntax_is_accepted() {
    let texts = [
        "{ \"width\": 64, \"height\": 48, \"tile_size\": 64, \"overlap\": 0 }",
        "// by hand\n{ width: 64, 'height': 48, tile_size: 0x40, overlap: 0, }\n",
        "\u{feff}{ width: 64, height: 48, tile_size: 64, overlap: 0 }\r\n",
    ];
    for text in texts {
        let sandbox = Sandbox::with_row(1);
        sandbox.spec("p", text);
        sandbox.succeed(&["p"]);
    }
}

#[test]
fn missing_pyramid_json_is_refused() {
    let sandbox = Sandbox::with_row(1);
    sandbox.delete("p/pyramid.json");
    sandbox.refuse_p(str![[r#"
error: p/pyramid.json does not exist
  write one such as { width: 750, height: 500, tile_size: 250, overlap: 0 } with your picture's numbers

"#]]);
    assert!(!sandbox.path("p/dest").exists());
}

#[test]
fn linked_pyramid_json_is_read() {
    let sandbox = Sandbox::with_row(1);
    std::fs::rename(sandbox.path("p/pyramid.json"), sandbox.path("shared.json")).unwrap();
    sandbox.link("p/pyramid.json", "../shared.json");
    sandbox.succeed(&["p"]);
}
