//! Damaged and hostile files: an error or an image, but no panic, and little work and memory for a small file.

use super::round_trip::random_image;
use super::stream::{ScanPlan, write};
use super::*;
use crate::jpeg::tables::marker;

/// Small files of several kinds.
fn samples() -> Vec<Vec<u8>> {
    let mut colour = photo_image((37, 21), Colour::YCbCr, &[(2, 2), (1, 1), (1, 1)], 75, 1);
    colour.icc = Some(vec![5; 30].into());
    let grey = photo_image((19, 33), Colour::Grey, &[(1, 1)], 60, 2);
    let progressive = [
        ScanPlan::progressive(&[0], (0, 0), (0, 1)),
        ScanPlan::progressive(&[0], (1, 63), (0, 1)),
        ScanPlan::progressive(&[0], (0, 0), (1, 0)),
        ScanPlan::progressive(&[0], (1, 63), (1, 0)),
    ];
    vec![
        encoded(&colour, HuffmanTables::Standard),
        encoded(&grey, HuffmanTables::Optimised),
        write(&grey, marker::SOF2, 3, &progressive),
        write(&colour, marker::SOF0, 2, &[ScanPlan::sequential(&[0]), ScanPlan::sequential(&[1, 2])]),
    ]
}

#[test]
fn truncated_file_is_an_error_at_any_length() {
    let mut scratch = DecodeScratch::default();
    for bytes in samples() {
        for length in 0..bytes.len() {
            let error = decode(&bytes[..length], None, &mut scratch).unwrap_err();
            assert!(error.offset <= length, "{error}");
        }
        let mut longer = bytes.clone();
        longer.extend([1, 2, 3]);
        assert!(decode(&longer, None, &mut scratch).unwrap() == decode(&bytes, None, &mut scratch).unwrap());
    }
}

#[test]
fn changed_byte_never_panics() {
    let mut scratch = DecodeScratch::default();
    let mut image = JpegImage::default();
    let mut random = Random::new(3);
    for bytes in samples() {
        let header_end = bytes.windows(2).position(|pair| pair == [0xFF, marker::SOS]).unwrap();
        let mut changed = bytes.clone();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF, bytes[at] ^ 1 << (random.next() % 8), random.next() as u8] {
                changed[at] = value;
                // Any size is accepted here; callers that know the size are safer still.
                match decode_into(&changed, None, &mut scratch, &mut image) {
                    Err(error) => assert!(error.offset <= changed.len(), "{error}"),
                    Ok(found) => {
                        image.components.iter().enumerate().for_each(|(index, _)| image.plane(index, &mut Vec::new()));
                        let most = changed.len() * 8 * 64 * 64;
                        assert!((found.width * found.height) as usize <= most);
                    }
                }
                let _ = read_header(&changed);
            }
            changed[at] = bytes[at];
        }
        assert!(header_end > 100);
    }
}

#[test]
fn random_data_never_panics() {
    let mut scratch = DecodeScratch::default();
    let mut random = Random::new(8);
    for bytes in samples() {
        let start = bytes.windows(2).position(|pair| pair == [0xFF, marker::SOS]).unwrap() + 8;
        for _ in 0..300 {
            let mut changed = bytes.clone();
            changed[start..].iter_mut().for_each(|byte| *byte = random.next() as u8);
            let _ = decode(&changed, None, &mut scratch);
        }
    }
}

/// Position of the frame header in a file.
fn frame_at(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|pair| pair[0] == 0xFF && (0xC0..=0xC2).contains(&pair[1])).unwrap()
}

#[test]
fn huge_frames_are_refused_before_allocating() {
    for mut bytes in samples() {
        let at = frame_at(&bytes);
        bytes[at + 5..at + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        let mut image = JpegImage::default();
        let error = decode_into(&bytes, Some((37, 21)), &mut DecodeScratch::default(), &mut image).unwrap_err();
        assert_eq!(error.offset, at);
        assert_eq!(error.kind, JpegErrorKind::DimensionMismatch { expected: (37, 21), found: (65500, 65500) });
        assert_eq!(refusal(&bytes), JpegErrorKind::TooManyPixels { found: 65500 * 65500, limit: 1 << 28 });
        bytes[at + 5..at + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        let error = decode_into(&bytes, None, &mut DecodeScratch::default(), &mut image).unwrap_err();
        assert!(matches!(error.kind, JpegErrorKind::TooShortForFrame { .. }));
        let error =
            decode_into(&bytes, Some((1 << 14, 1 << 14)), &mut DecodeScratch::default(), &mut image).unwrap_err();
        assert!(matches!(error.kind, JpegErrorKind::TooShortForFrame { .. }));
        assert!(image.components.is_empty());
    }
}

#[test]
fn unsupported_kinds_are_reported() {
    let bytes = samples().remove(0);
    let at = frame_at(&bytes);
    let with = |offset: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at + offset] = value;
        match refusal(&changed) {
            JpegErrorKind::Unsupported(what) => what,
            kind => panic!("{kind}"),
        }
    };
    assert_eq!(with(1, 0xC3), Unsupported::Lossless);
    assert_eq!(with(1, 0xC5), Unsupported::Hierarchical);
    assert_eq!(with(1, 0xC9), Unsupported::ArithmeticCoding);
    assert_eq!(with(1, 0xCA), Unsupported::ArithmeticCoding);
    assert_eq!(with(1, 0xDE), Unsupported::Hierarchical);
    assert_eq!(with(1, 0xDC), Unsupported::NumberOfLinesLater);
    assert_eq!(with(4, 12), Unsupported::Precision(12));
    assert_eq!(with(9, 4), Unsupported::Components(4));
    assert_eq!(with(9, 2), Unsupported::Components(2));
    let mut no_height = bytes.clone();
    no_height[at + 5..at + 7].fill(0);
    assert_eq!(refusal(&no_height), JpegErrorKind::Unsupported(Unsupported::NumberOfLinesLater));
    let mut no_width = bytes.clone();
    no_width[at + 7..at + 9].fill(0);
    assert_eq!(refusal(&no_width), JpegErrorKind::ZeroDimension { width: 0, height: 21 });
}

#[test]
fn faults_of_segments_are_distinguished() {
    let bytes = samples().remove(0);
    let at = frame_at(&bytes);
    let find = |code: u8| bytes.windows(2).position(|pair| pair == [0xFF, code]).unwrap();
    let set = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        refusal(&changed)
    };
    assert_eq!(refusal(&[]), JpegErrorKind::NotJpeg);
    assert_eq!(refusal(b"\x89PNG\r\n"), JpegErrorKind::NotJpeg);
    assert_eq!(refusal(&[0xFF, 0xD8]), JpegErrorKind::MissingEndOfImage);
    assert_eq!(refusal(&[0xFF, 0xD8, 0xFF, 0xD9]), JpegErrorKind::NoImage);
    assert_eq!(set(at + 11, 0x51), JpegErrorKind::SamplingFactor { horizontal: 5, vertical: 1 });
    assert_eq!(set(at + 13, 1), JpegErrorKind::DuplicateComponent { identifier: 1 });
    assert_eq!(set(at + 12, 3), JpegErrorKind::MissingQuantisationTable { number: 3 });
    assert_eq!(set(at + 12, 4), JpegErrorKind::TableSelector { selector: 4 });
    assert_eq!(set(at, 0), JpegErrorKind::MarkerExpected { found: 0 });
    assert_eq!(set(find(marker::DQT) + 9, 0), JpegErrorKind::ZeroQuantisationStep);
    assert_eq!(set(find(marker::DHT) + 5, 3), JpegErrorKind::BadLength { marker: marker::DHT, length: 31 });
    assert_eq!(set(find(marker::DHT) + 21, 16), JpegErrorKind::DcCategory { category: 16 });
    assert_eq!(
        set(find(marker::SOS) + 6, 0x30),
        JpegErrorKind::MissingHuffmanTable { class: HuffmanClass::Dc, number: 3 }
    );
    assert_eq!(
        set(find(marker::SOS) + 6, 0x03),
        JpegErrorKind::MissingHuffmanTable { class: HuffmanClass::Ac, number: 3 }
    );
    assert_eq!(set(find(marker::SOS) + 5, 9), JpegErrorKind::ScanComponent { identifier: 9 });
    assert_eq!(set(bytes.len() - 1, 0xD0), JpegErrorKind::UnexpectedMarker { marker: 0xD0 });
    let mut moved = bytes.clone();
    moved.drain(at..at + 19);
    assert_eq!(refusal(&moved), JpegErrorKind::ScanWithoutFrame);
    let twice = [&bytes[..at + 19], &bytes[at..]].concat();
    assert_eq!(refusal(&twice), JpegErrorKind::SecondFrame);
}

#[test]
fn missing_and_unused_data_are_distinguished() {
    let image = random_image((24, 24), Colour::Grey, &[(1, 1)], 9, 5);
    let bytes = encoded(&image, HuffmanTables::Standard);
    let end = bytes.len() - 2;
    let with = |middle: &[u8]| refusal(&[&bytes[..end], middle, &bytes[end..]].concat());
    assert_eq!(with(&[0x12]), JpegErrorKind::EntropyDataLeftOver { bytes: 1 });
    assert_eq!(with(&[0xFF, 0, 7]), JpegErrorKind::EntropyDataLeftOver { bytes: 2 });
    let shorter = [&bytes[..end - 3], &bytes[end..]].concat();
    let error = decoded(&shorter).unwrap_err();
    assert_eq!(error, JpegError { offset: end - 3, kind: JpegErrorKind::EntropyDataEndsEarly { marker: marker::EOI } });
    assert_eq!(refusal(&bytes[..end - 3]), JpegErrorKind::Truncated);
    assert_eq!(refusal(&bytes[..end]), JpegErrorKind::MissingEndOfImage);
}

#[test]
fn errors_name_problem_and_offset() {
    let error = JpegErrorKind::DimensionMismatch { expected: (256, 256), found: (256, 255) }.at(158);
    assert_eq!(error.to_string(), "byte 158: expected 256x256 pixels, found 256x255");
    let error = JpegErrorKind::Unsupported(Unsupported::Components(4)).at(2);
    assert_eq!(error.to_string(), "byte 2: not supported: 4 components (CMYK or YCCK)");
}

#[test]
fn jfif_then_adobe_then_identifiers_decide_the_colour() {
    let image = photo_image((16, 8), Colour::Rgb, &[(1, 1); 3], 75, 1);
    let rgb = encoded(&image, HuffmanTables::Standard);
    let adobe_end = 2 + 16;
    assert_eq!(read_header(&rgb).unwrap().colour, Colour::Rgb);
    let without = [&rgb[..2], &rgb[adobe_end..]].concat();
    assert_eq!(read_header(&without).unwrap().colour, Colour::Rgb);
    let mut transform = rgb.clone();
    transform[adobe_end - 1] = 1;
    assert_eq!(read_header(&transform).unwrap().colour, Colour::YCbCr);
    let jfif = encoded(&photo_image((8, 8), Colour::Grey, &[(1, 1)], 75, 1), HuffmanTables::Standard)[2..20].to_vec();
    let both = [&rgb[..2], &jfif, &rgb[2..]].concat();
    assert_eq!(read_header(&both).unwrap().colour, Colour::YCbCr);
    assert_eq!(decoded(&both).unwrap().colour, Colour::YCbCr);
    let numbered = write(&image, marker::SOF0, 0, &[ScanPlan::sequential(&[0, 1, 2])]);
    assert_eq!(read_header(&numbered).unwrap().colour, Colour::YCbCr);
}

#[test]
fn orientation_is_in_the_header() {
    let bytes = samples().remove(1);
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&bytes[..2], exif, &bytes[2..]].concat();
    assert_eq!(read_header(&turned).unwrap().orientation, Some(6));
    let found = decode_into(&turned, None, &mut DecodeScratch::default(), &mut JpegImage::default()).unwrap();
    assert_eq!(found, read_header(&turned).unwrap());
}
