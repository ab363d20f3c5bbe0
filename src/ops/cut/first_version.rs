//! The first version of a pyramid while it is being cut: sources alone, or sources and tree.

use crate::geometry::Tile;
use crate::ops::Failure;
use crate::ops::build::first::{FirstVersion, check_first};
use crate::store::{Durability, Manifest, StagedSource, StoreError, TreeContext, Version};
use crate::tile::TileImage;
use crate::walk::cut::BaseSink;

/// A first version that is being cut.
pub(super) enum StagedFirst {
    /// Sources alone.
    Sources(Box<StagedSource>),
    /// Sources, and a tree that is built in the same pass.
    Tree(Box<FirstVersion>),
}

impl StagedFirst {
    /// Starts a first version. The caller holds the lock.
    pub(super) fn start(
        trees: &TreeContext,
        version: Version,
        durability: Durability,
        with_tree: bool,
    ) -> Result<Self, Failure> {
        if with_tree {
            return Ok(Self::Tree(Box::new(FirstVersion::start(trees.clone(), version, durability)?)));
        }
        check_first(trees, version)?;
        Ok(Self::Sources(Box::new(StagedSource::start(trees, version, durability)?)))
    }

    /// Publishes it. Returns the manifest of the tree, if there is one.
    pub(super) fn publish(self) -> Result<Option<Manifest>, Failure> {
        match self {
            Self::Sources(staged) => staged.publish().map(|_| None).map_err(Failure::from),
            Self::Tree(first) => first.publish().map(Some),
        }
    }

    /// Deletes what was written.
    pub(super) fn discard(self) -> Result<(), Failure> {
        match self {
            Self::Sources(staged) => Ok(staged.discard()?),
            Self::Tree(first) => first.discard(),
        }
    }
}

impl BaseSink for FirstVersion {
    type Error = StoreError;

    fn store(&self, tile: Tile, bytes: &[u8], _: &TileImage) -> Result<(), StoreError> {
        self.write_base(tile.column, tile.row, bytes)
    }
}

impl BaseSink for StagedSource {
    type Error = StoreError;

    fn store(&self, tile: Tile, bytes: &[u8], _: &TileImage) -> Result<(), StoreError> {
        self.write(tile.column, tile.row, bytes).map(|_| ())
    }
}
