//! The steps of a vacuum: progress per tile, and points at which it can be cancelled.

use crate::store::error::StoreError;
use crate::store::layout::Layout;
use crate::sync::Progress;
use std::cell::Cell;
use std::path::Path;

/// Tiles visited between two reports of progress.
const TILES_PER_REPORT: u64 = 1024;

/// Counts the tiles that a vacuum visits and the changes that it makes to the disk, and cancels it.
pub struct VacuumSteps<'a> {
    pyramid: &'a Path,
    progress: &'a dyn Progress,
    /// How many more changes are allowed, in tests.
    left: Cell<Option<u64>>,
    /// Tiles visited since the last report.
    tiles: Cell<u64>,
}

impl<'a> VacuumSteps<'a> {
    /// The steps of a vacuum of a pyramid. `progress` counts tiles and may cancel it; a later run finishes it.
    #[must_use]
    pub fn new(layout: &'a Layout, progress: &'a dyn Progress) -> Self {
        Self { pyramid: layout.root(), progress, left: Cell::new(None), tiles: Cell::new(0) }
    }

    /// A hook for tests of what a kill leaves: cancels the vacuum after this many changes to the disk.
    #[must_use]
    pub fn cancelled_after(self, changes: Option<u64>) -> Self {
        Self { left: Cell::new(changes), ..self }
    }

    /// Counts a visited tile.
    pub(super) fn count_tile(&self) -> Result<(), StoreError> {
        self.tiles.set(self.tiles.get() + 1);
        if self.tiles.get() < TILES_PER_REPORT {
            return Ok(());
        }
        self.progress.advance(self.tiles.take());
        self.check()
    }

    /// Counts a change that is about to be made.
    pub(super) fn begin_change(&self) -> Result<(), StoreError> {
        self.check()?;
        self.count_change();
        Ok(())
    }

    /// Counts a change that was made after [`VacuumSteps::check`].
    pub(super) fn count_change(&self) {
        self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
    }

    /// An error if the vacuum is cancelled.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.left.get() == Some(0) || self.progress.is_cancelled() {
            return Err(StoreError::VacuumCancelled { pyramid: self.pyramid.to_owned() });
        }
        Ok(())
    }
}
