//! Flushing what was written to the disk.

use crate::store::error::{Context, IoError};
use std::fs::File;
use std::path::Path;

#[cfg(target_os = "linux")]
use crate::store::fs::Dir;
#[cfg(target_os = "linux")]
use rustix::io::Errno;

/// Whether finished trees are flushed to the disk before they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Everything reaches the disk before it is published, so that published versions survive a power cut.
    #[default]
    Flushed,
    /// The system writes when it likes. For throw-away folders, such as those of tests.
    Unflushed,
}

/// Flushes the entries of a folder.
pub(crate) fn flush_folder(path: &Path) -> Result<(), IoError> {
    File::open(path).and_then(|folder| folder.sync_all()).context("flush", path)
}

/// Flushes the file system of `path` in one call instead of one call per tile. Systems that do not allow that flush
/// everything in `path`, and the folders above it, one by one.
pub(crate) fn flush_file_system(path: &Path) -> Result<(), IoError> {
    #[cfg(target_os = "linux")]
    {
        if sync_file_system(path)? {
            return Ok(());
        }
        flush_tree(path)?;
        // No more folders above it can be new: `dest`, its state folder, staging.
        path.ancestors().skip(1).take(3).filter(|folder| folder.is_dir()).try_for_each(flush_folder)
    }
    #[cfg(not(target_os = "linux"))]
    {
        rustix::fs::sync();
        flush_folder(path)
    }
}

/// Flushes the file system of the folder `path`, if the system can; reports whether it could.
#[cfg(target_os = "linux")]
pub(super) fn sync_file_system(path: &Path) -> Result<bool, IoError> {
    match rustix::fs::syncfs(Dir::open(path)?) {
        Err(Errno::NOSYS | Errno::NOTSUP | Errno::INVAL | Errno::PERM) => Ok(false),
        result => result.context("flush", path).map(|()| true),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sync_file_system(_: &Path) -> Result<bool, IoError> {
    Ok(false)
}

/// Flushes a folder with all files and folders in it.
#[cfg(target_os = "linux")]
fn flush_tree(path: &Path) -> Result<(), IoError> {
    for entry in std::fs::read_dir(path).context("read", path)? {
        let entry = entry.context("read", path)?;
        let path = entry.path();
        let kind = entry.file_type().context("read", &path)?;
        if kind.is_dir() {
            flush_tree(&path)?;
        } else if kind.is_file() {
            File::open(&path).and_then(|file| file.sync_all()).context("flush", &path)?;
        }
    }
    flush_folder(path)
}
