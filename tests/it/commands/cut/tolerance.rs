//! Newer pictures that an editor encoded again: `--tolerance`, and how new tiles are encoded.

use crate::support::jpeg::Jpeg;
use fast_pyramid::internals::jpeg::{self, Colour};
use image::{Rgb, RgbImage};
use serde_json::Value;
use test_support::cli::Sandbox;
use test_support::cutting::{cut, names, save, tiles};

const SIZE: (u32, u32) = (200, 136);

/// A JPEG with soft slopes and some noise.
fn photograph(kind: Jpeg) -> Vec<u8> {
    kind.file_of(SIZE, |plane, x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(747_796_405) >> 28;
        if plane == 0 { (60 + x / 3 + y / 2 + noise) as u8 } else { (100 + plane * 9 + x / 4 + y * 3 % 23 / 2) as u8 }
    })
}

/// A pyramid `p` of a JPEG cut without loss, and what another decoder makes of the picture.
fn lossless(kind: Jpeg) -> (Sandbox, RgbImage) {
    let sandbox = Sandbox::in_memory();
    let file = photograph(kind);
    let shown = image::load_from_memory(&file).unwrap().to_rgb8();
    sandbox.write("a.jpg", file);
    assert_eq!(cut(&sandbox, &["a.jpg", "p", "--tile-size", "32", "--build"])["mode"], "lossless");
    (sandbox, shown)
}

/// Paints a square across the corner of four tiles.
fn edited(mut picture: RgbImage) -> RgbImage {
    (90..102).for_each(|x| (60..70).for_each(|y| picture.put_pixel(x, y, Rgb([250, 20, 30]))));
    picture
}

/// Writes `picture` as `name`; a JPEG has the quality of its name.
fn save_as(sandbox: &Sandbox, name: &str, picture: &RgbImage) {
    let Some(quality) = name.strip_suffix(".jpg") else { return save(sandbox, name, picture) };
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality.parse().unwrap())
        .encode_image(picture)
        .unwrap();
    sandbox.write(name, bytes);
}

fn decoded(sandbox: &Sandbox, tile: &str) -> jpeg::JpegImage {
    jpeg::decode(&std::fs::read(sandbox.path(tile)).unwrap(), None, &mut jpeg::DecodeScratch::default()).unwrap()
}

/// Steps and sampling of a tile.
fn encoding(sandbox: &Sandbox, tile: &str) -> Vec<([u16; 64], u8, u8)> {
    let components = decoded(sandbox, tile).components;
    components.iter().map(|one| (one.quantisation, one.horizontal, one.vertical)).collect()
}

#[test]
fn tolerance_finds_the_edited_tiles_in_every_format() {
    for (name, tolerance) in [("b.png", "1"), ("b.ppm", "1"), ("b.webp", "1"), ("92.jpg", "3"), ("85.jpg", "6")] {
        let (sandbox, picture) = lossless(Jpeg::new(92));
        save_as(&sandbox, name, &edited(picture));
        assert_eq!(cut(&sandbox, &[name, "p", "--dry-run"])["written"], 35, "{name}");
        let object = cut(&sandbox, &[name, "p", "--build", "--tolerance", tolerance]);
        assert_eq!(object["status"], "cut", "{name}");
        assert_eq!(tiles(&sandbox, "p/v1"), names(["2_1", "3_1", "2_2", "3_2"]), "{name}");
        sandbox.succeed(&["verify", "-q", "p"]);
        assert_eq!(cut(&sandbox, &[name, "p", "--tolerance", tolerance])["status"], "unchanged", "{name}");
    }
}

#[test]
fn tolerance_finds_the_edited_tiles_of_png_pyramids() {
    let sandbox = Sandbox::in_memory();
    let picture = image::load_from_memory(&photograph(Jpeg::new(92))).unwrap().to_rgb8();
    save(&sandbox, "a.png", &picture);
    cut(&sandbox, &["a.png", "p", "--tile-size", "32", "--format", "png"]);
    save_as(&sandbox, "90.jpg", &edited(picture));
    assert_eq!(cut(&sandbox, &["90.jpg", "p", "--dry-run"])["written"], 35);
    cut(&sandbox, &["90.jpg", "p", "--tolerance", "5"]);
    assert_eq!(tiles(&sandbox, "p/v1"), names(["2_1", "3_1", "2_2", "3_2"]));
}

#[test]
fn tolerance_is_the_mean_of_a_block_and_not_exceeded() {
    let sandbox = Sandbox::in_memory();
    let mut picture = RgbImage::from_pixel(40, 40, Rgb([100; 3]));
    save(&sandbox, "a.png", &picture);
    cut(&sandbox, &["a.png", "p", "--tile-size", "20", "--format", "png"]);
    // 2 x 64 levels in one block of 8x8; 1.5 x 16 levels in one of 4x4 at the edge of a tile.
    picture.put_pixel(0, 0, Rgb([228; 3]));
    picture.put_pixel(39, 39, Rgb([124; 3]));
    save(&sandbox, "b.png", &picture);
    let differing =
        |tolerance: &str| cut(&sandbox, &["b.png", "p", "--dry-run", "--tolerance", tolerance])["written"].clone();
    let found = ["0", "1.49", "1.5", "1.99", "2", "255"].map(differing);
    assert_eq!(found, [2, 2, 1, 1, 0, 0].map(Value::from));
}

#[test]
fn new_tiles_have_tables_and_sampling_of_the_latest() {
    for (factors, quality) in [((2, 2), 92), ((1, 1), 85), ((2, 1), 75), ((1, 2), 60)] {
        let (sandbox, picture) = lossless(Jpeg { factors, ..Jpeg::new(quality) });
        save(&sandbox, "b.png", &edited(picture));
        cut(&sandbox, &["b.png", "p", "--tolerance", "4"]);
        assert_eq!(encoding(&sandbox, "p/v1/2_1.jpg"), encoding(&sandbox, "p/v0/2_1.jpg"), "{factors:?}");
    }
}

#[test]
fn new_tiles_follow_most_of_the_latest() {
    // A lossless patch of another quality changes four of 35 tiles, and not what most have.
    let (sandbox, picture) = lossless(Jpeg::new(92));
    save_as(&sandbox, "75.jpg", &edited(picture.clone()));
    cut(&sandbox, &["75.jpg", "p", "--tolerance", "8"]);
    assert_ne!(encoding(&sandbox, "p/v1/2_1.jpg"), encoding(&sandbox, "p/v0/2_1.jpg"));
    let mut newer = edited(picture);
    (80..110).for_each(|x| newer.put_pixel(x, 62, Rgb([0; 3])));
    save(&sandbox, "c.png", &newer);
    cut(&sandbox, &["c.png", "p", "--tolerance", "8"]);
    assert_eq!(encoding(&sandbox, "p/v2/2_1.jpg"), encoding(&sandbox, "p/v0/2_1.jpg"));
}

#[test]
fn colour_in_a_grey_pyramid_gets_the_tables_of_its_quality() {
    let sandbox = Sandbox::in_memory();
    let grey = photograph(Jpeg { colour: Colour::Grey, ..Jpeg::new(92) });
    sandbox.write("a.jpg", &grey);
    cut(&sandbox, &["a.jpg", "p", "--tile-size", "32"]);
    save(&sandbox, "b.png", &edited(image::load_from_memory(&grey).unwrap().to_rgb8()));
    cut(&sandbox, &["b.png", "p", "--tolerance", "1", "--build"]);
    assert_eq!(tiles(&sandbox, "p/v1"), names(["2_1", "3_1", "2_2", "3_2"]));
    let (luma, chroma) = jpeg::quantisation_tables(92);
    assert_eq!(encoding(&sandbox, "p/v1/2_1.jpg"), [(luma, 1, 1), (chroma, 1, 1), (chroma, 1, 1)]);
    sandbox.succeed(&["verify", "-q", "p"]);
}

#[test]
fn most_tiles_differing_is_explained_with_a_tolerance_that_helps() {
    for (name, why) in [
        ("b.png", "the latest tiles were not encoded from these pixels; it looks as if they came from a JPEG"),
        ("85.jpg", "it is a JPEG with other quantisation tables than the latest tiles, as after an editor saved it"),
    ] {
        let (sandbox, picture) = lossless(Jpeg::new(92));
        save_as(&sandbox, name, &edited(picture));
        for more in [&["--dry-run"][..], &[]] {
            let ended = sandbox.succeed(&[&["cut", name, "p"], more].concat());
            let (warning, _) = ended.err.split_once('\n').unwrap();
            assert!(
                warning.contains(&format!("{name}: 35 of 35 tiles differ: {why}; half of 35 compared")),
                "{warning}"
            );
            let (_, advice) = warning.split_once("; --tolerance ").unwrap();
            let (levels, _) = advice.split_once(' ').unwrap();
            if more.is_empty() {
                std::fs::remove_dir_all(sandbox.path("p/v1")).unwrap();
            }
            let object = cut(&sandbox, &[name, "p", "--dry-run", "--tolerance", levels]);
            assert!(object["written"].as_u64().unwrap() <= 7, "{name} {levels}: {object}");
        }
    }
}

#[test]
fn another_picture_gets_no_tolerance_and_is_told_how_to_take_it_back() {
    let (sandbox, picture) = lossless(Jpeg::new(92));
    let inverted = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| Rgb(picture[(x, y)].0.map(|sample| !sample)));
    save(&sandbox, "b.png", &inverted);
    let ended = sandbox.succeed(&["cut", "b.png", "p"]);
    let (warning, _) = ended.err.split_once('\n').unwrap();
    assert!(warning.contains("35 of 35 tiles differ: the picture differs nearly everywhere; half of 35"), "{warning}");
    let advice = "; no --tolerance up to 8 helps; if this is another picture, fast_pyramid revert takes it back once it is published";
    assert!(warning.ends_with(advice), "{warning}");
    sandbox.succeed(&["-q", "p"]);
    sandbox.succeed(&["revert", "-q", "p"]);
}

#[test]
fn few_differing_tiles_need_no_explanation() {
    let (sandbox, _) = lossless(Jpeg::new(92));
    sandbox.write("b.jpg", photograph(Jpeg::new(92)));
    assert!(!sandbox.succeed(&["cut", "b.jpg", "p", "--dry-run"]).err.contains("warning"));
}

#[test]
fn dry_run_of_a_next_version_counts_and_needs_no_lock() {
    let (sandbox, picture) = lossless(Jpeg::new(92));
    save(&sandbox, "b.png", &edited(picture));
    let _lock = sandbox.hold();
    let ended = sandbox.succeed(&["cut", "b.png", "p", "--dry-run", "--tolerance", "1"]);
    assert!(ended.err.starts_with("p: 4 tiles of 35 differ and would be cut: 200x136 pixels"), "{}", ended.err);
    let ended = sandbox.succeed(&["cut", "a.jpg", "p", "--dry-run"]);
    assert!(ended.err.starts_with("p: unchanged; no new version\n"), "{}", ended.err);
}
