//! Pixels to the planes of a JPEG tile: 8 bits, without alpha, grey or YCbCr.

use super::Columns;
use crate::raster::vector::{Vectorised, widest};
use crate::raster::{Raster, Sample, Samples};
use std::borrow::Cow;

/// The pixels in 8 bits without alpha, grey or RGB, and the columns' place in them.
pub(super) fn flattened_to_eight_bits(band: &Samples, columns: Columns) -> (Cow<'_, Raster<u8>>, Columns) {
    let alone = Columns { left: 0, width: columns.width };
    match band {
        Samples::Eight(band) if !band.has_alpha() => (Cow::Borrowed(band), columns),
        Samples::Eight(band) => (Cow::Owned(flattened(band.columns(columns.left, columns.width))), alone),
        Samples::Sixteen(band) => {
            let shown = flattened(band.columns(columns.left, columns.width));
            (Cow::Owned(shown.map(eight_of_sixteen)), alone)
        }
    }
}

/// The nearest 8-bit sample: `sample * 255 / 65535`, rounded.
pub(super) fn eight_of_sixteen(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

/// Flattens alpha onto white. Pixels without alpha stay the same.
pub(super) fn flattened<S: Sample>(pixels: Raster<S>) -> Raster<S> {
    if !pixels.has_alpha() {
        return pixels;
    }
    let channels = pixels.channels() - 1;
    let mut shown = Raster::new(pixels.width(), pixels.height(), channels);
    let from = pixels.samples().chunks_exact(channels + 1);
    for (to, from) in shown.samples_mut().chunks_exact_mut(channels).zip(from) {
        let alpha: u64 = from[channels].into().into();
        let white = u64::from(S::LARGEST);
        for (to, &sample) in to.iter_mut().zip(from) {
            let sum = u64::from(sample.into()) * alpha + white * (white - alpha) + white / 2;
            *to = S::clamped((sum / white) as u32);
        }
    }
    shown
}

/// Splits grey pixels into one plane, RGB into luma and chroma, whose samples stand for `step` pixels along each axis.
pub(super) fn split_planes(pixels: &Raster<u8>, columns: Columns, step: (u8, u8)) -> Vec<Raster<u8>> {
    if step.0 == step.1 && step.0 <= 2 {
        return widest(PlaneSplitter { pixels, columns, step: step.0.into() });
    }
    let mut planes = widest(PlaneSplitter { pixels, columns, step: 1 });
    planes.iter_mut().skip(1).for_each(|plane| *plane = means_of_boxes(plane, (step.0.into(), step.1.into())));
    planes
}

/// The rounded means of boxes of this width and height; those at the right and bottom edge may be smaller.
fn means_of_boxes(plane: &Raster<u8>, (wide, high): (usize, usize)) -> Raster<u8> {
    let mut means = Raster::new(plane.width().div_ceil(wide), plane.height().div_ceil(high), 1);
    for y in 0..means.height() {
        for (x, mean) in means.row_mut(y).iter_mut().enumerate() {
            let rows = (y * high..(y * high + high).min(plane.height())).map(|y| plane.row(y));
            let samples = rows.flat_map(|row| &row[x * wide..(x * wide + wide).min(row.len())]);
            let (sum, count) = samples.fold((0, 0), |(sum, count), &sample| (sum + u32::from(sample), count + 1));
            *mean = ((sum + count / 2) / count.max(1)) as u8;
        }
    }
    means
}

/// Splits pixels into planes. A chroma sample stands for `step` pixels along each axis, 1 or 2.
pub(super) struct PlaneSplitter<'a> {
    pub(super) pixels: &'a Raster<u8>,
    pub(super) columns: Columns,
    pub(super) step: usize,
}

impl Vectorised for PlaneSplitter<'_> {
    type Output = Vec<Raster<u8>>;

    #[inline(always)]
    fn run(self) -> Vec<Raster<u8>> {
        let Self { pixels, columns: Columns { left, width }, step } = self;
        let height = pixels.height();
        if pixels.channels() == 1 {
            return vec![pixels.columns(left, width)];
        }
        let mut luma = Raster::new(width, height, 1);
        let mut differences = [0, 1].map(|_| Raster::new(width.div_ceil(step), height.div_ceil(step), 1));
        let [blue_difference, red_difference] = &mut differences;
        let mut colours = ColourSums::new(width.next_multiple_of(2));
        for y in 0..height.div_ceil(step) {
            colours.clear();
            for y in y * step..(y * step + step).min(height) {
                colours.add(&pixels.row(y)[3 * left..][..3 * width], luma.row_mut(y));
            }
            // A single last row or column counts twice.
            let rows = step.min(height - y * step);
            colours.differences(step, step / rows, blue_difference.row_mut(y), red_difference.row_mut(y));
        }
        let [blue_difference, red_difference] = differences;
        vec![luma, blue_difference, red_difference]
    }
}

/// The sums of red, green and blue over one or two rows of pixels.
///
/// The colours are kept apart, because pixels of three bytes do not suit vector instructions.
struct ColourSums {
    row: [Vec<u8>; 3],
    sums: [Vec<u16>; 3],
}

impl ColourSums {
    #[inline(always)]
    fn new(width: usize) -> Self {
        Self {
            row: [vec![0; width], vec![0; width], vec![0; width]],
            sums: [vec![0; width], vec![0; width], vec![0; width]],
        }
    }

    #[inline(always)]
    fn clear(&mut self) {
        for sums in &mut self.sums {
            sums.fill(0);
        }
    }

    /// Adds a row of pixels and computes its luma.
    #[inline(always)]
    fn add(&mut self, pixels: &[u8], luma: &mut [u8]) {
        let [red, green, blue] = &mut self.row;
        let colours = red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut());
        for (pixel, ((red, green), blue)) in pixels.as_chunks::<3>().0.iter().zip(colours) {
            (*red, *green, *blue) = (pixel[0], pixel[1], pixel[2]);
        }
        let width = luma.len();
        for row in &mut self.row {
            if let [.., last, beyond] = row.as_mut_slice()
                && width % 2 == 1
            {
                *beyond = *last;
            }
        }
        let [red, green, blue] = &self.row;
        for (to, ((&red, &green), &blue)) in luma.iter_mut().zip(red.iter().zip(green).zip(blue)) {
            let [red, green, blue] = [u32::from(red), u32::from(green), u32::from(blue)];
            *to = ((19_595 * red + 38_470 * green + 7_471 * blue + (1 << 15)) >> 16) as u8;
        }
        for (sums, row) in self.sums.iter_mut().zip(&self.row) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += u16::from(sample);
            }
        }
    }

    /// Computes a row of both chroma planes (ITU-T T.871 section 7).
    ///
    /// Each sample is that of the mean of `step` x `step` pixels; each added row counts `weight` times.
    #[inline(always)]
    fn differences(&self, step: usize, weight: usize, blue_difference: &mut [u8], red_difference: &mut [u8]) {
        const CENTRE: i32 = (128 << 18) + (1 << 17);
        let convert = |red: i32, green: i32, blue: i32| {
            // The colours come times 4, the factors times 2^16. Rounding may give 256.
            let blue_difference = (CENTRE - 11_058 * red - 21_710 * green + 32_768 * blue) >> 18;
            let red_difference = (CENTRE + 32_768 * red - 27_439 * green - 5_329 * blue) >> 18;
            (blue_difference.min(255) as u8, red_difference.min(255) as u8)
        };
        let [red, green, blue] = &self.sums;
        let targets = blue_difference.iter_mut().zip(red_difference);
        if step == 1 {
            for ((to_blue, to_red), ((&red, &green), &blue)) in targets.zip(red.iter().zip(green).zip(blue)) {
                (*to_blue, *to_red) = convert(4 * i32::from(red), 4 * i32::from(green), 4 * i32::from(blue));
            }
            return;
        }
        let weight = weight as i32;
        let pairs = [red, green, blue].map(|sums| sums.as_chunks::<2>().0);
        for ((to_blue, to_red), ((red, green), blue)) in targets.zip(pairs[0].iter().zip(pairs[1]).zip(pairs[2])) {
            let sum = |pair: &[u16; 2]| (i32::from(pair[0]) + i32::from(pair[1])) * weight;
            (*to_blue, *to_red) = convert(sum(red), sum(green), sum(blue));
        }
    }
}
