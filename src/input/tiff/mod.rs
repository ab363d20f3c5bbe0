//! TIFF 6.0 and BigTIFF: strips or tiles, interleaved or planar, uncompressed, LZW, Deflate, PackBits and JPEG.
//!
//! The container is read here (`directory.rs`) and not by the `tiff` crate: that crate copies everything it knows of an
//! image, such as the offsets of a million tiles, into each decoder, reads from one place at a time, and refuses files
//! whose first image it does not support. `fdeflate` and `weezl` decompress streams of bytes, [`crate::jpeg`] decodes
//! JPEG. On tiles of relief with predictor, fdeflate decompresses 1420 MB/s, zune-inflate 1150, zlib-rs 950,
//! miniz_oxide 730, and weezl 670.
//!
//! Threads decode different chunks (strips and tiles) at the same time, each straight into its place in the band. Rows
//! of a row of chunks that lie beyond the band are kept for the next one; of uncompressed chunks only the rows
//! requested are read. Memory besides the band is thus a row of chunks, and per thread one chunk as stored and as
//! decompressed. Higher chunks than usual are reported in [`PictureInfo::buffered`], or, if they are strips compressed
//! as a stream of bytes, decompressed row by row, by one thread.
//!
//! Conversions:
//! - Palettes become 8-bit RGB, CMYK becomes RGB by (255 - C) * (255 - K) / 255, 0-is-white becomes 0-is-black.
//! - Colours premultiplied by alpha (associated) are divided by it.
//! - A single extra sample of unspecified meaning counts as alpha, as in libvips and libtiff; others are ignored.
//! - Halved colour differences of JPEG are upsampled as in libjpeg.

mod chunks;
mod colour;
mod compression;
mod description;
mod directory;
mod images;
mod jpeg_chunk;
mod layout;
mod reader;
mod samples;
mod strip_stream;
mod tags;

use super::{Depth, PictureError, PictureInfo, PictureKind, ReadMemory, RowPicture, Rows, buffered};
use crate::geometry::Size;
use crate::raster::Samples;
use chunks::TiffImage;
use colour::Photometric;
use compression::Compression;
use description::ImageDescription;
use directory::TiffFile;
use reader::{ChunkReader, ReadMode};
use std::fs::File;
use std::io::BufReader;

/// A row of chunks with at most this number of bytes is not reported as buffered.
const USUAL_BYTES: u64 = 1 << 24;
/// A row of chunks with at most this number of rows is not reported either.
const USUAL_ROWS: u64 = 256;

/// Opens a TIFF and reads its directories.
///
/// # Errors
/// It is not a regular file, is damaged, not supported, or too short for its size.
pub(super) fn open(file: BufReader<File>) -> Result<RowPicture, PictureError> {
    let (mut info, rows) = open_stored(file.into_inner(), BufferPlan::new)?;
    let stored = rows.size();
    let (channels, depth, orientation) = (info.channels, info.depth, info.orientation);
    let rotated = buffered::upright_bytes(stored, channels, depth, orientation);
    let why_buffered = if rotated > 0 { buffered::ROTATED } else { "large strips or tiles" };
    info.buffered = info.buffered.saturating_add(rotated);
    let rows = buffered::upright(Box::new(rows), stored, channels, depth, orientation);
    Ok(RowPicture::new(info, why_buffered, rows))
}

/// Opens a TIFF whose rows are delivered in stored order, without the orientation applied.
///
/// The size in the returned information is nevertheless the size as shown.
fn open_stored(
    file: File,
    plan: impl Fn(&ImageDescription) -> BufferPlan,
) -> Result<(PictureInfo, TiffRows), PictureError> {
    let (file, first) = TiffFile::open(file)?;
    let mut description = ImageDescription::read(&file, first)?;
    let warnings = std::mem::take(&mut description.warnings);
    let plan = plan(&description);
    let format = &description.format;
    let info = PictureInfo {
        kind: PictureKind::Tiff,
        size: buffered::upright_size(description.layout.size, description.orientation),
        channels: format.channels(),
        depth: if format.bits > 8 { Depth::Sixteen } else { Depth::Eight },
        palette: matches!(format.colour, Photometric::Palette(_)),
        icc: description.icc.clone(),
        orientation: description.orientation,
        buffered: plan.buffered(),
        read_memory: plan.read_memory(&description),
        warnings,
    };
    let image = TiffImage { file, description };
    let mode = if plan == BufferPlan::Rows { ReadMode::Rows } else { ReadMode::Chunks };
    let rows = match info.depth {
        Depth::Eight => TiffRows::Eight(ChunkReader::new(image, mode)),
        Depth::Sixteen => TiffRows::Sixteen(ChunkReader::new(image, mode)),
    };
    Ok((info, rows))
}

/// What is buffered besides a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BufferPlan {
    /// A row of chunks of a usual height, or nothing.
    Usual,
    /// Single rows: strips are high, but can be decompressed row by row.
    Rows,
    /// Rows of chunks that take this number of bytes.
    Chunks(u64),
}

impl BufferPlan {
    fn new(description: &ImageDescription) -> Self {
        let (layout, format) = (&description.layout, &description.format);
        let bytes = chunk_bytes(description).saturating_mul(u64::from(layout.across));
        let row = u64::from(layout.size.width) * (format.channels() * usize::from(format.bits.div_ceil(8))) as u64;
        match description.compression {
            Compression::None => Self::Usual,
            _ if bytes <= USUAL_BYTES.max(row.saturating_mul(USUAL_ROWS)) => Self::Usual,
            // Coefficients of 16 bits, planes, and the rows converted from them.
            Compression::Jpeg => Self::Chunks(bytes.saturating_mul(4)),
            _ if !layout.tiled => Self::Rows,
            _ => Self::Chunks(bytes.saturating_mul(2)),
        }
    }

    /// A row of chunks, and per thread one chunk as stored and as decompressed, unless `buffered` includes them.
    fn read_memory(self, description: &ImageDescription) -> ReadMemory {
        let chunk = chunk_bytes(description);
        match (self, description.compression) {
            (Self::Usual, Compression::None) | (Self::Rows | Self::Chunks(_), _) => {
                ReadMemory { shared: 1 << 20, ..ReadMemory::default() }
            }
            (Self::Usual, compression) => ReadMemory {
                shared: chunk.saturating_mul(u64::from(description.layout.across)),
                per_thread: chunk.saturating_mul(if compression == Compression::Jpeg { 4 } else { 2 }),
                chunks_across: description.layout.across,
                chunk_rows: description.layout.chunk.height,
            },
        }
    }

    fn buffered(self) -> u64 {
        match self {
            Self::Usual | Self::Rows => 0,
            Self::Chunks(bytes) => bytes,
        }
    }
}

/// Bytes per decompressed chunk, in all planes.
fn chunk_bytes(description: &ImageDescription) -> u64 {
    let (layout, format) = (&description.layout, &description.format);
    let planes = if format.planar { format.used_samples() as u64 } else { 1 };
    (layout.row_bytes as u64 * u64::from(layout.chunk.height)).saturating_mul(planes)
}

/// The rows of a TIFF's largest image, in stored order.
enum TiffRows {
    Eight(ChunkReader<u8>),
    Sixteen(ChunkReader<u16>),
}

impl TiffRows {
    /// The size as stored.
    fn size(&self) -> Size {
        match self {
            Self::Eight(reader) => reader.size(),
            Self::Sixteen(reader) => reader.size(),
        }
    }
}

impl std::fmt::Debug for TiffRows {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TiffRows({})", self.size())
    }
}

impl Rows for TiffRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        match (self, band) {
            (Self::Eight(reader), Samples::Eight(band)) => reader.read(band),
            (Self::Sixteen(reader), Samples::Sixteen(band)) => reader.read(band),
            _ => Err(PictureError::wrong_band()),
        }
    }

    /// A TIFF needs nothing after its last row.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
