//! Joins four children to one raster.

use crate::raster::{Raster, Sample};
use std::borrow::Borrow;

/// Joins up to four rasters: top left, top right, bottom left, bottom right.
///
/// They must have the same channels. The top left one decides where the others begin; without it the result is empty.
pub(super) fn stitch<S: Sample, R: Borrow<Raster<S>>>(parts: &[Option<R>; 4]) -> Raster<S> {
    let parts = parts.each_ref().map(|part| part.as_ref().map(Borrow::borrow));
    let side = |part: Option<&Raster<S>>, length: fn(&Raster<S>) -> usize| part.map_or(0, length);
    let (left, top) = (side(parts[0], Raster::width), side(parts[0], Raster::height));
    let width = left + side(parts[1], Raster::width);
    let height = top + side(parts[2], Raster::height);
    let channels = parts[0].map_or(1, Raster::channels);
    let mut whole = Raster::new(width, height, channels);
    for (part, (x, y)) in parts.iter().zip([(0, 0), (left, 0), (0, top), (left, top)]) {
        if let Some(part) = part {
            whole.paste(part, x, y);
        }
    }
    whole
}
