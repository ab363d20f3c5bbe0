//! Reads entropy-coded data window by window, for files that are not buffered.

use std::io::{self, BufRead};

use super::bits::{BitReader, PADDING};

/// Unstuffed bytes in a window. A refill moves the rest of the last window, so steps must be much shorter.
const WINDOW_BYTES: usize = 1 << 20;

/// The end of entropy-coded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataEnd {
    /// A marker's second byte.
    Marker(u8),
    /// The end of the file.
    File,
}

/// A window on a file's entropy-coded data.
pub(super) struct Window<R> {
    source: R,
    /// Bytes of the file read from `source`.
    taken: u64,
    /// Unstuffed bytes, then [`PADDING`].
    segment: Vec<u8>,
    /// Decoded bits of `segment`.
    decoded: usize,
    /// Number of FF at the end of the bytes read so far: their meaning depends on the next byte.
    trailing_ff: usize,
    end: Option<DataEnd>,
}

impl<R: BufRead> Window<R> {
    /// A window on `source`, which starts at byte `offset` of the file.
    pub(super) fn new(source: R, offset: u64) -> Self {
        Self { source, taken: offset, segment: vec![0; PADDING], decoded: 0, trailing_ff: 0, end: None }
    }

    /// The end of the data, once it is read.
    pub(super) fn end(&self) -> Option<DataEnd> {
        self.end
    }

    /// Unstuffed bytes that are buffered and not completely decoded.
    fn available(&self) -> usize {
        self.segment.len() - PADDING - self.decoded / 8
    }

    /// Buffers at least `bytes` bytes, or all that are left.
    pub(super) fn require(&mut self, bytes: usize) -> io::Result<()> {
        if self.end.is_some() || self.available() >= bytes {
            return Ok(());
        }
        self.segment.drain(..self.decoded / 8);
        self.decoded %= 8;
        self.segment.truncate(self.segment.len() - PADDING);
        while self.end.is_none() && self.segment.len() < WINDOW_BYTES {
            self.read_some()?;
        }
        self.segment.extend_from_slice(&[0; PADDING]);
        Ok(())
    }

    /// Reads what the source has buffered, up to a marker.
    fn read_some(&mut self) -> io::Result<()> {
        let buffer = match self.source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            buffer => buffer?,
        };
        let mut at = 0;
        if buffer.is_empty() {
            self.end = Some(DataEnd::File);
        }
        while self.end.is_none() && at < buffer.len() {
            if self.trailing_ff > 0 {
                match buffer[at] {
                    0 if self.trailing_ff == 1 => self.segment.push(0xFF),
                    // Any number of FF may precede a marker (ITU T.81 B.1.1.2).
                    0xFF => {}
                    marker => self.end = Some(DataEnd::Marker(marker)),
                }
                self.trailing_ff = if buffer[at] == 0xFF { self.trailing_ff + 1 } else { 0 };
                at += 1;
            } else {
                let rest = &buffer[at..];
                let clean = super::bits::length_before_ff(rest);
                self.segment.extend_from_slice(&rest[..clean]);
                at += clean;
                self.trailing_ff = usize::from(at < buffer.len());
                at += self.trailing_ff;
            }
        }
        self.source.consume(at);
        self.taken += at as u64;
        Ok(())
    }

    /// A reader of the buffered data. Report its progress to [`Self::set_bits_left`].
    pub(super) fn reader(&self) -> BitReader<'_> {
        BitReader::at(&self.segment, self.decoded)
    }

    /// Records how many bits of the buffered data are left.
    pub(super) fn set_bits_left(&mut self, bits: usize) {
        self.decoded = (self.segment.len() - PADDING) * 8 - bits.min((self.segment.len() - PADDING) * 8);
    }

    /// Whole bytes left before the end, once that is known.
    pub(super) fn bytes_left(&self) -> usize {
        self.segment.len() - PADDING - self.decoded.div_ceil(8)
    }

    /// Offset in the file of the next bit.
    pub(super) fn offset(&self) -> u64 {
        let ahead = &self.segment[self.decoded.div_ceil(8).min(self.segment.len() - PADDING)..];
        let ahead = &ahead[..ahead.len() - PADDING];
        let stuffing = ahead.iter().filter(|&&byte| byte == 0xFF).count();
        let marker = match self.end {
            Some(DataEnd::Marker(_)) => 2,
            _ => self.trailing_ff,
        };
        self.taken - (ahead.len() + stuffing + marker) as u64
    }

    /// Skips the marker that ended the data.
    pub(super) fn skip_marker(&mut self) {
        self.segment.clear();
        self.segment.extend_from_slice(&[0; PADDING]);
        (self.decoded, self.end) = (0, None);
    }

    /// The source after the marker that ended the data, and its offset in the file.
    pub(super) fn rest(&mut self) -> (&mut R, u64) {
        (&mut self.source, self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn window_returns_the_bits_of_any_source(
            bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), any::<u8>()], 0..400),
            fill in 1usize..4,
            at_once in 1usize..20,
            counts in prop::collection::vec(1u32..=16, 0..300),
        ) {
            let mut file = Vec::new();
            for &byte in &bytes {
                file.push(byte);
                if byte == 0xFF {
                    file.push(0);
                }
            }
            file.extend(vec![0xFF; fill]);
            file.extend([0xD9, 7]);
            let source = io::BufReader::with_capacity(at_once, file.as_slice());
            let mut window = Window::new(source, 10);
            let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| u32::from(byte >> (7 - at % 8)) & 1);
            let mut at = 0;
            for count in counts {
                if at + count as usize > bytes.len() * 8 {
                    break;
                }
                window.require(4).unwrap();
                let mut reader = window.reader();
                let expected = (0..count as usize).fold(0, |value, index| value << 1 | bit(at + index));
                prop_assert_eq!(reader.read(count), expected);
                prop_assert!(!reader.overrun());
                let left = reader.bits_left();
                window.set_bits_left(left.max(0) as usize);
                at += count as usize;
                let before = bytes[..at.div_ceil(8)].iter().map(|&byte| if byte == 0xFF { 2 } else { 1 }).sum::<u64>();
                let fill_taken = if window.end().is_some() { fill as u64 - 1 } else { 0 };
                prop_assert!((10 + before..=10 + before + fill_taken).contains(&window.offset()));
            }
            window.require(usize::MAX).unwrap();
            prop_assert_eq!(window.end(), Some(DataEnd::Marker(0xD9)));
            prop_assert_eq!(window.bytes_left(), bytes.len() - at.div_ceil(8));
            prop_assert_eq!(window.rest().1, 10 + file.len() as u64 - 1);
        }
    }
}
