//! Pictures whose rows cannot be delivered in the order in which they are stored: turned and mirrored ones, and those
//! that a format gives as a whole only.

use super::apart::apart;
use super::{Depth, PictureError, Rows};
use crate::geometry::Size;
use crate::raster::Samples;
use crate::raster::{Raster, Sample};

/// Pixels of a row that are turned at a time, so that the stored rows they are read from stay in the cache.
const BLOCK: usize = 32;

/// Gives a picture as it is stored, whole.
type Decode = Box<dyn FnOnce() -> Result<Samples, PictureError> + Send>;

/// A picture in memory, decoded when its first row is asked for, whose rows come in the order of its orientation.
pub(super) struct Whole {
    state: State,
    orientation: u8,
    /// Rows delivered.
    row: usize,
}

enum State {
    Later(Decode),
    Here(Samples),
    Failed,
}

impl Whole {
    /// The picture that `decode` gives in stored order, to be shown by `orientation` (1 to 8).
    pub(super) fn new(
        orientation: u8,
        decode: impl FnOnce() -> Result<Samples, PictureError> + Send + 'static,
    ) -> Self {
        Self { state: State::Later(Box::new(decode)), orientation, row: 0 }
    }

    fn samples(&mut self) -> Result<&Samples, PictureError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Later(decode) => State::Here(decode()?),
            other => other,
        };
        match &self.state {
            State::Here(samples) => Ok(samples),
            _ => Err(PictureError::Damaged("it could not be decoded before".into())),
        }
    }
}

impl Rows for Whole {
    fn prepare(&mut self, stopped: &dyn Fn() -> bool) -> Result<(), PictureError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Later(decode) => State::Here(apart(stopped, decode)?),
            other => other,
        };
        Ok(())
    }

    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let (orientation, row) = (self.orientation, self.row);
        let delivered = match (self.samples()?, band) {
            (Samples::Eight(stored), Samples::Eight(band)) => deliver(stored, orientation, row, band),
            (Samples::Sixteen(stored), Samples::Sixteen(band)) => deliver(stored, orientation, row, band),
            _ => None,
        };
        self.row += delivered.ok_or_else(wrong_band)?;
        Ok(())
    }

    /// Whatever there is to check was checked when it was decoded.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

/// Rows that are mirrored, left to right, one by one.
struct Mirrored(Box<dyn Rows>);

impl Rows for Mirrored {
    fn prepare(&mut self, stopped: &dyn Fn() -> bool) -> Result<(), PictureError> {
        self.0.prepare(stopped)
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

/// The rows of `stored`, which come in stored order, as `orientation` (1 to 8) wants them shown. Mirroring from left
/// to right needs no memory; for all others but 1 the whole picture is read and held ([`held`]).
///
/// `stored` is the size in the file, `channels` and `depth` are those of the rows delivered.
pub(super) fn upright(
    mut rows: Box<dyn Rows>,
    stored: Size,
    channels: usize,
    depth: Depth,
    orientation: u8,
) -> Box<dyn Rows> {
    match orientation {
        3..=8 => Box::new(Whole::new(orientation, move || {
            let mut samples = blank(stored, channels, depth)?;
            rows.read(&mut samples)?;
            rows.finish()?;
            Ok(samples)
        })),
        2 => Box::new(Mirrored(rows)),
        _ => rows,
    }
}

/// The size as shown of a picture with an orientation of 1 to 8.
pub(super) fn upright_size(stored: Size, orientation: u8) -> Size {
    if orientation > 4 { Size::new(stored.height, stored.width) } else { stored }
}

/// Bytes that [`upright`] holds.
pub(super) fn held(stored: Size, channels: usize, depth: Depth, orientation: u8) -> u64 {
    if (3..=8).contains(&orientation) { bytes(stored, channels, depth) } else { 0 }
}

/// Bytes of a whole picture.
pub(super) fn bytes(size: Size, channels: usize, depth: Depth) -> u64 {
    let sample = match depth {
        Depth::Eight => 1,
        Depth::Sixteen => 2,
    };
    size.pixels().saturating_mul(channels as u64 * sample)
}

/// A picture of zeros.
///
/// # Errors
/// There is not that much memory.
pub(super) fn blank(size: Size, channels: usize, depth: Depth) -> Result<Samples, PictureError> {
    let (width, height) = (size.width as usize, size.height as usize);
    Ok(match depth {
        Depth::Eight => Samples::Eight(blank_raster(width, height, channels)?),
        Depth::Sixteen => Samples::Sixteen(blank_raster(width, height, channels)?),
    })
}

fn blank_raster<S: Sample>(width: usize, height: usize, channels: usize) -> Result<Raster<S>, PictureError> {
    let samples = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    let samples = zeros(samples.unwrap_or(usize::MAX))?;
    Raster::from_samples(width, height, channels, samples).ok_or_else(wrong_band)
}

/// So many zeros.
///
/// # Errors
/// There is not that much memory. It is asked for first, because `vec!` would end the program; but `vec!` does not
/// touch what it gets, so that a file that lies about its size costs nothing until it is found out.
pub(super) fn zeros<S: Sample>(length: usize) -> Result<Vec<S>, PictureError> {
    let refused = |_| PictureError::Read(std::io::Error::from(std::io::ErrorKind::OutOfMemory));
    Vec::<S>::new().try_reserve_exact(length).map_err(refused)?;
    Ok(vec![S::default(); length])
}

/// A caller's mistake: a band of another width, depth or number of channels than the picture's, or too many rows.
pub(super) fn wrong_band() -> PictureError {
    PictureError::Damaged("its rows were asked for in another shape than it has".into())
}

/// Fills `band` with the shown rows from `first` on. Returns their number, or `None` where the shapes do not fit.
fn deliver<S: Sample>(stored: &Raster<S>, orientation: u8, first: usize, band: &mut Raster<S>) -> Option<usize> {
    let (mut width, mut height) = (stored.width(), stored.height());
    if orientation > 4 {
        (width, height) = (height, width);
    }
    if band.width() != width || band.channels() != stored.channels() || band.height() > height.checked_sub(first)? {
        return None;
    }
    let channels = stored.channels();
    if orientation > 4 {
        match channels {
            1 => turn::<S, 1>(stored, orientation, first, band),
            2 => turn::<S, 2>(stored, orientation, first, band),
            3 => turn::<S, 3>(stored, orientation, first, band),
            _ => turn::<S, 4>(stored, orientation, first, band),
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

/// Orientations 5 to 8: shown rows are stored columns. The shapes fit.
fn turn<S: Sample, const CHANNELS: usize>(stored: &Raster<S>, orientation: u8, first: usize, band: &mut Raster<S>) {
    // 5: the first row shown is the first column from the top down, 6: from the bottom up;
    // 7: the first row shown is the last column from the bottom up, 8: from the top down.
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

#[cfg(test)]
mod tests;
