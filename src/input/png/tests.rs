use super::*;
use crate::input::test_reading::{by_image, file, opened, read, stream};
use proptest::prelude::*;
use test_support::png::{KINDS, Spec, chunk, zlib};

const EXIF: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

fn made(width: usize, height: usize, (colour, depth): (u8, u8)) -> Spec {
    Spec { width, height, colour, depth, interlaced: false, transparent: false, seed: 7 }
}

fn error(input: PictureInput) -> String {
    read(input, 3).map(|_| ()).unwrap_err().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn files_of_every_kind_are_read(
        width in 1usize..40, height in 1usize..40, kind in 0..KINDS.len(), interlaced: bool, transparent: bool,
        seed in 0u64..1 << 32, band in 1usize..45, pieces in 1usize..300,
    ) {
        let (colour, depth) = KINDS[kind];
        let transparent = transparent && colour < 4;
        let made = Spec { width, height, colour, depth, interlaced, transparent, seed };
        let bytes = made.file(&[], &[]);
        let (channels, shown) = made.expected();
        let (info, samples) = read(file(&bytes), band).unwrap();
        prop_assert_eq!(info.size, Size::new(width as u32, height as u32));
        prop_assert_eq!((info.channels, info.kind, info.palette), (channels, PictureKind::Png, colour == 3));
        prop_assert_eq!(info.depth, if depth == 16 { Depth::Sixteen } else { Depth::Eight });
        prop_assert_eq!(info.buffered, if interlaced { buffered::picture_bytes(info.size, channels, info.depth) } else { 0 });
        prop_assert_eq!(&samples, &shown);
        prop_assert_eq!(by_image(&bytes), (channels, shown));
        prop_assert_eq!(read(stream(&bytes, pieces), band).unwrap(), (info, samples));
    }
}

#[test]
fn orientation_before_or_after_the_pixels_is_applied() {
    for interlaced in [false, true] {
        let made = Spec { interlaced, ..made(9, 5, (2, 8)) };
        let plain = made.expected().1;
        let (early, late) = (made.file(&[(b"eXIf", EXIF)], &[]), made.file(&[], &[(b"eXIf", EXIF)]));
        let (info, samples) = read(file(&early), 4).unwrap();
        assert_eq!((info.size, info.orientation, info.buffered), (Size::new(5, 9), 6, 9 * 5 * 3));
        let row: Vec<u16> = (0..5).rev().flat_map(|y| plain[y * 9 * 3..][..3].to_vec()).collect();
        assert_eq!(samples[..15], row, "the first column, upwards");
        assert_eq!(read(stream(&early, 5), 4).unwrap(), (info.clone(), samples.clone()));
        assert_eq!(read(file(&late), 4).unwrap(), (info, samples));
        assert!(error(stream(&late, 1000)).contains("Exif orientation 6 after the pixels of a stream"));
    }
}

#[test]
fn orientation_far_from_the_end_is_not_supported() {
    let made = made(9, 5, (2, 8));
    let text = [&b"Comment\0"[..], &[b'x'; 300_000]].concat();
    let far = made.file(&[], &[(b"eXIf", EXIF), (b"tEXt", &text)]);
    let found = error(file(&far));
    assert!(found.starts_with("not supported: Exif orientation 6 after the pixels, more than 256 KB"), "{found}");
    assert!(error(stream(&far, 1000)).contains("read the picture from a file"));
    // Text that ends like a chunk of Exif data.
    let end = made.file(&[], &[(b"eXIf", EXIF)]);
    let exif = &end[end.windows(4).position(|name| name == b"eXIf").unwrap() - 4..end.len() - 12 - 4];
    let misleading = made.file(&[], &[(b"tEXt", &[&b"Comment\0"[..], exif].concat())]);
    assert_eq!(
        error(file(&misleading)),
        "damaged: the last bytes look like Exif data with orientation 6, but belong to something else"
    );
    assert!(read(stream(&misleading, 1000), 3).is_ok());
}

/// The error names the first incomplete row, or the data after the last row.
#[test]
fn truncation_at_every_byte_is_an_error() {
    for interlaced in [false, true] {
        for kind in [(2, 8), (0, 16), (3, 1)] {
            let bytes = Spec { interlaced, ..made(7, 5, kind) }.file(&[], &[]);
            read(stream(&bytes, 100), 2).unwrap();
            for length in 0..bytes.len() {
                assert!(read(file(&bytes[..length]), 2).is_err());
                assert!(read(stream(&bytes[..length], 100), 2).is_err());
            }
        }
    }
    let bytes = made(7, 50, (2, 8)).file(&[], &[]);
    assert_eq!(error(file(&bytes[..700])), "damaged: truncated in row 30 of 50");
    assert_eq!(error(file(&bytes[..bytes.len() - 1])), "damaged: truncated in the data after the last row");
}

/// Including bits of lengths and of the checksums themselves.
#[test]
fn every_flipped_bit_is_detected() {
    let right = made(7, 5, (2, 8)).file(&[(b"tEXt", b"Title\0x")], &[(b"tEXt", b"Title\0y")]);
    for at in 0..right.len() {
        for bit in 0..8 {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << bit;
            assert!(read(stream(&wrong, 1000), 2).is_err());
        }
    }
}

#[test]
fn errors_name_the_chunk() {
    let right = made(7, 5, (2, 8)).file(&[(b"tEXt", b"Title\0x")], &[]);
    let with = |from: &[u8], to: &[u8]| {
        let at = right.windows(from.len()).position(|part| part == from).unwrap();
        [&right[..at], to, &right[at + from.len()..]].concat()
    };
    let found = error(file(&with(b"Title", b"title")));
    assert!(
        found.starts_with("damaged: the header: CRC error: expected 0x")
            && found.ends_with(" while decoding tEXt chunk"),
        "{found}"
    );
    assert_eq!(error(file(&with(b"tEXt", b"T\x07Xt"))), "damaged: the header: Unrecognized critical chunk: T\\u{7}Xt");
}

/// The crate verifies the checksum of all pixels if it reads it together with the last of them.
#[test]
fn wrong_checksum_of_all_pixels_is_detected() {
    for (width, height) in [(5, 4), (1, 1), (300, 40), (77, 77)] {
        for colour in [png::ColorType::Rgb, png::ColorType::Grayscale] {
            for level in [png::Compression::Fast, png::Compression::Balanced, png::Compression::High] {
                let mut bytes = Vec::new();
                let mut encoder = png::Encoder::new(&mut bytes, width, height);
                encoder.set_color(colour);
                encoder.set_compression(level);
                let many = (width * height) as usize * colour.samples();
                let samples: Vec<u8> = (0..many).map(|at| (at % 251 * 3) as u8).collect();
                encoder.write_header().unwrap().write_image_data(&samples).unwrap();
                let wrong = with_stream(&bytes, |stream| *stream.last_mut().unwrap() ^= 1);
                assert!(error(file(&wrong)).contains("WrongChecksum"));
                assert!(error(stream(&wrong, 1000)).contains("WrongChecksum"));
                let right = with_stream(&bytes, |_| {});
                assert!(read(stream(&right, 1), 3).is_ok());
            }
        }
    }
}

/// The file with a changed zlib stream, in a single chunk with the right CRC.
fn with_stream(whole: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut pixels = Vec::new();
    let mut at = 8;
    while at < whole.len() {
        let length = u32::from_be_bytes(*whole[at..].first_chunk().unwrap()) as usize;
        if &whole[at + 4..at + 8] == b"IDAT" {
            pixels.extend_from_slice(&whole[at + 8..at + 8 + length]);
        }
        at += length + 12;
    }
    change(&mut pixels);
    [&whole[..33], &chunk(b"IDAT", &pixels), &chunk(b"IEND", b"")].concat()
}

fn header(width: u32, height: u32, kind: [u8; 5]) -> Vec<u8> {
    let data = [&width.to_be_bytes()[..], &height.to_be_bytes(), &kind].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &data)].concat()
}

#[test]
fn huge_pictures_in_tiny_files_are_refused() {
    for interlaced in [0, 1] {
        let mut bytes = header(1 << 31, 1 << 31, [16, 6, 0, 0, interlaced]);
        bytes.extend([chunk(b"IDAT", &zlib(&[0; 100])), chunk(b"IEND", b"")].concat());
        assert!(matches!(opened(file(&bytes)), Err(PictureError::TooShort { .. })));
        // The length of a stream is unknown, but the crate counts all bytes in 64 bits.
        let found = opened(stream(&bytes, 50)).map(|picture| picture.info().buffered);
        assert!(found.is_err(), "{found:?}");
        let mut bytes = header(100_000, 100_000, [16, 6, 0, 0, interlaced]);
        bytes.extend([chunk(b"IDAT", &zlib(&[0; 100])), chunk(b"IEND", b"")].concat());
        let picture = opened(stream(&bytes, 50)).unwrap();
        assert_eq!(picture.info().buffered, u64::from(interlaced) * 80_000_000_000);
        if interlaced == 1 {
            let refused = picture.rows(79_999_999_999);
            assert!(matches!(refused, Err(PictureError::TooMuchMemory { needed: 80_000_000_000, .. })));
        } else {
            let mut band = Samples::Sixteen(crate::raster::Raster::new(100_000, 1, 4));
            assert!(picture.rows(0).unwrap().read(&mut band).unwrap_err().to_string().contains("row 1 of 100000"));
        }
    }
    let side = opened(file(&header((1 << 31) + 1, 1, [8, 0, 0, 0, 0])));
    assert!(matches!(side, Err(PictureError::Side { width: 0x8000_0001, height: 1, .. })));
}

#[test]
fn wide_rows_do_not_count_as_metadata() {
    let (width, height) = (2_000_000, 2);
    let bytes = made(width, height, (6, 16)).file(&[], &[]);
    let picture = opened(file(&bytes)).unwrap();
    let mut band = Samples::Sixteen(crate::raster::Raster::new(width, height, 4));
    picture.rows(0).unwrap().read(&mut band).unwrap();
}

#[test]
fn animations_deliver_their_first_picture() {
    let made = made(3, 2, (2, 8));
    let sequence = |number: u32| {
        let numbers = [number, 3, 2, 0, 0].map(u32::to_be_bytes).concat();
        [numbers, vec![0, 1, 0, 10, 0, 0]].concat()
    };
    let frame = [1u32.to_be_bytes().to_vec(), zlib(&[0; 20])].concat();
    let (control, after) =
        ([2u32, 0].map(u32::to_be_bytes).concat(), [2u32.to_be_bytes().to_vec(), zlib(&[0; 20])].concat());
    let shown =
        made.file(&[(b"acTL", &control), (b"fcTL", &sequence(0))], &[(b"fcTL", &sequence(1)), (b"fdAT", &after)]);
    let hidden = made.file(&[(b"acTL", &control)], &[(b"fcTL", &sequence(0)), (b"fdAT", &frame)]);
    for bytes in [shown, hidden] {
        let (info, samples) = read(file(&bytes), 2).unwrap();
        assert_eq!(info.warnings, ["animation: only the first picture is used"]);
        assert_eq!(samples, made.expected().1);
    }
}

#[test]
fn fixtures_are_read_like_the_image_crate_reads_them() {
    for (name, is_buffered) in
        [("interlaced", true), ("icc", false), ("palette_transparent", false), ("grey_alpha16", false)]
    {
        let path = format!("{}/fixtures/odd/{name}.png", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let (info, samples) = read(file(&bytes), 5).unwrap();
        assert_eq!(by_image(&bytes), (info.channels, samples), "{name}");
        assert_eq!(info.buffered > 0, is_buffered, "{name}");
        assert_eq!(info.icc.is_some(), name == "icc", "{name}");
    }
}

#[test]
fn bands_of_the_wrong_shape_are_refused() {
    let bytes = made(7, 5, (2, 8)).file(&[], &[]);
    for band in [(8, 1, 3), (6, 1, 3), (7, 1, 4), (7, 6, 3)] {
        let mut rows = opened(file(&bytes)).unwrap().rows(0).unwrap();
        rows.read(&mut Samples::Eight(crate::raster::Raster::new(band.0, band.1, band.2))).unwrap_err();
    }
    let mut rows = opened(file(&bytes)).unwrap().rows(0).unwrap();
    rows.read(&mut Samples::Sixteen(crate::raster::Raster::new(7, 1, 3))).unwrap_err();
}

/// The crate panics at the first row of such a picture.
#[test]
fn palette_with_an_incomplete_colour_is_damaged() {
    let bytes = made(4, 4, (3, 8)).file(&[], &[]);
    let at = bytes.windows(4).position(|name| name == b"PLTE").unwrap();
    let length = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    for cut in [1, 2] {
        let palette = chunk(b"PLTE", &bytes[at + 4..at + 4 + length - cut]);
        let changed = [&bytes[..at - 4], &palette, &bytes[at + 8 + length..]].concat();
        assert_eq!(error(file(&changed)), format!("damaged: {}", crate::png::BAD_PALETTE));
        let codec = crate::tile::Codec::new(&crate::format::Settings {
            width: 4,
            height: 4,
            tile_size: 4,
            overlap: 0,
            base_tiles: None,
            format: crate::format::TileFormat::png(),
            quality: None,
            huffman_tables: None,
            filter: crate::format::Filter::Mean,
            linear: false,
            tile_naming: crate::format::TileNaming::column_row(),
        });
        let decoded = codec.decode(&changed, Size::new(4, 4), &mut crate::tile::Scratch::default());
        assert_eq!(decoded.unwrap_err().to_string(), crate::png::BAD_PALETTE);
    }
}
