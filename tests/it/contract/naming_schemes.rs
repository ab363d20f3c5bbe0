//! Names of tiles as other programs write them: each is read, or the error proposes what to write into pyramid.json, or
//! says why it cannot be (docs/tiles.md).

use image::{GrayImage, Luma};
use serde_json::{Value, json};
use std::fs;
use test_support::cli::Sandbox;

const COLUMNS: u32 = 4;
const ROWS: u32 = 3;
const TILE: u32 = 16;
/// The last column and row are smaller.
const SIZE: (u32, u32) = (60, 40);

/// What becomes of a naming scheme.
enum Becomes {
    /// It is read as it is.
    Read,
    /// The error proposes these keys, with which it is read.
    Proposed(Value),
    /// The error says this.
    Explained(&'static str),
}
use Becomes::{Explained, Proposed, Read};

struct Scheme {
    name: &'static str,
    /// Keys of pyramid.json that a user would write at first.
    stated: &'static str,
    /// The path of the tile at this column and row.
    path: fn(u32, u32) -> String,
    becomes: Becomes,
}

fn scheme(name: &'static str, path: fn(u32, u32) -> String, becomes: Becomes) -> Scheme {
    Scheme { name, stated: "", path, becomes }
}

/// Schemes that one pattern expresses.
fn expressible() -> Vec<Scheme> {
    let naming = |pattern: &str| Proposed(json!({ "tile_naming": pattern }));
    let from = |first: u32, pattern: &str| Proposed(json!({ "tile_naming": pattern, "first_tile": first }));
    vec![
        scheme("Deep Zoom", |c, r| format!("{c}_{r}.png"), Read),
        scheme("row first", |c, r| format!("{r}_{c}.png"), Read),
        scheme("capital extension", |c, r| format!("{c}_{r}.PNG"), Read),
        scheme("mixed case extension", |c, r| format!("{c}_{r}.Png"), Read),
        scheme("zero-padded", |c, r| format!("{c:03}_{r:03}.png"), naming("{column:3}_{row:3}")),
        scheme("zero-padded, row first", |c, r| format!("{r:02}_{c:02}.png"), naming("{row:2}_{column:2}")),
        scheme("counted from 1", |c, r| format!("{}_{}.png", c + 1, r + 1), Proposed(json!({ "first_tile": 1 }))),
        scheme("counted from 1, row first", |c, r| format!("{}_{}.png", r + 1, c + 1), from(1, "row_column")),
        scheme(
            "prefix, padded, from 1",
            |c, r| format!("tile_{:02}_{:02}.png", c + 1, r + 1),
            from(1, "tile_{column:2}_{row:2}"),
        ),
        scheme("tile_x0000_y0000", |c, r| format!("tile_x{c:04}_y{r:04}.png"), naming("tile_x{column:4}_y{row:4}")),
        scheme("letters, row first", |c, r| format!("r{r}_c{c}.png"), naming("r{row}_c{column}")),
        scheme(
            "words, from 1",
            |c, r| format!("row-{}-column-{}.png", r + 1, c + 1),
            from(1, "row-{row}-column-{column}"),
        ),
        scheme("dashes", |c, r| format!("{c}-{r}.png"), naming("{column}-{row}")),
        scheme("dots", |c, r| format!("map.{c}.{r}.png"), naming("map.{column}.{row}")),
        scheme(
            "spaces and brackets",
            |c, r| format!("Scan ({},{}).png", c + 1, r + 1),
            from(1, "Scan ({column},{row})"),
        ),
        scheme("a date before", |c, r| format!("2024-05-01_{c}_{r}.png"), naming("2024-05-01_{column}_{row}")),
        scheme("numbers with units", |c, r| format!("{c}x{r}y.png"), naming("{column}x{row}y")),
        scheme("folders by column (Leaflet, Google)", |c, r| format!("{c}/{r}.png"), naming("{column}/{row}")),
        scheme("folders by row (libvips google)", |c, r| format!("{r}/{c}.png"), naming("{row}/{column}")),
        scheme("z/x/y of one level (MapTiler)", |c, r| format!("5/{c}/{r}.png"), naming("5/{column}/{row}")),
        scheme("WMTS: matrix/row/column", |c, r| format!("12/{r}/{c}.png"), naming("12/{row}/{column}")),
        scheme("x=1/y=2", |c, r| format!("x={c}/y={r}.png"), naming("x={column}/y={row}")),
        scheme(
            "base level of a Deep Zoom tree",
            |c, r| format!("a_files/6/{c}_{r}.png"),
            naming("a_files/6/{column}_{row}"),
        ),
        scheme(
            "finest level of Zoomify",
            |c, r| format!("TileGroup0/4-{c}-{r}.png"),
            naming("TileGroup0/4-{column}-{row}"),
        ),
        scheme(
            "krpano in one folder",
            |c, r| format!("l2_{:02}_{:02}.png", r + 1, c + 1),
            from(1, "l2_{row:2}_{column:2}"),
        ),
        scheme("part of a map", |c, r| format!("7/{}/{}.png", c + 98, r + 98), from(98, "7/{column}/{row}")),
        Scheme {
            stated: "row_order: 'bottom_up'",
            ..scheme("TMS (gdal2tiles)", |c, r| format!("5/{c}/{}.png", ROWS - 1 - r), naming("5/{column}/{row}"))
        },
        Scheme {
            stated: "row_order: 'bottom_up'",
            ..scheme("Deep Zoom upside down", |c, r| format!("{c}_{}.png", ROWS - 1 - r), Read)
        },
        Scheme {
            stated: "tile_naming: '{column:2}{row:2}'",
            ..scheme("digits run together", |c, r| format!("{c:02}{r:02}.png"), Read)
        },
        Scheme {
            stated: "format: 'png'",
            ..scheme("another extension", |c, r| format!("{c}_{r}.PNG"), Proposed(json!({ "format": "PNG" })))
        },
        Scheme {
            stated: "tile_naming: 'tile_{row}_{column}'",
            ..scheme("a wrong pattern", |c, r| format!("tile_{c}_{r}.png"), naming("tile_{column}_{row}"))
        },
    ]
}

/// Schemes that no pattern expresses.
fn others() -> Vec<Scheme> {
    let one_number = Explained("a tile's name needs the numbers of its column and row");
    let many_numbers = || Explained("3 numbers vary in the names");
    vec![
        scheme("ImageMagick: tile_%d", |c, r| format!("tile_{}.png", r * COLUMNS + c), one_number),
        scheme(
            "Photoshop slices",
            |c, r| format!("image_{:02}.png", r * COLUMNS + c + 1),
            Explained("a tile's name needs"),
        ),
        scheme("quadkeys", |c, r| format!("{:03b}{:03b}.png", c, r), Explained("a tile's name needs")),
        scheme(
            "pixel offsets",
            |c, r| format!("crop_{}_{}.png", c * TILE, r * TILE),
            Explained("steps of 16 and 16, like pixels"),
        ),
        scheme(
            "part of a map",
            |c, r| format!("14/{}/{}.png", c + 8523, r + 5731),
            Explained("begin with 8523 and 5731"),
        ),
        scheme("krpano", |c, r| format!("l3/{r:02}/l3_{r:02}_{c:02}.png"), many_numbers()),
        scheme("z/x/y of several levels", |c, r| format!("{}/{c}/{r}.png", 3 + (c + r) % 2), many_numbers()),
        scheme(
            "Zoomify",
            |c, r| format!("TileGroup{}/{}-{c}-{r}.png", c % 2, 3 + r % 2),
            Explained("4 numbers vary in the names"),
        ),
        scheme(
            "letters for columns",
            |c, r| format!("{}{r}.png", char::from(b'A' + c as u8)),
            Explained("tiles are named like 0_0."),
        ),
        scheme("signs", |c, r| format!("{}_{r}.png", i64::from(c) - 1), Explained("tiles are named like 0_0.")),
    ]
}

/// The PNG at this column and row, whose shade says which it is.
fn tile(column: u32, row: u32) -> Vec<u8> {
    let (width, height) = (TILE.min(SIZE.0 - column * TILE), TILE.min(SIZE.1 - row * TILE));
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = GrayImage::from_pixel(width, height, Luma([(column * 50 + row * 10) as u8]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn write_tiles(sandbox: &Sandbox, scheme: &Scheme) {
    for (column, row) in (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row))) {
        sandbox.write(&format!("p/v0/{}", (scheme.path)(column, row)), tile(column, row));
    }
}

fn spec(stated: &str) -> String {
    format!("{{ width: {}, height: {}, tile_size: {TILE}, overlap: 0, {stated} }}", SIZE.0, SIZE.1)
}

/// Builds, and fails unless the tree's base level shows each tile in its place.
fn build(sandbox: &Sandbox, name: &str) {
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 0, "{name}: {}", ended.err);
    let base = sandbox.path("p/dest/dzi/latest/dzi_files/6");
    let extension = fs::read_dir(&base).unwrap().next().unwrap().unwrap().path().extension().unwrap().to_owned();
    for (column, row) in (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row))) {
        let path = base.join(format!("{column}_{row}")).with_extension(&extension);
        assert!(fs::read(path).unwrap() == tile(column, row), "{name}: {column}_{row} shows something else");
    }
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p"]);
}

/// The keys of an object, as in pyramid.json.
fn keys(object: &Value) -> String {
    object.as_object().unwrap().iter().map(|(key, value)| format!("{key}: {value}, ")).collect()
}

#[test]
fn names_that_a_pattern_expresses_are_read_or_the_error_proposes_it() {
    for scheme in expressible() {
        let name = scheme.name;
        let sandbox = Sandbox::in_memory();
        write_tiles(&sandbox, &scheme);
        sandbox.spec("p", spec(scheme.stated));
        if let Proposed(expected) = &scheme.becomes {
            let refused = sandbox.run(&["--json", "p"]);
            assert_eq!(refused.code, 3, "{name}");
            let proposal = &refused.json()[0]["proposal"];
            assert_eq!(proposal, expected, "{name}: {}", refused.err);
            let hint = format!(
                "write {} into pyramid.json; this fits the names of all 12 tiles",
                keys(expected).trim_end_matches(", ")
            );
            assert!(["tile_naming", "first_tile", "format"].iter().any(|key| hint.contains(key)), "{name}");
            assert!(
                refused.err.ends_with("into pyramid.json; this fits the names of all 12 tiles\n"),
                "{name}: {}",
                refused.err
            );
            assert!(!refused.err.contains("missing"), "{name}: {}", refused.err);
            let stated = if scheme.stated.contains("row_order") { scheme.stated } else { "" };
            sandbox.spec("p", spec(&(keys(proposal) + stated)));
        }
        build(&sandbox, name);
    }
}

#[test]
fn names_that_no_pattern_expresses_are_explained() {
    for scheme in others() {
        let name = scheme.name;
        let sandbox = Sandbox::in_memory();
        write_tiles(&sandbox, &scheme);
        sandbox.spec("p", spec(scheme.stated));
        let refused = sandbox.run(&["--json", "p"]);
        let Explained(text) = scheme.becomes else { panic!("{name}") };
        assert_eq!(refused.code, 3, "{name}");
        assert!(refused.err.contains(text), "{name}: {}", refused.err);
        assert_eq!(refused.json()[0].get("proposal"), None, "{name}");
        assert!(!sandbox.path("p/dest").exists(), "{name}");
    }
}

/// The sizes of the tiles show everything that their names leave open.
#[test]
fn init_finds_every_naming_that_a_pattern_expresses() {
    for scheme in expressible().into_iter().filter(|scheme| scheme.name != "digits run together") {
        let sandbox = Sandbox::in_memory();
        write_tiles(&sandbox, &scheme);
        let found = sandbox.succeed(&["init", "--json", "p"]).json().remove(0);
        let size = [&found["width"], &found["height"], &found["tile_size"], &found["overlap"]];
        assert_eq!(size, [SIZE.0, SIZE.1, TILE, 0], "{}: {found}", scheme.name);
        assert_eq!(found["ambiguous"], false, "{}", scheme.name);
        build(&sandbox, scheme.name);
    }
}

#[test]
fn init_explains_names_that_no_pattern_expresses() {
    for scheme in others() {
        let sandbox = Sandbox::in_memory();
        write_tiles(&sandbox, &scheme);
        let refused = sandbox.run(&["init", "p"]);
        assert_eq!(refused.code, 3, "{}: {}", scheme.name, refused.err);
        assert!(refused.err.contains("numbers"), "{}: {}", scheme.name, refused.err);
        assert!(!sandbox.path("p/pyramid.json").exists());
    }
}

#[test]
fn sizes_that_fit_the_other_order_of_rows_propose_it() {
    let sandbox = Sandbox::in_memory();
    let tms = scheme("TMS", |c, r| format!("5/{c}/{}.png", ROWS - 1 - r), Read);
    write_tiles(&sandbox, &tms);
    sandbox.spec("p", spec("tile_naming: '5/{column}/{row}'"));
    let refused = sandbox.run(&["--json", "p"]);
    assert_eq!((refused.code, &refused.json()[0]["proposal"]), (3, &json!({ "row_order": "bottom_up" })));
    let hint = "  write row_order: \"bottom_up\" into pyramid.json; this fits the sizes of the tiles\n";
    assert!(refused.err.ends_with(hint), "{}", refused.err);
    sandbox.spec("p", spec("tile_naming: '5/{column}/{row}', row_order: 'bottom_up'"));
    build(&sandbox, "TMS");
    // And the other way round.
    fs::remove_dir_all(sandbox.path("p/dest")).unwrap();
    write_tiles(&sandbox, &scheme("top down", |c, r| format!("5/{c}/{r}.png"), Read));
    let refused = sandbox.run(&["--json", "p"]);
    assert_eq!(refused.json()[0]["proposal"], json!({ "row_order": "top_down" }));
    // A single wrong tile is no sign of another order.
    sandbox.write(&format!("p/v0/5/0/{}.png", ROWS - 1), tile(0, 0));
    sandbox.spec("p", spec("tile_naming: '5/{column}/{row}'"));
    assert_eq!(sandbox.run(&["--json", "p"]).json()[0].get("proposal"), None);
}
