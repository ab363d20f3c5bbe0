//! Pictures buffered whole, because their rows are not stored in the order in which they are shown.
//!
//! These are rotated and vertically mirrored pictures, and formats that can only be decoded whole.

mod orientation;

pub(super) use orientation::{upright, upright_bytes, upright_size};

use super::detached::run_detached;
use super::{Depth, PictureError, Rows};
use crate::geometry::Size;
use crate::raster::{Raster, Sample, Samples};
use crate::sync::Progress;
use orientation::fill_upright;

/// Why a rotated picture must be buffered.
pub(super) const ROTATED: &str = "stored rotated or flipped";

/// Decodes a whole picture, in stored order.
type Decode = Box<dyn FnOnce() -> Result<Samples, PictureError> + Send>;

/// The upright rows of a picture that is decoded whole when its first row is needed.
pub(super) struct BufferedRows {
    state: State,
    orientation: u8,
    /// Rows delivered.
    row: usize,
}

enum State {
    Pending(Decode),
    Decoded(Samples),
    Failed,
}

impl BufferedRows {
    /// Rows of the picture that `decode` returns in stored order, with `orientation` (1 to 8) applied.
    pub(super) fn new(
        orientation: u8,
        decode: impl FnOnce() -> Result<Samples, PictureError> + Send + 'static,
    ) -> Self {
        Self { state: State::Pending(Box::new(decode)), orientation, row: 0 }
    }

    fn samples(&mut self) -> Result<&Samples, PictureError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Pending(decode) => State::Decoded(decode()?),
            other => other,
        };
        match &self.state {
            State::Decoded(samples) => Ok(samples),
            _ => Err(PictureError::Damaged("decoding failed before".into())),
        }
    }
}

impl Rows for BufferedRows {
    fn prepare(&mut self, progress: &dyn Progress) -> Result<(), PictureError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Pending(decode) => State::Decoded(run_detached(progress, decode)?),
            other => other,
        };
        Ok(())
    }

    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let (orientation, row) = (self.orientation, self.row);
        let delivered = match (self.samples()?, band) {
            (Samples::Eight(stored), Samples::Eight(band)) => fill_upright(band, stored, orientation, row),
            (Samples::Sixteen(stored), Samples::Sixteen(band)) => fill_upright(band, stored, orientation, row),
            _ => None,
        };
        self.row += delivered.ok_or_else(PictureError::wrong_band)?;
        Ok(())
    }

    /// Decoding has already checked the whole file.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

/// Bytes of a whole picture.
pub(super) fn picture_bytes(size: Size, channels: usize, depth: Depth) -> u64 {
    let sample = match depth {
        Depth::Eight => 1,
        Depth::Sixteen => 2,
    };
    size.pixels().saturating_mul(channels as u64 * sample)
}

/// A picture of zeros.
///
/// # Errors
/// There is not enough memory.
pub(super) fn zeroed_samples(size: Size, channels: usize, depth: Depth) -> Result<Samples, PictureError> {
    let (width, height) = (size.width as usize, size.height as usize);
    Ok(match depth {
        Depth::Eight => Samples::Eight(zeroed_raster(width, height, channels)?),
        Depth::Sixteen => Samples::Sixteen(zeroed_raster(width, height, channels)?),
    })
}

fn zeroed_raster<S: Sample>(width: usize, height: usize, channels: usize) -> Result<Raster<S>, PictureError> {
    let samples = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    let samples = zeroed(samples.unwrap_or(usize::MAX))?;
    Raster::from_samples(width, height, channels, samples).ok_or_else(PictureError::wrong_band)
}

/// A vector of `length` zeros.
///
/// A failing `vec!` would abort the process, so the memory is first reserved in a way that can fail. `vec!` does not
/// touch the memory that it gets: a file with a false size costs nothing until decoding fails.
///
/// # Errors
/// There is not enough memory.
pub(super) fn zeroed<S: Sample>(length: usize) -> Result<Vec<S>, PictureError> {
    let refused = |_| PictureError::Read(std::io::Error::from(std::io::ErrorKind::OutOfMemory));
    Vec::<S>::new().try_reserve_exact(length).map_err(refused)?;
    Ok(vec![S::default(); length])
}

#[cfg(test)]
mod tests;
