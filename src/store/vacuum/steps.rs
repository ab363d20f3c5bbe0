//! How a vacuum goes on: it tells of its tiles, and stops where it is asked to.

use crate::store::error::StoreError;
use crate::store::layout::Layout;
use crate::sync::Progress;
use std::cell::Cell;
use std::path::Path;

/// Tiles looked at between two reports, and between two looks at whether to stop.
const TILES_AT_A_TIME: u64 = 1024;

/// The changes to the disk that a vacuum makes, one by one. Tests let it stop after each of them.
pub struct VacuumSteps<'a> {
    pyramid: &'a Path,
    progress: &'a dyn Progress,
    /// How many more may be made.
    left: Cell<Option<u64>>,
    /// Tiles looked at that have not been told.
    tiles: Cell<u64>,
}

impl<'a> VacuumSteps<'a> {
    /// The steps of a vacuum of this pyramid. `progress` counts tiles, and cancels it.
    #[must_use]
    pub fn new(layout: &'a Layout, progress: &'a dyn Progress) -> Self {
        Self { pyramid: layout.root(), progress, left: Cell::new(None), tiles: Cell::new(0) }
    }

    /// A hook for tests of what a kill leaves behind: cancels the vacuum after this many changes to the disk.
    #[must_use]
    pub fn cancelled_after(self, changes: Option<u64>) -> Self {
        Self { left: Cell::new(changes), ..self }
    }

    /// One more tile has been looked at.
    pub(super) fn tile(&self) -> Result<(), StoreError> {
        self.tiles.set(self.tiles.get() + 1);
        if self.tiles.get() < TILES_AT_A_TIME {
            return Ok(());
        }
        self.progress.advance(self.tiles.take());
        self.go_on()
    }

    /// One more change is about to be made.
    pub(super) fn take(&self) -> Result<(), StoreError> {
        self.go_on()?;
        self.made();
        Ok(())
    }

    /// A change has been made that [`VacuumSteps::go_on`] let pass.
    pub(super) fn made(&self) {
        self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
    }

    /// An error where it is to stop.
    pub(super) fn go_on(&self) -> Result<(), StoreError> {
        if self.left.get() == Some(0) || self.progress.is_cancelled() {
            return Err(StoreError::VacuumCancelled { pyramid: self.pyramid.to_owned() });
        }
        Ok(())
    }
}
