//! Locks: one writer per pyramid, or any number of readers.
//!
//! They are `flock` locks on a file in the state folder, which the system releases when the process ends.

use crate::store::error::{Context, StoreError};
use crate::store::fs;
use crate::store::layout::Layout;
use crate::store::state::check_own_folders;
use crate::sync::Progress;
use crate::text::{display_name, display_time};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whether to lock, and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Locking {
    /// Fail at once if another process is using the pyramid.
    #[default]
    Immediate,
    /// Wait up to this long for another process to finish.
    Wait(Duration),
    /// Skip locking, for file systems without locks. The caller makes sure that no other process is using the pyramid.
    Skip,
}

impl Locking {
    fn patience(self) -> Duration {
        if let Self::Wait(patience) = self { patience } else { Duration::ZERO }
    }
}

/// Time between two attempts to acquire a lock.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The most bytes read from a lock file.
const MAX_HOLDER_BYTES: u64 = 4096;

/// The right to change a pyramid, until dropped.
#[derive(Debug)]
pub struct WriteLock {
    file: Option<File>,
}

/// The right to read a pyramid while no writer changes it, until dropped.
#[derive(Debug)]
pub struct ReadLock {
    _file: Option<File>,
}

/// The process that holds the lock, as written into its file. Only error messages depend on it.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    #[serde(default)]
    host: String,
    command: String,
    since: u64,
}

impl WriteLock {
    /// Acquires the lock for `command`, and creates `dest` and its folders if they are missing. Stops waiting when
    /// `progress` is cancelled.
    ///
    /// # Errors
    /// - [`StoreError::Locked`]: another process kept the lock for too long.
    /// - [`StoreError::CannotLock`]: the file system does not support locks.
    /// - [`StoreError::LinkedFolder`]: `dest` or a folder in it is a symbolic link.
    /// - A file or folder cannot be created.
    pub fn acquire(
        layout: &Layout,
        command: &str,
        locking: Locking,
        progress: &dyn Progress,
    ) -> Result<Self, StoreError> {
        check_own_folders(layout)?;
        let path = layout.lock();
        let mut file = loop {
            for folder in [layout.dest(), layout.trees(), layout.state()] {
                fs::create_folder(&folder)?;
            }
            if locking == Locking::Skip {
                return Ok(Self { file: None });
            }
            let file = open(&path, OFlags::RDWR | OFlags::CREATE)?;
            lock(&file, FlockOperation::NonBlockingLockExclusive, layout, locking, progress)?;
            // A process that gave up a new pyramid has deleted the file, and others would lock another one.
            if is_at(&file, &path) {
                break file;
            }
        };
        let text = serde_json::to_string(&Holder::this_process(command)).unwrap_or_default() + "\n";
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .context("write", &path)?;
        Ok(Self { file: Some(file) })
    }
}

/// Empties the file, so that it names no process that no longer holds the lock.
impl Drop for WriteLock {
    fn drop(&mut self) {
        self.file.iter().for_each(|file| _ = file.set_len(0));
    }
}

impl ReadLock {
    /// Acquires the lock together with other readers. A pyramid that was never built has no lock file and needs no lock.
    ///
    /// # Errors
    /// As [`WriteLock::acquire`].
    pub fn acquire(layout: &Layout, locking: Locking, progress: &dyn Progress) -> Result<Self, StoreError> {
        let path = layout.lock();
        if locking == Locking::Skip
            || path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            return Ok(Self { _file: None });
        }
        let file = open(&path, OFlags::RDONLY)?;
        lock(&file, FlockOperation::NonBlockingLockShared, layout, locking, progress)?;
        Ok(Self { _file: Some(file) })
    }
}

/// Opens the lock file. It is overwritten later, so it must not be a link to another file.
fn open(path: &Path, flags: OFlags) -> Result<File, StoreError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let not_a_file = |found| StoreError::NotAFile { path: path.to_owned(), found };
    let file = match rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)) {
        Err(Errno::LOOP) => return Err(not_a_file("a symbolic link")),
        Err(Errno::ISDIR) => return Err(not_a_file("a folder")),
        file => File::from(file.context("open", path)?),
    };
    let kind = file.metadata().context("read", path)?.file_type();
    match kind.is_file() {
        true => Ok(file),
        false => Err(not_a_file(if kind.is_dir() { "a folder" } else { "a special file" })),
    }
}

/// Whether the path still leads to the open file.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |found: &std::fs::Metadata| (found.dev(), found.ino());
    matches!((file.metadata(), path.symlink_metadata()), (Ok(file), Ok(path)) if identity(&file) == identity(&path))
}

fn lock(
    file: &File,
    operation: FlockOperation,
    layout: &Layout,
    locking: Locking,
    progress: &dyn Progress,
) -> Result<(), StoreError> {
    let until = Instant::now() + locking.patience();
    loop {
        match rustix::fs::flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() || progress.is_cancelled() {
                    let holder = Holder::read(file).map_or_else(String::new, |holder| holder.described());
                    return Err(StoreError::Locked { pyramid: layout.root().to_owned(), holder });
                }
                std::thread::sleep(left.min(RETRY_INTERVAL));
            }
            Err(Errno::INTR) => {}
            Err(Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL) => {
                return Err(StoreError::CannotLock { path: layout.lock() });
            }
            Err(error) => return Ok(Err(error).context("lock", &layout.lock())?),
        }
    }
}

impl Holder {
    fn this_process(command: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { pid: std::process::id(), host, command: command.to_owned(), since }
    }

    fn read(file: &File) -> Option<Self> {
        serde_json::from_reader(Read::take(file, MAX_HOLDER_BYTES)).ok()
    }

    fn described(&self) -> String {
        let Self { pid, host, command, since } = self;
        let host = if host.is_empty() { String::new() } else { format!(" on {}", display_name(host.as_ref())) };
        let (command, since) = (display_name(command.as_ref()), display_time(*since));
        format!(" (pid {pid}{host}, {command}, since {since})")
    }
}
