//! Assembles bands of rows from rows of chunks.

use super::chunks::{ChunkBuffers, ChunkPart, TiffImage};
use super::colour::RowBuffers;
use super::samples::StoredSample;
use super::strip_stream::StripStream;
use crate::geometry::Size;
use crate::input::PictureError;
use crate::raster::Raster;
use crate::sync::Workers;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of an uncompressed strip that one thread reads at a time.
const UNCOMPRESSED_ROWS: u32 = 32;

/// How strips are decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadMode {
    /// Whole chunks, several at a time.
    Chunks,
    /// High strips row by row, by one thread.
    Rows,
}

/// Reads an image whose samples are delivered as `S`.
pub(super) struct ChunkReader<S> {
    image: TiffImage,
    /// The next row to be delivered.
    next: u32,
    /// Rows decoded together with a row of chunks, but not delivered yet.
    ahead: Vec<S>,
    /// The number of the first row in `ahead`.
    ahead_from: u32,
    buffers: Workers<ChunkBuffers<S>>,
    /// One per plane for [`ReadMode::Rows`]; otherwise empty.
    strips: Vec<StripStream>,
    row_buffers: RowBuffers<S>,
}

impl<S: StoredSample> ChunkReader<S> {
    /// A reader at the first row.
    pub(super) fn new(image: TiffImage, mode: ReadMode) -> Self {
        let strips = if mode == ReadMode::Rows { image.chunk_planes() } else { 0 };
        Self {
            next: 0,
            ahead: Vec::new(),
            ahead_from: 0,
            buffers: Workers::default(),
            strips: (0..strips).map_while(|_| StripStream::new(&image)).collect(),
            row_buffers: RowBuffers::default(),
            image,
        }
    }

    pub(super) fn size(&self) -> Size {
        self.image.description.layout.size
    }

    /// Samples per row delivered.
    fn stride(&self) -> usize {
        self.size().width as usize * self.image.description.format.channels()
    }

    /// Fills `band` with the next rows.
    ///
    /// # Errors
    /// The band has the wrong shape or more rows than remain, or the file cannot be read or is damaged.
    pub(super) fn read(&mut self, band: &mut Raster<S>) -> Result<(), PictureError> {
        let (size, channels, stride) = (self.size(), self.image.description.format.channels(), self.stride());
        let remaining = (size.height - self.next) as usize;
        if band.width() != size.width as usize || band.channels() != channels || band.height() > remaining {
            return Err(PictureError::wrong_band());
        }
        let end = self.next + band.height() as u32;
        let ahead_end = self.ahead_from + (self.ahead.len() / stride) as u32;
        let rows_ahead = ahead_end.min(end).saturating_sub(self.next);
        let (known, unknown) = band.samples_mut().split_at_mut(rows_ahead as usize * stride);
        if rows_ahead > 0 {
            let first = (self.next - self.ahead_from) as usize * stride;
            known.copy_from_slice(&self.ahead[first..first + known.len()]);
        }
        let first = self.next + rows_ahead;
        if first < end {
            if self.strips.is_empty() {
                self.read_chunks(first..end, unknown)?;
            } else {
                self.read_strips(first, unknown)?;
            }
        }
        self.next = end;
        Ok(())
    }

    /// Reads rows from chunks into `to`, and the remaining rows of the last row of chunks into `ahead`.
    fn read_chunks(&mut self, rows: Range<u32>, to: &mut [S]) -> Result<(), PictureError> {
        let stride = self.stride();
        let Self { image, ahead, buffers, .. } = self;
        let layout = &image.description.layout;
        let height = layout.chunk.height;
        let bottom = if image.is_uncompressed() {
            rows.end
        } else {
            rows.end.div_ceil(height).saturating_mul(height).min(layout.size.height)
        };
        ahead.resize((bottom - rows.end) as usize * stride, S::default());
        self.ahead_from = rows.end;
        let lines = to.chunks_exact_mut(stride).chain(ahead.chunks_exact_mut(stride));
        let parts = split_into_parts(image, rows.start..bottom, lines);
        let buffers = &*buffers;
        let new = || ChunkBuffers::new(&image.description);
        let fill = |part| buffers.lend_or(new, |buffers| image.fill(part, buffers)).err();
        // The first failure by place, not by time, so that the same file always gives the same error.
        parts.into_par_iter().find_map_first(fill).map_or(Ok(()), Err)
    }

    /// Reads rows, from row `first` on, from strips that are decompressed row by row.
    fn read_strips(&mut self, first: u32, to: &mut [S]) -> Result<(), PictureError> {
        let stride = self.stride();
        let Self { image, strips, row_buffers, .. } = self;
        let layout = &image.description.layout;
        for (y, row) in (first..).zip(to.chunks_exact_mut(stride)) {
            let mut planes = Vec::with_capacity(strips.len());
            for (plane, strip) in strips.iter_mut().enumerate() {
                let place = layout.place(0, y / layout.chunk.height, plane);
                if y % layout.chunk.height == 0 {
                    strip.begin(image, place)?;
                }
                planes.push(strip.row(image, place)?);
            }
            image.convert(planes.into_iter(), row, row_buffers);
        }
        Ok(())
    }
}

/// Divides `lines`, which are these rows of the picture, among the chunks that contain them.
fn split_into_parts<'a, S: StoredSample>(
    image: &TiffImage,
    rows: Range<u32>,
    mut lines: impl Iterator<Item = &'a mut [S]>,
) -> Vec<ChunkPart<'a, S>> {
    let (layout, channels) = (&image.description.layout, image.description.format.channels());
    let height = layout.chunk.height;
    let max_rows = if image.is_uncompressed() && !layout.tiled { UNCOMPRESSED_ROWS.min(height) } else { height };
    let mut parts = Vec::new();
    let mut y = rows.start;
    while y < rows.end {
        let (row, skip) = (y / height, y % height);
        let count = max_rows.min(height - skip).min(rows.end - y);
        let first = parts.len();
        let part = |column| ChunkPart { column, row, skip, rows: Vec::with_capacity(count as usize) };
        parts.extend((0..layout.across).map(part));
        for mut line in lines.by_ref().take(count as usize) {
            for part in &mut parts[first..] {
                let (own, rest) = line.split_at_mut(layout.shown_columns(part.column) as usize * channels);
                part.rows.push(own);
                line = rest;
            }
        }
        y += count;
    }
    parts
}
