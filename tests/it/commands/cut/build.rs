//! `cut --build` gives the same as `cut` and then `build`, byte for byte and link for link.

use crate::support::jpeg::Jpeg;
use proptest::prelude::*;
use test_support::cli::Sandbox;
use test_support::fixture;
use test_support::pictures::{Png, by_image, pnm, tree_pixels};
use test_support::sampling::cases;
use test_support::strace::whole;
use test_support::tree::{assert_same_snapshot, assert_same_tree, assert_tree_rules};

/// Cuts and builds a picture at once with one thread and with four, and one after the other; all must be the same.
#[track_caller]
fn assert_same_in_one_pass(picture: &[u8], arguments: &[&str]) {
    let sandbox = Sandbox::in_memory();
    sandbox.write("picture", picture);
    let run = |more: &[&str]| sandbox.succeed(&[&["cut", "picture", "-q"], more, arguments].concat());
    run(&["apart"]);
    sandbox.succeed(&["build", "apart", "-q"]);
    for (threads, folder) in [("1", "one"), ("4", "four")] {
        run(&["--build", "-j", threads, folder]);
        assert_same_snapshot(&whole(&sandbox.path("apart")), &whole(&sandbox.path(folder)));
        assert_tree_rules(&sandbox.path(folder));
        assert_same_records(&sandbox, folder);
    }
    assert_eq!(sandbox.succeed(&["verify", "four", "--json"]).json()[0]["problems"], 0);
    // A build has nothing to do, and neither has the same cut again.
    let status = |object: &serde_json::Value| object["versions"][0]["status"].clone();
    assert_eq!(status(&sandbox.succeed(&["build", "four", "--json"]).json()[0]), "up_to_date");
    let before = whole(&sandbox.path("four"));
    let again = run(&["--build", "--json", "four"]).json().remove(0);
    assert_eq!((&again["status"], status(&again)), (&"unchanged".into(), "up_to_date".into()));
    assert_same_snapshot(&before, &whole(&sandbox.path("four")));
}

/// The manifests say the same of each tile but when its source was written.
fn assert_same_records(sandbox: &Sandbox, folder: &str) {
    let read = |folder: &str, name: &str| {
        std::fs::read(sandbox.path(folder).join("dest/.fast_pyramid/versions/v0").join(name)).unwrap()
    };
    assert_eq!(read("apart", "tiles").len(), read(folder, "tiles").len());
    let names = |folder: &str| {
        let entries = std::fs::read_dir(sandbox.path(folder).join("dest/.fast_pyramid")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("apart"), names(folder));
    assert_eq!(names(folder), ["lock", "versions"]);
}

/// Sizes and tile sizes in which something is at its least, or does not come out even.
const SHAPES: [((u32, u32), &str); 10] = [
    ((1, 1), "256"),
    ((1, 1), "1"),
    ((257, 1), "256"),
    ((1, 257), "256"),
    ((300, 200), "512"),
    ((300, 200), "64"),
    ((256, 128), "64"),
    ((129, 65), "32"),
    ((100, 90), "33"),
    ((70, 61), "7"),
];

#[test]
fn png_tiles_are_built_in_one_pass() {
    for (size, side) in SHAPES {
        assert_same_in_one_pass(&Png::new(6, 8).file(size, 1, &[]), &["--tile-size", side]);
    }
    for kind in [Png::new(0, 16), Png::new(3, 4), Png { interlaced: true, ..Png::new(2, 8) }, Png::new(0, 1)] {
        assert_same_in_one_pass(&kind.file((150, 99), 2, &[]), &["--tile-size", "16", "--format", "png"]);
    }
}

#[test]
fn jpeg_tiles_from_pixels_are_built_in_one_pass() {
    for (size, side) in SHAPES {
        assert_same_in_one_pass(&pnm(6, size, 255, 3, 1).0, &["--tile-size", side]);
    }
    for quality in ["30", "75", "95"] {
        assert_same_in_one_pass(&pnm(6, (200, 150), 255, 3, 1).0, &["--tile-size", "32", "--quality", quality]);
        assert_same_in_one_pass(
            &pnm(5, (200, 150), 65535, 1, 1).0,
            &["--tile-size", "32", "--quality", quality, "--format", "jpg"],
        );
    }
}

#[test]
fn jpeg_tiles_from_coefficients_are_built_in_one_pass() {
    for (size, side) in SHAPES {
        // By pixels where the tile size does not fit.
        assert_same_in_one_pass(&Jpeg::new(85).file(size, 1), &["--tile-size", side]);
        assert_same_in_one_pass(&Jpeg::new(85).file(size, 1), &["--tile-size", side, "--quality", "60"]);
    }
    for factors in [(1, 1), (2, 1), (1, 2), (4, 1)] {
        for quality in [30, 90, 100] {
            let picture = Jpeg { factors, ..Jpeg::new(quality) }.file((190, 140), 3);
            assert_same_in_one_pass(&picture, &["--tile-size", "32"]);
        }
    }
    for name in ["progressive", "restart", "grey", "icc", "rgb_stored", "exif_orientation_6"] {
        let picture = std::fs::read(fixture("odd").join(name).with_extension("jpg")).unwrap();
        assert_same_in_one_pass(&picture, &["--tile-size", "16"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(20), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn pictures_of_any_size_are_built_in_one_pass(size in (1u32..150, 1u32..150), side in 4u32..160, kind in 0..4, seed: u64) {
        let side = side.max(size.0.max(size.1) / 20);
        let (picture, side) = match kind {
            0 => (Png::new(2, 8).file(size, seed, &[]), side),
            1 => (pnm(6, size, 255, 3, seed).0, side),
            2 => (Jpeg::new(80).file(size, seed), side),
            _ => (Jpeg::new(80).file(size, seed), side.next_multiple_of(16)),
        };
        assert_same_in_one_pass(&picture, &["--tile-size", &side.to_string()]);
    }
}

#[test]
fn waiting_pyramid_json_sets_the_settings() {
    for filter in ["lanczos3", "nearest", "mode"] {
        let sandbox = Sandbox::in_memory();
        sandbox.write("picture", Png::new(2, 8).file((100, 80), 5, &[]));
        for folder in ["apart", "once"] {
            let optimize = "optimize: true, linear: false";
            let text =
                format!("{{ width: 100, height: 80, tile_size: 32, overlap: 0, filter: '{filter}', {optimize} }}");
            sandbox.spec(folder, text);
        }
        sandbox.succeed(&["cut", "picture", "apart", "-q"]);
        sandbox.succeed(&["build", "apart", "-q"]);
        sandbox.succeed(&["cut", "picture", "once", "--build", "-q"]);
        assert_same_snapshot(&whole(&sandbox.path("apart")), &whole(&sandbox.path("once")));
        sandbox.succeed(&["verify", "once", "-q"]);
    }
}

#[test]
fn next_version_is_like_cut_then_build() {
    // The same two pictures, cut and built at once; cut, and built in the end; and built after the second.
    let (first, second) = (Jpeg::new(80).file((150, 100), 1), Jpeg::new(80).file((150, 100), 2));
    let sandbox = Sandbox::in_memory();
    sandbox.write("first", first);
    sandbox.write("second", second);
    let cut = |picture: &str, folder: &str, more: &[&str]| {
        sandbox.succeed(&[&["cut", picture, folder, "--tile-size", "32", "-q"], more].concat());
    };
    cut("first", "a", &["--build"]);
    cut("second", "a", &["--build"]);
    cut("first", "b", &[]);
    cut("second", "b", &[]);
    sandbox.succeed(&["build", "b", "-q"]);
    cut("first", "c", &[]);
    cut("second", "c", &["--build"]);
    for other in ["b", "c"] {
        assert_same_tree(&sandbox.path("a/dest/dzi"), &sandbox.path(other).join("dest/dzi"));
        assert_same_tree(&sandbox.path("a/v1"), &sandbox.path(other).join("v1"));
    }
    sandbox.succeed(&["verify", "a", "-q"]);
}

/// The build needs the trees that the picture was compared with, so dropped trees are restored.
#[test]
fn next_version_above_dropped_ones_shows_its_picture() {
    let size = (100, 80);
    let png = |seed: u64| Png::new(2, 8).file(size, seed, &[]);
    let mut newest = by_image(&png(2));
    newest.put_pixel(0, 0, image::Rgba([0, 0, 0, u16::MAX]));
    let sandbox = Sandbox::in_memory();
    let folder = sandbox.path("p");
    for (version, seed) in [1, 2, 3].into_iter().enumerate() {
        sandbox.write("picture", png(seed));
        sandbox.succeed(&["cut", "picture", "p", "--format", "png", "--tile-size", "32", "--build", "-q"]);
        assert!(folder.join(format!("v{version}")).exists());
    }
    sandbox.succeed(&["vacuum", "p", "--drop", "1", "--keep-sources", "-q"]);
    std::fs::remove_dir_all(folder.join("v2")).unwrap();
    std::fs::remove_dir_all(folder.join("dest/dzi/v2")).unwrap();
    let file = image::DynamicImage::from(newest.clone()).into_rgb8();
    file.save_with_format(sandbox.path("picture"), image::ImageFormat::Png).unwrap();
    sandbox.succeed(&["cut", "picture", "p", "--build", "-q"]);
    assert_eq!(std::fs::read_dir(folder.join("v2")).unwrap().count(), 1, "the tile that differs from v1");
    assert!(tree_pixels(&folder, size, 32, "png") == newest);
    assert!(folder.join("dest/dzi/v1").exists());
    sandbox.succeed(&["verify", "p", "-q"]);
}
