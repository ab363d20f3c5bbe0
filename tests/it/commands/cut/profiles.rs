//! ICC profiles: sRGB is left out of tiles, others are kept, and comparing does not depend on that.

use crate::support::jpeg::Jpeg;
use fast_pyramid::internals::jpeg::{self, Colour};
use moxcms::ColorProfile;
use test_support::cli::Sandbox;
use test_support::cutting::{cut, names, tiles};
use test_support::pictures::{Png, icc_of, jpeg_with_segment};

const SIZE: (u32, u32) = (100, 70);

/// The bytes of a profile without its date.
fn bytes_of(profile: &ColorProfile) -> Vec<u8> {
    let mut bytes = profile.encode().unwrap();
    bytes[24..36].fill(0);
    bytes
}

fn srgb() -> Vec<u8> {
    bytes_of(&ColorProfile::new_srgb())
}

fn p3() -> Vec<u8> {
    bytes_of(&ColorProfile::new_display_p3())
}

fn grey_srgb() -> Vec<u8> {
    let mut profile = ColorProfile::new_gray_with_gamma(2.2);
    profile.gray_trc = ColorProfile::new_srgb().red_trc;
    bytes_of(&profile)
}

/// A PNG of noise with a profile.
fn png(colour_type: u8, seed: u64, profile: &[u8]) -> Vec<u8> {
    let chunk = [b"x\0\0".as_slice(), &fdeflate::compress_to_vec(profile)].concat();
    Png::new(colour_type, 8).file(SIZE, seed, &[(b"iCCP", &chunk)])
}

/// A JPEG or a tile with a profile.
fn tagged(jpeg: &[u8], profile: &[u8]) -> Vec<u8> {
    jpeg_with_segment(jpeg, 0xE2, &[b"ICC_PROFILE\0\x01\x01".as_slice(), profile].concat())
}

fn picture(changed: bool) -> Vec<u8> {
    Jpeg::new(85).file_of(SIZE, |plane, x, y| {
        let invert = if changed && plane == 0 && x < 9 && y < 9 { 99 } else { 0 };
        ((x * 73 + y * 151 + plane * 41) as u8 / 2 + 50) ^ invert
    })
}

#[test]
fn srgb_profiles_are_left_out_and_others_kept() {
    let shades = Jpeg { colour: Colour::Grey, ..Jpeg::new(85) }.file_of(SIZE, |_, x, y| (x + y) as u8);
    let sandbox = Sandbox::in_memory();
    let pictures = [
        ("srgb.png", png(2, 1, &srgb()), None),
        ("grey.png", png(0, 1, &grey_srgb()), None),
        ("p3.png", png(2, 1, &p3()), Some(p3())),
        ("srgb.jpg", tagged(&picture(false), &srgb()), None),
        ("grey.jpg", tagged(&shades, &grey_srgb()), None),
        ("p3.jpg", tagged(&picture(false), &p3()), Some(p3())),
    ];
    for (name, bytes, expected) in pictures {
        sandbox.write(name, bytes);
        // Without loss where possible, and from pixels.
        for (format, side) in [("jpg", "32"), ("jpg", "30"), ("png", "32")] {
            let folder = format!("{name}-{format}-{side}");
            sandbox.succeed(&["cut", "-q", name, &folder, "--format", format, "--tile-size", side, "--build"]);
            for tile in ["v0/0_0", "v0/1_1", "dest/dzi/latest/dzi_files/0/0_0"] {
                let tile = sandbox.path(&format!("{folder}/{tile}.{format}"));
                assert_eq!(icc_of(&tile), expected, "{}", tile.display());
            }
        }
    }
}

#[test]
fn unreadable_profile_is_kept_with_a_warning() {
    let sandbox = Sandbox::in_memory();
    let mut damaged = srgb()[..140].to_vec();
    damaged[..4].copy_from_slice(&140_u32.to_be_bytes());
    sandbox.write("a.png", png(2, 1, &damaged));
    let ended = sandbox.succeed(&["cut", "a.png", "p"]);
    let expected = "warning: p: a.png: ICC profile kept, although it cannot be read; viewers may ignore it\n";
    assert!(ended.err.starts_with(expected), "{}", ended.err);
    assert_eq!(icc_of(&sandbox.path("p/v0/0_0.jpg")), Some(damaged));
}

/// Adds a profile to all tiles of v0, as earlier releases did.
fn tag_tiles(sandbox: &Sandbox, profile: &[u8]) {
    for tile in tiles(sandbox, "p/v0") {
        let path = sandbox.path(&format!("p/v0/{tile}.jpg"));
        let (mut image, mut bytes) = (jpeg::JpegImage::default(), Vec::new());
        jpeg::decode_into(&std::fs::read(&path).unwrap(), None, &mut jpeg::DecodeScratch::default(), &mut image)
            .unwrap();
        image.icc = Some(profile.into());
        jpeg::encode(&image, jpeg::HuffmanTables::Standard, &mut bytes).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn pyramid_with_srgb_in_its_tiles_keeps_it_and_is_unchanged() {
    for side in ["32", "30"] {
        let sandbox = Sandbox::in_memory();
        sandbox.write("a.jpg", picture(false));
        cut(&sandbox, &["a.jpg", "p", "--tile-size", side]);
        tag_tiles(&sandbox, &srgb());
        sandbox.succeed(&["build", "-q", "p"]);
        sandbox.write("tagged.jpg", tagged(&picture(false), &srgb()));
        for name in ["a.jpg", "tagged.jpg"] {
            assert_eq!(cut(&sandbox, &[name, "p"])["status"], "unchanged", "{name}, {side}");
        }
        sandbox.write("b.jpg", picture(true));
        cut(&sandbox, &["b.jpg", "p", "--build"]);
        assert_eq!(tiles(&sandbox, "p/v1"), names(["0_0"]));
        assert_eq!(icc_of(&sandbox.path("p/v1/0_0.jpg")), Some(srgb()));
    }
}

#[test]
fn pyramid_without_profile_stays_without() {
    let sandbox = Sandbox::in_memory();
    for (untagged, tagged_picture, format) in [
        (picture(false), tagged(&picture(false), &srgb()), "jpg"),
        (Png::new(2, 8).file(SIZE, 1, &[]), png(2, 1, &srgb()), "png"),
    ] {
        sandbox.write("a", untagged);
        sandbox.write("b", tagged_picture);
        let folder = format!("p{format}");
        cut(&sandbox, &["a", &folder, "--tile-size", "32", "--format", format, "--build"]);
        assert_eq!(cut(&sandbox, &["b", &folder])["status"], "unchanged");
    }
}

#[test]
fn png_tiles_with_and_without_srgb_show_the_same() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.png", Png::new(2, 8).file(SIZE, 1, &[]));
    cut(&sandbox, &["a.png", "p", "--tile-size", "128", "--format", "png"]);
    // The only tile is the picture itself, with a profile.
    sandbox.write("p/v0/0_0.png", png(2, 1, &srgb()));
    assert_eq!(cut(&sandbox, &["a.png", "p", "--build"])["status"], "unchanged");
}

#[test]
fn picture_with_other_colours_changes_all_tiles() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.jpg", picture(false));
    sandbox.write("b.jpg", tagged(&picture(false), &p3()));
    cut(&sandbox, &["a.jpg", "p", "--tile-size", "32", "--build"]);
    for tolerance in ["0", "255"] {
        let ended = sandbox.succeed(&["cut", "b.jpg", "p", "--dry-run", "--json", "--tolerance", tolerance]);
        assert_eq!(ended.json()[0]["written"], 12);
        let why = "12 of 12 tiles differ: its ICC profile is not that of the latest tiles, so they show other colours";
        assert!(ended.err.lines().next().unwrap().ends_with(why), "{}", ended.err);
    }
    cut(&sandbox, &["b.jpg", "p", "--build"]);
    assert_eq!(icc_of(&sandbox.path("p/v1/2_1.jpg")), Some(p3()));
    assert_eq!(cut(&sandbox, &["b.jpg", "p"])["status"], "unchanged");
}
