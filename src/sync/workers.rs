//! Buffers that go from one piece of work to the next.

use super::Mutex;

/// Lends buffers to threads. They are not held while other work is waited for, so there are no more of them than threads.
#[derive(Debug)]
pub struct Workers<W>(Mutex<Vec<W>>);

impl<W> Default for Workers<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W> Workers<W> {
    /// Does `work` with buffers that have been used before, if some are free, or else with new ones.
    pub fn lend_or<T>(&self, new: impl FnOnce() -> W, work: impl FnOnce(&mut W) -> T) -> T {
        let free = || self.0.lock();
        // Not in one expression with `new`, which would then be called with the lock held.
        let used = free().pop();
        let mut worker = used.unwrap_or_else(new);
        let result = work(&mut worker);
        free().push(worker);
        result
    }

    /// The same; new ones are empty.
    pub fn lend<T>(&self, work: impl FnOnce(&mut W) -> T) -> T
    where
        W: Default,
    {
        self.lend_or(W::default, work)
    }
}
