//! The tiles of one version: which are made, which are linked.

use super::chain::{Decision, Maker, Slot};
use crate::geometry::{Tile, TileSet};
use crate::sync::{Mutex, Progress, Workers};
use crate::text::Faults;
use crate::tile::{Codec, Parts, TileImage};
use crate::walk::parent::{Buffers, Parents};
use crate::walk::plan::BuildPlan;
use crate::walk::tiles::{BuildFailure, Resumed, TileSource, VersionSink};
use crate::walk::tree::{MAX_FAULTS, link_the_rest, record_fault};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes the tiles of one version.
pub(super) struct VersionMaker<'a, S, K> {
    plan: &'a BuildPlan,
    parents: Parents,
    source: &'a S,
    sink: &'a K,
    progress: &'a dyn Progress,
    /// The tiles so far that differ from the previous version's.
    changed: Mutex<TileSet>,
    faults: Mutex<Faults>,
    /// A source tile is faulty: look for more faults, but make no tiles.
    faulty: AtomicBool,
    workers: Workers<Buffers>,
}

type Result<T, E> = std::result::Result<T, BuildFailure<E>>;

impl<'a, S, K> VersionMaker<'a, S, K>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    pub(super) fn new(
        plan: &'a BuildPlan,
        codec: Codec,
        source: &'a S,
        sink: &'a K,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            plan,
            parents: Parents::new(plan.geometry(), codec),
            source,
            sink,
            progress,
            changed: Mutex::new(TileSet::new(plan.geometry())),
            faults: Mutex::default(),
            faulty: AtomicBool::new(false),
            workers: Workers::default(),
        }
    }

    /// Faults, and links to all tiles that the plan does not touch.
    pub(super) fn finish(self) -> Result<(), S::Error> {
        let faults = self.faults.into_inner();
        if !faults.is_empty() {
            return Err(BuildFailure::Faults(faults));
        }
        if self.plan.is_first() { Ok(()) } else { link_the_rest(self.plan, self.sink, self.progress) }
    }

    /// What an earlier attempt made of a tile and of everything that it is made from.
    fn resume(&self, tile: Tile, is_own: bool) -> Option<Decision> {
        let resumed = self.sink.resumed(tile)?;
        self.progress.advance(u64::from(is_own));
        Some(match resumed {
            Resumed::New => Decision::Changed,
            Resumed::Linked => Decision::Unchanged,
        })
    }

    /// Whether the previous version's tile has the bytes in `buffers.bytes`.
    fn equals_previous(&self, tile: Tile, buffers: &mut Buffers) -> Result<bool, S::Error> {
        if self.plan.is_first() {
            return Ok(false);
        }
        self.source.read_previous(tile, &mut buffers.stored).map_err(BuildFailure::Store)?;
        Ok(buffers.stored == buffers.bytes)
    }

    fn has_too_many_faults(&self) -> bool {
        self.faulty.load(Ordering::Relaxed) && self.faults.lock().count() >= MAX_FAULTS
    }

    fn check_cancelled(&self) -> Result<(), S::Error> {
        if self.progress.is_cancelled() { Err(BuildFailure::Cancelled) } else { Ok(()) }
    }
}

impl<S, K> Maker for VersionMaker<'_, S, K>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    type Error = BuildFailure<S::Error>;

    /// Reads and checks the tile. If it is the stripe's own, it is linked.
    fn source(&self, tile: Tile, is_own: bool) -> Result<Slot, S::Error> {
        if !self.plan.affects(tile) || self.has_too_many_faults() {
            return Ok(Slot::default());
        }
        self.check_cancelled()?;
        self.workers.lend(|buffers| {
            if let Some(decision) = self.resume(tile, is_own) {
                return Ok(Slot { changed: decision == Decision::Changed, image: None });
            }
            let receipt = self.source.read_patched(tile, &mut buffers.bytes).map_err(BuildFailure::Store)?;
            let unchanged = self.equals_previous(tile, buffers)?;
            let slot = if unchanged {
                Slot::default()
            } else {
                match self.parents.decode(tile, &buffers.bytes, &mut buffers.scratch) {
                    Ok(image) => Slot { changed: true, image: Some(image) },
                    Err(error) if is_own => {
                        let name = self.source.name(tile);
                        record_fault(self.plan, &mut self.faults.lock(), tile, name, &error);
                        self.faulty.store(true, Ordering::Relaxed);
                        return Ok(Slot::default());
                    }
                    Err(_) => return Ok(Slot::default()),
                }
            };
            if is_own {
                let linked = if unchanged {
                    self.sink.link_unchanged(tile, receipt)
                } else {
                    self.sink.link_patched(tile, receipt)
                };
                linked.map_err(BuildFailure::Store)?;
                self.progress.advance(1);
            }
            Ok(slot)
        })
    }

    fn is_idle(&self, level: u8, row: u32, mut columns: Range<u32>) -> bool {
        // A patch of one tile among 10^5 spent two thirds of its processor time on tiles that it does not touch.
        !columns.any(|column| self.plan.affects(Tile { level, column, row }))
    }

    fn finished(&self, tile: Tile) -> Slot {
        Slot { changed: self.changed.lock().contains(tile), image: None }
    }

    fn decide(&self, tile: Tile, inputs_changed: bool) -> Result<Decision, S::Error> {
        if !self.plan.affects(tile) || self.faulty.load(Ordering::Relaxed) {
            return Ok(Decision::Unchanged);
        }
        self.check_cancelled()?;
        let decision = match self.resume(tile, true) {
            Some(decision) => decision,
            None if inputs_changed => return Ok(Decision::Make),
            None => {
                self.sink.link_previous(tile).map_err(BuildFailure::Store)?;
                self.progress.advance(1);
                Decision::Unchanged
            }
        };
        if decision == Decision::Changed {
            self.changed.lock().insert(tile);
        }
        Ok(decision)
    }

    fn load(&self, tile: Tile, changed: bool) -> Result<Option<TileImage>, S::Error> {
        self.workers.lend(|buffers| {
            let Buffers { stored, scratch, .. } = buffers;
            let is_source = tile.level == self.plan.geometry().source_level();
            let read = match (changed, is_source) {
                (true, true) => self.source.read_patched(tile, stored).map(drop),
                (true, false) => self.sink.read_generated(tile, stored),
                (false, _) => self.source.read_previous(tile, stored),
            };
            read.map_err(BuildFailure::Store)?;
            let decoded = self.parents.decode(tile, stored, scratch);
            decoded.map(Some).map_err(|error| BuildFailure::Stored { tile, error })
        })
    }

    fn make(&self, tile: Tile, parts: &Parts<'_, TileImage>) -> Result<Slot, S::Error> {
        self.check_cancelled()?;
        self.workers.lend(|buffers| {
            let made = self.parents.make_of(tile, parts, buffers);
            let image = made.map_err(|error| BuildFailure::Encode { tile, error })?;
            let slot = if self.equals_previous(tile, buffers)? {
                self.sink.link_previous(tile).map_err(BuildFailure::Store)?;
                Slot { changed: false, image: Some(image) }
            } else {
                self.sink.write_generated(tile, &buffers.bytes).map_err(BuildFailure::Store)?;
                self.changed.lock().insert(tile);
                Slot { changed: true, image: Some(image) }
            };
            self.progress.advance(1);
            Ok(slot)
        })
    }

    fn recycle(&self, images: impl Iterator<Item = TileImage>) {
        self.parents.recycle(images);
    }
}
