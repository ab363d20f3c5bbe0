//! Files with several scans, restart intervals and progressive coding decode to their coefficients.

use proptest::prelude::*;

use super::round_trip::random_image;
use super::stream::{ScanPlan, write};
use super::*;
use crate::jpeg::tables::marker;

pub(super) const SOF1: u8 = 0xC1;

/// Clears what scans of one component do not contain: blocks that only fill MCUs.
fn clear_padding(image: &mut JpegImage, from_coefficient: usize) {
    let layout = image.layout();
    for component in &mut image.components {
        let (wide, high) = layout.own_blocks(component.factors());
        let blocks_wide = component.blocks_wide;
        for (index, block) in component.coefficients.iter_mut().enumerate() {
            if index % blocks_wide >= wide || index / blocks_wide >= high {
                block[from_coefficient..].fill(0);
            }
        }
    }
}

fn check(image: &JpegImage, frame: u8, interval: u16, scans: &[ScanPlan]) {
    let bytes = write(image, frame, interval, scans);
    let mut again = random_image((50, 50), Colour::YCbCr, &[(2, 2), (2, 2), (1, 1)], 64, 1);
    decode_into(&bytes, None, &mut DecodeScratch::default(), &mut again).unwrap();
    assert!(again == *image);
}

/// Everything that a progressive encoder may do: DC in three steps, AC in two bands and three or four bits.
fn progressive_scans(components: usize) -> Vec<ScanPlan> {
    let all: Vec<usize> = (0..components).collect();
    let mut scans = vec![ScanPlan::progressive(&all, (0, 0), (0, 2))];
    for &index in all.iter().rev() {
        scans.push(ScanPlan::progressive(&[index], (1, 5), (0, 3)));
        scans.push(ScanPlan::progressive(&[index], (6, 63), (0, 2)));
        scans.push(ScanPlan::progressive(&[index], (1, 5), (3, 2)));
    }
    scans.push(ScanPlan::progressive(&all, (0, 0), (2, 1)));
    for &index in &all {
        scans.push(ScanPlan::progressive(&[index], (1, 63), (2, 1)));
        scans.push(ScanPlan::progressive(&[index], (0, 0), (1, 0)));
        scans.push(ScanPlan::progressive(&[index], (1, 63), (1, 0)));
    }
    scans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn sequential_files_decode_to_their_coefficients(
        size in (1u32..=50, 1u32..=50),
        sampling in 0usize..4,
        density in prop_oneof![Just(0), Just(3), Just(64)],
        interval in 0u16..12,
        seed: u64,
    ) {
        let sampling = [
            [(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(2, 1), (1, 2), (1, 1)],
            [(3, 2), (1, 1), (2, 1)],
        ][sampling];
        let image = random_image(size, Colour::YCbCr, &sampling, density, seed);
        check(&image, marker::SOF0, interval, &[ScanPlan::sequential(&[0, 1, 2])]);
        let mut image = image;
        clear_padding(&mut image, 0);
        check(&image, SOF1, interval, &[ScanPlan::sequential(&[0]), ScanPlan::sequential(&[1, 2])]);
        check(&image, SOF1, interval, &[2, 0, 1].map(|index| ScanPlan::sequential(&[index])));
    }

    #[test]
    fn progressive_files_decode_to_their_coefficients(
        size in (1u32..=50, 1u32..=50),
        sampling in 0usize..4,
        density in prop_oneof![Just(0), Just(3), Just(64)],
        interval in prop_oneof![Just(0u16), 1u16..12],
        seed: u64,
    ) {
        let sampling = [
            [(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(2, 1), (1, 2), (1, 1)],
            [(4, 1), (1, 1), (2, 1)],
        ][sampling];
        let mut image = random_image(size, Colour::YCbCr, &sampling, density, seed);
        clear_padding(&mut image, 1);
        // The last DC bit comes in scans of one component, which do not reach the padding.
        let mut even = image.clone();
        clear_padding(&mut even, 0);
        for (component, even) in image.components.iter_mut().zip(even.components) {
            for (block, even) in component.coefficients.iter_mut().zip(even.coefficients) {
                block[0] &= if even == [0; 64] { !1 } else { !0 };
            }
        }
        check(&image, marker::SOF2, interval, &progressive_scans(3));
        let grey = random_image(size, Colour::Grey, &[(1, 1)], density, seed);
        check(&grey, marker::SOF2, interval, &progressive_scans(1));
    }
}

#[test]
fn long_runs_of_empty_blocks_are_decoded() {
    let mut image = random_image((1500, 1500), Colour::Grey, &[(1, 1)], 0, 4);
    image.components[0].coefficients[34_000][9] = 77;
    check(&image, marker::SOF2, 0, &progressive_scans(1));
}

#[test]
fn misplaced_scans_are_refused() {
    let image = random_image((20, 20), Colour::YCbCr, &[(1, 1); 3], 6, 4);
    let kind = |frame, scans: &[ScanPlan]| refusal(&write(&image, frame, 0, scans));
    let all = ScanPlan::sequential(&[0, 1, 2]);
    assert_eq!(kind(marker::SOF0, &[all.clone(), all.clone()]), JpegErrorKind::ComponentCodedTwice { component: 0 });
    assert_eq!(kind(marker::SOF0, &[ScanPlan::sequential(&[0, 2])]), JpegErrorKind::ComponentNotCoded { component: 1 });
    assert_eq!(kind(marker::SOF0, &[]), JpegErrorKind::NoImage);
    assert_eq!(
        kind(marker::SOF0, &[ScanPlan::sequential(&[1, 0, 2])]),
        JpegErrorKind::ScanComponent { identifier: 10 }
    );
    let dc = ScanPlan::progressive(&[0, 1, 2], (0, 0), (0, 0));
    let ac = |band, bits| ScanPlan::progressive(&[0], band, bits);
    for scans in [
        vec![ac((1, 63), (0, 0)), dc.clone()],
        vec![dc.clone(), dc.clone()],
        vec![dc.clone(), ac((1, 63), (0, 0)), ac((1, 63), (0, 0))],
        vec![dc.clone(), ac((1, 63), (0, 2)), ac((1, 63), (3, 2))],
        vec![dc.clone(), ac((1, 63), (0, 3)), ac((1, 63), (3, 1))],
        vec![dc.clone(), ac((9, 5), (0, 0))],
        vec![dc.clone(), ac((1, 63), (0, 14))],
        vec![ScanPlan::progressive(&[0, 1, 2], (0, 63), (0, 0))],
        vec![dc.clone(), ScanPlan::progressive(&[0, 1], (1, 63), (0, 0))],
    ] {
        assert!(matches!(kind(marker::SOF2, &scans), JpegErrorKind::ScanParameters { .. }));
    }
    let mut many = vec![dc];
    for position in 1..=63 {
        many.push(ScanPlan::progressive(&[0], (position, position), (0, 3)));
        many.extend((0..3).rev().map(|low| ScanPlan::progressive(&[0], (position, position), (low + 1, low))));
    }
    assert_eq!(kind(marker::SOF2, &many), JpegErrorKind::TooManyScans { limit: 200 });
}

#[test]
fn restart_markers_out_of_sequence_are_refused() {
    let image = random_image((40, 40), Colour::Grey, &[(1, 1)], 6, 4);
    let bytes = write(&image, marker::SOF0, 5, &[ScanPlan::sequential(&[0])]);
    let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xD1]).unwrap();
    let mut other = bytes.clone();
    other[at + 1] = 0xD2;
    let error = decoded(&other).unwrap_err();
    assert_eq!(error, JpegError { offset: at, kind: JpegErrorKind::RestartMarker { expected: 0xD1, found: 0xD2 } });
    other.drain(at..at + 2);
    assert!(decoded(&other).is_err());
    // One more marker after the last interval, with the right number, does no harm.
    let end = bytes.len() - 3;
    let with = |code| [&bytes[..end], &[0xFF, code], &bytes[end..]].concat();
    assert!(decoded(&with(0xD4)).unwrap() == image);
    assert_eq!(refusal(&with(0xD5)), JpegErrorKind::UnexpectedMarker { marker: 0xD5 });
}
