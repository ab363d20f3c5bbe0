//! JPEG pictures, read losslessly as coefficients or as rows of pixels.

mod bounded;
mod coefficients;
mod rows;

pub use coefficients::Coefficients;

use super::{
    Depth, PictureError, PictureInfo, PictureInput, PictureKind, ReadMemory, Rows, buffered, profile::matching_profile,
};
use crate::geometry::Size;
use crate::jpeg::{self, BandsError, Colour, OpenedJpeg, Upsampling};
use crate::sync::Progress;
use bounded::{BoundedStream, StreamBound};
use rows::JpegRows;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, OnceLock};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 18;
const SEVERAL_SCANS: &str = "coefficients in several scans, as in progressive JPEG";

type JpegStream = Box<dyn BufRead + Send>;

/// A JPEG whose headers have been read.
pub struct JpegPicture {
    info: PictureInfo,
    /// The size before the orientation is applied.
    stored: Size,
    opened: OpenedJpeg<JpegStream>,
    /// Bytes of the file, if known.
    length: Option<u64>,
    /// How much of a stream may be buffered; set before buffering begins.
    bound: Arc<OnceLock<StreamBound>>,
}

impl std::fmt::Debug for JpegPicture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("JpegPicture").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Opens a JPEG and reads its headers.
///
/// # Errors
/// The file cannot be read, is damaged, or is not supported.
pub(super) fn open(input: PictureInput) -> Result<JpegPicture, PictureError> {
    let length = match &input {
        PictureInput::File(file) => Some(file.get_ref().metadata()?.len()),
        PictureInput::Stream(_) => None,
    };
    let bound = Arc::default();
    let stream: JpegStream = match input {
        PictureInput::File(file) => Box::new(BufReader::with_capacity(BUFFER_BYTES, file)),
        PictureInput::Stream(stream) => {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, BoundedStream::new(stream, Arc::clone(&bound))))
        }
    };
    let opened = jpeg::open(stream, length).map_err(picture_error)?;
    let header = *opened.header();
    let orientation = header.orientation.unwrap_or(1);
    let stored = Size::new(header.width, header.height);
    let channels = if header.colour == Colour::Grey { 1 } else { 3 };
    let (icc, warning) = matching_profile(opened.icc().map(|icc| &icc[..]), channels);
    // Two rows of MCUs and the one above, each as coefficients, as planes and as upsampled planes.
    let mcu_row = u64::from(stored.width) * u64::from(opened.mcu_size().1) * channels as u64;
    let info = PictureInfo {
        kind: PictureKind::Jpeg,
        size: buffered::upright_size(stored, orientation),
        channels,
        depth: Depth::Eight,
        palette: false,
        icc,
        orientation,
        buffered: match &opened {
            OpenedJpeg::OneScan(_) => 0,
            OpenedJpeg::SeveralScans(several) => several.coefficient_bytes() + length.unwrap_or(0),
        },
        read_memory: ReadMemory { shared: mcu_row * 8, ..ReadMemory::default() },
        warnings: warning.into_iter().collect(),
    };
    Ok(JpegPicture { info, stored, opened, length, bound })
}

fn picture_error(error: BandsError) -> PictureError {
    match error {
        BandsError::Read(error) => PictureError::Read(error),
        BandsError::Jpeg(error) => match error.kind {
            jpeg::JpegErrorKind::Unsupported(feature) => PictureError::Unsupported(format!("JPEG with {feature}")),
            _ => PictureError::Damaged(error.to_string()),
        },
    }
}

impl JpegPicture {
    /// Everything known from the headers. [`PictureInfo::buffered`] is what [`Self::coefficients`] buffers.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        &self.info
    }

    /// Bytes that [`Self::rows`] buffers: the coefficients if necessary, and the pixels if they must be rotated.
    #[must_use]
    pub fn buffered_for_rows(&self) -> u64 {
        let PictureInfo { channels, depth, orientation, buffered, .. } = self.info;
        buffered + buffered::upright_bytes(self.stored, channels, depth, orientation)
    }

    /// Why the picture must be buffered, in a few words; empty if it need not be.
    #[must_use]
    pub fn why_buffered(&self) -> &'static str {
        match self.info.buffered {
            0 if self.buffered_for_rows() > 0 => buffered::ROTATED,
            0 => "",
            _ => SEVERAL_SCANS,
        }
    }

    /// Bytes of the file, if known.
    #[must_use]
    pub fn file_length(&self) -> Option<u64> {
        self.length
    }

    /// Whether all components fit into one scan, as tiles require. MCUs of several scans can be larger.
    #[must_use]
    pub fn can_be_interleaved(&self) -> bool {
        match &self.opened {
            OpenedJpeg::OneScan(_) => true,
            OpenedJpeg::SeveralScans(several) => several.can_be_interleaved(),
        }
    }

    /// Width and height of an MCU in pixels. Lossless tiles begin at multiples of these.
    #[must_use]
    pub fn mcu_size(&self) -> (u32, u32) {
        self.opened.mcu_size()
    }

    /// The quantisation steps of luma, or of the first component, row-major; `None` for a picture in several scans,
    /// whose tables are not known yet.
    #[must_use]
    pub fn luma_steps(&self) -> Option<[u16; 64]> {
        match &self.opened {
            OpenedJpeg::OneScan(bands) => bands.quantisation(0).copied(),
            OpenedJpeg::SeveralScans(_) => None,
        }
    }

    /// The coefficients, from top to bottom in stored order: the orientation is not applied.
    ///
    /// A picture that must be buffered is decoded here; `progress` can cancel this.
    ///
    /// # Errors
    /// - [`PictureError::TooMuchMemory`]: buffering takes more than `max_memory` bytes.
    /// - [`PictureError::Cancelled`].
    /// - The picture to be buffered cannot be read, or is damaged.
    pub fn coefficients(self, max_memory: u64, progress: &dyn Progress) -> Result<Coefficients, PictureError> {
        Coefficients::new(self, max_memory, progress)
    }

    /// The rows of pixels, upright. Subsampled colour differences are upsampled as `upsampling` says.
    ///
    /// # Errors
    /// As [`Self::coefficients`].
    pub fn rows(
        self,
        upsampling: Upsampling,
        max_memory: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Rows>, PictureError> {
        let (needed, why) = (self.buffered_for_rows(), self.why_buffered());
        if needed > max_memory {
            return Err(PictureError::TooMuchMemory { why, needed, limit: max_memory });
        }
        let (stored, mcu_height, orientation) = (self.stored, self.mcu_size().1, self.info.orientation);
        let (channels, depth) = (self.info.channels, self.info.depth);
        let coefficients = self.coefficients(max_memory, progress)?;
        let rows = JpegRows::new(coefficients, stored, mcu_height, upsampling);
        Ok(buffered::upright(Box::new(rows), stored, channels, depth, orientation))
    }
}

#[cfg(test)]
mod tests;
