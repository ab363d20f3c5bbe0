//! Whether the sources of a published version are still those that it was built from (docs/versions.md).

use crate::geometry::{GridSet, Tile};
use crate::store::error::StoreError;
use crate::store::source::SourceFolder;
use crate::store::state::{Manifest, Record, Role, check_records, records, rewrite};
use crate::sync::Progress;
use rayon::prelude::*;
use std::path::Path;

/// Records compared together by all threads; bounds the memory.
const BATCH_RECORDS: usize = 16384;

/// How many changed tiles are named.
const MAX_NAMED: usize = 3;

/// How many changed tiles are kept, so that the first ones can be named whatever their order in the manifest.
const MAX_KEPT: usize = 1000;

/// How the sources of a published version differ from those that it was built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceChanges {
    /// Number of tiles with other contents.
    pub changed: u64,
    /// Number of tiles that are new.
    pub added: u64,
    /// Number of tiles that are missing.
    pub removed: u64,
    /// The first of them: row, column, name.
    kept: Vec<(u32, u32, String)>,
}

impl SourceChanges {
    /// Number of tiles that differ.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.changed + self.added + self.removed
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The names of the first few tiles that differ.
    #[must_use]
    pub fn examples(&self) -> Vec<&str> {
        self.kept.iter().take(MAX_NAMED).map(|(_, _, name)| name.as_str()).collect()
    }

    fn keep(&mut self, source: &SourceFolder, column: u32, row: u32) {
        if self.kept.len() < MAX_KEPT {
            self.kept.push((row, column, source.name(column, row)));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TileState {
    Unchanged,
    /// Same contents, but another time or inode.
    Touched,
    Changed,
    Removed,
}

/// What happens to a manifest if only times and inodes of source tiles have changed, as after a fresh checkout, a copy, or
/// a backup that links files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileTimes {
    /// The manifest records the new times, so that the next run need not read the tiles.
    Update,
    /// Nothing is written.
    Keep,
}

/// Compares the sources of a published version with its manifest.
#[derive(Debug, Clone, Copy)]
pub struct SourceCheck<'a> {
    /// The folder of the manifest.
    pub manifest_folder: &'a Path,
    /// Its header.
    pub manifest: &'a Manifest,
    /// The source version.
    pub source: &'a SourceFolder,
    /// The tiles that it has now.
    pub listed: &'a GridSet,
    /// Whether the manifest may be updated.
    pub times: FileTimes,
}

/// What the comparison found.
#[derive(Debug)]
pub struct CheckedSource {
    /// How the sources differ.
    pub changes: SourceChanges,
    /// Whether a manifest with new times waits for `replace_rewritten`.
    pub rewritten: bool,
}

impl SourceCheck<'_> {
    /// Compares lengths, times and inodes, and hashes where the length is the same and something else differs.
    ///
    /// `visit` receives the records of all source tiles in batches. If only times or inodes differ and may be updated, the
    /// new manifest is written beside the old one. Returns `None` if `progress` is cancelled; it counts nothing.
    ///
    /// # Errors
    /// A tile cannot be read, or the manifest is damaged.
    pub fn run(
        &self,
        progress: &dyn Progress,
        visit: &mut dyn FnMut(&[Record]),
    ) -> Result<Option<CheckedSource>, StoreError> {
        let Self { manifest_folder, manifest, source, listed, times } = *self;
        let mut changes = SourceChanges::default();
        let mut known = GridSet::new(listed.grid());
        let mut touched = false;
        let is_source = |record: &Record| record.role != Role::Generated;
        let mut records = records(manifest_folder)?.filter(|record| record.as_ref().map_or(true, is_source));
        loop {
            let batch: Vec<Record> = records.by_ref().take(BATCH_RECORDS).collect::<Result<_, _>>()?;
            visit(&batch);
            if progress.is_cancelled() {
                return Ok(None);
            }
            if batch.is_empty() {
                break;
            }
            let states = batch.par_iter().map(|record| state(source, record));
            let states: Vec<TileState> = states.collect::<Result<_, _>>()?;
            for (record, state) in batch.iter().zip(states) {
                let Tile { column, row, .. } = record.tile;
                known.insert(column, row);
                match state {
                    TileState::Unchanged => {}
                    TileState::Touched => touched = true,
                    TileState::Changed => {
                        changes.changed += 1;
                        changes.keep(source, column, row);
                    }
                    TileState::Removed => {
                        changes.removed += 1;
                        changes.keep(source, column, row);
                    }
                }
            }
        }
        for (column, row) in listed.iter().filter(|&(column, row)| !known.contains(column, row)) {
            changes.added += 1;
            changes.keep(source, column, row);
        }
        changes.kept.sort_unstable();
        if !changes.is_empty() {
            // The records may have changed instead of the tiles.
            check_records(manifest_folder, manifest)?;
        }
        let rewritten = touched && changes.is_empty() && times == FileTimes::Update;
        if rewritten {
            self.write_times()?;
        }
        Ok(Some(CheckedSource { changes, rewritten }))
    }

    /// Writes new times and inodes. Each is read together with the right contents, so that the next run detects
    /// changes made meanwhile.
    fn write_times(&self) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        rewrite(self.manifest_folder, self.manifest, |mut record| {
            let Tile { column, row, .. } = record.tile;
            if record.role != Role::Generated && self.source.stat(column, row)? != Some(record.stamp.stat) {
                let stamp = self.source.read(column, row, &mut bytes)?;
                if stamp.hash == record.stamp.hash {
                    record.stamp.stat = stamp.stat;
                }
            }
            Ok(record)
        })
    }
}

fn state(source: &SourceFolder, record: &Record) -> Result<TileState, StoreError> {
    let Tile { column, row, .. } = record.tile;
    match source.stat(column, row)? {
        None => Ok(TileState::Removed),
        Some(found) if found.length != record.stamp.stat.length => Ok(TileState::Changed),
        Some(found) if found == record.stamp.stat => Ok(TileState::Unchanged),
        Some(_) => {
            let stamp = source.read(column, row, &mut Vec::new())?;
            Ok(if stamp.hash == record.stamp.hash { TileState::Touched } else { TileState::Changed })
        }
    }
}
