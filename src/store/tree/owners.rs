//! The owners of the tiles that a version shows, followed from the lowest version upwards.

use crate::geometry::{Geometry, Tile};
use crate::store::error::StoreError;
use crate::store::layout::{LinkTarget, Version};
use crate::store::state::records;
use std::path::Path;

/// The bit of a slot that marks the owner's file as damaged.
const DAMAGED: u32 = 1 << 31;

/// The owner of every tile that one version shows, and of the source tiles that its base level is composed of: four bytes per
/// tile, whatever the number of versions.
///
/// Versions are applied in ascending order; the tiles of a later one replace those of an earlier one.
#[derive(Debug)]
pub struct Owners {
    source_level: u8,
    versions: Vec<Version>,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    columns: u64,
    /// One more than the owner's index in `versions`, with [`DAMAGED`] added if so; 0 for tiles without an owner.
    slots: Vec<u32>,
}

impl Owners {
    /// No tile has an owner.
    #[must_use]
    pub fn new(geometry: &Geometry) -> Self {
        let level = |level| {
            let grid = geometry.grid(level);
            Level { columns: grid.columns.into(), slots: vec![0; grid.count() as usize] }
        };
        let source_level = geometry.source_level();
        Self { source_level, versions: Vec::new(), levels: (0..=source_level).map(level).collect() }
    }

    /// Proceeds to the next version, which owns nothing yet.
    pub fn begin_version(&mut self, version: Version) {
        self.versions.push(version);
    }

    /// Proceeds to the next version, which owns the tiles that its manifest in `folder` names.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn apply_manifest(&mut self, version: Version, folder: &Path) -> Result<(), StoreError> {
        self.begin_version(version);
        for record in records(folder)? {
            let record = record?;
            if record.owned() {
                self.own(record.tile);
            }
        }
        Ok(())
    }

    fn slot(&self, tile: Tile) -> u32 {
        let level = self.levels.get(usize::from(tile.level));
        level.and_then(|level| level.slots.get(level.index(tile))).map_or(0, |&slot| slot)
    }

    fn slot_mut(&mut self, tile: Tile) -> Option<&mut u32> {
        let level = self.levels.get_mut(usize::from(tile.level))?;
        let index = level.index(tile);
        level.slots.get_mut(index)
    }

    /// Makes the current version the owner of a tile, which counts as undamaged.
    pub fn own(&mut self, tile: Tile) {
        let current = self.versions.len() as u32;
        if let Some(slot) = self.slot_mut(tile) {
            *slot = current;
        }
    }

    /// Makes an earlier version the owner of a tile. For trees whose manifest is lost.
    pub fn assign(&mut self, tile: Tile, owner: Version) {
        let index = self.versions.iter().position(|&version| version == owner);
        if let (Some(index), Some(slot)) = (index, self.slot_mut(tile)) {
            *slot = index as u32 + 1;
        }
    }

    /// Marks the owner's file as different from what was published.
    pub fn mark_damaged(&mut self, tile: Tile) {
        if let Some(slot) = self.slot_mut(tile) {
            *slot |= DAMAGED;
        }
    }

    /// Whether the owner's file is marked as damaged.
    #[must_use]
    pub fn is_damaged(&self, tile: Tile) -> bool {
        self.slot(tile) & DAMAGED != 0
    }

    /// The version that owns a tile, if any.
    #[must_use]
    pub fn owner(&self, tile: Tile) -> Option<Version> {
        let number = self.slot(tile) & !DAMAGED;
        self.versions.get((number as usize).checked_sub(1)?).copied()
    }

    /// The target of a link to a tile, which says where its file is.
    #[must_use]
    pub fn link_target(&self, tile: Tile) -> Option<LinkTarget> {
        let owner = self.owner(tile)?;
        Some(if tile.level == self.source_level { LinkTarget::Source(owner) } else { LinkTarget::Tree(owner) })
    }

    /// Whether the current version owns a tile.
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
    fn later_owners_replace_earlier_ones() {
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
