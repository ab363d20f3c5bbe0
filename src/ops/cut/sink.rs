//! Where base tiles go: a new folder of sources, a first version that is built on the way, or only those that differ from
//! what is there.

use super::super::first::FirstVersion;
use crate::geometry::{Geometry, GridSet, Tile};
use crate::store::{LatestSources, StagedSource, StoreError};
use crate::sync::Mutex;
use crate::sync::Workers;
use crate::tile::{Codec, Scratch, TileImage};
use crate::walk::cut::BaseSink;
use xxhash_rust::xxh3::xxh3_128;

impl BaseSink for FirstVersion {
    type Error = StoreError;

    fn put(&self, tile: Tile, bytes: &[u8], _: &TileImage) -> Result<(), StoreError> {
        self.put_base(tile.column, tile.row, bytes)
    }
}

impl BaseSink for StagedSource {
    type Error = StoreError;

    fn put(&self, tile: Tile, bytes: &[u8], _: &TileImage) -> Result<(), StoreError> {
        self.write(tile.column, tile.row, bytes).map(|_| ())
    }
}

/// Writes the tiles that show something else than the latest version.
pub(super) struct Patch<'a> {
    staged: StagedSource,
    latest: &'a LatestSources,
    geometry: Geometry,
    codec: Codec,
    written: Mutex<GridSet>,
    workers: Workers<Worker>,
}

/// A tile of the latest version.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    image: TileImage,
    scratch: Scratch,
}

impl<'a> Patch<'a> {
    pub(super) fn new(staged: StagedSource, latest: &'a LatestSources, geometry: Geometry, codec: Codec) -> Self {
        let written = Mutex::new(GridSet::new(geometry.base_grid()));
        Self { staged, latest, geometry, codec, written, workers: Workers::default() }
    }

    /// What was written, and which tiles that are.
    pub(super) fn finish(self) -> (StagedSource, GridSet) {
        (self.staged, self.written.into_inner())
    }

    /// Whether the latest version shows this tile already: in the same bytes, or, where nothing is lost in encoding, in
    /// the same pixels. Where a manifest has the hash of its bytes, and the survey found its file of the same length and
    /// time, that is compared, and nothing read: 4096 files are 20 of 300 ms.
    fn is_there(&self, tile: Tile, bytes: &[u8], image: &TileImage, worker: &mut Worker) -> Result<bool, StoreError> {
        let Tile { column, row, .. } = tile;
        match self.latest.hash(column, row) {
            Some(hash) if hash == xxh3_128(bytes) => return Ok(true),
            Some(_) if !image.is_lossless() => return Ok(false),
            _ => {}
        }
        if self.latest.read(column, row, &mut worker.bytes)?.is_none() {
            return Ok(false);
        }
        if worker.bytes == bytes {
            return Ok(true);
        }
        let size = self.geometry.tile_dimensions(tile);
        let decoded = image.is_lossless()
            && self.codec.decode_into(&worker.bytes, size, &mut worker.scratch, &mut worker.image).is_ok();
        Ok(decoded && image.has_same_pixels(&worker.image))
    }
}

impl BaseSink for Patch<'_> {
    type Error = StoreError;

    fn put(&self, tile: Tile, bytes: &[u8], image: &TileImage) -> Result<(), StoreError> {
        if self.workers.lend(|worker| self.is_there(tile, bytes, image, worker))? {
            return Ok(());
        }
        self.staged.write(tile.column, tile.row, bytes)?;
        self.written.lock().insert(tile.column, tile.row);
        Ok(())
    }
}
