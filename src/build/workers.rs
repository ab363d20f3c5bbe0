//! Buffers that go from tile to tile.

use std::sync::{Mutex, PoisonError};

/// Lends buffers to threads. They are not held while other tiles are visited, so there are no more of them than threads.
#[derive(Debug, Default)]
pub struct Workers<W>(Mutex<Vec<W>>);

impl<W: Default> Workers<W> {
    /// Does `work` with buffers that have been used before, if some are free.
    pub fn lend<T>(&self, work: impl FnOnce(&mut W) -> T) -> T {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worker = free().pop().unwrap_or_default();
        let result = work(&mut worker);
        free().push(worker);
        result
    }
}
