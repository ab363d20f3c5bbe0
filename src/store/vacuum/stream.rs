//! All records of all versions, brought together tile by tile, in memory that does not grow with the picture.

use super::plan::Entry;
use crate::geometry::{Geometry, Tile};
use crate::store::error::StoreError;
use crate::store::state::manifest;
use std::path::PathBuf;

/// Records in memory at a time, about: each takes 64 bytes.
const AT_A_TIME: u64 = 1 << 19;

/// Gives `visit` each tile of the pyramid with the records that the manifests in `folders` (lowest version first) have
/// of it, coarsest level first, each level row by row. `records` is how many there are altogether.
pub(super) fn for_each_tile(
    folders: &[PathBuf],
    records: u64,
    geometry: &Geometry,
    mut visit: impl FnMut(Tile, &[Entry]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let order = Order::new(geometry);
    let parts = (records / AT_A_TIME + 1).min(order.tiles.max(1));
    let size = order.tiles.div_ceil(parts);
    let mut found: Vec<(u64, Entry)> = Vec::new();
    for part in 0..parts {
        let range = part * size..((part + 1) * size).min(order.tiles);
        found.clear();
        for (at, folder) in folders.iter().enumerate() {
            for record in manifest::records(folder)? {
                let record = record?;
                let index = order.index(record.tile).filter(|_| geometry.contains(record.tile)).ok_or_else(|| {
                    let problem = format!("it names the tile {}, which the pyramid does not have", record.tile);
                    StoreError::Damaged { path: folder.clone(), problem }
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
            if entries.windows(2).any(|pair| pair[0].at == pair[1].at) {
                let path = folders.get(entries[0].at).cloned().unwrap_or_default();
                return Err(StoreError::Damaged { path, problem: format!("it names {} twice", order.tile(index)) });
            }
            visit(order.tile(index), &entries)?;
        }
    }
    Ok(())
}

/// The tiles of a pyramid, numbered through.
struct Order {
    /// For each level the number of its first tile, and its columns.
    levels: Vec<(u64, u32)>,
    tiles: u64,
}

impl Order {
    fn new(geometry: &Geometry) -> Self {
        let mut tiles = 0;
        let levels = geometry
            .levels()
            .map(|level| {
                let (grid, first) = (geometry.grid(level), tiles);
                tiles += grid.count();
                (first, grid.columns)
            })
            .collect();
        Self { levels, tiles }
    }

    fn index(&self, tile: Tile) -> Option<u64> {
        let (first, columns) = self.levels.get(usize::from(tile.level))?;
        Some(first + u64::from(tile.row) * u64::from(*columns) + u64::from(tile.column))
    }

    fn tile(&self, index: u64) -> Tile {
        let level = self.levels.partition_point(|(first, _)| *first <= index).saturating_sub(1);
        let (first, columns) = self.levels.get(level).copied().unwrap_or((0, 1));
        let (inside, columns) = (index - first, u64::from(columns));
        Tile { level: level as u8, column: (inside % columns) as u32, row: (inside / columns) as u32 }
    }
}
