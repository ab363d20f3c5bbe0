use super::*;
use crate::geometry::{MAX_SIDE, Size};
use crate::input::test_reading::{by_image, file, noise, opened, read, stream};
use crate::raster::Raster;
use proptest::prelude::*;

fn error(input: PictureInput) -> String {
    read(input, 2).map(|_| ()).unwrap_err().to_string()
}

/// A file of this kind, 1 to 7, and the samples expected.
fn pnm_file(kind: u8, width: usize, height: usize, channels: usize, max: u16, seed: u64) -> (Vec<u8>, Vec<u16>) {
    let mut next = noise(seed);
    let values: Vec<u16> = (0..width * height * channels).map(|_| (next() % (u32::from(max) + 1)) as u16).collect();
    let mut file = match kind {
        1 | 4 => format!("P{kind} # comment\n#\n{width}\t# and # more\r\n {height}\n").into_bytes(),
        7 => format!(
            "P7\n# comment\n\nHEIGHT {height}\nWIDTH  {width} \nDEPTH {channels}\nMAXVAL {max}\nTUPLTYPE {}\nENDHDR\n",
            ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][channels - 1]
        )
        .into_bytes(),
        _ => format!("P{kind}\n{width} {height}#comment\n{max}\n").into_bytes(),
    };
    match kind {
        1 => values.iter().for_each(|value| {
            file.extend(value.to_string().bytes());
            file.extend([&b""[..], b"\n", b" # more\n "][next() as usize % 3]);
        }),
        2 | 3 => values.iter().for_each(|value| {
            file.extend(value.to_string().bytes());
            file.extend([&b" "[..], b"\n", b"\t # more\n "][next() as usize % 3]);
        }),
        4 => values.chunks(width).for_each(|row| {
            file.extend(row.chunks(8).map(|eight| {
                let byte = eight.iter().fold(0, |byte, &bit| byte << 1 | bit as u8);
                byte << (8 - eight.len())
            }));
        }),
        _ if max > 255 => values.iter().for_each(|value| file.extend(value.to_be_bytes())),
        _ => file.extend(values.iter().map(|&value| value as u8)),
    }
    let largest: u32 = if max > 255 { 65535 } else { 255 };
    let expected = values.iter().map(|&value| {
        let value = if matches!(kind, 1 | 4) { 1 - value } else { value };
        (f64::from(value) * f64::from(largest) / f64::from(max) + 0.5).floor() as u16
    });
    (file, expected.collect())
}

/// The same binary file without comments.
fn without_comments(bytes: &[u8]) -> Vec<u8> {
    let mut source = bytes;
    let mut text = TextReader::new(&mut source);
    let PnmHeader { coding, size, channels, max_sample } = PnmHeader::read(&mut text).unwrap();
    let kind = match (coding, channels) {
        (Coding::Bits, _) => return [format!("P4\n{} {}\n", size.width, size.height).as_bytes(), source].concat(),
        (_, 1) => "GRAYSCALE",
        (_, 2) => "GRAYSCALE_ALPHA",
        (_, 3) => "RGB",
        _ => "RGB_ALPHA",
    };
    let Size { width, height } = size;
    let header =
        format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {max_sample}\nTUPLTYPE {kind}\nENDHDR\n");
    [header.as_bytes(), source].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn files_of_every_kind_are_read(
        width in 1usize..40, height in 1usize..20, kind in 1u8..8, grey_or_more in 1usize..5, max in 1u16..=65535,
        usual in 0usize..4, seed in 0u64..1 << 32, band in 1usize..25, pieces in 1usize..100,
    ) {
        let channels = match kind { 3 | 6 => 3, 7 => grey_or_more, _ => 1 };
        let max = if matches!(kind, 1 | 4) { 1 } else { [255, 65535, max, max % 255 + 1][usual] };
        let (bytes, expected) = pnm_file(kind, width, height, channels, max, seed);
        let (info, samples) = read(file(&bytes), band).unwrap();
        prop_assert_eq!((info.size, info.channels), (Size::new(width as u32, height as u32), channels));
        prop_assert_eq!((info.kind, info.buffered, info.orientation), (PictureKind::Pnm, 0, 1));
        prop_assert_eq!(info.depth, if max > 255 { Depth::Sixteen } else { Depth::Eight });
        prop_assert_eq!(&samples, &expected);
        prop_assert_eq!(&read(stream(&bytes, pieces), band).unwrap(), &(info, samples));
        // The `image` crate accepts comments in few places, and scales differently.
        if kind > 3 && (kind == 4 || max == 255 || max == 65535) {
            prop_assert_eq!(by_image(&without_comments(&bytes)), (channels, expected));
        }
        // Data after the last row are ignored.
        let longer = [bytes, vec![7; 5]].concat();
        let (again, _) = read(stream(&longer, pieces), band).unwrap();
        prop_assert!(again.warnings.is_empty());
    }
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    for kind in 1..=7 {
        for max in [255, 1000] {
            let channels = if matches!(kind, 3 | 6 | 7) { 3 } else { 1 };
            let max = if matches!(kind, 1 | 4) { 1 } else { max };
            let (bytes, expected) = pnm_file(kind, 9, 4, channels, max, 3);
            for length in 0..bytes.len() {
                for input in [file(&bytes[..length]), stream(&bytes[..length], 50)] {
                    // Text may lack white space at the end, and digits of the last number.
                    match read(input, 3) {
                        Err(_) => {}
                        Ok((_, samples)) => {
                            assert!(kind < 4 && samples[..9 * 4 * channels - 1] == expected[..9 * 4 * channels - 1]);
                        }
                    }
                }
            }
        }
    }
    let (bytes, _) = pnm_file(6, 10, 50, 3, 255, 3);
    assert_eq!(error(stream(&bytes[..1000], 9)), "damaged: truncated in row 33 of 50");
    let needed = format!("damaged: 10x50 pixels need at least {} bytes, but the file has 1000", bytes.len());
    assert_eq!(error(file(&bytes[..1000])), needed);
}

#[test]
fn samples_above_the_maximum_are_errors() {
    assert_eq!(error(file(b"P5 2 2 7\n\x01\x07\x07\x08")), "damaged: row 2 of 2: sample 8 is above the maximum, 7");
    assert_eq!(error(file(b"P5 1 1 256\n\x01\x01")), "damaged: row 1 of 1: sample 257 is above the maximum, 256");
    assert_eq!(error(file(b"P2 1 1 255\n256")), "damaged: row 1 of 1: sample 256 is above the maximum, 255");
    assert_eq!(
        error(file(b"P2 1 1 300\n999999999999999999999999")),
        "damaged: row 1 of 1: sample 1152921504606846975 is above the maximum, 300"
    );
    assert_eq!(error(file(b"P1 2 1 12")), "damaged: row 1 of 1: '2' instead of a number");
    assert_eq!(error(file(b"P3 1 1 255 1 -2 3")), "damaged: row 1 of 1: '-' instead of a number");
}

#[test]
fn impossible_headers_are_refused() {
    for (bytes, expected) in [
        (&b"P5 0 1 255\n"[..], "has 0x1 pixels"),
        (b"P5 1 99999999999999999999999 255\n", "1x1152921504606846975 pixels"),
        (b"P5 2147483649 1 255\n", "2147483649x1 pixels"),
        (b"P5 1 1 0\n1", "the maximum is 0"),
        (b"P5 1 1 65536\n1", "the maximum is 65536"),
        (b"P5 1 x 255\n1", "the header: 'x' instead of the height"),
        (b"P5 1 1", "the header: end of file instead of the maximum"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\n1", "the header: MAXVAL is missing"),
        (
            b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n1111",
            "PAM with tuple type CMYK and 4 channels",
        ),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n11111", "PAM with no tuple type and 5 channels"),
        (b"P7\nWIDTH 1\nCOLOUR 3\n", "unknown line 'COLOUR 3'"),
        (b"P7\nWIDTH -1\n", "unknown line 'WIDTH -1'"),
    ] {
        let found = error(file(bytes));
        assert!(found.contains(expected), "{found}");
    }
    let endless = [b"P7\nTUPLTYPE ".to_vec(), vec![b'x'; 100_000]].concat();
    assert!(error(stream(&endless, 1000)).contains("a line is too long"));
    let many = [b"P7\n".to_vec(), b"TUPLTYPE abcdefgh\n".repeat(10_000), b"ENDHDR\n".to_vec()].concat();
    assert!(error(stream(&many, 1000)).contains("WIDTH is missing"));
}

#[test]
fn huge_pictures_in_tiny_files_are_refused() {
    for kind in 1..=6 {
        let bytes = format!("P{kind} {MAX_SIDE} {MAX_SIDE} 1\n1 1 1 1 1 1 1\n");
        assert!(matches!(opened(file(bytes.as_bytes())), Err(PictureError::TooShort { .. })));
        // The length of a stream is unknown. Opening it takes no memory.
        let picture = opened(stream(bytes.as_bytes(), 100)).unwrap();
        assert_eq!(picture.info().buffered, 0);
    }
    let mut rows = opened(stream(b"P5 50000000 50000000 65535\n123", 100)).unwrap().rows(0).unwrap();
    let mut band = Samples::Sixteen(Raster::new(50_000_000, 1, 1));
    assert!(rows.read(&mut band).unwrap_err().to_string().contains("row 1 of 50000000"));
}

#[test]
fn pam_without_tuple_type_is_read_by_its_depth() {
    for (kind, depth, expected) in [
        ("BLACKANDWHITE", 1, vec![255]),
        ("", 1, vec![255]),
        ("BLACKANDWHITE_ALPHA", 2, vec![255, 0]),
        ("", 4, vec![255, 0, 255, 0]),
    ] {
        let mut bytes = format!("P7\nWIDTH 1\nHEIGHT 1\nDEPTH {depth}\nMAXVAL 1\n").into_bytes();
        if !kind.is_empty() {
            bytes.extend(format!("TUPLTYPE {kind}\n").bytes());
        }
        bytes.extend(b"ENDHDR\n");
        bytes.extend([1, 0, 1, 0]);
        assert_eq!(read(file(&bytes), 1).unwrap().1, expected);
    }
}

#[test]
fn further_pictures_cause_a_warning() {
    let (one, expected) = pnm_file(5, 3, 3, 1, 255, 1);
    let (info, samples) = read(file(&[one.clone(), one].concat()), 2).unwrap();
    assert_eq!(samples, expected);
    assert_eq!(info.warnings, ["the file contains several pictures: only the first is used"]);
}

#[test]
fn bands_of_the_wrong_shape_are_refused() {
    for (width, height, channels) in [(4, 1, 1), (3, 4, 1), (3, 1, 3)] {
        let (bytes, _) = pnm_file(5, 3, 3, 1, 255, 1);
        let mut rows = opened(file(&bytes)).unwrap().rows(0).unwrap();
        rows.read(&mut Samples::Eight(Raster::new(width, height, channels))).unwrap_err();
        rows.read(&mut Samples::Sixteen(Raster::new(3, 1, 1))).unwrap_err();
    }
}
