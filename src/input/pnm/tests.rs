use super::*;
use crate::geometry::{MAX_SIDE, Size};
use crate::input::test_reading::{by_image, file, noise, opened, read, stream};
use crate::input::{Depth, Input};
use crate::raster::Raster;
use proptest::prelude::*;

fn error(input: Input) -> String {
    read(input, 2).map(|_| ()).unwrap_err().to_string()
}

/// A file of this kind, 1 to 7, and what it shows.
fn made(kind: u8, width: usize, height: usize, channels: usize, most: u16, seed: u64) -> (Vec<u8>, Vec<u16>) {
    let mut next = noise(seed);
    let values: Vec<u16> = (0..width * height * channels).map(|_| (next() % (u32::from(most) + 1)) as u16).collect();
    let mut file = match kind {
        1 | 4 => format!("P{kind} # comment\n#\n{width}\t# and # more\r\n {height}\n").into_bytes(),
        7 => format!(
            "P7\n# comment\n\nHEIGHT {height}\nWIDTH  {width} \nDEPTH {channels}\nMAXVAL {most}\nTUPLTYPE {}\nENDHDR\n",
            ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][channels - 1]
        )
        .into_bytes(),
        _ => format!("P{kind}\n{width} {height}#comment\n{most}\n").into_bytes(),
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
        _ if most > 255 => values.iter().for_each(|value| file.extend(value.to_be_bytes())),
        _ => file.extend(values.iter().map(|&value| value as u8)),
    }
    let largest: u32 = if most > 255 { 65535 } else { 255 };
    let shown = values.iter().map(|&value| {
        let value = if matches!(kind, 1 | 4) { 1 - value } else { value };
        (f64::from(value) * f64::from(largest) / f64::from(most) + 0.5).floor() as u16
    });
    (file, shown.collect())
}

/// The same binary file without comments.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut source = bytes;
    let mut text = Text::new(&mut source);
    let Header { coding, size, channels, most } = Header::read(&mut text).unwrap();
    let kind = match (coding, channels) {
        (Coding::Bits, _) => return [format!("P4\n{} {}\n", size.width, size.height).as_bytes(), source].concat(),
        (_, 1) => "GRAYSCALE",
        (_, 2) => "GRAYSCALE_ALPHA",
        (_, 3) => "RGB",
        _ => "RGB_ALPHA",
    };
    let Size { width, height } = size;
    let header =
        format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {most}\nTUPLTYPE {kind}\nENDHDR\n");
    [header.as_bytes(), source].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_kind_is_read(
        width in 1usize..40, height in 1usize..20, kind in 1u8..8, grey_or_more in 1usize..5, most in 1u16..=65535,
        usual in 0usize..4, seed in 0u64..1 << 32, band in 1usize..25, pieces in 1usize..100,
    ) {
        let channels = match kind { 3 | 6 => 3, 7 => grey_or_more, _ => 1 };
        let most = if matches!(kind, 1 | 4) { 1 } else { [255, 65535, most, most % 255 + 1][usual] };
        let (bytes, shown) = made(kind, width, height, channels, most, seed);
        let (info, samples) = read(file(&bytes), band).unwrap();
        prop_assert_eq!((info.size, info.channels), (Size::new(width as u32, height as u32), channels));
        prop_assert_eq!((info.kind, info.held, info.orientation), (PictureKind::Pnm, 0, 1));
        prop_assert_eq!(info.depth, if most > 255 { Depth::Sixteen } else { Depth::Eight });
        prop_assert_eq!(&samples, &shown);
        prop_assert_eq!(&read(stream(&bytes, pieces), band).unwrap(), &(info, samples));
        // It reads comments in few places only, and scales in a way of its own.
        if kind > 3 && (kind == 4 || most == 255 || most == 65535) {
            prop_assert_eq!(by_image(&plain(&bytes)), (channels, shown));
        }
        // What follows the last row is not looked at.
        let longer = [bytes, vec![7; 5]].concat();
        let (again, _) = read(stream(&longer, pieces), band).unwrap();
        prop_assert!(again.warnings.is_empty());
    }
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    for kind in 1..=7 {
        for most in [255, 1000] {
            let channels = if matches!(kind, 3 | 6 | 7) { 3 } else { 1 };
            let most = if matches!(kind, 1 | 4) { 1 } else { most };
            let (bytes, shown) = made(kind, 9, 4, channels, most, 3);
            for length in 0..bytes.len() {
                for input in [file(&bytes[..length]), stream(&bytes[..length], 50)] {
                    // Of text, white space at the end and digits of the last number can be missing.
                    match read(input, 3) {
                        Err(_) => {}
                        Ok((_, samples)) => {
                            assert!(kind < 4 && samples[..9 * 4 * channels - 1] == shown[..9 * 4 * channels - 1]);
                        }
                    }
                }
            }
        }
    }
    let (bytes, _) = made(6, 10, 50, 3, 255, 3);
    assert_eq!(error(stream(&bytes[..1000], 9)), "it ends too early: row 33 of 50 is not complete");
    let needed = format!("it claims 10x50 pixels, for which a file needs {} bytes or more, but has 1000", bytes.len());
    assert_eq!(error(file(&bytes[..1000])), needed);
}

#[test]
fn samples_over_the_largest_are_errors() {
    assert_eq!(error(file(b"P5 2 2 7\n\x01\x07\x07\x08")), "row 2 of 2: a sample of 8, over the largest, 7");
    assert_eq!(error(file(b"P5 1 1 256\n\x01\x01")), "row 1 of 1: a sample of 257, over the largest, 256");
    assert_eq!(error(file(b"P2 1 1 255\n256")), "row 1 of 1: a sample of 256, over the largest, 255");
    assert_eq!(
        error(file(b"P2 1 1 300\n999999999999999999999999")),
        "row 1 of 1: a sample of 1152921504606846975, over the largest, 300"
    );
    assert_eq!(error(file(b"P1 2 1 12")), "row 1 of 1: '2' where a number should be");
    assert_eq!(error(file(b"P3 1 1 255 1 -2 3")), "row 1 of 1: '-' where a number should be");
}

#[test]
fn headers_that_cannot_be_are_refused() {
    for (bytes, expected) in [
        (&b"P5 0 1 255\n"[..], "it is 0x1 pixels"),
        (b"P5 1 99999999999999999999999 255\n", "1x1152921504606846975 pixels"),
        (b"P5 2147483649 1 255\n", "2147483649x1 pixels"),
        (b"P5 1 1 0\n1", "its largest sample is 0"),
        (b"P5 1 1 65536\n1", "its largest sample is 65536"),
        (b"P5 1 x 255\n1", "its header has 'x' where the height should be"),
        (b"P5 1 1", "its header has its end where the maximum should be"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\n1", "its header has no MAXVAL"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n1111", "a PAM of CMYK with 4 channels"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n11111", "a PAM of no kind with 5 channels"),
        (b"P7\nWIDTH 1\nCOLOUR 3\n", "the line 'COLOUR 3'"),
        (b"P7\nWIDTH -1\n", "the line 'WIDTH -1'"),
    ] {
        let found = error(file(bytes));
        assert!(found.contains(expected), "{found}");
    }
    let endless = [b"P7\nTUPLTYPE ".to_vec(), vec![b'x'; 100_000]].concat();
    assert!(error(stream(&endless, 1000)).contains("a line too long"));
    let many = [b"P7\n".to_vec(), b"TUPLTYPE abcdefgh\n".repeat(10_000), b"ENDHDR\n".to_vec()].concat();
    assert!(error(stream(&many, 1000)).contains("its header has no WIDTH"));
}

#[test]
fn giants_in_a_few_bytes_are_refused() {
    for kind in 1..=6 {
        let bytes = format!("P{kind} {MAX_SIDE} {MAX_SIDE} 1\n1 1 1 1 1 1 1\n");
        assert!(matches!(opened(file(bytes.as_bytes())), Err(PictureError::TooShort { .. })));
        // Of a stream nobody knows; it takes no memory but the caller's.
        let picture = opened(stream(bytes.as_bytes(), 100)).unwrap();
        assert_eq!(picture.info().held, 0);
    }
    let mut rows = opened(stream(b"P5 50000000 50000000 65535\n123", 100)).unwrap().rows(0).unwrap();
    let mut band = Samples::Sixteen(Raster::new(50_000_000, 1, 1));
    assert!(rows.read(&mut band).unwrap_err().to_string().contains("row 1 of 50000000"));
}

#[test]
fn kinds_of_pam_need_no_name() {
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
fn more_pictures_are_told() {
    let (one, shown) = made(5, 3, 3, 1, 255, 1);
    let (info, samples) = read(file(&[one.clone(), one].concat()), 2).unwrap();
    assert_eq!(samples, shown);
    assert_eq!(info.warnings, ["it holds more than one picture: only its first is shown"]);
}

#[test]
fn bands_of_another_shape_are_refused() {
    for (width, height, channels) in [(4, 1, 1), (3, 4, 1), (3, 1, 3)] {
        let (bytes, _) = made(5, 3, 3, 1, 255, 1);
        let mut rows = opened(file(&bytes)).unwrap().rows(0).unwrap();
        rows.read(&mut Samples::Eight(Raster::new(width, height, channels))).unwrap_err();
        rows.read(&mut Samples::Sixteen(Raster::new(3, 1, 1))).unwrap_err();
    }
}
