//! Values of the wrong type.

use super::refused;
use snapbox::str;

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
  expected a whole number from 0 to 32

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
  expected the extension of the tiles: jpg, jpeg or png

"#]],
    );
}

#[test]
fn format_as_a_number_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, format: 3 }",
        str![[r#"
error: p/pyramid.json: "format" is 3
  expected the extension of the tiles: jpg, jpeg or png

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
  expected "column_row", "row_column", or a pattern such as "tile_x{column:4}_y{row:4}"

"#]],
    );
}
