//! Buffers that threads lend each other.

use super::Mutex;

/// Lends buffers to threads. A thread returns them before it waits for others, so there are at most as many as threads.
#[derive(Debug)]
pub struct Workers<W>(Mutex<Vec<W>>);

impl<W> Default for Workers<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W> Workers<W> {
    /// Runs `work` with free buffers from earlier work, or with new ones.
    pub fn lend_or<T>(&self, new: impl FnOnce() -> W, work: impl FnOnce(&mut W) -> T) -> T {
        let free = || self.0.lock();
        // A separate statement, so that `new` is not called with the lock held.
        let used = free().pop();
        let mut worker = used.unwrap_or_else(new);
        let result = work(&mut worker);
        free().push(worker);
        result
    }

    /// Runs `work` with free buffers from earlier work, or with empty ones.
    pub fn lend<T>(&self, work: impl FnOnce(&mut W) -> T) -> T
    where
        W: Default,
    {
        self.lend_or(W::default, work)
    }
}
