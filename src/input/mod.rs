//! Pictures to be cut into tiles: what a file is, told from its headers, and then its rows, from top to bottom, without
//! holding more of it than has to be.
//!
//! Each format is a file of its own, which gives a [`PictureInfo`] and a [`Rows`]. What a picture's rows are has been
//! settled before a [`Rows`] delivers them: palettes, fewer than 8 bits, CMYK and the like become grey or RGB, with or
//! without alpha, in 8 or 16 bits; turned and mirrored pictures come out upright.

mod apart;
mod error;
mod jpeg;
mod open;
mod png;
mod pnm;
mod profile;
mod sniff;
mod source;
#[cfg(test)]
mod test_reading;
mod tiff;
mod upsample;
mod webp;
mod whole;

pub use error::PictureError;
pub use jpeg::{Coefficients, JpegPicture};
pub use open::{Opened, Picture, open};
pub use upsample::Upsampling;

use crate::geometry::Size;
use crate::raster::Samples;
use std::io::{BufReader, Read, Seek};
use std::sync::Arc;

/// What a file is, by its first bytes.
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

/// Bits of a sample as it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits or fewer in the file.
    Eight,
    /// More than 8 bits in the file, scaled to 16.
    Sixteen,
}

/// What is known of a picture before any pixel is decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureInfo {
    /// What the file is.
    pub kind: PictureKind,
    /// The size as shown: `orientation` is applied.
    pub size: Size,
    /// Channels of the rows delivered: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub channels: usize,
    /// Depth of the rows delivered.
    pub depth: Depth,
    /// Whether the colours are stored as a palette, so that loss would show.
    pub palette: bool,
    /// The ICC profile, if it fits the rows delivered (a CMYK profile does not fit RGB).
    pub icc: Option<Arc<[u8]>>,
    /// The Exif or TIFF orientation stored, 1 to 8; the rows delivered have it applied.
    pub orientation: u8,
    /// Bytes that have to be held beside the rows asked for: 0 where rows are decoded one after the other, the whole
    /// picture where they cannot be (interlaced, turned, ...).
    pub held: u64,
    /// What reading rows of pixels takes beside these.
    pub reading: Reading,
    /// What in the file is not shown, in words for the user: other images of a TIFF, a profile left out, ...
    pub warnings: Vec<String>,
}

/// Bytes of buffers that are needed to read rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// However many threads there are.
    pub once: u64,
    /// For each thread.
    pub each_thread: u64,
    /// The pieces that threads work on: how many are side by side, and the rows of pixels of each.
    pub pieces: (u32, u32),
}

impl Reading {
    /// How many pieces there can be in so many rows.
    #[must_use]
    pub fn pieces_in(&self, rows: u64) -> u64 {
        u64::from(self.pieces.0) * (rows.div_ceil(u64::from(self.pieces.1.max(1))) + 1)
    }
}

/// The rows of a picture, from top to bottom.
pub trait Rows: Send {
    /// Before the first row: decodes what has to be held whole, or gives up when `stopped` says so. Where this is not called,
    /// reading the first row does it, and is not to be stopped.
    ///
    /// # Errors
    /// [`PictureError::Stopped`]; the file cannot be read, or is damaged.
    fn prepare(&mut self, stopped: &dyn Fn() -> bool) -> Result<(), PictureError> {
        let _ = stopped;
        Ok(())
    }

    /// Fills `band` with the next rows. Its width, channels and depth are the picture's, and it has no more rows than
    /// are left.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError>;

    /// After the last row: reads what the file still has to have (checksums, an end) and checks it.
    ///
    /// # Errors
    /// It is missing or wrong.
    fn finish(&mut self) -> Result<(), PictureError>;
}

/// A file that can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// Where a picture's bytes come from.
pub enum Input {
    /// A file.
    File(BufReader<std::fs::File>),
    /// Something that is read once, such as standard input.
    Stream(BufReader<Box<dyn Read + Send>>),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::File(_) => "File",
            Self::Stream(_) => "Stream",
        })
    }
}
