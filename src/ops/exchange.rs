//! Joins the walk, which sees tiles, with the store, which sees files.

use crate::geometry::Tile;
use crate::store::{SourceFolder, SourceStamp, StagedTree, StoreError, Tree};
use crate::walk::{Finished, TileSink, TileSource};

/// The files behind one version's build.
pub(super) struct Exchange {
    pub(super) source: SourceFolder,
    pub(super) previous: Option<Tree>,
    pub(super) staged: StagedTree,
    pub(super) most_tile_bytes: u64,
}

impl Exchange {
    fn previous(&self) -> Result<&Tree, StoreError> {
        self.previous.as_ref().ok_or(StoreError::NoPrevious)
    }
}

impl TileSource for Exchange {
    type Receipt = SourceStamp;
    type Error = StoreError;

    fn name(&self, tile: Tile) -> String {
        self.source.name(tile.column, tile.row)
    }

    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<SourceStamp, StoreError> {
        self.source.read(tile.column, tile.row, self.most_tile_bytes, bytes)
    }

    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        self.previous()?.read(tile, bytes)
    }
}

impl TileSink for Exchange {
    type Receipt = SourceStamp;
    type Error = StoreError;

    fn finished(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Option<Finished>, StoreError> {
        let new = self.staged.finished(tile, bytes)?;
        Ok(new.map(|new| if new { Finished::Changed } else { Finished::Unchanged }))
    }

    fn put_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }

    fn put_patched(&self, tile: Tile, receipt: SourceStamp) -> Result<(), StoreError> {
        self.staged.link_source(tile, receipt)
    }

    fn keep_patched(&self, tile: Tile, receipt: SourceStamp) -> Result<(), StoreError> {
        self.staged.link_unchanged_source(tile, self.previous()?, receipt)
    }

    fn keep(&self, tile: Tile) -> Result<(), StoreError> {
        self.staged.link_previous(tile, self.previous()?)
    }
}
