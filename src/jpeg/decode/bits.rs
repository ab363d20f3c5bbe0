//! Entropy-coded bytes to bits (ITU T.81 F.2.2.5).
//!
//! Byte stuffing is removed first, in one fast pass, so that the reader need not look for FF.

/// Zero bytes after the data in the buffer, so that whole words can be read up to its end.
pub(in crate::jpeg) const PADDING: usize = 8;

/// Copies the entropy-coded segment at the start of `source` into `segment`, with FF 00 as FF, and pads it.
///
/// Returns the length of the segment in `source`: up to its marker, or everything if there is none.
pub(in crate::jpeg) fn unstuff(source: &[u8], segment: &mut Vec<u8>) -> usize {
    segment.clear();
    let mut at = 0;
    let end = loop {
        let rest = source.get(at..).unwrap_or_default();
        let clean = length_before_ff(rest);
        segment.extend_from_slice(rest.get(..clean).unwrap_or_default());
        at += clean;
        if source.get(at + 1) != Some(&0) {
            break at;
        }
        segment.push(0xFF);
        at += 2;
    };
    segment.extend_from_slice(&[0; PADDING]);
    end
}

/// Position in `source` of the byte at `position` in the unstuffed segment.
pub(in crate::jpeg) fn stuffed_position(source: &[u8], position: usize) -> usize {
    let (mut at, mut unstuffed) = (0, 0);
    while unstuffed < position && at < source.len() {
        at += if source.get(at) == Some(&0xFF) { 2 } else { 1 };
        unstuffed += 1;
    }
    at.min(source.len())
}

/// Number of bytes before the first FF.
///
/// Looks at 16 bytes at a time without branching inside, which compiles to vector comparisons.
pub(in crate::jpeg) fn length_before_ff(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    let whole = chunks
        .iter()
        .take_while(|chunk| chunk.iter().fold(0u8, |any, &byte| any | u8::from(byte == 0xFF)) == 0)
        .count();
    let tail = chunks.get(whole).map_or(rest, |chunk| chunk.as_slice());
    whole * 16 + tail.iter().take_while(|&&byte| byte != 0xFF).count()
}

/// Reads bits from an unstuffed segment, most significant first.
///
/// Beyond the end it reads zeros. Callers check [`Self::overrun`] once per block, which has a limited number of bits.
#[derive(Clone, Copy)]
pub(in crate::jpeg) struct BitReader<'a> {
    /// Bytes not yet in the reservoir, including padding.
    rest: &'a [u8],
    reservoir: u64,
    buffered: u32,
    /// Zero bytes read beyond the padding.
    beyond: usize,
    /// Bytes of the segment without padding.
    length: usize,
}

impl<'a> BitReader<'a> {
    /// A reader at the first bit of a segment from [`unstuff`].
    pub(in crate::jpeg) fn new(segment: &'a [u8]) -> Self {
        Self { rest: segment, reservoir: 0, buffered: 0, beyond: 0, length: segment.len() - PADDING }
    }

    /// A reader at bit `bit` of such a segment.
    pub(in crate::jpeg) fn at(segment: &'a [u8], bit: usize) -> Self {
        let mut reader = Self::new(segment);
        reader.rest = segment.get(bit / 8..).unwrap_or_default();
        reader.refill();
        reader.consume((bit % 8) as u32);
        reader
    }

    /// Fills the reservoir to at least 56 bits.
    ///
    /// It does not branch on the number of buffered bits: the bits below them are either zero or already the bits that
    /// are put there again.
    #[inline(always)]
    pub(in crate::jpeg) fn refill(&mut self) {
        let bytes = ((63 - self.buffered) >> 3) as usize & 7;
        match self.rest.first_chunk::<8>() {
            Some(next) => {
                self.reservoir |= u64::from_be_bytes(*next) >> (self.buffered & 63);
                self.rest = &self.rest[bytes..];
            }
            // At most the padding is left.
            None => self.beyond += bytes,
        }
        self.buffered |= 56;
    }

    /// The reservoir, with the next bit uppermost.
    #[inline(always)]
    pub(in crate::jpeg) fn peek(&self) -> u64 {
        self.reservoir
    }

    /// Drops `count` bits, at most 31 and no more than are buffered.
    #[inline(always)]
    pub(in crate::jpeg) fn consume(&mut self, count: u32) {
        self.reservoir <<= count & 63;
        self.buffered = self.buffered.wrapping_sub(count);
    }

    /// Reads the next `count` bits, 0 to 16, as a number.
    #[inline(always)]
    pub(in crate::jpeg) fn read(&mut self, count: u32) -> u32 {
        if self.buffered < count {
            self.refill();
        }
        let value = ((self.reservoir >> 1) >> (63 - (count & 63))) as u32;
        self.consume(count);
        value
    }

    /// Unread bits of the segment, less those read beyond its end.
    #[inline(always)]
    pub(in crate::jpeg) fn bits_left(&self) -> isize {
        (self.rest.len() * 8 + self.buffered as usize) as isize - (PADDING * 8 + self.beyond * 8) as isize
    }

    /// Whether more bits were read than there are.
    #[inline(always)]
    pub(in crate::jpeg) fn overrun(&self) -> bool {
        self.bits_left() < 0
    }

    /// Whole unread bytes.
    pub(in crate::jpeg) fn bytes_left(&self) -> usize {
        self.bits_left().max(0) as usize / 8
    }

    /// Position in the unstuffed segment of the byte with the next bit.
    pub(in crate::jpeg) fn byte_position(&self) -> usize {
        self.length - (self.bits_left().max(0) as usize).div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unstuffing_removes_zeros_and_stops_at_a_marker() {
        let mut segment = Vec::new();
        let source = [1, 0xFF, 0, 2, 0xFF, 0xFF, 0xD9];
        assert_eq!(unstuff(&source, &mut segment), 4);
        assert_eq!(segment[..3], [1, 0xFF, 2]);
        assert_eq!(segment.len(), 3 + PADDING);
        assert_eq!(unstuff(&[7, 0xFF], &mut segment), 1);
        assert_eq!(unstuff(&[], &mut segment), 0);
        assert_eq!(stuffed_position(&source, 2), 3);
    }

    proptest! {
        #[test]
        fn reader_returns_the_bits_of_the_data(
            bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), any::<u8>()], 0..80),
            counts in prop::collection::vec(0u32..=16, 0..90),
        ) {
            let mut stuffed = Vec::new();
            for &byte in &bytes {
                stuffed.push(byte);
                if byte == 0xFF {
                    stuffed.push(0);
                }
            }
            let mut segment = Vec::new();
            prop_assert_eq!(unstuff(&stuffed, &mut segment), stuffed.len());
            let mut reader = BitReader::new(&segment);
            let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| u32::from(byte >> (7 - at % 8)) & 1);
            let mut at = 0;
            for count in counts {
                let expected = (0..count as usize).fold(0, |value, index| value << 1 | bit(at + index));
                prop_assert_eq!(reader.read(count), expected);
                at += count as usize;
                prop_assert_eq!(reader.overrun(), at > bytes.len() * 8);
            }
        }
    }
}
