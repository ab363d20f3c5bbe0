//! The tiles of a picture of any kind, joined again, show the picture.

use crate::support::jpeg::Jpeg;
use crate::support::{coefficients, cut_bytes, options};
use fast_pyramid::internals::jpeg::{Colour, JpegImage, quantisation_tables};
use fast_pyramid::{CutMode, CutOptions, CutReport, CutStatus, Quality, TileFormat};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use test_support::cli::Sandbox;
use test_support::fixture;
use test_support::pictures::{
    Noise, Pixels, Png, by_image, exif, icc, icc_of, join_tiles, jpeg_turned, jpeg_with_segment, lossy_webp, oriented,
    pnm, psnr, source_pixels, webp,
};
use test_support::png;
use test_support::sampling::cases;
use test_support::strace::scratch;
use test_support::tiff::Spec as Tiff;

fn png_tiles<'a>(side: u32) -> CutOptions<'a> {
    options(side).format(TileFormat::png())
}

/// Cuts a picture into PNG tiles, which must show exactly this.
#[track_caller]
fn assert_cut_exactly(bytes: &[u8], side: u32, pixels: &Pixels) -> CutReport {
    let scratch = scratch();
    let folder = scratch.path().join("p");
    let report = cut_bytes(bytes, &folder, &png_tiles(side)).unwrap();
    assert_eq!((report.status, report.mode), (CutStatus::Cut, CutMode::Pixels));
    assert!(source_pixels(&folder, pixels.dimensions(), side, "png") == *pixels, "the tiles show something else");
    let tiles = u64::from(pixels.width().div_ceil(side)) * u64::from(pixels.height().div_ceil(side));
    assert_eq!((report.written, report.grid.count()), (Some(tiles), tiles));
    assert_eq!(std::fs::read_dir(folder.join("v0")).unwrap().count() as u64, tiles);
    report
}

/// Cuts a picture with the defaults; which format the tiles have.
fn format_chosen(bytes: &[u8]) -> String {
    let scratch = scratch();
    let folder = scratch.path().join("p");
    let report = cut_bytes(bytes, &folder, &options(32)).unwrap();
    assert!(folder.join("v0/0_0").with_extension(&report.format).exists());
    report.format
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(120), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn png_of_every_kind_shows_the_same(
        size in (1u32..70, 1u32..70), kind in 0..png::KINDS.len(), interlaced: bool, transparent: bool, seed: u64,
        side in 1u32..50,
    ) {
        let (colour, depth) = png::KINDS[kind];
        let kind = Png { colour, depth, interlaced, transparent: transparent && colour < 4 };
        let bytes = kind.file(size, seed, &[]);
        // Few tiles, whatever the size.
        assert_cut_exactly(&bytes, side.max(size.0.max(size.1) / 6), &by_image(&bytes));
        if seed % 8 == 0 {
            prop_assert_eq!(format_chosen(&bytes), if kind.wants_png() { "png" } else { "jpg" });
        }
    }

    #[test]
    fn pnm_of_every_kind_shows_the_same(
        size in (1u32..70, 1u32..70), kind in 1u8..8, channels in 1u32..5,
        most in prop_oneof![Just(255u32), Just(65535), Just(1), 2u32..65535], seed: u64, side in 1u32..50,
    ) {
        let (bytes, pixels) = pnm(kind, size, most, channels, seed);
        if matches!(most, 255 | 65535) {
            prop_assert!(by_image(&bytes) == pixels);
        }
        assert_cut_exactly(&bytes, side.max(size.0.max(size.1) / 6), &pixels);
    }

    #[test]
    fn lossless_webp_shows_the_same(size in (1u32..70, 1u32..70), alpha: bool, seed: u64, side in 1u32..50) {
        let bytes = webp(size, alpha, seed, None, None);
        assert_cut_exactly(&bytes, side.max(size.0.max(size.1) / 6), &by_image(&bytes));
    }

    #[test]
    fn tiff_of_many_kinds_shows_the_same(
        (width, height) in (1u32..70, 1u32..70), kind in 0usize..8, big_endian: bool, big: bool, planar: bool,
        tile in prop::option::of((1u32..3, 1u32..3)), strip in 1u32..20, compression in 0usize..4, predictor: bool,
        seed: u32, side in 1u32..50,
    ) {
        // Photometric interpretation, samples, bits, extra samples.
        let kinds: [(u16, u32, u32, &[u16]); 8] = [
            (1, 1, 8, &[]), (0, 1, 8, &[]), (1, 1, 16, &[]), (1, 2, 8, &[2]), (2, 3, 8, &[]), (2, 3, 16, &[]),
            (2, 4, 8, &[2]), (3, 1, 8, &[]),
        ];
        let (photometric, samples, bits, extra) = kinds[kind];
        let map: Vec<u64> = (0..768).map(|at| (at * 7919 % 256) * 257).collect();
        let tiff = Tiff {
            tile: tile.map(|(across, down)| (across * 16, down * 16)),
            rows_per_strip: strip,
            compression: [1, 5, 8, 32773][compression],
            predictor: predictor && matches!(compression, 1 | 2),
            tags: if photometric == 3 { vec![(320, 3, map.clone())] } else { Vec::new() },
            extra: extra.to_vec(),
            big_endian, big, planar, photometric, samples, bits,
            ..Tiff::rgb(width, height)
        };
        let stored = tiff.noise(seed);
        let wide = |sample: u16| if bits == 16 { sample } else { sample * 257 };
        let pixels = stored.chunks(samples as usize).flat_map(|pixel| match photometric {
            0 => [65535 - wide(pixel[0]), 65535 - wide(pixel[0]), 65535 - wide(pixel[0]), 65535],
            1 => [wide(pixel[0]), wide(pixel[0]), wide(pixel[0]), pixel.get(1).map_or(65535, |alpha| wide(*alpha))],
            3 => [0, 256, 512, 768].map(|first| map.get(first + usize::from(pixel[0])).map_or(65535, |&it| it as u16)),
            _ => [wide(pixel[0]), wide(pixel[1]), wide(pixel[2]), pixel.get(3).map_or(65535, |alpha| wide(*alpha))],
        });
        let pixels = Pixels::from_raw(width, height, pixels.collect()).unwrap();
        assert_cut_exactly(&tiff.file(&stored), side.max(width.max(height) / 6), &pixels);
    }

    /// Nothing is lost: each tile has the picture's own coefficients.
    #[test]
    fn jpeg_is_cut_without_loss(
        size in (1u32..200, 1u32..200), grey: bool,
        factors in prop::sample::select(&[(1u8, 1u8), (2, 1), (1, 2), (2, 2), (4, 1)]),
        quality in 30u8..=100, seed: u64, mcus in 1u32..5,
    ) {
        let colour = if grey { Colour::Grey } else { Colour::YCbCr };
        let bytes = Jpeg { colour, factors, quality }.file(size, seed);
        let (across, down) = if grey { (8, 8) } else { (8 * u32::from(factors.0), 8 * u32::from(factors.1)) };
        assert_cut_without_loss(&bytes, across.max(down) * mcus);
    }
}

/// Cuts a JPEG into JPEG tiles, whose planes and tables must be those of the picture; what other decoders make of them,
/// too, where samples depend on no neighbours.
#[track_caller]
fn assert_cut_without_loss(bytes: &[u8], side: u32) {
    let scratch = scratch();
    let folder = scratch.path().join("p");
    let report = cut_bytes(bytes, &folder, &options(side)).unwrap();
    assert_eq!((report.mode, report.format.as_str()), (CutMode::Lossless, "jpg"));
    let whole = coefficients(bytes);
    let tile = |column: u32, row: u32| folder.join(format!("v0/{column}_{row}.jpg"));
    for index in 0..whole.components.len() {
        let (width, height) = whole.component_size(index);
        let mut expected = Vec::new();
        whole.plane(index, &mut expected);
        let mut found = vec![0; expected.len()];
        for (column, row) in (0..report.grid.rows).flat_map(|row| (0..report.grid.columns).map(move |at| (at, row))) {
            let part = coefficients(&std::fs::read(tile(column, row)).unwrap());
            let (component, own) = (&whole.components[index], &part.components[index]);
            assert_eq!((own.quantisation, own.horizontal), (component.quantisation, component.horizontal));
            let mut samples = Vec::new();
            part.plane(index, &mut samples);
            let (wide, _) = part.component_size(index);
            // The origin of the tile in this plane.
            let greatest = |of: fn(&JpegImage) -> (u8, u8)| of(&whole);
            let most = greatest(|image| {
                let factors = image.components.iter().map(|component| (component.horizontal, component.vertical));
                factors.reduce(|one, other| (one.0.max(other.0), one.1.max(other.1))).unwrap()
            });
            let left = column * side * u32::from(component.horizontal) / u32::from(most.0);
            let top = row * side * u32::from(component.vertical) / u32::from(most.1);
            for (line, from) in samples.chunks(wide as usize).enumerate() {
                let at = ((top as usize + line) * width as usize) + left as usize;
                found[at..at + from.len()].copy_from_slice(from);
            }
        }
        assert!(found == expected, "plane {index} of {width}x{height} differs");
    }
    let subsampled = whole.components.iter().any(|component| component.horizontal * component.vertical > 1);
    if whole.components.len() == 1 || !subsampled {
        let size = (whole.width, whole.height);
        assert!(by_image(bytes) == source_pixels(&folder, size, side, "jpg"), "zune-jpeg sees a difference");
    }
}

#[test]
fn jpeg_of_uncommon_kinds_is_cut_without_loss() {
    let kinds = ["plain", "grey", "422", "444", "progressive", "restart", "rgb_stored", "icc"];
    for name in kinds {
        let bytes = std::fs::read(fixture("odd").join(name).with_extension("jpg")).unwrap();
        for side in [16, 32, 48, 64, 256] {
            assert_cut_without_loss(&bytes, side);
        }
    }
    // A single tile needs no size that fits, nor does a single column across.
    let bytes = Jpeg::new(80).file((40, 30), 1);
    assert_cut_without_loss(&bytes, 41);
}

#[test]
fn tiff_by_libtiff_and_with_jpeg_inside_shows_the_same() {
    for (name, png) in [
        ("rgb_tiles_lzw", "rgb"),
        ("rgb_strips_big_deflate", "rgb"),
        ("rgb_packbits", "rgb"),
        ("rgb_as_cmyk_lzw", "rgb"),
        ("grey16_tiles_lzw", "grey16"),
        ("bilevel_lzw", "bilevel"),
        ("palette_deflate", "palette"),
    ] {
        let read =
            |name: &str, extension: &str| std::fs::read(fixture("tiff").join(name).with_extension(extension)).unwrap();
        for side in [7, 16, 100] {
            assert_cut_exactly(&read(name, "tif"), side, &by_image(&read(png, "png")));
        }
    }
    let chunk = |seed: u64| Jpeg { colour: Colour::Grey, factors: (1, 1), quality: 90 }.file((32, 32), seed);
    let tiff = Tiff { tile: Some((32, 32)), samples: 1, photometric: 1, compression: 7, ..Tiff::rgb(64, 64) };
    let chunks: Vec<Vec<u8>> = (0..4).map(chunk).collect();
    let whole = join_tiles((64, 64), 32, |column, row| chunks[(row * 2 + column) as usize].clone());
    let scratch = scratch();
    let folder = scratch.path().join("p");
    cut_bytes(&tiff.file_of(&chunks), &folder, &png_tiles(20)).unwrap();
    // Two decoders may round differently.
    assert!(psnr(&source_pixels(&folder, (64, 64), 20, "png"), &whole) > 60.0);
}

#[test]
fn lossy_webp_and_jpeg_are_cut_from_pixels() {
    for (size, seed) in [((50, 37), 1), ((16, 16), 2), ((1, 1), 3), ((33, 70), 4)] {
        let bytes = lossy_webp(size, seed);
        assert_cut_exactly(&bytes, 13, &by_image(&bytes));
    }
    // The same decoder as the tool's is not at hand for JPEG, but one that rounds nearly the same.
    for (colour, least) in [(Colour::Grey, 60.0), (Colour::YCbCr, 45.0)] {
        let bytes = Jpeg { colour, factors: (1, 1), quality: 90 }.file((150, 90), 5);
        let scratch = scratch();
        let folder = scratch.path().join("p");
        cut_bytes(&bytes, &folder, &png_tiles(40)).unwrap();
        let found = psnr(&source_pixels(&folder, (150, 90), 40, "png"), &by_image(&bytes));
        assert!(found > least, "{colour:?}: {found}");
    }
}

/// A smooth picture, as those are that JPEG is made for.
fn smooth_ppm(width: u32, height: u32) -> Vec<u8> {
    let mut file = format!("P6 {width} {height} 255\n").into_bytes();
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let wave = |a: u32, b: u32| (127.0 + 120.0 * (f64::from(x * a + y * b) / 150.0).sin()) as u8;
        file.extend([wave(3, 1), wave(1, 2), wave(2, 5)]);
    }
    file
}

#[test]
fn jpeg_tiles_from_pixels_are_near_the_picture() {
    for (quality, least) in [(None, 36.0), (Some(60), 33.0), (Some(95), 42.0), (Some(100), 46.0)] {
        for side in [50, 64, 300] {
            let (scratch, bytes) = (scratch(), smooth_ppm(211, 157));
            let folder = scratch.path().join("p");
            let asked = quality.map(|quality| Quality::new(quality).unwrap());
            let report = cut_bytes(&bytes, &folder, &options(side).quality(asked)).unwrap();
            assert_eq!((report.format.as_str(), report.mode), ("jpg", CutMode::Pixels));
            let found = psnr(&source_pixels(&folder, (211, 157), side, "jpg"), &by_image(&bytes));
            assert!(found > least, "quality {quality:?}: {found}");
            let steps = coefficients(&std::fs::read(folder.join("v0/0_0.jpg")).unwrap()).components[0].quantisation;
            assert_eq!(steps, quantisation_tables(quality.unwrap_or(80)).0);
        }
    }
}

#[test]
fn jpeg_is_requantised_to_the_given_quality() {
    let smooth = |plane, x, y| (90 * plane + x + y / 2) as u8;
    let (bytes, scratch) = (Jpeg::new(92).file_of((130, 90), smooth), scratch());
    for (side, mode) in [(32, CutMode::Requantised), (50, CutMode::Pixels)] {
        let folder = scratch.path().join(format!("p{side}"));
        let quality = Quality::new(60);
        let report = cut_bytes(&bytes, &folder, &options(side).quality(quality)).unwrap();
        assert_eq!(report.mode, mode);
        let tile = coefficients(&std::fs::read(folder.join("v0/1_1.jpg")).unwrap());
        assert_eq!(tile.components[0].quantisation, quantisation_tables(60).0);
        assert_eq!(tile.components[2].quantisation, quantisation_tables(60).1);
        assert!(psnr(&source_pixels(&folder, (130, 90), side, "jpg"), &by_image(&bytes)) > 36.0);
    }
}

/// A file of each format that is stored turned, and its pixels as they are stored.
fn stored_turned(orientation: u8) -> Vec<(&'static str, Vec<u8>, Pixels)> {
    let png = Png::new(2, 8);
    let tiff = Tiff { tags: vec![(274, 3, vec![u64::from(orientation)])], ..Tiff::rgb(41, 26) };
    let samples = tiff.noise(3);
    let plain = samples.chunks(3).flat_map(|pixel| [pixel[0] * 257, pixel[1] * 257, pixel[2] * 257, 65535]);
    let jpeg = Jpeg { colour: Colour::Grey, factors: (1, 1), quality: 80 }.file((41, 26), 4);
    vec![
        ("png", png.file((41, 26), 3, &[(b"eXIf", &exif(orientation))]), by_image(&png.file((41, 26), 3, &[]))),
        ("tiff", tiff.file(&samples), Pixels::from_raw(41, 26, plain.collect()).unwrap()),
        (
            "webp",
            webp((41, 26), true, 3, Some(exif(orientation)), None),
            by_image(&webp((41, 26), true, 3, None, None)),
        ),
        ("jpeg", jpeg_turned(&jpeg, orientation), by_image(&jpeg)),
    ]
}

#[test]
fn orientations_are_applied() {
    let scratch = scratch();
    for orientation in 1..=8 {
        for (name, bytes, plain) in stored_turned(orientation) {
            let pixels = oriented(&plain, orientation);
            let folder = scratch.path().join(format!("{name}{orientation}"));
            let report = cut_bytes(&bytes, &folder, &png_tiles(16)).unwrap();
            assert_eq!((report.size.width, report.size.height), pixels.dimensions());
            let found = source_pixels(&folder, pixels.dimensions(), 16, "png");
            let exact = name != "jpeg";
            assert!(if exact { found == pixels } else { psnr(&found, &pixels) > 60.0 }, "{name}, {orientation}");
            assert_eq!(report.memory.buffered > 0, name == "webp" || orientation > 2, "{name}, {orientation}");
            // Tiles are upright, so nothing in them says that they are to be turned.
            let folder = folder.with_extension("jpg");
            let options = options(16).format(TileFormat::jpg());
            let lossless = name == "jpeg" && orientation == 1;
            let manner = if lossless { CutMode::Lossless } else { CutMode::Pixels };
            assert_eq!(cut_bytes(&bytes, &folder, &options).unwrap().mode, manner);
            let tile = std::fs::read(folder.join("v0/0_0.jpg")).unwrap();
            assert!(!tile.windows(4).any(|part| part == b"Exif"));
        }
    }
}

#[test]
fn profiles_are_copied_into_the_tiles() {
    let (rgb, grey) = (icc(b"RGB "), icc(b"GRAY"));
    let compressed = |profile: &[u8]| [b"x\0\0".as_slice(), &fdeflate::compress_to_vec(profile)].concat();
    let tiff = Tiff { tags: vec![(34675, 7, rgb.iter().map(|&byte| byte.into()).collect())], ..Tiff::rgb(40, 40) };
    let segment = |profile: &[u8]| [b"ICC_PROFILE\0\x01\x01".as_slice(), profile].concat();
    let colour = jpeg_with_segment(&Jpeg::new(80).file((40, 40), 1), 0xE2, &segment(&rgb));
    let shades = Jpeg { colour: Colour::Grey, ..Jpeg::new(80) }.file((40, 40), 1);
    let pictures = [
        (Png::new(2, 8).file((40, 40), 1, &[(b"iCCP", &compressed(&rgb))]), &rgb),
        (Png::new(0, 16).file((40, 40), 1, &[(b"iCCP", &compressed(&grey))]), &grey),
        (tiff.file(&tiff.noise(1)), &rgb),
        (webp((40, 40), false, 1, None, Some(rgb.clone())), &rgb),
        (colour, &rgb),
        (jpeg_with_segment(&shades, 0xE2, &segment(&grey)), &grey),
    ];
    for (number, (bytes, profile)) in pictures.iter().enumerate() {
        for (extension, format) in [("png", TileFormat::png()), ("jpg", TileFormat::jpg())] {
            // 16: lossless; 20: by pixels.
            for side in [16, 20] {
                let scratch = scratch();
                let folder = scratch.path().join("p");
                cut_bytes(bytes, &folder, &options(side).format(format.clone())).unwrap();
                for tile in ["0_0", "1_1"].map(|name| folder.join("v0").join(name).with_extension(extension)) {
                    assert_eq!(icc_of(&tile).as_ref(), Some(*profile), "picture {number}, {}", tile.display());
                }
            }
        }
    }
}

#[test]
fn profile_for_other_colours_is_left_out() {
    let segment = [b"ICC_PROFILE\0\x01\x01".as_slice(), &icc(b"RGB ")].concat();
    let shades = Jpeg { colour: Colour::Grey, ..Jpeg::new(80) }.file((40, 40), 1);
    let sandbox = Sandbox::new();
    sandbox.write("grey.jpg", jpeg_with_segment(&shades, 0xE2, &segment));
    // 16: lossless; 20: by pixels.
    for side in ["16", "20"] {
        let ended = sandbox.succeed(&["cut", "grey.jpg", side, "--tile-size", side]);
        let expected = format!("warning: {side}: grey.jpg: ICC profile ignored: it is for RGB, not GRAY");
        assert!(ended.err.lines().any(|line| line == expected), "{}", ended.err);
        for tile in ["0_0.jpg", "1_1.jpg"] {
            assert_eq!(icc_of(&sandbox.path(side).join("v0").join(tile)), None);
        }
    }
}

/// The colour of a picture whose pixels are all near one another.
fn middle(path: PathBuf) -> [u8; 3] {
    image::open(path).unwrap().to_rgb8().get_pixel(4, 4).0
}

fn near(one: [u8; 3], other: [u8; 3]) -> bool {
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= 2)
}

#[test]
fn alpha_and_depth_lost_in_jpeg_tiles_are_reported_once() {
    let sandbox = Sandbox::new();
    let pixel = |samples: [u16; 4]| samples.iter().flat_map(|sample| sample.to_be_bytes()).collect::<Vec<u8>>();
    let pam = |samples: [u16; 4]| {
        let header = b"P7\nWIDTH 40\nHEIGHT 40\nDEPTH 4\nMAXVAL 65535\nTUPLTYPE RGB_ALPHA\nENDHDR\n".to_vec();
        [header, pixel(samples).repeat(1600)].concat()
    };
    sandbox.write("half.pam", pam([0, 65535, 20000, 32768]));
    sandbox.write("deep.ppm", [b"P6 40 40 65535\n".to_vec(), pixel([40000, 300, 65535, 0])[..6].repeat(1600)].concat());
    sandbox.write("fine.ppm", [b"P6 40 40 255\n".to_vec(), [9; 3].repeat(1600)].concat());
    let cut_to_jpeg = |picture: &str, folder: &str| {
        let ended =
            sandbox.succeed(&["cut", picture, folder, "--format", "jpg", "--tile-size", "16", "--quality", "95"]);
        let lines = ended.err.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned);
        (lines.collect::<Vec<String>>(), middle(sandbox.path(folder).join("v0/0_0.jpg")))
    };
    let (lines, colour) = cut_to_jpeg("half.pam", "half");
    let deep = "half.pam: 16 bits scaled down to 8 (JPEG has no more); use the format png to keep them";
    let alpha = "half.pam: alpha flattened onto white (JPEG has none); use the format png to keep it";
    assert_eq!(lines, [format!("warning: half: {deep}"), format!("warning: half: {alpha}")]);
    assert!(near(colour, [127, 255, 166]), "{colour:?}");
    let (lines, colour) = cut_to_jpeg("deep.ppm", "deep");
    assert_eq!((lines.len(), near(colour, [156, 1, 255])), (1, true), "{lines:?} {colour:?}");
    assert!(lines[0].contains("16 bits"));
    assert_eq!(cut_to_jpeg("fine.ppm", "fine").0, [""; 0]);
    // PNG loses nothing, so there is no warning.
    assert!(!sandbox.succeed(&["cut", "half.pam", "png"]).err.contains("warning"));
}

#[test]
fn uniform_tiles_are_counted_and_right() {
    let mut noise = Noise::new(1);
    let mut picture = image::RgbImage::from_pixel(100, 70, image::Rgb([7, 8, 9]));
    (0..10).for_each(|x| picture.put_pixel(x, 0, image::Rgb([noise.number() as u8; 3])));
    let (scratch, mut bytes) = (scratch(), std::io::Cursor::new(Vec::new()));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let jpeg = Jpeg::new(80).file_of((100, 70), |plane, x, y| if x + y < 9 { (x * y) as u8 } else { 50 * plane as u8 });
    let png = bytes.get_ref();
    // The JPEG's halved colour differences reach into the tiles beside and below the first one, as pixels even further.
    for (number, (bytes, format, flat)) in
        [(png, "png", 34), (png, "jpg", 34), (&jpeg, "jpg", 32), (&jpeg, "png", 27)].into_iter().enumerate()
    {
        let folder = scratch.path().join(format!("p{number}"));
        let format_asked = TileFormat::new(format);
        let report = cut_bytes(bytes, &folder, &options(16).format(format_asked)).unwrap();
        assert_eq!((report.grid.count(), report.uniform), (35, Some(flat)));
        let found = psnr(&source_pixels(&folder, (100, 70), 16, format), &by_image(bytes));
        assert!(found > 40.0, "{found}");
        assert!(equal_files(&folder.join("v0"), format));
    }
}

/// Whether the inner tiles, all of one size and colour, are equal.
fn equal_files(folder: &Path, extension: &str) -> bool {
    let read = |name: &str| std::fs::read(folder.join(name).with_extension(extension)).unwrap();
    read("4_0") == read("5_3") && read("6_0") == read("6_3") && read("3_4") == read("5_4")
}
