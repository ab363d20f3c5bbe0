//! Bytes read from front to back, from a file or a stream.

use super::PictureInput;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// The bytes of a file or stream, and their number if known.
pub(super) struct ByteStream {
    bytes: Box<dyn BufRead + Send>,
    length: Option<u64>,
}

impl ByteStream {
    /// All bytes of `input`, which has not been read from yet.
    pub(super) fn new(input: PictureInput) -> Result<Self> {
        Ok(match input {
            PictureInput::File(file) => {
                let metadata = file.get_ref().metadata()?;
                // A named pipe or device reports a length of 0.
                Self { length: metadata.is_file().then_some(metadata.len()), bytes: Box::new(file) }
            }
            PictureInput::Stream(stream) => Self { bytes: Box::new(stream), length: None },
        })
    }

    /// The number of bytes from the beginning, if known.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Read for ByteStream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.bytes.read(buffer)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.bytes.read_exact(buffer)
    }
}

impl BufRead for ByteStream {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

/// Required by the `png` crate, which never seeks while it decodes from front to back.
impl Seek for ByteStream {
    fn seek(&mut self, _: SeekFrom) -> Result<u64> {
        Err(Error::from(ErrorKind::Unsupported))
    }
}
