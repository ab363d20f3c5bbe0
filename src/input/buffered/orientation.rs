//! Exif orientations: rows in stored order become upright rows.

use super::{BufferedRows, picture_bytes, zeroed_samples};
use crate::geometry::Size;
use crate::input::{Depth, PictureError, Rows};
use crate::raster::{Raster, Sample, Samples};
use crate::sync::Progress;

/// Pixels of a row that are transposed at a time, so that the stored rows they come from stay in the cache.
const BLOCK: usize = 32;

/// Rows mirrored from left to right, one by one.
struct MirroredRows(Box<dyn Rows>);

impl Rows for MirroredRows {
    fn prepare(&mut self, progress: &dyn Progress) -> Result<(), PictureError> {
        self.0.prepare(progress)
    }

    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        self.0.read(band)?;
        match band {
            Samples::Eight(band) => mirror(band),
            Samples::Sixteen(band) => mirror(band),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        self.0.finish()
    }
}

fn mirror<S: Sample>(band: &mut Raster<S>) {
    let channels = band.channels();
    for y in 0..band.height() {
        let row = band.row_mut(y);
        row.reverse();
        row.chunks_exact_mut(channels).for_each(<[S]>::reverse);
    }
}

/// Applies `orientation` (1 to 8) to `rows`, which come in stored order.
///
/// Mirroring from left to right (2) needs no memory; orientations 3 to 8 buffer the whole picture ([`upright_bytes`]).
/// `stored` is the size in the file, `channels` and `depth` are those of the rows delivered.
pub(in crate::input) fn upright(
    mut rows: Box<dyn Rows>,
    stored: Size,
    channels: usize,
    depth: Depth,
    orientation: u8,
) -> Box<dyn Rows> {
    match orientation {
        3..=8 => Box::new(BufferedRows::new(orientation, move || {
            let mut samples = zeroed_samples(stored, channels, depth)?;
            rows.read(&mut samples)?;
            rows.finish()?;
            Ok(samples)
        })),
        2 => Box::new(MirroredRows(rows)),
        _ => rows,
    }
}

/// The size as shown of a picture with an orientation of 1 to 8.
pub(in crate::input) fn upright_size(stored: Size, orientation: u8) -> Size {
    if orientation > 4 { Size::new(stored.height, stored.width) } else { stored }
}

/// Bytes that [`upright`] buffers.
pub(in crate::input) fn upright_bytes(stored: Size, channels: usize, depth: Depth, orientation: u8) -> u64 {
    if (3..=8).contains(&orientation) { picture_bytes(stored, channels, depth) } else { 0 }
}

/// Fills `band` with the upright rows from `first` on.
///
/// Returns the number of rows, or `None` if the shapes do not match.
pub(super) fn fill_upright<S: Sample>(
    band: &mut Raster<S>,
    stored: &Raster<S>,
    orientation: u8,
    first: usize,
) -> Option<usize> {
    let (mut width, mut height) = (stored.width(), stored.height());
    if orientation > 4 {
        (width, height) = (height, width);
    }
    if band.width() != width || band.channels() != stored.channels() || band.height() > height.checked_sub(first)? {
        return None;
    }
    if orientation > 4 {
        match stored.channels() {
            1 => transpose::<S, 1>(band, stored, orientation, first),
            2 => transpose::<S, 2>(band, stored, orientation, first),
            3 => transpose::<S, 3>(band, stored, orientation, first),
            _ => transpose::<S, 4>(band, stored, orientation, first),
        }
    } else {
        for y in 0..band.height() {
            let from = if orientation > 2 { height - 1 - (first + y) } else { first + y };
            band.row_mut(y).copy_from_slice(stored.row(from));
        }
        if matches!(orientation, 2 | 3) {
            mirror(band);
        }
    }
    Some(band.height())
}

/// Orientations 5 to 8: rows shown are columns stored. The shapes must match.
fn transpose<S: Sample, const CHANNELS: usize>(
    band: &mut Raster<S>,
    stored: &Raster<S>,
    orientation: u8,
    first: usize,
) {
    // The first row shown is the first column stored, downwards (5) or upwards (6),
    // or the last column, upwards (7) or downwards (8).
    let (from_right, from_bottom) = (matches!(orientation, 7 | 8), matches!(orientation, 6 | 7));
    for left in (0..stored.height()).step_by(BLOCK) {
        let right = (left + BLOCK).min(stored.height());
        for y in 0..band.height() {
            let column = if from_right { stored.width() - 1 - (first + y) } else { first + y };
            let target = band.row_mut(y).as_chunks_mut::<CHANNELS>().0;
            for (x, pixel) in (left..right).zip(&mut target[left..right]) {
                let row = if from_bottom { stored.height() - 1 - x } else { x };
                *pixel = stored.row(row).as_chunks::<CHANNELS>().0[column];
            }
        }
    }
}
