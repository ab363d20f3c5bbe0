//! Huffman codes to entropy-coded bytes (ITU T.81 F.1.2), with byte stuffing.

use super::symbols::categorise;
use crate::jpeg::tables::HuffmanSpec;

/// Per symbol its code and length; length 0 for a symbol without code.
#[derive(Clone, Copy)]
pub(super) struct EncodeTable {
    entries: [(u16, u8); 256],
}

impl EncodeTable {
    /// The codes of a table (C.2), which must not be overfull.
    pub(super) const fn new(spec: &HuffmanSpec) -> Self {
        let mut entries = [(0, 0); 256];
        let (mut code, mut index, mut length) = (0u32, 0, 1u8);
        while length <= 16 {
            let end = index + spec.counts[length as usize - 1] as usize;
            while index < end {
                entries[spec.symbols[index] as usize] = (code as u16, length);
                code += 1;
                index += 1;
            }
            code <<= 1;
            length += 1;
        }
        Self { entries }
    }
}

/// Smaller magnitudes, after any run, have code and extra bits in one entry.
const SHORT: i32 = 32;

/// An AC table. Nearly all coefficients are small and take one look-up and no arithmetic.
#[derive(Clone, Copy)]
pub(super) struct AcEncodeTable {
    pub(super) symbols: EncodeTable,
    /// Per run and value from -[`SHORT`] to [`SHORT`] - 1: the bits, and their number in the lowest five.
    ///
    /// Zero if there is no entry.
    short: [[u32; 2 * SHORT as usize]; 16],
}

impl AcEncodeTable {
    pub(super) const fn new(spec: &HuffmanSpec) -> Self {
        let symbols = EncodeTable::new(spec);
        let mut short = [[0; 2 * SHORT as usize]; 16];
        let mut run = 0;
        while run < 16 {
            let mut value = 1 - SHORT;
            while value < SHORT {
                let (size, extra) = categorise(value);
                let (code, length) = symbols.entries[run << 4 | size as usize];
                if value != 0 && length > 0 {
                    let bits = (code as u32) << size | extra;
                    short[run][(value + SHORT) as usize] = bits << 5 | (length as u32 + size);
                }
                value += 1;
            }
            run += 1;
        }
        Self { symbols, short }
    }

    /// The bits, and their number, of a small coefficient after up to 15 zeros.
    #[inline(always)]
    pub(super) fn short(&self, run: u32, value: i32) -> Option<(u64, u32)> {
        let entry = *self.short[run as usize & 15].get((value + SHORT) as usize)?;
        (entry != 0).then_some((u64::from(entry >> 5), entry & 31))
    }
}

/// More bytes than a block can take: a DC code of 16 and 11 bits, 63 AC codes of 16 and 10, and a partial word.
const MAX_BLOCK_BYTES: usize = 256;
/// Growth of the output when it is full.
const GROWTH_BYTES: usize = 4096;

/// Writes bits, most significant first.
///
/// Each write stores a whole word and advances by the complete bytes, without a branch. Stuffing comes last, in a pass
/// of its own, as FF is rare.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Positions in `out` of the first and the next entropy-coded byte.
    start: usize,
    at: usize,
    /// The uppermost `used` bits, fewer than 8, are not written yet; the bits below are zero.
    waiting: u64,
    used: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start, at: start, waiting: 0, used: 0 }
    }

    /// Must be called before each block.
    #[inline(always)]
    pub(super) fn make_room(&mut self) {
        if self.out.len() - self.at < MAX_BLOCK_BYTES {
            self.out.resize(self.at + GROWTH_BYTES, 0);
        }
    }

    /// Writes a symbol's code and `size` extra bits, at most 16. The other bits of `extra` must be zero.
    #[inline(always)]
    pub(super) fn symbol(&mut self, table: &EncodeTable, symbol: u8, size: u32, extra: u32) {
        let (code, length) = table.entries[usize::from(symbol)];
        self.bits(u64::from(code) << size | u64::from(extra), u32::from(length) + size);
    }

    /// Writes the lowest `count` bits, at most 32; the others must be zero. There must be room.
    #[inline(always)]
    pub(super) fn bits(&mut self, bits: u64, count: u32) {
        self.used += count;
        self.waiting |= (bits << 1) << (63 - self.used);
        if let Some(word) = self.out.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            *word = self.waiting.to_be_bytes();
        }
        self.at += (self.used >> 3) as usize;
        self.waiting <<= self.used & 56;
        self.used &= 7;
    }

    /// Fills the last byte with ones (F.1.2.3) and inserts the stuffing.
    pub(super) fn finish(mut self) {
        self.make_room();
        let padding = (8 - self.used) & 7;
        self.bits((1 << padding) - 1, padding);
        self.out.truncate(self.at);
        stuff(self.out, self.start);
    }
}

/// Inserts a zero after each FF from `start` on, from the end backwards, so that each byte moves once.
fn stuff(out: &mut Vec<u8>, start: usize) {
    let mut unmoved = out.len();
    let stuffing = out[start..].iter().map(|&byte| usize::from(byte == 0xFF)).sum::<usize>();
    out.resize(unmoved + stuffing, 0);
    let mut moved = out.len();
    while unmoved < moved
        && let Some(last) = last_ff(&out[start..unmoved]).map(|last| start + last)
    {
        let behind = last + 1..unmoved;
        moved -= behind.len();
        out.copy_within(behind, moved);
        moved -= 2;
        out[moved..moved + 2].copy_from_slice(&[0xFF, 0]);
        unmoved = last;
    }
}

/// Position of the last FF.
///
/// Looks at 16 bytes at a time without branching inside, which compiles to vector comparisons.
fn last_ff(bytes: &[u8]) -> Option<usize> {
    let (begin, chunks) = bytes.as_rchunks::<16>();
    let any = |chunk: &[u8; 16]| chunk.iter().fold(0u8, |any, &byte| any | u8::from(byte == 0xFF)) != 0;
    let within = |part: &[u8]| part.iter().rposition(|&byte| byte == 0xFF);
    match chunks.iter().rposition(any) {
        Some(chunk) => within(&chunks[chunk]).map(|at| begin.len() + chunk * 16 + at),
        None => within(begin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::decode::bits::{BitReader, unstuff};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reader_returns_the_bits_written(
            pieces in prop::collection::vec((0u32..=32, prop_oneof![Just(u32::MAX), any::<u32>()]), 0..2000),
        ) {
            let mut out = vec![9];
            let mut writer = BitWriter::new(&mut out);
            for &(count, bits) in &pieces {
                writer.make_room();
                writer.bits(u64::from(bits) & ((1 << count) - 1), count);
            }
            writer.finish();
            let mut segment = Vec::new();
            prop_assert_eq!(unstuff(&out[1..], &mut segment), out.len() - 1);
            let mut reader = BitReader::new(&segment);
            for &(count, bits) in &pieces {
                let upper = reader.read(count / 2);
                let lower = reader.read(count - count / 2);
                let read = u64::from(upper) << (count - count / 2) | u64::from(lower);
                prop_assert_eq!(read, u64::from(bits) & ((1 << count) - 1));
            }
            prop_assert!(!reader.overrun());
            prop_assert_eq!(reader.bytes_left(), 0);
        }
    }
}
