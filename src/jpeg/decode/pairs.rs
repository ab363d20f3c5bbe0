//! Decodes two AC symbols with one look-up, for sequential scans, where a build spends most of its time.
//!
//! Most codes are so short that ten bits contain one, its extra bits and the next code. That is true most of all of the
//! end of a block, which then costs no look-up of its own. The table contains the first coefficient's value; the second
//! one's is computed from its extra bits, wherever they are. Compared with one symbol per look-up, decoding photographs
//! at quality 75 takes a third less time.

use super::bits::BitReader;
use super::huffman::{CodeEntry, DecodeTable};

/// Bits per look-up.
const LOOKUP_BITS: u32 = super::huffman::LOOKUP_BITS;
const LOOKUP_SIZE: usize = 1 << LOOKUP_BITS;

/// Maximum category of an AC coefficient in 8-bit files (ITU T.81 F.1.2.2.1). The rare path decodes others.
const MAX_SIZE: u32 = 10;

/// One or two decoded symbols, packed into 32 bits.
///
/// | bits    | contents                                                   |
/// |---------|------------------------------------------------------------|
/// | 0..6    | bits of all codes and extra bits                           |
/// | 6..10   | extra bits of the second symbol, which are the last of them |
/// | 10..17  | how far to advance in the block to the second coefficient  |
/// | 17..22  | how far to advance to the first coefficient                |
/// | 22..32  | value of the first coefficient                             |
///
/// A single symbol counts as the second, and the first is at the same place. Advancing by [`Pair::END`] or more leaves
/// every block.
#[derive(Clone, Copy)]
pub(super) struct Pair(u32);

impl Pair {
    /// The block ends; the first symbol, a zero at the next position, changes nothing.
    const END: u32 = 64;
    /// The block ends after the first symbol.
    const FIRST_AND_END: u32 = 65;
    /// Left to the rare path.
    const OTHER: Self = Self(66 << 10);

    fn new(bits: u32, size: u32, skip: u32, first_skip: u32, first_value: i32) -> Self {
        Self(bits | size << 6 | skip << 10 | first_skip << 17 | (first_value as u32) << 22)
    }

    /// The pair of a single symbol.
    fn single(entry: CodeEntry) -> Self {
        match entry.end_of_band() {
            Some(0) => Self::new(entry.total_bits(), 0, Self::END, 1, 0),
            None if entry.skip() <= 16 && entry.size() <= MAX_SIZE => {
                let skip = entry.skip() as u32;
                Self::new(entry.total_bits(), entry.size(), skip, skip, 0)
            }
            _ => Self::OTHER,
        }
    }

    /// The pair of a coefficient and the symbol after it, which was looked up in the remaining bits.
    fn joined(first: CodeEntry, value: i32, second: CodeEntry) -> Option<Self> {
        let (bits, skip) = (first.total_bits() + second.total_bits(), first.skip() as u32);
        match second.end_of_band() {
            Some(0) => Some(Self::new(bits, 0, Self::FIRST_AND_END, skip, value)),
            None if second.skip() <= 16 && second.size() <= MAX_SIZE => {
                Some(Self::new(bits, second.size(), skip + second.skip() as u32, skip, value))
            }
            _ => None,
        }
    }

    /// Whether the block ends after the first symbol, at zig-zag position `first`.
    ///
    /// After position 63 the next block follows.
    #[inline(always)]
    pub(super) fn ends_block(self, first: usize) -> bool {
        let skip = self.skip();
        skip <= Self::FIRST_AND_END as usize && skip >= Self::END as usize && first + (skip & 1) <= 63
    }

    /// Bits of all codes and extra bits together.
    #[inline(always)]
    pub(super) fn total_bits(self) -> u32 {
        self.0 & 63
    }

    /// How far to advance to the second coefficient.
    #[inline(always)]
    pub(super) fn skip(self) -> usize {
        (self.0 >> 10 & 127) as usize
    }

    /// How far to advance to the first coefficient, 1 to 16.
    #[inline(always)]
    pub(super) fn first_skip(self) -> usize {
        (self.0 >> 17 & 31) as usize
    }

    /// The first coefficient.
    #[inline(always)]
    pub(super) fn first_value(self) -> i16 {
        (self.0 as i32 >> 22) as i16
    }

    /// The second coefficient, from the reservoir before anything was consumed.
    #[inline(always)]
    pub(super) fn value(self, reservoir: u64) -> i16 {
        let extra = 1u32 << (self.0 >> 6 & 15);
        let bits = (reservoir >> (self.total_bits().wrapping_neg() & 63)) as u32 & (extra - 1);
        let negative = bits < extra >> 1;
        (bits as i32 - if negative { extra as i32 - 1 } else { 0 }) as i16
    }
}

/// The pairs of an AC table.
pub(super) struct Pairs {
    lookup: [Pair; LOOKUP_SIZE],
}

impl Pairs {
    /// Without a table.
    pub(super) fn empty() -> Self {
        Self { lookup: [Pair::OTHER; LOOKUP_SIZE] }
    }

    /// Builds the pairs from the single symbols.
    pub(super) fn build(&mut self, singles: &DecodeTable) {
        for (index, pair) in self.lookup.iter_mut().enumerate() {
            let reservoir = (index as u64) << (64 - LOOKUP_BITS);
            let first = singles.first_look(reservoir);
            *pair = Self::pair(singles, first, reservoir);
        }
    }

    #[inline(always)]
    fn pair(singles: &DecodeTable, first: CodeEntry, reservoir: u64) -> Pair {
        if first.skip() <= 16 && first.total_bits() < LOOKUP_BITS {
            let second = singles.first_look(reservoir << first.total_bits());
            let code = second.total_bits() - second.size();
            if code + first.total_bits() <= LOOKUP_BITS
                && let Some(pair) = Pair::joined(first, first.value(reservoir), second)
            {
                return pair;
            }
        }
        Pair::single(first)
    }

    /// Looks up the uppermost bits of the reservoir.
    #[inline(always)]
    pub(super) fn look(&self, reader: &BitReader<'_>) -> Pair {
        self.lookup[(reader.peek() >> (64 - LOOKUP_BITS)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::encode::optimal_table::optimal_table;
    use crate::jpeg::tables::{CHROMA_AC, HuffmanClass, HuffmanSpec, LUMA_AC};

    /// The next single symbol: its position and value, or position 64 for the end of the block.
    fn singly(table: &DecodeTable, reservoir: &mut u64, at: usize) -> Option<(usize, i16)> {
        let entry = match table.first_look(*reservoir) {
            CodeEntry::LONG => table.long_code(*reservoir),
            entry => entry,
        };
        let before = *reservoir;
        *reservoir <<= entry.total_bits();
        match entry.end_of_band() {
            Some(0) => Some((64, 0)),
            None if entry.skip() <= 16 => Some((at + entry.skip(), entry.value(before) as i16)),
            _ => None,
        }
    }

    fn check(spec: &HuffmanSpec) {
        let (mut table, mut pairs) = (DecodeTable::empty(HuffmanClass::Ac), Pairs::empty());
        table.build(spec).unwrap();
        pairs.build(&table);
        let mut state = 1u64;
        for step in 0..200_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step | 1);
            let (reservoir, at) = (state ^ state >> 29, (state >> 50) as usize % 63);
            let pair = pairs.lookup[(reservoir >> (64 - LOOKUP_BITS)) as usize];
            let mut rest = reservoir;
            let expected = singly(&table, &mut rest, at);
            let (first, second) = (at + pair.first_skip(), at + pair.skip());
            if second <= 63 {
                if first != second {
                    assert_eq!(expected, Some((first, pair.first_value())));
                    assert_eq!(singly(&table, &mut rest, first), Some((second, pair.value(reservoir))));
                } else {
                    assert_eq!((expected, pair.first_value()), (Some((second, pair.value(reservoir))), 0));
                }
                assert_eq!(rest, reservoir << pair.total_bits());
            } else if pair.ends_block(first) {
                if expected != Some((64, 0)) {
                    assert_eq!(expected, Some((first, pair.first_value())));
                    assert!(first < 63);
                    assert_eq!(singly(&table, &mut rest, first), Some((64, 0)));
                } else {
                    assert_eq!(pair.first_value(), 0);
                }
                assert_eq!(rest, reservoir << pair.total_bits());
            }
        }
    }

    #[test]
    fn pairs_equal_single_symbols() {
        check(&LUMA_AC);
        check(&CHROMA_AC);
        for seed in 1..20u32 {
            let frequency =
                |symbol: u32| (symbol.wrapping_mul(seed) ^ 0x5A) % 97 * u32::from(symbol.is_multiple_of(seed));
            check(&optimal_table(&std::array::from_fn(|symbol| frequency(symbol as u32))));
        }
    }
}
