//! Joins the walk, which sees tiles, with the store, which sees files.

use crate::geometry::Tile;
use crate::store::{FileStamp, ResumedTile, SourceFolder, StagedTree, StoreError, Tree};
use crate::walk::{Finished, TileSink, TileSource};

/// The files behind one version's build.
pub(super) struct Exchange {
    pub(super) source: SourceFolder,
    pub(super) previous: Option<Tree>,
    pub(super) staged: StagedTree,
}

impl Exchange {
    fn previous(&self) -> Result<&Tree, StoreError> {
        self.previous.as_ref().ok_or(StoreError::NoPrevious)
    }
}

impl TileSource for Exchange {
    type Receipt = FileStamp;
    type Error = StoreError;

    fn name(&self, tile: Tile) -> String {
        self.source.name(tile.column, tile.row)
    }

    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<FileStamp, StoreError> {
        self.source.read(tile.column, tile.row, bytes)
    }

    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        self.previous()?.read(tile, bytes)
    }
}

impl TileSink for Exchange {
    type Receipt = FileStamp;
    type Error = StoreError;

    fn finished(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Option<Finished>, StoreError> {
        Ok(self.staged.finished(tile, bytes)?.map(|resumed| match resumed {
            ResumedTile::Changed => Finished::Changed,
            ResumedTile::Unchanged => Finished::Unchanged,
        }))
    }

    fn put_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }

    fn put_patched(&self, tile: Tile, receipt: FileStamp) -> Result<(), StoreError> {
        self.staged.link_source(tile, receipt)
    }

    fn keep_patched(&self, tile: Tile, receipt: FileStamp) -> Result<(), StoreError> {
        self.staged.link_unchanged_source(tile, self.previous()?, receipt)
    }

    fn keep(&self, tile: Tile) -> Result<(), StoreError> {
        self.staged.link_previous(tile, self.previous()?)
    }
}
