//! The base tiles as the newest version shows them, whichever source version each is from.

use crate::geometry::{Grid, GridSet};
use crate::store::error::StoreError;
use crate::store::layout::Version;
use crate::store::source::sources::SourceFolder;
use crate::store::state::manifest::Record;
use crate::store::tree::tree::TreeContext;
use crate::sync::Mutex;
use std::num::NonZeroU128;
use std::sync::Arc;

/// The most source folders that are open at a time.
const MAX_OPEN: usize = 32;

/// For each base tile the highest source version that has it. Twenty bytes a tile, however many versions there are. Any
/// number of threads may read.
#[derive(Debug)]
pub struct LatestSources {
    trees: TreeContext,
    grid: Grid,
    versions: Vec<Version>,
    /// For each tile, row by row, which of `versions` it is from, counted from 1; 0 where none has it.
    from: Vec<u32>,
    /// For each tile XXH3-128 of its bytes, where a manifest says it.
    hashes: Vec<Option<NonZeroU128>>,
    /// Those used last, and which of `versions` they are; the last one used comes last.
    open: Mutex<Vec<(u32, Arc<SourceFolder>)>>,
}

impl LatestSources {
    /// No versions yet.
    #[must_use]
    pub fn new(trees: &TreeContext) -> Self {
        let grid = trees.geometry.base_grid();
        let count = grid.count() as usize;
        let (from, hashes) = (vec![0; count], vec![None; count]);
        Self { trees: trees.clone(), grid, versions: Vec::new(), from, hashes, open: Mutex::default() }
    }

    /// Adds a version that has these tiles of the base. In any order.
    pub fn add(&mut self, version: Version, tiles: &GridSet) {
        self.note(version, tiles.iter().map(|place| (place, None)));
    }

    /// Adds some tiles of a version whose manifest says of them what they are. In any order.
    pub fn add_recorded(&mut self, version: Version, records: &[Record]) {
        let known = |record: &Record| ((record.tile.column, record.tile.row), NonZeroU128::new(record.stamp.hash));
        self.note(version, records.iter().map(known));
    }

    fn note(&mut self, version: Version, tiles: impl Iterator<Item = ((u32, u32), Option<NonZeroU128>)>) {
        if self.versions.last() != Some(&version) {
            self.versions.push(version);
        }
        let new = self.versions.len() as u32;
        for ((column, row), hash) in tiles {
            if self.grid.contains(column, row) && self.owner(column, row).is_none_or(|(_, known)| known < version) {
                let index = self.index(column, row);
                (self.from[index], self.hashes[index]) = (new, hash);
            }
        }
    }

    /// The version whose file the tile at `column`, `row` is; nothing if none has it.
    #[must_use]
    pub fn version(&self, column: u32, row: u32) -> Option<Version> {
        self.owner(column, row).map(|(_, version)| version)
    }

    /// XXH3-128 of the bytes of the tile at `column`, `row`, if a manifest says it.
    #[must_use]
    pub fn hash(&self, column: u32, row: u32) -> Option<u128> {
        let index = Some(self.index(column, row)).filter(|_| self.grid.contains(column, row))?;
        self.hashes[index].map(NonZeroU128::get)
    }

    /// Reads the tile at `column`, `row` into `bytes`, which is emptied first, and tells the version that it is from. If no
    /// version has it, it does nothing.
    ///
    /// # Errors
    /// It is gone, not a regular file, too large, changes meanwhile, or cannot be read.
    pub fn read(&self, column: u32, row: u32, bytes: &mut Vec<u8>) -> Result<Option<Version>, StoreError> {
        let Some((number, version)) = self.owner(column, row) else { return Ok(None) };
        self.folder(number, version)?.read(column, row, bytes)?;
        Ok(Some(version))
    }

    fn index(&self, column: u32, row: u32) -> usize {
        (u64::from(row) * u64::from(self.grid.columns) + u64::from(column)) as usize
    }

    /// Which of `versions`, counted from 1, a tile is from, and that version.
    fn owner(&self, column: u32, row: u32) -> Option<(u32, Version)> {
        let number =
            Some(self.index(column, row)).filter(|_| self.grid.contains(column, row)).map(|at| self.from[at])?;
        let version = self.versions.get((number as usize).checked_sub(1)?)?;
        Some((number, *version))
    }

    fn folder(&self, number: u32, version: Version) -> Result<Arc<SourceFolder>, StoreError> {
        let mut open = self.open.lock();
        let folder = match open.iter().rposition(|(known, _)| *known == number) {
            Some(at) => open.remove(at).1,
            None => {
                let folder = Arc::new(SourceFolder::open(&self.trees, version)?);
                if open.len() == MAX_OPEN {
                    open.remove(0);
                }
                folder
            }
        };
        open.push((number, Arc::clone(&folder)));
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TileNaming;
    use crate::store::{Durability, SourcePlace, StagedSource};
    use rayon::prelude::*;
    use std::collections::BTreeMap;

    const GRID: Grid = Grid { columns: 5, rows: 3 };

    fn places() -> impl Iterator<Item = (u32, u32)> {
        (0..GRID.rows).flat_map(|row| (0..GRID.columns).map(move |column| (column, row)))
    }

    /// Version 0 lacks its first tile, version 7 is missing, version n has some tiles with its number as their bytes.
    fn write(trees: &TreeContext, versions: u32) -> BTreeMap<Version, GridSet> {
        let mut written = BTreeMap::new();
        for version in (0..versions).filter(|version| *version != 7) {
            let source = StagedSource::start(trees, Version(version), Durability::Unflushed).unwrap();
            let mut tiles = GridSet::new(GRID);
            for (column, row) in places() {
                let mixed = (version * 31 + column * 7 + row * 13) % 11;
                if (version == 0 || mixed < 2) && (column, row) != (0, 0) {
                    source.write(column, row, version.to_string().as_bytes()).unwrap();
                    tiles.insert(column, row);
                }
            }
            source.publish().unwrap();
            written.insert(Version(version), tiles);
        }
        written
    }

    #[test]
    fn the_highest_version_counts_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let trees = TreeContext::of_png(folder.path(), SourcePlace::Src, TileNaming::RowColumn);
        for versions in [1, 2, 100] {
            std::fs::remove_dir_all(folder.path().join("src")).ok();
            let written = write(&trees, versions);
            let (mut rising, mut falling) = (LatestSources::new(&trees), LatestSources::new(&trees));
            written.iter().for_each(|(version, tiles)| rising.add(*version, tiles));
            written.iter().rev().for_each(|(version, tiles)| falling.add(*version, tiles));
            for latest in [&rising, &falling] {
                let all = places().collect::<Vec<_>>().repeat(40);
                all.into_par_iter().for_each(|(column, row)| {
                    let mut versions = written.iter().rev();
                    let expected = versions.find(|(_, tiles)| tiles.contains(column, row)).map(|(version, _)| *version);
                    assert_eq!(latest.version(column, row), expected);
                    let mut bytes = b"before".to_vec();
                    assert_eq!(latest.read(column, row, &mut bytes).unwrap(), expected);
                    let shown = expected.map_or("before".into(), |version| version.0.to_string());
                    assert_eq!(bytes, shown.into_bytes());
                });
                assert!(latest.open.lock().len() <= MAX_OPEN);
            }
            assert_eq!(rising.version(5, 0).or(rising.version(0, 3)), None);
        }
    }

    #[test]
    fn a_tile_that_is_gone_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let trees = TreeContext::of_png(folder.path(), SourcePlace::Beside, TileNaming::ColumnRow);
        let mut latest = LatestSources::new(&trees);
        write(&trees, 1).iter().for_each(|(version, tiles)| latest.add(*version, tiles));
        std::fs::remove_file(folder.path().join("v0/4_2.png")).unwrap();
        let error = latest.read(4, 2, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("v0/4_2.png"), "{error}");
    }
}
