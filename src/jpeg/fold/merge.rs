//! Merges folded blocks: four of them become one block of the parent, without any samples.
//!
//! Two quadruples A and B of folded coefficients, side by side, stand for eight samples. Symmetry splits their 8-point
//! DCT Z: with S_j = A_j + (-1)^j B_j and D_j = A_j - (-1)^j B_j, Z_(2j) = S_j / 2, and the odd Z are a 4x4 matrix
//! times D. This is done once along the columns and once along the rows.
//!
//! The path of samples clamps samples to 0..=255 between decoding and averaging, and this one does not; otherwise both
//! compute the same mean. Arithmetic uses 16-bit lanes with four fractional bits and saturates at +-2048, twice what an
//! image can hold. Multiplications keep the upper half of the product, which vector units do in one instruction.

use super::block::{DROPPED, FRACTION, FoldedBlock, FoldedComponent, FoldedImage};
use crate::geometry::Size;
use crate::jpeg::image::{Block, Colour, Component, JpegImage};
use crate::jpeg::placed::{BlockArea, PlacedPart, can_join};
use crate::jpeg::transform::{Rows8x8, transpose};
use arrayvec::ArrayVec;

/// Fractional bits.
const POINT: u32 = FRACTION - DROPPED;

/// Weights of D_0..D_3 in Z_1, Z_3, Z_5 and Z_7, times 2^16.
const ODD: [[i16; 4]; 4] = [
    [29_692, 13_623, -2_446, 750],
    [-10_426, 25_922, 16_819, -3_196],
    [6_967, -11_549, 25_172, 16_069],
    [-5_906, 9_102, -12_299, 28_368],
];

/// Largest magnitude of each coefficient that baseline can code whatever its neighbours are.
///
/// DC goes from -1024 to 1023.
const MAX_CODABLE: [i16; 64] = {
    let mut max = [1023; 64];
    max[0] = 1024;
    max
};

/// The upper half of a product.
#[inline(always)]
fn upper(value: i16, factor: i16) -> i16 {
    ((i32::from(value) * i32::from(factor)) >> 16) as i16
}

/// Joins two columns of four frequencies, one above the other, to one of eight, in each of eight lanes.
///
/// Products are rounded down; adding one and subtracting another cancels that on average.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Lane by lane is how it becomes vector code.
fn pass(first: &[[i16; 8]], second: &[[i16; 8]]) -> Rows8x8 {
    let mut output = [[0; 8]; 8];
    for lane in 0..8 {
        let a: [i16; 4] = std::array::from_fn(|j| first[j][lane]);
        let b = [0, 1, 2, 3].map(|j| if j % 2 == 0 { second[j][lane] } else { second[j][lane].saturating_neg() });
        let d: [i16; 4] = std::array::from_fn(|j| a[j].saturating_sub(b[j]));
        for j in 0..4 {
            // Half the sum, rounded up, without overflow.
            output[2 * j][lane] = (a[j] | b[j]) - ((a[j] ^ b[j]) >> 1);
            let [w0, w1, w2, w3] = ODD[j];
            output[2 * j + 1][lane] = upper(d[0], w0)
                .saturating_sub(upper(d[1], -w1))
                .saturating_add(upper(d[2], w2))
                .saturating_sub(upper(d[3], -w3));
        }
    }
    output
}

/// The coefficients of the block merged from four, with [`POINT`] fractional bits.
#[inline(always)]
fn merge_blocks(above: &[FoldedBlock; 2], below: &[FoldedBlock; 2]) -> Rows8x8 {
    let rows = |[left, right]: &[FoldedBlock; 2]| -> [[i16; 8]; 4] {
        std::array::from_fn(|row| FoldedBlock::joined_row(left, right, row))
    };
    // Rows 0..4 are the columns of the left blocks, 4..8 those of the right ones.
    let columns = transpose(&pass(&rows(above), &rows(below)));
    let (left, right) = columns.split_at(4);
    transpose(&pass(left, right))
}

/// Divides by quantisation steps in 16-bit lanes, to nearest, with halves rounded away from zero.
struct Requantiser {
    /// Half of each step.
    halves: [u16; 64],
    /// 2^k / step, rounded up, with k such that it has 16 bits. The quotient is then exact for dividends below 2^15.
    reciprocals: [u16; 64],
    /// Shifts the upper half of the product right by the rest of k bits.
    shifts: [u16; 64],
}

impl Requantiser {
    /// For steps of 1 to 255.
    fn new(steps: &[u16; 64]) -> Self {
        let steps = steps.map(|step| u32::from(step.clamp(1, 255)) << POINT);
        // 2^15 <= 2^k / step < 2^16.
        let k = |step: u32| 16 + (step - 1).ilog2();
        Self {
            halves: steps.map(|step| (step / 2) as u16),
            reciprocals: steps.map(|step| (1u32 << k(step)).div_ceil(step) as u16),
            shifts: steps.map(|step| 1 << (32 - k(step))),
        }
    }

    #[inline(always)]
    fn quantise(&self, rows: &Rows8x8, block: &mut Block) {
        let upper = |a: u16, b: u16| ((u32::from(a) * u32::from(b)) >> 16) as u16;
        for (index, &value) in rows.as_flattened().iter().enumerate() {
            let rounded = value.unsigned_abs() + self.halves[index];
            let quotient = upper(upper(rounded, self.reciprocals[index]), self.shifts[index]) as i16;
            let sign = value >> 15;
            block[index] = ((quotient.min(MAX_CODABLE[index]) ^ sign) - sign).min(1023);
        }
    }
}

/// The quantisation steps of a parent: luma's (or those of all components of RGB) and chroma's.
pub struct ParentSteps {
    tables: [([u16; 64], Requantiser); 2],
}

impl ParentSteps {
    /// Both row by row, 1 to 255.
    #[must_use]
    pub fn new(luma: &[u16; 64], chroma: &[u16; 64]) -> Self {
        Self { tables: [luma, chroma].map(|steps| (steps.map(|step| step.clamp(1, 255)), Requantiser::new(steps))) }
    }

    fn of(&self, colour: Colour, component: usize) -> &([u16; 64], Requantiser) {
        &self.tables[colour.table_index(component)]
    }
}

/// Makes `parent` half of the children: top left, top right, bottom left and bottom right. The top left one decides where the
/// others begin.
///
/// See [`merge_parts`]; the children must form a rectangle.
#[must_use]
pub fn merge(children: [Option<&FoldedImage>; 4], steps: &ParentSteps, parent: &mut JpegImage) -> bool {
    let [Some(first), right, below, _] = children else { return false };
    let size = Size::new(
        first.width + right.map_or(0, |right| right.width),
        first.height + below.map_or(0, |below| below.height),
    );
    let places = [(0, 0), (first.width, 0), (0, first.height), (first.width, first.height)];
    let parts = children.into_iter().zip(places).filter_map(|(child, place)| Some(PlacedPart::whole(child?, place)));
    merge_parts(&parts.collect::<ArrayVec<_, 4>>(), size, steps, parent)
}

/// Makes `parent` half of a rectangle of this size, which the parts cover: each sample is the mean of 2x2 samples of the same
/// component.
///
/// Its buffers are reused. The ICC profile is that of the first part with one. Returns false and leaves `parent` unchanged if
/// the parts differ in colour or sampling, cannot be folded, or do not meet where blocks of the parent meet. Only the parts
/// decide, so a tile takes the same path in every run.
#[must_use]
pub fn merge_parts(
    parts: &[PlacedPart<'_, FoldedBlock>],
    size: Size,
    steps: &ParentSteps,
    parent: &mut JpegImage,
) -> bool {
    let Some(first) = parts.first().map(|part| part.image) else { return false };
    if !can_join(parts, size, 16) || !parts.iter().all(|part| part.image.is_foldable()) {
        return false;
    }
    let half = size.halved();
    parent.reshape((half.width, half.height), first.colour, first.factors());
    parent.icc = parts.iter().find_map(|part| part.image.icc.clone());
    for (index, component) in parent.components.iter_mut().enumerate() {
        let (quantisation, requantiser) = steps.of(first.colour, index);
        component.quantisation = *quantisation;
        for part in parts {
            if let Some(source) = part.image.components.get(index) {
                merge_component(source, requantiser, part.blocks(index, 8).from, part.blocks(index, 16), component);
            }
        }
    }
    true
}

/// Merges an area of the parent: each of its blocks from 2x2 folded ones, beginning in this column and row of the source.
fn merge_component(
    source: &FoldedComponent,
    requantiser: &Requantiser,
    (column, row): (usize, usize),
    area: BlockArea,
    parent: &mut Component,
) {
    let below = source.coefficients.get(row * source.blocks_wide..).unwrap_or_default();
    let pairs_of_rows = below.chunks_exact(2 * source.blocks_wide).take(area.high);
    let rows = parent.coefficients.chunks_exact_mut(parent.blocks_wide).skip(area.to.1);
    for (row, pair) in rows.zip(pairs_of_rows) {
        let (above, below) = pair.split_at(source.blocks_wide);
        let ((above, _), (below, _)) = (above[column..].as_chunks::<2>(), below[column..].as_chunks::<2>());
        let blocks = row.iter_mut().skip(area.to.0).take(area.wide);
        for ((block, above), below) in blocks.zip(above).zip(below) {
            requantiser.quantise(&merge_blocks(above, below), block);
        }
    }
}
