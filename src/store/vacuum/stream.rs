//! The records of all versions, brought together per tile, in memory that does not grow with the picture.

use crate::geometry::{Geometry, Tile};
use crate::store::error::StoreError;
use crate::store::state::records;
use crate::store::vacuum::plan::Entry;
use std::path::PathBuf;

/// Approximate number of records in memory; each takes 64 bytes.
const RECORDS_PER_PASS: u64 = 1 << 19;

/// Passes each tile of the pyramid, source tiles included, to `visit`, with its records in all manifests: coarsest level first, each level row by
/// row.
///
/// `folders` are the manifest folders, lowest version first, with `record_count` records altogether.
pub(super) fn for_each_tile(
    folders: &[PathBuf],
    record_count: u64,
    geometry: &Geometry,
    mut visit: impl FnMut(Tile, &[Entry]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let order = Order::new(geometry);
    let passes = (record_count / RECORDS_PER_PASS + 1).min(order.tiles.max(1));
    let size = order.tiles.div_ceil(passes);
    let mut found: Vec<(u64, Entry)> = Vec::new();
    for pass in 0..passes {
        let range = pass * size..((pass + 1) * size).min(order.tiles);
        found.clear();
        for (at, folder) in folders.iter().enumerate() {
            for record in records(folder)? {
                let record = record?;
                let index = order.index(record.tile).filter(|_| geometry.contains(record.tile)).ok_or_else(|| {
                    let problem = format!("it names the tile {}, which is outside the pyramid", record.tile);
                    StoreError::damaged(folder, problem)
                })?;
                if range.contains(&index) {
                    found.push((index, Entry { at, role: record.role, stamp: record.stamp }));
                }
            }
        }
        found.sort_unstable_by_key(|(index, entry)| (*index, entry.at));
        let mut entries: Vec<Entry> = Vec::new();
        let mut rest = found.as_slice();
        for index in range {
            let count = rest.iter().take_while(|(other, _)| *other == index).count();
            entries.clear();
            entries.extend(rest[..count].iter().map(|(_, entry)| *entry));
            rest = &rest[count..];
            if let Some(pair) = entries.windows(2).find(|pair| pair[0].at == pair[1].at) {
                let path = folders.get(pair[0].at).cloned().unwrap_or_default();
                return Err(StoreError::damaged(path, format!("it names the tile {} twice", order.tile(index))));
            }
            visit(order.tile(index), &entries)?;
        }
    }
    Ok(())
}

/// How many tiles [`for_each_tile`] visits.
pub(super) fn tile_count(geometry: &Geometry) -> u64 {
    Order::new(geometry).tiles
}

/// Numbers the tiles of a pyramid from 0, its source tiles included.
struct Order {
    levels: Vec<LevelOrder>,
    tiles: u64,
}

#[derive(Debug, Clone, Copy)]
struct LevelOrder {
    /// The number of its first tile.
    first: u64,
    columns: u64,
}

impl Order {
    fn new(geometry: &Geometry) -> Self {
        let mut tiles = 0;
        let level = |level| {
            let (grid, first) = (geometry.grid(level), tiles);
            tiles += grid.count();
            LevelOrder { first, columns: grid.columns.into() }
        };
        let levels = (0..=geometry.source_level()).map(level).collect();
        Self { levels, tiles }
    }

    fn index(&self, tile: Tile) -> Option<u64> {
        let level = self.levels.get(usize::from(tile.level))?;
        Some(level.first + u64::from(tile.row) * level.columns + u64::from(tile.column))
    }

    fn tile(&self, index: u64) -> Tile {
        let level = self.levels.partition_point(|level| level.first <= index).saturating_sub(1);
        let LevelOrder { first, columns } =
            self.levels.get(level).copied().unwrap_or(LevelOrder { first: 0, columns: 1 });
        let inside = index - first;
        Tile { level: level as u8, column: (inside % columns) as u32, row: (inside / columns) as u32 }
    }
}
