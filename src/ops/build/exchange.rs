//! Joins the walk, which sees tiles, with the store, which sees files.

use crate::geometry::{Geometry, Tile};
use crate::store::{FileStamp, LatestSources, ResumedTile, SourceFolder, StagedTree, StoreError, Tree};
use crate::walk::{Resumed, TileSink, TileSource, VersionSink};
use std::path::PathBuf;

/// The files of one version's build.
pub(in crate::ops) struct Exchange<'a> {
    pub(super) geometry: Geometry,
    pub(super) source: SourceFolder,
    pub(super) previous: Option<Tree>,
    /// The plain tiles that the previous version's base level is composed of; `None` if base tiles are links.
    pub(super) plain: Option<&'a LatestSources>,
    pub(super) staged: StagedTree,
}

impl Exchange<'_> {
    /// The path of a tile that [`TileSource::read_previous`] reads.
    pub(super) fn previous_path(&self, tile: Tile) -> PathBuf {
        let plain = self.plain_tiles(tile).map(|plain| plain.path(tile.column, tile.row));
        plain.or_else(|| Some(self.previous.as_ref()?.path(tile))).unwrap_or_default()
    }

    /// Where the tile is, if it is one of those that no tree shows.
    fn plain_tiles(&self, tile: Tile) -> Option<&LatestSources> {
        self.plain.filter(|_| self.geometry.is_source(tile))
    }

    fn previous(&self) -> Result<&Tree, StoreError> {
        self.previous.as_ref().ok_or(StoreError::NoPrevious)
    }
}

impl TileSource for Exchange<'_> {
    type Receipt = FileStamp;
    type Error = StoreError;

    fn name(&self, tile: Tile) -> String {
        self.source.name(tile.column, tile.row)
    }

    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<FileStamp, StoreError> {
        self.source.read(tile.column, tile.row, bytes)
    }

    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        match self.plain_tiles(tile) {
            Some(plain) => plain.read(tile.column, tile.row, bytes)?.map(drop).ok_or(StoreError::NoPrevious),
            None => self.previous()?.read(tile, bytes),
        }
    }
}

impl TileSink for Exchange<'_> {
    type Error = StoreError;

    fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.staged.write_generated(tile, bytes)
    }
}

impl VersionSink for Exchange<'_> {
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
