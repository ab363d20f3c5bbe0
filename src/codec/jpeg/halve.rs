//! The mean of 2x2 samples without leaving the frequency domain: four tiles' coefficients to those
//! of their parent.
//!
//! Let X be the orthonormal 8-point DCT of eight samples. The mean of neighbours is four samples,
//! and their 4-point DCT is A/sqrt(2) with A_k = cos(k pi/16) X_k - sin(k pi/16) X_(8-k) for k =
//! 0..3: the basis functions k and 8-k look alike on every second half-way point, and number 4
//! vanishes there. Two such quadruples, A and B, side by side are eight samples again. Their
//! 8-point DCT Z falls apart by symmetry: with S_j = A_j + (-1)^j B_j and D_j = A_j - (-1)^j B_j,
//! Z_(2j) = S_j / 2, and the odd Z are a 4x4 matrix times D. All this once along the columns, once
//! along the rows.
//!
//! Samples are not limited to 0..=255 between decoding and averaging, which the other path does;
//! else both compute the same mean. Arithmetic is in 16-bit lanes with four bits behind the binary
//! point, saturating at +-2048, twice what an image can hold; multiplications keep the upper half
//! of the product, as vector units do in one instruction.

use super::image::{Block, Colour, Component, JpegImage};
use super::transpose::{Rows, transpose};

/// Bits behind the binary point.
const POINT: u32 = 4;
/// A greater quantisation step saturates every coefficient but zero, as this one does.
const LARGEST_STEP: u16 = 2047;

/// 2^16 times 1 - cos(k pi/16), for k = 1..3.
const LESS_COSINE: [i16; 3] = [1259, 4989, 11_045];
/// 2^16 times sin(pi/16), sin(2 pi/16), and 1 - sin(3 pi/16), because the sine itself would not
/// fit.
const SINE: [i16; 3] = [12_785, 25_080, 29_126];
/// 2^16 times the weights of D_0..D_3 in Z_1, Z_3, Z_5 and Z_7.
const ODD: [[i16; 4]; 4] = [
    [29_692, 13_623, -2_446, 750],
    [-10_426, 25_922, 16_819, -3_196],
    [6_967, -11_549, 25_172, 16_069],
    [-5_906, 9_102, -12_299, 28_368],
];

/// The greatest magnitude of each coefficient that baseline codes whatever its neighbours are; DC
/// goes from -1024 to 1023.
const LARGEST: [i16; 64] = {
    let mut largest = [1023; 64];
    largest[0] = 1024;
    largest
};

/// The upper 16 bits of a product.
#[inline(always)]
fn upper(value: i16, factor: i16) -> i16 {
    ((i32::from(value) * i32::from(factor)) >> 16) as i16
}

/// A_0..A_3 of one lane. Products are rounded down; adding one and taking away another cancels that
/// on average.
#[inline(always)]
fn fold(x: &Rows, lane: usize) -> [i16; 4] {
    let turned = |k: usize| x[k][lane].saturating_add(upper(x[k][lane], -LESS_COSINE[k - 1]));
    let third = turned(3).saturating_sub(x[5][lane]);
    [
        x[0][lane],
        turned(1).saturating_sub(upper(x[7][lane], SINE[0])),
        turned(2).saturating_sub(upper(x[6][lane], SINE[1])),
        third.saturating_sub(upper(x[5][lane], -SINE[2])),
    ]
}

/// Halves and joins two columns of eight frequencies, one above the other, in each of eight lanes.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Lane by lane is how it becomes vector code.
fn pass(first: &Rows, second: &Rows) -> Rows {
    let mut output = [[0; 8]; 8];
    for lane in 0..8 {
        let (a, b) = (fold(first, lane), fold(second, lane));
        let b = [b[0], b[1].saturating_neg(), b[2], b[3].saturating_neg()];
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

/// Multiplies by quantisation steps in 16-bit lanes.
struct Dequantiser {
    /// The steps, with [`POINT`] bits behind the binary point.
    steps: [i16; 64],
    /// The greatest magnitudes that can be multiplied; greater ones, which no image gives, are
    /// brought back to them.
    limits: [i16; 64],
}

impl Dequantiser {
    /// For steps of 1 to 65535.
    fn new(steps: &[u16; 64]) -> Self {
        let steps = steps.map(|step| step.clamp(1, LARGEST_STEP) as i16);
        Self { steps: steps.map(|step| step << POINT), limits: steps.map(|step| LARGEST_STEP as i16 / step) }
    }

    /// The coefficients that a block's quantised ones stand for.
    #[inline(always)]
    fn dequantise(&self, block: &Block) -> Rows {
        let mut rows = [[0; 8]; 8];
        for (index, to) in rows.as_flattened_mut().iter_mut().enumerate() {
            let limit = self.limits[index];
            *to = block[index].max(-limit).min(limit).wrapping_mul(self.steps[index]);
        }
        rows
    }
}

/// Divides by quantisation steps in 16-bit lanes, to the nearest, halves away from zero.
struct Requantiser {
    /// Half of each step.
    halves: [u16; 64],
    /// 2^k / step, rounded up, where k is such that it has 16 bits. With those, and dividends below
    /// 2^15, the quotient is exact.
    reciprocals: [u16; 64],
    /// What shifts the upper half of the product the rest of k bits to the right.
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
    fn quantise(&self, rows: &Rows, block: &mut Block) {
        let upper = |a: u16, b: u16| ((u32::from(a) * u32::from(b)) >> 16) as u16;
        for (index, &value) in rows.as_flattened().iter().enumerate() {
            let rounded = value.unsigned_abs() + self.halves[index];
            let quotient = upper(upper(rounded, self.reciprocals[index]), self.shifts[index]) as i16;
            let sign = value >> 15;
            block[index] = ((quotient.min(LARGEST[index]) ^ sign) - sign).min(1023);
        }
    }
}

/// Whether [`halve`] can make a parent of these children: upper left, upper right, lower left,
/// lower right.
///
/// There must be as many as a grid has, of fitting sizes, with the same colour and sampling, and
/// each as large as a whole number of MCUs twice over, both ways, so that every block of the parent
/// comes from one child and no sample beyond an edge enters. It depends on nothing but the
/// children, so a tile takes the same path in every run.
pub fn can_halve(children: [Option<&JpegImage>; 4]) -> bool {
    let [Some(first), right, below, last] = children else {
        return false;
    };
    if last.is_some() != (right.is_some() && below.is_some()) {
        return false;
    }
    let alike = children.into_iter().flatten().all(|child| {
        let factors = |image: &JpegImage| image.components.iter().map(Component::factors).collect::<Vec<_>>();
        child.colour == first.colour && factors(child) == factors(first) && is_even(child)
    });
    let width = |child: Option<&JpegImage>| child.map(|child| child.width);
    let height = |child: Option<&JpegImage>| child.map(|child| child.height);
    alike
        && below.is_none_or(|below| below.width == first.width)
        && right.is_none_or(|right| right.height == first.height)
        && (last.is_none() || (width(last) == width(right) && height(last) == height(below)))
}

/// Whether half of the image, either way, is a whole number of MCUs, and its buffers are as they
/// should be.
fn is_even(image: &JpegImage) -> bool {
    let layout = image.layout();
    let even = |length: u32, factor: u8| length > 0 && length.is_multiple_of(16 * u32::from(factor));
    even(image.width, layout.greatest.0)
        && even(image.height, layout.greatest.1)
        && image.components.len() == image.colour.component_count()
        && image.components.iter().all(|component| {
            let (wide, high) = layout.padded_blocks(component.factors());
            (component.blocks_wide, component.blocks_high) == (wide, high)
                && component.coefficients.len() == wide * high
        })
}

/// Makes `parent` the image of half the size in which each sample is the mean of 2x2 of the
/// children's, every component by itself; its buffers are used again. Luma, or all of RGB, is
/// quantised with the steps `luma`, the colour differences with `chroma` (row-major, 1 to 255). The
/// ICC profile is that of the first child that has one.
///
/// False, with `parent` left alone, if it does not apply: see [`can_halve`].
#[must_use]
pub fn halve(children: [Option<&JpegImage>; 4], luma: &[u16; 64], chroma: &[u16; 64], parent: &mut JpegImage) -> bool {
    let [Some(first), right, below, _] = children else {
        return false;
    };
    if !can_halve(children) {
        return false;
    }
    let width = first.width + right.map_or(0, |right| right.width);
    let height = first.height + below.map_or(0, |below| below.height);
    let mut factors = [(1, 1); 3];
    factors.iter_mut().zip(&first.components).for_each(|(to, component)| *to = component.factors());
    let factors = factors.get(..first.components.len()).unwrap_or_default();
    parent.reshape((width / 2, height / 2), first.colour, factors);
    parent.icc = children.into_iter().flatten().find_map(|child| child.icc.clone());
    for (index, component) in parent.components.iter_mut().enumerate() {
        let steps = if index > 0 && first.colour == Colour::YCbCr { chroma } else { luma };
        component.quantisation = steps.map(|step| step.clamp(1, 255));
        let requantiser = Requantiser::new(steps);
        let of = |child: Option<&JpegImage>| {
            child.map_or((0, 0), |child| {
                child.components.get(index).map_or((0, 0), |component| (component.blocks_wide, component.blocks_high))
            })
        };
        let (left, above) = (of(Some(first)).0 / 2, of(Some(first)).1 / 2);
        let corners = [(0, 0), (left, 0), (0, above), (left, above)];
        for (child, corner) in children.into_iter().zip(corners) {
            if let Some(source) = child.and_then(|child| child.components.get(index)) {
                halve_component(source, &requantiser, corner, component);
            }
        }
    }
    true
}

/// Fills the part of `parent` whose upper left block is at `corner` from one child.
fn halve_component(source: &Component, requantiser: &Requantiser, corner: (usize, usize), parent: &mut Component) {
    let dequantiser = Dequantiser::new(&source.quantisation);
    let pairs_of_rows = source.coefficients.chunks_exact(2 * source.blocks_wide);
    let rows = parent.coefficients.chunks_exact_mut(parent.blocks_wide).skip(corner.1);
    for (row, pair) in rows.zip(pairs_of_rows) {
        let (above, below) = pair.split_at(source.blocks_wide);
        let ((above, _), (below, _)) = (above.as_chunks::<2>(), below.as_chunks::<2>());
        let blocks = row.iter_mut().skip(corner.0);
        for ((block, above), below) in blocks.zip(above).zip(below) {
            requantiser.quantise(&halve_blocks(above, below, &dequantiser), block);
        }
    }
}

/// The coefficients of the block that four become, with [`POINT`] bits behind the binary point.
#[inline(always)]
fn halve_blocks(above: &[Block; 2], below: &[Block; 2], dequantiser: &Dequantiser) -> Rows {
    let left = pass(&dequantiser.dequantise(&above[0]), &dequantiser.dequantise(&below[0]));
    let right = pass(&dequantiser.dequantise(&above[1]), &dequantiser.dequantise(&below[1]));
    transpose(&pass(&transpose(&left), &transpose(&right)))
}
