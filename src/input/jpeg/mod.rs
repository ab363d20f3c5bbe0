//! JPEG pictures, which can be had as coefficients, without any loss, or as rows of pixels.

mod bounded;
mod rows;

use super::apart::apart;
use super::upsample::Upsampling;
use super::{Depth, Input, PictureError, PictureInfo, PictureKind, Reading, Rows, profile, whole};
use crate::geometry::Size;
use crate::jpeg::{self, BandDecoder, BandsError, Colour, JpegImage, OpenedJpeg, SeveralScans};
use bounded::{Bound, Bounded, TooLong};
use rows::JpegRows;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, OnceLock};

/// Bytes read at once.
const AT_ONCE: usize = 1 << 18;
/// Bytes beyond what may be held that are counted at least, to say how many there are.
const LEAST_COUNTED: u64 = 1 << 30;
const IN_SEVERAL_SCANS: &str = "its coefficients come in several scans, as in progressive JPEG";

type Source = Box<dyn BufRead + Send>;

/// A JPEG of which no more than the headers has been read.
pub struct JpegPicture {
    info: PictureInfo,
    /// The size before the orientation is applied.
    stored: Size,
    opened: OpenedJpeg<Source>,
    /// Bytes of the file, if known.
    length: Option<u64>,
    /// Whether the file has an ICC profile that is left out, because it does not fit the picture.
    without_icc: bool,
    /// How much of a stream may be held, to be set before it is.
    bound: Arc<OnceLock<Bound>>,
}

impl std::fmt::Debug for JpegPicture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("JpegPicture").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Opens a JPEG.
///
/// # Errors
/// It cannot be read, or is none that can be decoded.
pub(super) fn open(input: Input) -> Result<JpegPicture, PictureError> {
    let length = match &input {
        Input::File(file) => Some(file.get_ref().metadata()?.len()),
        Input::Stream(_) => None,
    };
    let bound = Arc::default();
    let source: Source = match input {
        Input::File(file) => Box::new(BufReader::with_capacity(AT_ONCE, file)),
        Input::Stream(stream) => Box::new(BufReader::with_capacity(AT_ONCE, Bounded::new(stream, Arc::clone(&bound)))),
    };
    let opened = jpeg::open(source, length).map_err(refused)?;
    let header = *opened.header();
    let orientation = header.orientation.unwrap_or(1);
    let stored = Size::new(header.width, header.height);
    let size = whole::upright_size(stored, orientation);
    let channels = if header.colour == Colour::Grey { 1 } else { 3 };
    let held = match &opened {
        OpenedJpeg::OneScan(_) => 0,
        OpenedJpeg::SeveralScans(several) => several.coefficient_bytes() + length.unwrap_or(0),
    };
    let (kind, depth) = (PictureKind::Jpeg, Depth::Eight);
    let (icc, warning) = profile::fitting(opened.icc().map(|icc| &icc[..]), channels);
    let (without_icc, warnings) = (warning.is_some(), warning.into_iter().collect());
    // Of two rows of MCUs, and one above: coefficients, planes, and these made whole.
    let row = u64::from(stored.width) * u64::from(opened.mcu_size().1) * channels as u64;
    let reading = Reading { once: row * 8, ..Reading::default() };
    let info = PictureInfo { kind, size, channels, depth, palette: false, icc, orientation, held, reading, warnings };
    Ok(JpegPicture { info, stored, opened, length, without_icc, bound })
}

fn refused(error: BandsError) -> PictureError {
    match error {
        BandsError::Read(error) => PictureError::Read(error),
        BandsError::Jpeg(error) => match error.kind {
            jpeg::JpegErrorKind::Unsupported(what) => {
                PictureError::Unsupported(format!("it is a JPEG of a kind that is not read: {what}"))
            }
            _ => PictureError::Damaged(error.to_string()),
        },
    }
}

impl JpegPicture {
    /// What is known from the headers. `held` is what [`Self::coefficients`] needs.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        &self.info
    }

    /// Why it has to be held in memory, if it has to.
    #[must_use]
    pub fn why_held(&self) -> &'static str {
        match self.info.held {
            0 if self.held(true) > 0 => "it is stored turned",
            0 => "",
            _ => IN_SEVERAL_SCANS,
        }
    }

    /// Bytes of the file, if known.
    #[must_use]
    pub fn file_length(&self) -> Option<u64> {
        self.length
    }

    /// Whether its components fit one scan, as tiles have it: in several scans MCUs can be larger.
    #[must_use]
    pub fn can_be_interleaved(&self) -> bool {
        match &self.opened {
            OpenedJpeg::OneScan(_) => true,
            OpenedJpeg::SeveralScans(several) => several.can_be_interleaved(),
        }
    }

    /// Width and height of an MCU in pixels: tiles whose sides are multiples of these can be cut without loss.
    #[must_use]
    pub fn mcu_size(&self) -> (u32, u32) {
        self.opened.mcu_size()
    }

    /// The quantisation steps of luma, or of the first component, row-major; of a picture in several scans they are not
    /// known yet.
    #[must_use]
    pub fn luma_steps(&self) -> Option<[u16; 64]> {
        match &self.opened {
            OpenedJpeg::OneScan(bands) => bands.quantisation(0).copied(),
            OpenedJpeg::SeveralScans(_) => None,
        }
    }

    /// The picture as coefficients, from top to bottom, as stored: its orientation is not applied. One that has to be held
    /// is decoded now, unless `stopped` says to stop.
    ///
    /// # Errors
    /// It has to be held in memory and that is more than `max_memory`, or damaged; [`PictureError::Stopped`].
    pub fn coefficients(self, max_memory: u64, stopped: &dyn Fn() -> bool) -> Result<Coefficients, PictureError> {
        let stored = match self.opened {
            OpenedJpeg::OneScan(bands) => Stored::Bands(bands),
            OpenedJpeg::SeveralScans(several) => {
                let decode = move || decoded(several, self.length, &self.bound, max_memory);
                Stored::Whole(apart(stopped, decode)?)
            }
        };
        Ok(Coefficients { stored, done: 0, without_icc: self.without_icc })
    }

    /// Bytes that have to be held, for the coefficients, or also to turn the picture's pixels upright.
    #[must_use]
    pub fn held(&self, as_pixels: bool) -> u64 {
        let turned = whole::held(self.stored, self.info.channels, self.info.depth, self.info.orientation);
        self.info.held + if as_pixels { turned } else { 0 }
    }

    /// The picture as rows of pixels, upright, with colour differences of fewer samples upsampled in this way.
    ///
    /// # Errors
    /// As [`Self::coefficients`].
    pub fn rows(
        self,
        upsampling: Upsampling,
        max_memory: u64,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Box<dyn Rows>, PictureError> {
        let (needed, why) = (self.held(true), self.why_held());
        if needed > max_memory {
            return Err(PictureError::TooMuchMemory { why, needed, limit: max_memory });
        }
        let (stored, mcu_height, orientation) = (self.stored, self.mcu_size().1, self.info.orientation);
        let (channels, depth) = (self.info.channels, self.info.depth);
        let coefficients = self.coefficients(max_memory, stopped)?;
        let rows = JpegRows::new(coefficients, stored, mcu_height, upsampling);
        Ok(whole::upright(Box::new(rows), stored, channels, depth, orientation))
    }
}

fn decoded(
    several: SeveralScans<Source>,
    length: Option<u64>,
    bound: &OnceLock<Bound>,
    max_memory: u64,
) -> Result<JpegImage, PictureError> {
    let coefficients = several.coefficient_bytes();
    let too_much = |bytes: u64| {
        let needed = coefficients.saturating_add(bytes);
        PictureError::TooMuchMemory { why: IN_SEVERAL_SCANS, needed, limit: max_memory }
    };
    let known = length.unwrap_or(0);
    let most = max_memory.checked_sub(coefficients).filter(|most| known <= *most).ok_or_else(|| too_much(known))?;
    // Hardly any file is longer than its coefficients. It is set once, as a stream is read once.
    let _ = bound.set(Bound { most, counted: most.saturating_add(coefficients.max(LEAST_COUNTED)) });
    // A stream ends at its bound, and a file where it did when it was opened.
    several.decode(length.map_or(u64::MAX, |_| most)).map_err(|error| match &error {
        BandsError::Read(read) => TooLong::bytes(read).map_or_else(|| refused(error), too_much),
        BandsError::Jpeg(_) => refused(error),
    })
}

/// A JPEG's coefficients, a band at a time.
pub struct Coefficients {
    stored: Stored,
    /// Rows of pixels delivered.
    done: u32,
    /// Whether the file's ICC profile is left out.
    without_icc: bool,
}

enum Stored {
    Bands(Box<BandDecoder<Source>>),
    Whole(JpegImage),
}

impl std::fmt::Debug for Coefficients {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Coefficients").field("done", &self.done).finish_non_exhaustive()
    }
}

impl Coefficients {
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

    fn steps(&self) -> impl Iterator<Item = [u16; 64]> {
        (0..3).filter_map(|index| match &self.stored {
            Stored::Bands(bands) => bands.quantisation(index).copied(),
            Stored::Whole(image) => image.components.get(index).map(|component| component.quantisation),
        })
    }

    /// Makes `band` the next `height` rows of pixels, or those that are left. `height` has to be a multiple of the MCU's.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn read(&mut self, height: u32, band: &mut JpegImage) -> Result<(), PictureError> {
        match &mut self.stored {
            Stored::Bands(bands) => bands.read(height, band).map_err(refused)?,
            Stored::Whole(image) => band.assign_rows(image, self.done, height),
        }
        if self.without_icc {
            band.icc = None;
        }
        self.done += band.height;
        Ok(())
    }

    /// After the last band: checks how the file ends.
    ///
    /// # Errors
    /// It has no end.
    pub fn finish(&mut self) -> Result<(), PictureError> {
        match &mut self.stored {
            Stored::Bands(bands) => bands.finish().map_err(refused),
            // It was decoded to its end.
            Stored::Whole(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
