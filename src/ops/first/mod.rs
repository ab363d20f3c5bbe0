//! A first version whose base tiles are made together with its tree: `cut --build`.
//!
//! Sources and tree are written where nobody sees them. The tree's links lead to where the sources will be, so the sources
//! get their name first, and only then the tree is published. A kill before that leaves neither; one in between leaves
//! sources with a finished tree in staging, which the next build takes up.

use super::Error;
use super::build::finish_tree;
use crate::geometry::Tile;
use crate::store::{self, Durability, FileStamp, Manifest, NewTree, SourceVersions, StagedSource, StagedTree};
use crate::store::{StoreError, TreeContext, Version};
use crate::tile::ENCODER_VERSION;
use crate::walk::TileSink;

/// Whether `version` can be the first of a pyramid: there are no sources, and nothing that is published.
///
/// # Errors
/// As [`FirstVersion::start`].
pub(super) fn check_first(trees: &TreeContext, version: Version) -> Result<(), Error> {
    let layout = &trees.layout;
    let overlap = trees.geometry.overlap();
    if overlap != 0 {
        return Err(Error::Overlap { path: layout.spec_file(), overlap });
    }
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
            Err(Error::SourcesGone { pyramid, folder, version })
        }
        None => Ok(()),
    }
}

/// A pyramid's lowest version while its sources and its tree are being made. Any number of threads may put tiles, each tile
/// once. As a sink it takes the generated ones.
pub(super) struct FirstVersion {
    trees: TreeContext,
    version: Version,
    durability: Durability,
    source: StagedSource,
    staged: StagedTree,
}

impl FirstVersion {
    /// Starts `version` of a pyramid that has no sources yet. What earlier attempts have left is deleted. The caller holds
    /// the lock.
    ///
    /// # Errors
    /// There is something in the place of its sources; other sources are gone whose tree is still published; the pyramid
    /// has an overlap; the file system refuses.
    pub(super) fn start(trees: TreeContext, version: Version, durability: Durability) -> Result<Self, Error> {
        check_first(&trees, version)?;
        store::clean_leftovers(&trees.layout, &[])?;
        let source = StagedSource::start(&trees, version, durability)?;
        let new = NewTree { version, encoder: ENCODER_VERSION, durability };
        let staged = StagedTree::start_first(&trees, new).inspect_err(|_| {
            // Where that fails too, the next attempt does it; why it all failed is worth more.
            let _ = store::clean_leftovers(&trees.layout, &[]);
        })?;
        Ok(Self { trees, version, durability, source, staged })
    }

    /// Writes a base tile into the sources and links it into the tree.
    ///
    /// # Errors
    /// It is there already, or the file system refuses.
    pub(super) fn put_base(&self, column: u32, row: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let stamp = self.source.write(column, row, bytes)?;
        self.staged.link_source(Tile { level: self.trees.geometry.base_level(), column, row }, stamp)
    }

    /// Publishes the version, which has to have all its tiles: the sources first, then the tree, then `latest`. The manifest
    /// says what was published.
    ///
    /// # Errors
    /// Tiles are missing; [`StoreError::VersionExists`] if something stands in the place of the sources by now; the file
    /// system refuses. Unless the sources have their name already, nothing is left.
    pub(super) fn publish(self) -> Result<Manifest, Error> {
        let Self { trees, version, durability, source, staged } = self;
        let layout = &trees.layout;
        let finish = || -> Result<Manifest, Error> {
            let manifest = finish_tree(staged, &trees, version)?;
            let (found, tiles) = (manifest.counts.generated + manifest.counts.patched, manifest.counts.tiles);
            if found != tiles {
                let problem = format!("{found} of its {tiles} tiles were put into it");
                return Err(StoreError::Damaged { path: layout.tree(version), problem }.into());
            }
            source.publish()?;
            Ok(manifest)
        };
        let manifest = finish().inspect_err(|_| {
            // What fails now is worth less than what has failed; the next attempt deletes it, too.
            let _ = store::clean_leftovers(layout, &[]);
        })?;
        store::forget_dropped(layout, version)?;
        store::publish(layout, version, &[version], durability)?;
        store::forget_replaced(layout)?;
        Ok(manifest)
    }

    /// Gives up: deletes what was written.
    ///
    /// # Errors
    /// The file system refuses.
    pub(super) fn discard(self) -> Result<(), Error> {
        let Self { trees, staged, source, .. } = self;
        drop((staged, source));
        Ok(store::clean_leftovers(&trees.layout, &[])?)
    }
}

impl TileSink for FirstVersion {
    type Receipt = FileStamp;
    type Error = StoreError;

    fn put_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }

    fn put_patched(&self, tile: Tile, receipt: FileStamp) -> Result<(), StoreError> {
        self.staged.link_source(tile, receipt)
    }

    fn keep_patched(&self, _: Tile, _: FileStamp) -> Result<(), StoreError> {
        Err(StoreError::NoPrevious)
    }

    fn keep(&self, _: Tile) -> Result<(), StoreError> {
        Err(StoreError::NoPrevious)
    }
}

#[cfg(test)]
mod tests;
