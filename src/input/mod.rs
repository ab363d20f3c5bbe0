//! Pictures to be cut into tiles, read as rows from top to bottom.
//!
//! [`open`] detects a picture's kind from its first bytes and reads its headers. Each format is a module of its own
//! that provides a [`PictureInfo`] and [`Rows`], and buffers no more of the picture than its format requires.
//!
//! All formats deliver the same kinds of rows: grey or RGB, with or without alpha, 8 or 16 bits per sample, upright.
//! Palettes, samples of fewer than 8 bits, CMYK and orientations are converted on the way.

mod buffered;
mod byte_stream;
mod detached;
mod detect;
mod error;
mod jpeg;
mod open;
mod png;
mod pnm;
mod profile;
#[cfg(test)]
mod test_reading;
mod tiff;
mod webp;

pub use error::PictureError;
pub use jpeg::{Coefficients, JpegPicture};
pub use open::{Picture, RowPicture, open};

use crate::geometry::Size;
use crate::raster::Samples;
use crate::sync::Progress;
use std::io::{BufReader, Read};
use std::sync::Arc;

/// The warning for an animation, in any format.
const ANIMATION: &str = "animation: only the first picture is used";

/// The format of a picture, detected from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG (ITU T.81).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
    /// PBM, PGM, PPM (P1 to P6) and PAM (P7).
    Pnm,
    /// WebP.
    WebP,
}

/// Bits per sample of the rows delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits, for files with 8 bits or fewer.
    Eight,
    /// 16 bits, for files with more than 8.
    Sixteen,
}

/// Everything known of a picture before its pixels are decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureInfo {
    /// The file's format.
    pub kind: PictureKind,
    /// The size as shown, with `orientation` applied.
    pub size: Size,
    /// Channels of the rows delivered: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub channels: usize,
    /// Depth of the rows delivered.
    pub depth: Depth,
    /// Whether the file stores its colours as a palette. Lossy tiles would show artefacts.
    pub palette: bool,
    /// The ICC profile, if it matches the rows delivered (a CMYK profile does not match RGB).
    pub icc: Option<Arc<[u8]>>,
    /// The Exif or TIFF orientation stored, 1 to 8. The rows delivered have it applied.
    pub orientation: u8,
    /// Bytes buffered besides the rows requested: 0 if rows are decoded one after the other, the whole picture if they
    /// cannot be (interlaced, rotated, ...).
    pub buffered: u64,
    /// Memory for reading rows, in addition to `buffered`.
    pub read_memory: ReadMemory,
    /// Parts of the file that are ignored, in words for the user: other images of a TIFF, a profile, ...
    pub warnings: Vec<String>,
}

/// Bytes of the buffers needed to read rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadMemory {
    /// Bytes that all threads share.
    pub shared: u64,
    /// Bytes per thread.
    pub per_thread: u64,
    /// Chunks side by side (strips or tiles of the file). Each thread decodes one at a time.
    pub chunks_across: u32,
    /// Rows of pixels per chunk.
    pub chunk_rows: u32,
}

impl ReadMemory {
    /// The most chunks that this number of rows can touch.
    #[must_use]
    pub fn chunks_in(&self, rows: u64) -> u64 {
        u64::from(self.chunks_across) * (rows.div_ceil(u64::from(self.chunk_rows.max(1))) + 1)
    }
}

/// The rows of a picture, from top to bottom.
pub trait Rows: Send {
    /// Decodes everything that must be buffered, before the first row. `progress` can cancel this. Without this call,
    /// reading the first row decodes it and cannot be cancelled.
    ///
    /// # Errors
    /// [`PictureError::Cancelled`], the file cannot be read, or it is damaged.
    fn prepare(&mut self, progress: &dyn Progress) -> Result<(), PictureError> {
        let _ = progress;
        Ok(())
    }

    /// Fills `band` with the next rows.
    ///
    /// `band` has the picture's width, channels and depth, and no more rows than remain.
    ///
    /// # Errors
    /// The file cannot be read, or it is damaged.
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError>;

    /// Checks the rest of the file after the last row (checksums, end marker).
    ///
    /// # Errors
    /// The rest is missing or wrong.
    fn finish(&mut self) -> Result<(), PictureError>;
}

/// The bytes of a picture, from its first byte.
pub enum PictureInput {
    /// A file.
    File(BufReader<std::fs::File>),
    /// A stream that can be read only once, such as standard input.
    Stream(BufReader<Box<dyn Read + Send>>),
}

impl std::fmt::Debug for PictureInput {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::File(_) => "File",
            Self::Stream(_) => "Stream",
        })
    }
}
