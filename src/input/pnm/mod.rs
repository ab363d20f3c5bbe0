//! PNM: PBM, PGM and PPM, as text and binary, and PAM.
//!
//! Samples are scaled to 8 bits where the largest is at most 255, and to 16 where it is larger; one over the largest is
//! an error. What follows the last row is not read: the binary kinds may go on with another picture, and Netpbm's
//! programs read the text kinds no further either.

mod header;
mod text;

use super::source::Source;
use super::{Picture, PictureError, PictureInfo, PictureKind, Reading, Rows, whole};
use crate::raster::Sample;
use crate::raster::Samples;
use header::{Coding, Header};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use text::{NoNumber, Text};

/// Bytes taken at a time where they are not the samples as they are.
const PIECE: usize = 1 << 14;

/// Opens a PNM file at its first byte and reads its header.
pub(super) fn open_file(mut file: BufReader<File>) -> Result<Picture, PictureError> {
    let mut text = Text::new(&mut file);
    let header = Header::read(&mut text)?;
    let end = text.read.saturating_add(header.least());
    let mut warnings = Vec::new();
    if !matches!(header.coding, Coding::Digits | Coding::Numbers) && another(&mut file, end)? {
        warnings.push("it holds more than one picture: only its first is shown".into());
    }
    file.rewind()?;
    let mut picture = open(Source::new(super::Input::File(file))?)?;
    picture.warn(warnings);
    Ok(picture)
}

/// Whether another picture begins at this place.
fn another(file: &mut BufReader<File>, place: u64) -> Result<bool, PictureError> {
    if place >= file.get_ref().metadata()?.len() {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(place))?;
    let mut magic = Vec::new();
    file.by_ref().take(3).read_to_end(&mut magic)?;
    Ok(matches!(magic[..], [b'P', b'1'..=b'7', space] if space.is_ascii_whitespace()))
}

/// Opens a PNM at its first byte and reads its header.
pub(super) fn open(mut source: Source) -> Result<Picture, PictureError> {
    let mut text = Text::new(&mut source);
    let header = Header::read(&mut text)?;
    let needed = text.read.saturating_add(header.least());
    if let Some(found) = source.length().filter(|&found| found < needed) {
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
        held: 0,
        reading: Reading::default(),
        warnings: Vec::new(),
    };
    Ok(Picture::new(info, "", Box::new(Pnm::new(source, header))))
}

struct Pnm {
    source: Source,
    header: Header,
    /// Rows read.
    row: u32,
    /// The 8-bit sample for each stored one; empty where they are the same.
    shallow: Vec<u8>,
    /// The 16-bit sample for each stored one; empty where they are the same.
    deep: Vec<u16>,
}

/// Why a row could not be read.
enum Fault {
    Read(std::io::Error),
    Over(u64),
    NoNumber(NoNumber),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl Pnm {
    fn new(source: Source, header: Header) -> Self {
        let most = header.most;
        let (mut shallow, mut deep) = (Vec::new(), Vec::new());
        match most {
            255 | 65535 => {}
            ..255 => shallow = (0..=most).map(|value| scaled(value, most)).collect(),
            _ => deep = (0..=most).map(|value| scaled(value, most)).collect(),
        }
        Self { source, header, row: 0, shallow, deep }
    }

    fn next_eight(&mut self, row: &mut [u8]) -> Result<(), Fault> {
        match self.header.coding {
            Coding::Bytes => {
                self.source.read_exact(row)?;
                look_up(row, &self.shallow)
            }
            Coding::Bits => bits(&mut self.source, row),
            Coding::Digits => {
                let mut text = Text::new(&mut self.source);
                for sample in row {
                    *sample = if text.digit()?.map_err(Fault::NoNumber)? { 0 } else { 255 };
                }
                Ok(())
            }
            _ => {
                numbers(&mut self.source, row, 255)?;
                look_up(row, &self.shallow)
            }
        }
    }

    fn next_sixteen(&mut self, row: &mut [u16]) -> Result<(), Fault> {
        match self.header.coding {
            Coding::Words => words(&mut self.source, row)?,
            _ => numbers(&mut self.source, row, 65535)?,
        }
        look_up(row, &self.deep)
    }

    fn error(&self, fault: Fault) -> PictureError {
        let row = format!("row {} of {}", u64::from(self.row) + 1, self.header.size.height);
        PictureError::Damaged(match fault {
            Fault::Read(error) if error.kind() != ErrorKind::UnexpectedEof => return PictureError::Read(error),
            Fault::Read(_) | Fault::NoNumber(NoNumber::End) => format!("it ends too early: {row} is not complete"),
            Fault::NoNumber(wrong) => format!("{row}: {wrong} where a number should be"),
            Fault::Over(value) => format!("{row}: a sample of {value}, over the largest, {}", self.header.most),
        })
    }
}

impl Rows for Pnm {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let (width, channels) = (self.header.size.width as usize, self.header.channels);
        let left = (self.header.size.height - self.row) as usize;
        let fits = |across, many, down| across == width && many == channels && down <= left;
        match (band, self.header.depth()) {
            (Samples::Eight(band), super::Depth::Eight) if fits(band.width(), band.channels(), band.height()) => {
                for y in 0..band.height() {
                    self.next_eight(band.row_mut(y)).map_err(|fault| self.error(fault))?;
                    self.row += 1;
                }
            }
            (Samples::Sixteen(band), super::Depth::Sixteen) if fits(band.width(), band.channels(), band.height()) => {
                for y in 0..band.height() {
                    self.next_sixteen(band.row_mut(y)).map_err(|fault| self.error(fault))?;
                    self.row += 1;
                }
            }
            _ => return Err(whole::wrong_band()),
        }
        Ok(())
    }

    /// There is nothing after the rows that would belong to the picture.
    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

/// A stored sample as one whose largest is that of its type, rounded.
fn scaled<S: Sample>(value: u16, most: u16) -> S {
    let most = u32::from(most);
    // At most 65535 * 65535 + 32767, which fits.
    S::clamped((u32::from(value) * S::LARGEST + most / 2) / most)
}

/// Replaces stored samples by those of `table`; an empty one keeps them.
fn look_up<S: Sample>(row: &mut [S], table: &[S]) -> Result<(), Fault> {
    if table.is_empty() {
        return Ok(());
    }
    for sample in row {
        let value: u32 = (*sample).into();
        *sample = *table.get(value as usize).ok_or(Fault::Over(value.into()))?;
    }
    Ok(())
}

/// Numbers as they are, up to the largest of the type; those over the file's own are found out by [`look_up`].
fn numbers<S: Sample>(source: &mut impl BufRead, row: &mut [S], largest: u64) -> Result<(), Fault> {
    let mut text = Text::new(source);
    for sample in row {
        let value = text.number()?.map_err(Fault::NoNumber)?;
        if value > largest {
            return Err(Fault::Over(value));
        }
        *sample = S::clamped(value as u32);
    }
    Ok(())
}

fn bits(source: &mut impl Read, row: &mut [u8]) -> Result<(), Fault> {
    let mut bytes = [0; PIECE];
    for piece in row.chunks_mut(PIECE * 8) {
        let bytes = &mut bytes[..piece.len().div_ceil(8)];
        source.read_exact(bytes)?;
        for (eight, byte) in piece.chunks_mut(8).zip(bytes) {
            for (at, sample) in eight.iter_mut().enumerate() {
                *sample = if *byte << at & 0x80 == 0 { 255 } else { 0 };
            }
        }
    }
    Ok(())
}

fn words(source: &mut impl Read, row: &mut [u16]) -> Result<(), Fault> {
    let mut bytes = [0; PIECE];
    for piece in row.chunks_mut(PIECE / 2) {
        let bytes = &mut bytes[..piece.len() * 2];
        source.read_exact(bytes)?;
        for (sample, &two) in piece.iter_mut().zip(bytes.as_chunks().0) {
            *sample = u16::from_be_bytes(two);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
