//! The mean in the frequency domain, compared with the exact mean.

use super::round_trip::random_image;
use super::transform::{exact_forward, exact_inverse};
use super::*;

/// Folds whole images and merges them to their parent.
fn halve(children: [Option<&JpegImage>; 4], luma: &[u16; 64], chroma: &[u16; 64], parent: &mut JpegImage) -> bool {
    let mut folded: [FoldedImage; 4] = Default::default();
    let all_fold = children.iter().zip(&mut folded).all(|(child, to)| child.is_none_or(|child| fold(child, to)));
    let folded: [Option<&FoldedImage>; 4] = std::array::from_fn(|at| children[at].map(|_| &folded[at]));
    all_fold && merge(folded, &ParentSteps::new(luma, chroma), parent)
}

const SAMPLINGS: [[(u8, u8); 3]; 3] = [[(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)]];

/// Exact samples of a component before clamping, row by row, in whole blocks.
fn exact_plane(component: &Component) -> (usize, Vec<f64>) {
    let width = component.blocks_wide * 8;
    let mut plane = vec![0.0; width * component.blocks_high * 8];
    for (index, block) in component.coefficients.iter().enumerate() {
        let coefficients = std::array::from_fn(|at| f64::from(block[at]) * f64::from(component.quantisation[at]));
        let origin = index / component.blocks_wide * 8 * width + index % component.blocks_wide * 8;
        for (at, sample) in exact_inverse(&coefficients).into_iter().enumerate() {
            plane[origin + at / 8 * width + at % 8] = sample;
        }
    }
    (width, plane)
}

/// The exact mean of a component of four children, and its width.
fn exact_mean(children: [&JpegImage; 4], index: usize) -> (usize, Vec<f64>) {
    let planes = children.map(|child| exact_plane(&child.components[index]));
    let (left, above) = (planes[0].0, planes[0].1.len() / planes[0].0);
    let (width, height) = (left + planes[1].0, above + planes[2].1.len() / planes[2].0);
    let sample = |x: usize, y: usize| {
        let (child, x) = if x < left { (0, x) } else { (1, x - left) };
        let (child, y) = if y < above { (child, y) } else { (child + 2, y - above) };
        planes[child].1[y * planes[child].0 + x]
    };
    let mut mean = Vec::new();
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            mean.push((sample(x, y) + sample(x + 1, y) + sample(x, y + 1) + sample(x + 1, y + 1)) / 4.0);
        }
    }
    (width / 2, mean)
}

fn decibels(squares: f64, count: usize) -> f64 {
    10.0 * (255.0f64.powi(2) * count as f64 / squares.max(1e-9)).log10()
}

/// The finest steps.
const FINE: [u16; 64] = [1; 64];

#[test]
fn mean_is_exact_up_to_rounding() {
    for (quality, sampling) in [75, 90, 40].into_iter().zip(SAMPLINGS) {
        let children = [1, 2, 3, 4].map(|seed| photo_image((64, 64), Colour::YCbCr, &sampling, quality, seed));
        let [a, b, c, d] = &children;
        let mut parent = JpegImage::default();
        assert!(halve([Some(a), Some(b), Some(c), Some(d)], &FINE, &FINE, &mut parent));
        for index in 0..3 {
            let (width, mean) = exact_mean([a, b, c, d], index);
            let blocks_wide = parent.components[index].blocks_wide;
            // Each coefficient is rounded, so nearly all errors are below half a step and a little.
            let (mut squares, mut off) = (0.0, 0);
            for (at, block) in parent.components[index].coefficients.iter().enumerate() {
                let origin = at / blocks_wide * 8 * width + at % blocks_wide * 8;
                let samples = std::array::from_fn(|at| mean[origin + at / 8 * width + at % 8]);
                for (found, exact) in block.iter().zip(exact_forward(&samples)) {
                    let beyond = ((f64::from(*found) - exact).abs() - 0.5).max(0.0);
                    squares += beyond * beyond;
                    off += usize::from(beyond > 0.2);
                }
            }
            let quality = decibels(squares, mean.len());
            assert!(quality > 70.0, "component {index}: {quality} dB before requantising");
            assert_eq!(off, 0);
        }
    }
}

#[test]
fn tile_borders_are_as_accurate_as_the_inside() {
    let children = [1, 2, 3, 4].map(|seed| photo_image((64, 64), Colour::YCbCr, &SAMPLINGS[1], 75, seed));
    let [a, b, c, d] = &children;
    let mut parent = JpegImage::default();
    assert!(halve([Some(a), Some(b), Some(c), Some(d)], &FINE, &FINE, &mut parent));
    for index in 0..3 {
        let (width, mean) = exact_mean([a, b, c, d], index);
        let (_, found) = exact_plane(&parent.components[index]);
        let (mut border, mut inner) = ((0.0, 0), (0.0, 0));
        for (at, (found, exact)) in found.iter().zip(&mean).enumerate() {
            let (x, y) = (at % width, at / width);
            let middle = width / 2;
            let at_border = [0, middle - 1, middle, width - 1].iter().any(|&edge| x == edge || y == edge);
            let sum = if at_border { &mut border } else { &mut inner };
            sum.0 += (found - exact).powi(2);
            sum.1 += 1;
        }
        let (border, inner) = (decibels(border.0, border.1), decibels(inner.0, inner.1));
        assert!(border > 55.0 && inner > 55.0 && (border - inner).abs() < 1.0, "{border} {inner}");
    }
}

/// The exact mean of 2x2 samples for the parent's sample at (x, y).
///
/// Beyond the right and bottom edge the last column and row are repeated.
fn exact_mean_at(children: [&JpegImage; 4], index: usize, (x, y): (usize, usize)) -> f64 {
    let sizes = children.map(|child| child.component_size(index));
    let (left, above) = (sizes[0].0 as usize, sizes[0].1 as usize);
    let last = (left + sizes[1].0 as usize - 1, above + sizes[2].1 as usize - 1);
    let sample = |x: usize, y: usize| {
        let (x, y) = (x.min(last.0), y.min(last.1));
        let (child, x) = if x < left { (0, x) } else { (1, x - left) };
        let (child, y) = if y < above { (child, y) } else { (child + 2, y - above) };
        let component = &children[child].components[index];
        let block = &component.coefficients[y / 8 * component.blocks_wide + x / 8];
        let exact =
            exact_inverse(&std::array::from_fn(|at| f64::from(block[at]) * f64::from(component.quantisation[at])));
        exact[y % 8 * 8 + x % 8] + 128.0
    };
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, below)| sample(2 * x + right, 2 * y + below)).iter().sum::<f64>()
        / 4.0
}

#[test]
fn edges_of_any_size_repeat_the_last_column_and_row() {
    for (width, height, sampling) in
        [(1, 1, 1), (2, 17, 1), (8, 24, 1), (15, 9, 0), (16, 16, 1), (31, 32, 1), (29, 30, 0), (13, 27, 2)]
    {
        let sampling = &SAMPLINGS[sampling];
        let child = |size, seed| photo_image(size, Colour::YCbCr, sampling, 85, seed);
        let sizes = [(32, 32), (width, 32), (32, height), (width, height)];
        let mut children: Vec<JpegImage> = sizes.into_iter().zip(1..).map(|(size, seed)| child(size, seed)).collect();
        // Blocks must not repeat the edge by themselves.
        for component in &mut children[3].components {
            component.coefficients.last_mut().unwrap()[9] += 7;
        }
        let children: [&JpegImage; 4] = std::array::from_fn(|at| &children[at]);
        let mut parent = JpegImage::default();
        assert!(halve(children.map(Some), &FINE, &FINE, &mut parent));
        assert_eq!((parent.width, parent.height), ((32 + width).div_ceil(2), (32 + height).div_ceil(2)));
        assert!(decoded(&encoded(&parent, HuffmanTables::Standard)).unwrap() == parent);
        for index in 0..3 {
            let (wide, high) = parent.component_size(index);
            let mut samples = Vec::new();
            parent.plane(index, &mut samples);
            for (at, &found) in samples.iter().enumerate() {
                let place = (at % wide as usize, at / wide as usize);
                let exact = exact_mean_at(children, index, place).clamp(0.0, 255.0);
                let off = (f64::from(found) - exact).abs();
                assert!(off < 2.0, "{width}x{height} component {index} of {wide}x{high} at {place:?}: {off}");
            }
        }
    }
}

#[test]
fn merging_agrees_with_the_mean_of_samples() {
    // The paths through samples, with rounding and clamping, and through coefficients are close for an ordinary image.
    let children = [5, 6, 7, 8].map(|seed| photo_image((32, 32), Colour::Grey, &[(1, 1)], 85, seed));
    let [a, b, c, d] = &children;
    let mut parent = JpegImage::default();
    assert!(halve([Some(a), Some(b), Some(c), Some(d)], &FINE, &FINE, &mut parent));
    let mut samples = Vec::new();
    parent.plane(0, &mut samples);
    let planes = children.each_ref().map(|child| {
        let mut plane = Vec::new();
        child.plane(0, &mut plane);
        plane
    });
    for (at, &found) in samples.iter().enumerate() {
        let (x, y) = (at % 32 * 2, at / 32 * 2);
        let plane = &planes[x / 32 + y / 32 * 2];
        let at = y % 32 * 32 + x % 32;
        let sum: u32 = [at, at + 1, at + 32, at + 33].iter().map(|&at| u32::from(plane[at])).sum();
        assert!(((sum + 2) / 4).abs_diff(u32::from(found)) <= 2);
    }
}

#[test]
fn uniform_colours_stay_exactly_the_same() {
    let (luma, chroma) = quantisation_tables(75);
    for value in 0..=255u8 {
        let samples = [value; 32 * 32];
        let plane = |quantisation, factor| PlaneSource {
            samples: if factor == 2 { &samples } else { &samples[..256] },
            horizontal: factor,
            vertical: factor,
            quantisation,
        };
        let mut image = JpegImage::default();
        let planes = [plane(&luma, 2), plane(&chroma, 1), plane(&chroma, 1)];
        image.assign_planes((32, 32), Colour::YCbCr, &planes).unwrap();
        let mut parent = JpegImage::default();
        assert!(halve([Some(&image); 4], &luma, &chroma, &mut parent));
        let again: Vec<_> = parent.components.iter().map(|component| &component.coefficients[0]).collect();
        let before: Vec<_> = image.components.iter().map(|component| &component.coefficients[0]).collect();
        assert_eq!(again, before);
    }
}

#[test]
fn parents_of_extreme_coefficients_can_be_encoded() {
    for seed in 0..20 {
        let sampling = SAMPLINGS[seed as usize % 3];
        let image = random_image((64, 64), Colour::YCbCr, &sampling, 64, seed);
        let mut parent = random_image((9, 9), Colour::Rgb, &SAMPLINGS[0], 64, 1);
        assert!(halve([Some(&image); 4], &FINE, &FINE, &mut parent));
        let bytes = encoded(&parent, HuffmanTables::Optimised);
        assert!(decoded(&bytes).unwrap() == parent);
    }
    let mut image = random_image((16, 16), Colour::Grey, &[(1, 1)], 0, 1);
    for extreme in [i16::MIN, i16::MAX] {
        image.components[0].coefficients.fill([extreme; 64]);
        image.components[0].quantisation = [256; 64];
        assert!(!fold(&image, &mut FoldedImage::default()));
        image.components[0].quantisation = [255; 64];
        let mut parent = JpegImage::default();
        assert!(halve([Some(&image), None, None, None], &FINE, &FINE, &mut parent));
        assert!(decoded(&encoded(&parent, HuffmanTables::Standard)).unwrap() == parent);
    }
}

#[test]
fn merging_needs_matching_children() {
    let image = |width, height| photo_image((width, height), Colour::YCbCr, &SAMPLINGS[1], 75, 1);
    let (full, narrow, low, small) = (image(64, 64), image(32, 64), image(64, 96), image(32, 96));
    let (full, narrow, low, small) = (Some(&full), Some(&narrow), Some(&low), Some(&small));
    for children in [
        [full; 4],
        [full, narrow, low, small],
        [full, narrow, None, None],
        [full, None, low, None],
        [small, None, None, None],
    ] {
        let mut parent = JpegImage::default();
        let (luma, chroma) = quantisation_tables(80);
        assert!(halve(children, &luma, &chroma, &mut parent));
        let total = |list: [usize; 2], size: fn(&JpegImage) -> u32| -> u32 {
            list.iter().filter_map(|&index| children[index].map(size)).sum()
        };
        let expected = (total([0, 1], |image| image.width) / 2, total([0, 2], |image| image.height) / 2);
        assert_eq!((parent.width, parent.height), expected);
        assert!(decoded(&encoded(&parent, HuffmanTables::Standard)).unwrap() == parent);
    }
    let odd = image(48, 48);
    let odd = Some(&odd);
    let other_sampling = photo_image((64, 64), Colour::YCbCr, &SAMPLINGS[0], 75, 1);
    let other_colour = photo_image((64, 64), Colour::Grey, &[(1, 1)], 75, 1);
    for children in [
        [None, full, full, full],
        [full, None, None, full],
        [full, full, full, None],
        [full, full, None, full],
        [full, narrow, full, full],
        [full, full, narrow, full],
        [full, low, full, full],
        [full, full, full, Some(&other_sampling)],
        [full, Some(&other_colour), full, full],
        [odd, narrow, None, None],
        [odd, None, odd, None],
    ] {
        assert!(!halve(children, &FINE, &FINE, &mut JpegImage::default()));
    }
}

#[test]
fn profile_is_that_of_the_first_child_with_one() {
    let image = |icc: Option<u8>, seed| {
        let mut image = photo_image((32, 32), Colour::Grey, &[(1, 1)], 75, seed);
        image.icc = icc.map(|value| vec![value; 9].into());
        image
    };
    let children = [image(None, 1), image(None, 2), image(Some(3), 3), image(Some(4), 4)];
    let mut parent = JpegImage::default();
    assert!(halve(children.each_ref().map(Some), &FINE, &FINE, &mut parent));
    assert_eq!(parent.icc.as_deref(), Some(&[3; 9][..]));
}

#[test]
fn tiles_with_uncodable_coefficients_are_refused() {
    let mut image = photo_image((32, 32), Colour::Grey, &[(1, 1)], 75, 1);
    image.components[0].quantisation = [255; 64];
    for extreme in [i16::MIN, 1024, i16::MAX] {
        image.components[0].coefficients[0][63] = extreme;
        let fold = Some(FoldSampling { chroma_step: 2, tile_size: 256, overlap: 0, core: None });
        let refused = JpegTile::default().encode(&mut image.clone(), HuffmanTables::Standard, fold, &mut Vec::new());
        assert_eq!(refused, Err(EncodeError::Coefficient { component: 0 }));
    }
}
