//! The container of TIFF 6.0 and BigTIFF: a header, and directories of entries anywhere in the file.
//!
//! Nothing is allocated for data that the file is too short to contain.

use crate::input::PictureError;
use std::fmt::Display;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

/// The most entries of a directory. Without a limit, overlapping directories could take hours to read.
const MAX_ENTRIES: u64 = 4096;

/// A tag's number and its name in the specification.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub(super) number: u16,
    pub(super) name: &'static str,
}

/// An open TIFF, read at arbitrary offsets.
#[derive(Debug)]
pub(super) struct TiffFile {
    file: File,
    /// Length in bytes.
    pub(super) length: u64,
    /// Whether the most significant byte comes first, in samples too.
    pub(super) big_endian: bool,
    /// Whether it is a BigTIFF, with offsets and counts of 8 bytes.
    big: bool,
}

/// An entry as stored in a directory.
#[derive(Debug, Clone)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The values if they fit, otherwise their offset. Only the first 4 bytes count if the file is not a BigTIFF.
    value: [u8; 8],
}

/// The entries that describe one image.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    /// Offset of the next directory; 0 for none.
    pub(super) next: u64,
}

impl TiffFile {
    /// Reads the header. Also returns the offset of the first directory.
    ///
    /// # Errors
    /// It is not a regular file, or has a different header.
    pub(super) fn open(file: File) -> Result<(Self, u64), PictureError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(PictureError::NotSeekable("a TIFF"));
        }
        let mut file = Self { file, length: metadata.len(), big_endian: false, big: false };
        let mut header = [0; 8];
        file.read(0, &mut header, &"the header")?;
        file.big_endian = match header {
            [b'I', b'I', ..] => false,
            [b'M', b'M', ..] => true,
            _ => return Err(PictureError::Damaged("the header does not begin with II or MM".into())),
        };
        let first = match file.number(&header[2..4]) {
            42 => file.number(&header[4..]),
            43 if file.number(&header[4..6]) == 8 => {
                file.big = true;
                file.read(8, &mut header, &"the header")?;
                file.number(&header)
            }
            _ => return Err(PictureError::Damaged("the header is of no known version of TIFF".into())),
        };
        Ok((file, first))
    }

    /// Fills `bytes` from `offset` on. Errors call the data `what`.
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

    /// Fails unless `length` bytes from `offset` on are within the file.
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
            let text = format!("the directory at byte {offset} has {count} entries; it must have 1 to {MAX_ENTRIES}");
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

    /// The first `max` values of an entry, `size` bytes each.
    fn values(&self, entry: &Entry, size: u64, max: u64, tag: Tag) -> Result<Vec<u8>, PictureError> {
        let wanted = entry.count.min(max).saturating_mul(size);
        let word = if self.big { 8 } else { 4 };
        if entry.count.saturating_mul(size) <= word {
            return Ok(entry.value[..wanted as usize].to_vec());
        }
        let offset = self.number(&entry.value[..word as usize]);
        self.check(offset, wanted, &tag.name)?;
        let mut bytes = vec![0; wanted as usize];
        self.read(offset, &mut bytes, &tag.name)?;
        Ok(bytes)
    }
}

fn beyond_the_end(offset: u64, what: &dyn Display) -> PictureError {
    PictureError::Damaged(format!("truncated: {what} at byte {offset} is beyond the end of the file"))
}

/// The error for a tag that an image must have.
pub(super) fn missing(tag: Tag) -> PictureError {
    PictureError::Damaged(format!("{} is missing", tag.name))
}

impl Directory {
    fn find(&self, tag: Tag) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag.number)
    }

    /// Whether the directory has the tag.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.find(tag).is_some()
    }

    /// The first `max` values of a tag of unsigned integers; `None` without the tag.
    ///
    /// # Errors
    /// The tag is empty, of another type, or its values are not within the file.
    pub(super) fn numbers(&self, file: &TiffFile, tag: Tag, max: u64) -> Result<Option<Vec<u64>>, PictureError> {
        let Some(entry) = self.find(tag) else {
            return Ok(None);
        };
        let size = match entry.kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            kind => return Err(PictureError::Damaged(format!("{} has type {kind}, not an integer", tag.name))),
        };
        if entry.count == 0 {
            return Err(PictureError::Damaged(format!("{} is empty", tag.name)));
        }
        let bytes = file.values(entry, size, max, tag)?;
        Ok(Some(bytes.chunks_exact(size as usize).map(|value| file.number(value)).collect()))
    }

    /// The first value of a tag of unsigned integers; `None` without the tag.
    ///
    /// # Errors
    /// As [`Self::numbers`].
    pub(super) fn first_number(&self, file: &TiffFile, tag: Tag) -> Result<Option<u64>, PictureError> {
        Ok(self.numbers(file, tag, 1)?.and_then(|values| values.first().copied()))
    }

    /// The bytes of a tag of type BYTE or UNDEFINED; `None` without the tag, or if there are more than `max_bytes`.
    ///
    /// # Errors
    /// The bytes are not within the file.
    pub(super) fn bytes(&self, file: &TiffFile, tag: Tag, max_bytes: u64) -> Result<Option<Vec<u8>>, PictureError> {
        match self.find(tag) {
            Some(entry) if matches!(entry.kind, 1 | 7) && entry.count <= max_bytes => {
                file.values(entry, 1, max_bytes, tag).map(Some)
            }
            _ => Ok(None),
        }
    }
}
