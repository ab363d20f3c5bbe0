//! A JPEG's coefficients, band by band.

use super::bounded::{StreamBound, TooLong};
use super::{JpegPicture, JpegStream, SEVERAL_SCANS, picture_error};
use crate::input::PictureError;
use crate::input::detached::run_detached;
use crate::jpeg::{BandDecoder, BandsError, JpegImage, OpenedJpeg, SeveralScans};
use crate::sync::Progress;
use std::sync::OnceLock;

/// The least number of bytes beyond the limit to which a stream is counted, to report its length.
const MIN_COUNTED_BYTES: u64 = 1 << 30;

/// A JPEG's coefficients, from top to bottom.
pub struct Coefficients {
    source: CoefficientSource,
    /// Rows of pixels delivered.
    delivered: u32,
}

enum CoefficientSource {
    Bands(Box<BandDecoder<JpegStream>>),
    Buffered(JpegImage),
}

impl std::fmt::Debug for Coefficients {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Coefficients").field("delivered", &self.delivered).finish_non_exhaustive()
    }
}

impl Coefficients {
    /// See [`JpegPicture::coefficients`].
    pub(super) fn new(picture: JpegPicture, max_memory: u64, progress: &dyn Progress) -> Result<Self, PictureError> {
        let JpegPicture { opened, length, bound, .. } = picture;
        let source = match opened {
            OpenedJpeg::OneScan(bands) => CoefficientSource::Bands(bands),
            OpenedJpeg::SeveralScans(several) => {
                let decode = move || decode_buffered(several, length, &bound, max_memory);
                CoefficientSource::Buffered(run_detached(progress, decode)?)
            }
        };
        Ok(Self { source, delivered: 0 })
    }

    /// The quantisation steps of luma, or of the first component, row-major.
    #[must_use]
    pub fn luma_steps(&self) -> [u16; 64] {
        self.steps().next().unwrap_or([1; 64])
    }

    /// The largest quantisation step.
    #[must_use]
    pub fn largest_step(&self) -> u16 {
        self.steps().flatten().max().unwrap_or(1)
    }

    /// The quantisation steps of each component.
    fn steps(&self) -> impl Iterator<Item = [u16; 64]> {
        (0..3).filter_map(|index| match &self.source {
            CoefficientSource::Bands(bands) => bands.quantisation(index).copied(),
            CoefficientSource::Buffered(image) => image.components.get(index).map(|component| component.quantisation),
        })
    }

    /// Fills `band` with the next `height` rows of pixels, or those that remain.
    ///
    /// `height` must be a multiple of the MCU height. The band's ICC profile is that of the file, whether it matches or not.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn read(&mut self, height: u32, band: &mut JpegImage) -> Result<(), PictureError> {
        match &mut self.source {
            CoefficientSource::Bands(bands) => bands.read(height, band).map_err(picture_error)?,
            CoefficientSource::Buffered(image) => band.assign_rows(image, self.delivered, height),
        }
        self.delivered += band.height;
        Ok(())
    }

    /// Checks the end of the file, after the last band.
    ///
    /// # Errors
    /// The end-of-image marker is missing.
    pub fn finish(&mut self) -> Result<(), PictureError> {
        match &mut self.source {
            CoefficientSource::Bands(bands) => bands.finish().map_err(picture_error),
            // Decoding has already checked the end.
            CoefficientSource::Buffered(_) => Ok(()),
        }
    }
}

/// Decodes a picture in several scans, with at most `max_memory` bytes for its coefficients and its file.
fn decode_buffered(
    several: SeveralScans<JpegStream>,
    length: Option<u64>,
    bound: &OnceLock<StreamBound>,
    max_memory: u64,
) -> Result<JpegImage, PictureError> {
    let coefficients = several.coefficient_bytes();
    let too_much = |file_bytes: u64| {
        let needed = coefficients.saturating_add(file_bytes);
        PictureError::TooMuchMemory { why: SEVERAL_SCANS, needed, limit: max_memory }
    };
    let known = length.unwrap_or(0);
    let max_file = max_memory.checked_sub(coefficients).filter(|max| known <= *max).ok_or_else(|| too_much(known))?;
    // Hardly any file is longer than its coefficients. Setting the bound cannot fail: a stream is read only once.
    let max_counted = max_file.saturating_add(coefficients.max(MIN_COUNTED_BYTES));
    let _ = bound.set(StreamBound { max_bytes: max_file, max_counted });
    // A stream ends at its bound, and a file where it ended when it was opened.
    several.decode(length.map_or(u64::MAX, |_| max_file)).map_err(|error| match &error {
        BandsError::Read(read) => TooLong::bytes(read).map_or_else(|| picture_error(error), too_much),
        BandsError::Jpeg(_) => picture_error(error),
    })
}
