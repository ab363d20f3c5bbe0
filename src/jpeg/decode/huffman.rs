//! Huffman decoding tables (ITU T.81 C.2, F.2.2.3).
//!
//! They are quick to build, because optimised tables differ from tile to tile. One look-up decodes a short code with
//! its extra bits.

use super::bits::BitReader;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::tables::{HuffmanClass, HuffmanSpec};

/// Maximum length of codes that the first look-up decodes.
pub(super) const LOOKUP_BITS: u32 = 10;
const LOOKUP_SIZE: usize = 1 << LOOKUP_BITS;

/// A decoded code, packed into 16 bits.
///
/// Bits 0..5 are the bits of the code and its extra bits together, bits 5..9 the number of extra bits, and the rest is
/// how far to advance in the block.
///
/// Advancing by 64 or more leaves every block, so the decoder's loop has one exit for everything rare: 64 + r is the
/// end of a band with r extra bits (EOB for r = 0), [`Self::LONG`] a code longer than the look-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CodeEntry(u16);

impl CodeEntry {
    const END_OF_BAND: u16 = 64;
    /// A code longer than the look-up.
    pub(super) const LONG: Self = Self(80 << 9);
    /// Bits that are no code.
    const INVALID: Self = Self(81 << 9);

    fn new(class: HuffmanClass, length: u32, symbol: u8) -> Self {
        let (run, size) = match class {
            HuffmanClass::Dc => (0, symbol & 15),
            HuffmanClass::Ac => (symbol >> 4, symbol & 15),
        };
        let ends = class == HuffmanClass::Ac && size == 0 && run < 15;
        let skip = u16::from(run) + if ends { Self::END_OF_BAND } else { 1 };
        Self(skip << 9 | u16::from(size) << 5 | (length as u16 + u16::from(size)))
    }

    /// Bits of the code and its extra bits together.
    #[inline(always)]
    pub(super) fn total_bits(self) -> u32 {
        u32::from(self.0) & 31
    }

    /// Number of extra bits: the coefficient's category.
    #[inline(always)]
    pub(super) fn size(self) -> u32 {
        u32::from(self.0) >> 5 & 15
    }

    /// How far to advance in the block; 64 or more if this is not a coefficient.
    #[inline(always)]
    pub(super) fn skip(self) -> usize {
        usize::from(self.0 >> 9)
    }

    /// Number of extra bits of the run of empty bands that starts here, if one does.
    #[inline(always)]
    pub(super) fn end_of_band(self) -> Option<u32> {
        let skip = self.0 >> 9;
        (Self::END_OF_BAND..Self::END_OF_BAND + 15).contains(&skip).then(|| u32::from(skip - Self::END_OF_BAND))
    }

    /// The value of the extra bits (F.2.2.1, EXTEND), from the reservoir before the code was consumed.
    #[inline(always)]
    pub(super) fn value(self, reservoir: u64) -> i32 {
        let extra = 1u32 << self.size();
        let bits = (reservoir >> (self.total_bits().wrapping_neg() & 63)) as u32 & (extra - 1);
        let negative = bits < extra >> 1;
        bits as i32 - if negative { extra as i32 - 1 } else { 0 }
    }
}

/// A Huffman table for decoding.
pub(super) struct DecodeTable {
    lookup: [CodeEntry; LOOKUP_SIZE],
    class: HuffmanClass,
    symbols: [u8; 256],
    /// Per length, the end of its codes as a 16-bit number with the code uppermost. Index 0 is unused.
    ends: [u32; 17],
    /// Per length, the index of its first symbol.
    firsts: [u16; 17],
}

impl DecodeTable {
    /// A table without codes.
    pub(super) fn empty(class: HuffmanClass) -> Self {
        Self { lookup: [CodeEntry::INVALID; LOOKUP_SIZE], class, symbols: [0; 256], ends: [0; 17], firsts: [0; 17] }
    }

    /// Builds the table. After an error it must not be used.
    pub(super) fn build(&mut self, spec: &HuffmanSpec) -> Result<(), JpegErrorKind> {
        self.symbols = spec.symbols;
        let (mut end, mut index, mut filled) = (0u32, 0usize, 0usize);
        for length in 1..=16u32 {
            let count = usize::from(spec.counts[length as usize - 1]);
            let width = 1u32 << (16 - length);
            self.firsts[length as usize] = index as u16;
            end += count as u32 * width;
            if end > 1 << 16 || index + count > 256 {
                return Err(JpegErrorKind::HuffmanTableOverfull);
            }
            self.ends[length as usize] = end;
            if length <= LOOKUP_BITS {
                let span = (width as usize) >> (16 - LOOKUP_BITS);
                for &symbol in &spec.symbols[index..index + count] {
                    self.lookup[filled..filled + span].fill(CodeEntry::new(self.class, length, symbol));
                    filled += span;
                }
            }
            index += count;
        }
        let long = end.div_ceil(1 << (16 - LOOKUP_BITS)) as usize;
        self.lookup[filled..long].fill(CodeEntry::LONG);
        self.lookup[long..].fill(CodeEntry::INVALID);
        Ok(())
    }

    /// Decodes the uppermost bits of the reservoir, of which it reads [`LOOKUP_BITS`]; may return [`CodeEntry::LONG`].
    #[inline(always)]
    pub(super) fn first_look(&self, reservoir: u64) -> CodeEntry {
        self.lookup[(reservoir >> (64 - LOOKUP_BITS)) as usize]
    }

    /// Decodes a code longer than the look-up. Needs 16 bits in the reservoir.
    #[cold]
    pub(super) fn long_code(&self, reservoir: u64) -> CodeEntry {
        let code = (reservoir >> 48) as u32;
        for length in LOOKUP_BITS as usize + 1..=16 {
            if code < self.ends[length] {
                let offset = code.saturating_sub(self.ends[length - 1]) >> (16 - length);
                let index = usize::from(self.firsts[length]) + offset as usize;
                let symbol = self.symbols.get(index).copied().unwrap_or(0);
                return CodeEntry::new(self.class, length as u32, symbol);
            }
        }
        CodeEntry::INVALID
    }

    /// Decodes and consumes the next code with its extra bits.
    ///
    /// Returns also the reservoir before that, for [`CodeEntry::value`].
    #[inline(always)]
    pub(super) fn next(&self, reader: &mut BitReader<'_>) -> Result<(CodeEntry, u64), JpegErrorKind> {
        reader.refill();
        let reservoir = reader.peek();
        let mut entry = self.first_look(reservoir);
        if entry == CodeEntry::LONG {
            entry = self.long_code(reservoir);
        }
        if entry == CodeEntry::INVALID {
            return Err(JpegErrorKind::InvalidCode);
        }
        reader.consume(entry.total_bits());
        Ok((entry, reservoir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::tables::{CHROMA_AC, LUMA_AC, LUMA_DC};

    #[test]
    fn standard_codes_are_decoded_whatever_follows() {
        for (class, spec) in
            [(HuffmanClass::Dc, &LUMA_DC), (HuffmanClass::Ac, &LUMA_AC), (HuffmanClass::Ac, &CHROMA_AC)]
        {
            let mut table = DecodeTable::empty(class);
            table.build(spec).unwrap();
            let (mut code, mut index) = (0u64, 0);
            for length in 1..=16u32 {
                for _ in 0..spec.counts[length as usize - 1] {
                    for filler in [0, u64::MAX >> length] {
                        let reservoir = code << (64 - length) | filler;
                        let mut entry = table.first_look(reservoir);
                        assert_eq!(entry == CodeEntry::LONG, length > LOOKUP_BITS);
                        if entry == CodeEntry::LONG {
                            entry = table.long_code(reservoir);
                        }
                        assert_eq!(entry, CodeEntry::new(class, length, spec.symbols[index]));
                    }
                    code += 1;
                    index += 1;
                }
                code <<= 1;
            }
            assert_eq!(table.long_code(u64::MAX), CodeEntry::INVALID);
        }
    }

    #[test]
    fn extra_bits_extend_as_in_table_f1() {
        for (size, bits, value) in [(1, 0, -1), (1, 1, 1), (2, 0, -3), (2, 3, 3), (10, 0, -1023), (15, 32767, 32767)] {
            let entry = CodeEntry::new(HuffmanClass::Ac, 4, 0x20 | size);
            assert_eq!((entry.total_bits(), entry.skip()), (4 + u32::from(size), 3));
            let reservoir = 0b1010 << 60 | bits << (60 - u32::from(size));
            assert_eq!(entry.value(reservoir), value);
        }
    }

    #[test]
    fn overfull_table_is_refused() {
        let mut spec = HuffmanSpec::EMPTY;
        spec.counts[0] = 3;
        let mut table = DecodeTable::empty(HuffmanClass::Dc);
        assert_eq!(table.build(&spec), Err(JpegErrorKind::HuffmanTableOverfull));
        spec.counts = [0; 16];
        (spec.counts[14], spec.counts[15]) = (200, 57);
        assert_eq!(table.build(&spec), Err(JpegErrorKind::HuffmanTableOverfull));
        spec.counts[15] = 56;
        assert_eq!(table.build(&spec), Ok(()));
    }
}
