//! Blocks of sequential scans (ITU T.81 F.2.2), baseline and extended: where a build spends most of
//! its time.

use super::bits::BitReader;
use super::error::JpegErrorKind;
use super::huffman::{DecodeTable, Entry, TableSlot};
use super::image::Block;
use super::tables::NATURAL_ORDER;
use super::walk::{BlockDecoder, Tables};

/// Decodes whole blocks, each at once.
pub(super) struct Sequential<'a> {
    dc: Tables<'a>,
    ac: [&'a TableSlot; 3],
    predictions: [i32; 3],
}

impl<'a> Sequential<'a> {
    pub(super) fn new(dc: Tables<'a>, ac: [&'a TableSlot; 3]) -> Self {
        Self { dc, ac, predictions: [0; 3] }
    }
}

/// The DC coefficient: the prediction and a coded difference (F.2.2.1). It also becomes the next
/// prediction.
#[inline(always)]
pub(super) fn decode_dc(
    table: &DecodeTable,
    reader: &mut BitReader<'_>,
    prediction: &mut i32,
) -> Result<i16, JpegErrorKind> {
    let (entry, reservoir) = table.next(reader)?;
    *prediction += entry.value(reservoir);
    i16::try_from(*prediction).map_err(|_| JpegErrorKind::CoefficientRange)
}

impl BlockDecoder for Sequential<'_> {
    fn restart(&mut self) {
        self.predictions = [0; 3];
    }

    #[inline(always)]
    fn block(&mut self, reader: &mut BitReader<'_>, place: usize, block: &mut Block) -> Result<(), JpegErrorKind> {
        *block = [0; 64];
        // A copy, which can live in registers.
        let mut bits = *reader;
        let dc = decode_dc(self.dc[place], &mut bits, &mut self.predictions[place]);
        let rest = match dc {
            Ok(dc) => {
                block[0] = dc;
                decode_ac(self.ac[place], &mut bits, block)
            }
            Err(kind) => Err(kind),
        };
        *reader = bits;
        rest
    }
}

/// The AC coefficients (F.2.2.2).
///
/// The loop's chain of dependencies is look-up, shift, look-up: the refill goes on beside it,
/// because what is looked up are bits that were there before. Every path leaves 25 bits or more in
/// the reservoir, and the look takes 10.
#[inline(always)]
fn decode_ac(slot: &TableSlot, reader: &mut BitReader<'_>, block: &mut Block) -> Result<(), JpegErrorKind> {
    let mut at = 0;
    while at < 63 {
        let pair = slot.pairs.look(reader);
        reader.refill();
        let (first, second) = (at + pair.first_skip(), at + pair.skip());
        if second > 63 {
            if pair.ends_block(first) {
                block[place(first)] = pair.first_value();
                reader.consume(pair.total_bits());
                return Ok(());
            }
            // By value, so that the reader can stay in registers.
            let rare = decode_rare(slot, *reader, block, at);
            *reader = rare.reader;
            at = rare.outcome?;
            continue;
        }
        // Where there is only one coefficient, it is written last.
        block[place(first)] = pair.first_value();
        block[place(second)] = pair.value(reader.peek());
        reader.consume(pair.total_bits());
        at = second;
    }
    Ok(())
}

/// Where in a block a zig-zag position is.
#[inline(always)]
fn place(position: usize) -> usize {
    usize::from(NATURAL_ORDER[position & 63] & 63)
}

/// What [`decode_rare`] did.
struct Rare<'a> {
    reader: BitReader<'a>,
    /// The position gone on to, 64 at the block's end.
    outcome: Result<usize, JpegErrorKind>,
}

/// One symbol behind position `at` that pairs do not answer: a long code, the last coefficient of a
/// full block, or what should not be.
#[cold]
fn decode_rare<'a>(slot: &TableSlot, mut reader: BitReader<'a>, block: &mut Block, at: usize) -> Rare<'a> {
    let outcome = slot.table.next(&mut reader).and_then(|(entry, reservoir)| {
        let next = at + entry.skip();
        if next > 63 {
            return end_of_block(entry).map(|()| 64);
        }
        block[place(next)] = entry.value(reservoir) as i16;
        Ok(next)
    });
    Rare { reader, outcome }
}

/// What it means that a code led out of its block.
fn end_of_block(entry: Entry) -> Result<(), JpegErrorKind> {
    match entry.end_of_band() {
        Some(0) => Ok(()),
        None if entry.skip() <= 16 => Err(JpegErrorKind::CoefficientIndex),
        _ => Err(JpegErrorKind::InvalidCode),
    }
}
