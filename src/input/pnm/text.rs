//! The text in PNM files: numbers, white space and comments, parsed as Netpbm does.

use std::fmt;
use std::io::{BufRead, ErrorKind, Result};

/// Larger numbers are clamped to this. All valid numbers are smaller.
const MAX_NUMBER: u64 = u64::MAX / 16;

/// Reads text byte by byte, and counts the bytes.
pub(super) struct TextReader<'a, R> {
    bytes: &'a mut R,
    /// Bytes read.
    pub(super) bytes_read: u64,
}

/// What was found instead of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotANumber {
    EndOfFile,
    Byte(u8),
}

impl fmt::Display for NotANumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndOfFile => write!(out, "end of file"),
            Self::Byte(byte) => write!(out, "'{}'", byte.escape_ascii()),
        }
    }
}

impl<'a, R: BufRead> TextReader<'a, R> {
    pub(super) fn new(bytes: &'a mut R) -> Self {
        Self { bytes, bytes_read: 0 }
    }

    /// The next byte; `None` at the end.
    pub(super) fn byte(&mut self) -> Result<Option<u8>> {
        loop {
            match self.bytes.fill_buf() {
                Ok(buffer) => {
                    let byte = buffer.first().copied();
                    if byte.is_some() {
                        self.bytes.consume(1);
                        self.bytes_read += 1;
                    }
                    return Ok(byte);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte outside comments. A comment counts as the line end after it, and may occur even within a number.
    fn byte_without_comments(&mut self) -> Result<Option<u8>> {
        let mut byte = self.byte()?;
        if byte == Some(b'#') {
            while !matches!(byte, Some(b'\n' | b'\r') | None) {
                byte = self.byte()?;
            }
        }
        Ok(byte)
    }

    /// The next byte that is not white space.
    fn visible_byte(&mut self) -> Result<Option<u8>> {
        loop {
            match self.byte_without_comments()? {
                Some(space) if is_space(space) => {}
                other => return Ok(other),
            }
        }
    }

    /// The next number. Also consumes one white space after it, or the end of the file.
    pub(super) fn number(&mut self) -> Result<std::result::Result<u64, NotANumber>> {
        let mut next = self.visible_byte()?;
        let mut value = None;
        loop {
            match (next, value) {
                (Some(digit @ b'0'..=b'9'), _) => {
                    value = Some((value.unwrap_or(0) * 10 + u64::from(digit - b'0')).min(MAX_NUMBER));
                }
                (Some(space), Some(value)) if is_space(space) => return Ok(Ok(value)),
                (None, Some(value)) => return Ok(Ok(value)),
                (None, None) => return Ok(Err(NotANumber::EndOfFile)),
                (Some(other), _) => return Ok(Err(NotANumber::Byte(other))),
            }
            next = self.byte_without_comments()?;
        }
    }

    /// The next digit 0 or 1. Digits need no separator.
    pub(super) fn binary_digit(&mut self) -> Result<std::result::Result<bool, NotANumber>> {
        Ok(match self.visible_byte()? {
            Some(b'0') => Ok(false),
            Some(b'1') => Ok(true),
            Some(other) => Err(NotANumber::Byte(other)),
            None => Err(NotANumber::EndOfFile),
        })
    }

    /// The next line without its end; of a comment, only the `#`.
    ///
    /// `None` if the line has more than `max_bytes` bytes, or no end.
    pub(super) fn line(&mut self, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                None => return Ok(None),
                Some(b'\n') => return Ok(Some(line)),
                Some(_) if line.first() == Some(&b'#') => {}
                Some(_) if line.len() == max_bytes => return Ok(None),
                Some(byte) => line.push(byte),
            }
        }
    }
}

/// White space, as in C's `isspace`.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0B
}
