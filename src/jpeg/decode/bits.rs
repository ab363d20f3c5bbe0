//! Entropy-coded bytes to bits (ITU T.81 F.2.2.5): byte stuffing removed first, in one fast pass,
//! so that the reader itself need not look for FF.

/// Zero bytes behind the data in the buffer, so that whole words can be read up to its end.
pub(in crate::jpeg) const PADDING: usize = 8;

/// Copies the entropy-coded segment at the beginning of `source` into `segment`, FF 00 becoming FF,
/// and pads it.
///
/// Returns how many bytes of `source` the segment takes: up to its marker, or all where there is
/// none.
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

/// Where in `source` the byte stands that became byte `position` of the unstuffed segment.
pub(in crate::jpeg) fn stuffed_position(source: &[u8], position: usize) -> usize {
    let (mut at, mut unstuffed) = (0, 0);
    while unstuffed < position && at < source.len() {
        at += if source.get(at) == Some(&0xFF) { 2 } else { 1 };
        unstuffed += 1;
    }
    at.min(source.len())
}

/// How many bytes stand before the first FF, or all. Looks at 16 bytes at a time without branching
/// inside, which compiles to vector comparisons.
pub(in crate::jpeg) fn length_before_ff(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    let whole = chunks
        .iter()
        .take_while(|chunk| chunk.iter().fold(0u8, |any, &byte| any | u8::from(byte == 0xFF)) == 0)
        .count();
    let tail = chunks.get(whole).map_or(rest, |chunk| chunk.as_slice());
    whole * 16 + tail.iter().take_while(|&&byte| byte != 0xFF).count()
}

/// Reads bits from an unstuffed segment, most significant first. Past its end it delivers zeros;
/// [`Self::overrun`] tells, and is asked once a block, whose bits are bounded.
#[derive(Clone, Copy)]
pub(in crate::jpeg) struct BitReader<'a> {
    /// What has not come into the reservoir, padding included.
    rest: &'a [u8],
    reservoir: u64,
    held: u32,
    /// Bytes of zeros read behind the padding.
    beyond: usize,
    /// Bytes of the segment without padding.
    length: usize,
}

impl<'a> BitReader<'a> {
    /// A reader at the first bit of what [`unstuff`] made.
    pub(in crate::jpeg) fn new(segment: &'a [u8]) -> Self {
        Self { rest: segment, reservoir: 0, held: 0, beyond: 0, length: segment.len() - PADDING }
    }

    /// A reader at the bit numbered `bit` of such a segment.
    pub(in crate::jpeg) fn at(segment: &'a [u8], bit: usize) -> Self {
        let mut reader = Self::new(segment);
        reader.rest = segment.get(bit / 8..).unwrap_or_default();
        reader.refill();
        reader.consume((bit % 8) as u32);
        reader
    }

    /// Fills the reservoir to at least 56 bits, without a branch on how many it holds: the bits
    /// below the `held` ones are either zero or already what is put there again.
    #[inline(always)]
    pub(in crate::jpeg) fn refill(&mut self) {
        let bytes = ((63 - self.held) >> 3) as usize & 7;
        match self.rest.first_chunk::<8>() {
            Some(next) => {
                self.reservoir |= u64::from_be_bytes(*next) >> (self.held & 63);
                self.rest = &self.rest[bytes..];
            }
            // Of the padding at most is left.
            None => self.beyond += bytes,
        }
        self.held |= 56;
    }

    /// The reservoir, its next bit uppermost.
    #[inline(always)]
    pub(in crate::jpeg) fn peek(&self) -> u64 {
        self.reservoir
    }

    /// Drops `count` bits, at most 31 and no more than held.
    #[inline(always)]
    pub(in crate::jpeg) fn consume(&mut self, count: u32) {
        self.reservoir <<= count & 63;
        self.held = self.held.wrapping_sub(count);
    }

    /// The next `count` bits, 0 to 16, as a number.
    #[inline(always)]
    pub(in crate::jpeg) fn take(&mut self, count: u32) -> u32 {
        if self.held < count {
            self.refill();
        }
        let value = ((self.reservoir >> 1) >> (63 - (count & 63))) as u32;
        self.consume(count);
        value
    }

    /// Bits of the segment that were not taken, less those taken from behind its end.
    #[inline(always)]
    pub(in crate::jpeg) fn bits_left(&self) -> isize {
        (self.rest.len() * 8 + self.held as usize) as isize - (PADDING * 8 + self.beyond * 8) as isize
    }

    /// Whether more bits were taken than there are.
    #[inline(always)]
    pub(in crate::jpeg) fn overrun(&self) -> bool {
        self.bits_left() < 0
    }

    /// Whole bytes that were not touched.
    pub(in crate::jpeg) fn bytes_left(&self) -> usize {
        self.bits_left().max(0) as usize / 8
    }

    /// The unstuffed byte in which the next bit stands.
    pub(in crate::jpeg) fn byte_position(&self) -> usize {
        self.length - (self.bits_left().max(0) as usize).div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stuffing_goes_and_a_marker_ends_the_segment() {
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
        fn bits_come_out_as_they_stand(
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
                prop_assert_eq!(reader.take(count), expected);
                at += count as usize;
                prop_assert_eq!(reader.overrun(), at > bytes.len() * 8);
            }
        }
    }
}
