//! Renaming that replaces an entry, never replaces one, or exchanges two.

use crate::store::error::{Context, IoError};
use crate::store::fs::remove_tree;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::path::Path;

/// Renames a file or folder, and replaces a file that has the new name.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), IoError> {
    std::fs::rename(from, to).context("rename", from)
}

/// Renames a file or folder, and never replaces anything: an existing entry is an error of the kind
/// [`std::io::ErrorKind::AlreadyExists`]. Systems that cannot do both in one step look before they rename.
pub(crate) fn rename_new(from: &Path, to: &Path) -> Result<(), IoError> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_ok() => {
            Err(Errno::EXIST).context("rename", from)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename(from, to),
        result => result.context("rename", from),
    }
}

/// Exchanges two folders in one step. Systems that cannot do that leave `other` missing between two renames.
pub(crate) fn swap_folders(one: &Path, other: &Path) -> Result<(), IoError> {
    match rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let aside = one.with_extension("old");
            remove_tree(&aside)?;
            rename(other, &aside)?;
            rename(one, other)?;
            rename(&aside, one)
        }
        result => result.context("rename", one),
    }
}
