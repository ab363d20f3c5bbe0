//! The walk: depth first through the quad-tree, four children in flight at a time.
//!
//! A subtree needs nothing from its neighbours, so memory is threads x depth x a few tiles, whatever the picture's
//! size. Children are made in parallel; a parent waits only for its own.

use super::plan::BuildPlan;
use super::spare_images::SpareImages;
use crate::geometry::{Grid, Tile};
use crate::sync::Mutex;
use crate::sync::Workers;
use crate::text::faults::{FaultKind, Faults};
use crate::tile::{Codec, CodecError, Scratch, TileImage};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// After so many faulty tiles the walk stops looking for more.
const MAX_FAULTS: u64 = 1000;

/// Tiles linked between two looks at whether to stop, and between two reports of progress.
const LINKS_AT_A_TIME: u64 = 256;

/// Where stored tiles come from.
pub trait TileSource: Sync {
    /// What the source tells of a base tile beside its bytes, for the sink.
    type Receipt: Send;
    /// Why a tile cannot be read.
    type Error: Send;

    /// What the user calls a base tile, for messages.
    fn name(&self, tile: Tile) -> String;

    /// Reads a base tile of this version's own sources; `bytes` is emptied first.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Self::Receipt, Self::Error>;

    /// Reads a tile as the previous version shows it; `bytes` is emptied first.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), Self::Error>;
}

/// What an earlier attempt at the same tree has made of a generated tile and of all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It is new in this version.
    Changed,
    /// It is kept from the previous version.
    Unchanged,
}

/// Where the new tree's tiles go. Each tile is put exactly once, but for those that an earlier attempt has finished.
pub trait TileSink: Sync {
    /// What the source told of a base tile.
    type Receipt: Send;
    /// Why a tile cannot be put.
    type Error: Send;

    /// Whether an earlier attempt has finished this generated tile and all below it. Its bytes are put into `bytes`,
    /// emptied first, if it is new in this version.
    ///
    /// # Errors
    /// It cannot be read.
    fn finished(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Option<Finished>, Self::Error> {
        let _ = (tile, bytes);
        Ok(None)
    }

    /// A generated tile that is new in this version.
    ///
    /// # Errors
    /// It cannot be written.
    fn put_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), Self::Error>;

    /// A base tile that is new in this version.
    ///
    /// # Errors
    /// It cannot be linked.
    fn put_patched(&self, tile: Tile, receipt: Self::Receipt) -> Result<(), Self::Error>;

    /// A base tile of this version's sources with the bytes that the previous version already shows.
    ///
    /// # Errors
    /// It cannot be linked.
    fn keep_patched(&self, tile: Tile, receipt: Self::Receipt) -> Result<(), Self::Error>;

    /// A tile that the previous version shows with the same bytes.
    ///
    /// # Errors
    /// It cannot be linked.
    fn keep(&self, tile: Tile) -> Result<(), Self::Error>;
}

/// How the caller follows a build, and stops it.
pub trait Watch: Sync {
    /// So many more tiles are done.
    fn tiles_done(&self, count: u64);

    /// Whether to stop as soon as possible.
    fn stopped(&self) -> bool {
        false
    }
}

/// Why a build ended before its time.
#[derive(Debug)]
pub enum BuildFailure<E> {
    /// Base tiles are not what they should be. Nothing was published.
    Faults(Faults),
    /// A tile of an earlier version, already stored, cannot be decoded.
    Stored {
        /// Which tile.
        tile: Tile,
        /// What is wrong with it.
        error: CodecError,
    },
    /// A parent could not be encoded.
    Encode {
        /// Which tile.
        tile: Tile,
        /// Why.
        error: CodecError,
    },
    /// The source or the sink failed.
    Store(E),
    /// The watch said so.
    Stopped,
}

/// Builds what `plan` says, with the threads of the current rayon pool.
///
/// # Errors
/// The first thing that went wrong; of faulty base tiles, all that were found.
pub fn run<S, K>(
    plan: &BuildPlan,
    codec: Codec,
    source: &S,
    sink: &K,
    watch: &dyn Watch,
) -> Result<(), BuildFailure<S::Error>>
where
    S: TileSource,
    K: TileSink<Receipt = S::Receipt, Error = S::Error>,
{
    let walk = Walk {
        plan,
        codec,
        source,
        sink,
        watch,
        faults: Mutex::default(),
        faulty: AtomicBool::new(false),
        failed: AtomicBool::new(false),
        workers: Workers::default(),
        images: SpareImages::default(),
    };
    walk.visit(plan.geometry().top())?;
    let faults = walk.faults.into_inner();
    if !faults.is_empty() {
        return Err(BuildFailure::Faults(faults));
    }
    if plan.is_first() { Ok(()) } else { link_the_rest(plan, sink, watch) }
}

/// What became of a tile.
enum Outcome {
    /// It has other bytes than in the previous version, and is this when read back.
    Changed(TileImage),
    /// It has the previous version's bytes.
    Unchanged,
    /// Something below it is faulty.
    Abandoned,
}

/// Buffers that go from tile to tile; there are as many workers as threads.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    previous: Vec<u8>,
    scratch: Scratch,
}

struct Walk<'a, S, K> {
    plan: &'a BuildPlan,
    codec: Codec,
    source: &'a S,
    sink: &'a K,
    watch: &'a dyn Watch,
    faults: Mutex<Faults>,
    /// Some base tile is faulty: look for more, but make no parents.
    faulty: AtomicBool,
    /// Something failed: stop.
    failed: AtomicBool,
    workers: Workers<Worker>,
    /// Never more than were in flight at once: threads x depth x four.
    images: SpareImages,
}

type Visit<E> = Result<Outcome, BuildFailure<E>>;

impl<S, K> Walk<'_, S, K>
where
    S: TileSource,
    K: TileSink<Receipt = S::Receipt, Error = S::Error>,
{
    fn visit(&self, tile: Tile) -> Visit<S::Error> {
        if !self.plan.affects(tile) {
            return Ok(Outcome::Unchanged);
        }
        if self.failed.load(Ordering::Relaxed) {
            return Ok(Outcome::Abandoned);
        }
        let result = if self.watch.stopped() {
            Err(BuildFailure::Stopped)
        } else if tile.level == self.plan.geometry().base_level() {
            self.workers.lend(|worker| self.take_base(tile, worker))
        } else {
            self.workers
                .lend(|worker| self.take_finished(tile, worker))
                .and_then(|finished| finished.map_or_else(|| self.visit_children(tile), Ok))
        };
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// The tile as an earlier attempt has left it, if that has finished it and all below it.
    fn take_finished(&self, tile: Tile, worker: &mut Worker) -> Result<Option<Outcome>, BuildFailure<S::Error>> {
        let outcome = match self.sink.finished(tile, &mut worker.bytes).map_err(BuildFailure::Store)? {
            None => return Ok(None),
            Some(Finished::Unchanged) => Outcome::Unchanged,
            Some(Finished::Changed) => {
                let (size, mut image) = (self.plan.geometry().tile_dimensions(tile), self.images.take());
                // Its hash is that of what was written; should it not be readable, it is made again.
                if self.codec.decode_into(&worker.bytes, size, &mut worker.scratch, &mut image).is_err() {
                    return Ok(None);
                }
                Outcome::Changed(image)
            }
        };
        self.watch.tiles_done(self.affected_below(tile));
        Ok(Some(outcome))
    }

    /// How many affected tiles there are from `tile` down.
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

    fn visit_children(&self, tile: Tile) -> Visit<S::Error> {
        let [a, b, c, d] = self.plan.geometry().children(tile);
        let visit = |child: Option<Tile>| child.map(|child| self.visit(child)).transpose();
        let ((a, b), (c, d)) =
            rayon::join(|| rayon::join(|| visit(a), || visit(b)), || rayon::join(|| visit(c), || visit(d)));
        let outcomes = [a?, b?, c?, d?];
        let some = |wanted: fn(&Outcome) -> bool| outcomes.iter().flatten().any(wanted);
        if some(|outcome| matches!(outcome, Outcome::Abandoned)) || self.faulty.load(Ordering::Relaxed) {
            return Ok(Outcome::Abandoned);
        }
        if !some(|outcome| matches!(outcome, Outcome::Changed(_))) {
            self.sink.keep(tile).map_err(BuildFailure::Store)?;
            self.watch.tiles_done(1);
            return Ok(Outcome::Unchanged);
        }
        self.workers.lend(|worker| self.make_parent(tile, outcomes, worker))
    }

    /// Reads, checks and links a base tile of this version's sources.
    fn take_base(&self, tile: Tile, worker: &mut Worker) -> Visit<S::Error> {
        let receipt = self.source.read_patched(tile, &mut worker.bytes).map_err(BuildFailure::Store)?;
        if self.same_as_previous(tile, worker)? {
            self.sink.keep_patched(tile, receipt).map_err(BuildFailure::Store)?;
            self.watch.tiles_done(1);
            return Ok(Outcome::Unchanged);
        }
        let size = self.plan.geometry().tile_dimensions(tile);
        let mut image = self.images.take();
        match self.codec.decode_into(&worker.bytes, size, &mut worker.scratch, &mut image) {
            Ok(()) => {
                self.sink.put_patched(tile, receipt).map_err(BuildFailure::Store)?;
                self.watch.tiles_done(1);
                Ok(Outcome::Changed(image))
            }
            Err(error) => {
                self.note_fault(tile, &error);
                Ok(Outcome::Abandoned)
            }
        }
    }

    /// Makes a tile from its children, some of which are new.
    fn make_parent(&self, tile: Tile, mut outcomes: [Option<Outcome>; 4], worker: &mut Worker) -> Visit<S::Error> {
        for (child, outcome) in self.plan.geometry().children(tile).into_iter().zip(&mut outcomes) {
            if let (Some(child), Some(Outcome::Unchanged)) = (child, &outcome) {
                *outcome = Some(Outcome::Changed(self.load_previous(child, worker)?));
            }
        }
        let children = outcomes.each_ref().map(|outcome| match outcome {
            Some(Outcome::Changed(image)) => Some(image),
            _ => None,
        });
        let size = self.plan.geometry().tile_dimensions(tile);
        worker.bytes.clear();
        let mut image = self.images.take();
        self.codec
            .parent_into(children, size, &mut worker.scratch, &mut image, &mut worker.bytes)
            .map_err(|error| BuildFailure::Encode { tile, error })?;
        self.take_back(outcomes);
        let outcome = if self.same_as_previous(tile, worker)? {
            self.sink.keep(tile).map_err(BuildFailure::Store)?;
            Outcome::Unchanged
        } else {
            self.sink.put_generated(tile, &worker.bytes).map_err(BuildFailure::Store)?;
            Outcome::Changed(image)
        };
        self.watch.tiles_done(1);
        Ok(outcome)
    }

    /// Whether the previous version shows the tile with the bytes in `worker.bytes`.
    fn same_as_previous(&self, tile: Tile, worker: &mut Worker) -> Result<bool, BuildFailure<S::Error>> {
        if self.plan.is_first() {
            return Ok(false);
        }
        self.source.read_previous(tile, &mut worker.previous).map_err(BuildFailure::Store)?;
        Ok(worker.previous == worker.bytes)
    }

    fn load_previous(&self, tile: Tile, worker: &mut Worker) -> Result<TileImage, BuildFailure<S::Error>> {
        self.source.read_previous(tile, &mut worker.previous).map_err(BuildFailure::Store)?;
        let size = self.plan.geometry().tile_dimensions(tile);
        let mut image = self.images.take();
        self.codec
            .decode_into(&worker.previous, size, &mut worker.scratch, &mut image)
            .map_err(|error| BuildFailure::Stored { tile, error })?;
        Ok(image)
    }

    /// Keeps the images of children whose parent is made.
    fn take_back(&self, outcomes: [Option<Outcome>; 4]) {
        self.images.give_back(outcomes.into_iter().flatten().filter_map(|outcome| match outcome {
            Outcome::Changed(image) => Some(image),
            _ => None,
        }));
    }

    fn note_fault(&self, tile: Tile, error: &CodecError) {
        let kind = match error {
            CodecError::WrongSize { .. } => FaultKind::WrongSize,
            CodecError::Rotated(_) => FaultKind::Rotated,
            CodecError::Unsupported(_) => FaultKind::Unsupported,
            CodecError::Damaged(_) | CodecError::Encode(_) => FaultKind::Damaged,
        };
        let Grid { columns, .. } = self.plan.geometry().base_grid();
        let order = u64::from(tile.row) * u64::from(columns) + u64::from(tile.column);
        let mut faults = self.faults.lock();
        faults.add(kind, order, self.source.name(tile), error.to_string());
        self.faulty.store(true, Ordering::Relaxed);
        if faults.count() >= MAX_FAULTS {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Links every tile that the plan does not touch: levels in parallel, but each by one thread, as a folder takes one new
/// entry at a time.
fn link_the_rest<K: TileSink>(plan: &BuildPlan, sink: &K, watch: &dyn Watch) -> Result<(), BuildFailure<K::Error>> {
    let geometry = plan.geometry();
    // The base, with three quarters of all tiles, first; the rest is for the other threads.
    let levels: Vec<u8> = geometry.levels().rev().collect();
    levels.into_par_iter().with_max_len(1).try_for_each(|level| {
        let grid = geometry.grid(level);
        let mut linked = 0;
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let tile = Tile { level, column, row };
                if !plan.affects(tile) {
                    sink.keep(tile).map_err(BuildFailure::Store)?;
                    linked += 1;
                }
                if linked == LINKS_AT_A_TIME {
                    watch.tiles_done(linked);
                    linked = 0;
                    if watch.stopped() {
                        return Err(BuildFailure::Stopped);
                    }
                }
            }
        }
        watch.tiles_done(linked);
        Ok(())
    })
}
