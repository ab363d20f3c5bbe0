//! How `build` and `info` refuse an invalid pyramid.json (docs/pyramid-json.md).

mod keys;
mod numbers;
mod syntax;
mod types;

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
fn linear_with_a_filter_that_averages_nothing_is_refused() {
    refused(
        b"{ width: 64, height: 48, tile_size: 64, overlap: 0, filter: 'nearest', linear: true }",
        str![[r#"
error: p/pyramid.json: "linear" is true, but the "filter" does not average pixels
  expected "linear" only with the filters "mean" and "lanczos3"

"#]],
    );
}

#[test]
fn more_base_tiles_than_the_limit_are_refused() {
    refused(
        b"{ width: 999999999, height: 999999999, tile_size: 1, overlap: 0 }",
        str![[r#"
error: p/pyramid.json: 999999999x999999999 pixels in tiles of 1 need 999999998000000001 base tiles
  expected at most 4294967296 base tiles; use larger tiles

"#]],
    );
}

#[test]
fn overlap_of_more_than_half_a_tile_is_refused() {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", "{ width: 64, height: 48, tile_size: 64, overlap: 33 }");
    sandbox.refuse_p(str![[r#"
error: p/pyramid.json: "overlap" is 33
  expected a whole number from 0 to 32

"#]]);
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
  write one such as { width: 750, height: 500, tile_size: 250, overlap: 0 }, or run fast_pyramid init p

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
