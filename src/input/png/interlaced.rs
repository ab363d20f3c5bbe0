//! Interlaced PNG: seven passes over the picture (PNG 3rd edition, 8.2), which fill it only together.

use super::{Png, damaged};
use crate::geometry::Size;
use crate::input::{Depth, PictureError, Rows, whole};
use crate::raster::Samples;
use crate::raster::{Raster, Sample};

/// Of each pass: the first column and row, and the steps to the next.
const PASSES: [(usize, usize, usize, usize); 7] =
    [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

impl Png {
    /// Decodes the whole of an interlaced picture, to its end.
    pub(super) fn whole(mut self, size: Size, channels: usize, depth: Depth) -> Result<Samples, PictureError> {
        let mut samples = whole::blank(size, channels, depth)?;
        match &mut samples {
            Samples::Eight(raster) => self.fill(raster, |[sample]| sample)?,
            Samples::Sixteen(raster) => self.fill(raster, u16::from_be_bytes)?,
        }
        self.finish()?;
        Ok(samples)
    }

    fn fill<S: Sample, const BYTES: usize>(
        &mut self,
        raster: &mut Raster<S>,
        sample: fn([u8; BYTES]) -> S,
    ) -> Result<(), PictureError> {
        let (width, height, channels) = (raster.width(), raster.height(), raster.channels());
        for (pass, (left, top, across, down)) in (1..).zip(PASSES) {
            if left >= width {
                continue;
            }
            for y in (top..height).step_by(down) {
                let place = || format!("row {} of {height} in pass {pass} of 7", y + 1);
                let row = self.reader.next_row().map_err(|error| damaged(error, &place()))?;
                let bytes = row.ok_or_else(whole::wrong_band)?.data().as_chunks::<BYTES>().0;
                let target = raster.row_mut(y).chunks_exact_mut(channels).skip(left).step_by(across);
                for (to, from) in target.zip(bytes.chunks_exact(channels)) {
                    to.iter_mut().zip(from).for_each(|(to, &from)| *to = sample(from));
                }
            }
        }
        Ok(())
    }
}
