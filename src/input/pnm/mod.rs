//! PNM: PBM, PGM and PPM, as text and binary, and PAM.
//!
//! Samples are scaled to 8 bits if the maximum is at most 255, otherwise to 16. A sample above the maximum is an error.
//! Data after the last row are not read: in the binary kinds another picture may follow, and Netpbm's programs do not
//! read on in the text kinds either.

mod header;
mod text;

use super::byte_stream::ByteStream;
use super::{Depth, PictureError, PictureInfo, PictureInput, PictureKind, ReadMemory, RowPicture, Rows};
use crate::raster::{Sample, Samples};
use header::{Coding, PnmHeader};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use text::{NotANumber, TextReader};

/// Bytes read at a time where stored bytes must be converted to samples.
const PIECE_BYTES: usize = 1 << 14;

/// Opens a PNM file at its first byte and reads its header.
pub(super) fn open_file(mut file: BufReader<File>) -> Result<RowPicture, PictureError> {
    let mut text = TextReader::new(&mut file);
    let header = PnmHeader::read(&mut text)?;
    let end = text.bytes_read.saturating_add(header.min_sample_bytes());
    let is_text = matches!(header.coding, Coding::Digits | Coding::Numbers);
    let has_more = !is_text && another_picture_at(&mut file, end)?;
    file.rewind()?;
    let mut picture = open(ByteStream::new(PictureInput::File(file))?)?;
    if has_more {
        picture.add_warning("the file contains several pictures: only the first is used");
    }
    Ok(picture)
}

/// Whether another picture begins at this offset.
fn another_picture_at(file: &mut BufReader<File>, offset: u64) -> Result<bool, PictureError> {
    if offset >= file.get_ref().metadata()?.len() {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut magic = Vec::new();
    file.by_ref().take(3).read_to_end(&mut magic)?;
    Ok(matches!(magic[..], [b'P', b'1'..=b'7', space] if space.is_ascii_whitespace()))
}

/// Opens a PNM at its first byte and reads its header.
pub(super) fn open(mut bytes: ByteStream) -> Result<RowPicture, PictureError> {
    let mut text = TextReader::new(&mut bytes);
    let header = PnmHeader::read(&mut text)?;
    let needed = text.bytes_read.saturating_add(header.min_sample_bytes());
    if let Some(found) = bytes.length().filter(|&found| found < needed) {
        return Err(PictureError::TooShort { size: header.size, needed, found });
    }
    let info = PictureInfo {
        kind: PictureKind::Pnm,
        size: header.size,
        channels: header.channels,
        depth: header.depth(),
        palette: false,
        icc: None,
        orientation: 1,
        buffered: 0,
        read_memory: ReadMemory::default(),
        warnings: Vec::new(),
    };
    Ok(RowPicture::new(info, "", Box::new(PnmRows::new(bytes, header))))
}

struct PnmRows {
    bytes: ByteStream,
    header: PnmHeader,
    /// Rows read.
    row: u32,
    /// The 8-bit sample for each stored value; empty if they are equal.
    scaled_to_8: Vec<u8>,
    /// The 16-bit sample for each stored value; empty if they are equal.
    scaled_to_16: Vec<u16>,
}

/// Why a row could not be read.
enum RowError {
    Read(std::io::Error),
    AboveMaximum(u64),
    NotANumber(NotANumber),
}

impl From<std::io::Error> for RowError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl PnmRows {
    fn new(bytes: ByteStream, header: PnmHeader) -> Self {
        let max = header.max_sample;
        let (mut scaled_to_8, mut scaled_to_16) = (Vec::new(), Vec::new());
        match max {
            255 | 65535 => {}
            ..255 => scaled_to_8 = (0..=max).map(|value| scale(value, max)).collect(),
            _ => scaled_to_16 = (0..=max).map(|value| scale(value, max)).collect(),
        }
        Self { bytes, header, row: 0, scaled_to_8, scaled_to_16 }
    }

    fn read_eight(&mut self, row: &mut [u8]) -> Result<(), RowError> {
        match self.header.coding {
            Coding::Bytes => {
                self.bytes.read_exact(row)?;
                look_up(row, &self.scaled_to_8)
            }
            Coding::Bits => read_bits(&mut self.bytes, row),
            Coding::Digits => read_digits(&mut self.bytes, row),
            Coding::Numbers | Coding::Words => {
                read_numbers(&mut self.bytes, row)?;
                look_up(row, &self.scaled_to_8)
            }
        }
    }

    fn read_sixteen(&mut self, row: &mut [u16]) -> Result<(), RowError> {
        match self.header.coding {
            Coding::Words => read_words(&mut self.bytes, row)?,
            _ => read_numbers(&mut self.bytes, row)?,
        }
        look_up(row, &self.scaled_to_16)
    }

    fn picture_error(&self, error: RowError) -> PictureError {
        let row = format!("row {} of {}", u64::from(self.row) + 1, self.header.size.height);
        PictureError::Damaged(match error {
            RowError::Read(error) if error.kind() != ErrorKind::UnexpectedEof => return PictureError::Read(error),
            RowError::Read(_) | RowError::NotANumber(NotANumber::EndOfFile) => format!("truncated in {row}"),
            RowError::NotANumber(found) => format!("{row}: {found} instead of a number"),
            RowError::AboveMaximum(value) => {
                format!("{row}: sample {value} is above the maximum, {}", self.header.max_sample)
            }
        })
    }
}

impl Rows for PnmRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let (width, channels) = (self.header.size.width as usize, self.header.channels);
        let remaining = (self.header.size.height - self.row) as usize;
        let fits = |across, count, down| across == width && count == channels && down <= remaining;
        match (band, self.header.depth()) {
            (Samples::Eight(band), Depth::Eight) if fits(band.width(), band.channels(), band.height()) => {
                for y in 0..band.height() {
                    self.read_eight(band.row_mut(y)).map_err(|error| self.picture_error(error))?;
                    self.row += 1;
                }
            }
            (Samples::Sixteen(band), Depth::Sixteen) if fits(band.width(), band.channels(), band.height()) => {
                for y in 0..band.height() {
                    self.read_sixteen(band.row_mut(y)).map_err(|error| self.picture_error(error))?;
                    self.row += 1;
                }
            }
            _ => return Err(PictureError::wrong_band()),
        }
        Ok(())
    }

    /// Nothing after the rows belongs to the picture.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

/// Scales a sample from 0..=`max` to the range of its type, rounded.
fn scale<S: Sample>(value: u16, max: u16) -> S {
    let max = u32::from(max);
    // At most 65535 * 65535 + 32767, which fits.
    S::clamped((u32::from(value) * S::LARGEST + max / 2) / max)
}

/// Replaces stored samples by those of `table`. An empty table keeps them.
fn look_up<S: Sample>(row: &mut [S], table: &[S]) -> Result<(), RowError> {
    if table.is_empty() {
        return Ok(());
    }
    for sample in row {
        let value: u32 = (*sample).into();
        *sample = *table.get(value as usize).ok_or(RowError::AboveMaximum(value.into()))?;
    }
    Ok(())
}

/// Reads decimal numbers up to the largest of the type. [`look_up`] detects numbers above the file's maximum.
fn read_numbers<S: Sample>(bytes: &mut impl BufRead, row: &mut [S]) -> Result<(), RowError> {
    let mut text = TextReader::new(bytes);
    for sample in row {
        let value = text.number()?.map_err(RowError::NotANumber)?;
        if value > S::LARGEST.into() {
            return Err(RowError::AboveMaximum(value));
        }
        *sample = S::clamped(value as u32);
    }
    Ok(())
}

/// Reads one digit per pixel: 1 is black.
fn read_digits(bytes: &mut impl BufRead, row: &mut [u8]) -> Result<(), RowError> {
    let mut text = TextReader::new(bytes);
    for sample in row {
        *sample = if text.binary_digit()?.map_err(RowError::NotANumber)? { 0 } else { 255 };
    }
    Ok(())
}

/// Reads one bit per pixel: 1 is black.
fn read_bits(bytes: &mut impl Read, row: &mut [u8]) -> Result<(), RowError> {
    let mut buffer = [0; PIECE_BYTES];
    for piece in row.chunks_mut(PIECE_BYTES * 8) {
        let packed = &mut buffer[..piece.len().div_ceil(8)];
        bytes.read_exact(packed)?;
        for (samples, byte) in piece.chunks_mut(8).zip(packed) {
            for (at, sample) in samples.iter_mut().enumerate() {
                *sample = if *byte << at & 0x80 == 0 { 255 } else { 0 };
            }
        }
    }
    Ok(())
}

fn read_words(bytes: &mut impl Read, row: &mut [u16]) -> Result<(), RowError> {
    let mut buffer = [0; PIECE_BYTES];
    for piece in row.chunks_mut(PIECE_BYTES / 2) {
        let pairs = &mut buffer[..piece.len() * 2];
        bytes.read_exact(pairs)?;
        for (sample, &pair) in piece.iter_mut().zip(pairs.as_chunks().0) {
            *sample = u16::from_be_bytes(pair);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
