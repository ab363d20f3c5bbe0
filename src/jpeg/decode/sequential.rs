//! Decodes blocks of sequential scans (ITU T.81 F.2.2), where a build spends most of its time.

use super::bits::BitReader;
use super::blocks::{BlockDecoder, DcTables};
use super::huffman::{CodeEntry, DecodeTable};
use super::table_slot::TableSlot;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::fold::{FoldTable, FoldedBlock, MAX_AC};
use crate::jpeg::image::Block;
use crate::jpeg::tables::NATURAL_ORDER;

/// What coefficients become: whole blocks or folded ones.
pub(super) trait Destination {
    type Block;

    /// Starts a block of component `place` of the scan with its DC coefficient.
    fn begin(&self, place: usize, block: &mut Self::Block, dc: i16);

    /// Sets the AC coefficient at a zig-zag position; it has at most ten bits.
    ///
    /// May be called for other positions with zero, or with a value that is overwritten at once.
    fn put(&self, place: usize, block: &mut Self::Block, position: usize, value: i16);

    /// Sets an AC coefficient of up to 15 bits.
    fn put_large(&self, place: usize, block: &mut Self::Block, position: usize, value: i16);
}

/// Keeps all coefficients.
pub(super) struct WholeBlocks;

impl Destination for WholeBlocks {
    type Block = Block;

    #[inline(always)]
    fn begin(&self, _: usize, block: &mut Block, dc: i16) {
        *block = [0; 64];
        block[0] = dc;
    }

    #[inline(always)]
    fn put(&self, _: usize, block: &mut Block, position: usize, value: i16) {
        block[usize::from(NATURAL_ORDER[position & 63] & 63)] = value;
    }

    fn put_large(&self, place: usize, block: &mut Block, position: usize, value: i16) {
        self.put(place, block, position, value);
    }
}

/// Folds blocks, with a table per component of the scan.
pub(super) struct FoldedBlocks(pub(super) [FoldTable; 3]);

impl Destination for FoldedBlocks {
    type Block = FoldedBlock;

    #[inline(always)]
    fn begin(&self, place: usize, block: &mut FoldedBlock, dc: i16) {
        *block = self.0[place].begin(dc);
    }

    #[inline(always)]
    fn put(&self, place: usize, block: &mut FoldedBlock, position: usize, value: i16) {
        self.0[place].add(block, position, i32::from(value));
    }

    fn put_large(&self, place: usize, block: &mut FoldedBlock, position: usize, value: i16) {
        self.0[place].add(block, position, i32::from(value).clamp(-MAX_AC, MAX_AC));
    }
}

/// Decodes blocks with all their coefficients.
pub(super) struct Sequential<'a, D> {
    dc: DcTables<'a>,
    ac: [&'a TableSlot; 3],
    destination: D,
    predictions: [i32; 3],
}

impl<'a, D: Destination> Sequential<'a, D> {
    pub(super) fn new(dc: DcTables<'a>, ac: [&'a TableSlot; 3], destination: D) -> Self {
        Self::resume(dc, ac, destination, [0; 3])
    }

    /// Continues within a restart interval with these DC predictions.
    pub(super) fn resume(dc: DcTables<'a>, ac: [&'a TableSlot; 3], destination: D, predictions: [i32; 3]) -> Self {
        Self { dc, ac, destination, predictions }
    }

    /// The DC predictions for the next block.
    pub(super) fn predictions(&self) -> [i32; 3] {
        self.predictions
    }

    /// Decodes the AC coefficients (F.2.2.2).
    ///
    /// The loop's chain of dependencies is look-up, shift, look-up. The refill runs beside it, because the look-up
    /// reads bits that were there before. Every path leaves at least 25 bits in the reservoir, and the look-up reads
    /// 10.
    #[inline(always)]
    fn decode_ac(&self, reader: &mut BitReader<'_>, place: usize, block: &mut D::Block) -> Result<(), JpegErrorKind> {
        let pairs = &self.ac[place].pairs;
        let mut at = 0;
        while at < 63 {
            let pair = pairs.look(reader);
            reader.refill();
            let (first, second) = (at + pair.first_skip(), at + pair.skip());
            if second > 63 {
                if pair.ends_block(first) {
                    self.destination.put(place, block, first, pair.first_value());
                    reader.consume(pair.total_bits());
                    return Ok(());
                }
                // By value, so that the reader can stay in registers.
                let rare = self.decode_rare(*reader, place, block, at);
                *reader = rare.reader;
                at = rare.outcome?;
                continue;
            }
            // A single coefficient is set last, and the first is zero.
            self.destination.put(place, block, first, pair.first_value());
            self.destination.put(place, block, second, pair.value(reader.peek()));
            reader.consume(pair.total_bits());
            at = second;
        }
        Ok(())
    }

    /// Decodes one symbol after position `at` that has no pair.
    ///
    /// That is a long code, the last coefficient of a full block, or an error.
    #[cold]
    fn decode_rare<'b>(&self, mut reader: BitReader<'b>, place: usize, block: &mut D::Block, at: usize) -> Rare<'b> {
        let outcome = self.ac[place].table.next(&mut reader).and_then(|(entry, reservoir)| {
            let next = at + entry.skip();
            if next > 63 {
                return end_of_block(entry).map(|()| 64);
            }
            self.destination.put_large(place, block, next, entry.value(reservoir) as i16);
            Ok(next)
        });
        Rare { reader, outcome }
    }
}

/// The result of [`Sequential::decode_rare`].
struct Rare<'a> {
    reader: BitReader<'a>,
    /// The new position, 64 at the end of the block.
    outcome: Result<usize, JpegErrorKind>,
}

/// Decodes the DC coefficient: prediction plus coded difference (F.2.2.1). It becomes the next prediction.
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

impl<D: Destination> BlockDecoder for Sequential<'_, D> {
    type Block = D::Block;

    fn restart(&mut self) {
        self.predictions = [0; 3];
    }

    #[inline(always)]
    fn block(&mut self, reader: &mut BitReader<'_>, place: usize, block: &mut D::Block) -> Result<(), JpegErrorKind> {
        // A copy can live in registers.
        let mut bits = *reader;
        let rest = decode_dc(self.dc[place], &mut bits, &mut self.predictions[place]).and_then(|dc| {
            self.destination.begin(place, block, dc);
            self.decode_ac(&mut bits, place, block)
        });
        *reader = bits;
        rest
    }
}

/// Checks that a code that left the block is an end of block.
fn end_of_block(entry: CodeEntry) -> Result<(), JpegErrorKind> {
    match entry.end_of_band() {
        Some(0) => Ok(()),
        None if entry.skip() <= 16 => Err(JpegErrorKind::CoefficientIndex),
        _ => Err(JpegErrorKind::InvalidCode),
    }
}
