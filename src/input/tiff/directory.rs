//! The container of TIFF 6.0 and BigTIFF: a header, and directories of entries anywhere in the file. All is read from
//! its place, and no memory is taken for what the file is too short to hold.

use super::super::PictureError;
use std::fmt::Display;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

/// More entries than any directory has; without a limit, directories within directories would take hours to read.
const MAX_ENTRIES: u64 = 4096;

/// A tag's number and its name in the specification.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag(pub(super) u16, pub(super) &'static str);

/// An open file, its length, and how its numbers are written.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// Length in bytes.
    pub(super) length: u64,
    /// Whether the most significant byte comes first, in samples too.
    pub(super) big_endian: bool,
    /// Whether it is BigTIFF, in which offsets and counts have 8 bytes.
    pub(super) big: bool,
}

/// An entry as it stands in a directory.
#[derive(Debug, Clone)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The values if they fit, else the offset at which they are; 4 bytes count where it is no BigTIFF.
    value: [u8; 8],
}

/// The entries that describe one image.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    /// Offset of the next directory; 0 for none.
    pub(super) next: u64,
}

impl Source {
    /// Reads the header; returns the offset of the first directory too.
    ///
    /// # Errors
    /// It is no file that can be read from any place, or has another header.
    pub(super) fn open(file: File) -> Result<(Self, u64), PictureError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(PictureError::NotSeekable("a TIFF"));
        }
        let mut source = Self { file, length: metadata.len(), big_endian: false, big: false };
        let mut header = [0; 8];
        source.read(0, &mut header, &"the header")?;
        source.big_endian = match header {
            [b'I', b'I', ..] => false,
            [b'M', b'M', ..] => true,
            _ => return Err(PictureError::Damaged("it does not begin as a TIFF does".into())),
        };
        let first = match source.number(&header[2..4]) {
            42 => source.number(&header[4..]),
            43 if source.number(&header[4..6]) == 8 => {
                source.big = true;
                source.read(8, &mut header, &"the header")?;
                source.number(&header)
            }
            _ => return Err(PictureError::Damaged("its header is that of no version of TIFF".into())),
        };
        Ok((source, first))
    }

    /// Fills `bytes` from `offset` on. `what` says in an error what was to be read.
    ///
    /// # Errors
    /// The file ends before, or cannot be read.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8], what: &dyn Display) -> Result<(), PictureError> {
        self.check(offset, bytes.len() as u64, what)?;
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => beyond_the_end(offset, what),
            _ => PictureError::Read(error),
        })
    }

    /// Fails where `length` bytes from `offset` on are not within the file.
    pub(super) fn check(&self, offset: u64, length: u64, what: &dyn Display) -> Result<(), PictureError> {
        match offset.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(beyond_the_end(offset, what)),
        }
    }

    /// An unsigned number of up to 8 bytes.
    fn number(&self, bytes: &[u8]) -> u64 {
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// Reads the directory at `offset`.
    ///
    /// # Errors
    /// It is not within the file, is empty, or has too many entries.
    pub(super) fn directory(&self, offset: u64) -> Result<Directory, PictureError> {
        let (count_size, entry_size, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let mut count = [0; 8];
        self.read(offset, &mut count[..count_size], &"a directory")?;
        let count = self.number(&count[..count_size]);
        if !(1..=MAX_ENTRIES).contains(&count) {
            let text = format!("the directory at byte {offset} has {count} entries; there can be 1 to {MAX_ENTRIES}");
            return Err(PictureError::Damaged(text));
        }
        let mut bytes = vec![0; count as usize * entry_size];
        self.read(offset + count_size as u64, &mut bytes, &"a directory")?;
        let entries = bytes.chunks_exact(entry_size).map(|entry| {
            let mut value = [0; 8];
            value[..word].copy_from_slice(&entry[4 + word..]);
            Entry {
                tag: self.number(&entry[..2]) as u16,
                kind: self.number(&entry[2..4]) as u16,
                count: self.number(&entry[4..4 + word]),
                value,
            }
        });
        let entries = entries.collect();
        let mut next = [0; 8];
        let end = offset + (count_size + bytes.len()) as u64;
        // Some files end with their last entry.
        let next = self.read(end, &mut next[..word], &"a directory").map_or(0, |()| self.number(&next[..word]));
        Ok(Directory { entries, next })
    }

    /// The first `most` bytes of an entry's values.
    fn values(&self, entry: &Entry, size: u64, most: u64, tag: Tag) -> Result<Vec<u8>, PictureError> {
        let wanted = entry.count.min(most).saturating_mul(size);
        let word = if self.big { 8 } else { 4 };
        if entry.count.saturating_mul(size) <= word {
            return Ok(entry.value[..wanted as usize].to_vec());
        }
        let offset = self.number(&entry.value[..word as usize]);
        let what = format!("its {}", tag.1);
        self.check(offset, wanted, &what)?;
        let mut bytes = vec![0; wanted as usize];
        self.read(offset, &mut bytes, &what)?;
        Ok(bytes)
    }
}

fn beyond_the_end(offset: u64, what: &dyn Display) -> PictureError {
    PictureError::Damaged(format!("{what}, at byte {offset}, lies beyond the end of the file"))
}

impl Directory {
    fn find(&self, tag: Tag) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag.0)
    }

    /// Whether it has the tag.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.find(tag).is_some()
    }

    /// The first `most` values of a tag of unsigned integers; none without the tag.
    ///
    /// # Errors
    /// They are of another type, none, or not within the file.
    pub(super) fn numbers(&self, source: &Source, tag: Tag, most: u64) -> Result<Option<Vec<u64>>, PictureError> {
        let Some(entry) = self.find(tag) else {
            return Ok(None);
        };
        let size = match entry.kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            kind => return Err(PictureError::Damaged(format!("its {} is of type {kind}, no integer", tag.1))),
        };
        if entry.count == 0 {
            return Err(PictureError::Damaged(format!("its {} is empty", tag.1)));
        }
        let bytes = source.values(entry, size, most, tag)?;
        Ok(Some(bytes.chunks_exact(size as usize).map(|value| source.number(value)).collect()))
    }

    /// The first value of a tag of unsigned integers; none without the tag.
    ///
    /// # Errors
    /// As [`Self::numbers`].
    pub(super) fn first_number(&self, source: &Source, tag: Tag) -> Result<Option<u64>, PictureError> {
        Ok(self.numbers(source, tag, 1)?.and_then(|values| values.first().copied()))
    }

    /// The bytes of a tag of type BYTE or UNDEFINED; none without the tag or where they are more than `most`.
    ///
    /// # Errors
    /// They are not within the file.
    pub(super) fn bytes(&self, source: &Source, tag: Tag, most: u64) -> Result<Option<Vec<u8>>, PictureError> {
        match self.find(tag) {
            Some(entry) if matches!(entry.kind, 1 | 7) && entry.count <= most => {
                source.values(entry, 1, most, tag).map(Some)
            }
            _ => Ok(None),
        }
    }
}
