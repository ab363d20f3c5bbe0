//! Folds a block: 8x8 coefficients to 4x4.
//!
//! Let X be the orthonormal 8-point DCT of eight samples. The means of neighbours are four samples. Their 4-point DCT
//! is A/sqrt(2) with A_k = cos(k pi/16) X_k - sin(k pi/16) X_(8-k) for k = 0..3: the basis functions k and 8-k are
//! alike half-way between neighbours, and number 4 vanishes there. So along both axes each coefficient contributes to
//! one place, times a weight. This can be done while coefficients are decoded or encoded. A folded block takes 64 bytes
//! instead of 128, and only the coefficients that are not zero, few in most blocks, cost any work.
//!
//! Integer arithmetic makes the order of coefficients irrelevant.

use crate::jpeg::image::{Block, BlockComponent, BlockImage, BlockKind};
use crate::jpeg::tables::NATURAL_ORDER;
use crate::jpeg::transform::dct;

/// Fractional bits of folded coefficients.
pub(super) const FRACTION: u32 = 11;
/// Fractional bits that merging drops.
pub(super) const DROPPED: u32 = 7;
/// Largest step that cannot overflow, which is also the largest of baseline.
pub(super) const MAX_STEP: u16 = 255;
/// Largest AC coefficient in 8-bit files (ITU T.81 F.1.2.2.1). Larger ones, which no picture has, are clamped.
pub(in crate::jpeg) const MAX_AC: i32 = 1023;
/// Largest DC coefficient times its step: 128 times what a picture reaches. Larger ones are clamped.
const MAX_DC: i32 = 1 << 17;

/// Weights of frequencies 0..7 along one axis, times 2^30: cosines and negative sines.
const WEIGHTS: [i64; 8] =
    [1 << 30, 1_053_110_176, 992_008_094, 892_783_698, 0, -596_538_995, -410_903_207, -209_476_638];
/// Where each frequency goes along one axis.
const PLACES: [usize; 8] = [0, 1, 2, 3, 0, 3, 2, 1];

/// A folded block: 4x4, row by row, dequantised, with 11 fractional bits.
///
/// Half of what merging drops is already added, so that dropping it rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldedBlock([i32; 16]);

impl BlockKind for FoldedBlock {
    const UNSET: Self = Self([1 << (DROPPED - 1); 16]);
    /// Half of two MCUs is a whole MCU of the parent.
    const MCUS: usize = 2;
}

impl FoldedBlock {
    /// A block of these values, row by row, with [`FRACTION`] fractional bits.
    pub(super) fn of(values: [i32; 16]) -> Self {
        let mut block = Self::UNSET;
        block.0.iter_mut().zip(values).for_each(|(to, value)| *to += value);
        block
    }

    /// Row `row` of two blocks, less [`DROPPED`] bits, saturating.
    #[inline(always)]
    pub(in crate::jpeg) fn joined_row(left: &Self, right: &Self, row: usize) -> [i16; 8] {
        let narrow = |value: i32| (value >> DROPPED).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        std::array::from_fn(|at| narrow(if at < 4 { left.0[row * 4 + at] } else { right.0[row * 4 + at - 4] }))
    }
}

/// A component with folded blocks.
pub type FoldedComponent = BlockComponent<FoldedBlock>;
/// An image with folded blocks. Size and sampling are those of the image before folding.
pub type FoldedImage = BlockImage<FoldedBlock>;

/// What each coefficient of a component adds to a folded block.
#[derive(Clone, Copy)]
pub(in crate::jpeg) struct FoldTable {
    dc_step: i32,
    /// Per zig-zag position: the place in the lowest four bits, the factor above.
    entries: [i32; 64],
}

impl FoldTable {
    /// For steps of at most [`MAX_STEP`], row by row; larger ones are clamped.
    pub(in crate::jpeg) fn new(steps: &[u16; 64]) -> Self {
        let entries = std::array::from_fn(|position| {
            let natural = usize::from(NATURAL_ORDER[position]);
            let step = i64::from(steps[natural].min(MAX_STEP));
            let factor = (step * PRODUCTS[natural].1 + HALF) >> (30 - FRACTION);
            PRODUCTS[natural].0 as i32 | (factor as i32) << 4
        });
        Self { dc_step: i32::from(steps[0].min(MAX_STEP)), entries }
    }

    /// The folded block of a DC coefficient alone.
    #[inline(always)]
    pub(in crate::jpeg) fn begin(&self, dc: i16) -> FoldedBlock {
        let mut block = FoldedBlock::UNSET;
        block.0[0] += (i32::from(dc) * self.dc_step).clamp(-MAX_DC, MAX_DC) << FRACTION;
        block
    }

    /// Folds a block of quantised coefficients.
    pub(super) fn fold(&self, block: &Block) -> FoldedBlock {
        let mut folded = self.begin(block[0]);
        for (position, &natural) in NATURAL_ORDER.iter().enumerate().skip(1) {
            let value = i32::from(block[usize::from(natural)]);
            if value != 0 {
                self.add(&mut folded, position, value.clamp(-MAX_AC, MAX_AC));
            }
        }
        folded
    }

    /// Adds the AC coefficient at a zig-zag position, at most [`MAX_AC`] in magnitude.
    #[inline(always)]
    pub(in crate::jpeg) fn add(&self, block: &mut FoldedBlock, position: usize, value: i32) {
        let entry = self.entries[position & 63];
        block.0[entry as usize & 15] += value * (entry >> 4);
    }
}

const HALF: i64 = 1 << (29 - FRACTION);

/// Place in the folded block, and weight times 2^30, of each coefficient.
const PRODUCTS: [(usize, i64); 64] = {
    let mut products = [(0, 0); 64];
    let mut at = 0;
    while at < 64 {
        let (row, column) = (at / 8, at % 8);
        products[at] = (PLACES[row] * 4 + PLACES[column], (WEIGHTS[row] * WEIGHTS[column] + (1 << 29)) >> 30);
        at += 1;
    }
    products
};

/// Folds a block of unquantised coefficients.
pub(super) fn fold_exactly(coefficients: &[i32; 64]) -> FoldedBlock {
    let mut sums = [0i64; 16];
    for (&coefficient, (place, weight)) in coefficients.iter().zip(PRODUCTS) {
        sums[place] += i64::from(coefficient) * weight;
    }
    const SHIFT: u32 = dct::FORWARD_POINT + 30 - FRACTION;
    let mut block = FoldedBlock::UNSET;
    block.0.iter_mut().zip(sums).for_each(|(to, sum)| *to += ((sum + (1 << (SHIFT - 1))) >> SHIFT) as i32);
    block
}
