//! Strips that are too high to be expanded as a whole: often a single one is the whole picture. They are expanded row
//! by row.

use super::super::PictureError;
use super::chunks::Image;
use super::compression::{Expander, too_short};
use super::layout::Place;

/// Bytes that a deflate stream may look back to.
const WINDOW: usize = 1 << 15;
/// Bytes that are read at once.
const READ_AT_ONCE: usize = 1 << 17;
/// Bytes of room for expanded ones, beside two rows.
const ROOM: usize = 1 << 18;

/// One strip of one plane, as far as it has been expanded.
pub(super) struct TallStrip {
    expander: Expander,
    /// Bytes read, of which those from `consumed` on are still to be expanded.
    input: Vec<u8>,
    consumed: usize,
    /// Where to read on in the file, and how many bytes there may be.
    offset: u64,
    left: u64,
    /// Expanded bytes, up to `made`; those up to `taken` have been delivered.
    output: Vec<u8>,
    taken: usize,
    made: usize,
    ended: bool,
    /// Bytes delivered before those in `output`.
    before: u64,
}

impl TallStrip {
    /// None where the image's chunks are not expanded from streams of bytes.
    pub(super) fn new(image: &Image) -> Option<Self> {
        let expander = Expander::new(image.description.compression)?;
        let room = WINDOW + ROOM + 2 * image.description.layout.row_bytes;
        Some(Self {
            expander,
            input: Vec::new(),
            consumed: 0,
            offset: 0,
            left: 0,
            output: vec![0; room],
            taken: 0,
            made: 0,
            ended: false,
            before: 0,
        })
    }

    /// Begins the strip at this place.
    ///
    /// # Errors
    /// It is not in the file.
    pub(super) fn begin(&mut self, image: &Image, place: Place<'_>) -> Result<(), PictureError> {
        let (offset, count) = place.stored()?;
        let rest = image.source.length.saturating_sub(offset);
        image.source.check(offset, count.unwrap_or(1), &place)?;
        (self.offset, self.left) = (offset, count.unwrap_or(rest));
        (self.taken, self.made, self.ended, self.before) = (0, 0, false, 0);
        self.refill(image, place)?;
        self.expander.begin(&self.input).map_err(|why| place.damaged(&why))
    }

    /// The strip's next row.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or ends before.
    pub(super) fn row(&mut self, image: &Image, place: Place<'_>) -> Result<&[u8], PictureError> {
        let row_bytes = image.description.layout.row_bytes;
        if self.taken + row_bytes > self.output.len() {
            let kept = self.taken.saturating_sub(WINDOW);
            self.output.copy_within(kept..self.made, 0);
            (self.taken, self.made) = (self.taken - kept, self.made - kept);
            self.before += kept as u64;
        }
        while self.made < self.taken + row_bytes {
            if self.consumed == self.input.len() && self.left > 0 {
                self.refill(image, place)?;
            }
            let input = self.input.get(self.consumed..).unwrap_or_default();
            let step = self.expander.step(input, &mut self.output, self.made).map_err(|why| place.damaged(&why))?;
            (self.consumed, self.made) = (self.consumed + step.consumed, self.made + step.produced);
            self.ended |= step.ended;
            let still =
                (step.consumed, step.produced) == (0, 0) && (self.left == 0 || self.consumed < self.input.len());
            if (self.ended || still) && self.made < self.taken + row_bytes {
                let layout = &image.description.layout;
                let wanted = u64::from(layout.chunk.height) * row_bytes as u64;
                return Err(place.damaged(&too_short(self.before + self.made as u64, wanted)));
            }
        }
        let row = self.output.get(self.taken..self.taken + row_bytes).unwrap_or_default();
        self.taken += row_bytes;
        Ok(row)
    }

    /// Reads on in the file; all that was read before has been consumed.
    fn refill(&mut self, image: &Image, place: Place<'_>) -> Result<(), PictureError> {
        let length = self.left.min(READ_AT_ONCE as u64);
        self.input.resize(length as usize, 0);
        image.source.read(self.offset, &mut self.input, &place)?;
        image.set_right(&mut self.input);
        self.consumed = 0;
        (self.offset, self.left) = (self.offset + length, self.left - length);
        Ok(())
    }
}
