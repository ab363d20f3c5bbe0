//! Reading and writing single files, whatever may stand in their place.

use crate::store::error::{Context, IoError, Locate, StoreError};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Opens a folder to work in it by names. A symbolic link in its place is an error.
pub(crate) fn open_folder(path: &Path) -> Result<OwnedFd, IoError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).context("open", path)
}

/// Reads the regular file `name` in `folder` into `bytes` (which is emptied first) and returns what the system says
/// of it. `place` is for messages.
///
/// Never follows a symbolic link, never waits on a pipe, and reads no more than the file's length as it was when
/// opened, `most` at the most.
pub(crate) fn read_at(
    folder: impl AsFd,
    name: impl rustix::path::Arg,
    place: &(impl Locate + ?Sized),
    most: u64,
    bytes: &mut Vec<u8>,
) -> Result<Metadata, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty()).context("open", place)?);
    read_opened(file, place, most, bytes)
}

/// Reads a whole regular file by its path, as [`read_at`] does.
pub(crate) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).context("open", path)?);
    read_opened(file, path, most, &mut bytes)?;
    Ok(bytes)
}

/// Reads a whole file of the tool's own; nothing where nothing stands in its place. What is no regular file is not touched,
/// and counts as damaged: the tool makes no links, and a pipe would be waited on for ever.
pub(crate) fn read_own_file(path: &Path, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(file) = open_own_file(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    read_opened(file, path, most, &mut bytes)?;
    Ok(Some(bytes))
}

/// Opens a file of the tool's own as [`read_own_file`] does.
pub(crate) fn open_own_file(path: &Path) -> Result<Option<File>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let damaged = |problem: &str| StoreError::Damaged { path: path.to_owned(), problem: problem.to_owned() };
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(damaged("it is a symbolic link")),
        file => File::from(file.context("open", path)?),
    };
    let found = file.metadata().context("read", path)?;
    if found.is_file() { Ok(Some(file)) } else { Err(damaged("it is not a regular file")) }
}

/// Creates a file of the tool's own, in place of a file or link that is there; a link is not followed, because it may lead to
/// what is not the tool's.
pub(crate) fn create_own_file(path: &Path) -> Result<File, IoError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("delete", path)?,
        _ => File::create_new(path).context("create", path),
    }
}

fn read_opened(
    mut file: File,
    place: &(impl Locate + ?Sized),
    most: u64,
    bytes: &mut Vec<u8>,
) -> Result<Metadata, StoreError> {
    let before = file.metadata().context("read", place)?;
    if !before.is_file() {
        return Err(refused(place, "it is not a regular file").into());
    }
    let length = before.len();
    if length > most {
        return Err(refused(place, &format!("it has {length} bytes, more than the {most} that make sense here")).into());
    }
    bytes.clear();
    bytes.reserve(length as usize);
    (&mut file).take(length).read_to_end(bytes).context("read", place)?;
    let after = file.metadata().context("read", place)?;
    if bytes.len() as u64 != length || after.len() != length || modified(&after) != modified(&before) {
        return Err(StoreError::Changing { path: place.path() });
    }
    Ok(before)
}

fn refused(place: &(impl Locate + ?Sized), why: &str) -> IoError {
    IoError { action: "read", path: place.path(), source: io::Error::new(io::ErrorKind::InvalidInput, why) }
}

/// The modification time in nanoseconds since 1970, saturating in the years 1677 and 2262.
pub(crate) fn modified(metadata: &Metadata) -> i64 {
    nanoseconds(metadata.mtime(), metadata.mtime_nsec())
}

fn nanoseconds(seconds: i64, and: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(and)
}

/// Length and modification time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Length in bytes.
    pub length: u64,
    /// Modification time in nanoseconds since 1970, saturating in the years 1677 and 2262.
    pub modified: i64,
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

/// Length and modification time ([`modified`]) of the regular file `name` in `folder`; nothing if there is none. `place`
/// is for messages.
pub(crate) fn stat_at(
    folder: impl AsFd,
    name: &str,
    place: &(impl Locate + ?Sized),
) -> Result<Option<FileStat>, IoError> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
            // The fields' types differ from system to system.
            let (length, nanosecond) = (u64::try_from(stat.st_size), i64::try_from(stat.st_mtime_nsec));
            let modified = nanoseconds(stat.st_mtime, nanosecond.unwrap_or(0));
            Ok(Some(FileStat { length: length.unwrap_or(0), modified }))
        }
        Ok(_) | Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error).context("read", place),
    }
}

/// Writes a new file `name` into `folder`; it must not be there yet. It is still open. `place` is for messages.
pub(crate) fn write_new_at(
    folder: impl AsFd,
    name: &str,
    place: &(impl Locate + ?Sized),
    bytes: &[u8],
) -> Result<File, IoError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    let mut file = File::from(rustix::fs::openat(folder, name, flags, mode).context("create", place)?);
    file.write_all(bytes).context("write", place)?;
    Ok(file)
}

/// Writes a new file as [`write_new_at`] does, in place of one that an earlier attempt left.
pub(crate) fn write_anew_at(
    folder: impl AsFd,
    name: &str,
    place: &(impl Locate + ?Sized),
    bytes: &[u8],
) -> Result<(), IoError> {
    match write_new_at(&folder, name, place, bytes) {
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
            remove_at(&folder, name, place)?;
            write_new_at(folder, name, place, bytes).map(drop)
        }
        result => result.map(drop),
    }
}

/// Makes a link by `make`. Where an earlier attempt left something of its name, that is left if it is a link with the
/// target that `target` gives, and otherwise replaced.
pub(crate) fn put_link_at(
    folder: impl AsFd,
    name: &str,
    place: &(impl Locate + ?Sized),
    make: impl Fn() -> Result<(), IoError>,
    target: impl FnOnce() -> Result<String, StoreError>,
) -> Result<(), StoreError> {
    match make() {
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
            if link_target_at(&folder, name) == Some(target()?) {
                return Ok(());
            }
            remove_at(folder, name, place)?;
            Ok(make()?)
        }
        result => Ok(result?),
    }
}

/// The target of a link; nothing if there is no link of this name.
pub(crate) fn link_target_at(folder: impl AsFd, name: &str) -> Option<String> {
    rustix::fs::readlinkat(folder, name, Vec::new()).ok().map(|target| target.to_string_lossy().into_owned())
}

fn remove_at(folder: impl AsFd, name: &str, place: &(impl Locate + ?Sized)) -> Result<(), IoError> {
    rustix::fs::unlinkat(folder, name, AtFlags::empty()).context("delete", place)
}

/// Replaces a small file: written beside, flushed, renamed.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let beside = path.with_extension("new");
    let mut file = create_own_file(&beside)?;
    file.write_all(bytes).context("write", &beside)?;
    file.sync_all().context("flush", &beside)?;
    std::fs::rename(&beside, path).context("rename", &beside)
}

/// Renames a file or folder, and never replaces anything: what is there already is an error of the kind
/// [`io::ErrorKind::AlreadyExists`]. Where the system cannot do that at once, it is looked first.
pub(crate) fn rename_new(from: &Path, to: &Path) -> Result<(), IoError> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_ok() => {
            Err(Errno::EXIST).context("rename", from)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => std::fs::rename(from, to).context("rename", from),
        result => result.context("rename", from),
    }
}

/// Flushes a folder's entries to the disk.
pub(crate) fn flush_folder(path: &Path) -> Result<(), IoError> {
    File::open(path).and_then(|folder| folder.sync_all()).context("flush", path)
}

/// Flushes everything written so far to the file system that `path` is on: one call instead of one for each tile. Where
/// the system does not allow that, all that is in `path`, and the folders that it is in, one by one.
pub(crate) fn flush_file_system(path: &Path) -> Result<(), IoError> {
    #[cfg(target_os = "linux")]
    {
        let folder = open_folder(path)?;
        match rustix::fs::syncfs(folder) {
            Err(Errno::NOSYS | Errno::NOTSUP | Errno::INVAL | Errno::PERM) => {
                flush_tree(path)?;
                // As far up as the tool itself makes folders.
                path.ancestors().skip(1).take(3).filter(|folder| folder.is_dir()).try_for_each(flush_folder)
            }
            result => result.context("flush", path),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        rustix::fs::sync();
        flush_folder(path)
    }
}

/// Flushes what was written so far to the file system that the folder `path` is on, and may do nothing: it only lightens
/// [`flush_file_system`].
pub(crate) fn flush_so_far(path: &Path) -> Result<(), IoError> {
    #[cfg(target_os = "linux")]
    match rustix::fs::syncfs(open_folder(path)?) {
        Err(Errno::NOSYS | Errno::NOTSUP | Errno::INVAL | Errno::PERM) => {}
        result => result.context("flush", path)?,
    }
    Ok(())
}

/// Flushes all files and folders in a folder, and the folder.
#[cfg(target_os = "linux")]
fn flush_tree(path: &Path) -> Result<(), IoError> {
    for entry in std::fs::read_dir(path).context("read", path)? {
        let entry = entry.context("read", path)?;
        let (kind, path) = (entry.file_type().context("read", &entry.path())?, entry.path());
        if kind.is_dir() {
            flush_tree(&path)?;
        } else if kind.is_file() {
            File::open(&path).and_then(|file| file.sync_all()).context("flush", &path)?;
        }
    }
    flush_folder(path)
}

/// Deletes a folder and all in it, or whatever else stands in its place.
pub(crate) fn remove_tree(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            std::fs::remove_file(path).context("delete", path)
        }
        result => result.context("delete", path),
    }
}

/// Deletes a folder if nothing is in it; fine if it is not there.
pub(crate) fn remove_empty_folder(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_dir(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
        result => result.context("delete", path),
    }
}

/// Creates a folder and its parents; fine if it is there.
pub(crate) fn create_folder(path: &Path) -> Result<(), IoError> {
    std::fs::create_dir_all(path).context("create", path)
}
