//! One writer a pyramid at a time: `flock` on a file of the tool's own, which ends with the process that holds it.

use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::Layout;
use crate::sync::Progress;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How to go about locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Locking {
    /// How long to wait for another process to finish.
    pub wait: Duration,
    /// Take no lock, on file systems that have none. The caller sees to it that no other process changes the pyramid.
    pub disabled: bool,
}

/// How often it is looked whether a lock has become free.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The right to change a pyramid, until dropped.
#[derive(Debug)]
pub struct WriteLock {
    file: Option<File>,
}

/// The right to read what only a writer of other kinds than builds would change, until dropped. Many can have it at once.
#[derive(Debug)]
pub struct ReadLock {
    _file: Option<File>,
}

/// Who holds the lock, as written into its file. For people; nothing depends on it.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    #[serde(default)]
    host: String,
    command: String,
    since: u64,
}

impl WriteLock {
    /// Takes the lock for `command`, creating `dest/.fast_pyramid` where needed. Stops waiting when `progress` is cancelled.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process holds it for longer than is waited; [`StoreError::CannotLock`] where
    /// the file system has no locks; `dest` is a link; the file system refuses.
    pub fn acquire(
        layout: &Layout,
        command: &str,
        locking: Locking,
        progress: &dyn Progress,
    ) -> Result<Self, StoreError> {
        crate::store::tree::publish::check_own_folders(layout)?;
        let path = layout.lock();
        let mut file = loop {
            for folder in [layout.dest(), layout.trees(), layout.state()] {
                files::create_folder(&folder)?;
            }
            if locking.disabled {
                return Ok(Self { file: None });
            }
            let file = open(&path, OFlags::RDWR | OFlags::CREATE)?;
            lock(&file, FlockOperation::NonBlockingLockExclusive, layout, locking, progress)?;
            // Who began a pyramid and gave it up has taken the file away, and others would lock another one.
            if is_at(&file, &path) {
                break file;
            }
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let holder = Holder { pid: std::process::id(), host, command: command.to_owned(), since };
        let text = serde_json::to_string(&holder).unwrap_or_default() + "\n";
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .context("write", &path)?;
        Ok(Self { file: Some(file) })
    }
}

/// Nobody holds it any more, so nobody is named in its file.
impl Drop for WriteLock {
    fn drop(&mut self) {
        self.file.iter().for_each(|file| _ = file.set_len(0));
    }
}

impl ReadLock {
    /// Takes the lock together with other readers. Where nothing was ever built there is none to take.
    ///
    /// # Errors
    /// As [`WriteLock::acquire`].
    pub fn acquire(layout: &Layout, locking: Locking, progress: &dyn Progress) -> Result<Self, StoreError> {
        let path = layout.lock();
        if locking.disabled || path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(Self { _file: None });
        }
        let file = open(&path, OFlags::RDONLY)?;
        lock(&file, FlockOperation::NonBlockingLockShared, layout, locking, progress)?;
        Ok(Self { _file: Some(file) })
    }
}

/// Opens the lock's file. Its contents are written over, so that it must not be a link to something else.
fn open(path: &Path, flags: OFlags) -> Result<File, StoreError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let not_a_file = |problem| StoreError::NotAFile { path: path.to_owned(), problem };
    let file = match rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)) {
        Err(Errno::LOOP) => return Err(not_a_file("a symbolic link")),
        Err(Errno::ISDIR) => return Err(not_a_file("a folder")),
        file => File::from(file.context("open", path)?),
    };
    let kind = file.metadata().context("read", path)?.file_type();
    match kind.is_file() {
        true => Ok(file),
        false => Err(not_a_file(if kind.is_dir() { "a folder" } else { "something else" })),
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
    let until = Instant::now() + locking.wait;
    loop {
        match rustix::fs::flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() || progress.is_cancelled() {
                    return Err(StoreError::Locked { pyramid: layout.root().to_owned(), holder: holder(file) });
                }
                std::thread::sleep(left.min(LOOK_EVERY));
            }
            Err(Errno::INTR) => {}
            Err(Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL) => {
                return Err(StoreError::CannotLock { path: layout.lock() });
            }
            Err(error) => return Ok(Err(error).context("lock", &layout.lock())?),
        }
    }
}

fn holder(file: &File) -> String {
    let holder: Result<Holder, _> = serde_json::from_reader(std::io::Read::take(file, 4096));
    holder.map_or_else(
        |_| String::new(),
        |Holder { pid, host, command, since }| {
            let host = if host.is_empty() { host } else { format!(" on {}", crate::text::display_name(host.as_ref())) };
            let since = crate::text::display_time(since);
            let command = crate::text::display_name(command.as_ref());
            format!(" (pid {pid}{host}, {command}, since {since})")
        },
    )
}
