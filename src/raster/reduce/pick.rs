//! Filters for label maps: every pixel of the result exists in the source.

use super::{Axes, mean::halve_with, row_pair};
use crate::raster::{Raster, Sample};

/// Half of `source` by the top left of each 2x2 pixels, or the first of two.
pub(super) fn nearest<S: Sample>(source: &Raster<S>, axes: Axes) -> Raster<S> {
    let (width, height) = axes.halved(source.width(), source.height());
    let channels = source.channels();
    let mut halved = Raster::new(width, height, channels);
    let step = if axes == Axes::Vertical { 1 } else { 2 };
    for y in 0..height {
        let row = if axes == Axes::Horizontal { source.row(y) } else { row_pair(source, y).0 };
        let pixels = row.chunks_exact(channels).step_by(step);
        for (out, pixel) in halved.row_mut(y).chunks_exact_mut(channels).zip(pixels) {
            out.copy_from_slice(pixel);
        }
    }
    halved
}

/// Half of `source` by the most frequent of each 2x2 pixels, all channels together.
///
/// Ties go to the first of top left, top right, bottom left, bottom right.
pub(super) fn mode<S: Sample>(source: &Raster<S>) -> Raster<S> {
    match source.channels() {
        1 => halve_with(source, most_frequent::<S, 1>),
        2 => halve_with(source, most_frequent::<S, 2>),
        3 => halve_with(source, most_frequent::<S, 3>),
        _ => halve_with(source, most_frequent::<S, 4>),
    }
}

#[inline]
fn most_frequent<S: Sample, const CHANNELS: usize>(pixels: [&[S; CHANNELS]; 4]) -> [S; CHANNELS] {
    let times = |candidate| pixels.iter().filter(|&&pixel| pixel == candidate).count();
    let mut best = pixels[0];
    for &pixel in &pixels[1..] {
        if times(pixel) > times(best) {
            best = pixel;
        }
    }
    *best
}
