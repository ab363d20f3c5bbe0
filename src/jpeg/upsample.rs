//! Upsampling of JPEG components that have fewer samples than the picture has pixels.

use super::image::{Component, JpegImage};
use crate::geometry::Size;

/// How subsampled components become pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsampling {
    /// Interpolated, as viewers show them.
    Smooth,
    /// Repeated, so that halving restores the samples.
    Repeated,
}

/// The ratio of pixels to samples along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio {
    pixels: u8,
    samples: u8,
}

impl Ratio {
    /// One sample per pixel.
    const FULL: Self = Self { pixels: 1, samples: 1 };

    fn is_full(self) -> bool {
        self.pixels == self.samples
    }

    fn is_half(self) -> bool {
        self.pixels == 2 * self.samples
    }

    /// The sample that covers a pixel.
    fn sample_at(self, pixel: usize) -> usize {
        pixel * usize::from(self.samples) / usize::from(self.pixels)
    }
}

/// How much smaller a component is than the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsampling {
    horizontal: Ratio,
    vertical: Ratio,
}

impl Default for Subsampling {
    fn default() -> Self {
        Self { horizontal: Ratio::FULL, vertical: Ratio::FULL }
    }
}

impl Subsampling {
    /// The subsampling of component `index`.
    pub fn of(image: &JpegImage, index: usize) -> Self {
        let components = &image.components;
        let largest = |factor: fn(&Component) -> u8| components.iter().map(factor).max().unwrap_or(1);
        let (horizontal, vertical) =
            components.get(index).map_or((1, 1), |component| (component.horizontal, component.vertical));
        Self {
            horizontal: Ratio { pixels: largest(|component| component.horizontal), samples: horizontal.max(1) },
            vertical: Ratio { pixels: largest(|component| component.vertical), samples: vertical.max(1) },
        }
    }

    /// Whether there is a sample for each pixel.
    pub fn is_full(self) -> bool {
        self.horizontal.is_full() && self.vertical.is_full()
    }

    /// Whether there is one row of samples per two rows of pixels.
    pub fn halves_rows(self) -> bool {
        self.vertical.is_half()
    }
}

/// The samples of one component.
#[derive(Debug, Clone, Copy)]
pub struct SubsampledPlane<'a> {
    /// Row by row, without gaps.
    pub samples: &'a [u8],
    /// Size in samples.
    pub size: Size,
    /// How much smaller it is than the picture.
    pub subsampling: Subsampling,
}

impl SubsampledPlane<'_> {
    /// The row of samples at `y`, or the last row if there are fewer.
    fn row(&self, y: usize) -> &[u8] {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        &self.samples[y.min(height - 1) * width..][..width]
    }

    /// Whether this plane can be interpolated: only halves are, and not planes of one or two columns.
    fn can_be_smoothed(&self) -> bool {
        let Subsampling { horizontal, vertical } = self.subsampling;
        (horizontal.is_half() || horizontal.is_full())
            && (vertical.is_half() || vertical.is_full())
            && (self.size.width > 2 || !horizontal.is_half())
    }
}

/// Upsamples planes. Its buffer is reused.
#[derive(Debug, Default)]
pub struct Upsampler {
    /// One row of samples, interpolated vertically.
    sums: Vec<u16>,
}

impl Upsampler {
    /// Upsamples `plane` to `to` pixels in `out`.
    ///
    /// Halves are interpolated as in libjpeg ("fancy upsampling"), so that pixels equal those of other viewers: the two
    /// pixels of a sample lie a quarter to its sides, so each is three quarters of the sample and one quarter of its
    /// neighbour. All other planes repeat samples.
    pub fn upsample(&mut self, plane: SubsampledPlane<'_>, to: Size, upsampling: Upsampling, out: &mut Vec<u8>) {
        let (width, height) = (to.width as usize, to.height as usize);
        out.resize(width * height, 0);
        if plane.size.width == 0 || plane.size.height == 0 || width == 0 {
            return;
        }
        let smooth = upsampling == Upsampling::Smooth && plane.can_be_smoothed();
        for (y, line) in out.chunks_exact_mut(width).enumerate() {
            if smooth { self.interpolate_row(plane, y, line) } else { repeat_row(plane, y, line) }
        }
    }

    fn interpolate_row(&mut self, plane: SubsampledPlane<'_>, y: usize, line: &mut [u8]) {
        let Subsampling { horizontal, vertical } = plane.subsampling;
        let (near, far, weight, far_weight) = if vertical.is_half() {
            let far = if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 };
            (plane.row(y / 2), plane.row(far), 3, 1)
        } else {
            (plane.row(y), plane.row(y), 1, 0)
        };
        self.sums.resize(near.len(), 0);
        for ((sum, near), far) in self.sums.iter_mut().zip(near).zip(far) {
            *sum = weight * u16::from(*near) + far_weight * u16::from(*far);
        }
        match (horizontal.is_half(), vertical.is_half()) {
            (true, true) => widen::<8, 7, 4>(&self.sums, line),
            (true, false) => widen::<1, 2, 2>(&self.sums, line),
            (false, halved) => {
                let (round, shift) = if halved { (1 + (y % 2) as u16, 2) } else { (0, 0) };
                line.iter_mut().zip(&self.sums).for_each(|(pixel, sum)| *pixel = ((sum + round) >> shift) as u8);
            }
        }
    }
}

fn repeat_row(plane: SubsampledPlane<'_>, y: usize, line: &mut [u8]) {
    let Subsampling { horizontal, vertical } = plane.subsampling;
    let row = plane.row(vertical.sample_at(y));
    if horizontal.is_half() {
        let (pairs, last) = line.as_chunks_mut::<2>();
        if let ([pixel], Some(&sample)) = (last, row.get(pairs.len())) {
            *pixel = sample;
        }
        pairs.iter_mut().zip(row).for_each(|(pair, &sample)| *pair = [sample; 2]);
        return;
    }
    line.iter_mut().enumerate().for_each(|(x, pixel)| *pixel = row[horizontal.sample_at(x).min(row.len() - 1)]);
}

/// Interpolates two pixels per sum.
///
/// `LEFT` and `RIGHT` round in opposite directions, so that together they neither lighten nor darken.
fn widen<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(sums: &[u16], line: &mut [u8]) {
    let last = sums.len() - 1;
    let pixel = |sum: u16, neighbour: u16, round: u16| ((3 * sum + neighbour + round) >> SHIFT) as u8;
    let mut set = |index: usize, value: u8| {
        if let Some(to) = line.get_mut(index) {
            *to = value;
        }
    };
    set(0, pixel(sums[0], sums[0], LEFT));
    set(2 * last + 1, pixel(sums[last], sums[last], RIGHT));
    // Between two sums lie the right pixel of the first and the left pixel of the second.
    let between = line.get_mut(1..).unwrap_or_default();
    for (pair, sums) in between.chunks_mut(2).zip(sums.windows(2)) {
        pair[0] = pixel(sums[0], sums[1], RIGHT);
        if let Some(left) = pair.get_mut(1) {
            *left = pixel(sums[1], sums[0], LEFT);
        }
    }
}
