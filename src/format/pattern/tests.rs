use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> NamePattern {
    NamePattern::parse(text).unwrap()
}

fn name(pattern: &NamePattern, column: u32, row: u32) -> String {
    let mut name = String::new();
    pattern.write(NameNumbers { column, row }, &mut name).unwrap();
    name
}

/// Reads a whole path without an extension.
fn read(pattern: &NamePattern, path: &str) -> Option<(u32, u32)> {
    let mut numbers = NameNumbers::default();
    let mut names: Vec<&str> = path.split('/').collect();
    let file = format!("{}.jpg", names.pop()?);
    let folders = names.iter().enumerate().all(|(depth, name)| pattern.read_folder(depth, name, &mut numbers));
    let matches = folders
        && names.len() == pattern.folders()
        && pattern.read_file(&file, &mut numbers).is_some_and(|extension| extension == "jpg");
    matches.then_some((numbers.column, numbers.row))
}

#[test]
fn names_are_written_as_the_pattern_says() {
    let cases = [
        ("column_row", "3_12"),
        ("row_column", "12_3"),
        ("{column}_{row}", "3_12"),
        ("tile_x{column:4}_y{row:4}", "tile_x0003_y0012"),
        ("{column}/{row}", "3/12"),
        ("12/{row:2}/{column:1}", "12/12/3"),
        ("r{row:1}c{column}", "r12c3"),
        ("{column:3}{row:3}", "003012"),
        ("map.{row}.{column}", "map.12.3"),
    ];
    for (text, expected) in cases {
        let pattern = pattern(text);
        assert_eq!(name(&pattern, 3, 12), expected, "{text}");
        assert_eq!(read(&pattern, expected), Some((3, 12)), "{text}");
    }
}

#[test]
fn equal_patterns_have_one_spelling() {
    for (text, expected) in [
        ("{column}_{row}", "column_row"),
        ("{row:1}_{column}", "row_column"),
        ("{column:2}_{row:1}", "{column:2}_{row}"),
        ("{column:1}{row}", "{column:1}{row}"),
        ("a/{row:4}/b{column}c", "a/{row:4}/b{column}c"),
    ] {
        assert_eq!(pattern(text).to_string(), expected);
        assert_eq!(pattern(expected), pattern(text));
    }
}

#[test]
fn other_spellings_of_a_number_are_refused() {
    let padded = pattern("{column:3}_{row:3}");
    assert_eq!(read(&padded, "1000_999"), Some((1000, 999)));
    for wrong in ["1_2", "01_02", "0001_002", "001_+02", "001_002_", "x001_002", "001_٠٠٢", "001", "_"] {
        assert_eq!(read(&padded, wrong), None, "{wrong}");
    }
    let together = pattern("{column:2}{row}");
    assert_eq!(read(&together, "0112"), Some((1, 12)));
    assert_eq!((read(&together, "1"), read(&together, "0102"), read(&together, "99")), (None, None, None));
    assert_eq!((together.max_number(Axis::Column), together.max_number(Axis::Row)), (99, u64::MAX));
    assert_eq!(read(&pattern("{column}_{row}"), "4294967296_0"), None);
}

#[test]
fn ambiguous_and_unsafe_patterns_are_refused() {
    for wrong in [
        "",
        "yx",
        "{column}",
        "{column}_{column}",
        "{column}_{row}_{row}",
        "{column}{row}",
        "{column}1{row}",
        "{column:0}_{row}",
        "{column:11}_{row}",
        "{column:}_{row}",
        "{column:+4}_{row}",
        "{x}_{y}",
        "{column}_{row",
        "column}_{row}",
        "{{column}}_{row}",
        "/{column}_{row}",
        "{column}/{row}/",
        "{column}//{row}",
        "../{column}_{row}",
        ".hidden/{column}_{row}",
        "{column}/.{row}",
        "{column}\n{row}",
        "{column}\0{row}",
    ] {
        assert!(NamePattern::parse(wrong).is_err(), "{wrong:?}");
    }
    assert!(NamePattern::parse(&format!("{}{{column}}_{{row}}", "x".repeat(90))).is_err());
}

fn any_pattern() -> impl Strategy<Value = NamePattern> {
    let number = |name: &'static str| {
        prop_oneof![Just(format!("{{{name}}}")), (1..=10u8).prop_map(move |digits| format!("{{{name}:{digits}}}"))]
    };
    ("[a-z0-9_/.-]{0,6}", number("column"), "[a-z0-9_/.-]{0,4}", number("row"), "[a-z0-9_/.-]{0,4}", any::<bool>())
        .prop_filter_map("a valid pattern", |(before, column, between, row, after, swap)| {
            let (first, second) = if swap { (row, column) } else { (column, row) };
            NamePattern::parse(&format!("{before}{first}{between}{second}{after}")).ok()
        })
}

proptest! {
    /// What is written is read back, so no two tiles share a name.
    #[test]
    fn written_names_are_read_back(pattern in any_pattern(), column: u32, row: u32) {
        let fit = |axis, number: u32| (u64::from(number) % pattern.max_number(axis).saturating_add(1)) as u32;
        let (column, row) = (fit(Axis::Column, column), fit(Axis::Row, row));
        prop_assert_eq!(read(&pattern, &name(&pattern, column, row)), Some((column, row)));
        prop_assert_eq!(NamePattern::parse(&pattern.to_string()), Ok(pattern.clone()));
    }

    /// What is read is what would be written, so no tile has two names.
    #[test]
    fn read_names_are_those_that_would_be_written(pattern in any_pattern(), path in "[a-z0-9_/.-]{0,12}") {
        if let Some((column, row)) = read(&pattern, &path) {
            prop_assert_eq!(name(&pattern, column, row), path);
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,30}") {
        let _ = NamePattern::parse(&text);
    }
}
