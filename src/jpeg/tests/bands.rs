//! Decoding in bands gives the same images and the same errors as decoding at once.

use super::round_trip::{SAMPLINGS, random_image};
use super::stream::{ScanPlan, write};
use super::streams::SOF1;
use super::*;
use crate::jpeg::tables::marker;
use proptest::prelude::*;
use std::io::BufReader;
use test_support::sampling::Sweep;

/// Decodes a file in bands of `rows()` rows of MCUs.
fn in_bands(bytes: &[u8], rows: &mut impl FnMut() -> u32, at_once: usize) -> Result<JpegImage, JpegError> {
    let source = BufReader::with_capacity(at_once, bytes);
    let read = |error| match error {
        BandsError::Jpeg(error) => error,
        BandsError::Read(error) => panic!("{error}"),
    };
    let mut bands = match open(source, Some(bytes.len() as u64)).map_err(read)? {
        OpenedJpeg::SeveralScans(several) => return several.decode(u64::MAX).map_err(read),
        OpenedJpeg::OneScan(bands) => bands,
    };
    let header = *bands.header();
    let (mut band, mut whole, mut done) = (JpegImage::default(), None::<JpegImage>, 0);
    while done < header.height {
        let height = rows() * bands.mcu_size().1;
        bands.read(height, &mut band).map_err(read)?;
        done += band.height;
        match &mut whole {
            None => whole = Some(band.clone()),
            Some(whole) => {
                whole.height += band.height;
                for (component, more) in whole.components.iter_mut().zip(&band.components) {
                    component.blocks_high += more.blocks_high;
                    component.coefficients.extend_from_slice(&more.coefficients);
                }
            }
        }
    }
    bands.finish().map_err(read)?;
    Ok(whole.unwrap())
}

fn files() -> Vec<Vec<u8>> {
    let mut colour = photo_image((37, 41), Colour::YCbCr, &[(2, 2), (1, 1), (1, 1)], 75, 1);
    colour.icc = Some(vec![5; 30].into());
    let wide = photo_image((1300, 19), Colour::Rgb, &[(1, 1), (1, 1), (1, 1)], 92, 3);
    let grey = photo_image((19, 33), Colour::Grey, &[(1, 1)], 60, 2);
    let [all, one] = [[0, 1, 2].as_slice(), &[0]].map(|components| [ScanPlan::sequential(components)]);
    let mut extra_restart = write(&grey, marker::SOF0, 5, &one);
    let end = extra_restart.len() - 2;
    // 15 MCUs in three intervals, separated by RST0 and RST1.
    extra_restart.splice(end..end, [0xFF, marker::RST0 + 2]);
    let mut comment = encoded(&grey, HuffmanTables::Standard);
    let end = comment.len() - 2;
    comment.splice(end..end, [0xFF, 0xFE, 0, 4, 1, 2]);
    vec![
        encoded(&colour, HuffmanTables::Standard),
        encoded(&wide, HuffmanTables::Optimised),
        encoded(&grey, HuffmanTables::Optimised),
        write(&colour, marker::SOF0, 2, &all),
        write(&colour, SOF1, 1, &all),
        write(&wide, marker::SOF0, 70, &all),
        write(&grey, marker::SOF0, 4, &one),
        write(&colour, marker::SOF0, 2, &[ScanPlan::sequential(&[0]), ScanPlan::sequential(&[1, 2])]),
        extra_restart,
        comment,
    ]
}

#[test]
fn bands_join_to_the_image() {
    for bytes in files() {
        for (rows, at_once) in [(1, 1), (2, 7), (1000, 1 << 20)] {
            assert_eq!(in_bands(&bytes, &mut || rows, at_once).unwrap(), decoded(&bytes).unwrap());
        }
    }
}

#[test]
fn truncated_file_is_the_same_error_in_bands() {
    for bytes in files() {
        for length in (0..bytes.len()).step_by(if bytes.len() > 5000 { 97 } else { 1 }) {
            let bytes = &bytes[..length];
            let (whole, bands) = (decoded(bytes).unwrap_err(), in_bands(bytes, &mut || 1, 64).unwrap_err());
            // Bands distinguish fewer errors after the last block.
            let same = whole.kind == bands.kind || bands.kind == JpegErrorKind::MissingEndOfImage;
            assert!(bands.offset <= length && same, "{length}: {whole}, {bands}");
        }
    }
}

#[test]
fn changed_byte_has_the_same_result_in_bands() {
    let (mut random, sample) = (Random::new(5), Sweep::from_environment().step(2, 1));
    for bytes in files() {
        let mut changed = bytes.clone();
        for at in (0..bytes.len()).step_by(if bytes.len() > 5000 { 41 } else { sample }) {
            for value in [0, 0xFF, bytes[at] ^ 1 << (random.next() % 8), random.next() as u8] {
                changed[at] = value;
                match (decoded(&changed), in_bands(&changed, &mut || 1 + random.next() as u32 % 3, 64)) {
                    (Ok(whole), Ok(bands)) => assert!(whole == bands, "byte {at} is {value}"),
                    (Err(whole), Err(bands)) => {
                        assert!(bands.offset <= changed.len(), "{bands}");
                        // Bands distinguish fewer errors after the last block.
                        let behind = whole.offset + 10 > bytes.len()
                            || matches!(whole.kind, JpegErrorKind::UnexpectedMarker { .. });
                        assert!(behind || whole.kind == bands.kind, "byte {at} is {value}: {whole}, {bands}");
                    }
                    (whole, bands) => panic!("byte {at} is {value}: {:?}, {:?}", whole.err(), bands.err()),
                }
            }
            changed[at] = bytes[at];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_image_is_the_same_in_any_bands(
        seed in any::<u64>(), width in 1u32..90, height in 1u32..90, interval in 0u16..9, rows in 1u32..5,
    ) {
        let mut random = Random::new(seed);
        let sampling = SAMPLINGS[random.next() as usize % SAMPLINGS.len()];
        let image = random_image((width, height), Colour::YCbCr, &sampling, 1 + random.within(0, 30), seed);
        let components: Vec<usize> = (0..image.components.len()).collect();
        let bytes = write(&image, SOF1, interval, &[ScanPlan::sequential(&components)]);
        let at_once = 1 + random.next() as usize % 3000;
        let found = in_bands(&bytes, &mut || rows, at_once).unwrap();
        prop_assert_eq!(found, decoded(&bytes).unwrap());
    }
}
