//! Tiles in memory, for tests of the walks.

use super::tiles::{Resumed, TileSink, TileSource, VersionSink};
use crate::geometry::Tile;
use crate::sync::Mutex;
use std::collections::{BTreeMap, BTreeSet};

/// Files of tiles.
pub(super) type Tiles = BTreeMap<Tile, Vec<u8>>;

/// A version in memory.
#[derive(Default)]
pub(super) struct Memory {
    /// The source tiles of this version.
    pub(super) patched: Tiles,
    /// All tiles of the previous version, source tiles included.
    pub(super) previous: Tiles,
    /// What earlier attempts made.
    pub(super) finished: Tiles,
    pub(super) resumed: BTreeMap<Tile, Resumed>,
    /// The tiles of this version, and which of them are new.
    pub(super) tiles: Mutex<Tiles>,
    pub(super) new: Mutex<BTreeSet<Tile>>,
    /// Writing this tile fails.
    pub(super) refused: Option<Tile>,
}

impl Memory {
    fn add(&self, tile: Tile, bytes: &[u8], is_new: bool) -> Result<(), String> {
        assert!(self.tiles.lock().insert(tile, bytes.to_vec()).is_none(), "{tile} arrives twice");
        if is_new {
            self.new.lock().insert(tile);
        }
        Ok(())
    }
}

fn copy(from: &Tiles, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), String> {
    bytes.clone_from(from.get(&tile).ok_or_else(|| format!("{tile} is not there"))?);
    Ok(())
}

impl TileSource for Memory {
    type Receipt = ();
    type Error = String;

    fn name(&self, tile: Tile) -> String {
        tile.to_string()
    }

    fn read_patched(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), String> {
        copy(&self.patched, tile, bytes)
    }

    fn read_previous(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), String> {
        copy(&self.previous, tile, bytes)
    }
}

impl TileSink for Memory {
    type Error = String;

    fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), String> {
        if self.refused == Some(tile) {
            return Err(format!("{tile} is refused"));
        }
        self.add(tile, bytes, true)
    }
}

impl VersionSink for Memory {
    type Receipt = ();

    fn resumed(&self, tile: Tile) -> Option<Resumed> {
        self.resumed.get(&tile).copied()
    }

    fn read_generated(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), String> {
        copy(&self.finished, tile, bytes).or_else(|_| copy(&self.tiles.lock(), tile, bytes))
    }

    fn link_patched(&self, tile: Tile, (): ()) -> Result<(), String> {
        self.add(tile, &self.patched[&tile], true)
    }

    fn link_unchanged(&self, tile: Tile, (): ()) -> Result<(), String> {
        self.link_previous(tile)
    }

    fn link_previous(&self, tile: Tile) -> Result<(), String> {
        self.add(tile, &self.previous[&tile], false)
    }
}

/// Samples that differ from pixel to pixel, but not much.
pub(super) fn noise(seed: u32, length: usize) -> Vec<u8> {
    let (mut state, mut walk) = (seed.wrapping_mul(2_654_435_761) | 1, 128i32);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        walk = (walk + (state >> 24) as i32 % 31 - 15).clamp(0, 255);
        walk as u8
    };
    (0..length).map(|_| next()).collect()
}
