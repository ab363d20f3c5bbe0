use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<PyramidSpec, (String, String)> {
    PyramidSpec::parse(text).map_err(|error| (error.to_string(), error.expected))
}

const PATTERNS: &str = "\"column_row\", \"row_column\", or a pattern such as \"tile_x{column:4}_y{row:4}\"";

fn with(extra: &str) -> String {
    format!("{{ width: 750, height: 500, tile_size: 250, overlap: 0, {extra} }}")
}

#[test]
fn hand_written_json5_is_parsed() {
    let spec = parse("\u{feff}// hand-written\n{ width: 750, height: 0x1f4, 'tile_size': 250, overlap: 0, }").unwrap();
    assert_eq!(spec.geometry.size(), Size::new(750, 500));
    assert_eq!((spec.format, spec.tile_naming), (None, None));
    assert_eq!((spec.quality, spec.huffman_tables, spec.linear), (None, HuffmanTables::Standard, false));
    assert_eq!(spec.filter, Filter::Mean);
}

#[test]
fn optional_keys_are_parsed() {
    let text =
        with("format: 'JPG', quality: 91, optimize: true, filter: 'lanczos3', linear: true, tile_naming: 'row_column'");
    let spec = parse(&text).unwrap();
    assert_eq!(spec.format.unwrap().extension(), "JPG");
    assert_eq!((spec.quality, spec.huffman_tables), (Quality::new(91), HuffmanTables::Optimised));
    assert!(spec.linear);
    assert_eq!((spec.filter, spec.tile_naming), (Filter::Lanczos3, Some(NamePattern::row_column())));
    let spec = parse(&with("picture: '../scans/Zürich.tif'")).unwrap();
    assert_eq!(spec.picture, Some("../scans/Zürich.tif".into()));
}

#[test]
fn errors_name_the_key_the_value_found_and_those_allowed() {
    let cases = [
        ("{ width: 0, height: 5, tile_size: 2, overlap: 0 }", "\"width\" is 0", "a whole number from 1 to 2147483648"),
        (
            "{ width: -3, height: 5, tile_size: 2, overlap: 0 }",
            "\"width\" is -3",
            "a whole number from 1 to 2147483648",
        ),
        (
            "{ width: 3, height: 5.5, tile_size: 2, overlap: 0 }",
            "\"height\" is 5.5",
            "a whole number from 1 to 2147483648",
        ),
        (
            "{ width: 3, height: '5', tile_size: 2, overlap: 0 }",
            "\"height\" is \"5\"",
            "a whole number from 1 to 2147483648",
        ),
        (
            "{ width: 3, height: 5, tile_size: 16385, overlap: 0 }",
            "\"tile_size\" is 16385",
            "a whole number from 1 to 16384",
        ),
        ("{ width: 3, height: 5, overlap: 0 }", "\"tile_size\" is missing", "a whole number from 1 to 16384"),
        ("{ width: 3, width: 5 }", "\"width\" occurs twice", "each key once"),
    ];
    for (text, problem, expected) in cases {
        assert_eq!(parse(text), Err((problem.to_owned(), expected.to_owned())), "{text}");
    }
    let more = [
        ("quality: 101", "\"quality\" is 101", "a whole number from 1 to 100"),
        ("optimize: 1", "\"optimize\" is 1", "true or false"),
        ("filter: 'cubic'", "\"filter\" is \"cubic\"", "one of \"mean\", \"lanczos3\", \"nearest\", \"mode\""),
        ("format: 'webp'", "\"format\" is \"webp\"", "the extension of the tiles: jpg, jpeg or png"),
        (
            "picture: ''",
            "\"picture\" is \"\"",
            "the path of the picture, absolute or from this folder, such as \"../scans/map.tif\"",
        ),
        ("tile_naming: 3", "\"tile_naming\" is 3", PATTERNS),
        (
            "linear: true, filter: 'mode'",
            "\"linear\" is true, but the \"filter\" does not average pixels",
            "\"linear\" only with the filters \"mean\" and \"lanczos3\"",
        ),
    ];
    for (extra, problem, expected) in more {
        assert_eq!(parse(&with(extra)), Err((problem.to_owned(), expected.to_owned())), "{extra}");
    }
    let (problem, expected) = parse(&with("tilesize: 3")).unwrap_err();
    assert_eq!(problem, "unknown key \"tilesize\"");
    assert!(expected.starts_with("one of width, height"));
}

#[test]
fn too_many_tiles_are_refused_before_any_allocation() {
    let (problem, _) = parse("{ width: 2147483648, height: 2147483648, tile_size: 1, overlap: 0 }").unwrap_err();
    assert_eq!(problem, "2147483648x2147483648 pixels in tiles of 1 need 4611686018427387904 base tiles");
}

#[test]
fn syntax_error_has_line_and_column() {
    for text in ["", "{", "[]", "3", "{ width: 1 height: 2 }", "{ width: NaN, height: 1, tile_size: 1, overlap: 0 }"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert_eq!(parse("{ width: 1 height: 2 }").unwrap_err().0, "not valid JSON5: expected comma at line 1 column 12");
}

/// The parser would recurse for each bracket until its stack overflows.
#[test]
fn deep_nesting_is_refused() {
    for bracket in ["[", "{a:"] {
        let text = format!("{{width:{}", bracket.repeat(1 << 17));
        assert_eq!(parse(&text).unwrap_err().0, "not valid JSON5: more than 1000 opening brackets");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,80}") {
        let _ = parse(&text);
        let _ = parse(&with(&text));
    }
}
