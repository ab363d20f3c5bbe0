use super::settings::TileSettings;
use super::*;
use crate::format::{Filter, FormatKind, Quality};
use crate::geometry::Size;
use crate::jpeg::{self, Colour, HuffmanTables, JpegImage};
use crate::raster::reduce::Reduction;
use crate::raster::{Raster, Samples};
use proptest::prelude::*;
use std::path::Path;

fn codec(kind: FormatKind, quality: u8, filter: Filter, linear: bool) -> Codec {
    let settings = TileSettings {
        quality: Quality::new(quality).unwrap(),
        huffman: HuffmanTables::Standard,
        reduction: Reduction { filter, linear },
        tile_size: 64,
        overlap: 0,
    };
    Codec { kind, settings, has_parents: true }
}

fn with_tables(codec: Codec, huffman: HuffmanTables) -> Codec {
    Codec { settings: TileSettings { huffman, ..codec.settings }, ..codec }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

fn decode(name: &str, size: Size) -> Result<TileImage, CodecError> {
    let kind = if name.ends_with("png") { FormatKind::Png } else { FormatKind::Jpeg };
    codec(kind, 80, Filter::Mean, false).decode(&fixture(name), size, &mut Scratch::default())
}

const SMALL: Size = Size::new(64, 48);

#[test]
fn all_supported_kinds_of_tiles_are_decoded() {
    let mut taken = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/odd")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bad = ["cmyk", "orientation_6", "_header", "truncated.", "no_end", "empty", "html", "really", "bad_"];
        let size = |bytes: &[u8]| image::load_from_memory(bytes).map(|image| Size::new(image.width(), image.height()));
        let name = format!("odd/{name}");
        if bad.iter().any(|part| name.contains(part)) {
            let error = decode(&name, SMALL).unwrap_err();
            assert!(!error.to_string().is_empty());
        } else {
            decode(&name, size(&fixture(&name)).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
            taken += 1;
        }
    }
    assert!(taken >= 20, "{taken}");
}

#[test]
fn faults_are_distinguished() {
    let error = |name: &str| decode(name, SMALL).unwrap_err();
    assert!(matches!(error("odd/exif_orientation_6.jpg"), CodecError::Rotated(6)));
    assert!(matches!(error("odd/cmyk.jpg"), CodecError::Unsupported(_)));
    assert!(matches!(error("odd/arithmetic_header.jpg"), CodecError::Unsupported(_)));
    assert!(matches!(error("odd/twelve_bit_header.jpg"), CodecError::Unsupported(_)));
    for name in ["truncated.jpg", "no_end_marker.jpg", "empty.jpg", "html_error_page.jpg", "really_png.jpg"] {
        assert!(matches!(error(&format!("odd/{name}")), CodecError::Damaged(_)), "{name}");
    }
    for name in ["truncated.png", "bad_checksum.png", "really_jpeg.png"] {
        assert!(matches!(error(&format!("odd/{name}")), CodecError::Damaged(_)), "{name}");
    }
    let expected = Size::new(64, 47);
    assert_eq!(decode("odd/plain.jpg", expected), Err(CodecError::WrongSize { expected, found: SMALL }));
    assert_eq!(decode("odd/rgb.png", expected), Err(CodecError::WrongSize { expected, found: SMALL }));
}

#[test]
fn truncated_png_is_an_error_at_any_length() {
    let whole = fixture("odd/rgb16.png");
    let size = image::load_from_memory(&whole).unwrap();
    let size = Size::new(size.width(), size.height());
    let codec = codec(FormatKind::Png, 80, Filter::Mean, false);
    for length in 0..whole.len() {
        let result = codec.decode(&whole[..length], size, &mut Scratch::default());
        assert!(matches!(result, Err(CodecError::Damaged(_))), "cut to {length} of {}: {result:?}", whole.len());
    }
}

fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut walk = 128i32;
    (0..length)
        .map(|_| {
            walk = (walk + i32::from(next() % 31) - 15).clamp(0, 255);
            walk as u8
        })
        .collect()
}

/// The tile decoded from this image's file.
fn stored(codec: Codec, image: &JpegImage) -> TileImage {
    let mut bytes = Vec::new();
    jpeg::encode(image, HuffmanTables::Optimised, &mut bytes).unwrap();
    codec.decode(&bytes, Size::new(image.width, image.height), &mut Scratch::default()).unwrap()
}

/// The image in a file.
fn image_of(bytes: &[u8]) -> JpegImage {
    jpeg::decode(bytes, None, &mut jpeg::DecodeScratch::default()).unwrap()
}

/// An image with this colour and sampling of the first component.
fn jpeg_image(seed: u32, size: Size, colour: Colour, factor: (u8, u8)) -> JpegImage {
    let pixels = (size.width, size.height);
    let (luma, chroma) = jpeg::quantisation_tables(85);
    let planes: Vec<(Vec<u8>, (u8, u8))> = (0..colour.component_count())
        .map(|index| {
            let own = if index == 0 { factor } else { (1, 1) };
            let (width, height) = jpeg::component_size(pixels, own, factor);
            (noise(seed + index as u32, (width * height) as usize), own)
        })
        .collect();
    let sources: Vec<jpeg::PlaneSource<'_>> = planes
        .iter()
        .enumerate()
        .map(|(index, (samples, own))| jpeg::PlaneSource {
            samples,
            horizontal: own.0,
            vertical: own.1,
            quantisation: if index == 0 { &luma } else { &chroma },
        })
        .collect();
    let mut image = JpegImage::default();
    image.assign_planes(pixels, colour, &sources).unwrap();
    image
}

fn any_colour() -> impl Strategy<Value = (Colour, (u8, u8))> {
    prop_oneof![
        Just((Colour::Grey, (1, 1))),
        Just((Colour::Rgb, (1, 1))),
        proptest::sample::select(vec![(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2)])
            .prop_map(|factor| (Colour::YCbCr, factor)),
    ]
}

fn any_filter() -> impl Strategy<Value = (Filter, bool)> {
    proptest::sample::select(vec![
        (Filter::Mean, false),
        (Filter::Mean, true),
        (Filter::Lanczos3, false),
        (Filter::Lanczos3, true),
        (Filter::Nearest, false),
        (Filter::Mode, false),
    ])
}

/// The sizes of a parent's children; the right and bottom ones may be smaller, or missing.
fn any_sizes() -> impl Strategy<Value = [Option<Size>; 4]> {
    let side = prop_oneof![Just(64u32), Just(32), 1..70u32];
    (side.clone(), side, 0..70u32, 0..70u32).prop_map(|(width, height, right, below)| {
        let (right, below) = (right.min(width), below.min(height));
        let size = |width: u32, height: u32| (width > 0 && height > 0).then_some(Size::new(width, height));
        [size(width, height), size(right, height), size(width, below), size(right, below)]
    })
}

fn parent_size(sizes: &[Option<Size>; 4]) -> Size {
    let side = |at: usize, length: fn(Size) -> u32| sizes[at].map_or(0, length);
    let width = side(0, |size| size.width) + side(1, |size| size.width);
    let height = side(0, |size| size.height) + side(2, |size| size.height);
    Size::new(width, height).halved()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The whole build relies on this: what goes up equals what later runs decode.
    #[test]
    fn returned_parent_equals_the_decoded_parent(
        sizes in any_sizes(), colours in proptest::array::uniform4(any_colour()), same in any::<bool>(),
        quality in proptest::sample::select(vec![5u8, 80, 89, 90, 100]), (filter, linear) in any_filter(),
        seed in any::<u32>(), huffman in proptest::sample::select(vec![HuffmanTables::Standard, HuffmanTables::Optimised]),
    ) {
        let codec = with_tables(codec(FormatKind::Jpeg, quality, filter, linear), huffman);
        let children: Vec<Option<TileImage>> = sizes.iter().zip(colours).enumerate().map(|(index, (size, colour))| {
            let (colour, factor) = if same { colours[0] } else { colour };
            size.map(|size| stored(codec, &jpeg_image(seed.wrapping_add(index as u32), size, colour, factor)))
        }).collect();
        let children: [Option<&TileImage>; 4] = std::array::from_fn(|index| children[index].as_ref());
        let size = parent_size(&sizes);
        let mut bytes = Vec::new();
        // Into an image with other contents, as workers do.
        let mut parent = stored(codec, &jpeg_image(seed, Size::new(40, 24), Colour::YCbCr, (2, 1)));
        let mut scratch = Scratch::default();
        codec.parent_into(&Parts::of_children(children), size, &mut scratch, &mut parent, &mut bytes).unwrap();
        let back = codec.decode(&bytes, size, &mut Scratch::default()).unwrap();
        prop_assert!(parent == back);
        let other = image::load_from_memory(&bytes).unwrap();
        prop_assert_eq!((other.width(), other.height()), (size.width, size.height));
        let mut again = Vec::new();
        codec.parent(children, size, &mut scratch, &mut again).unwrap();
        prop_assert!(bytes == again);
    }
}

/// The colour and the sampling do not matter, and the seams between tiles do not show.
#[test]
fn uniform_tiles_have_uniform_parents() {
    let flat = |value: u8, size: Size, factor: (u8, u8)| {
        let mut image = jpeg_image(1, size, Colour::YCbCr, factor);
        for component in &mut image.components {
            component.coefficients.iter_mut().for_each(|block| *block = [0; 64]);
            let level = (i32::from(value) - 128) * 8 / i32::from(component.quantisation[0]);
            component.coefficients.iter_mut().for_each(|block| block[0] = level as i16);
        }
        image
    };
    for (size, factor) in [(Size::new(64, 64), (2, 2)), (Size::new(51, 51), (2, 2)), (Size::new(33, 33), (4, 1))] {
        let image = flat(200, size, factor);
        let value = |image: &JpegImage| {
            let mut samples = Vec::new();
            (0..3)
                .map(|index| {
                    image.plane(index, &mut samples);
                    let (least, most) = (samples.iter().min().unwrap(), samples.iter().max().unwrap());
                    assert_eq!(least, most, "{size} {factor:?} component {index}");
                    *most
                })
                .collect::<Vec<u8>>()
        };
        let before = value(&image);
        let codec = codec(FormatKind::Jpeg, 85, Filter::Mean, false);
        let (tile, mut bytes) = (stored(codec, &image), Vec::new());
        codec.parent([Some(&tile); 4], size, &mut Scratch::default(), &mut bytes).unwrap();
        let parent = image_of(&bytes);
        for (before, after) in before.iter().zip(value(&parent)) {
            assert!(before.abs_diff(after) <= 1, "{size} {factor:?}: {before} became {after}");
        }
    }
}

/// On tiles without clamping, the two paths differ only by rounding.
#[test]
fn paths_of_samples_and_coefficients_agree() {
    let size = Size::new(256, 256);
    let children = ["0_0", "1_0", "0_1", "1_1"].map(|name| decode(&format!("relief/v0/{name}.jpg"), size).unwrap());
    let tiles = children.each_ref().map(TileImage::as_jpeg);
    let folded = tiles.map(|tile| tile.and_then(jpeg::JpegTile::folded));
    let steps = jpeg::ParentSteps::new(&[1; 64], &[1; 64]);
    assert!(jpeg::merge(folded, &steps, &mut JpegImage::default()));
    let codec = codec(FormatKind::Jpeg, 89, Filter::Mean, false);
    let (mut bytes, mut slow) = (Vec::new(), JpegImage::default());
    codec.parent(children.each_ref().map(Some), size, &mut Scratch::default(), &mut bytes).unwrap();
    let fast = image_of(&bytes);
    let images = ["0_0", "1_0", "0_1", "1_1"].map(|name| image_of(&fixture(&format!("relief/v0/{name}.jpg"))));
    let size_of = |image: &JpegImage| Size::new(image.width, image.height);
    let parts = Parts::of_four(images.each_ref().map(Some), size_of);
    jpeg_parent::by_samples(&parts, size, codec.settings, &mut slow).unwrap();
    assert!(fast != slow, "requantised differently somewhere, or the test compares a path with itself");
    for index in 0..3 {
        let plane = |image: &JpegImage| {
            let mut samples = Vec::new();
            image.plane(index, &mut samples);
            samples
        };
        let (fast, slow) = (plane(&fast), plane(&slow));
        let squares: f64 = fast.iter().zip(&slow).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        let decibel = 10.0 * (255.0f64.powi(2) * fast.len() as f64 / squares.max(1e-9)).log10();
        assert!(decibel > 45.0, "component {index}: {decibel:.1} dB after requantising");
    }
}

/// If a fingerprint changes, every published pyramid would change: raise [`ENCODER_VERSION`].
#[test]
fn generated_bytes_match_the_encoder_version() {
    let hash = |bytes: &[u8]| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(bytes));
    let mut found = Vec::new();
    for (filter, linear) in [(Filter::Mean, false), (Filter::Mean, true), (Filter::Lanczos3, false)] {
        for (kind, folder, tile) in [(FormatKind::Jpeg, "relief/v0", 256), (FormatKind::Png, "png_alpha/v0", 64)] {
            let size = Size::new(tile, tile);
            let extension = if kind == FormatKind::Jpeg { "jpg" } else { "png" };
            let children =
                ["0_0", "1_0", "0_1", "1_1"].map(|name| decode(&format!("{folder}/{name}.{extension}"), size).unwrap());
            for huffman in [HuffmanTables::Standard, HuffmanTables::Optimised] {
                let codec = with_tables(codec(kind, 80, filter, linear), huffman);
                let mut bytes = Vec::new();
                codec.parent(children.each_ref().map(Some), size, &mut Scratch::default(), &mut bytes).unwrap();
                found.push(hash(&bytes));
            }
        }
    }
    // A child with full chroma, which the parent halves.
    let child = decode("odd/444.jpg", SMALL).unwrap();
    let codec = codec(FormatKind::Jpeg, 80, Filter::Mean, false);
    let mut bytes = Vec::new();
    let (children, size) = ([Some(&child), None, None, None], Size::new(32, 24));
    codec.parent(children, size, &mut Scratch::default(), &mut bytes).unwrap();
    found.push(hash(&bytes));
    let expected = "69c6e7b2d364eef1 672b524098ebae2d 0e33948ca06acdc0 0e33948ca06acdc0 e950cc16bdb3cf5f 01c9e31f88bbeb14 \
                    a04ab04d7cf1daa3 a04ab04d7cf1daa3 38f80b1be8ff06c7 6b27cd9eb8b120b3 0999de8f2cf13751 0999de8f2cf13751 \
                    e6e2d43b647d7060";
    assert_eq!((ENCODER_VERSION, found.join(" ")), (3, expected.to_owned()));
}

#[test]
fn parent_of_mixed_png_tiles_has_all_their_channels() {
    let one = |samples| PngImage { samples, icc: None };
    let grey = one(Samples::Eight(Raster::from_samples(1, 1, 1, vec![10]).unwrap()));
    let deep = one(Samples::Sixteen(Raster::from_samples(1, 1, 1, vec![10 * 257]).unwrap()));
    let colour = one(Samples::Eight(Raster::from_samples(1, 1, 3, vec![10, 20, 30]).unwrap()));
    let mut clear = one(Samples::Eight(Raster::from_samples(1, 1, 2, vec![200, 0]).unwrap()));
    clear.icc = Some(vec![1, 2, 3].into());
    let children = [grey, deep, colour, clear].map(TileImage::Png);
    let codec = codec(FormatKind::Png, 80, Filter::Mean, false);
    let parent =
        codec.parent(children.each_ref().map(Some), Size::new(1, 1), &mut Scratch::default(), &mut Vec::new()).unwrap();
    let TileImage::Png(parent) = parent else { unreachable!() };
    let expected = vec![10 * 257, 3427, 4283, ((3 * 65535 + 2) / 4u32) as u16];
    assert_eq!(parent.samples, Samples::Sixteen(Raster::from_samples(1, 1, 4, expected).unwrap()));
    assert_eq!(parent.icc.as_deref(), Some(&[1, 2, 3][..]));
}

/// Tiles at the edges, too.
#[test]
fn tiles_of_256_pixels_are_always_folded() {
    use crate::geometry::Geometry;
    let codec = codec(FormatKind::Jpeg, 80, Filter::Mean, false);
    let mut folds = std::collections::BTreeMap::new();
    let mut is_folded = |size: Size| {
        *folds.entry((size.width, size.height)).or_insert_with(|| {
            let tile = stored(codec, &jpeg_image(1, size, Colour::YCbCr, (2, 2)));
            tile.as_jpeg().and_then(jpeg::JpegTile::folded).is_some()
        })
    };
    for (width, height) in [(16384, 16384), (45001, 45003), (20000, 14000), (257, 1)] {
        let geometry = Geometry::new(Size::new(width, height), 256, 0).unwrap();
        let (mut fast, mut parents) = (0, 0);
        for level in geometry.levels().filter(|&level| level < geometry.base_level()) {
            let grid = geometry.grid(level);
            for (row, column) in (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column))) {
                let children = geometry.children(crate::geometry::Tile { level, column, row });
                parents += 1;
                fast +=
                    usize::from(children.into_iter().flatten().all(|child| is_folded(geometry.tile_dimensions(child))));
            }
        }
        assert_eq!(fast, parents, "{width}x{height}");
    }
}
