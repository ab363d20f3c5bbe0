//! Whether generated tiles are what their children give: they are made again and compared.
//!
//! A tile needs that in a version where the version owns it or one of its children. All others show the same parent and
//! the same children as the version below, where they were compared. An early cut-off is one of the first kind: the
//! parent is an earlier version's, a child is not, and the bytes have to be the same nevertheless.
//!
//! The walk is depth first, so memory does not grow with the picture, and a tile that was just made and is as stored goes
//! up without being decoded.

use super::Error;
use super::report::Observer;
use crate::geometry::{Geometry, Tile, TileSet};
use crate::store::{Owners, Problem, ProblemKind, Problems, StoreError, TreeContext, Version};
use crate::sync::Mutex;
use crate::sync::Workers;
use crate::tile::{Codec, CodecError, Scratch, TileImage};
use xxhash_rust::xxh3::xxh3_128;

/// Buffers that go from tile to tile; there are as many as threads.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    stored: Vec<u8>,
    scratch: Scratch,
}

/// Makes tiles of one version again from their children as that version shows them.
pub(super) struct Recompute<'a> {
    trees: &'a TreeContext,
    owners: &'a Owners,
    codec: Codec,
    workers: Workers<Worker>,
}

/// Why a tile could not be made from its children.
pub(super) enum NotMade {
    /// One of its children cannot be read or decoded.
    Child(Tile, String),
    /// It could not be encoded.
    Encode(CodecError),
}

impl<'a> Recompute<'a> {
    /// `owners` says whose tiles the version shows, and which of them are damaged.
    pub(super) fn new(trees: &'a TreeContext, owners: &'a Owners) -> Self {
        Self { trees, owners, codec: Codec::new(&trees.settings), workers: Workers::default() }
    }

    /// Compares every tile that the current version or one of its children's owners makes new. Damaged tiles, and those
    /// with a damaged child, are passed over: that is told already.
    pub(super) fn compare(
        &self,
        version: Version,
        problems: &mut Problems,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let reach = over_owned(&self.trees.geometry, self.owners);
        let walk = Walk { recompute: self, version, reach, problems: Mutex::new(problems), observer };
        walk.visit(self.trees.geometry.top()).map(drop)
    }

    /// The bytes of a tile as its children give them; `None` where the tile has damaged children.
    pub(super) fn make(&self, tile: Tile) -> Option<Result<Vec<u8>, NotMade>> {
        if self.damaged_child(tile) {
            return None;
        }
        let made = self.workers.lend(|worker| {
            self.make_into(tile, [const { None }; 4], worker).map(|_| std::mem::take(&mut worker.bytes))
        });
        Some(made)
    }

    fn damaged_child(&self, tile: Tile) -> bool {
        self.trees.geometry.children(tile).into_iter().flatten().any(|child| self.owners.is_damaged(child))
    }

    /// Puts the tile's bytes into `worker.bytes`. `known` are those of its children that are decoded already.
    fn make_into(
        &self,
        tile: Tile,
        mut known: [Option<TileImage>; 4],
        worker: &mut Worker,
    ) -> Result<TileImage, NotMade> {
        for (child, image) in self.trees.geometry.children(tile).into_iter().zip(&mut known) {
            if let (Some(child), None) = (child, &image) {
                *image = Some(self.load(child, worker)?);
            }
        }
        let size = self.trees.geometry.tile_dimensions(tile);
        worker.bytes.clear();
        let children = known.each_ref().map(Option::as_ref);
        self.codec.parent(children, size, &mut worker.scratch, &mut worker.bytes).map_err(NotMade::Encode)
    }

    fn load(&self, tile: Tile, worker: &mut Worker) -> Result<TileImage, NotMade> {
        self.read(tile, &mut worker.stored).map_err(|error| NotMade::Child(tile, error.to_string()))?;
        let size = self.trees.geometry.tile_dimensions(tile);
        let decoded = self.codec.decode(&worker.stored, size, &mut worker.scratch);
        decoded.map_err(|error| NotMade::Child(tile, error.to_string()))
    }

    fn read(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let place = self.owners.link_target(tile).ok_or(StoreError::NoPrevious)?;
        self.trees.read_owned(tile, place, bytes)
    }
}

/// The tiles that the current version owns, and everything over them.
fn over_owned(geometry: &Geometry, owners: &Owners) -> TileSet {
    let mut reach = TileSet::new(geometry);
    for level in geometry.levels().rev() {
        let grid = geometry.grid(level);
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let tile = Tile { level, column, row };
                if !(owners.is_current(tile) || reach.contains(tile)) {
                    continue;
                }
                reach.insert(tile);
                if let Some(parent) = tile.parent() {
                    reach.insert(parent);
                }
            }
        }
    }
    reach
}

struct Walk<'a, 'b> {
    recompute: &'a Recompute<'a>,
    version: Version,
    reach: TileSet,
    problems: Mutex<&'b mut Problems>,
    observer: &'a dyn Observer,
}

impl Walk<'_, '_> {
    /// Compares what is to be compared in the tile's subtree. Gives the tile as stored, where that is known for nothing.
    fn visit(&self, tile: Tile) -> Result<Option<TileImage>, Error> {
        let (trees, owners) = (self.recompute.trees, self.recompute.owners);
        if tile.level == trees.geometry.base_level() || !self.reach.contains(tile) {
            return Ok(None);
        }
        if self.observer.stopped() {
            return Err(Error::Interrupted { pyramid: trees.layout.root().to_owned() });
        }
        let places = trees.geometry.children(tile);
        let [a, b, c, d] = places;
        let visit = |child: Option<Tile>| child.map_or(Ok(None), |child| self.visit(child));
        let ((a, b), (c, d)) =
            rayon::join(|| rayon::join(|| visit(a), || visit(b)), || rayon::join(|| visit(c), || visit(d)));
        let known = [a?, b?, c?, d?];
        let needed = owners.is_current(tile) || places.into_iter().flatten().any(|child| owners.is_current(child));
        if !needed {
            return Ok(None);
        }
        self.observer.tiles_done(1);
        if owners.is_damaged(tile) || self.recompute.damaged_child(tile) {
            return Ok(None);
        }
        Ok(self.recompute.workers.lend(|worker| self.compare(tile, known, worker)))
    }

    fn compare(&self, tile: Tile, known: [Option<TileImage>; 4], worker: &mut Worker) -> Option<TileImage> {
        let described = |bytes: &[u8]| format!("{} bytes with hash {:032x}", bytes.len(), xxh3_128(bytes));
        let image = match self.recompute.make_into(tile, known, worker) {
            Ok(image) => image,
            // A child that is none was compared, and told, where it was new. Only a source tile is told here.
            Err(NotMade::Child(child, found)) => {
                self.tell(child, "a tile that can be decoded".into(), found);
                return None;
            }
            Err(NotMade::Encode(error)) => {
                self.tell(tile, "what its children give".into(), error.to_string());
                return None;
            }
        };
        match self.recompute.read(tile, &mut worker.stored) {
            Ok(()) if worker.stored == worker.bytes => return Some(image),
            Ok(()) => {
                let expected = format!("what its children give, {}", described(&worker.bytes));
                self.tell(tile, expected, described(&worker.stored));
            }
            Err(error) => self.tell(tile, "a file that can be read".into(), error.to_string()),
        }
        None
    }

    fn tell(&self, tile: Tile, expected: String, found: String) {
        let format = self.recompute.trees.format();
        let problem = Problem::of_tile(self.version, tile, format, ProblemKind::WrongPixels, expected, found);
        self.problems.lock().add_once(problem);
    }
}
