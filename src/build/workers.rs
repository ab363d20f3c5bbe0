//! Buffers that go from tile to tile.

use crate::codec::TileImage;
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

/// Images that have been used and can be again, so that in the long run none is allocated for each tile. There are never
/// more than were in use at once.
#[derive(Debug, Default)]
pub(super) struct SpareImages(Mutex<Vec<TileImage>>);

impl SpareImages {
    /// An image of any contents.
    pub(super) fn take(&self) -> TileImage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps images that nothing needs any more.
    pub(super) fn give_back(&self, images: impl IntoIterator<Item = TileImage>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(images);
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
