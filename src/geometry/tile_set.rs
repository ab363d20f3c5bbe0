//! A set of tiles of a pyramid.

use super::{Geometry, GridSet, Tile};

/// A set of tiles over all levels of a pyramid, the user's plain tiles included, one bit per possible tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileSet {
    levels: Vec<GridSet>,
}

impl TileSet {
    /// The empty set.
    #[must_use]
    pub fn new(geometry: &Geometry) -> Self {
        Self { levels: (0..=geometry.source_level()).map(|level| GridSet::new(geometry.grid(level))).collect() }
    }

    /// The source tiles in `patched` (a set over the base grid) and everything that is made from them, directly or not: all
    /// that a patch can change.
    #[must_use]
    pub fn affected(geometry: &Geometry, patched: GridSet) -> Self {
        let mut levels: Vec<GridSet> = Vec::new();
        let mut finer = patched;
        for level in (0..geometry.source_level()).rev() {
            let mut coarser = GridSet::new(geometry.grid(level));
            for (column, row) in finer.iter() {
                for made in geometry.dependents(Tile { level: level + 1, column, row }).iter() {
                    coarser.insert(made.column, made.row);
                }
            }
            levels.push(std::mem::replace(&mut finer, coarser));
        }
        levels.push(finer);
        levels.reverse();
        Self { levels }
    }

    /// Adds a tile and returns whether it was new. Tiles outside the pyramid are ignored.
    pub fn insert(&mut self, tile: Tile) -> bool {
        self.levels.get_mut(usize::from(tile.level)).is_some_and(|set| set.insert(tile.column, tile.row))
    }

    /// Removes all tiles of a level.
    pub fn clear_level(&mut self, level: u8) {
        if let Some(set) = self.levels.get_mut(usize::from(level)) {
            *set = GridSet::new(set.grid());
        }
    }

    /// Whether the tile is in the set.
    #[must_use]
    pub fn contains(&self, tile: Tile) -> bool {
        self.level(tile.level).is_some_and(|set| set.contains(tile.column, tile.row))
    }

    /// The tiles of a level; `None` beyond the base level.
    #[must_use]
    pub fn level(&self, level: u8) -> Option<&GridSet> {
        self.levels.get(usize::from(level))
    }

    /// Number of tiles in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.levels.iter().map(GridSet::count).sum()
    }

    /// The tiles in the set, coarsest level first, each level row by row.
    pub fn iter(&self) -> impl Iterator<Item = Tile> + '_ {
        (0u8..)
            .zip(&self.levels)
            .flat_map(|(level, set)| set.iter().map(move |(column, row)| Tile { level, column, row }))
    }
}
