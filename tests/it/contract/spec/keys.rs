//! Missing, repeated and unknown keys.

use super::refused;
use snapbox::str;

#[test]
fn unknown_key_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, tilesize: 64 }",
        str![[r#"
error: p/pyramid.json: unknown key "tilesize"
  expected one of width, height, tile_size, overlap, base_tiles, stale_overlap, format, quality, optimize, filter, linear, tile_naming, first_tile, row_order, picture

"#]],
    );
}

#[test]
fn missing_width_is_refused() {
    refused(
        b"{ height: 48, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "width" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn missing_height_is_refused() {
    refused(
        b"{ width: 64, tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "height" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn missing_tile_size_is_refused() {
    refused(
        b"{ width: 64, height: 48, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: "tile_size" is missing
  expected a whole number from 1 to 16384

"#]],
    );
}

#[test]
fn missing_overlap_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64 }",
        str![[r#"
error: p/pyramid.json: "overlap" is missing
  expected a whole number from 0 to 32

"#]],
    );
}

#[test]
fn empty_object_is_refused_for_its_first_missing_key() {
    refused(
        b"{}",
        str![[r#"
error: p/pyramid.json: "width" is missing
  expected a whole number from 1 to 2147483648

"#]],
    );
}

#[test]
fn repeated_key_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, width: 64 }",
        str![[r#"
error: p/pyramid.json: "width" occurs twice
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
  expected one of width, height, tile_size, overlap, base_tiles, stale_overlap, format, quality, optimize, filter, linear, tile_naming, first_tile, row_order, picture

"#]],
    );
}
