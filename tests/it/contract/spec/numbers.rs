//! Numbers out of range.

use super::refused;
use snapbox::str;

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
  expected a whole number from 0 to 32

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
