//! Flushing while tiles are still generated, so that little is left to flush before publishing.
//!
//! Left alone, the system begins to write after half a minute, or when much is waiting. A disk that writes 200 MB per
//! second would then need four seconds for a pyramid of 40,000 tiles that took six seconds to generate; with early
//! flushes, these seconds overlap. Even a fast disk with all processors busy gains three per cent (a TIFF of
//! 16384x16384: 0.60 to 0.58 s). The price: a process that is killed during a flush ends only when the flush does.

use crate::store::error::IoError;
use crate::store::fs::Durability;
use crate::store::fs::flush::sync_file_system;
use crate::sync::Mutex;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Bytes written between two flushes.
const FLUSH_INTERVAL_BYTES: u64 = 16 << 20;
/// Bytes counted per file in addition to its contents.
const OVERHEAD_BYTES: u64 = 4096;

/// Flushes a file system in the background, one flush at a time per writer.
#[derive(Debug)]
pub(crate) struct EarlyFlush {
    /// A folder on the file system; `None` if there is nothing to flush, or the system cannot.
    folder: Option<PathBuf>,
    /// The file without which no later attempt resumes this one, if there is one.
    basis: Option<PathBuf>,
    unflushed: AtomicU64,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    flush: Option<JoinHandle<Result<(), IoError>>>,
    /// The first failure: the system reports a failed write only once.
    failed: Option<IoError>,
}

impl EarlyFlush {
    /// Flushes the file system of `folder`.
    pub(crate) fn new(folder: &Path, durability: Durability) -> Self {
        let flushes = cfg!(target_os = "linux") && durability == Durability::Flushed;
        let folder = flushes.then(|| folder.to_owned());
        Self { folder, basis: None, unflushed: AtomicU64::new(0), running: Mutex::default() }
    }

    /// Deletes `basis` when a flush fails, so that no later attempt resumes this one: afterwards the system shows data
    /// that it could not write as if it had.
    pub(crate) fn deleting_on_failure(self, basis: PathBuf) -> Self {
        Self { basis: Some(basis), ..self }
    }

    /// Records that a file of this length was written.
    pub(crate) fn record(&self, bytes: u64) {
        let added = bytes + OVERHEAD_BYTES;
        if self.unflushed.fetch_add(added, Ordering::Relaxed) + added < FLUSH_INTERVAL_BYTES {
            return;
        }
        // If another thread holds the lock, it is starting a flush.
        if let (Some(folder), Some(mut running)) = (&self.folder, self.running.try_lock())
            && running.flush.as_ref().is_none_or(JoinHandle::is_finished)
        {
            running.join();
            self.unflushed.store(0, Ordering::Relaxed);
            let (folder, basis) = (folder.clone(), self.basis.clone());
            let flush = move || {
                sync_file_system(&folder).map(drop).inspect_err(|_| {
                    let _ = basis.map(std::fs::remove_file);
                })
            };
            // If no thread can be started, the flush before publishing does all the work.
            running.flush = std::thread::Builder::new().spawn(flush).ok();
        }
    }

    /// Waits for the running flush.
    ///
    /// # Errors
    /// A flush failed: data is not on the disk, and the next flush need not report it.
    pub(crate) fn finish(&self) -> Result<(), IoError> {
        let mut running = self.running.lock();
        running.join();
        running.failed.take().map_or(Ok(()), Err)
    }
}

impl Running {
    fn join(&mut self) {
        // A flush does not panic.
        let result = self.flush.take().and_then(|flush| flush.join().ok());
        self.failed = self.failed.take().or(result.and_then(Result::err));
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn is_running(flush: &EarlyFlush) -> bool {
        flush.running.lock().flush.is_some()
    }

    #[test]
    fn early_flush_starts_after_enough_bytes_or_files() {
        let folder = tempfile::tempdir().unwrap();
        for durability in [Durability::Flushed, Durability::Unflushed] {
            let flush = EarlyFlush::new(folder.path(), durability);
            flush.record(FLUSH_INTERVAL_BYTES / 2);
            assert!(!is_running(&flush));
            flush.record(FLUSH_INTERVAL_BYTES / 2);
            assert_eq!(is_running(&flush), durability == Durability::Flushed);
            flush.finish().unwrap();
            assert!(!is_running(&flush));
        }
        let flush = EarlyFlush::new(folder.path(), Durability::Flushed);
        let files = FLUSH_INTERVAL_BYTES / (OVERHEAD_BYTES + 1) + 1;
        assert_eq!((1..=files).find(|_| (flush.record(1), is_running(&flush)).1), Some(files));
        flush.finish().unwrap();
    }

    #[test]
    fn failed_early_flush_deletes_the_basis_and_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let (missing, basis) = (folder.path().join("missing"), folder.path().join("basis"));
        std::fs::write(&basis, "").unwrap();
        let flush = EarlyFlush::new(&missing, Durability::Flushed).deleting_on_failure(basis.clone());
        flush.record(FLUSH_INTERVAL_BYTES);
        while !flush.running.lock().flush.as_ref().unwrap().is_finished() {}
        assert!(!basis.exists());
        std::fs::create_dir(&missing).unwrap();
        flush.record(FLUSH_INTERVAL_BYTES);
        let error = flush.finish().unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        flush.finish().unwrap();
    }
}
