//! Opens pictures: detects the format, then reads the headers.

use super::byte_stream::ByteStream;
use super::detect::{HEAD_BYTES, detect_kind};
use super::{JpegPicture, PictureError, PictureInfo, PictureInput, PictureKind, Rows, jpeg, png, pnm, tiff, webp};
use std::io::{BufReader, Cursor, Read, Seek};

/// Bytes read from a file at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// A picture whose headers have been read.
#[derive(Debug)]
pub enum Picture {
    /// A picture that is read as rows.
    Rows(RowPicture),
    /// A JPEG, which is read as rows or as coefficients.
    Jpeg(JpegPicture),
}

/// A picture that is read as rows.
pub struct RowPicture {
    info: PictureInfo,
    why_buffered: &'static str,
    rows: Box<dyn Rows>,
}

/// Detects the format of `input` and reads the headers.
///
/// A file is read from its first byte, a stream from its current position.
///
/// # Errors
/// - The input cannot be read.
/// - It is not a picture, or its format is not supported.
/// - Its headers are damaged, or declare more than the file can contain.
pub fn open(input: PictureInput) -> Result<Picture, PictureError> {
    let (head, input) = peek(input)?;
    Ok(Picture::Rows(match (detect_kind(&head)?, input) {
        (PictureKind::Jpeg, input) => return Ok(Picture::Jpeg(jpeg::open(input)?)),
        (PictureKind::Png, input) => png::open(input)?,
        (PictureKind::Pnm, PictureInput::File(file)) => pnm::open_file(file)?,
        (PictureKind::Pnm, input) => pnm::open(ByteStream::new(input)?)?,
        (PictureKind::WebP, PictureInput::File(file)) => webp::open(file)?,
        (PictureKind::WebP, PictureInput::Stream(_)) => return Err(PictureError::NotSeekable("a WebP")),
        (PictureKind::Tiff, PictureInput::File(file)) => tiff::open(file)?,
        (PictureKind::Tiff, PictureInput::Stream(_)) => return Err(PictureError::NotSeekable("a TIFF")),
    }))
}

impl Picture {
    /// Everything known before pixels are decoded.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        match self {
            Self::Rows(picture) => picture.info(),
            Self::Jpeg(picture) => picture.info(),
        }
    }
}

impl RowPicture {
    /// A picture with these rows; `why_buffered` matters only if [`PictureInfo::buffered`] is not 0.
    pub(super) fn new(info: PictureInfo, why_buffered: &'static str, rows: Box<dyn Rows>) -> Self {
        Self { info, why_buffered, rows }
    }

    /// Adds a warning for the user.
    pub(super) fn add_warning(&mut self, warning: impl Into<String>) {
        self.info.warnings.push(warning.into());
    }

    /// Everything known before pixels are decoded.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        &self.info
    }

    /// Why [`PictureInfo::buffered`] is not 0, in a few words; otherwise empty.
    #[must_use]
    pub fn why_buffered(&self) -> &'static str {
        if self.info.buffered > 0 { self.why_buffered } else { "" }
    }

    /// The rows. Buffers are allocated and filled when the first row is read, not here.
    ///
    /// # Errors
    /// [`PictureInfo::buffered`] exceeds `max_memory` bytes.
    pub fn rows(self, max_memory: u64) -> Result<Box<dyn Rows>, PictureError> {
        if self.info.buffered > max_memory {
            let (why, needed) = (self.why_buffered, self.info.buffered);
            return Err(PictureError::TooMuchMemory { why, needed, limit: max_memory });
        }
        Ok(self.rows)
    }
}

impl std::fmt::Debug for RowPicture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RowPicture").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Returns the first bytes, and the input as if they had not been read.
///
/// A file that is a pipe becomes a stream, because it cannot be read twice.
fn peek(input: PictureInput) -> Result<(Vec<u8>, PictureInput), PictureError> {
    match input {
        PictureInput::File(mut file) => {
            if file.get_ref().metadata()?.is_file() {
                file.rewind()?;
                let head = read_head(&mut file)?;
                file.rewind()?;
                return Ok((head, PictureInput::File(with_large_buffer(file))));
            }
            peek_stream(file)
        }
        PictureInput::Stream(bytes) => peek_stream(bytes),
    }
}

/// The same file with a large buffer. The present buffer must be empty, as it is after a rewind.
fn with_large_buffer(file: BufReader<std::fs::File>) -> BufReader<std::fs::File> {
    if file.capacity() >= BUFFER_BYTES {
        return file;
    }
    BufReader::with_capacity(BUFFER_BYTES, file.into_inner())
}

fn peek_stream(mut bytes: impl Read + Send + 'static) -> Result<(Vec<u8>, PictureInput), PictureError> {
    let head = read_head(&mut bytes)?;
    let all: Box<dyn Read + Send> = Box::new(Cursor::new(head.clone()).chain(bytes));
    Ok((head, PictureInput::Stream(BufReader::with_capacity(BUFFER_BYTES, all))))
}

/// The first [`HEAD_BYTES`] bytes, or all if there are fewer.
fn read_head(bytes: &mut impl Read) -> Result<Vec<u8>, PictureError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    bytes.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::test_reading::{file, read, stream};
    use std::fs::File;

    const BITMAP: &[u8] = b"P1 3 1\n010";

    #[test]
    fn stream_in_single_bytes_gives_the_same_rows_as_a_file() {
        assert_eq!(read(stream(BITMAP, 1), 1).unwrap().1, [255, 0, 255]);
        assert_eq!(read(file(BITMAP), 1).unwrap().1, [255, 0, 255]);
    }

    #[test]
    fn partly_read_file_is_read_from_its_first_byte() {
        let PictureInput::File(mut input) = file(&[BITMAP, &[0; 100_000]].concat()) else { panic!() };
        let mut some = [0; 20];
        input.read_exact(&mut some).unwrap();
        assert_eq!(read(PictureInput::File(input), 1).unwrap().1, [255, 0, 255]);
    }

    /// As in `cut <(program)`.
    #[test]
    fn named_pipe_is_read_as_a_stream() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let other = path.clone();
        let writer = std::thread::spawn(move || std::fs::write(other, BITMAP).unwrap());
        let input = PictureInput::File(BufReader::new(File::open(path).unwrap()));
        assert_eq!(read(input, 1).unwrap().1, [255, 0, 255]);
        writer.join().unwrap();
    }

    #[test]
    fn unknown_formats_and_tiff_streams_are_refused() {
        for bytes in [&b""[..], b"GIF89a", b"<svg>", b"P9 1 1"] {
            for input in [file(bytes), stream(bytes, 2)] {
                assert!(matches!(open(input), Err(PictureError::UnknownKind(_))));
            }
        }
        assert!(matches!(open(stream(b"II*\0", 2)), Err(PictureError::NotSeekable("a TIFF"))));
    }
}
