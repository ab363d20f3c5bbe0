//! Which tiles a version makes new: a plain value, computed without looking at a single pixel.

use crate::geometry::{Geometry, GridSet, Tile, TileSet};

/// What building one version may change, and what it certainly only links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    geometry: Geometry,
    affected: TileSet,
    patched: u64,
    first: bool,
}

/// The numbers of a plan. `tiles` is the sum of the other three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCounts {
    /// All tiles of the tree.
    pub tiles: u64,
    /// Tiles to be generated; fewer where a new parent comes out like the old one.
    pub generated: u64,
    /// Base tiles from this version's sources; fewer where one is like the old one.
    pub patched: u64,
    /// Tiles to be linked to earlier versions.
    pub linked: u64,
}

impl BuildPlan {
    /// The plan of a version whose source has the tiles in `patched`, on top of an earlier version.
    #[must_use]
    pub fn patch(geometry: &Geometry, patched: GridSet) -> Self {
        Self::new(geometry, patched, false)
    }

    /// The plan of the lowest version, all of whose tiles are new.
    #[must_use]
    pub fn first(geometry: &Geometry) -> Self {
        Self::new(geometry, GridSet::full(geometry.base_grid()), true)
    }

    fn new(geometry: &Geometry, patched: GridSet, first: bool) -> Self {
        let count = patched.count();
        Self { geometry: *geometry, affected: TileSet::ancestors(geometry, patched), patched: count, first }
    }

    /// The pyramid's shape.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Whether there is no earlier version to link to.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// Whether the tile is patched or lies over a patched one.
    #[must_use]
    pub fn affects(&self, tile: Tile) -> bool {
        self.affected.contains(tile)
    }

    /// The numbers, as far as they can be known before pixels are compared.
    #[must_use]
    pub fn counts(&self) -> PlanCounts {
        let tiles = self.geometry.tile_count();
        let affected = self.affected.count();
        PlanCounts { tiles, generated: affected - self.patched, patched: self.patched, linked: tiles - affected }
    }
}
