//! High strips, decompressed row by row. Often a single strip is the whole picture.

use super::chunks::TiffImage;
use super::compression::{Expander, truncated_after};
use super::layout::ChunkPlace;
use crate::input::PictureError;

/// Bytes that a Deflate stream may refer back to.
const WINDOW_BYTES: usize = 1 << 15;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 17;
/// Room for decompressed bytes, besides two rows.
const ROOM_BYTES: usize = 1 << 18;

/// One strip of one plane, decompressed up to the current row.
pub(super) struct StripStream {
    expander: Expander,
    /// Bytes read from the file.
    input: Vec<u8>,
    /// Bytes of `input` already decompressed.
    consumed: usize,
    /// Offset of the next bytes in the file.
    offset: u64,
    /// The most bytes from `offset` on.
    remaining: u64,
    output: Vec<u8>,
    /// Bytes of `output` already delivered.
    delivered: usize,
    /// Bytes of `output` already decompressed.
    produced: usize,
    ended: bool,
    /// Bytes delivered before the beginning of `output`.
    before: u64,
}

impl StripStream {
    /// A stream for strips of this image, or `None` if its compression is not a stream of bytes.
    pub(super) fn new(image: &TiffImage) -> Option<Self> {
        let expander = Expander::new(image.description.compression)?;
        let room = WINDOW_BYTES + ROOM_BYTES + 2 * image.description.layout.row_bytes;
        Some(Self {
            expander,
            input: Vec::new(),
            consumed: 0,
            offset: 0,
            remaining: 0,
            output: vec![0; room],
            delivered: 0,
            produced: 0,
            ended: false,
            before: 0,
        })
    }

    /// Begins the strip at this place.
    ///
    /// # Errors
    /// The strip is missing, or of a kind that is not supported.
    pub(super) fn begin(&mut self, image: &TiffImage, place: ChunkPlace<'_>) -> Result<(), PictureError> {
        let (offset, count) = place.stored()?;
        let rest = image.file.length.saturating_sub(offset);
        image.file.check(offset, count.unwrap_or(1), &place)?;
        (self.offset, self.remaining) = (offset, count.unwrap_or(rest));
        (self.delivered, self.produced, self.ended, self.before) = (0, 0, false, 0);
        self.refill(image, place)?;
        self.expander.begin(&self.input).map_err(|problem| place.damaged(&problem))
    }

    /// The strip's next row.
    ///
    /// # Errors
    /// The row cannot be read, or is damaged or missing.
    pub(super) fn row(&mut self, image: &TiffImage, place: ChunkPlace<'_>) -> Result<&[u8], PictureError> {
        let row_bytes = image.description.layout.row_bytes;
        if self.delivered + row_bytes > self.output.len() {
            self.make_room();
        }
        while self.produced < self.delivered + row_bytes {
            if self.consumed == self.input.len() && self.remaining > 0 {
                self.refill(image, place)?;
            }
            let is_stuck = self.expand(place)?;
            if (self.ended || is_stuck) && self.produced < self.delivered + row_bytes {
                let wanted = u64::from(image.description.layout.chunk.height) * row_bytes as u64;
                return Err(place.damaged(&truncated_after(self.before + self.produced as u64, wanted)));
            }
        }
        let row = self.output.get(self.delivered..self.delivered + row_bytes).unwrap_or_default();
        self.delivered += row_bytes;
        Ok(row)
    }

    /// Moves the bytes still needed to the beginning of `output`.
    fn make_room(&mut self) {
        let dropped = self.delivered.saturating_sub(WINDOW_BYTES);
        self.output.copy_within(dropped..self.produced, 0);
        (self.delivered, self.produced) = (self.delivered - dropped, self.produced - dropped);
        self.before += dropped as u64;
    }

    /// Decompresses as much as possible. Returns whether nothing happened although input is left, or none can follow.
    fn expand(&mut self, place: ChunkPlace<'_>) -> Result<bool, PictureError> {
        let input = self.input.get(self.consumed..).unwrap_or_default();
        let step = self.expander.step(input, &mut self.output, self.produced);
        let step = step.map_err(|problem| place.damaged(&problem))?;
        (self.consumed, self.produced) = (self.consumed + step.consumed, self.produced + step.produced);
        self.ended |= step.ended;
        let is_idle = (step.consumed, step.produced) == (0, 0);
        Ok(is_idle && (self.remaining == 0 || self.consumed < self.input.len()))
    }

    /// Replaces `input`, which must be consumed, by the next bytes of the file.
    fn refill(&mut self, image: &TiffImage, place: ChunkPlace<'_>) -> Result<(), PictureError> {
        let length = self.remaining.min(READ_BYTES as u64);
        self.input.resize(length as usize, 0);
        image.file.read(self.offset, &mut self.input, &place)?;
        image.restore_bit_order(&mut self.input);
        self.consumed = 0;
        (self.offset, self.remaining) = (self.offset + length, self.remaining - length);
        Ok(())
    }
}
