//! Whether generated tiles are what their children give: they are regenerated and compared.
//!
//! A version needs this for the tiles that it owns and for the parents of tiles that it owns. All other parents and their
//! children are those of the version below, where they were compared. An early cut-off is such a parent of an owned tile:
//! an earlier version owns the parent, but its bytes must match nevertheless.
//!
//! The walk is depth first, so memory does not grow with the picture. A regenerated tile that equals the stored one goes up
//! to its own parent without being decoded.

use crate::geometry::{Geometry, Tile, TileSet};
use crate::ops::Failure;
use crate::ops::observer::{Event, Observer};
use crate::store::{Owners, Problem, ProblemKind, Problems, StoreError, TreeContext, Version};
use crate::sync::{Mutex, Workers};
use crate::tile::{Codec, CodecError, TileImage};
use crate::walk::{Buffers, Parents, visit_children};
use xxhash_rust::xxh3::xxh3_128;

/// Regenerates tiles of one version from their children as that version shows them.
pub(in crate::ops) struct Recompute<'a> {
    trees: &'a TreeContext,
    owners: &'a Owners,
    parents: Parents,
    workers: Workers<Buffers>,
}

/// Why a tile could not be regenerated.
pub(in crate::ops) enum RecomputeError {
    /// A child cannot be read or decoded.
    Child(Tile, String),
    /// The tile cannot be encoded.
    Encode(CodecError),
}

impl<'a> Recompute<'a> {
    /// `owners` says who owns the version's tiles, and which of them are damaged.
    pub(in crate::ops) fn new(trees: &'a TreeContext, owners: &'a Owners) -> Self {
        let parents = Parents::new(&trees.geometry, Codec::new(&trees.settings));
        Self { trees, owners, parents, workers: Workers::default() }
    }

    /// Compares every tile that the current version owns, and every parent of one. Damaged tiles and those with a damaged
    /// child are skipped, because they are reported already.
    pub(super) fn compare(
        &self,
        version: Version,
        problems: &mut Problems,
        observer: &dyn Observer,
    ) -> Result<(), Failure> {
        let reach = owned_and_ancestors(&self.trees.geometry, self.owners);
        let walk = Walk { recompute: self, version, reach, problems: Mutex::new(problems), observer };
        walk.visit(self.trees.geometry.top()).map(drop)
    }

    /// The bytes of a regenerated tile; `None` if a child is damaged.
    pub(in crate::ops) fn tile_bytes(&self, tile: Tile) -> Option<Result<Vec<u8>, RecomputeError>> {
        if self.has_damaged_child(tile) {
            return None;
        }
        let made = self
            .workers
            .lend(|buffers| self.make(tile, [const { None }; 4], buffers).map(|_| std::mem::take(&mut buffers.bytes)));
        Some(made)
    }

    fn has_damaged_child(&self, tile: Tile) -> bool {
        self.trees.geometry.children(tile).into_iter().flatten().any(|child| self.owners.is_damaged(child))
    }

    /// Regenerates a tile into `buffers.bytes`. `children` holds those that are decoded already.
    fn make(
        &self,
        tile: Tile,
        mut children: [Option<TileImage>; 4],
        buffers: &mut Buffers,
    ) -> Result<TileImage, RecomputeError> {
        for (place, child) in self.trees.geometry.children(tile).into_iter().zip(&mut children) {
            if let (Some(place), None) = (place, &child) {
                *child = Some(self.load(place, buffers)?);
            }
        }
        self.parents.make(tile, children, buffers).map_err(RecomputeError::Encode)
    }

    fn load(&self, tile: Tile, buffers: &mut Buffers) -> Result<TileImage, RecomputeError> {
        self.read(tile, &mut buffers.stored).map_err(|error| RecomputeError::Child(tile, error.to_string()))?;
        let decoded = self.parents.decode(tile, &buffers.stored, &mut buffers.scratch);
        decoded.map_err(|error| RecomputeError::Child(tile, error.to_string()))
    }

    fn read(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let place = self.owners.link_target(tile).ok_or(StoreError::NoPrevious)?;
        self.trees.read_owned(tile, place, bytes)
    }
}

/// The tiles that the current version owns, and all of their ancestors.
fn owned_and_ancestors(geometry: &Geometry, owners: &Owners) -> TileSet {
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
    /// Compares the subtree of `tile`. Returns the tile as stored if it was regenerated and equals it.
    fn visit(&self, tile: Tile) -> Result<Option<TileImage>, Failure> {
        let (trees, owners) = (self.recompute.trees, self.recompute.owners);
        if tile.level == trees.geometry.base_level() || !self.reach.contains(tile) {
            return Ok(None);
        }
        if self.observer.is_cancelled() {
            return Err(Failure::Cancelled { pyramid: trees.layout.root().to_owned() });
        }
        let places = trees.geometry.children(tile);
        let children = visit_children(places, |child| self.visit(child))?.map(Option::flatten);
        let needed = owners.is_current(tile) || places.into_iter().flatten().any(|child| owners.is_current(child));
        if !needed {
            return Ok(None);
        }
        self.observer.event(&Event::TilesDone(1));
        if owners.is_damaged(tile) || self.recompute.has_damaged_child(tile) {
            return Ok(None);
        }
        Ok(self.recompute.workers.lend(|buffers| self.compare(tile, children, buffers)))
    }

    fn compare(&self, tile: Tile, children: [Option<TileImage>; 4], buffers: &mut Buffers) -> Option<TileImage> {
        let described = |bytes: &[u8]| format!("{} bytes with hash {:032x}", bytes.len(), xxh3_128(bytes));
        let image = match self.recompute.make(tile, children, buffers) {
            Ok(image) => image,
            // Generated children were compared, and reported, in the version that owns them. What remains are source tiles.
            Err(RecomputeError::Child(child, found)) => {
                self.report(child, "a tile that can be decoded".into(), found);
                return None;
            }
            Err(RecomputeError::Encode(error)) => {
                self.report(tile, "what its children give".into(), error.to_string());
                return None;
            }
        };
        match self.recompute.read(tile, &mut buffers.stored) {
            Ok(()) if buffers.stored == buffers.bytes => return Some(image),
            Ok(()) => {
                let expected = format!("what its children give, {}", described(&buffers.bytes));
                self.report(tile, expected, described(&buffers.stored));
            }
            Err(error) => self.report(tile, "a readable file".into(), error.to_string()),
        }
        None
    }

    fn report(&self, tile: Tile, expected: String, found: String) {
        let format = self.recompute.trees.format();
        let problem = Problem::of_tile(self.version, tile, format, ProblemKind::WrongPixels, expected, found);
        self.problems.lock().add_once(problem);
    }
}
