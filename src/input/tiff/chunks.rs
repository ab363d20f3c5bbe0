//! Chunks (strips and tiles): read from the file, expanded, and converted into the rows that they are part of.

use super::super::PictureError;
use super::colour::Lines;
use super::compression::{Compression, Expander};
use super::description::Description;
use super::directory::Source;
use super::jpeg_chunk::{JpegChunk, Wanted};
use super::layout::Place;
use super::samples::Stored;
use crate::geometry::Size;

/// The part of some rows of the picture that one chunk covers.
#[derive(Debug)]
pub(super) struct Part<'a, S> {
    /// The chunk's column.
    pub(super) column: u32,
    /// The chunk's row.
    pub(super) row: u32,
    /// Rows of the chunk above those wanted.
    pub(super) skip: u32,
    /// Where the next rows go, without the columns that lie beyond the picture.
    pub(super) rows: Vec<&'a mut [S]>,
}

/// Buffers for one chunk at a time. They are as large as the largest so far.
pub(super) struct Worker<S> {
    stored: Vec<u8>,
    /// The expanded chunk, in as many planes as it has.
    planes: Vec<Vec<u8>>,
    expander: Option<Expander>,
    jpeg: Option<Box<JpegChunk>>,
    lines: Lines<S>,
}

impl<S: Default> Worker<S> {
    /// Buffers for chunks of this image.
    pub(super) fn new(description: &Description) -> Self {
        let format = &description.format;
        let is_jpeg = description.compression == Compression::Jpeg;
        let planes = if format.planar || is_jpeg { format.used_samples() } else { 1 };
        Self {
            stored: Vec::new(),
            planes: vec![Vec::new(); planes],
            expander: Expander::new(description.compression),
            jpeg: is_jpeg.then(Box::default),
            lines: Lines::default(),
        }
    }
}

/// The image that is shown: its file and what is known of it.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) source: Source,
    pub(super) description: Description,
}

impl Image {
    /// Whether rows can be read from any place in a chunk.
    pub(super) fn is_direct(&self) -> bool {
        self.description.compression == Compression::None
    }

    /// Whether a chunk comes as planes, each of its own rows.
    fn comes_in_planes(&self) -> bool {
        self.description.format.planar || self.description.compression == Compression::Jpeg
    }

    /// Planes that have chunks of their own.
    pub(super) fn chunk_planes(&self) -> usize {
        if self.description.format.planar { self.description.format.used_samples() } else { 1 }
    }

    /// Reads what a part needs, and fills its rows.
    ///
    /// # Errors
    /// The chunk cannot be read, or is damaged; it is named.
    pub(super) fn fill<S: Stored>(&self, part: Part<'_, S>, worker: &mut Worker<S>) -> Result<(), PictureError> {
        let layout = &self.description.layout;
        for plane in 0..self.chunk_planes() {
            let place = layout.place(part.column, part.row, plane);
            match self.description.compression {
                Compression::None => self.read_rows(place, part.skip, part.rows.len(), &mut worker.planes[plane])?,
                Compression::Jpeg => self.read_jpeg(place, part.row, plane, worker)?,
                _ => self.read_stream(place, part.row, plane, worker)?,
            }
        }
        let above = if self.is_direct() { 0 } else { part.skip as usize };
        let stride = if worker.jpeg.is_some() { layout.chunk.width as usize } else { layout.row_bytes };
        let Worker { planes, lines, .. } = worker;
        for (y, row) in (above..).zip(part.rows) {
            self.convert(planes.iter().map(|plane| plane.get(y * stride..).unwrap_or_default()), row, lines);
        }
        Ok(())
    }

    /// Converts a row, of which each of `planes` begins with the bytes.
    pub(super) fn convert<'a, S: Stored>(
        &self,
        mut planes: impl ExactSizeIterator<Item = &'a [u8]>,
        row: &mut [S],
        lines: &mut Lines<S>,
    ) {
        if self.comes_in_planes() {
            self.description.format.convert_planes(planes, row, lines);
        } else {
            self.description.format.convert_pixels(planes.next().unwrap_or_default(), row, lines);
        }
    }

    /// Reads rows of an uncompressed chunk.
    fn read_rows(&self, place: Place<'_>, skip: u32, rows: usize, to: &mut Vec<u8>) -> Result<(), PictureError> {
        let row_bytes = self.description.layout.row_bytes;
        let (offset, count) = place.stored()?;
        let from = u64::from(skip) * row_bytes as u64;
        to.resize(rows * row_bytes, 0);
        if let Some(count) = count
            && count < from + to.len() as u64
        {
            let needed = from + to.len() as u64;
            return Err(place.damaged(&format!("it has {count} bytes, not the {needed} or more that its rows take")));
        }
        self.source.read(offset.saturating_add(from), to, &place)?;
        self.set_right(to);
        Ok(())
    }

    /// Reads a compressed chunk that has `expected` bytes of pixels.
    fn read_stored(&self, place: Place<'_>, expected: u64, to: &mut Vec<u8>) -> Result<(), PictureError> {
        let (offset, count) = place.stored()?;
        let most = self.description.compression.most_stored(expected);
        let length = match count {
            Some(count) => {
                self.source.check(offset, count, &place)?;
                count.min(most)
            }
            None => self.source.length.saturating_sub(offset).min(most),
        };
        let length = usize::try_from(length).map_err(|_| place.damaged("it is too large"))?;
        to.resize(length, 0);
        self.source.read(offset, to, &place)?;
        self.set_right(to);
        Ok(())
    }

    /// Turns each byte's bits where they are stored in the other order.
    pub(super) fn set_right(&self, bytes: &mut [u8]) {
        if self.description.reversed_bits {
            bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
    }

    fn read_stream<S>(
        &self,
        place: Place<'_>,
        row: u32,
        plane: usize,
        worker: &mut Worker<S>,
    ) -> Result<(), PictureError> {
        let layout = &self.description.layout;
        let wanted = layout.stored_rows(row) as usize * layout.row_bytes;
        self.read_stored(place, wanted as u64, &mut worker.stored)?;
        let Worker { expander: Some(expander), stored, planes, .. } = worker else {
            return Ok(());
        };
        expander.whole(stored, wanted, &mut planes[plane]).map_err(|why| place.damaged(&why))
    }

    fn read_jpeg<S>(
        &self,
        place: Place<'_>,
        row: u32,
        plane: usize,
        worker: &mut Worker<S>,
    ) -> Result<(), PictureError> {
        let (layout, format) = (&self.description.layout, &self.description.format);
        let expected = u64::from(layout.stored_rows(row)) * layout.row_bytes as u64;
        self.read_stored(place, expected, &mut worker.stored)?;
        let Worker { jpeg: Some(jpeg), stored, planes, .. } = worker else {
            return Ok(());
        };
        let components = if format.planar { 1 } else { format.samples };
        let size = Size::new(layout.chunk.width, layout.chunk.height);
        let wanted = Wanted { size, rows: layout.shown_rows(row), components };
        let decoded = jpeg.decode(stored, &self.description.jpeg_tables, wanted, &mut planes[plane..]);
        decoded.map_err(|why| place.damaged(&why))
    }
}
