//! The text in PNM files: numbers, white space and comments, as Netpbm reads them.

use std::fmt;
use std::io::{BufRead, ErrorKind, Result};

/// Larger numbers are cut to it: all that can be is less.
const LARGEST: u64 = u64::MAX / 16;

/// Reads text byte by byte, and counts.
pub(super) struct Text<'a, R> {
    bytes: &'a mut R,
    /// Bytes read.
    pub(super) read: u64,
}

/// What stands where a number should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoNumber {
    End,
    Byte(u8),
}

impl fmt::Display for NoNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => write!(out, "its end"),
            Self::Byte(byte) => write!(out, "'{}'", byte.escape_ascii()),
        }
    }
}

impl<'a, R: BufRead> Text<'a, R> {
    pub(super) fn new(bytes: &'a mut R) -> Self {
        Self { bytes, read: 0 }
    }

    /// The next byte; none at the end.
    pub(super) fn byte(&mut self) -> Result<Option<u8>> {
        loop {
            match self.bytes.fill_buf() {
                Ok(buffer) => {
                    let byte = buffer.first().copied();
                    if byte.is_some() {
                        self.bytes.consume(1);
                        self.read += 1;
                    }
                    return Ok(byte);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte with comments taken for the line's end that ends them: they may stand anywhere, even in a number.
    fn letter(&mut self) -> Result<Option<u8>> {
        let mut byte = self.byte()?;
        if byte == Some(b'#') {
            while !matches!(byte, Some(b'\n' | b'\r') | None) {
                byte = self.byte()?;
            }
        }
        Ok(byte)
    }

    /// The next byte that is no white space.
    fn mark(&mut self) -> Result<Option<u8>> {
        loop {
            match self.letter()? {
                Some(space) if is_space(space) => {}
                other => return Ok(other),
            }
        }
    }

    /// The next number, and one white space or the end after it.
    pub(super) fn number(&mut self) -> Result<std::result::Result<u64, NoNumber>> {
        let mut next = self.mark()?;
        let mut value = None;
        loop {
            match (next, value) {
                (Some(digit @ b'0'..=b'9'), _) => {
                    value = Some((value.unwrap_or(0) * 10 + u64::from(digit - b'0')).min(LARGEST));
                }
                (Some(space), Some(value)) if is_space(space) => return Ok(Ok(value)),
                (None, Some(value)) => return Ok(Ok(value)),
                (None, None) => return Ok(Err(NoNumber::End)),
                (Some(other), _) => return Ok(Err(NoNumber::Byte(other))),
            }
            next = self.letter()?;
        }
    }

    /// The next 0 or 1, which need nothing between them.
    pub(super) fn digit(&mut self) -> Result<std::result::Result<bool, NoNumber>> {
        Ok(match self.mark()? {
            Some(b'0') => Ok(false),
            Some(b'1') => Ok(true),
            Some(other) => Err(NoNumber::Byte(other)),
            None => Err(NoNumber::End),
        })
    }

    /// The next line without its end; of a comment, just that it is one. None where it has more bytes than `longest`,
    /// or no end.
    pub(super) fn line(&mut self, longest: usize) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                None => return Ok(None),
                Some(b'\n') => return Ok(Some(line)),
                Some(_) if line.first() == Some(&b'#') => {}
                Some(_) if line.len() == longest => return Ok(None),
                Some(byte) => line.push(byte),
            }
        }
    }
}

/// White space as C's `isspace` has it.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0B
}
