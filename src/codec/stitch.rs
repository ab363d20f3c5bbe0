//! Four children side by side in one raster.

use crate::pixels::{Raster, Sample};

/// Puts up to four rasters of equally many channels together, in the order top left, top right, bottom left, bottom
/// right. The top left one says where the others begin; without it the result is empty.
pub(super) fn stitch<S: Sample>(parts: &[Option<Raster<S>>; 4]) -> Raster<S> {
    let side = |part: &Option<Raster<S>>, length: fn(&Raster<S>) -> usize| part.as_ref().map_or(0, length);
    let (left, top) = (side(&parts[0], Raster::width), side(&parts[0], Raster::height));
    let width = left + side(&parts[1], Raster::width);
    let height = top + side(&parts[2], Raster::height);
    let channels = parts[0].as_ref().map_or(1, Raster::channels);
    let mut whole = Raster::new(width, height, channels);
    for (part, (x, y)) in parts.iter().zip([(0, 0), (left, 0), (0, top), (left, top)]) {
        if let Some(part) = part {
            whole.paste(part, x, y);
        }
    }
    whole
}
