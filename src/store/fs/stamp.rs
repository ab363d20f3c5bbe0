//! Length, modification time and hash of a file.

use rustix::fs::Stat;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Length and modification time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Length in bytes.
    pub length: u64,
    /// Modification time in nanoseconds since 1970, saturating in the years 1677 and 2262.
    pub modified: i64,
}

impl FileStat {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()) }
    }

    pub(crate) fn of_raw(stat: &Stat) -> Self {
        // The types of these fields differ between systems.
        let (length, nanosecond) = (u64::try_from(stat.st_size), i64::try_from(stat.st_mtime_nsec));
        let modified = nanoseconds(stat.st_mtime, nanosecond.unwrap_or(0));
        Self { length: length.unwrap_or(0), modified }
    }
}

fn nanoseconds(seconds: i64, fraction: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction)
}

/// Identifies the contents of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Length in bytes.
    pub length: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified: i64,
    /// XXH3-128 of the bytes.
    pub hash: u128,
}

impl FileStamp {
    /// Length and modification time.
    #[must_use]
    pub fn stat(&self) -> FileStat {
        FileStat { length: self.length, modified: self.modified }
    }
}
