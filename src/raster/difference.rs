//! How much two pictures of one size differ where they differ most.

use super::{PixelKind, Raster, Sample, Samples};

/// Side of a block in pixels. Blocks at the right and bottom edge are smaller.
const BLOCK: usize = 8;

/// The mean difference of the block of 8x8 pixels that differs most, in levels of 8 bits: 0 to 255.
///
/// The mean is over all pixels of the block and its three colours. Grey counts as three equal colours, 16 bits as fractions
/// of levels. If either picture has alpha, colours are first multiplied by it, and alpha is compared by itself; the larger
/// mean counts. The pictures must have the same size.
#[must_use]
pub fn largest_block_difference(one: &Samples, other: &Samples) -> f64 {
    match (one, other) {
        (Samples::Eight(one), Samples::Eight(other)) if one.channels() == other.channels() && !one.has_alpha() => {
            largest_mean(one, other)
        }
        _ => {
            let (one, other) = (premultiplied(one), premultiplied(other));
            let colours = largest_mean(&one[0], &other[0]);
            let alpha = largest_mean(&one[1], &other[1]);
            colours.max(alpha) / 257.0
        }
    }
}

/// Colours in 16 bits multiplied by alpha, and alpha.
fn premultiplied(samples: &Samples) -> [Raster<u16>; 2] {
    let deep = match samples {
        Samples::Eight(raster) => raster.map(|sample| u16::from(sample) * 257),
        Samples::Sixteen(raster) => raster.clone(),
    };
    let pixels = deep.widened(PixelKind::RGBA);
    let (width, height) = (pixels.width(), pixels.height());
    let (mut colours, mut alphas) = (Raster::new(width, height, 3), Raster::new(width, height, 1));
    let targets = colours.samples_mut().as_chunks_mut::<3>().0.iter_mut().zip(alphas.samples_mut());
    for (&[red, green, blue, alpha], (to, to_alpha)) in pixels.samples().as_chunks::<4>().0.iter().zip(targets) {
        *to = [red, green, blue].map(|colour| ((u32::from(colour) * u32::from(alpha) + 32_767) / 65_535) as u16);
        *to_alpha = alpha;
    }
    [colours, alphas]
}

/// The largest mean of any block. Both rasters have the same size and channels.
fn largest_mean<S: Sample>(one: &Raster<S>, other: &Raster<S>) -> f64 {
    let (row, channels) = (one.width() * one.channels(), one.channels());
    debug_assert_eq!(one.samples().len(), other.samples().len());
    if row == 0 {
        return 0.0;
    }
    let distance = |one: S, other: S| one.into().abs_diff(other.into());
    let mut largest: f64 = 0.0;
    let mut sums = vec![0u32; row.div_ceil(BLOCK * channels)];
    let bands = one.samples().chunks(BLOCK * row).zip(other.samples().chunks(BLOCK * row));
    for (one, other) in bands {
        sums.fill(0);
        for (one, other) in one.chunks_exact(row).zip(other.chunks_exact(row)) {
            let blocks = one.chunks(BLOCK * channels).zip(other.chunks(BLOCK * channels));
            for (sum, (one, other)) in sums.iter_mut().zip(blocks) {
                *sum += one.iter().zip(other).map(|(&one, &other)| distance(one, other)).sum::<u32>();
            }
        }
        let high = one.len() / row;
        for (index, sum) in sums.iter().enumerate() {
            let wide = (row - index * BLOCK * channels).min(BLOCK * channels);
            largest = largest.max(f64::from(*sum) / (wide * high) as f64);
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eight(width: usize, height: usize, channels: usize, at: impl Fn(usize) -> u8) -> Samples {
        let samples = (0..width * height * channels).map(at).collect();
        Samples::Eight(Raster::from_samples(width, height, channels, samples).unwrap())
    }

    /// Pixel by pixel, with fractions.
    fn by_definition(one: &Raster<u8>, other: &Raster<u8>) -> f64 {
        let mut largest: f64 = 0.0;
        for (top, left) in
            (0..one.height()).step_by(8).flat_map(|top| (0..one.width()).step_by(8).map(move |left| (top, left)))
        {
            let (mut colours, mut alphas, mut pixels) = (0.0, 0.0, 0.0);
            for y in top..(top + 8).min(one.height()) {
                for x in left..(left + 8).min(one.width()) {
                    let pixel = |raster: &Raster<u8>| -> [f64; 4] {
                        let channels = raster.channels();
                        let samples = &raster.row(y)[x * channels..][..channels];
                        let alpha = if channels.is_multiple_of(2) { f64::from(samples[channels - 1]) } else { 255.0 };
                        let colour =
                            |index: usize| f64::from(samples[if channels > 2 { index } else { 0 }]) * alpha / 255.0;
                        [colour(0), colour(1), colour(2), alpha]
                    };
                    let (one, other) = (pixel(one), pixel(other));
                    colours += (0..3).map(|index| (one[index] - other[index]).abs()).sum::<f64>() / 3.0;
                    alphas += (one[3] - other[3]).abs();
                    pixels += 1.0;
                }
            }
            largest = largest.max(colours / pixels).max(alphas / pixels);
        }
        largest
    }

    #[test]
    fn one_pixel_counts_by_its_share_of_its_block() {
        let black = eight(20, 20, 3, |_| 0);
        let change =
            |x: usize, y: usize| eight(20, 20, 3, move |at| if at / 3 == y * 20 + x && at % 3 == 0 { 96 } else { 0 });
        assert_eq!(largest_block_difference(&black, &black), 0.0);
        assert_eq!(largest_block_difference(&black, &change(9, 9)), 0.5);
        // Blocks at the edge have fewer pixels.
        assert_eq!(largest_block_difference(&black, &change(19, 0)), 1.0);
        assert_eq!(largest_block_difference(&black, &change(19, 19)), 2.0);
    }

    #[test]
    fn colours_of_transparent_pixels_do_not_count() {
        let (red, blue) = (eight(8, 8, 4, |at| [255, 0, 0, 0][at % 4]), eight(8, 8, 4, |at| [0, 0, 255, 0][at % 4]));
        assert_eq!(largest_block_difference(&red, &blue), 0.0);
        let opaque = eight(8, 8, 3, |_| 0);
        assert_eq!(largest_block_difference(&red, &opaque), 255.0);
    }

    #[test]
    fn depth_and_channels_do_not_matter() {
        let grey = eight(9, 9, 1, |at| at as u8);
        let Samples::Eight(raster) = &grey else { unreachable!() };
        let deep = Samples::Sixteen(raster.map(|sample| u16::from(sample) * 257));
        let coloured = Samples::Eight(raster.widened(PixelKind::RGB));
        for other in [deep, coloured] {
            assert_eq!(largest_block_difference(&grey, &other), 0.0);
        }
        let deeper = Samples::Sixteen(raster.map(|sample| u16::from(sample) * 257 / 2));
        assert!(largest_block_difference(&grey, &deeper) > 10.0);
    }

    proptest! {
        #[test]
        fn difference_is_that_of_the_definition(
            width in 1..20usize, height in 1..20usize, first in 1..5usize, second in 1..5usize, seed in any::<u32>(),
        ) {
            let noise = |at: usize, salt: u32| {
                (((at as u32 + salt).wrapping_mul(2_654_435_761) ^ seed).wrapping_mul(2_246_822_519) >> 24) as u8
            };
            let one = eight(width, height, first, |at| noise(at, 1));
            let other = eight(width, height, second, |at| noise(at, 7));
            let (Samples::Eight(a), Samples::Eight(b)) = (&one, &other) else { unreachable!() };
            let (found, expected) = (largest_block_difference(&one, &other), by_definition(a, b));
            prop_assert!((found - expected).abs() < 0.01, "{found}, expected {expected}");
        }
    }
}
