//! Interlaced PNG: seven passes over the picture, each with other pixels (PNG 3rd edition, 8.2).

use super::{PngRows, picture_error};
use crate::geometry::Size;
use crate::input::{Depth, PictureError, Rows, buffered};
use crate::raster::{Raster, Sample, Samples};

/// The pixels of one pass.
struct Pass {
    left: usize,
    top: usize,
    column_step: usize,
    row_step: usize,
}

const fn pass(left: usize, top: usize, column_step: usize, row_step: usize) -> Pass {
    Pass { left, top, column_step, row_step }
}

const PASSES: [Pass; 7] = [
    pass(0, 0, 8, 8),
    pass(4, 0, 8, 8),
    pass(0, 4, 4, 8),
    pass(2, 0, 4, 4),
    pass(0, 2, 2, 4),
    pass(1, 0, 2, 2),
    pass(0, 1, 1, 2),
];

impl PngRows {
    /// Decodes a whole interlaced picture, to the end of the file.
    pub(super) fn decode_interlaced(
        mut self,
        size: Size,
        channels: usize,
        depth: Depth,
    ) -> Result<Samples, PictureError> {
        let mut samples = buffered::zeroed_samples(size, channels, depth)?;
        match &mut samples {
            Samples::Eight(raster) => self.read_passes(raster, |[sample]| sample)?,
            Samples::Sixteen(raster) => self.read_passes(raster, u16::from_be_bytes)?,
        }
        self.finish()?;
        Ok(samples)
    }

    fn read_passes<S: Sample, const BYTES: usize>(
        &mut self,
        raster: &mut Raster<S>,
        sample: fn([u8; BYTES]) -> S,
    ) -> Result<(), PictureError> {
        let (width, height, channels) = (raster.width(), raster.height(), raster.channels());
        for (number, pass) in (1..).zip(PASSES).filter(|(_, pass)| pass.left < width) {
            for y in (pass.top..height).step_by(pass.row_step) {
                let place = || format!("row {} of {height} in pass {number} of 7", y + 1);
                let row = self.reader.next_row().map_err(|error| picture_error(error, &place()))?;
                let bytes = row.ok_or_else(PictureError::wrong_band)?.data().as_chunks::<BYTES>().0;
                let pixels = raster.row_mut(y).chunks_exact_mut(channels);
                let target = pixels.skip(pass.left).step_by(pass.column_step);
                for (to, from) in target.zip(bytes.chunks_exact(channels)) {
                    to.iter_mut().zip(from).for_each(|(to, &from)| *to = sample(from));
                }
            }
        }
        Ok(())
    }
}
