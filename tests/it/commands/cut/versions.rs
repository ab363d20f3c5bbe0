//! A newer picture becomes the next version, which holds the tiles that differ and no others.

use super::refusals::assert_refused;
use crate::support::jpeg::Jpeg;
use image::{DynamicImage, Rgb, RgbImage};
use serde_json::Value;
use snapbox::str;
use test_support::cli::Sandbox;
use test_support::cutting::{SIDE, SIZE, cut, cut_once, names, picture, pixels_of, save, tiles};
use test_support::pictures::{by_image, source_pixels, tree_pixels};
use test_support::strace::whole;
use test_support::tree::{assert_same_snapshot, assert_tree_rules};

#[test]
fn unchanged_picture_adds_no_version() {
    for (format, more) in [("png", &["--build"][..]), ("png", &[]), ("jpg", &["--build"]), ("jpg", &[])] {
        let (sandbox, _) = cut_once(format, more);
        let before = whole(&sandbox.path("p"));
        sandbox.run(&[&["cut", "a.png", "p"], more].concat()).expect(
            0,
            str![[r#"
p: unchanged; no new version
...
"#]],
        );
        let object = cut(&sandbox, &["a.png", "p"]);
        assert_eq!((&object["status"], &object["version"]), (&"unchanged".into(), &Value::Null));
        assert_eq!((&object["written"], &object["base_tiles"]), (&0.into(), &35.into()));
        assert_same_snapshot(&before, &whole(&sandbox.path("p")));
    }
}

#[test]
fn equal_pixels_in_another_file_add_no_version() {
    let (sandbox, picture) = cut_once("png", &[]);
    for name in ["b.ppm", "b.webp"] {
        save(&sandbox, name, &picture);
        assert_eq!(cut(&sandbox, &[name, "p"])["status"], "unchanged");
    }
    // Nor do an alpha that is nowhere, and 16 bits that say no more than 8.
    let wide = DynamicImage::from(picture.clone());
    wide.to_rgba8().save(sandbox.path("alpha.png")).unwrap();
    wide.to_rgb16().save(sandbox.path("deep.png")).unwrap();
    for name in ["alpha.png", "deep.png"] {
        assert_eq!(cut(&sandbox, &[name, "p"])["status"], "unchanged");
    }
}

#[test]
fn only_tiles_that_differ_are_written() {
    for (format, build) in [("png", true), ("jpg", true), ("png", false), ("jpg", false)] {
        let more: &[&str] = if build { &["--build"] } else { &[] };
        let (sandbox, mut picture) = cut_once(format, more);
        let next = |picture: &RgbImage, version: &str| {
            save(&sandbox, "b.png", picture);
            let object = cut(&sandbox, &[&["b.png", "p"], more].concat());
            assert_eq!(object["status"], "cut");
            assert_eq!(object["version"], version[1..].parse::<u32>().unwrap());
            let tiles = tiles(&sandbox, &format!("p/{version}"));
            assert_eq!(object["written"], tiles.len());
            if format == "png" {
                assert!(source_pixels(&sandbox.path("p"), SIZE, SIDE, "png") == pixels_of(picture));
            }
            if build {
                assert_tree_rules(&sandbox.path("p"));
                assert_eq!(object["versions"].as_array().unwrap().last().unwrap()["status"], "built");
                let tree = tree_pixels(&sandbox.path("p"), SIZE, SIDE, format);
                assert!(tree == source_pixels(&sandbox.path("p"), SIZE, SIDE, format));
            }
            tiles
        };
        picture.put_pixel(99, 69, Rgb([255 - picture[(99, 69)].0[0]; 3]));
        assert_eq!(next(&picture, "v1"), names(["6_4"]));
        // Columns 1 and 2, rows 0 and 1.
        (31..33).for_each(|x| (15..17).for_each(|y| picture.put_pixel(x, y, Rgb([255 - picture[(x, y)].0[0]; 3]))));
        assert_eq!(next(&picture, "v2"), names(["1_0", "2_0", "1_1", "2_1"]));
        picture.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|sample| !sample));
        assert_eq!(next(&picture, "v3").len(), 35);
    }
}

#[test]
fn next_version_is_reported() {
    let (sandbox, mut picture) = cut_once("png", &["--build"]);
    picture.put_pixel(0, 0, Rgb([0; 3]));
    save(&sandbox, "b.png", &picture);
    let ended = sandbox.succeed(&["cut", "b.png", "p", "--build"]);
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(lines[0], "p: v1 cut: 1 tile of 35 differs", "{}", ended.err);
    assert!(lines[1].starts_with("p: v1 built: "), "{}", ended.err);
    assert!(lines[2].starts_with("p: published p/dest/dzi/latest in "), "{}", ended.err);
    assert_eq!(lines.len(), 3, "{}", ended.err);
}

/// A JPEG in which each of these MCUs differs.
fn jpeg(quality: u8, changed: &[(u32, u32)]) -> Vec<u8> {
    Jpeg::new(quality).file_of(SIZE, |plane, x, y| {
        let side = if plane == 0 { 16 } else { 8 };
        let invert = if changed.contains(&(x / side, y / side)) { 99 } else { 0 };
        // Noise, but the same each time.
        (((x * 73 + y * 151 + plane * 41) ^ (x * y / 3)) as u8 / 2 + 50) ^ invert
    })
}

#[test]
fn jpeg_changed_in_some_mcus_changes_their_tiles_only() {
    for (side, expected) in [("16", names(["1_2", "6_4"])), ("32", names(["0_1", "3_2"]))] {
        let sandbox = Sandbox::in_memory();
        sandbox.write("a.jpg", jpeg(85, &[]));
        sandbox.write("b.jpg", jpeg(85, &[(1, 2), (6, 4)]));
        assert_eq!(cut(&sandbox, &["a.jpg", "p", "--tile-size", side])["mode"], "lossless");
        let object = cut(&sandbox, &["b.jpg", "p"]);
        assert_eq!((&object["mode"], &object["status"]), (&"lossless".into(), &"cut".into()));
        assert_eq!(tiles(&sandbox, "p/v1"), expected);
        assert_eq!(cut(&sandbox, &["b.jpg", "p"])["status"], "unchanged");
        // Back again.
        cut(&sandbox, &["a.jpg", "p"]);
        assert_eq!(tiles(&sandbox, "p/v2"), expected);
        // Saved at another quality, all is another.
        sandbox.write("c.jpg", jpeg(70, &[]));
        assert_eq!(cut(&sandbox, &["c.jpg", "p"])["written"], if side == "16" { 35 } else { 12 });
    }
}

/// The tables of many pictures are those of the default quality, which does not mean that anybody has asked for it.
#[test]
fn picture_of_the_default_quality_sets_no_quality() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.jpg", jpeg(80, &[]));
    sandbox.write("b.jpg", jpeg(92, &[(3, 3)]));
    for (folder, more, quality, manner) in [
        ("p", &[][..], None, "lossless"),
        ("q", &["--build"], None, "lossless"),
        ("r", &["--quality", "80"], Some(80), "requantised"),
    ] {
        let arguments = [&["a.jpg", folder, "--tile-size", "16"], more].concat();
        assert_eq!(cut(&sandbox, &arguments)["mode"], manner);
        let text = std::fs::read_to_string(sandbox.path(folder).join("pyramid.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["quality"].as_u64(), quality);
        assert_eq!(cut(&sandbox, &["b.jpg", folder, "--dry-run"])["mode"], manner);
        let ended = sandbox.succeed(&["cut", "b.jpg", folder, "--json", "--build"]);
        assert_eq!(ended.json()[0]["mode"], manner);
        assert_eq!(ended.err.contains("requantised, because"), quality.is_some(), "{}", ended.err);
        assert_eq!(cut(&sandbox, &["b.jpg", folder])["status"], "unchanged");
    }
}

#[test]
fn quality_for_a_pyramid_that_states_none_is_refused_with_what_is_possible() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.jpg", jpeg(92, &[]));
    cut(&sandbox, &["a.jpg", "p", "--tile-size", "16", "--build"]);
    assert_refused(
        &sandbox,
        &["a.jpg", "p", "--quality", "70"],
        2,
        str![[r#"
error: p/pyramid.json: states no quality, but 70 was requested
  leave --quality out, and new tiles get that of the latest ones; or add "quality": 70 to it, and run fast_pyramid build p --rebuild-from 0

"#]],
    );
    // That is possible indeed.
    let text = std::fs::read_to_string(sandbox.path("p/pyramid.json")).unwrap();
    sandbox.spec("p", text.replace("}", ", quality: 70 }"));
    sandbox.succeed(&["build", "-q", "p", "--rebuild-from", "0"]);
    sandbox.write("b.jpg", jpeg(92, &[(3, 3)]));
    cut(&sandbox, &["b.jpg", "p", "--quality", "70", "--build"]);
    sandbox.succeed(&["verify", "-q", "p"]);
    // Without versions, there is nothing to rebuild.
    sandbox.spec("q", "{ width: 100, height: 70, tile_size: 16, overlap: 0 }");
    let ended = sandbox.run(&["cut", "a.jpg", "q", "--quality", "70"]);
    assert!(ended.err.ends_with("\n  add \"quality\": 70 to it\n"), "{}", ended.err);
}

#[test]
fn quality_given_once_holds_for_the_next_pictures() {
    // The first picture may have been a JPEG, or not.
    for first in ["a.jpg", "a.png"] {
        let sandbox = Sandbox::in_memory();
        sandbox.write("a.jpg", jpeg(92, &[]));
        save(&sandbox, "a.png", &picture(4));
        sandbox.write("b.jpg", jpeg(92, &[(3, 3)]));
        cut(&sandbox, &[first, "p", "--tile-size", "16", "--format", "jpg", "--quality", "60"]);
        if first == "a.png" {
            assert_eq!(cut(&sandbox, &["a.jpg", "p"])["written"], 35);
        }
        assert_eq!(cut(&sandbox, &["a.jpg", "p"])["status"], "unchanged");
        assert_eq!(cut(&sandbox, &["a.jpg", "p", "--quality", "60"])["status"], "unchanged");
        assert_eq!(cut(&sandbox, &["b.jpg", "p", "--dry-run"])["mode"], "requantised");
        let object = cut(&sandbox, &["b.jpg", "p"]);
        assert_eq!((&object["mode"], &object["written"]), (&"requantised".into(), &1.into()), "{first}");
    }
}

#[test]
fn next_version_goes_beside_the_others() {
    let (sandbox, mut picture) = cut_once("png", &["--build"]);
    let mut version = 1;
    let mut next = |place: &str, number: u32| {
        version += 1;
        picture.put_pixel(version * 7, version * 5, Rgb([version as u8; 3]));
        save(&sandbox, "b.png", &picture);
        let object = cut(&sandbox, &["b.png", "p", "--build"]);
        assert_eq!((&object["version"], &object["written"]), (&number.into(), &1.into()));
        assert_eq!(tiles(&sandbox, &format!("p/{place}v{number}")).len(), 1);
        assert!(tree_pixels(&sandbox.path("p"), SIZE, SIDE, "png") == pixels_of(&picture));
        assert_tree_rules(&sandbox.path("p"));
        sandbox.succeed(&["verify", "p", "-q"]);
    };
    next("", 1);
    next("", 2);
    next("", 3);
    sandbox.succeed(&["vacuum", "p", "--drop", "1..2", "-q"]);
    next("", 4);
    sandbox.succeed(&["vacuum", "p", "--keep-last", "1", "--keep-sources", "-q"]);
    next("", 5);
    sandbox.succeed(&["vacuum", "p", "--keep-last", "1", "--drop-sources", "-q"]);
    next("", 6);
    std::fs::create_dir(sandbox.path("p/src")).unwrap();
    for name in ["v5", "v6"] {
        std::fs::rename(sandbox.path("p").join(name), sandbox.path("p/src").join(name)).unwrap();
    }
    std::fs::remove_dir_all(sandbox.path("p/dest")).unwrap();
    next("src/", 7);
    std::fs::rename(sandbox.path("p/src/v7"), sandbox.path("p/src/v70")).unwrap();
    std::fs::remove_dir_all(sandbox.path("p/dest")).unwrap();
    next("src/", 71);
    assert!(!sandbox.path("p/v71").exists() && !sandbox.path("p/src/.fast_pyramid-cut-v71").exists());
}

#[test]
fn next_version_may_follow_unbuilt_ones() {
    let (sandbox, mut picture) = cut_once("png", &[]);
    for version in 1..4 {
        picture.put_pixel(version, 0, Rgb([1; 3]));
        picture.put_pixel(20 * version, 40, Rgb([1; 3]));
        save(&sandbox, "b.png", &picture);
        cut(&sandbox, &["b.png", "p"]);
    }
    assert!(!sandbox.path("p/dest/dzi/v0").exists());
    // Nothing new, but all of it to be built.
    let object = cut(&sandbox, &["b.png", "p", "--build"]);
    assert_eq!(object["status"], "unchanged");
    let statuses: Vec<&Value> = object["versions"].as_array().unwrap().iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, ["built"; 4]);
    assert!(tree_pixels(&sandbox.path("p"), SIZE, SIDE, "png") == pixels_of(&picture));
    sandbox.succeed(&["verify", "p", "-q"]);
}

#[test]
fn pyramids_of_the_user_keep_their_settings() {
    let sandbox = Sandbox::in_memory();
    // Names ROW_COLUMN, tiles with another encoder's bytes, and a file that nobody has to know.
    let picture = picture(1);
    let text = "// mine\n{ width: 100, height: 70, tile_size: 16, overlap: 0, filter: 'nearest', linear: false }";
    sandbox.spec("p", text);
    sandbox.write("p/notes.txt", "mine");
    for (row, column) in (0..5).flat_map(|row| (0..7).map(move |column| (row, column))) {
        let (left, top) = (column * SIDE, row * SIDE);
        let (width, height) = (SIDE.min(SIZE.0 - left), SIDE.min(SIZE.1 - top));
        let tile = image::imageops::crop_imm(&picture, left, top, width, height).to_image();
        save(&sandbox, &format!("p/v2/{row}_{column}.png"), &tile);
    }
    save(&sandbox, "a.png", &picture);
    assert_eq!(cut(&sandbox, &["a.png", "p"])["status"], "unchanged");
    let mut changed = picture.clone();
    changed.put_pixel(90, 20, Rgb([1; 3]));
    save(&sandbox, "b.png", &changed);
    assert_eq!(cut(&sandbox, &["b.png", "p", "--build"])["version"], 3);
    assert_eq!(tiles(&sandbox, "p/v3"), names(["1_5"]));
    assert!(tree_pixels(&sandbox.path("p"), SIZE, SIDE, "png") == pixels_of(&changed));
    assert_tree_rules(&sandbox.path("p"));
    assert_eq!(std::fs::read_to_string(sandbox.path("p/pyramid.json")).unwrap(), text);
    assert_eq!(std::fs::read_to_string(sandbox.path("p/notes.txt")).unwrap(), "mine");
}

#[test]
fn pyramid_json_without_versions_sets_the_settings() {
    let sandbox = Sandbox::in_memory();
    let picture = picture(1);
    save(&sandbox, "a.png", &picture);
    let text = "{ width: 100, height: 70, tile_size: 25, overlap: 0, format: 'png', tile_naming: 'row_column',\
                filter: 'lanczos3' }";
    sandbox.spec("p", text);
    let object = cut(&sandbox, &["a.png", "p", "--build"]);
    assert_eq!((&object["tile_size"], &object["format"], &object["version"]), (&25.into(), &"png".into(), &0.into()));
    assert!(tiles(&sandbox, "p/v0").contains("2_3") && !tiles(&sandbox, "p/v0").contains("3_2"));
    assert!(tree_pixels(&sandbox.path("p"), SIZE, 25, "png") == pixels_of(&picture));
    assert_eq!(std::fs::read_to_string(sandbox.path("p/pyramid.json")).unwrap(), text);
    sandbox.succeed(&["verify", "p", "-q"]);
    // The rest is as without it: here no format, and a picture that is best kept as PNG.
    let alpha = DynamicImage::from(picture).to_rgba8();
    let alpha = image::RgbaImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Rgba([alpha[(x, y)].0[0], 1, 2, x as u8]));
    alpha.save(sandbox.path("alpha.png")).unwrap();
    sandbox.spec("q", "{ width: 100, height: 70, tile_size: 64, overlap: 0 }");
    assert_eq!(cut(&sandbox, &["alpha.png", "q"])["format"], "png");
    sandbox.spec("r", "{ width: 100, height: 70, tile_size: 64, overlap: 0, quality: 30 }");
    cut(&sandbox, &["a.png", "r"]);
    let size = |name: &str| sandbox.path(name).metadata().unwrap().len();
    cut(&sandbox, &["a.png", "s", "--tile-size", "64", "--quality", "30"]);
    assert_eq!(size("r/v0/0_0.jpg"), size("s/v0/0_0.jpg"));
}

#[test]
fn new_versions_have_the_names_of_the_pyramid() {
    let sandbox = Sandbox::in_memory();
    let picture = picture(1);
    save(&sandbox, "a.png", &picture);
    let naming = "tile_naming: 'x{column:2}/{row}', first_tile: 1, row_order: 'bottom_up'";
    sandbox.spec("p", format!("{{ width: 100, height: 70, tile_size: 25, overlap: 0, format: 'png', {naming} }}"));
    cut(&sandbox, &["a.png", "p", "--build"]);
    // 4x3 tiles; the bottom row is number 1.
    let exists = |name: &str| sandbox.path("p").join(name).exists();
    assert!(exists("v0/x01/1.png") && exists("v0/x04/3.png") && !exists("v0/x04/4.png") && !exists("v0/x00"));
    let mut changed = picture.clone();
    changed.put_pixel(99, 0, image::Rgb([1, 2, 3]));
    save(&sandbox, "b.png", &changed);
    assert_eq!(cut(&sandbox, &["b.png", "p", "--build"])["written"], 1);
    assert!(exists("v1/x04/3.png"));
    assert!(tree_pixels(&sandbox.path("p"), SIZE, 25, "png") == pixels_of(&changed));
    let link = std::fs::read_link(sandbox.path("p/dest/dzi/v1/dzi_files/7/3_0.png")).unwrap();
    assert_eq!(link.to_str(), Some("../../../../../v1/x04/3.png"));
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
    // A vacuum moves tiles into folders that their new owner may not have yet.
    sandbox.succeed(&["vacuum", "--keep-last", "1", "p"]);
    assert!(!exists("v0") && exists("v1/x01/1.png") && exists("v1/x04/3.png"));
    assert!(tree_pixels(&sandbox.path("p"), SIZE, 25, "png") == pixels_of(&changed));
    sandbox.succeed(&["verify", "p", "-q"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn invalid_sources_leave_no_trace() {
    let (sandbox, picture) = cut_once("png", &[]);
    std::fs::remove_dir_all(sandbox.path("p/dest")).unwrap();
    sandbox.delete("p/v0/3_3.png");
    save(&sandbox, "b.png", &picture);
    assert_refused(
        &sandbox,
        &["b.png", "p", "--build"],
        3,
        str![[r#"
error: p/v0: 1 tile is wrong
  1 missing: 3_3.png
  nothing of v0 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn changed_sources_are_detected_first() {
    let (sandbox, mut picture) = cut_once("png", &["--build"]);
    picture.put_pixel(0, 0, Rgb([0; 3]));
    save(&sandbox, "b.png", &picture);
    std::fs::copy(sandbox.path("p/v0/1_1.png"), sandbox.path("p/v0/0_0.png")).unwrap();
    assert_refused(
        &sandbox,
        &["b.png", "p"],
        3,
        str![[r#"
error: p/v0: 1 changed tile since v0 was published: 0_0.png
  put changed tiles into v1 and restore v0, or rebuild v0 with fast_pyramid build p --rebuild-from 0

"#]],
    );
    sandbox.delete("p/v0/0_0.png");
    assert_refused(
        &sandbox,
        &["b.png", "p", "--build"],
        3,
        str![[r#"
error: p/v0: 1 removed tile since v0 was published: 0_0.png
  put changed tiles into v1 and restore v0, or rebuild v0 with fast_pyramid build p --rebuild-from 0

"#]],
    );
}

#[test]
fn next_version_of_a_jpeg_shows_it() {
    // The tool's own tiles joined are what another decoder makes of the picture, in grey.
    let sandbox = Sandbox::in_memory();
    let grey = |shift: u32| {
        let kind = Jpeg { colour: fast_pyramid::internals::jpeg::Colour::Grey, factors: (1, 1), quality: 90 };
        kind.file_of(SIZE, |_, x, y| (x * 2 + y + if x > 40 && y > 40 { shift } else { 0 }) as u8)
    };
    sandbox.write("a.jpg", grey(0));
    sandbox.write("b.jpg", grey(60));
    cut(&sandbox, &["a.jpg", "p", "--tile-size", "24", "--build"]);
    cut(&sandbox, &["b.jpg", "p", "--build"]);
    assert_eq!(tiles(&sandbox, "p/v1").len(), 4 * 2);
    assert!(tree_pixels(&sandbox.path("p"), SIZE, 24, "jpg") == by_image(&grey(60)));
}
