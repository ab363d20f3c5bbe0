//! Which tiles a version regenerates: a plain value, computed without reading a single tile.

use crate::geometry::{Geometry, GridSet, Tile, TileSet};

/// The tiles that building one version may change. All others are only linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    geometry: Geometry,
    affected: TileSet,
    patched: u64,
    first: bool,
}

/// Tile counts of a plan. `tiles` is the sum of the other three, or, where the base level is composed of plain tiles, of
/// `generated` and `linked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCounts {
    /// All tiles of the tree.
    pub tiles: u64,
    /// Tiles to generate, at most: a parent that comes out unchanged becomes a link.
    pub generated: u64,
    /// Base tiles in this version's sources, at most: one that is unchanged becomes a link.
    pub patched: u64,
    /// Tiles to link to earlier versions.
    pub linked: u64,
}

impl PlanCounts {
    /// How many tiles a build reports as done: those of the tree, and plain source tiles.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.generated + self.patched + self.linked
    }
}

impl BuildPlan {
    /// The plan of a version with the source tiles in `patched`, on top of an earlier version.
    #[must_use]
    pub fn patch(geometry: &Geometry, patched: GridSet) -> Self {
        Self::new(geometry, patched, false)
    }

    /// The plan of the lowest version: all tiles are new.
    #[must_use]
    pub fn first(geometry: &Geometry) -> Self {
        Self::new(geometry, GridSet::full(geometry.base_grid()), true)
    }

    fn new(geometry: &Geometry, patched: GridSet, first: bool) -> Self {
        let count = patched.count();
        Self { geometry: *geometry, affected: TileSet::affected(geometry, patched), patched: count, first }
    }

    /// The shape of the pyramid.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Whether there is no earlier version to link to.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// Whether the tile is patched or an ancestor of a patched tile.
    #[must_use]
    pub fn affects(&self, tile: Tile) -> bool {
        self.affected.contains(tile)
    }

    /// The tile counts, as far as they are known before tiles are compared.
    #[must_use]
    pub fn counts(&self) -> PlanCounts {
        let tiles = self.geometry.tile_count();
        let affected = self.affected.count();
        let generated = affected - self.patched;
        let linked = tiles - if self.geometry.composes_base() { generated } else { affected };
        PlanCounts { tiles, generated, patched: self.patched, linked }
    }
}
