//! How a vacuum goes on: it tells of its tiles, and stops where it is asked to.

use crate::store::error::StoreError;
use crate::store::layout::Layout;
use std::cell::Cell;
use std::path::Path;

/// Tiles looked at between two reports, and between two looks at whether to stop.
const TILES_AT_A_TIME: u64 = 1024;

/// Follows a vacuum.
pub trait VacuumWatch {
    /// A vacuum begins that will look at so many tiles, each several times.
    fn started(&self, tiles: u64);

    /// So many more of them have been looked at.
    fn tiles_done(&self, count: u64);

    /// Whether to stop as soon as possible; a later run finishes it.
    fn stopped(&self) -> bool;
}

/// The changes to the disk that a vacuum makes, one by one. Tests let it stop after each of them.
pub struct Steps<'a> {
    pyramid: &'a Path,
    watch: &'a dyn VacuumWatch,
    /// How many more may be made.
    left: Cell<Option<u64>>,
    /// Tiles looked at that have not been told.
    tiles: Cell<u64>,
}

impl<'a> Steps<'a> {
    /// No more steps than `limit`, or as many as it takes.
    #[must_use]
    pub fn new(layout: &'a Layout, watch: &'a dyn VacuumWatch, limit: Option<u64>) -> Self {
        Self { pyramid: layout.root(), watch, left: Cell::new(limit), tiles: Cell::new(0) }
    }

    /// So many tiles are going to be looked at.
    pub(super) fn expect(&self, tiles: u64) {
        self.watch.started(tiles);
    }

    /// One more tile has been looked at.
    pub(super) fn tile(&self) -> Result<(), StoreError> {
        self.tiles.set(self.tiles.get() + 1);
        if self.tiles.get() < TILES_AT_A_TIME {
            return Ok(());
        }
        self.watch.tiles_done(self.tiles.take());
        self.go_on()
    }

    /// One more change is about to be made.
    pub(super) fn take(&self) -> Result<(), StoreError> {
        self.go_on()?;
        self.made();
        Ok(())
    }

    /// A change has been made that [`Steps::go_on`] let pass.
    pub(super) fn made(&self) {
        self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
    }

    /// An error where it is to stop.
    pub(super) fn go_on(&self) -> Result<(), StoreError> {
        if self.left.get() == Some(0) || self.watch.stopped() {
            return Err(StoreError::VacuumCancelled { pyramid: self.pyramid.to_owned() });
        }
        Ok(())
    }
}
