//! Folding with halved chroma, compared with exact means of 4x4 samples.

use super::transform::{exact_forward, exact_inverse};
use super::*;

const WHOLE: [(u8, u8); 3] = [(1, 1); 3];
const SAMPLING: FoldSampling = FoldSampling { chroma_step: 2, tile_size: 64, overlap: 0, core: None };

/// Samples of a component before clamping, row by row.
fn exact_plane(image: &JpegImage, index: usize) -> (usize, usize, Vec<f64>) {
    let component = &image.components[index];
    let (width, height) = image.component_size(index);
    let (width, height) = (width as usize, height as usize);
    let mut plane = vec![0.0; width * height];
    for (at, block) in component.coefficients.iter().enumerate() {
        let (left, top) = (at % component.blocks_wide * 8, at / component.blocks_wide * 8);
        let coefficients = std::array::from_fn(|at| f64::from(block[at]) * f64::from(component.quantisation[at]));
        for (at, sample) in exact_inverse(&coefficients).into_iter().enumerate() {
            if left + at % 8 < width && top + at / 8 < height {
                plane[(top + at / 8) * width + left + at % 8] = sample;
            }
        }
    }
    (width, height, plane)
}

/// Half of a plane, with the last column and row repeated.
fn halved((width, height, plane): (usize, usize, Vec<f64>)) -> (usize, usize, Vec<f64>) {
    let (wide, high) = (width.div_ceil(2), height.div_ceil(2));
    let sample = |x: usize, y: usize| plane[y.min(height - 1) * width + x.min(width - 1)];
    let mean = |at: usize| {
        let (x, y) = (at % wide * 2, at / wide * 2);
        (sample(x, y) + sample(x + 1, y) + sample(x, y + 1) + sample(x + 1, y + 1)) / 4.0
    };
    (wide, high, (0..wide * high).map(mean).collect())
}

/// The largest errors of the parent of a single tile, with the finest steps.
fn worst_errors(size: (u32, u32)) -> [f64; 3] {
    let child = photo_image(size, Colour::YCbCr, &WHOLE, 92, 7);
    let mut folded = FoldedImage::default();
    assert!(!SAMPLING.suits(&child) && SAMPLING.fold(&child, &mut folded) && SAMPLING.suits(&folded));
    let mut parent = JpegImage::default();
    assert!(merge([Some(&folded), None, None, None], &ParentSteps::new(&[1; 64], &[1; 64]), &mut parent));
    assert_eq!((parent.width, parent.height), (size.0.div_ceil(2), size.1.div_ceil(2)));
    std::array::from_fn(|index| {
        let once = halved(exact_plane(&child, index));
        let expected = if index == 0 { once } else { halved(once) };
        let found = exact_plane(&parent, index);
        assert_eq!((found.0, found.1), (expected.0, expected.1));
        found.2.iter().zip(&expected.2).map(|(found, expected)| (found - expected).abs()).fold(0.0, f64::max)
    })
}

#[test]
fn mean_is_exact_up_to_rounding() {
    // Steps of one leave coefficients at most half a unit off, which is less than two per sample.
    for error in worst_errors((64, 64)) {
        assert!(error < 1.5, "{error}");
    }
}

#[test]
fn edges_of_any_size_repeat_the_last_column_and_row() {
    for size in [(1, 1), (17, 33), (63, 50), (40, 64), (49, 18), (33, 31), (18, 2)] {
        let errors = worst_errors(size);
        // Samples beyond the edge are rounded before they are transformed.
        assert!(errors.iter().all(|&error| error < 2.5), "{size:?}: {errors:?}");
    }
}

#[test]
fn folded_blocks_equal_those_of_the_halved_plane() {
    let child = photo_image((64, 64), Colour::YCbCr, &WHOLE, 95, 3);
    let mut folded = FoldedImage::default();
    assert!(SAMPLING.fold(&child, &mut folded));
    // Stored with exactly halved chroma and steps of one, the image must fold to nearly the same.
    let (_, _, half) = halved(exact_plane(&child, 1));
    let mut stored = photo_image((64, 64), Colour::YCbCr, &[(2, 2), (1, 1), (1, 1)], 95, 3);
    stored.components[1].quantisation = [1; 64];
    for (at, block) in stored.components[1].coefficients.iter_mut().enumerate() {
        let (left, top) = (at % 4 * 8, at / 4 * 8);
        let samples = std::array::from_fn(|at| half[(top + at / 8) * 32 + left + at % 8]);
        *block = exact_forward(&samples).map(|value| value.round() as i16);
    }
    let mut expected = FoldedImage::default();
    assert!(fold(&stored, &mut expected));
    for (found, expected) in folded.components[1].coefficients.iter().zip(&expected.components[1].coefficients) {
        for row in 0..4 {
            let [found, expected] = [found, expected].map(|block| FoldedBlock::joined_row(block, block, row));
            // In sixteenths; each is the sum of at most four rounded coefficients.
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 20), "{found:?} {expected:?}");
        }
    }
}
