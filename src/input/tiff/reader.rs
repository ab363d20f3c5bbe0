//! Bands of rows from rows of chunks.

use super::super::PictureError;
use super::chunks::{Image, Part, Worker};
use super::colour::Lines;
use super::samples::Stored;
use super::tall::TallStrip;
use crate::geometry::Size;
use crate::input::whole::wrong_band;
use crate::raster::Raster;
use crate::sync::Workers;
use rayon::prelude::*;

/// Rows of an uncompressed strip that one thread reads at a time.
const DIRECT_ROWS: u32 = 32;

/// Reads an image whose samples are delivered as `S`.
pub(super) struct Reader<S> {
    image: Image,
    /// The next row to be delivered.
    next: u32,
    /// Rows that came with a row of chunks before it was their turn: these, and the number of the first.
    kept: Vec<S>,
    kept_from: u32,
    workers: Workers<Worker<S>>,
    /// One for each plane, where strips are expanded row by row.
    tall: Vec<TallStrip>,
    lines: Lines<S>,
}

impl<S: Stored> Reader<S> {
    /// At the first row. `by_rows` says that strips are expanded row by row.
    pub(super) fn new(image: Image, by_rows: bool) -> Self {
        let strips = if by_rows { image.chunk_planes() } else { 0 };
        Self {
            next: 0,
            kept: Vec::new(),
            kept_from: 0,
            workers: Workers::default(),
            tall: (0..strips).map_while(|_| TallStrip::new(&image)).collect(),
            lines: Lines::default(),
            image,
        }
    }

    pub(super) fn size(&self) -> Size {
        self.image.description.layout.size
    }

    /// Fills `band` with the next rows.
    ///
    /// # Errors
    /// It has another shape than the rows, or more than are left; or they cannot be read or are damaged.
    pub(super) fn read(&mut self, band: &mut Raster<S>) -> Result<(), PictureError> {
        let (size, channels) = (self.size(), self.image.description.format.channels());
        let left = (size.height - self.next) as usize;
        if band.width() != size.width as usize || band.channels() != channels || band.height() > left {
            return Err(wrong_band());
        }
        let (end, stride) = (self.next + band.height() as u32, band.width() * channels);
        let kept_end = self.kept_from + (self.kept.len() / stride) as u32;
        let from_kept = kept_end.min(end).saturating_sub(self.next);
        let (known, unknown) = band.samples_mut().split_at_mut(from_kept as usize * stride);
        if from_kept > 0 {
            let begin = (self.next - self.kept_from) as usize * stride;
            known.copy_from_slice(&self.kept[begin..begin + known.len()]);
        }
        let first = self.next + from_kept;
        if first < end {
            if self.tall.is_empty() { self.read_chunks(first..end, unknown)? } else { self.read_tall(first, unknown)? }
        }
        self.next = end;
        Ok(())
    }

    /// Rows from chunks, and into `kept` what their last row of chunks has beyond.
    fn read_chunks(&mut self, rows: std::ops::Range<u32>, to: &mut [S]) -> Result<(), PictureError> {
        let Self { image, kept, workers, .. } = self;
        let (layout, channels) = (&image.description.layout, image.description.format.channels());
        let stride = layout.size.width as usize * channels;
        let height = layout.chunk.height;
        let bottom = match rows.end.div_ceil(height).saturating_mul(height).min(layout.size.height) {
            _ if image.is_direct() => rows.end,
            bottom => bottom,
        };
        kept.resize((bottom - rows.end) as usize * stride, S::default());
        self.kept_from = rows.end;
        let at_once = if image.is_direct() && !layout.tiled { DIRECT_ROWS.min(height) } else { height };
        let mut lines = to.chunks_exact_mut(stride).chain(kept.chunks_exact_mut(stride));
        let mut parts = Vec::new();
        let mut y = rows.start;
        while y < bottom {
            let (row, skip) = (y / height, y % height);
            let count = at_once.min(height - skip).min(bottom - y);
            let begin = parts.len();
            parts.extend((0..layout.across).map(|column| Part {
                column,
                row,
                skip,
                rows: Vec::with_capacity(count as usize),
            }));
            for mut line in lines.by_ref().take(count as usize) {
                for part in &mut parts[begin..] {
                    let (own, rest) = line.split_at_mut(layout.shown_columns(part.column) as usize * channels);
                    part.rows.push(own);
                    line = rest;
                }
            }
            y += count;
        }
        let workers = &*workers;
        let fill = |part| workers.lend_or(|| Worker::new(&image.description), |worker| image.fill(part, worker)).err();
        // The first failure by place, not by time, so that the same file gives the same error.
        parts.into_par_iter().find_map_first(fill).map_or(Ok(()), Err)
    }

    /// Rows from strips that are expanded row by row, from row `first` on.
    fn read_tall(&mut self, first: u32, to: &mut [S]) -> Result<(), PictureError> {
        let Self { image, tall, lines, .. } = self;
        let layout = &image.description.layout;
        let stride = layout.size.width as usize * image.description.format.channels();
        for (y, row) in (first..).zip(to.chunks_exact_mut(stride)) {
            let mut planes = Vec::with_capacity(tall.len());
            for (plane, strip) in tall.iter_mut().enumerate() {
                let place = layout.place(0, y / layout.chunk.height, plane);
                if y % layout.chunk.height == 0 {
                    strip.begin(image, place)?;
                }
                planes.push(strip.row(image, place)?);
            }
            image.convert(planes.into_iter(), row, lines);
        }
        Ok(())
    }
}
