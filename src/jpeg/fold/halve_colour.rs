//! Folds an image with full chroma (4:4:4) for a parent with halved chroma (4:2:0).
//!
//! Chroma is halved on the way, as if the image had been stored with halved chroma. Four blocks of the full plane are
//! one block of the halved plane, and its folded block consists of means of 4x4 samples. Let X be the orthonormal
//! 8-point DCT of eight samples. The means of the first and the last four samples are E + O and E - O, where E is X_0 /
//! sqrt(8) and O a weighted sum of X_1, X_3, X_5 and X_7; the other even frequencies cancel in each half. So only 25 of
//! 64 coefficients matter, and most of them are zero in chroma. The 4-point DCT of four means, times sqrt(2), is the
//! folded block of the halved block ([`super::block`]).

use super::block::{FRACTION, FoldedBlock, FoldedComponent, FoldedImage, MAX_AC, fold_exactly};
use super::image::fold_component;
use crate::jpeg::image::{Block, Component, JpegImage};
use crate::jpeg::transform::dct;

/// Fractional bits of means.
const MEAN_POINT: u32 = 16;
/// Fractional bits of the weights in [`DCT`].
const DCT_POINT: u32 = 14;

/// Weights of X_0 in E and of the odd X in O, times 2^30: sin(k pi / 2) / (16 sin(k pi / 16)).
const WEIGHTS: [i64; 8] = [379_625_062, 343_988_688, 0, -120_792_764, 0, 80_711_144, 0, -68_423_604];

/// The orthonormal 4-point DCT times sqrt(2) and 2^14, by frequency and sample.
const DCT: [[i64; 4]; 4] = [
    [11_585, 11_585, 11_585, 11_585],
    [15_137, 6_270, -6_270, -15_137],
    [11_585, -11_585, -11_585, 11_585],
    [6_270, -15_137, 15_137, -6_270],
];

/// A coefficient that matters.
///
/// `at` is its row-major index, `place` its sum: E E, E O, O E or O O (vertical, horizontal). `factor` is its weight
/// times its step, with [`MEAN_POINT`] fractional bits.
#[derive(Clone, Copy)]
struct Term {
    at: usize,
    place: usize,
    factor: i64,
}

/// The terms for a component's steps, DC's first.
fn terms(steps: &[u16; 64]) -> [Term; 25] {
    const FREQUENCIES: [usize; 5] = [0, 1, 3, 5, 7];
    std::array::from_fn(|index| {
        let (row, column) = (FREQUENCIES[index / 5], FREQUENCIES[index % 5]);
        let weight = (WEIGHTS[row] * WEIGHTS[column] + (1 << 29)) >> 30;
        let factor = (weight * i64::from(steps[row * 8 + column]) + (1 << (29 - MEAN_POINT))) >> (30 - MEAN_POINT);
        Term { at: row * 8 + column, place: 2 * (row % 2) + column % 2, factor }
    })
}

/// Folds a YCbCr image with full chroma; `folded` then has halved chroma.
///
/// Returns false and leaves `folded` unchanged if [`super::fold()`] would.
#[must_use]
pub(super) fn fold_halving_colour(image: &JpegImage, folded: &mut FoldedImage) -> bool {
    if !image.is_foldable() || !image.is_sound() {
        return false;
    }
    folded.reshape((image.width, image.height), image.colour, [(2, 2), (1, 1), (1, 1)].into_iter());
    folded.icc.clone_from(&image.icc);
    let size = (image.width, image.height);
    for (index, (component, to)) in image.components.iter().zip(&mut folded.components).enumerate() {
        to.quantisation = component.quantisation;
        if index == 0 {
            fold_component(component, size, to);
        } else {
            halve(component, size, to);
        }
    }
    true
}

fn halve(component: &Component, size: (u32, u32), folded: &mut FoldedComponent) {
    let terms = terms(&component.quantisation);
    // Halved blocks without samples beyond the edge.
    let (wide, high) = (size.0 as usize / 16, size.1 as usize / 16);
    for (index, to) in folded.coefficients.iter_mut().enumerate() {
        let (column, row) = (index % folded.blocks_wide, index / folded.blocks_wide);
        *to = if column < wide && row < high {
            let block =
                |right, down| &component.coefficients[(2 * row + down) * component.blocks_wide + 2 * column + right];
            of_four([[block(0, 0), block(1, 0)], [block(0, 1), block(1, 1)]], &terms)
        } else {
            fold_exactly(&dct::forward_exact(&halved_samples(component, size, (column, row))))
        };
    }
}

/// The folded block of the halved block of four blocks.
fn of_four(blocks: [[&Block; 2]; 2], terms: &[Term; 25]) -> FoldedBlock {
    let mut means = [[0i64; 4]; 4];
    for (down, row) in blocks.into_iter().enumerate() {
        for (right, block) in row.into_iter().enumerate() {
            let [ee, eo, oe, oo] = sums(block, terms);
            let (top, left) = (2 * down, 2 * right);
            means[top][left] = ee + eo + oe + oo;
            means[top][left + 1] = ee - eo + oe - oo;
            means[top + 1][left] = ee + eo - oe - oo;
            means[top + 1][left + 1] = ee - eo - oe + oo;
        }
    }
    let rows =
        means.map(|row| DCT.map(|weights| weights.iter().zip(row).map(|(weight, mean)| weight * mean).sum::<i64>()));
    const SHIFT: u32 = MEAN_POINT + 2 * DCT_POINT - FRACTION;
    let mut values = [0; 16];
    for (index, value) in values.iter_mut().enumerate() {
        let (row, column) = (index / 4, index % 4);
        let sum: i64 = (0..4).map(|n| DCT[row][n] * rows[n][column]).sum();
        *value = ((sum + (1 << (SHIFT - 1))) >> SHIFT) as i32;
    }
    FoldedBlock::of(values)
}

/// The sums E E, E O, O E and O O of a block, with [`MEAN_POINT`] fractional bits.
fn sums(block: &Block, terms: &[Term; 25]) -> [i64; 4] {
    let [dc, rest @ ..] = terms;
    let mut sums = [i64::from(block[0]) * dc.factor, 0, 0, 0];
    // Most chroma blocks have only a DC coefficient.
    if block[1..].iter().fold(0, |any, &coefficient| any | coefficient) != 0 {
        for term in rest {
            let value = i64::from(block[term.at]).clamp(-i64::from(MAX_AC), i64::from(MAX_AC));
            sums[term.place] += value * term.factor;
        }
    }
    sums
}

/// The samples of a halved block at the edge.
///
/// The last column and row are repeated, before halving and after.
fn halved_samples(component: &Component, size: (u32, u32), (column, row): (usize, usize)) -> [[u8; 8]; 8] {
    let (width, height) = (size.0 as usize, size.1 as usize);
    let last = ((width - 1) / 8, (height - 1) / 8);
    let columns = [(2 * column).min(last.0), (2 * column + 1).min(last.0)];
    let rows = [(2 * row).min(last.1), (2 * row + 1).min(last.1)];
    let blocks = rows.map(|y| {
        columns.map(|x| dct::inverse(&component.coefficients[y * component.blocks_wide + x], &component.quantisation))
    });
    let sample = |x: usize, y: usize| {
        let (x, y) = (x.min(width - 1), y.min(height - 1));
        blocks[usize::from(y / 8 != rows[0])][usize::from(x / 8 != columns[0])][y % 8][x % 8]
    };
    std::array::from_fn(|y| {
        let y = 2 * (8 * row + y).min(height.div_ceil(2) - 1);
        std::array::from_fn(|x| {
            let x = 2 * (8 * column + x).min(width.div_ceil(2) - 1);
            let sum = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| u16::from(sample(x, y)));
            ((sum.iter().sum::<u16>() + 2) / 4) as u8
        })
    })
}
