//! The records of a manifest, one per tile, and their binary format.

use crate::geometry::Tile;
use crate::store::error::{Context, StoreError};
use crate::store::fs::{self, FileStamp, FileStat, InodeMark};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The name of the file of records in a manifest folder.
pub(super) const RECORDS: &str = "tiles";

pub(super) const RECORD_BYTES: usize = 48;

/// Bytes read or written at a time.
pub(super) const BUFFER_BYTES: usize = 1 << 16;

/// The relation of a version to a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A generated tile, a real file of this tree.
    Generated,
    /// A base tile of this version's sources. The tree links to it.
    Source,
    /// A base tile of this version's sources with the same bytes as an earlier one. The tree links to that one instead.
    SourceUnchanged,
}

/// One tile in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The relation of the version to it.
    pub role: Role,
    /// The tile.
    pub tile: Tile,
    /// Length, hash and, for source tiles, times and inode (0 for others).
    pub stamp: FileStamp,
}

impl Record {
    /// Whether the version owns the tile.
    #[must_use]
    pub fn owned(&self) -> bool {
        self.role != Role::SourceUnchanged
    }

    pub(super) fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[0] = match self.role {
            Role::Generated => 1,
            Role::Source => 2,
            Role::SourceUnchanged => 3,
        };
        bytes[1] = self.tile.level;
        bytes[4..8].copy_from_slice(&self.tile.column.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.tile.row.to_le_bytes());
        let FileStat { length, modified, inode } = self.stamp.stat;
        let inode = inode.to_bytes();
        bytes[2..4].copy_from_slice(&inode[..2]);
        bytes[12..16].copy_from_slice(&inode[2..]);
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        bytes[24..32].copy_from_slice(&modified.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.stamp.hash.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        fn field<const N: usize>(bytes: &[u8; RECORD_BYTES], at: usize) -> [u8; N] {
            std::array::from_fn(|index| bytes[at + index])
        }
        let role = match bytes[0] {
            1 => Role::Generated,
            2 => Role::Source,
            3 => Role::SourceUnchanged,
            _ => return None,
        };
        Some(Self {
            role,
            tile: Tile {
                level: bytes[1],
                column: u32::from_le_bytes(field(bytes, 4)),
                row: u32::from_le_bytes(field(bytes, 8)),
            },
            stamp: FileStamp {
                stat: FileStat {
                    length: u64::from_le_bytes(field(bytes, 16)),
                    modified: i64::from_le_bytes(field(bytes, 24)),
                    inode: InodeMark::from_bytes([bytes[2], bytes[3], bytes[12], bytes[13], bytes[14], bytes[15]]),
                },
                hash: u128::from_le_bytes(field(bytes, 32)),
            },
        })
    }
}

/// Streams the records of the manifest in `folder`. The stream ends after an error.
///
/// # Errors
/// The file cannot be opened.
pub fn records(folder: &Path) -> Result<impl Iterator<Item = Result<Record, StoreError>> + use<>, StoreError> {
    let path = folder.join(RECORDS);
    let mut file = BufReader::with_capacity(BUFFER_BYTES, open_records(&path)?);
    let mut done = false;
    Ok(std::iter::from_fn(move || {
        if done {
            return None;
        }
        let next = read_record(&mut file, &path).transpose();
        done = !matches!(next, Some(Ok(_)));
        next
    }))
}

pub(super) fn open_records(path: &Path) -> Result<File, StoreError> {
    fs::open_own_file(path)?.ok_or_else(|| StoreError::damaged(path, "it is missing"))
}

fn read_record(file: &mut impl Read, path: &Path) -> Result<Option<Record>, StoreError> {
    let mut bytes = [0; RECORD_BYTES];
    let mut rest = bytes.as_mut_slice();
    let copied = std::io::copy(&mut file.take(RECORD_BYTES as u64), &mut rest).context("read", path)?;
    if copied == 0 {
        return Ok(None);
    }
    let record = if copied == RECORD_BYTES as u64 { Record::from_bytes(&bytes) } else { None };
    record.map(Some).ok_or_else(|| StoreError::damaged(path, "it has an invalid record"))
}
