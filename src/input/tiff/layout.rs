//! The division of an image into strips or tiles, and their places in the file.

use super::compression::Compression;
use super::directory::{Directory, TiffFile, missing};
use super::tags;
use crate::geometry::Size;
use crate::input::PictureError;

/// The most bytes of pixels per strip or tile.
const MAX_CHUNK_BYTES: u64 = 1 << 32;

/// The most strips or tiles: enough for 65536x65536 pixels in the smallest legal tiles, 16x16. Their offsets and byte
/// counts take 16 bytes each.
const MAX_CHUNKS: u64 = 1 << 24;

/// The strips or tiles ("chunks") of an image.
///
/// Rows of chunks cover the image from top to bottom, separately for each plane. Strips are as wide as the image, and
/// the last one may be lower; tiles all have the same size.
#[derive(Debug)]
pub(super) struct ChunkLayout {
    /// The size of the image as stored.
    pub(super) size: Size,
    /// The size of a chunk, except of the last strip.
    pub(super) chunk: Size,
    /// Whether chunks are tiles.
    pub(super) tiled: bool,
    /// Chunks per row of chunks.
    pub(super) across: u32,
    /// Rows of chunks.
    pub(super) down: u32,
    /// Bytes per row of pixels in a chunk of one plane.
    pub(super) row_bytes: usize,
    /// Offset of each chunk: plane by plane, row by row.
    offsets: Vec<u64>,
    /// Stored bytes of each chunk; empty if the file does not declare them.
    byte_counts: Vec<u64>,
}

/// The samples in chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleLayout {
    /// Samples per pixel in a chunk.
    pub(super) samples: u64,
    /// Planes, each with chunks of its own.
    pub(super) planes: u64,
    /// Bits per sample.
    pub(super) bits: u64,
}

impl ChunkLayout {
    /// Reads the layout of an image of this size.
    ///
    /// # Errors
    /// It is impossible, or the file is too short for it.
    pub(super) fn read(
        file: &TiffFile,
        directory: &Directory,
        size: Size,
        samples: SampleLayout,
        compression: Compression,
    ) -> Result<Self, PictureError> {
        check_length(file, size, samples, compression)?;
        let tiled = directory.has(tags::TILE_WIDTH) || directory.has(tags::TILE_OFFSETS);
        let chunk = if tiled { tile_size(file, directory)? } else { strip_size(file, directory, size)? };
        let what = if tiled { "tiles" } else { "strips" };
        let (across, down) = (size.width.div_ceil(chunk.width), size.height.div_ceil(chunk.height));
        let row_bytes = (u64::from(chunk.width) * samples.samples * samples.bits).div_ceil(8);
        let chunk_bytes = row_bytes.saturating_mul(u64::from(chunk.height));
        if chunk_bytes / compression.max_expansion() > file.length {
            return Err(PictureError::Damaged(format!("the file is too short for {what} of {chunk} pixels")));
        }
        let row_bytes = match usize::try_from(row_bytes) {
            Ok(row_bytes) if chunk_bytes <= MAX_CHUNK_BYTES => row_bytes,
            _ => return Err(PictureError::Unsupported(format!("TIFF with {what} of {chunk_bytes} bytes"))),
        };
        let count = (u64::from(across) * u64::from(down)).saturating_mul(samples.planes);
        if count > MAX_CHUNKS {
            return Err(PictureError::Unsupported(format!("TIFF with {count} {what}")));
        }
        // The first tiled files used the tags of strips for their tiles.
        let (offsets, byte_counts) = if tiled && directory.has(tags::TILE_OFFSETS) {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let read = |tag| {
            let Some(values) = directory.numbers(file, tag, count)? else {
                return Ok(None);
            };
            if (values.len() as u64) < count {
                let text = format!("{} has {} values for {count} {what}", tag.name, values.len());
                return Err(PictureError::Damaged(text));
            }
            Ok(Some(values))
        };
        let offsets = read(offsets)?.ok_or_else(|| missing(offsets))?;
        let byte_counts = read(byte_counts)?.unwrap_or_default();
        Ok(Self { size, chunk, tiled, across, down, row_bytes, offsets, byte_counts })
    }

    /// Rows of pixels stored per chunk in this row of chunks.
    pub(super) fn stored_rows(&self, row: u32) -> u32 {
        if self.tiled { self.chunk.height } else { self.shown_rows(row) }
    }

    /// Rows of the image in this row of chunks.
    pub(super) fn shown_rows(&self, row: u32) -> u32 {
        self.chunk.height.min(self.size.height.saturating_sub(row.saturating_mul(self.chunk.height)))
    }

    /// Columns of the image in this column of chunks.
    pub(super) fn shown_columns(&self, column: u32) -> u32 {
        self.chunk.width.min(self.size.width.saturating_sub(column.saturating_mul(self.chunk.width)))
    }

    /// The place of a chunk.
    pub(super) fn place(&self, column: u32, row: u32, plane: usize) -> ChunkPlace<'_> {
        ChunkPlace { layout: self, column, row, plane }
    }
}

/// The place of a chunk, which errors name.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkPlace<'a> {
    layout: &'a ChunkLayout,
    column: u32,
    row: u32,
    plane: usize,
}

impl ChunkPlace<'_> {
    fn index(&self) -> usize {
        let ChunkLayout { across, down, .. } = *self.layout;
        (self.plane * down as usize + self.row as usize) * across as usize + self.column as usize
    }

    /// The offset of the chunk's bytes, and their number if the file declares it.
    ///
    /// # Errors
    /// The chunk is missing.
    pub(super) fn stored(&self) -> Result<(u64, Option<u64>), PictureError> {
        let index = self.index();
        match (self.layout.offsets.get(index), self.layout.byte_counts.get(index)) {
            (_, Some(0)) | (Some(0) | None, _) => Err(self.damaged("missing")),
            (Some(offset), count) => Ok((*offset, count.copied())),
        }
    }

    /// The error for a problem with this chunk.
    pub(super) fn damaged(&self, problem: &str) -> PictureError {
        PictureError::Damaged(format!("{self}: {problem}"))
    }
}

impl std::fmt::Display for ChunkPlace<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ChunkLayout { tiled, chunk, .. } = self.layout;
        if *tiled {
            write!(out, "tile {} (column {}, row {})", self.index(), self.column, self.row)
        } else {
            let first = u64::from(self.row) * u64::from(chunk.height);
            write!(out, "strip {} (from row {first} of the picture)", self.index())
        }
    }
}

/// Refuses a size that a file of this length cannot contain.
fn check_length(
    file: &TiffFile,
    size: Size,
    samples: SampleLayout,
    compression: Compression,
) -> Result<(), PictureError> {
    let bits = u128::from(size.pixels()) * u128::from(samples.samples * samples.planes * samples.bits);
    let needed = u64::try_from(bits / 8 / u128::from(compression.max_expansion())).unwrap_or(u64::MAX);
    if needed > file.length {
        return Err(PictureError::TooShort { size, needed, found: file.length });
    }
    Ok(())
}

fn tile_size(file: &TiffFile, directory: &Directory) -> Result<Size, PictureError> {
    let side = |tag| {
        let side = directory.first_number(file, tag)?.ok_or_else(|| missing(tag))?;
        match u32::try_from(side) {
            Ok(side @ 1..) => Ok(side),
            _ => Err(PictureError::Damaged(format!("{} is {side}", tag.name))),
        }
    };
    Ok(Size::new(side(tags::TILE_WIDTH)?, side(tags::TILE_LENGTH)?))
}

fn strip_size(file: &TiffFile, directory: &Directory, size: Size) -> Result<Size, PictureError> {
    let rows = directory.first_number(file, tags::ROWS_PER_STRIP)?.unwrap_or(u64::from(size.height));
    if rows == 0 {
        return Err(PictureError::Damaged("RowsPerStrip is 0".into()));
    }
    Ok(Size::new(size.width, rows.min(u64::from(size.height)) as u32))
}
