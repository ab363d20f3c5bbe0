//! Files that lie, and files that end.

use super::super::super::PictureError;
use super::{decoded, decoded_by, opened};
use test_support::tiff::Spec;

fn error(spec: &Spec, samples: &[u16]) -> String {
    decoded(&spec.file(samples)).unwrap_err().to_string()
}

/// The error for a picture of 12x11 pixels with these tags instead.
fn error_with(spec: Spec, tags: &[(u16, u16, &[u64])], without: &[u16]) -> String {
    let tags = tags.iter().map(|(tag, kind, values)| (*tag, *kind, values.to_vec())).collect();
    let spec = Spec { tags, without: without.to_vec(), ..spec };
    error(&spec, &spec.noise(1))
}

fn tiled(compression: u16) -> Spec {
    Spec { tile: Some((16, 16)), compression, ..Spec::rgb(12, 11) }
}

#[test]
fn sizes_that_lie_are_refused_before_anything_is_allocated() {
    for compression in [1, 5, 7, 8, 32773] {
        for tile in [None, Some((16, 16)), Some((65520, 65520))] {
            let spec = Spec { tile, compression, ..Spec::rgb(12, 11) };
            let samples = Spec { compression: 1, ..spec.clone() }.noise(1);
            let chunks = Spec { compression: 1, tile: None, ..spec.clone() }.chunks(&samples);
            let giant = Spec { tags: vec![(256, 4, vec![2_000_000_000]), (257, 4, vec![1_000_000_000])], ..spec };
            let failed = opened(&giant.file_of(&chunks), false).unwrap_err();
            assert!(matches!(failed, PictureError::TooShort { .. }), "{failed}");
        }
    }
    let spec = Spec::rgb(12, 11);
    let sides = [(0u64, 5u64), (5, 0), (1 << 31, 1), (4_000_000_000, 1)];
    for (width, height) in sides {
        let found = error_with(spec.clone(), &[(256, 4, &[width]), (257, 4, &[height])], &[]);
        let side = format!("it is {width}x{height} pixels");
        assert!(found.starts_with(&side) || (width == 1 << 31 && found.contains("it claims")), "{found}");
    }
}

#[test]
fn tiles_and_strips_that_lie_are_named() {
    let found = error_with(tiled(5), &[(322, 4, &[1 << 30]), (323, 4, &[1 << 30])], &[]);
    assert_eq!(found, "its tiles are 1073741824x1073741824 pixels, for which the file is far too short");
    assert_eq!(error_with(tiled(5), &[(322, 4, &[0])], &[]), "its TileWidth is 0");
    assert_eq!(error_with(tiled(5), &[], &[323]), "its TileLength is missing");
    assert_eq!(error_with(tiled(5), &[], &[324]), "its StripOffsets is missing");
    assert_eq!(error_with(tiled(5), &[(324, 4, &[0])], &[]), "tile 0 (column 0, row 0): it is not in the file");
    assert_eq!(error_with(tiled(8), &[(325, 4, &[0])], &[]), "tile 0 (column 0, row 0): it is not in the file");
    let found = error_with(tiled(8), &[(324, 4, &[4_000_000_000])], &[]);
    assert_eq!(found, "tile 0 (column 0, row 0), at byte 4000000000, lies beyond the end of the file");
    let found = error_with(tiled(1), &[(325, 4, &[100])], &[]);
    assert_eq!(found, "tile 0 (column 0, row 0): it has 100 bytes, not the 336 or more that its rows take");
    let found = error_with(tiled(8), &[(325, 4, &[4_000_000_000])], &[]);
    assert!(found.ends_with("lies beyond the end of the file"), "{found}");
    assert_eq!(error_with(Spec::rgb(12, 11), &[(278, 4, &[0])], &[]), "its RowsPerStrip is 0");
    let found = error_with(Spec::rgb(12, 11), &[(278, 4, &[1])], &[]);
    assert_eq!(found, "it has 11 strips, but its StripOffsets only 3 values");
    let found = error_with(Spec::rgb(12, 11), &[(273, 12, &[8])], &[]);
    assert_eq!(found, "its StripOffsets is of type 12, no integer");
}

#[test]
fn kinds_that_are_not_read_are_named() {
    for (compression, name) in [(4, "CCITT group 4"), (6, "old-style JPEG"), (50000, "Zstandard"), (34712, "JPEG 2000")]
    {
        let found = error_with(Spec::rgb(12, 11), &[(259, 3, &[compression])], &[]);
        assert_eq!(found, format!("{name} compression in a TIFF is not supported"));
    }
    let found = error_with(Spec::rgb(12, 11), &[(339, 3, &[3, 3, 3])], &[]);
    assert_eq!(found, "a TIFF of floating-point samples is not supported");
    let found = error_with(Spec::rgb(12, 11), &[(258, 3, &[8, 8, 16])], &[]);
    assert_eq!(found, "a TIFF with samples of different BitsPerSample is not supported");
    let found = error_with(Spec::rgb(12, 11), &[(258, 3, &[32, 32, 32])], &[]);
    assert_eq!(found, "a TIFF of 32 bits a sample is not supported");
    let found = error_with(Spec::rgb(12, 11), &[(262, 3, &[8])], &[]);
    assert_eq!(found, "a TIFF of CIE L*a*b* is not supported");
    let found = error_with(tiled(5), &[(317, 3, &[3])], &[]);
    assert_eq!(found, "a TIFF with predictor 3 and 8 bits a sample is not supported");
}

#[test]
fn missing_counts_are_no_obstacle() {
    for compression in [1, 5, 8, 32773] {
        for tile in [None, Some((16, 16))] {
            let spec = Spec { tile, compression, without: vec![279, 325], ..Spec::rgb(12, 11) };
            assert_eq!(decoded(&spec.file(&spec.noise(1))).unwrap().samples, spec.noise(1));
        }
    }
}

#[test]
fn chunks_that_end_early_are_named() {
    for (compression, by_rows) in [(5, false), (8, false), (32773, false), (5, true), (8, true), (32773, true)] {
        let spec = Spec { compression, ..Spec::rgb(12, 11) };
        let mut chunks = spec.chunks(&spec.noise(1));
        chunks[1] = spec.compressed(&[1; 150]);
        let found = decoded_by(&spec.file_of(&chunks), &[7], by_rows).unwrap_err().to_string();
        assert_eq!(found, "strip 1 (from row 5 of the picture): it ends after 150 of 180 bytes");
        chunks[1] = spec.compressed(&[1; 250]);
        let found = decoded_by(&spec.file_of(&chunks), &[7], by_rows).unwrap().samples;
        assert_eq!(found[180..360], [1; 180], "more than is needed is passed over");
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let spec = Spec { compression: 8, ..Spec::rgb(12, 11) };
    let mut chunks = spec.chunks(&spec.noise(1));
    let last = chunks[1].len() - 1;
    chunks[1][last] ^= 1;
    let found = decoded(&spec.file_of(&chunks)).unwrap_err().to_string();
    assert_eq!(found, "strip 1 (from row 5 of the picture): WrongChecksum");
}

#[test]
fn truncated_files_are_errors_or_right() {
    for compression in [1, 5, 8, 32773] {
        for (tile, big) in [(None, false), (Some((16, 16)), true)] {
            let spec = Spec { tile, big, compression, ..Spec::rgb(12, 11) };
            let samples = spec.noise(1);
            let mut whole = spec.file(&samples);
            // The same with its directory in front, so that pixels are what is missing.
            let mut front = spec.header();
            let chunks = spec.chunks(&samples);
            let counts: Vec<u64> = chunks.iter().map(|chunk| chunk.len() as u64).collect();
            let length = {
                let mut trial = front.clone();
                spec.directory(&mut trial, counts.clone(), counts.clone());
                trial.len() as u64
            };
            let offsets = counts.iter().scan(length, |at, count| Some(std::mem::replace(at, *at + count))).collect();
            let first = spec.directory(&mut front, offsets, counts);
            spec.set_offset(&mut front, if big { 8 } else { 4 }, first);
            front.extend(chunks.concat());
            assert_eq!(decoded(&front).unwrap().samples, samples);
            for file in [&mut whole, &mut front] {
                while file.pop().is_some() {
                    if let Ok(found) = decoded(file) {
                        assert_eq!(found.samples, samples, "{} bytes", file.len());
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_no_file_or_no_tiff_is_refused() {
    assert_eq!(decoded(b"").unwrap_err().to_string(), "the header, at byte 0, lies beyond the end of the file");
    assert_eq!(decoded(b"II*\0\0\0\0\0").unwrap_err().to_string(), "it holds no image");
    assert_eq!(decoded(b"\x89PNG\r\n\x1a\n").unwrap_err().to_string(), "it does not begin as a TIFF does");
    let folder = std::io::BufReader::new(std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap());
    assert!(matches!(super::super::open(folder), Err(PictureError::NotSeekable("a TIFF"))));
}
