//! The walk that builds one version: depth first through the quad-tree, children in parallel.
//!
//! Without overlap a subtree needs nothing from its neighbours. Memory is therefore threads x depth x a few tiles, whatever
//! the size of the picture.

use super::overlap;
use super::parent::{Buffers, Parents, visit_children};
use super::plan::BuildPlan;
use super::tiles::{BuildFailure, Resumed, TileSource, VersionSink};
use crate::geometry::{Grid, Tile};
use crate::sync::{Mutex, Progress, Workers};
use crate::text::{FaultKind, Faults};
use crate::tile::{Codec, CodecError, TileImage};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Faulty base tiles after which the walk stops looking for more.
pub(super) const MAX_FAULTS: u64 = 1000;

/// Tiles linked between two reports of progress, and between two checks for cancellation.
const LINKS_PER_REPORT: u64 = 256;

/// Builds the tree that `plan` describes, on the threads of the current rayon pool.
///
/// # Errors
/// The first failure; of faulty base tiles, up to a thousand.
pub fn build_tree<S, K>(
    plan: &BuildPlan,
    codec: Codec,
    source: &S,
    sink: &K,
    progress: &dyn Progress,
) -> Result<(), BuildFailure<S::Error>>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    if plan.geometry().overlap() > 0 {
        return overlap::build(plan, codec, source, sink, progress);
    }
    let walk = Walk {
        plan,
        parents: Parents::new(plan.geometry(), codec),
        source,
        sink,
        progress,
        faults: Mutex::default(),
        faulty: AtomicBool::new(false),
        failed: AtomicBool::new(false),
        workers: Workers::default(),
    };
    walk.visit(plan.geometry().top())?;
    let faults = walk.faults.into_inner();
    if !faults.is_empty() {
        return Err(BuildFailure::Faults(faults));
    }
    if plan.is_first() { Ok(()) } else { link_the_rest(plan, sink, progress) }
}

/// What became of a tile.
enum Outcome {
    /// The tile differs from the previous version's; this is what reading it back gives.
    Changed(TileImage),
    /// The tile has the previous version's bytes.
    Unchanged,
    /// A tile below is faulty, or the walk has failed.
    Abandoned,
}

struct Walk<'a, S, K> {
    plan: &'a BuildPlan,
    parents: Parents,
    source: &'a S,
    sink: &'a K,
    progress: &'a dyn Progress,
    faults: Mutex<Faults>,
    /// A base tile is faulty: look for more faults, but make no parents.
    faulty: AtomicBool,
    /// Something failed: stop.
    failed: AtomicBool,
    workers: Workers<Buffers>,
}

type Visit<E> = Result<Outcome, BuildFailure<E>>;

impl<S, K> Walk<'_, S, K>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    fn visit(&self, tile: Tile) -> Visit<S::Error> {
        if !self.plan.affects(tile) {
            return Ok(Outcome::Unchanged);
        }
        if self.failed.load(Ordering::Relaxed) {
            return Ok(Outcome::Abandoned);
        }
        let result = if self.progress.is_cancelled() {
            Err(BuildFailure::Cancelled)
        } else if tile.level == self.plan.geometry().base_level() {
            self.workers.lend(|buffers| self.base_tile(tile, buffers))
        } else {
            self.workers
                .lend(|buffers| self.resume(tile, buffers))
                .and_then(|resumed| resumed.map_or_else(|| self.generated_tile(tile), Ok))
        };
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// The outcome of an earlier attempt, if that finished the tile and everything below it.
    fn resume(&self, tile: Tile, buffers: &mut Buffers) -> Result<Option<Outcome>, BuildFailure<S::Error>> {
        let outcome = match self.sink.resumed(tile) {
            None => return Ok(None),
            Some(Resumed::Linked) => Outcome::Unchanged,
            Some(Resumed::New) => {
                self.sink.read_generated(tile, &mut buffers.bytes).map_err(BuildFailure::Store)?;
                // The hash of its bytes is that of the bytes written. Should they not decode, the tile is regenerated.
                match self.parents.decode(tile, &buffers.bytes, &mut buffers.scratch) {
                    Ok(image) => Outcome::Changed(image),
                    Err(_) => return Ok(None),
                }
            }
        };
        self.progress.advance(self.affected_below(tile));
        Ok(Some(outcome))
    }

    /// Number of affected tiles in the subtree of `tile`.
    fn affected_below(&self, tile: Tile) -> u64 {
        if !self.plan.affects(tile) {
            return 0;
        }
        let children = self.plan.geometry().children(tile).into_iter().flatten();
        let below: u64 = if tile.level == self.plan.geometry().base_level() {
            0
        } else {
            children.map(|child| self.affected_below(child)).sum()
        };
        1 + below
    }

    fn generated_tile(&self, tile: Tile) -> Visit<S::Error> {
        let outcomes = visit_children(self.plan.geometry().children(tile), |child| self.visit(child))?;
        let any = |wanted: fn(&Outcome) -> bool| outcomes.iter().flatten().any(wanted);
        if any(|outcome| matches!(outcome, Outcome::Abandoned)) || self.faulty.load(Ordering::Relaxed) {
            return Ok(Outcome::Abandoned);
        }
        if !any(|outcome| matches!(outcome, Outcome::Changed(_))) {
            self.sink.link_previous(tile).map_err(BuildFailure::Store)?;
            self.progress.advance(1);
            return Ok(Outcome::Unchanged);
        }
        self.workers.lend(|buffers| self.make_parent(tile, outcomes, buffers))
    }

    /// Reads and checks a base tile of this version's sources, and links it unless an earlier attempt has.
    fn base_tile(&self, tile: Tile, buffers: &mut Buffers) -> Visit<S::Error> {
        let resumed = self.sink.resumed(tile);
        if resumed == Some(Resumed::Linked) {
            self.progress.advance(1);
            return Ok(Outcome::Unchanged);
        }
        let receipt = self.source.read_patched(tile, &mut buffers.bytes).map_err(BuildFailure::Store)?;
        if resumed.is_none() && self.equals_previous(tile, buffers)? {
            self.sink.link_unchanged(tile, receipt).map_err(BuildFailure::Store)?;
            self.progress.advance(1);
            return Ok(Outcome::Unchanged);
        }
        match self.parents.decode(tile, &buffers.bytes, &mut buffers.scratch) {
            Ok(image) => {
                if resumed.is_none() {
                    self.sink.link_patched(tile, receipt).map_err(BuildFailure::Store)?;
                }
                self.progress.advance(1);
                Ok(Outcome::Changed(image))
            }
            Err(error) => {
                self.record_fault(tile, &error);
                Ok(Outcome::Abandoned)
            }
        }
    }

    /// Makes a tile from its children, at least one of which has changed.
    fn make_parent(&self, tile: Tile, outcomes: [Option<Outcome>; 4], buffers: &mut Buffers) -> Visit<S::Error> {
        let mut children = [const { None }; 4];
        let places = self.plan.geometry().children(tile);
        for ((child, place), outcome) in children.iter_mut().zip(places).zip(outcomes) {
            *child = match (place, outcome) {
                (_, Some(Outcome::Changed(image))) => Some(image),
                (Some(place), Some(Outcome::Unchanged)) => Some(self.load_previous(place, buffers)?),
                _ => None,
            };
        }
        let image = self.parents.make(tile, children, buffers).map_err(|error| BuildFailure::Encode { tile, error })?;
        let outcome = if self.equals_previous(tile, buffers)? {
            self.sink.link_previous(tile).map_err(BuildFailure::Store)?;
            Outcome::Unchanged
        } else {
            self.sink.write_generated(tile, &buffers.bytes).map_err(BuildFailure::Store)?;
            Outcome::Changed(image)
        };
        self.progress.advance(1);
        Ok(outcome)
    }

    /// Whether the previous version's tile has the bytes in `buffers.bytes`.
    fn equals_previous(&self, tile: Tile, buffers: &mut Buffers) -> Result<bool, BuildFailure<S::Error>> {
        if self.plan.is_first() {
            return Ok(false);
        }
        self.source.read_previous(tile, &mut buffers.stored).map_err(BuildFailure::Store)?;
        Ok(buffers.stored == buffers.bytes)
    }

    fn load_previous(&self, tile: Tile, buffers: &mut Buffers) -> Result<TileImage, BuildFailure<S::Error>> {
        self.source.read_previous(tile, &mut buffers.stored).map_err(BuildFailure::Store)?;
        self.parents
            .decode(tile, &buffers.stored, &mut buffers.scratch)
            .map_err(|error| BuildFailure::Stored { tile, error })
    }

    fn record_fault(&self, tile: Tile, error: &CodecError) {
        let mut faults = self.faults.lock();
        record_fault(self.plan, &mut faults, tile, self.source.name(tile), error);
        self.faulty.store(true, Ordering::Relaxed);
        if faults.count() >= MAX_FAULTS {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Adds what is wrong with a tile of this name.
pub(super) fn record_fault(plan: &BuildPlan, faults: &mut Faults, tile: Tile, name: String, error: &CodecError) {
    let kind = match error {
        CodecError::WrongSize { .. } => FaultKind::WrongSize,
        CodecError::Rotated(_) => FaultKind::Rotated,
        CodecError::Unsupported(_) => FaultKind::Unsupported,
        CodecError::Damaged(_) | CodecError::Encode(_) => FaultKind::Damaged,
    };
    let Grid { columns, .. } = plan.geometry().base_grid();
    let order = u64::from(tile.row) * u64::from(columns) + u64::from(tile.column);
    faults.add(kind, order, name, error.to_string());
}

/// Links every tile that the plan does not touch. Levels run in parallel, but each level on one thread, because a folder
/// accepts one new entry at a time.
pub(super) fn link_the_rest<K: VersionSink>(
    plan: &BuildPlan,
    sink: &K,
    progress: &dyn Progress,
) -> Result<(), BuildFailure<K::Error>> {
    let geometry = plan.geometry();
    // The base first: it holds three quarters of all tiles, and the other threads link the rest meanwhile.
    let levels: Vec<u8> = geometry.levels().rev().collect();
    levels.into_par_iter().with_max_len(1).try_for_each(|level| {
        let grid = geometry.grid(level);
        let mut linked = 0;
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let tile = Tile { level, column, row };
                if !plan.affects(tile) {
                    sink.link_previous(tile).map_err(BuildFailure::Store)?;
                    linked += 1;
                }
                if linked == LINKS_PER_REPORT {
                    progress.advance(linked);
                    linked = 0;
                    if progress.is_cancelled() {
                        return Err(BuildFailure::Cancelled);
                    }
                }
            }
        }
        progress.advance(linked);
        Ok(())
    })
}
