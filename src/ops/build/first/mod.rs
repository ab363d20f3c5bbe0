//! A first version whose base tiles are cut together with its tree: `cut --build`.
//!
//! Sources and tree are written out of sight. The tree's links lead to where the sources will be, so the sources are
//! renamed into place first, and then the tree is published. A kill before that leaves neither; a kill in between leaves
//! the sources and a finished tree in staging, which the next build publishes.

use super::finish_tree;
use crate::geometry::Tile;
use crate::ops::Failure;
use crate::store::{self, Durability, Manifest, NewTree, SourceVersions, StagedSource, StagedTree};
use crate::store::{StoreError, TreeContext, Version};
use crate::tile::ENCODER_VERSION;
use crate::walk::TileSink;

/// Checks that `version` can be the first of a pyramid: there are no sources, and nothing is published.
///
/// # Errors
/// As [`FirstVersion::start`].
pub(in crate::ops) fn check_first(trees: &TreeContext, version: Version) -> Result<(), Failure> {
    let layout = &trees.layout;
    match SourceVersions::find(layout) {
        Err(StoreError::NoVersions { .. }) => {}
        Ok(SourceVersions { place, versions }) => {
            let path = layout.source(place, versions.first().copied().unwrap_or(version));
            return Err(StoreError::VersionExists { path }.into());
        }
        Err(error) => return Err(error.into()),
    }
    match store::published(layout)?.first() {
        Some(&Manifest { version, .. }) => {
            let (pyramid, folder) = (layout.root().to_owned(), layout.source(trees.place, version));
            Err(Failure::SourcesGone { pyramid, folder, version })
        }
        None => Ok(()),
    }
}

/// A pyramid's lowest version while its sources and its tree are being made. Any number of threads may add tiles, each tile
/// once.
pub(in crate::ops) struct FirstVersion {
    trees: TreeContext,
    version: Version,
    durability: Durability,
    source: StagedSource,
    staged: StagedTree,
}

impl FirstVersion {
    /// Starts `version` of a pyramid that has no sources yet, and deletes what earlier attempts left. The caller holds the
    /// lock.
    ///
    /// # Errors
    /// Something stands in the place of the sources, a tree is published whose sources are gone, or the file
    /// system refuses.
    pub(in crate::ops) fn start(trees: TreeContext, version: Version, durability: Durability) -> Result<Self, Failure> {
        check_first(&trees, version)?;
        store::clean_leftovers(&trees.layout, &[])?;
        let source = StagedSource::start(&trees, version, durability)?;
        let new = NewTree { version, encoder: ENCODER_VERSION, durability };
        let staged = StagedTree::start_first(&trees, new).inspect_err(|_| {
            // If this fails too, the next attempt cleans up. The first error is the one to report.
            let _ = store::clean_leftovers(&trees.layout, &[]);
        })?;
        Ok(Self { trees, version, durability, source, staged })
    }

    /// Writes a base tile into the sources and links it into the tree.
    ///
    /// # Errors
    /// The tile exists already, or the file system refuses.
    pub(in crate::ops) fn write_base(&self, column: u32, row: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let stamp = self.source.write(column, row, bytes)?;
        self.staged.link_source(Tile { level: self.trees.geometry.base_level(), column, row }, stamp)
    }

    /// Publishes the version, which must have all its tiles: the sources first, then the tree, then `latest`. Returns its
    /// manifest.
    ///
    /// # Errors
    /// Tiles are missing, something has appeared in the place of the sources ([`StoreError::VersionExists`]), or the file
    /// system refuses. Unless the sources are in place already, nothing is left.
    pub(in crate::ops) fn publish(self) -> Result<Manifest, Failure> {
        let Self { trees, version, durability, source, staged } = self;
        let layout = &trees.layout;
        let finish = || -> Result<Manifest, Failure> {
            let manifest = finish_tree(staged, &trees, version)?;
            let (found, tiles) = (manifest.counts.generated + manifest.counts.patched, manifest.counts.tiles);
            if found != tiles {
                let problem = format!("{found} of {tiles} tiles were added");
                return Err(StoreError::Damaged { path: layout.tree(version), problem }.into());
            }
            source.publish()?;
            Ok(manifest)
        };
        let manifest = finish().inspect_err(|_| {
            // If this fails too, the next attempt cleans up. The first error is the one to report.
            let _ = store::clean_leftovers(layout, &[]);
        })?;
        store::forget_dropped(layout, version)?;
        store::publish(layout, version, &[version], durability)?;
        store::forget_replaced(layout)?;
        Ok(manifest)
    }

    /// Deletes what was written.
    ///
    /// # Errors
    /// The file system refuses.
    pub(in crate::ops) fn discard(self) -> Result<(), Failure> {
        let Self { trees, staged, source, .. } = self;
        drop((staged, source));
        Ok(store::clean_leftovers(&trees.layout, &[])?)
    }
}

impl TileSink for FirstVersion {
    type Error = StoreError;

    fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }
}

#[cfg(test)]
mod tests;
