//! Files with false headers, and truncated files.

use super::{Strips, decoded, decoded_in_bands, opened};
use crate::input::PictureError;
use test_support::tiff::Spec;

fn error(spec: &Spec, samples: &[u16]) -> String {
    decoded(&spec.file(samples)).unwrap_err().to_string()
}

/// The error for a picture with these tags replaced, and others removed.
fn error_with(spec: Spec, tags: &[(u16, u16, &[u64])], without: &[u16]) -> String {
    let tags = tags.iter().map(|(tag, kind, values)| (*tag, *kind, values.to_vec())).collect();
    let spec = Spec { tags, without: without.to_vec(), ..spec };
    error(&spec, &spec.noise(1))
}

fn tiled(compression: u16) -> Spec {
    Spec { tile: Some((16, 16)), compression, ..Spec::rgb(12, 11) }
}

#[test]
fn false_sizes_are_refused_without_allocating() {
    for compression in [1, 5, 7, 8, 32773] {
        for tile in [None, Some((16, 16)), Some((65520, 65520))] {
            let spec = Spec { tile, compression, ..Spec::rgb(12, 11) };
            let samples = Spec { compression: 1, ..spec.clone() }.noise(1);
            let chunks = Spec { compression: 1, tile: None, ..spec.clone() }.chunks(&samples);
            let giant = Spec { tags: vec![(256, 4, vec![2_000_000_000]), (257, 4, vec![1_000_000_000])], ..spec };
            let failed = opened(&giant.file_of(&chunks), Strips::AsUsual).unwrap_err();
            assert!(matches!(failed, PictureError::TooShort { .. }), "{failed}");
        }
    }
    let spec = Spec::rgb(12, 11);
    let sides = [(0u64, 5u64), (5, 0), (1 << 31, 1), (4_000_000_000, 1)];
    for (width, height) in sides {
        let found = error_with(spec.clone(), &[(256, 4, &[width]), (257, 4, &[height])], &[]);
        let side = format!("the picture has {width}x{height} pixels");
        assert!(found.starts_with(&side) || (width == 1 << 31 && found.contains("need at least")), "{found}");
    }
}

#[test]
fn false_tiles_and_strips_are_named_in_the_error() {
    let found = error_with(tiled(5), &[(322, 4, &[1 << 30]), (323, 4, &[1 << 30])], &[]);
    assert_eq!(found, "damaged: the file is too short for tiles of 1073741824x1073741824 pixels");
    assert_eq!(error_with(tiled(5), &[(322, 4, &[0])], &[]), "damaged: TileWidth is 0");
    assert_eq!(error_with(tiled(5), &[], &[323]), "damaged: TileLength is missing");
    assert_eq!(error_with(tiled(5), &[], &[324]), "damaged: StripOffsets is missing");
    assert_eq!(error_with(tiled(5), &[(324, 4, &[0])], &[]), "damaged: tile 0 (column 0, row 0): missing");
    assert_eq!(error_with(tiled(8), &[(325, 4, &[0])], &[]), "damaged: tile 0 (column 0, row 0): missing");
    let found = error_with(tiled(8), &[(324, 4, &[4_000_000_000])], &[]);
    assert_eq!(found, "damaged: truncated: tile 0 (column 0, row 0) at byte 4000000000 is beyond the end of the file");
    let found = error_with(tiled(1), &[(325, 4, &[100])], &[]);
    assert_eq!(found, "damaged: tile 0 (column 0, row 0): has 100 bytes, but its rows need at least 336");
    let found = error_with(tiled(8), &[(325, 4, &[4_000_000_000])], &[]);
    assert!(found.ends_with("is beyond the end of the file"), "{found}");
    assert_eq!(error_with(Spec::rgb(12, 11), &[(278, 4, &[0])], &[]), "damaged: RowsPerStrip is 0");
    let found = error_with(Spec::rgb(12, 11), &[(278, 4, &[1])], &[]);
    assert_eq!(found, "damaged: StripOffsets has 3 values for 11 strips");
    let found = error_with(Spec::rgb(12, 11), &[(273, 12, &[8])], &[]);
    assert_eq!(found, "damaged: StripOffsets has type 12, not an integer");
}

#[test]
fn unsupported_features_are_named_in_the_error() {
    for (compression, name) in [(4, "CCITT group 4"), (6, "old-style JPEG"), (50000, "Zstandard"), (34712, "JPEG 2000")]
    {
        let found = error_with(Spec::rgb(12, 11), &[(259, 3, &[compression])], &[]);
        assert_eq!(found, format!("not supported: TIFF with {name} compression"));
    }
    let found = error_with(Spec::rgb(12, 11), &[(339, 3, &[3, 3, 3])], &[]);
    assert_eq!(found, "not supported: TIFF with floating-point samples");
    let found = error_with(Spec::rgb(12, 11), &[(258, 3, &[8, 8, 16])], &[]);
    assert_eq!(found, "not supported: TIFF with a different BitsPerSample for each sample");
    let found = error_with(Spec::rgb(12, 11), &[(258, 3, &[32, 32, 32])], &[]);
    assert_eq!(found, "not supported: TIFF with 32 bits per sample");
    let found = error_with(Spec::rgb(12, 11), &[(262, 3, &[8])], &[]);
    assert_eq!(found, "not supported: TIFF with CIE L*a*b* colours");
    let found = error_with(tiled(5), &[(317, 3, &[3])], &[]);
    assert_eq!(found, "not supported: TIFF with predictor 3 and 8 bits per sample");
}

#[test]
fn files_without_byte_counts_are_read() {
    for compression in [1, 5, 8, 32773] {
        for tile in [None, Some((16, 16))] {
            let spec = Spec { tile, compression, without: vec![279, 325], ..Spec::rgb(12, 11) };
            assert_eq!(decoded(&spec.file(&spec.noise(1))).unwrap().samples, spec.noise(1));
        }
    }
}

#[test]
fn truncated_chunks_are_named_in_the_error() {
    for (compression, strips) in [5, 8, 32773]
        .into_iter()
        .flat_map(|compression| [Strips::AsUsual, Strips::RowByRow].map(|strips| (compression, strips)))
    {
        let spec = Spec { compression, ..Spec::rgb(12, 11) };
        let mut chunks = spec.chunks(&spec.noise(1));
        chunks[1] = spec.compressed(&[1; 150]);
        let found = decoded_in_bands(&spec.file_of(&chunks), &[7], strips).unwrap_err().to_string();
        assert_eq!(found, "damaged: strip 1 (from row 5 of the picture): truncated after 150 of 180 bytes");
        chunks[1] = spec.compressed(&[1; 250]);
        let found = decoded_in_bands(&spec.file_of(&chunks), &[7], strips).unwrap().samples;
        assert_eq!(found[180..360], [1; 180], "further bytes are ignored");
    }
}

#[test]
fn wrong_checksum_is_detected() {
    let spec = Spec { compression: 8, ..Spec::rgb(12, 11) };
    let mut chunks = spec.chunks(&spec.noise(1));
    let last = chunks[1].len() - 1;
    chunks[1][last] ^= 1;
    let found = decoded(&spec.file_of(&chunks)).unwrap_err().to_string();
    assert_eq!(found, "damaged: strip 1 (from row 5 of the picture): WrongChecksum");
}

#[test]
fn truncated_files_give_errors_or_the_right_samples() {
    for compression in [1, 5, 8, 32773] {
        for (tile, big) in [(None, false), (Some((16, 16)), true)] {
            let spec = Spec { tile, big, compression, ..Spec::rgb(12, 11) };
            let samples = spec.noise(1);
            let mut file = spec.file(&samples);
            // The same file with its directory first, so that truncation removes pixels.
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
            for file in [&mut file, &mut front] {
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
fn empty_files_other_formats_and_folders_are_refused() {
    assert_eq!(
        decoded(b"").unwrap_err().to_string(),
        "damaged: truncated: the header at byte 0 is beyond the end of the file"
    );
    assert_eq!(decoded(b"II*\0\0\0\0\0").unwrap_err().to_string(), "damaged: the file contains no image");
    assert_eq!(
        decoded(b"\x89PNG\r\n\x1a\n").unwrap_err().to_string(),
        "damaged: the header does not begin with II or MM"
    );
    let folder = std::io::BufReader::new(std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap());
    assert!(matches!(super::super::open(folder), Err(PictureError::NotSeekable("a TIFF"))));
}
