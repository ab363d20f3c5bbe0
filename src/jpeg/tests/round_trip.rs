//! Encoded images decode to themselves, so an encoded tile may stand for its file.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// Sampling factors of one interleaved scan.
pub(super) const SAMPLINGS: [[(u8, u8); 3]; 9] = [
    [(1, 1), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(1, 1), (2, 2), (2, 1)],
    [(3, 1), (1, 3), (1, 1)],
    [(1, 4), (1, 1), (2, 1)],
];

/// An image of random coefficients up to the limits of baseline; about `density` of 64 are not zero.
pub(super) fn random_image(
    size: (u32, u32),
    colour: Colour,
    sampling: &[(u8, u8)],
    density: i32,
    seed: u64,
) -> JpegImage {
    let mut random = Random::new(seed);
    let mut image = JpegImage::default();
    image.reshape(size, colour, sampling.iter().copied());
    for component in &mut image.components {
        component.quantisation = std::array::from_fn(|_| random.within(1, 255) as u16);
        for block in &mut component.coefficients {
            block[0] = random.within(-1024, 1023) as i16;
            for coefficient in &mut block[1..] {
                if random.within(0, 63) < density {
                    let limit = [1, 3, 40, 1023][random.within(0, 3) as usize];
                    *coefficient = random.within(-limit, limit) as i16;
                }
            }
        }
    }
    image
}

fn check(image: &JpegImage) {
    for huffman in [HuffmanTables::Standard, HuffmanTables::Optimised] {
        let bytes = encoded(image, huffman);
        let size = (image.width, image.height);
        let mut again = random_image((9, 9), Colour::YCbCr, &SAMPLINGS[3], 64, 1);
        let found = decode_into(&bytes, Some(size), &mut DecodeScratch::default(), &mut again).unwrap();
        assert!(again == *image, "buffers used before do not show through");
        assert_eq!(read_header(&bytes).unwrap(), found);
        assert_eq!((found.width, found.height, found.colour), (size.0, size.1, image.colour));
        assert_eq!((found.progressive, found.orientation), (false, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn any_coefficients_survive_encoding(
        size in (1u32..=70, 1u32..=70),
        shape in 0usize..19,
        density in prop_oneof![Just(0), Just(1), Just(6), Just(64)],
        seed: u64,
    ) {
        let image = match shape {
            18 => random_image(size, Colour::Grey, &[(1, 1)], density, seed),
            _ => {
                let colour = if shape % 2 == 0 { Colour::YCbCr } else { Colour::Rgb };
                random_image(size, colour, &SAMPLINGS[shape / 2], density, seed)
            }
        };
        check(&image);
    }
}

#[test]
fn extreme_coefficients_survive_encoding() {
    let mut image = random_image((40, 8), Colour::Grey, &[(1, 1)], 0, 1);
    for (index, block) in image.components[0].coefficients.iter_mut().enumerate() {
        *block = [if index % 2 == 0 { 1023 } else { -1023 }; 64];
        block[0] = if index % 2 == 0 { 1023 } else { -1024 };
    }
    check(&image);
}

#[test]
fn profiles_of_any_length_survive_encoding() {
    let mut image = photo_image((20, 20), Colour::Rgb, &SAMPLINGS[0], 80, 1);
    for length in [1, 65519, 65520, 200_000] {
        image.icc = Some((0..length).map(|index| index as u8).collect());
        check(&image);
    }
    let mut bytes = Vec::new();
    image.icc = Some(Arc::from([]));
    assert_eq!(encode(&image, HuffmanTables::Standard, &mut bytes), Err(EncodeError::IccLength { length: 0 }));
    image.icc = Some(vec![0; 255 * 65519 + 1].into());
    assert!(matches!(encode(&image, HuffmanTables::Standard, &mut bytes), Err(EncodeError::IccLength { .. })));
}

#[test]
fn photographs_survive_encoding_and_optimised_files_are_smaller() {
    for quality in [1, 50, 75, 100] {
        let image = photo_image((131, 77), Colour::YCbCr, &SAMPLINGS[3], quality, 5);
        check(&image);
        let standard = encoded(&image, HuffmanTables::Standard);
        assert!(encoded(&image, HuffmanTables::Optimised).len() < standard.len());
    }
}

#[test]
fn images_beyond_baseline_are_refused() {
    let good = photo_image((20, 20), Colour::YCbCr, &SAMPLINGS[3], 80, 1);
    let refused = |change: fn(&mut JpegImage)| {
        let mut image = good.clone();
        change(&mut image);
        encode(&image, HuffmanTables::Optimised, &mut Vec::new()).unwrap_err()
    };
    assert_eq!(refused(|image| image.width = 0), EncodeError::Dimension { width: 0, height: 20 });
    assert_eq!(refused(|image| image.height = 65536), EncodeError::Dimension { width: 20, height: 65536 });
    assert_eq!(refused(|image| image.colour = Colour::Grey), EncodeError::Components { count: 3 });
    assert_eq!(refused(|image| image.components[1].horizontal = 0), EncodeError::Sampling);
    assert_eq!(refused(|image| image.components[0].vertical = 5), EncodeError::Sampling);
    assert_eq!(refused(|image| image.width = 40), EncodeError::SampleCount { component: 0, expected: 24, found: 16 });
    assert_eq!(refused(|image| image.components[2].quantisation[9] = 256), EncodeError::QuantisationStep { step: 256 });
    assert_eq!(
        refused(|image| image.components[2].coefficients[1][9] = 1024),
        EncodeError::Coefficient { component: 2 }
    );
    assert_eq!(
        refused(|image| image.components[1].coefficients[1][0] = i16::MIN),
        EncodeError::Coefficient { component: 1 }
    );
}

#[test]
fn planes_of_the_wrong_size_are_refused() {
    let (luma, _) = quantisation_tables(75);
    let samples = [0; 63];
    let plane = PlaneSource { samples: &samples, horizontal: 1, vertical: 1, quantisation: &luma };
    let mut image = JpegImage::default();
    assert_eq!(
        image.assign_planes((8, 8), Colour::Grey, &[plane]),
        Err(EncodeError::SampleCount { component: 0, expected: 64, found: 63 })
    );
    assert_eq!(image.assign_planes((8, 8), Colour::Rgb, &[plane]), Err(EncodeError::Components { count: 1 }));
    assert_eq!(
        image.assign_planes((0, 8), Colour::Grey, &[plane]),
        Err(EncodeError::Dimension { width: 0, height: 8 })
    );
}
