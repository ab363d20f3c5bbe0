//! Whose file each tile of a version really is, followed from the lowest version up.

use crate::geometry::{Geometry, Tile};
use crate::store::error::StoreError;
use crate::store::layout::{LinkTarget, Version};
use crate::store::state::manifest;
use std::path::Path;

/// The bit of a slot that says that the owner's file is not what was published.
const DAMAGED: u32 = 1 << 31;

/// The owner of every tile as one version shows it: four bytes a tile, whatever the number of versions.
///
/// Versions are taken in ascending order; what a later one owns replaces what an earlier one owned.
#[derive(Debug)]
pub struct Owners {
    base_level: u8,
    versions: Vec<Version>,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    columns: u64,
    /// 0 where nobody owns the tile yet, otherwise one more than the owner's index in `versions`, and maybe [`DAMAGED`].
    slots: Vec<u32>,
}

impl Owners {
    /// Nobody owns anything yet.
    #[must_use]
    pub fn new(geometry: &Geometry) -> Self {
        let level = |level| {
            let grid = geometry.grid(level);
            Level { columns: grid.columns.into(), slots: vec![0; grid.count() as usize] }
        };
        Self { base_level: geometry.base_level(), versions: Vec::new(), levels: geometry.levels().map(level).collect() }
    }

    /// Goes on to the next version, without saying yet what it owns.
    pub fn begin_version(&mut self, version: Version) {
        self.versions.push(version);
    }

    /// Goes on to the next version, which owns what its manifest in `folder` says.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn apply_manifest(&mut self, version: Version, folder: &Path) -> Result<(), StoreError> {
        self.begin_version(version);
        for record in manifest::records(folder)? {
            let record = record?;
            if record.owned() {
                self.own(record.tile);
            }
        }
        Ok(())
    }

    fn slot(&self, tile: Tile) -> u32 {
        self.levels
            .get(usize::from(tile.level))
            .and_then(|level| level.slots.get(level.index(tile)))
            .map_or(0, |&it| it)
    }

    fn slot_mut(&mut self, tile: Tile) -> Option<&mut u32> {
        self.levels.get_mut(usize::from(tile.level)).and_then(|level| {
            let index = level.index(tile);
            level.slots.get_mut(index)
        })
    }

    /// The tile is the current version's own, and in order as far as is known.
    pub fn own(&mut self, tile: Tile) {
        let current = self.versions.len() as u32;
        if let Some(slot) = self.slot_mut(tile) {
            *slot = current;
        }
    }

    /// The tile is that of an earlier version, whatever was known before. For trees whose manifest is lost.
    pub fn assign(&mut self, tile: Tile, owner: Version) {
        let index = self.versions.iter().position(|&version| version == owner);
        if let (Some(index), Some(slot)) = (index, self.slot_mut(tile)) {
            *slot = index as u32 + 1;
        }
    }

    /// The owner's file is not what was published.
    pub fn mark_damaged(&mut self, tile: Tile) {
        if let Some(slot) = self.slot_mut(tile) {
            *slot |= DAMAGED;
        }
    }

    /// Whether the owner's file is known not to be what was published.
    #[must_use]
    pub fn is_damaged(&self, tile: Tile) -> bool {
        self.slot(tile) & DAMAGED != 0
    }

    /// Whose file it is, or `None` where no version so far owns it.
    #[must_use]
    pub fn owner(&self, tile: Tile) -> Option<Version> {
        let number = self.slot(tile) & !DAMAGED;
        self.versions.get((number as usize).checked_sub(1)?).copied()
    }

    /// Where its bytes are.
    #[must_use]
    pub fn link_target(&self, tile: Tile) -> Option<LinkTarget> {
        let owner = self.owner(tile)?;
        Some(if tile.level == self.base_level { LinkTarget::Source(owner) } else { LinkTarget::Tree(owner) })
    }

    /// Whether the current version owns the tile.
    #[must_use]
    pub fn is_current(&self, tile: Tile) -> bool {
        (self.slot(tile) & !DAMAGED) as usize == self.versions.len() && !self.versions.is_empty()
    }
}

impl Level {
    fn index(&self, tile: Tile) -> usize {
        (u64::from(tile.row) * self.columns + u64::from(tile.column)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn later_versions_replace_earlier_ones() {
        let geometry = Geometry::new(Size::new(200, 100), 100, 0).unwrap();
        let base = Tile { level: 8, column: 1, row: 0 };
        let mut owners = Owners::new(&geometry);
        assert_eq!(owners.owner(base), None);
        owners.begin_version(Version(2));
        owners.own(base);
        owners.own(geometry.top());
        owners.mark_damaged(base);
        assert!(owners.is_damaged(base) && owners.is_current(base));
        assert_eq!(owners.link_target(base), Some(LinkTarget::Source(Version(2))));
        owners.begin_version(Version(5));
        assert!(owners.is_damaged(base) && !owners.is_current(base));
        owners.own(base);
        assert_eq!((owners.owner(base), owners.is_damaged(base)), (Some(Version(5)), false));
        assert_eq!(owners.link_target(geometry.top()), Some(LinkTarget::Tree(Version(2))));
        owners.assign(base, Version(2));
        assert_eq!(owners.owner(base), Some(Version(2)));
    }
}
