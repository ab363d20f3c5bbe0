//! What tells whether a file is still the same: length, times, inode and hash.

use rustix::fs::Stat;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use xxhash_rust::xxh3::xxh3_64;

/// What the system knows about a file, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Length in bytes.
    pub length: u64,
    /// Modification time in nanoseconds since 1970, saturating in the years 1677 and 2262.
    pub modified: i64,
    /// Its inode, and when that last changed.
    pub inode: InodeMark,
}

/// A fingerprint of 48 bits of a file's inode number and change time (ctime).
///
/// Programs can set a modification time, and pipelines that give all files the same one do; nobody can set a ctime. A new
/// mark does not mean new contents: copying, linking and renaming give one, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InodeMark(u64);

impl InodeMark {
    /// Number of bytes of a mark in a manifest.
    pub(crate) const BYTES: usize = 6;

    fn of(inode: u64, changed: i64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&inode.to_le_bytes());
        bytes[8..].copy_from_slice(&changed.to_le_bytes());
        Self(xxh3_64(&bytes) >> 16)
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let [a, b, c, d, e, f, ..] = self.0.to_le_bytes();
        [a, b, c, d, e, f]
    }

    pub(crate) fn from_bytes([a, b, c, d, e, f]: [u8; Self::BYTES]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }
}

impl FileStat {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let changed = nanoseconds(metadata.ctime(), metadata.ctime_nsec());
        Self {
            length: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            inode: InodeMark::of(metadata.ino(), changed),
        }
    }

    pub(crate) fn of_raw(stat: &Stat) -> Self {
        // The types of these fields differ between systems.
        let modified = nanoseconds(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0));
        let changed = nanoseconds(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or(0));
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        Self { length, modified, inode: InodeMark::of(stat.st_ino, changed) }
    }

    /// Whether a file that had `earlier` a moment ago was not written to since. Its inode may have changed: a backup that
    /// links files does that.
    pub(crate) fn is_unwritten_since(&self, earlier: &Self) -> bool {
        (self.length, self.modified) == (earlier.length, earlier.modified)
    }
}

fn nanoseconds(seconds: i64, fraction: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction)
}

/// Identifies the contents of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// What the system knows about it. Of a generated tile, only the length is recorded.
    pub stat: FileStat,
    /// XXH3-128 of the bytes.
    pub hash: u128,
}

impl FileStamp {
    /// A stamp of contents alone, without times.
    #[must_use]
    pub fn of_contents(length: u64, hash: u128) -> Self {
        Self { stat: FileStat { length, modified: 0, inode: InodeMark::default() }, hash }
    }

    /// The same contents, without times.
    #[must_use]
    pub fn without_times(&self) -> Self {
        Self::of_contents(self.stat.length, self.hash)
    }
}
