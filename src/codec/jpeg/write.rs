//! Huffman codes to entropy-coded bytes (ITU T.81 F.1.2), with byte stuffing.

use super::tables::HuffmanSpec;

/// For each symbol its code and the code's length; length 0 for a symbol without a code.
#[derive(Clone, Copy)]
pub(super) struct EncodeTable {
    entries: [(u16, u8); 256],
}

impl EncodeTable {
    /// The codes of a table (C.2). It must not be over-full.
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

/// Writes bits, most significant first, a word at a time.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The lowest 64 - `free` bits wait to be written; what stands above them is old.
    waiting: u64,
    free: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, waiting: 0, free: 64 }
    }

    /// Writes a symbol's code and `size` extra bits, at most 16; the bits above them in `extra`
    /// must be zero.
    #[inline(always)]
    pub(super) fn symbol(&mut self, table: &EncodeTable, symbol: u8, size: u32, extra: u32) {
        let (code, length) = table.entries[usize::from(symbol)];
        self.bits(u64::from(code) << size | u64::from(extra), u32::from(length) + size);
    }

    /// Writes the lowest `count` bits, at most 32; those above must be zero.
    #[inline(always)]
    pub(super) fn bits(&mut self, bits: u64, count: u32) {
        if count <= self.free {
            self.waiting = self.waiting << (count & 63) | bits;
            self.free -= count;
        } else {
            let later = count - self.free;
            let word = self.waiting << (self.free & 63) | bits >> later;
            self.word(word);
            self.waiting = bits;
            self.free = 64 - later;
        }
    }

    /// Writes eight bytes, with a zero after each FF; words with one are few, so one test for the
    /// whole word pays.
    #[inline(always)]
    fn word(&mut self, word: u64) {
        if has_ff(word) {
            word.to_be_bytes().into_iter().for_each(|byte| self.byte(byte));
        } else {
            self.out.extend_from_slice(&word.to_be_bytes());
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }

    /// Fills the last byte with ones (F.1.2.3) and writes what waits.
    pub(super) fn finish(mut self) {
        let padding = self.free % 8;
        self.bits((1 << padding) - 1, padding);
        let bytes = (64 - self.free) / 8;
        for index in (0..bytes).rev() {
            self.byte((self.waiting >> (index * 8)) as u8);
        }
    }
}

/// Whether one of the eight bytes is FF: then its complement is zero, and taking one from each byte
/// of the complement borrows into an upper bit that was clear.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const UPPER: u64 = 0x8080_8080_8080_8080;
    (!word).wrapping_sub(ONES) & word & UPPER != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::jpeg::bits::{BitReader, unstuff};
    use proptest::prelude::*;

    #[test]
    fn ff_is_found_in_each_byte_and_nowhere_else() {
        for index in 0..8 {
            for byte in [0u64, 1, 0x7F, 0x80, 0xFE, 0xFF] {
                assert_eq!(has_ff(byte << (index * 8)), byte == 0xFF);
                let others = 0x7EFE_80FE_017F_FEFE & !(0xFF << (index * 8));
                assert_eq!(has_ff(others | byte << (index * 8)), byte == 0xFF);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            pieces in prop::collection::vec((0u32..=32, prop_oneof![Just(u32::MAX), any::<u32>()]), 0..200),
        ) {
            let mut out = vec![9];
            let mut writer = BitWriter::new(&mut out);
            for &(count, bits) in &pieces {
                writer.bits(u64::from(bits) & ((1 << count) - 1), count);
            }
            writer.finish();
            let mut segment = Vec::new();
            prop_assert_eq!(unstuff(&out[1..], &mut segment), out.len() - 1);
            let mut reader = BitReader::new(&segment);
            for &(count, bits) in &pieces {
                let upper = reader.take(count / 2);
                let lower = reader.take(count - count / 2);
                let read = u64::from(upper) << (count - count / 2) | u64::from(lower);
                prop_assert_eq!(read, u64::from(bits) & ((1 << count) - 1));
            }
            prop_assert!(!reader.overrun());
            prop_assert_eq!(reader.bytes_left(), 0);
        }
    }
}
