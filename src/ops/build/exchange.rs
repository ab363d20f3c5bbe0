//! Joins the walk, which sees tiles, with the store, which sees files.

use crate::geometry::Tile;
use crate::store::{FileStamp, ResumedTile, SourceFolder, StagedTree, StoreError, Tree};
use crate::walk::{Resumed, TileSink, TileSource, VersionSink};

/// The files of one version's build.
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
    type Error = StoreError;

    fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }
}

impl VersionSink for Exchange {
    type Receipt = FileStamp;

    fn resumed(&self, tile: Tile) -> Option<Resumed> {
        self.staged.finished(tile).map(|resumed| match resumed {
            ResumedTile::Changed => Resumed::New,
            ResumedTile::Unchanged => Resumed::Linked,
        })
    }

    fn read_generated(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        self.staged.read_generated(tile, bytes)
    }

    fn link_patched(&self, tile: Tile, receipt: FileStamp) -> Result<(), StoreError> {
        self.staged.link_source(tile, receipt)
    }

    fn link_unchanged(&self, tile: Tile, receipt: FileStamp) -> Result<(), StoreError> {
        self.staged.link_unchanged_source(tile, self.previous()?, receipt)
    }

    fn link_previous(&self, tile: Tile) -> Result<(), StoreError> {
        self.staged.link_previous(tile, self.previous()?)
    }
}
