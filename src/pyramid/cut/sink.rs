//! Where base tiles go: a new folder of sources, a first version that is built on the way, or only those that differ from
//! what is there.

use super::super::first::FirstVersion;
use crate::codec::{Codec, Scratch, TileImage};
use crate::cut::BaseSink;
use crate::geometry::{Geometry, Tile};
use crate::store::{LatestSources, StagedSource, StoreError};
use crate::workers::Workers;
use std::sync::atomic::{AtomicU64, Ordering};

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
    written: AtomicU64,
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
        Self { staged, latest, geometry, codec, written: AtomicU64::new(0), workers: Workers::default() }
    }

    /// What was written, and how many tiles that are.
    pub(super) fn finish(self) -> (StagedSource, u64) {
        (self.staged, self.written.into_inner())
    }

    /// Whether the latest version shows this tile already: in the same bytes, or, where nothing is lost in encoding, in
    /// the same pixels.
    fn is_there(&self, tile: Tile, bytes: &[u8], image: &TileImage, worker: &mut Worker) -> Result<bool, StoreError> {
        if self.latest.read(tile.column, tile.row, &mut worker.bytes)?.is_none() {
            return Ok(false);
        }
        if worker.bytes == bytes {
            return Ok(true);
        }
        let size = self.geometry.tile_dimensions(tile);
        let decoded = image.is_lossless()
            && self.codec.decode_into(&worker.bytes, size, &mut worker.scratch, &mut worker.image).is_ok();
        Ok(decoded && image.shows_the_same(&worker.image))
    }
}

impl BaseSink for Patch<'_> {
    type Error = StoreError;

    fn put(&self, tile: Tile, bytes: &[u8], image: &TileImage) -> Result<(), StoreError> {
        if self.workers.lend(|worker| self.is_there(tile, bytes, image, worker))? {
            return Ok(());
        }
        self.staged.write(tile.column, tile.row, bytes)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
