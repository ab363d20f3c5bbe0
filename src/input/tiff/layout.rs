//! How an image divides into strips or tiles, and where they are in the file.

use super::super::PictureError;
use super::compression::Compression;
use super::directory::{Directory, Source};
use super::tags;
use crate::geometry::Size;

/// More bytes of pixels than this in one strip or tile are not supported.
const MAX_CHUNK_BYTES: u64 = 1 << 32;

/// More strips or tiles are not supported: enough for 65536x65536 pixels in the smallest legal tiles, 16x16. Their places
/// take 16 bytes each.
const MAX_CHUNKS: u64 = 1 << 24;

/// The strips or tiles ("chunks") of an image: as many rows of them as it takes, from top to bottom, in each of its
/// planes. Strips are as wide as the image and the last is as high as what is left; tiles are all of one size.
#[derive(Debug)]
pub(super) struct Layout {
    /// The image, as stored.
    pub(super) size: Size,
    /// A chunk, the last strip excepted.
    pub(super) chunk: Size,
    /// Whether they are tiles.
    pub(super) tiled: bool,
    /// Chunks in a row of them.
    pub(super) across: u32,
    /// Rows of chunks.
    pub(super) down: u32,
    /// Bytes of a row of pixels in a chunk, of one plane.
    pub(super) row_bytes: usize,
    /// Offset of each chunk: plane by plane, row by row.
    offsets: Vec<u64>,
    /// Stored bytes of each chunk; empty where the file does not say.
    counts: Vec<u64>,
}

/// Samples of a pixel in a chunk, planes of which each has its own chunks, and bits of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    pub(super) samples: u64,
    pub(super) planes: u64,
    pub(super) bits: u64,
}

impl Layout {
    /// Reads the division of an image of this size.
    ///
    /// # Errors
    /// It is impossible, or the file is too short for it.
    pub(super) fn read(
        source: &Source,
        directory: &Directory,
        size: Size,
        cells: Cells,
        compression: Compression,
    ) -> Result<Self, PictureError> {
        check_length(source, size, cells, compression)?;
        let tiled = directory.has(tags::TILE_WIDTH) || directory.has(tags::TILE_OFFSETS);
        let chunk = if tiled { tile(source, directory)? } else { strip(source, directory, size)? };
        let (across, down) = (size.width.div_ceil(chunk.width), size.height.div_ceil(chunk.height));
        let row_bytes = (u64::from(chunk.width) * cells.samples * cells.bits).div_ceil(8);
        let bytes = row_bytes.saturating_mul(u64::from(chunk.height));
        let what = if tiled { "tiles" } else { "strips" };
        if bytes / compression.most_expansion() > source.length {
            let text = format!("its {what} are {chunk} pixels, for which the file is far too short");
            return Err(PictureError::Damaged(text));
        }
        let row_bytes = match usize::try_from(row_bytes) {
            Ok(fitting) if bytes <= MAX_CHUNK_BYTES => fitting,
            _ => {
                return Err(PictureError::Unsupported(format!("a TIFF with {what} of {bytes} bytes is not supported")));
            }
        };
        // The first tiled files had the tags of strips for their tiles.
        let (offsets, counts) = if tiled && directory.has(tags::TILE_OFFSETS) {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let number = (u64::from(across) * u64::from(down)).saturating_mul(cells.planes);
        if number > MAX_CHUNKS {
            return Err(PictureError::Unsupported(format!("a TIFF of {number} {what} is not supported")));
        }
        let read = |tag| {
            let Some(values) = directory.numbers(source, tag, number)? else {
                return Ok(None);
            };
            if (values.len() as u64) < number {
                let text = format!("it has {number} {what}, but its {} only {} values", tag.1, values.len());
                return Err(PictureError::Damaged(text));
            }
            Ok(Some(values))
        };
        let missing = || PictureError::Damaged(format!("its {} is missing", offsets.1));
        let offsets = read(offsets)?.ok_or_else(missing)?;
        let counts = read(counts)?.unwrap_or_default();
        Ok(Self { size, chunk, tiled, across, down, row_bytes, offsets, counts })
    }

    /// Rows of pixels that are stored in a chunk of this row of chunks.
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

    /// The chunk at this place, of this plane.
    pub(super) fn place(&self, column: u32, row: u32, plane: usize) -> Place<'_> {
        Place { layout: self, column, row, plane }
    }
}

/// A chunk's place, which an error names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    layout: &'a Layout,
    column: u32,
    row: u32,
    plane: usize,
}

impl Place<'_> {
    fn index(&self) -> usize {
        let Layout { across, down, .. } = *self.layout;
        (self.plane * down as usize + self.row as usize) * across as usize + self.column as usize
    }

    /// Offset of its bytes, and how many they are if the file says so.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn stored(&self) -> Result<(u64, Option<u64>), PictureError> {
        let index = self.index();
        match (self.layout.offsets.get(index), self.layout.counts.get(index)) {
            (_, Some(0)) | (Some(0) | None, _) => Err(self.damaged("it is not in the file")),
            (Some(offset), count) => Ok((*offset, count.copied())),
        }
    }

    /// Says what is wrong with it.
    pub(super) fn damaged(&self, why: &str) -> PictureError {
        PictureError::Damaged(format!("{self}: {why}"))
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Layout { tiled, chunk, .. } = self.layout;
        if *tiled {
            write!(out, "tile {} (column {}, row {})", self.index(), self.column, self.row)
        } else {
            let first = u64::from(self.row) * u64::from(chunk.height);
            write!(out, "strip {} (from row {first} of the picture)", self.index())
        }
    }
}

/// Refuses sizes that a file of this length cannot hold.
fn check_length(source: &Source, size: Size, cells: Cells, compression: Compression) -> Result<(), PictureError> {
    let bits = u128::from(size.pixels()) * u128::from(cells.samples * cells.planes * cells.bits);
    let needed = u64::try_from(bits / 8 / u128::from(compression.most_expansion())).unwrap_or(u64::MAX);
    if needed > source.length {
        return Err(PictureError::TooShort { size, needed, found: source.length });
    }
    Ok(())
}

fn tile(source: &Source, directory: &Directory) -> Result<Size, PictureError> {
    let side = |tag| {
        let side = directory.first_number(source, tag)?;
        let side = side.ok_or_else(|| PictureError::Damaged(format!("its {} is missing", tag.1)))?;
        match u32::try_from(side) {
            Ok(side @ 1..) => Ok(side),
            _ => Err(PictureError::Damaged(format!("its {} is {side}", tag.1))),
        }
    };
    Ok(Size::new(side(tags::TILE_WIDTH)?, side(tags::TILE_LENGTH)?))
}

fn strip(source: &Source, directory: &Directory, size: Size) -> Result<Size, PictureError> {
    let rows = directory.first_number(source, tags::ROWS_PER_STRIP)?.unwrap_or(u64::from(size.height));
    if rows == 0 {
        return Err(PictureError::Damaged("its RowsPerStrip is 0".into()));
    }
    Ok(Size::new(size.width, rows.min(u64::from(size.height)) as u32))
}
