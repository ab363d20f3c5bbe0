//! TIFF 6.0 and BigTIFF: strips or tiles, pixels or planes, uncompressed, LZW, deflate, PackBits and JPEG.
//!
//! The container is read here (`directory.rs`) and not by the `tiff` crate, which takes all that it knows of an image,
//! places of a million tiles included, into each decoder, reads from one place at a time, and refuses files whose first
//! image it does not know. Streams of bytes are expanded by `fdeflate` and `weezl`, JPEG by [`crate::jpeg`].
//! On tiles of relief with predictor, fdeflate gives 1420 MB/s, where zune-inflate gives 1150, zlib-rs 950 and
//! miniz_oxide 730, and weezl 670.
//!
//! Rows are made chunk by chunk (strips and tiles), as many at a time as there are threads, each straight into its place
//! in the band. What a row of chunks has beyond the band is kept for the next one; of uncompressed chunks only the rows
//! asked for are read. Beside the band there are thus a row of chunks, and for each thread a chunk as stored and as
//! expanded. Higher chunks than usual are told in [`PictureInfo::held`], or, where they are strips that are expanded
//! from a stream of bytes, expanded row by row, by one thread.
//!
//! What is made of samples:
//! - palettes become RGB of 8 bits, CMYK becomes RGB by (255 - C) * (255 - K) / 255, 0-is-white becomes 0-is-black;
//! - colours multiplied by alpha (associated) are divided by it;
//! - an only extra sample that does not say what it is counts as alpha, as in libvips and libtiff; others are left out;
//! - halved colour differences of JPEG become whole as in libjpeg.

mod chunks;
mod colour;
mod compression;
mod description;
mod directory;
mod jpeg_chunk;
mod layout;
mod reader;
mod samples;
mod tags;
mod tall;

use super::{Depth, PictureError, PictureInfo, PictureKind, Reading, Rows, whole};
use crate::geometry::Size;
use crate::raster::Samples;
use chunks::Image;
use colour::Colour;
use compression::Compression;
use description::Description;
use directory::Source;
use reader::Reader;
use std::fs::File;
use std::io::BufReader;

/// A row of chunks that takes no more bytes is not worth to be told.
const USUAL_BYTES: u64 = 1 << 24;
/// Nor is one that is no higher.
const USUAL_ROWS: u64 = 256;

/// Reads the directories of a TIFF, and no pixels.
///
/// The rows of [`TiffPicture`] come as they are stored: who shows the picture turns them by
/// [`PictureInfo::orientation`]. [`PictureInfo::size`] is the size as shown, [`TiffPicture::stored_size`] that of the
/// rows.
///
/// # Errors
/// It is no file, damaged, of an unsupported kind, or too short for what it claims to be.
pub(super) fn open(file: BufReader<File>) -> Result<(PictureInfo, TiffPicture), PictureError> {
    open_with(file.into_inner(), Memory::of)
}

fn open_with(file: File, memory: impl Fn(&Description) -> Memory) -> Result<(PictureInfo, TiffPicture), PictureError> {
    let (source, first) = Source::open(file)?;
    let mut description = Description::read(&source, first)?;
    let warnings = std::mem::take(&mut description.warnings);
    let format = &description.format;
    let (depth, palette) = (format.bits, matches!(format.colour, Colour::Palette(_)));
    let memory = memory(&description);
    let info = PictureInfo {
        kind: PictureKind::Tiff,
        size: whole::upright_size(description.layout.size, description.orientation),
        channels: format.channels(),
        depth: if depth > 8 { Depth::Sixteen } else { Depth::Eight },
        palette,
        icc: description.icc.clone(),
        orientation: description.orientation,
        held: memory.held(),
        reading: memory.reading(&description),
        warnings,
    };
    let image = Image { source, description };
    let by_rows = matches!(memory, Memory::Rows);
    let rows = match info.depth {
        Depth::Eight => Inner::Eight(Reader::new(image, by_rows)),
        Depth::Sixteen => Inner::Sixteen(Reader::new(image, by_rows)),
    };
    Ok((info, TiffPicture { rows }))
}

/// What has to be in memory beside a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// A row of chunks of a usual height, or nothing.
    Usual,
    /// Single rows: strips are high, but can be expanded row by row.
    Rows,
    /// Rows of chunks of so many bytes.
    Chunks(u64),
}

impl Memory {
    /// Bytes of a chunk, of all planes.
    fn chunk(description: &Description) -> u64 {
        let (layout, format) = (&description.layout, &description.format);
        let planes = if format.planar { format.used_samples() as u64 } else { 1 };
        (layout.row_bytes as u64 * u64::from(layout.chunk.height)).saturating_mul(planes)
    }

    fn of(description: &Description) -> Self {
        let (layout, format) = (&description.layout, &description.format);
        let bytes = Self::chunk(description).saturating_mul(u64::from(layout.across));
        let row = u64::from(layout.size.width) * (format.channels() * usize::from(format.bits.div_ceil(8))) as u64;
        match description.compression {
            Compression::None => Self::Usual,
            _ if bytes <= USUAL_BYTES.max(row.saturating_mul(USUAL_ROWS)) => Self::Usual,
            // Coefficients of 16 bits, planes, and the rows made of them.
            Compression::Jpeg => Self::Chunks(bytes.saturating_mul(4)),
            _ if !layout.tiled => Self::Rows,
            _ => Self::Chunks(bytes.saturating_mul(2)),
        }
    }

    /// A row of chunks, and for each thread one as stored and as expanded. What is held counts these already.
    fn reading(self, description: &Description) -> Reading {
        let chunk = Self::chunk(description);
        match (self, description.compression) {
            (Self::Usual, Compression::None) | (Self::Rows | Self::Chunks(_), _) => {
                Reading { once: 1 << 20, ..Reading::default() }
            }
            (Self::Usual, compression) => Reading {
                once: chunk.saturating_mul(u64::from(description.layout.across)),
                each_thread: chunk.saturating_mul(if compression == Compression::Jpeg { 4 } else { 2 }),
                pieces: (description.layout.across, description.layout.chunk.height),
            },
        }
    }

    fn held(self) -> u64 {
        match self {
            Self::Usual | Self::Rows => 0,
            Self::Chunks(bytes) => bytes,
        }
    }
}

/// The rows of a TIFF's largest image, as they are stored. See [`open`].
pub(super) struct TiffPicture {
    rows: Inner,
}

enum Inner {
    Eight(Reader<u8>),
    Sixteen(Reader<u16>),
}

impl TiffPicture {
    /// The size of the rows delivered: before the orientation is applied.
    #[must_use]
    pub(super) fn stored_size(&self) -> Size {
        match &self.rows {
            Inner::Eight(reader) => reader.size(),
            Inner::Sixteen(reader) => reader.size(),
        }
    }
}

impl std::fmt::Debug for TiffPicture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TiffPicture({})", self.stored_size())
    }
}

impl Rows for TiffPicture {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        match (&mut self.rows, band) {
            (Inner::Eight(reader), Samples::Eight(band)) => reader.read(band),
            (Inner::Sixteen(reader), Samples::Sixteen(band)) => reader.read(band),
            _ => Err(whole::wrong_band()),
        }
    }

    /// There is nothing behind the last row that a TIFF has to have.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
