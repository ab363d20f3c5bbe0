//! Every kind of TIFF supported: the rows delivered are the pixels written.

use super::{Strips, decoded, decoded_in_bands};
use crate::input::Depth;
use proptest::prelude::*;
use test_support::tiff::Spec;

/// A kind of pixel: photometric interpretation, samples, extra samples, bits.
const PIXELS: [(u16, u32, &[u16], u32); 24] = [
    (0, 1, &[], 1),
    (1, 1, &[], 1),
    (0, 1, &[], 2),
    (1, 1, &[], 4),
    (0, 1, &[], 8),
    (1, 1, &[], 8),
    (0, 1, &[], 16),
    (1, 1, &[], 16),
    (1, 2, &[2], 8),
    (1, 2, &[1], 16),
    (1, 2, &[0], 4),
    (2, 3, &[], 8),
    (2, 3, &[], 4),
    (2, 3, &[], 16),
    (2, 4, &[2], 8),
    (2, 4, &[1], 8),
    (2, 4, &[2], 16),
    (2, 4, &[], 8),
    (2, 6, &[0, 0, 2], 8),
    (2, 5, &[0, 0], 16),
    (3, 1, &[], 8),
    (3, 1, &[], 2),
    (5, 4, &[], 8),
    (5, 5, &[2], 8),
];

fn color_map(bits: u32) -> Vec<u64> {
    (0..3 << bits).map(|index| index * 40503 % 65536 / 257 * 257).collect()
}

/// The samples expected for a stored pixel, by simple floating-point arithmetic.
fn shown(spec: &Spec, pixel: &[u16]) -> Vec<u16> {
    let most = f64::from((1u32 << spec.bits) - 1);
    let white = if spec.bits == 16 { 65535.0 } else { 255.0 };
    let part = |sample: u16| f64::from(sample) / most;
    let mut colours: Vec<f64> = match spec.photometric {
        0 => vec![1.0 - part(pixel[0])],
        1 => vec![part(pixel[0])],
        2 => pixel[..3].iter().map(|sample| part(*sample)).collect(),
        3 => {
            let map = color_map(spec.bits);
            (0..3).map(|channel| (map[(channel << spec.bits) + pixel[0] as usize] / 257) as f64 / 255.0).collect()
        }
        _ => (0..3).map(|index| (1.0 - part(pixel[index])) * (1.0 - part(pixel[3]))).collect(),
    };
    let base = if spec.photometric == 5 { 4 } else { colours.len() };
    let known = spec.extra.iter().position(|kind| *kind > 0);
    let only = pixel.len() == base + 1 && spec.photometric != 3;
    if let Some(index) = known.or(only.then_some(0)) {
        let alpha = part(pixel[base + index]);
        if spec.extra.get(index) == Some(&1) {
            colours.iter_mut().for_each(|colour| *colour = if alpha == 0.0 { 0.0 } else { (*colour / alpha).min(1.0) });
        }
        colours.push(alpha);
    }
    colours.into_iter().map(|colour| (colour * white + 0.5 + 1e-7).floor() as u16).collect()
}

fn expected(spec: &Spec, samples: &[u16]) -> Vec<u16> {
    samples.chunks(spec.samples as usize).flat_map(|pixel| shown(spec, pixel)).collect()
}

fn spec() -> impl Strategy<Value = Spec> {
    let shape = (1u32..70, 1u32..70, prop::option::of((1u32..40, 1u32..40)), 1u32..80);
    let order = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (shape, order, 0..PIXELS.len(), prop::sample::select(vec![1u16, 5, 8, 32946, 32773])).prop_map(
        |(
            (width, height, tile, rows_per_strip),
            (big_endian, big, planar, predictor, reversed),
            pixel,
            compression,
        )| {
            let (photometric, samples, extra, bits) = PIXELS[pixel];
            let map = (320, 3, color_map(bits));
            Spec {
                tile,
                rows_per_strip,
                big_endian,
                big,
                planar,
                bits,
                samples,
                photometric,
                extra: extra.to_vec(),
                compression,
                predictor: predictor && bits >= 8 && !matches!(compression, 1 | 32773),
                reversed_bits: reversed,
                tags: if photometric == 3 { vec![map] } else { Vec::new() },
                ..Spec::rgb(width, height)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn rows_delivered_are_the_pixels_written(
        spec in spec(),
        seed in any::<u32>(),
        heights in prop::collection::vec(1u32..50, 1..4),
        row_by_row in any::<bool>(),
    ) {
        let samples = spec.noise(seed);
        let row_by_row = row_by_row && spec.tile.is_none() && spec.compression != 1;
        let strips = if row_by_row { Strips::RowByRow } else { Strips::AsUsual };
        let found = decoded_in_bands(&spec.file(&samples), &heights, strips).unwrap();
        let wanted = expected(&spec, &samples);
        prop_assert_eq!(found.info.channels, wanted.len() / (spec.width * spec.height) as usize);
        prop_assert_eq!(found.info.depth == Depth::Sixteen, spec.bits == 16);
        prop_assert_eq!(found.info.palette, spec.photometric == 3);
        prop_assert_eq!(found.info.buffered, 0);
        prop_assert_eq!(found.samples, wanted);
    }

    #[test]
    fn damaged_files_never_panic(
        spec in spec(),
        seed in any::<u32>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let small = Spec { width: spec.width.min(20), height: spec.height.min(20), ..spec };
        let mut file = small.file(&small.noise(seed));
        for (place, value) in places {
            // The header and the directory, at both ends of the file, are worth damaging most.
            let at = place.index(file.len());
            file[at] = value;
        }
        let _ = decoded(&file);
    }
}

#[test]
fn high_strips_are_decompressed_without_buffering() {
    for compression in [5, 8, 32773, 1] {
        let spec = Spec { rows_per_strip: 2500, compression, ..Spec::rgb(2000, 3000) };
        let samples = spec.noise(7);
        let found = decoded_in_bands(&spec.file(&samples), &[256], Strips::AsUsual).unwrap();
        assert_eq!(found.info.buffered, 0);
        assert!(found.samples == samples, "compression {compression}");
    }
}

#[test]
fn high_tiles_announce_their_memory() {
    let spec = Spec { tile: Some((2000, 3000)), compression: 8, ..Spec::rgb(2000, 2999) };
    let samples = spec.noise(7);
    let found = decoded_in_bands(&spec.file(&samples), &[1500], Strips::AsUsual).unwrap();
    assert_eq!(found.info.buffered, 2 * 2000 * 3000 * 3);
    assert!(found.samples == samples);
}

#[test]
fn largest_image_is_used_and_a_warning_names_the_others() {
    let small = Spec::rgb(8, 9);
    let large = Spec::rgb(20, 10);
    let mut file = small.header();
    let mut link = 4;
    for spec in [&small, &large, &small] {
        let samples = spec.noise(1);
        let mut offsets = Vec::new();
        let chunks = spec.chunks(&samples);
        for chunk in &chunks {
            offsets.push(file.len() as u64);
            file.extend(chunk);
        }
        let offset = spec.directory(&mut file, offsets, chunks.iter().map(|chunk| chunk.len() as u64).collect());
        spec.set_offset(&mut file, link, offset);
        link = file.len() - 4;
    }
    let found = decoded(&file).unwrap();
    assert_eq!(found.info.size.to_string(), "20x10");
    assert_eq!(
        found.info.warnings,
        ["the file contains 3 images: only the largest is used, number 2 (20x10); ignored: 1 (8x9), 3 (8x9)"]
    );
    assert_eq!(found.samples, large.noise(1));

    // The last directory points to the first.
    small.set_offset(&mut file, link, 0);
    let first = u32::from_le_bytes(file[4..8].try_into().unwrap());
    small.set_offset(&mut file, link, u64::from(first));
    let found = decoded(&file).unwrap();
    assert_eq!(found.info.warnings.len(), 2);
    assert_eq!(
        found.info.warnings[1],
        "images after number 3 cannot be read: damaged: the chain of directories is circular"
    );
}

#[test]
fn orientation_and_matching_profile_are_reported() {
    let mut profile = vec![0u64; 130];
    profile[16..20].copy_from_slice(&b"RGB ".map(u64::from));
    profile[36..40].copy_from_slice(&b"acsp".map(u64::from));
    let tags = vec![(274, 3, vec![6]), (34675, 7, profile)];
    let spec = Spec { tags, ..Spec::rgb(12, 5) };
    let found = decoded(&spec.file(&spec.noise(3))).unwrap();
    assert_eq!((found.info.orientation, found.info.size.to_string()), (6, "5x12".to_owned()));
    assert_eq!(found.info.icc.map(|icc| icc.len()), Some(130));
    assert_eq!(found.samples, spec.noise(3));

    let grey = Spec { samples: 1, photometric: 1, ..spec };
    let found = decoded(&grey.file(&grey.noise(3))).unwrap();
    assert_eq!(
        (found.info.icc, found.info.warnings),
        (None, vec!["ICC profile ignored: it is for RGB, not GRAY".into()])
    );
}
