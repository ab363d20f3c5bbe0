//! The integer transforms, compared with the definition in floating point (ITU T.81 A.3.3).

use std::f64::consts::PI;

use super::*;
use crate::jpeg::transform::dct;
use crate::jpeg::transform::pair::{PairQuantiser, forward_pair};

fn basis(frequency: usize, position: usize) -> f64 {
    let scale = if frequency == 0 { 0.125f64.sqrt() } else { 0.5 };
    scale * ((2 * position + 1) as f64 * frequency as f64 * PI / 16.0).cos()
}

/// The separable transform with this one-dimensional kernel (output index, input index).
fn separable(input: &[f64; 64], kernel: impl Fn(usize, usize) -> f64) -> [f64; 64] {
    let mut rows = [0.0; 64];
    let mut output = [0.0; 64];
    for y in 0..8 {
        for to in 0..8 {
            rows[y * 8 + to] = (0..8).map(|from| kernel(to, from) * input[y * 8 + from]).sum();
        }
    }
    for x in 0..8 {
        for to in 0..8 {
            output[to * 8 + x] = (0..8).map(|from| kernel(to, from) * rows[from * 8 + x]).sum();
        }
    }
    output
}

/// Exact samples of dequantised coefficients, before clamping, around zero.
pub(super) fn exact_inverse(input: &[f64; 64]) -> [f64; 64] {
    separable(input, |position, frequency| basis(frequency, position))
}

/// Exact coefficients of samples around zero.
pub(super) fn exact_forward(input: &[f64; 64]) -> [f64; 64] {
    separable(input, basis)
}

fn blocks(count: usize, low: i32, high: i32, seed: u64) -> impl Iterator<Item = [f64; 64]> {
    let mut random = Random::new(seed);
    (0..count).map(move |_| std::array::from_fn(|_| f64::from(random.within(low, high))))
}

/// A test in the manner of IEEE 1180-1990, with its limits.
///
/// Random samples are transformed to rounded coefficients, and these by both inverses, clamped to 0..=255.
#[test]
fn inverse_is_accurate() {
    for (low, high) in [(-256, 255), (-5, 5), (-300, 300)] {
        let count = 3000;
        let (mut squares, mut sums, mut worst) = ([0.0f64; 64], [0.0f64; 64], 0.0f64);
        for samples in blocks(count, low, high, 3) {
            let coefficients = exact_forward(&samples).map(|value| value.round().clamp(-2047.0, 2047.0));
            let exact = exact_inverse(&coefficients).map(|value| (value.round() + 128.0).clamp(0.0, 255.0));
            let found = dct::inverse(&coefficients.map(|value| value as i16), &[1; 64]);
            for (index, (&found, exact)) in found.as_flattened().iter().zip(exact).enumerate() {
                let error = f64::from(found) - exact;
                worst = worst.max(error.abs());
                squares[index] += error * error / count as f64;
                sums[index] += error / count as f64;
            }
        }
        assert!(worst <= 1.0);
        assert!(squares.iter().all(|&mean_square| mean_square <= 0.06), "{squares:?}");
        assert!(sums.iter().all(|mean| mean.abs() <= 0.015), "{sums:?}");
        assert!(squares.iter().sum::<f64>() / 64.0 <= 0.02);
        assert!(sums.iter().sum::<f64>().abs() / 64.0 <= 0.0015);
    }
}

#[test]
fn inverse_accepts_any_coefficients() {
    let mut random = Random::new(9);
    for _ in 0..2000 {
        let block: Block = std::array::from_fn(|_| random.next() as i16);
        let steps: [u16; 64] = std::array::from_fn(|_| random.next() as u16);
        dct::inverse(&block, &steps);
    }
    for row in 0..256u32 {
        // Signs that add up at some sample, with the largest magnitudes.
        let signs: [i16; 64] = std::array::from_fn(|k| {
            let sample = (row as usize % 8, row as usize / 8 % 8);
            if basis(k % 8, sample.0) * basis(k / 8, sample.1) < 0.0 { i16::MIN } else { i16::MAX }
        });
        dct::inverse(&signs, &[u16::MAX; 64]);
    }
}

/// The coefficients of a block on either side of another one, which must not matter.
fn beside(samples: &[[u8; 8]; 8], steps: &[u16; 64], seed: u64) -> Block {
    let quantiser = PairQuantiser::new(steps);
    let mut random = Random::new(seed);
    let mut pair = [[0; 16]; 8];
    pair.as_flattened_mut().iter_mut().for_each(|sample| *sample = random.next() as u8);
    let [left, right] = [0, 8].map(|place| {
        let mut pair = pair;
        pair.iter_mut().zip(samples).for_each(|(row, own)| row[place..place + 8].copy_from_slice(own));
        forward_pair(&pair, &quantiser)[place / 8]
    });
    assert_eq!(left, right);
    left
}

#[test]
fn forward_transform_quantises_to_nearest() {
    let mut random = Random::new(11);
    let (mut ties, mut total) = (0, 0);
    for samples in blocks(3000, 0, 255, 5).chain(blocks(500, 0, 1, 6)) {
        let samples =
            if random.within(0, 9) == 0 { samples.map(|v| if v > 127.0 { 255.0 } else { 0.0 }) } else { samples };
        let steps: [u16; 64] = std::array::from_fn(|_| random.within(1, 255) as u16);
        let exact = exact_forward(&samples.map(|value| value - 128.0));
        let mut rows = [[0; 8]; 8];
        rows.as_flattened_mut().iter_mut().zip(samples).for_each(|(to, value)| *to = value as u8);
        let found = beside(&rows, &steps, random.next());
        for ((found, exact), step) in found.iter().zip(exact).zip(steps) {
            let ratio = exact / f64::from(step);
            let off = (f64::from(*found) - ratio).abs() - 0.5;
            assert!(off * f64::from(step) < 0.2, "{found} for {ratio} at step {step}");
            ties += u32::from(off > 0.0);
            total += 1;
        }
    }
    assert!(ties * 100 < total, "{ties} of {total} are not the nearest");
}

#[test]
fn uniform_blocks_are_exact() {
    for value in 0..=255u8 {
        let block = beside(&[[value; 8]; 8], &[1; 64], u64::from(value));
        assert_eq!(block[0], (i16::from(value) - 128) * 8);
        assert!(block[1..].iter().all(|&coefficient| coefficient == 0));
        assert_eq!(dct::inverse(&block, &[1; 64]), [[value; 8]; 8]);
    }
}
