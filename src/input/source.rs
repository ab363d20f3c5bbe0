//! Bytes that are read from front to back.

use super::Input;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// The bytes of a file or stream, from its first one, and how many there are where that can be told.
pub(super) struct Source {
    bytes: Box<dyn BufRead + Send>,
    length: Option<u64>,
}

impl Source {
    /// All of a file or stream, which nothing has been read of yet.
    pub(super) fn new(input: Input) -> Result<Self> {
        Ok(match input {
            Input::File(file) => {
                let about = file.get_ref().metadata()?;
                // A pipe or device with a name says 0.
                Self { length: about.is_file().then_some(about.len()), bytes: Box::new(file) }
            }
            Input::Stream(stream) => Self { bytes: Box::new(stream), length: None },
        })
    }

    /// The number of all bytes, those read included, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.bytes.read(buffer)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.bytes.read_exact(buffer)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

/// The `png` crate wants it, but only ever reads on.
impl Seek for Source {
    fn seek(&mut self, _: SeekFrom) -> Result<u64> {
        Err(Error::from(ErrorKind::Unsupported))
    }
}
