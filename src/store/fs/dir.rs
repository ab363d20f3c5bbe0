//! An open folder whose entries are used by name, without walking a path each time.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::read::{NOFOLLOW, read_opened};
use crate::store::fs::{FileStat, create_folder};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// An open folder. It knows its path for error messages, and composes the path of an entry only when something fails.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Dir {
    /// Opens a folder. A symbolic link in its place is an error.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, IoError> {
        let path = path.into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, Mode::empty()).context("open", &path)?;
        Ok(Self { fd, path })
    }

    /// Opens a folder, or the one that a symbolic link in its place leads to, as a pyramid's own folder may be one.
    pub(crate) fn open_through_links(path: impl Into<PathBuf>) -> Result<Self, IoError> {
        let path = path.into();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, Mode::empty()).context("open", &path)?;
        Ok(Self { fd, path })
    }

    /// Opens a folder, and creates it first if it is missing.
    pub(crate) fn create(path: impl Into<PathBuf>) -> Result<Self, IoError> {
        let path = path.into();
        create_folder(&path)?;
        Self::open(path)
    }

    /// The path of the folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an entry.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn error(&self, action: &'static str, name: &str, error: impl Into<io::Error>) -> IoError {
        IoError::new(action, self.join(name), error)
    }

    /// Reads a regular file of at most `max_bytes` into `bytes`, which is cleared first.
    ///
    /// Never follows a symbolic link and never waits on a pipe.
    pub(crate) fn read(&self, name: &str, max_bytes: u64, bytes: &mut Vec<u8>) -> Result<FileStat, StoreError> {
        let file = rustix::fs::openat(&self.fd, name, NOFOLLOW, Mode::empty());
        let file = File::from(file.map_err(|error| self.error("open", name, error))?);
        read_opened(file, max_bytes, bytes).map_err(|fault| fault.at(self.join(name)))
    }

    /// Length and modification time of a regular file; `None` if there is no regular file of this name.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<FileStat>, IoError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {
                Ok(Some(FileStat::of_raw(&found)))
            }
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(self.error("read", name, error)),
        }
    }

    /// Writes a file that must not exist yet, as [`Dir::write_new`]. `name` may lead through folders, which are created.
    pub(crate) fn write_new_below(&self, name: &str, bytes: &[u8]) -> Result<File, IoError> {
        match self.write_new(name, bytes) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound && name.contains('/') => {
                self.create_folders_of(name)?;
                self.write_new(name, bytes)
            }
            result => result,
        }
    }

    /// Creates the folders that `name` leads through, as far as they are missing.
    pub(crate) fn create_folders_of(&self, name: &str) -> Result<(), IoError> {
        for (end, _) in name.match_indices('/') {
            match rustix::fs::mkdirat(&self.fd, &name[..end], Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(self.error("create", &name[..end], error)),
            }
        }
        Ok(())
    }

    /// Writes a file that must not exist yet, and returns it still open.
    pub(crate) fn write_new(&self, name: &str, bytes: &[u8]) -> Result<File, IoError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o666));
        let mut file = File::from(file.map_err(|error| self.error("create", name, error))?);
        file.write_all(bytes).map_err(|error| self.error("write", name, error))?;
        Ok(file)
    }

    /// Writes a file, and replaces one that an earlier attempt left.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), IoError> {
        match self.write_new(name, bytes) {
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
                self.remove(name)?;
                self.write_new(name, bytes).map(drop)
            }
            result => result.map(drop),
        }
    }

    fn remove(&self, name: &str) -> Result<(), IoError> {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()).map_err(|error| self.error("delete", name, error))
    }

    /// The target of a symbolic link; `None` if the entry is something else.
    pub(crate) fn read_link(&self, name: &str) -> Result<Option<String>, IoError> {
        match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
            Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
            Err(Errno::INVAL) => Ok(None),
            Err(error) => Err(self.error("read", name, error)),
        }
    }

    /// Whether the entry is a symbolic link with this target.
    pub(crate) fn is_link_to(&self, name: &str, target: &str) -> bool {
        self.read_link(name).is_ok_and(|found| found.as_deref() == Some(target))
    }

    /// Creates a symbolic link that must not exist yet.
    pub(crate) fn symlink(&self, name: &str, target: &str) -> Result<(), IoError> {
        rustix::fs::symlinkat(target, &self.fd, name).map_err(|error| self.error("link", name, error))
    }

    /// Gives a symbolic link of this folder the same name in `other`, where it must not exist yet.
    ///
    /// A second name costs half as much as a new link, and no inode. If the file system does not allow one, the target
    /// is copied.
    pub(crate) fn share_link(&self, name: &str, other: &Self) -> Result<(), IoError> {
        match rustix::fs::linkat(&self.fd, name, &other.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::MLINK | Errno::PERM | Errno::XDEV | Errno::NOTSUP | Errno::NOSYS | Errno::ACCESS) => {
                let target = rustix::fs::readlinkat(&self.fd, name, Vec::new());
                let target = target.map_err(|error| self.error("read", name, error))?;
                rustix::fs::symlinkat(target, &other.fd, name).map_err(|error| other.error("link", name, error))
            }
            Err(error) => Err(other.error("link", name, error)),
        }
    }

    /// Creates a link with `create`. An entry that an earlier attempt left is replaced, unless it is a link to `target`.
    pub(crate) fn ensure_link(
        &self,
        name: &str,
        create: impl Fn() -> Result<(), IoError>,
        target: impl FnOnce() -> Result<String, StoreError>,
    ) -> Result<(), StoreError> {
        match create() {
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
                if self.is_link_to(name, &target()?) {
                    return Ok(());
                }
                self.remove(name)?;
                Ok(create()?)
            }
            result => Ok(result?),
        }
    }
}
