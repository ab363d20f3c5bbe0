//! Reading whole files, whatever may be in their place.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::FileStat;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Flags for reading that never wait on a pipe.
const FOLLOW: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
/// The same for files that must not be symbolic links.
pub(super) const NOFOLLOW: OFlags = FOLLOW.union(OFlags::NOFOLLOW);

/// Reads a regular file of at most `max_bytes`. Follows symbolic links.
pub(crate) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let file = File::from(rustix::fs::open(path, FOLLOW, Mode::empty()).context("open", path)?);
    read_opened(file, max_bytes, &mut bytes).map_err(|fault| fault.at(path))?;
    Ok(bytes)
}

/// Reads a regular file of at most `max_bytes` into `bytes`, which is cleared first. A symbolic link is an error.
pub(crate) fn read_file_into(path: &Path, max_bytes: u64, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
    let file = File::from(rustix::fs::open(path, NOFOLLOW, Mode::empty()).context("open", path)?);
    read_opened(file, max_bytes, bytes).map_err(|fault| fault.at(path))?;
    Ok(())
}

/// Reads a file that fast_pyramid wrote; `None` if it is missing.
pub(crate) fn read_own_file(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(file) = open_own_file(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    read_opened(file, max_bytes, &mut bytes).map_err(|fault| fault.at(path))?;
    Ok(Some(bytes))
}

/// Opens a file that fast_pyramid wrote; `None` if it is missing. Anything but a regular file counts as damaged.
pub(crate) fn open_own_file(path: &Path) -> Result<Option<File>, StoreError> {
    let file = match rustix::fs::open(path, NOFOLLOW, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(StoreError::damaged(path, "it is a symbolic link")),
        file => File::from(file.context("open", path)?),
    };
    let found = file.metadata().context("read", path)?;
    if found.is_file() { Ok(Some(file)) } else { Err(StoreError::damaged(path, "it is not a regular file")) }
}

/// Why an open file cannot be read, still without its path.
pub(super) enum ReadFault {
    Io(io::Error),
    /// The file changed meanwhile.
    Changing,
}

impl From<io::Error> for ReadFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReadFault {
    pub(super) fn at(self, path: impl Into<PathBuf>) -> StoreError {
        match self {
            Self::Io(error) => IoError::new("read", path, error).into(),
            Self::Changing => StoreError::Changing { path: path.into() },
        }
    }
}

/// Reads no more bytes than the file has when it is opened.
pub(super) fn read_opened(mut file: File, max_bytes: u64, bytes: &mut Vec<u8>) -> Result<FileStat, ReadFault> {
    let refuse = |why: &str| Err(ReadFault::Io(io::Error::new(io::ErrorKind::InvalidInput, why)));
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return refuse("it is not a regular file");
    }
    let before = FileStat::of(&metadata);
    if before.length > max_bytes {
        return refuse(&format!("it has {} bytes, more than the {max_bytes} allowed here", before.length));
    }
    bytes.clear();
    bytes.reserve(before.length as usize);
    (&mut file).take(before.length).read_to_end(bytes)?;
    let after = FileStat::of(&file.metadata()?);
    if bytes.len() as u64 != before.length || !after.is_unwritten_since(&before) {
        return Err(ReadFault::Changing);
    }
    Ok(before)
}
