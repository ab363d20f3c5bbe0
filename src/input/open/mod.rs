//! Opening a picture: first what it is, then its rows.

use super::source::Source;
use super::{
    Input, JpegPicture, PictureError, PictureInfo, PictureKind, Rows, jpeg, png, pnm, sniff, tiff, webp, whole,
};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};

/// Bytes read from a file at once.
const BUFFER: usize = 1 << 16;

/// A picture whose headers have been read.
pub struct Picture {
    info: PictureInfo,
    why: &'static str,
    rows: Box<dyn Rows>,
}

/// What has been opened.
#[derive(Debug)]
pub enum Opened {
    /// A picture whose rows can be read.
    Picture(Picture),
    /// A JPEG, which can also be had as coefficients.
    Jpeg(JpegPicture),
}

/// Tells what `input` is by its first bytes, and reads its headers. A file is read from its first byte, a stream from where
/// it is.
///
/// # Errors
/// It cannot be read, it is no picture or none that is supported, its headers are damaged, or claim more than it can
/// have.
pub fn open(input: Input) -> Result<Opened, PictureError> {
    let (head, input) = peeked(input)?;
    Ok(Opened::Picture(match (sniff::kind(&head)?, input) {
        (PictureKind::Jpeg, input) => return Ok(Opened::Jpeg(jpeg::open(input)?)),
        (PictureKind::Png, input) => png::open(input)?,
        (PictureKind::Pnm, Input::File(file)) => pnm::open_file(file)?,
        (PictureKind::Pnm, input) => pnm::open(Source::new(input)?)?,
        (PictureKind::WebP, Input::File(file)) => webp::open(file)?,
        (PictureKind::WebP, Input::Stream(_)) => return Err(PictureError::NotSeekable("a WebP")),
        (PictureKind::Tiff, Input::File(file)) => tiff(file)?,
        (PictureKind::Tiff, Input::Stream(_)) => return Err(PictureError::NotSeekable("a TIFF")),
    }))
}

/// A TIFF, upright.
fn tiff(file: BufReader<File>) -> Result<Picture, PictureError> {
    let (mut info, picture) = tiff::open(file)?;
    let stored = picture.stored_size();
    let (channels, depth, orientation) = (info.channels, info.depth, info.orientation);
    let turned = whole::held(stored, channels, depth, orientation);
    let why = if turned > 0 { "it is stored turned" } else { "its strips or tiles are large" };
    info.held = info.held.saturating_add(turned);
    let rows = whole::upright(Box::new(picture), stored, channels, depth, orientation);
    Ok(Picture::new(info, why, rows))
}

impl Opened {
    /// What is known of the picture before any pixel is decoded.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        match self {
            Self::Picture(picture) => picture.info(),
            Self::Jpeg(picture) => picture.info(),
        }
    }
}

impl Picture {
    /// A picture of which `info` is known and `rows` can be read; `why` it has to be held in memory, where it has to.
    pub(super) fn new(info: PictureInfo, why: &'static str, rows: Box<dyn Rows>) -> Self {
        Self { info, why, rows }
    }

    /// Adds what is to be told the user.
    pub(super) fn warn(&mut self, warnings: Vec<String>) {
        self.info.warnings.extend(warnings);
    }

    /// What is known of it before any pixel is decoded.
    #[must_use]
    pub fn info(&self) -> &PictureInfo {
        &self.info
    }

    /// Why [`PictureInfo::held`] bytes have to be held, in a few words; empty where none have to be.
    #[must_use]
    pub fn why_held(&self) -> &'static str {
        if self.info.held > 0 { self.why } else { "" }
    }

    /// Its rows. What has to be held is allocated and decoded when the first of them is read, not here.
    ///
    /// # Errors
    /// More than `max_memory` bytes would have to be held ([`PictureInfo::held`]).
    pub fn rows(self, max_memory: u64) -> Result<Box<dyn Rows>, PictureError> {
        if self.info.held > max_memory {
            return Err(PictureError::TooMuchMemory { why: self.why, needed: self.info.held, limit: max_memory });
        }
        Ok(self.rows)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Picture").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The first bytes, and the input as if nothing had been read. Files that are pipes become streams, as they cannot be
/// read again either.
fn peeked(input: Input) -> Result<(Vec<u8>, Input), PictureError> {
    match input {
        Input::File(mut file) => {
            if file.get_ref().metadata()?.is_file() {
                file.rewind()?;
                let head = head(&mut file)?;
                file.rewind()?;
                return Ok((head, Input::File(with_buffer(file)?)));
            }
            stream(file)
        }
        Input::Stream(bytes) => stream(bytes),
    }
}

/// The same file with a large buffer. Its own must be empty, which it is after a rewind.
fn with_buffer(file: BufReader<File>) -> Result<BufReader<File>, PictureError> {
    if file.capacity() >= BUFFER {
        return Ok(file);
    }
    Ok(BufReader::with_capacity(BUFFER, file.into_inner()))
}

fn stream(mut bytes: impl Read + Send + 'static) -> Result<(Vec<u8>, Input), PictureError> {
    let head = head(&mut bytes)?;
    let whole: Box<dyn Read + Send> = Box::new(Cursor::new(head.clone()).chain(bytes));
    Ok((head, Input::Stream(BufReader::with_capacity(BUFFER, whole))))
}

/// As many bytes as are looked at, in as many pieces as they come.
fn head(bytes: &mut impl Read) -> Result<Vec<u8>, PictureError> {
    let mut head = Vec::with_capacity(sniff::HEAD);
    bytes.take(sniff::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests;
