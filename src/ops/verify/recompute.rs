//! Whether generated tiles are what their children give: they are regenerated and compared.
//!
//! A version needs this for the tiles that it owns and for the parents of tiles that it owns. All other parents and their
//! children are those of the version below, where they were compared. An early cut-off is such a parent of an owned tile:
//! an earlier version owns the parent, but its bytes must match nevertheless.
//!
//! The walk is depth first, or, with overlap, level by level, so memory does not grow with the picture. A regenerated tile that equals the stored one goes up
//! to its own parent without being decoded.

use crate::geometry::{Geometry, Tile, TileSet};
use crate::ops::Failure;
use crate::ops::observer::{Event, Observer};
use crate::store::{Owners, Problem, ProblemKind, Problems, StoreError, TreeContext, Version};
use crate::sync::{Mutex, Workers};
use crate::tile::{Codec, CodecError, Parts, TileImage};
use crate::walk::{Buffers, Decision, Maker, Parents, Slot, make_levels, visit_children};
use std::collections::BTreeMap;
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
        let geometry = &self.trees.geometry;
        let report = Report { version, trees: self.trees, problems: Mutex::new(problems) };
        if geometry.overlap() > 0 {
            let comparison = LevelComparison { recompute: self, report, observer };
            return make_levels(geometry, Codec::new(&self.trees.settings), &comparison);
        }
        let reach = owned_and_ancestors(geometry, self.owners);
        let walk = Walk { recompute: self, report, reach, observer };
        walk.visit(geometry.top()).map(drop)
    }

    /// The bytes of a regenerated tile; `None` if a child is damaged.
    pub(in crate::ops) fn tile_bytes(&self, tile: Tile) -> Option<Result<Vec<u8>, RecomputeError>> {
        if self.has_damaged_input(tile) {
            return None;
        }
        let made = self.workers.lend(|buffers| {
            if self.trees.geometry.overlap() > 0 {
                self.make_of_inputs(tile, buffers)?;
            } else {
                self.make(tile, [const { None }; 4], buffers)?;
            }
            Ok(std::mem::take(&mut buffers.bytes))
        });
        Some(made)
    }

    fn has_damaged_input(&self, tile: Tile) -> bool {
        self.trees.geometry.inputs(tile).iter().any(|input| self.owners.is_damaged(input))
    }

    /// Whether a tile has to be compared in the current version: it owns the tile, or a tile that it is made from.
    fn is_needed(&self, tile: Tile) -> bool {
        self.owners.is_current(tile)
            || self.trees.geometry.inputs(tile).iter().any(|input| self.owners.is_current(input))
    }

    /// Regenerates a tile of a pyramid with overlap into `buffers.bytes`.
    fn make_of_inputs(&self, tile: Tile, buffers: &mut Buffers) -> Result<(), RecomputeError> {
        let Some(mosaic) = self.trees.geometry.mosaic(tile) else { return Ok(()) };
        let mut images = BTreeMap::new();
        for input in self.trees.geometry.inputs(tile).iter() {
            images.insert(input, self.load(input, buffers)?);
        }
        if let Some(parts) = Parts::of_mosaic(&mosaic, |input| images.get(&input)) {
            self.parents.make_of(tile, &parts, buffers).map_err(RecomputeError::Encode)?;
        }
        Ok(())
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

/// Where problems of a version go.
struct Report<'a, 'b> {
    version: Version,
    trees: &'a TreeContext,
    problems: Mutex<&'b mut Problems>,
}

impl Report<'_, '_> {
    fn add(&self, tile: Tile, expected: String, found: String) {
        let kind = ProblemKind::WrongPixels;
        let problem = Problem::of_tile(self.version, tile, self.trees.format(), kind, expected, found);
        self.problems.lock().add_once(problem);
    }

    /// Generated tiles were compared, and reported, in the version that owns them. What remains are source tiles.
    fn add_unreadable(&self, tile: Tile, found: String) {
        self.add(tile, "a tile that can be decoded".into(), found);
    }

    /// Whether the tile is stored with the bytes that its inputs give; reports it if not.
    fn compare(&self, tile: Tile, recompute: &Recompute<'_>, buffers: &mut Buffers) -> bool {
        let described = |bytes: &[u8]| format!("{} bytes with hash {:032x}", bytes.len(), xxh3_128(bytes));
        match recompute.read(tile, &mut buffers.stored) {
            Ok(()) if buffers.stored == buffers.bytes => return true,
            Ok(()) => {
                let expected = format!("what its children give, {}", described(&buffers.bytes));
                self.add(tile, expected, described(&buffers.stored));
            }
            Err(error) => self.add(tile, "a readable file".into(), error.to_string()),
        }
        false
    }
}

/// Compares the tiles of a version with overlap, level by level.
struct LevelComparison<'a, 'b> {
    recompute: &'a Recompute<'a>,
    report: Report<'a, 'b>,
    observer: &'a dyn Observer,
}

impl Maker for LevelComparison<'_, '_> {
    type Error = Failure;

    fn source(&self, _: Tile, _: bool) -> Result<Slot, Failure> {
        Ok(Slot::default())
    }

    fn finished(&self, _: Tile) -> Slot {
        Slot::default()
    }

    fn decide(&self, tile: Tile, _: bool) -> Result<Decision, Failure> {
        let recompute = self.recompute;
        if !recompute.is_needed(tile) {
            return Ok(Decision::Unchanged);
        }
        if self.observer.is_cancelled() {
            return Err(Failure::Cancelled { pyramid: recompute.trees.layout.root().to_owned() });
        }
        self.observer.event(&Event::TilesDone(1));
        let is_damaged = recompute.owners.is_damaged(tile) || recompute.has_damaged_input(tile);
        Ok(if is_damaged { Decision::Unchanged } else { Decision::Make })
    }

    fn load(&self, tile: Tile, _: bool) -> Result<Option<TileImage>, Failure> {
        let loaded = self.recompute.workers.lend(|buffers| self.recompute.load(tile, buffers));
        if let Err(RecomputeError::Child(child, found)) = &loaded {
            self.report.add_unreadable(*child, found.clone());
        }
        Ok(loaded.ok())
    }

    fn make(&self, tile: Tile, parts: &Parts<'_, TileImage>) -> Result<Slot, Failure> {
        let recompute = self.recompute;
        Ok(recompute.workers.lend(|buffers| match recompute.parents.make_of(tile, parts, buffers) {
            Ok(image) => {
                let image = self.report.compare(tile, recompute, buffers).then_some(image);
                Slot { changed: false, image }
            }
            Err(error) => {
                self.report.add(tile, "what its children give".into(), error.to_string());
                Slot::default()
            }
        }))
    }

    fn recycle(&self, images: impl Iterator<Item = TileImage>) {
        self.recompute.parents.recycle(images);
    }
}

struct Walk<'a, 'b> {
    recompute: &'a Recompute<'a>,
    report: Report<'a, 'b>,
    reach: TileSet,
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
        if !self.recompute.is_needed(tile) {
            return Ok(None);
        }
        self.observer.event(&Event::TilesDone(1));
        if owners.is_damaged(tile) || self.recompute.has_damaged_input(tile) {
            return Ok(None);
        }
        Ok(self.recompute.workers.lend(|buffers| self.compare(tile, children, buffers)))
    }

    fn compare(&self, tile: Tile, children: [Option<TileImage>; 4], buffers: &mut Buffers) -> Option<TileImage> {
        match self.recompute.make(tile, children, buffers) {
            Ok(image) => self.report.compare(tile, self.recompute, buffers).then_some(image),
            Err(RecomputeError::Child(child, found)) => {
                self.report.add_unreadable(child, found);
                None
            }
            Err(RecomputeError::Encode(error)) => {
                self.report.add(tile, "what its children give".into(), error.to_string());
                None
            }
        }
    }
}
