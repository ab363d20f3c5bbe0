//! The first half of halving in the frequency domain: each block's 8x8 coefficients to 4x4.
//!
//! Let X be the orthonormal 8-point DCT of eight samples. The mean of neighbours is four samples,
//! and their 4-point DCT is A/sqrt(2) with A_k = cos(k pi/16) X_k - sin(k pi/16) X_(8-k) for k =
//! 0..3: the basis functions k and 8-k look alike on every second half-way point, and number 4
//! vanishes there. So along both axes each coefficient goes to one place, times a weight. That can
//! be done as it is decoded or encoded: a folded block takes 64 bytes instead of 128, and of a
//! block that is nearly empty, as most are, nothing but the few coefficients is ever touched.
//!
//! Arithmetic is in whole numbers, so it does not matter in which order coefficients come.

use super::dct;
use super::fold_colour::fold_halving_colour;
use super::image::{Block, BlockComponent, BlockImage, BlockKind, Colour, Component, JpegImage};
use super::tables::NATURAL_ORDER;

/// Bits behind the binary point of folded coefficients.
pub(super) const FRACTION: u32 = 11;
/// Bits that are dropped from them when blocks are merged.
pub(super) const DROPPED: u32 = 7;
/// The greatest step with which nothing can overflow: the greatest that baseline has.
const LARGEST_STEP: u16 = 255;
/// The greatest magnitude of an AC coefficient in files of 8 bits (ITU T.81 F.1.2.2.1). Greater
/// ones, which no picture gives, count as this.
pub(super) const LARGEST_AC: i32 = 1023;
/// Likewise of DC coefficients, times their step: 128 times what a picture gives.
const LARGEST_DC: i32 = 1 << 17;

/// 2^30 times the weight of frequencies 0..7 along one axis: cosines, and sines less than zero.
const WEIGHTS: [i64; 8] =
    [1 << 30, 1_053_110_176, 992_008_094, 892_783_698, 0, -596_538_995, -410_903_207, -209_476_638];
/// Where along one axis they go.
const PLACES: [usize; 8] = [0, 1, 2, 3, 0, 3, 2, 1];

/// A folded block: 4x4, row-major, dequantised, with 11 bits behind the binary point, of
/// which half of what merging drops is added beforehand, so that it rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldedBlock([i32; 16]);

impl BlockKind for FoldedBlock {
    const UNSET: Self = Self([1 << (DROPPED - 1); 16]);
    /// So that half of them are whole MCUs of the parent.
    const MCUS: usize = 2;
}

impl FoldedBlock {
    /// The block of these values, row-major, with [`FRACTION`] bits behind the binary point.
    pub(super) fn of(values: [i32; 16]) -> Self {
        let mut block = Self::UNSET;
        block.0.iter_mut().zip(values).for_each(|(to, value)| *to += value);
        block
    }

    /// Row `row` of two blocks, saturating, less [`DROPPED`] bits.
    #[inline(always)]
    pub(super) fn joined_row(left: &Self, right: &Self, row: usize) -> [i16; 8] {
        let narrow = |value: i32| (value >> DROPPED).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        std::array::from_fn(|at| narrow(if at < 4 { left.0[row * 4 + at] } else { right.0[row * 4 + at - 4] }))
    }
}

/// A component whose blocks are folded.
pub type FoldedComponent = BlockComponent<FoldedBlock>;
/// An image whose blocks are folded. Its size and sampling are those before.
pub type FoldedImage = BlockImage<FoldedBlock>;

/// For a component's steps, what each coefficient adds to a folded block.
#[derive(Clone, Copy)]
pub(super) struct FoldTable {
    dc_step: i32,
    /// For each zig-zag position: in the lowest four bits where it goes, above them its factor.
    entries: [i32; 64],
}

impl FoldTable {
    /// For row-major steps of 1 to [`LARGEST_STEP`]; greater ones count as that.
    pub(super) fn new(steps: &[u16; 64]) -> Self {
        let entries = std::array::from_fn(|position| {
            let natural = usize::from(NATURAL_ORDER[position]);
            let step = i64::from(steps[natural].min(LARGEST_STEP));
            let factor = (step * PRODUCTS[natural].1 + HALF) >> (30 - FRACTION);
            PRODUCTS[natural].0 as i32 | (factor as i32) << 4
        });
        Self { dc_step: i32::from(steps[0].min(LARGEST_STEP)), entries }
    }

    /// The folded block of which nothing but the DC coefficient is known.
    #[inline(always)]
    pub(super) fn begin(&self, dc: i16) -> FoldedBlock {
        let mut block = FoldedBlock::UNSET;
        block.0[0] += (i32::from(dc) * self.dc_step).clamp(-LARGEST_DC, LARGEST_DC) << FRACTION;
        block
    }

    /// The folded block of these quantised coefficients.
    fn fold(&self, block: &Block) -> FoldedBlock {
        let mut folded = self.begin(block[0]);
        for (position, &natural) in NATURAL_ORDER.iter().enumerate().skip(1) {
            let value = i32::from(block[usize::from(natural)]);
            if value != 0 {
                self.add(&mut folded, position, value.clamp(-LARGEST_AC, LARGEST_AC));
            }
        }
        folded
    }

    /// Adds the AC coefficient at a zig-zag position, at most [`LARGEST_AC`] in magnitude.
    #[inline(always)]
    pub(super) fn add(&self, block: &mut FoldedBlock, position: usize, value: i32) {
        let entry = self.entries[position & 63];
        block.0[entry as usize & 15] += value * (entry >> 4);
    }
}

const HALF: i64 = 1 << (29 - FRACTION);

/// For each row-major coefficient its place in the folded block and 2^30 times its weight.
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

impl<B: BlockKind> BlockImage<B> {
    /// Whether its steps are small enough for its blocks to be folded.
    pub(super) fn is_foldable(&self) -> bool {
        let is_small = |component: &BlockComponent<B>| component.quantisation.iter().all(|&step| step <= LARGEST_STEP);
        self.width > 0 && self.height > 0 && self.components.iter().all(is_small)
    }

    /// Whether each block of a part of this size can be folded by itself as it comes: half of that,
    /// either way, is a whole number of MCUs.
    pub(super) fn is_foldable_at_once(&self, size: (u32, u32)) -> bool {
        let greatest = self.layout().greatest;
        let is_even = |length: u32, factor: u8| length.is_multiple_of(16 * u32::from(factor));
        self.is_foldable() && is_even(size.0, greatest.0) && is_even(size.1, greatest.1)
    }
}

/// Folds `image` into `folded`, whose buffers are used again.
///
/// Where blocks reach beyond the image to the right or below, its last column and row count as
/// repeated there, whatever the blocks hold, and so on to whole MCUs of the parent.
///
/// False, with `folded` left alone, if it does not apply: where a quantisation step is greater than
/// 255.
#[must_use]
pub fn fold(image: &JpegImage, folded: &mut FoldedImage) -> bool {
    if !image.is_foldable() || !image.is_sound() {
        return false;
    }
    folded.assume_shape_of(image, (image.width, image.height));
    for (index, (component, to)) in image.components.iter().zip(&mut folded.components).enumerate() {
        fold_component(component, image.component_size(index), to);
    }
    true
}

pub(super) fn fold_component(component: &Component, size: (u32, u32), folded: &mut FoldedComponent) {
    let table = FoldTable::new(&component.quantisation);
    // Blocks without a sample beyond the edge.
    let (wide, high) = (size.0 as usize / 8, size.1 as usize / 8);
    for (index, to) in folded.coefficients.iter_mut().enumerate() {
        let (column, row) = (index % folded.blocks_wide, index / folded.blocks_wide);
        *to = if column < wide && row < high {
            table.fold(&component.coefficients[row * component.blocks_wide + column])
        } else {
            fold_exactly(&dct::forward_exact(&repeating_edges(component, size, (column, row))))
        };
    }
}

/// The samples of the block at (column, row), which holds some beyond the edge of a component of
/// this size. Those repeat the last column and row.
fn repeating_edges(component: &Component, size: (u32, u32), at: (usize, usize)) -> [[u8; 8]; 8] {
    let last = (size.0 as usize - 1, size.1 as usize - 1);
    // The nearest block that holds some within it.
    let (column, row) = (at.0.min(last.0 / 8), at.1.min(last.1 / 8));
    let samples = dct::inverse(&component.coefficients[row * component.blocks_wide + column], &component.quantisation);
    let place = |offset: usize, block: usize, inside: usize, last: usize| (8 * block + offset).min(last) - 8 * inside;
    std::array::from_fn(|y| {
        let line = samples[place(y, at.1, row, last.1)];
        std::array::from_fn(|x| line[place(x, at.0, column, last.0)])
    })
}

/// Folds a block of coefficients that are not quantised.
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

/// What an image must be like for its parent to be made of folded blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldSampling {
    /// Pixels that a sample of YCbCr's colour differences stands for in the parent, along each axis.
    pub chroma_step: u8,
    /// Width and height of whole tiles in pixels.
    pub tile_size: u32,
}

impl FoldSampling {
    /// Whether an image of this shape has its parent's sampling, and the halves of whole tiles like
    /// it are whole MCUs, so that tiles meet where blocks of the parent do.
    pub fn suits<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        let first = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        self.has(image, (first, first))
    }

    /// Whether it does once its colour differences, which are whole, are halved.
    fn suits_halved<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        self.chroma_step == 2 && image.colour == Colour::YCbCr && self.has(image, (1, 1))
    }

    fn has<B: BlockKind>(self, image: &BlockImage<B>, first: (u8, u8)) -> bool {
        let step = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        let mut factors = image.factors();
        self.tile_size.is_multiple_of(16 * u32::from(step))
            && factors.next() == Some(first)
            && factors.all(|factor| factor == (1, 1))
    }

    /// Folds `image` into `folded`, whose buffers are used again, so that it suits. False, with `folded` left alone, if it
    /// cannot.
    #[must_use]
    pub fn fold(self, image: &JpegImage, folded: &mut FoldedImage) -> bool {
        (self.suits(image) && fold(image, folded)) || (self.suits_halved(image) && fold_halving_colour(image, folded))
    }
}
