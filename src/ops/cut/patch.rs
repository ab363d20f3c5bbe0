//! The tiles of a newer picture that differ from the latest version.

use crate::geometry::{Geometry, GridSet, Tile};
use crate::store::{LatestSources, StagedSource, StoreError};
use crate::sync::{Mutex, Workers};
use crate::tile::{Codec, Scratch, TileImage};
use crate::walk::cut::BaseSink;
use xxhash_rust::xxh3::xxh3_128;

/// Writes the tiles that differ from the latest version.
pub(super) struct Patch<'a> {
    staged: StagedSource,
    latest: &'a LatestSources,
    geometry: Geometry,
    codec: Codec,
    written: Mutex<GridSet>,
    workers: Workers<LatestTile>,
}

/// A tile of the latest version.
#[derive(Default)]
struct LatestTile {
    bytes: Vec<u8>,
    image: TileImage,
    scratch: Scratch,
}

impl<'a> Patch<'a> {
    pub(super) fn new(staged: StagedSource, latest: &'a LatestSources, geometry: Geometry, codec: Codec) -> Self {
        let written = Mutex::new(GridSet::new(geometry.base_grid()));
        Self { staged, latest, geometry, codec, written, workers: Workers::default() }
    }

    /// The staged sources, and which tiles were written.
    pub(super) fn finish(self) -> (StagedSource, GridSet) {
        (self.staged, self.written.into_inner())
    }

    /// Whether the latest version shows this tile already: with the same bytes, or, if encoding is lossless, with the same
    /// pixels. If the survey found the file as its manifest records it, hashes are compared and nothing is read: reading
    /// 4096 files takes 20 of 300 ms.
    fn is_unchanged(
        &self,
        tile: Tile,
        bytes: &[u8],
        image: &TileImage,
        latest: &mut LatestTile,
    ) -> Result<bool, StoreError> {
        let Tile { column, row, .. } = tile;
        match self.latest.hash(column, row) {
            Some(hash) if hash == xxh3_128(bytes) => return Ok(true),
            Some(_) if !image.is_lossless() => return Ok(false),
            _ => {}
        }
        if self.latest.read(column, row, &mut latest.bytes)?.is_none() {
            return Ok(false);
        }
        if latest.bytes == bytes {
            return Ok(true);
        }
        let size = self.geometry.tile_dimensions(tile);
        let decoded = image.is_lossless()
            && self.codec.decode_into(&latest.bytes, size, &mut latest.scratch, &mut latest.image).is_ok();
        Ok(decoded && image.has_same_pixels(&latest.image))
    }
}

impl BaseSink for Patch<'_> {
    type Error = StoreError;

    fn store(&self, tile: Tile, bytes: &[u8], image: &TileImage) -> Result<(), StoreError> {
        if self.workers.lend(|latest| self.is_unchanged(tile, bytes, image, latest))? {
            return Ok(());
        }
        self.staged.write(tile.column, tile.row, bytes)?;
        self.written.lock().insert(tile.column, tile.row);
        Ok(())
    }
}
