//! The discrete cosine transform of 8x8 blocks and its inverse (ITU T.81 A.3.3), in 32-bit integers.
//!
//! Integers give the same result on every processor. Both directions split even from odd frequencies once and multiply
//! the halves by their 4x4 matrices. That takes more multiplications than the leanest schemes, but all lanes do the
//! same without shuffling, which vectorises. Each pass rounds once, so samples are within one of the exact value.

use crate::jpeg::image::Block;

/// Cosines of k pi / 16, times 2^13. With the transform's factor of 1/2, the unit is 2^14.
const C: [i32; 8] = [8192, 8035, 7568, 6811, 5793, 4551, 3135, 1598];
/// The unit of one pass, as a shift.
const UNIT: u32 = 14;
/// Fractional bits between the passes of the inverse transform.
const INVERSE_KEPT: u32 = 3;
/// Fractional bits between the passes of the forward transform.
const FORWARD_KEPT: u32 = 5;
/// Limit of dequantised coefficients, which keeps sums inside 32 bits.
///
/// An 8-bit image reaches at most 1024 and half a step.
const MAX_COEFFICIENT: i32 = 2047;

type Lanes = [i32; 8];

#[inline(always)]
fn transpose(rows: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
}

/// Eight 8-point inverse transforms, one per lane. `offset` is added before the shift.
#[inline(always)]
fn inverse_pass(input: &[Lanes; 8], offset: i32, shift: u32) -> [Lanes; 8] {
    let mut output = [[0; 8]; 8];
    for lane in 0..8 {
        let x: Lanes = std::array::from_fn(|k| input[k][lane]);
        let (sum, difference) = (C[4] * (x[0] + x[4]) + offset, C[4] * (x[0] - x[4]) + offset);
        let (outer, inner) = (C[2] * x[2] + C[6] * x[6], C[6] * x[2] - C[2] * x[6]);
        let even = [sum + outer, difference + inner, difference - inner, sum - outer];
        let odd = [
            C[1] * x[1] + C[3] * x[3] + C[5] * x[5] + C[7] * x[7],
            C[3] * x[1] - C[7] * x[3] - C[1] * x[5] - C[5] * x[7],
            C[5] * x[1] - C[1] * x[3] + C[7] * x[5] + C[3] * x[7],
            C[7] * x[1] - C[5] * x[3] + C[3] * x[5] - C[1] * x[7],
        ];
        for n in 0..4 {
            output[n][lane] = (even[n] + odd[n]) >> shift;
            output[7 - n][lane] = (even[n] - odd[n]) >> shift;
        }
    }
    output
}

/// Eight 8-point forward transforms, one per lane. `offset` is added before the shift.
#[inline(always)]
fn forward_pass(input: &[Lanes; 8], offset: i32, shift: u32) -> [Lanes; 8] {
    let mut output = [[0; 8]; 8];
    for lane in 0..8 {
        let s: [i32; 4] = std::array::from_fn(|n| input[n][lane] + input[7 - n][lane]);
        let d: [i32; 4] = std::array::from_fn(|n| input[n][lane] - input[7 - n][lane]);
        let (outer, inner) = (s[0] + s[3], s[1] + s[2]);
        let (outer_step, inner_step) = (s[0] - s[3], s[1] - s[2]);
        let sums = [
            C[4] * (outer + inner),
            C[1] * d[0] + C[3] * d[1] + C[5] * d[2] + C[7] * d[3],
            C[2] * outer_step + C[6] * inner_step,
            C[3] * d[0] - C[7] * d[1] - C[1] * d[2] - C[5] * d[3],
            C[4] * (outer - inner),
            C[5] * d[0] - C[1] * d[1] + C[7] * d[2] + C[3] * d[3],
            C[6] * outer_step - C[2] * inner_step,
            C[7] * d[0] - C[5] * d[1] + C[3] * d[2] - C[1] * d[3],
        ];
        for k in 0..8 {
            output[k][lane] = (sums[k] + offset) >> shift;
        }
    }
    output
}

/// The samples of a block: dequantised, transformed, 128 added, clamped to 0..=255.
#[inline(always)]
pub(in crate::jpeg) fn inverse(block: &Block, quantisation: &[u16; 64]) -> [[u8; 8]; 8] {
    // Most chroma blocks of a photograph have only a DC coefficient.
    let dc_only = block.iter().skip(1).fold(0, |any, coefficient| any | coefficient) == 0;
    if dc_only { inverse_dc_only(block[0], quantisation[0]) } else { inverse_any(block, quantisation) }
}

/// The inverse of a block with only a DC coefficient: what both passes make of it.
#[inline(always)]
fn inverse_dc_only(coefficient: i16, step: u16) -> [[u8; 8]; 8] {
    let dequantised = (i32::from(coefficient) * i32::from(step)).clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT);
    let shift = UNIT - INVERSE_KEPT;
    let kept = (C[4] * dequantised + (1 << (shift - 1))) >> shift;
    let shift = UNIT + INVERSE_KEPT;
    let sample = (C[4] * kept + (128 << shift) + (1 << (shift - 1))) >> shift;
    [[sample.clamp(0, 255) as u8; 8]; 8]
}

#[inline(always)]
fn inverse_any(block: &Block, quantisation: &[u16; 64]) -> [[u8; 8]; 8] {
    let mut rows = [[0; 8]; 8];
    for (to, (&coefficient, &step)) in rows.as_flattened_mut().iter_mut().zip(block.iter().zip(quantisation)) {
        *to = (i32::from(coefficient) * i32::from(step)).clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT);
    }
    let shift = UNIT - INVERSE_KEPT;
    let columns_done = inverse_pass(&rows, 1 << (shift - 1), shift);
    let shift = UNIT + INVERSE_KEPT;
    let offset = (128 << shift) + (1 << (shift - 1));
    let samples = inverse_pass(&transpose(&columns_done), offset, shift);
    transpose(&samples).map(|row| row.map(|sample| sample.clamp(0, 255) as u8))
}

/// Fractional bits of coefficients from [`forward_exact`].
pub(in crate::jpeg) const FORWARD_POINT: u32 = UNIT + FORWARD_KEPT;

/// Divides by quantisation steps, rounding to nearest, without a division.
#[derive(Clone)]
pub(in crate::jpeg) struct Quantiser {
    /// Half of each step, in units of 2^-[`FORWARD_POINT`].
    halves: [i32; 64],
    reciprocals: [u32; 64],
}

impl Quantiser {
    /// Scale of the reciprocals.
    ///
    /// n * ceil(2^19 / step) >> 19 equals n / step while n * step < 2^19. Here n (a coefficient and half a step) is
    /// below 2^11, and a step below 2^8.
    const RECIPROCAL: u32 = 19;

    /// For steps of 1 to 255, row by row.
    pub(in crate::jpeg) fn new(steps: &[u16; 64]) -> Self {
        let steps = steps.map(|step| u32::from(step.clamp(1, 255)));
        Self {
            halves: steps.map(|step| (step << (FORWARD_POINT - 1)) as i32),
            reciprocals: steps.map(|step| (1u32 << Self::RECIPROCAL).div_ceil(step)),
        }
    }

    /// The nearest multiples, with halves rounded away from zero, of coefficients with [`FORWARD_POINT`] fractional
    /// bits.
    ///
    /// Shifting before dividing loses nothing: floor(n / (2^p * step)) = floor(floor(n / 2^p) / step), and half a step
    /// is an integer here.
    #[inline(always)]
    pub(in crate::jpeg) fn quantise(&self, coefficients: &[i32; 64]) -> Block {
        let mut block = [0; 64];
        for index in 0..64 {
            let coefficient = coefficients[index];
            let rounded = (coefficient.abs() + self.halves[index]) as u32 >> FORWARD_POINT;
            let magnitude = ((rounded * self.reciprocals[index]) >> Self::RECIPROCAL) as i32;
            let sign = coefficient >> 31;
            block[index] = ((magnitude ^ sign) - sign) as i16;
        }
        block
    }
}

/// The unquantised coefficients of a block of samples, row by row, with [`FORWARD_POINT`] fractional bits.
#[inline(always)]
pub(in crate::jpeg) fn forward_exact(samples: &[[u8; 8]; 8]) -> [i32; 64] {
    let mut rows = [[0; 8]; 8];
    for (to, &sample) in rows.as_flattened_mut().iter_mut().zip(samples.as_flattened()) {
        *to = i32::from(sample) - 128;
    }
    let shift = UNIT - FORWARD_KEPT;
    let columns_done = forward_pass(&rows, 1 << (shift - 1), shift);
    let transformed = transpose(&forward_pass(&transpose(&columns_done), 0, 0));
    let mut coefficients = [0; 64];
    coefficients.copy_from_slice(transformed.as_flattened());
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_of_dc_only_blocks_equals_both_passes() {
        for coefficient in -2100..2100 {
            for step in [1, 2, 16, 255] {
                let mut block = [0; 64];
                block[0] = coefficient;
                assert_eq!(inverse_dc_only(coefficient, step), inverse_any(&block, &[step; 64]));
            }
        }
    }
}
