//! Chunks (strips and tiles): read from the file, decompressed, and converted into rows.

use super::colour::RowBuffers;
use super::compression::{Compression, Expander};
use super::description::ImageDescription;
use super::directory::TiffFile;
use super::jpeg_chunk::{ExpectedShape, JpegChunk};
use super::layout::ChunkPlace;
use super::samples::StoredSample;
use crate::geometry::Size;
use crate::input::PictureError;

/// The part of some rows of the picture that lies in one chunk.
#[derive(Debug)]
pub(super) struct ChunkPart<'a, S> {
    /// The chunk's column.
    pub(super) column: u32,
    /// The chunk's row.
    pub(super) row: u32,
    /// Rows of the chunk above the first one wanted.
    pub(super) skip: u32,
    /// The rows to be filled, without columns beyond the picture.
    pub(super) rows: Vec<&'a mut [S]>,
}

/// Buffers for one chunk at a time.
pub(super) struct ChunkBuffers<S> {
    /// The chunk as stored.
    stored: Vec<u8>,
    /// The decompressed chunk, in one or more planes.
    planes: Vec<Vec<u8>>,
    decoder: ChunkDecoder,
    row: RowBuffers<S>,
}

enum ChunkDecoder {
    /// Rows can be read from the file directly.
    Uncompressed,
    Stream(Expander),
    Jpeg(Box<JpegChunk>),
}

impl ChunkDecoder {
    fn new(compression: Compression) -> Self {
        match Expander::new(compression) {
            Some(expander) => Self::Stream(expander),
            None if compression == Compression::Jpeg => Self::Jpeg(Box::default()),
            None => Self::Uncompressed,
        }
    }
}

impl<S: Default> ChunkBuffers<S> {
    /// Buffers for chunks of this image.
    pub(super) fn new(description: &ImageDescription) -> Self {
        let format = &description.format;
        let in_planes = format.planar || description.compression == Compression::Jpeg;
        Self {
            stored: Vec::new(),
            planes: vec![Vec::new(); if in_planes { format.used_samples() } else { 1 }],
            decoder: ChunkDecoder::new(description.compression),
            row: RowBuffers::default(),
        }
    }
}

/// The image being read: its file and its description.
#[derive(Debug)]
pub(super) struct TiffImage {
    pub(super) file: TiffFile,
    pub(super) description: ImageDescription,
}

impl TiffImage {
    /// Whether rows can be read from the middle of a chunk.
    pub(super) fn is_uncompressed(&self) -> bool {
        self.description.compression == Compression::None
    }

    /// Whether decompressed chunks consist of planes.
    fn is_decoded_to_planes(&self) -> bool {
        self.description.format.planar || self.description.compression == Compression::Jpeg
    }

    /// The number of planes with chunks of their own.
    pub(super) fn chunk_planes(&self) -> usize {
        if self.description.format.planar { self.description.format.used_samples() } else { 1 }
    }

    /// Reads a chunk and fills the rows of `part`.
    ///
    /// # Errors
    /// The chunk cannot be read, or is damaged. The error names it.
    pub(super) fn fill<S: StoredSample>(
        &self,
        part: ChunkPart<'_, S>,
        buffers: &mut ChunkBuffers<S>,
    ) -> Result<(), PictureError> {
        let layout = &self.description.layout;
        for plane in 0..self.chunk_planes() {
            let place = layout.place(part.column, part.row, plane);
            if self.is_uncompressed() {
                self.read_rows(place, part.skip, part.rows.len(), &mut buffers.planes[plane])?;
            } else {
                self.read_compressed(place, part.row, plane, buffers)?;
            }
        }
        let above = if self.is_uncompressed() { 0 } else { part.skip as usize };
        let is_jpeg = matches!(buffers.decoder, ChunkDecoder::Jpeg(_));
        let stride = if is_jpeg { layout.chunk.width as usize } else { layout.row_bytes };
        for (y, row) in (above..).zip(part.rows) {
            let planes = buffers.planes.iter().map(|plane| plane.get(y * stride..).unwrap_or_default());
            self.convert(planes, row, &mut buffers.row);
        }
        Ok(())
    }

    /// Converts a row. Each of `planes` begins with its bytes.
    pub(super) fn convert<'a, S: StoredSample>(
        &self,
        mut planes: impl ExactSizeIterator<Item = &'a [u8]>,
        row: &mut [S],
        buffers: &mut RowBuffers<S>,
    ) {
        if self.is_decoded_to_planes() {
            self.description.format.convert_planes(planes, row, buffers);
        } else {
            self.description.format.convert_pixels(planes.next().unwrap_or_default(), row, buffers);
        }
    }

    /// Reads rows of an uncompressed chunk.
    fn read_rows(&self, place: ChunkPlace<'_>, skip: u32, rows: usize, to: &mut Vec<u8>) -> Result<(), PictureError> {
        let row_bytes = self.description.layout.row_bytes;
        let (offset, count) = place.stored()?;
        let from = u64::from(skip) * row_bytes as u64;
        to.resize(rows * row_bytes, 0);
        let needed = from + to.len() as u64;
        if let Some(count) = count.filter(|count| *count < needed) {
            return Err(place.damaged(&format!("has {count} bytes, but its rows need at least {needed}")));
        }
        self.file.read(offset.saturating_add(from), to, &place)?;
        self.restore_bit_order(to);
        Ok(())
    }

    /// Reads and decompresses a chunk into the planes from `plane` on.
    fn read_compressed<S>(
        &self,
        place: ChunkPlace<'_>,
        row: u32,
        plane: usize,
        buffers: &mut ChunkBuffers<S>,
    ) -> Result<(), PictureError> {
        let (layout, format) = (&self.description.layout, &self.description.format);
        let wanted = layout.stored_rows(row) as usize * layout.row_bytes;
        let ChunkBuffers { stored, planes, decoder, .. } = buffers;
        self.read_stored(place, wanted as u64, stored)?;
        let decoded = match decoder {
            ChunkDecoder::Uncompressed => Ok(()),
            ChunkDecoder::Stream(expander) => expander.expand(stored, wanted, &mut planes[plane]),
            ChunkDecoder::Jpeg(jpeg) => {
                let expected = ExpectedShape {
                    size: Size::new(layout.chunk.width, layout.chunk.height),
                    min_rows: layout.shown_rows(row),
                    components: if format.planar { 1 } else { format.samples },
                };
                jpeg.decode(stored, &self.description.jpeg_tables, expected, &mut planes[plane..])
            }
        };
        decoded.map_err(|problem| place.damaged(&problem))
    }

    /// Reads the stored bytes of a chunk that has `expected` bytes of pixels.
    fn read_stored(&self, place: ChunkPlace<'_>, expected: u64, to: &mut Vec<u8>) -> Result<(), PictureError> {
        let (offset, count) = place.stored()?;
        let max = self.description.compression.max_stored_bytes(expected);
        let length = match count {
            Some(count) => {
                self.file.check(offset, count, &place)?;
                count.min(max)
            }
            None => self.file.length.saturating_sub(offset).min(max),
        };
        let length = usize::try_from(length).map_err(|_| place.damaged("too large"))?;
        to.resize(length, 0);
        self.file.read(offset, to, &place)?;
        self.restore_bit_order(to);
        Ok(())
    }

    /// Reverses the bits of each byte if they are stored in the other order.
    pub(super) fn restore_bit_order(&self, bytes: &mut [u8]) {
        if self.description.reversed_bits {
            bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
    }
}
