//! The base tiles that the newest version shows, from whichever source version.

use crate::geometry::{Grid, GridSet};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::layout::Version;
use crate::store::source::SourceFolder;
use crate::store::state::Record;
use crate::sync::Mutex;
use std::num::NonZeroU128;
use std::path::PathBuf;
use std::sync::Arc;

/// The most source folders that are open at a time.
const MAX_OPEN_FOLDERS: usize = 32;

/// The highest source version that has each base tile. Any number of threads may read the tiles.
///
/// It takes twenty bytes per tile, however many versions there are.
#[derive(Debug)]
pub struct LatestSources {
    context: TreeContext,
    grid: Grid,
    versions: Vec<Version>,
    /// For each tile, row by row, one more than the index of its version in `versions`; 0 if no version has it.
    numbers: Vec<u32>,
    /// For each tile XXH3-128 of its bytes, if a manifest has it.
    hashes: Vec<Option<NonZeroU128>>,
    /// Open folders, the most recently used last.
    open: Mutex<Vec<OpenFolder>>,
}

#[derive(Debug)]
struct OpenFolder {
    version: Version,
    folder: Arc<SourceFolder>,
}

impl LatestSources {
    /// No versions yet.
    #[must_use]
    pub fn new(context: &TreeContext) -> Self {
        let grid = context.geometry.base_grid();
        let count = grid.count() as usize;
        let (numbers, hashes) = (vec![0; count], vec![None; count]);
        Self { context: context.clone(), grid, versions: Vec::new(), numbers, hashes, open: Mutex::default() }
    }

    /// Adds the tiles of a version. Versions may come in any order.
    pub fn add(&mut self, version: Version, tiles: &GridSet) {
        self.add_all(version, tiles.iter().map(|place| (place, None)));
    }

    /// Adds some tiles of a version, with their hashes from its manifest. Versions may come in any order.
    pub fn add_recorded(&mut self, version: Version, records: &[Record]) {
        let known = |record: &Record| ((record.tile.column, record.tile.row), NonZeroU128::new(record.stamp.hash));
        self.add_all(version, records.iter().map(known));
    }

    fn add_all(&mut self, version: Version, tiles: impl Iterator<Item = ((u32, u32), Option<NonZeroU128>)>) {
        if self.versions.last() != Some(&version) {
            self.versions.push(version);
        }
        let number = self.versions.len() as u32;
        for ((column, row), hash) in tiles {
            if let Some(index) = self.index(column, row)
                && self.version(column, row).is_none_or(|known| known < version)
            {
                (self.numbers[index], self.hashes[index]) = (number, hash);
            }
        }
    }

    /// The version whose file the tile at `column`, `row` is; `None` if no version has it.
    #[must_use]
    pub fn version(&self, column: u32, row: u32) -> Option<Version> {
        let number = self.numbers[self.index(column, row)?];
        self.versions.get((number as usize).checked_sub(1)?).copied()
    }

    /// XXH3-128 of the bytes of the tile at `column`, `row`, if a manifest has it.
    #[must_use]
    pub fn hash(&self, column: u32, row: u32) -> Option<u128> {
        self.hashes[self.index(column, row)?].map(NonZeroU128::get)
    }

    /// Reads the tile at `column`, `row` into `bytes` and returns its version. If no version has it, `bytes` stays
    /// unchanged.
    ///
    /// # Errors
    /// The tile is missing, is not a regular file, is too large, changes meanwhile, or cannot be read.
    pub fn read(&self, column: u32, row: u32, bytes: &mut Vec<u8>) -> Result<Option<Version>, StoreError> {
        let Some(version) = self.version(column, row) else { return Ok(None) };
        self.folder(version)?.read(column, row, bytes)?;
        Ok(Some(version))
    }

    /// The path of the tile at `column`, `row`; empty if no version has it.
    #[must_use]
    pub fn path(&self, column: u32, row: u32) -> PathBuf {
        let path = |version| self.context.source(version).join(self.context.source_name(column, row).as_str());
        self.version(column, row).map(path).unwrap_or_default()
    }

    fn index(&self, column: u32, row: u32) -> Option<usize> {
        let index = u64::from(row) * u64::from(self.grid.columns) + u64::from(column);
        self.grid.contains(column, row).then_some(index as usize)
    }

    fn folder(&self, version: Version) -> Result<Arc<SourceFolder>, StoreError> {
        let mut open = self.open.lock();
        let folder = match open.iter().rposition(|known| known.version == version) {
            Some(at) => open.remove(at).folder,
            None => {
                let folder = Arc::new(SourceFolder::open(&self.context, version)?);
                if open.len() == MAX_OPEN_FOLDERS {
                    open.remove(0);
                }
                folder
            }
        };
        open.push(OpenFolder { version, folder: Arc::clone(&folder) });
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TileNaming;
    use crate::store::fs::Durability;
    use crate::store::layout::SourcePlace;
    use crate::store::source::StagedSource;
    use rayon::prelude::*;
    use std::collections::BTreeMap;

    const GRID: Grid = Grid { columns: 5, rows: 3 };

    fn places() -> impl Iterator<Item = (u32, u32)> {
        (0..GRID.rows).flat_map(|row| (0..GRID.columns).map(move |column| (column, row)))
    }

    /// Version 0 lacks its first tile, version 7 is missing, and version n has some tiles whose bytes are its number.
    fn write(context: &TreeContext, versions: u32) -> BTreeMap<Version, GridSet> {
        let mut written = BTreeMap::new();
        for version in (0..versions).filter(|version| *version != 7) {
            let source = StagedSource::start(context, Version(version), Durability::Unflushed).unwrap();
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
    fn latest_tile_is_that_of_the_highest_version() {
        let folder = tempfile::tempdir().unwrap();
        let context = TreeContext::of_png(folder.path(), SourcePlace::Src, TileNaming::row_column());
        for versions in [1, 2, 100] {
            std::fs::remove_dir_all(folder.path().join("src")).ok();
            let written = write(&context, versions);
            let (mut rising, mut falling) = (LatestSources::new(&context), LatestSources::new(&context));
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
                assert!(latest.open.lock().len() <= MAX_OPEN_FOLDERS);
            }
            assert_eq!(rising.version(5, 0).or(rising.version(0, 3)), None);
        }
    }

    #[test]
    fn missing_tile_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let context = TreeContext::of_png(folder.path(), SourcePlace::Beside, TileNaming::column_row());
        let mut latest = LatestSources::new(&context);
        write(&context, 1).iter().for_each(|(version, tiles)| latest.add(*version, tiles));
        std::fs::remove_file(folder.path().join("v0/4_2.png")).unwrap();
        let error = latest.read(4, 2, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("v0/4_2.png"), "{error}");
    }
}
