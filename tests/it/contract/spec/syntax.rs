//! Text that is no JSON5 object.

use super::refused;
use snapbox::str;

#[test]
fn empty_file_is_refused() {
    refused(
        b"",
        str![[r#"
error: p/pyramid.json: not valid JSON5: the text ends within object
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn object_without_braces_is_refused() {
    refused(
        b"width: 64",
        str![[r#"
error: p/pyramid.json: not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn list_instead_of_an_object_is_refused() {
    refused(
        b"[64, 48]",
        str![[r#"
error: p/pyramid.json: not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn number_instead_of_an_object_is_refused() {
    refused(
        b"64",
        str![[r#"
error: p/pyramid.json: not valid JSON5: expected opening brace at line 1 column 1
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn missing_comma_is_refused() {
    refused(
        b"{ width: 64, height: 48\n  tile_size: 64, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: not valid JSON5: expected comma at line 2 column 3
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn missing_closing_brace_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0",
        str![[r#"
error: p/pyramid.json: not valid JSON5: the text ends within object
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn characters_after_the_object_are_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 } }",
        str![[r#"
error: p/pyramid.json: not valid JSON5: trailing characters at line 1 column 54
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn unfinished_comment_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 /* }",
        str![[r#"
error: p/pyramid.json: not valid JSON5: the text ends within comment
  expected an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }

"#]],
    );
}

#[test]
fn latin_1_comment_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0 } // \xe9",
        str![[r#"
error: p/pyramid.json: not UTF-8 text
  save it as UTF-8

"#]],
    );
}

#[test]
fn utf_16_is_refused() {
    refused(
        b"\xff\xfe{\x00 \x00w\x00",
        str![[r#"
error: p/pyramid.json: not UTF-8 text
  save it as UTF-8

"#]],
    );
}
