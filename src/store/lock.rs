//! One writer a pyramid at a time: `flock` on a file of the tool's own, which ends with the process that holds it.

use super::error::{Context, StoreError};
use super::files;
use super::layout::Layout;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// The right to change a pyramid, until dropped.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

/// Who holds the lock, as written into its file. For people; nothing depends on it.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
    since: u64,
}

impl WriteLock {
    /// Takes the lock for `command` without waiting, creating `dest/.fast_pyramid` where needed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process holds it; `dest` is a link; the file system refuses.
    pub fn take(layout: &Layout, command: &str) -> Result<Self, StoreError> {
        super::publish::check_own_folders(layout)?;
        for folder in [layout.dest(), layout.trees(), layout.state()] {
            files::create_folder(&folder)?;
        }
        let path = layout.lock();
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).context("open", &path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StoreError::Locked { pyramid: layout.root().to_owned(), holder: holder(&file) });
            }
            Err(error) => return Err(error).context("lock", &path)?,
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let holder = Holder { pid: std::process::id(), command: command.to_owned(), since };
        let text = serde_json::to_string(&holder).unwrap_or_default() + "\n";
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .context("write", &path)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &File) -> String {
    let holder: Result<Holder, _> = serde_json::from_reader(std::io::Read::take(file, 4096));
    holder.map_or_else(
        |_| String::new(),
        |Holder { pid, command, since }| {
            let since = humantime::format_rfc3339_seconds(UNIX_EPOCH + std::time::Duration::from_secs(since));
            format!(" (pid {pid}, {command}, since {since})")
        },
    )
}
