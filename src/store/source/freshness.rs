//! Whether the sources of a published version are still those it was built from (SPEC 3.7).

use crate::geometry::{GridSet, Tile};
use crate::store::error::StoreError;
use crate::store::source::sources::SourceFolder;
use crate::store::state::manifest::{self, Manifest, Record, Role};
use rayon::prelude::*;
use std::path::Path;

/// Records looked at together by all threads; bounds the memory.
const BATCH: usize = 16384;

/// How many changed tiles are named.
const NAMED: usize = 3;

/// How many are kept, so that the first ones can be told whatever order the manifest has them in.
const KEPT: usize = 1000;

/// How the sources of a published version differ from what it was built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceChanges {
    /// Number of tiles with other contents.
    pub changed: u64,
    /// Number of tiles that were not there when it was built.
    pub added: u64,
    /// Number of tiles that are no longer there.
    pub removed: u64,
    /// The first of them by row and column.
    places: Vec<(u32, u32, String)>,
}

impl SourceChanges {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed + self.added + self.removed == 0
    }

    /// The names of the first few, and whether there are more.
    #[must_use]
    pub fn named(&self) -> (Vec<&str>, bool) {
        let names = self.places.iter().take(NAMED).map(|(_, _, name)| name.as_str()).collect();
        (names, self.changed + self.added + self.removed > NAMED as u64)
    }

    fn note(&mut self, source: &SourceFolder, column: u32, row: u32) {
        if self.places.len() < KEPT {
            self.places.push((row, column, source.name(column, row)));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Same,
    /// Same length, another modification time: the contents decide.
    Touched,
    Changed,
    Gone,
}

/// Compares the sources of a published version with its manifest in `folder`. `listed` is what the source folder
/// holds now, `most` the most bytes a tile may have.
///
/// Where only modification times differ, as after a fresh checkout, the contents' hashes decide; if all are the same
/// the manifest takes the new times, unless `read_only`. `batch` gets the records of all source tiles, some at a time, and
/// says whether to go on; once it says no the result means nothing.
///
/// # Errors
/// Files cannot be read, or the manifest is damaged.
pub fn check_sources(
    folder: &Path,
    manifest: &Manifest,
    source: &SourceFolder,
    listed: &GridSet,
    most: u64,
    read_only: bool,
    batch: &mut dyn FnMut(&[Record]) -> bool,
) -> Result<SourceChanges, StoreError> {
    let mut changes = SourceChanges::default();
    let mut known = GridSet::new(listed.grid());
    let mut touched = false;
    let mut records =
        manifest::records(folder)?.filter(|record| !matches!(record, Ok(record) if record.role == Role::Generated));
    loop {
        let some: Vec<Record> = records.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if !batch(&some) {
            return Ok(changes);
        }
        if some.is_empty() {
            break;
        }
        let states: Vec<State> = some.par_iter().map(|record| state(source, record, most)).collect::<Result<_, _>>()?;
        for (record, state) in some.iter().zip(states) {
            let Tile { column, row, .. } = record.tile;
            known.insert(column, row);
            match state {
                State::Same => {}
                State::Touched => touched = true,
                State::Changed => changes.changed += 1,
                State::Gone => changes.removed += 1,
            }
            if matches!(state, State::Changed | State::Gone) {
                changes.note(source, column, row);
            }
        }
    }
    for (column, row) in listed.iter().filter(|&(column, row)| !known.contains(column, row)) {
        changes.added += 1;
        changes.note(source, column, row);
    }
    changes.places.sort_unstable();
    if !changes.is_empty() {
        // Before the user's tiles are blamed: it may be the records that have changed.
        manifest::check_records(folder, manifest)?;
    }
    if touched && changes.is_empty() && !read_only {
        take_new_times(folder, manifest, source, most)?;
    }
    Ok(changes)
}

fn state(source: &SourceFolder, record: &Record, most: u64) -> Result<State, StoreError> {
    let Tile { column, row, .. } = record.tile;
    match source.stat(column, row)? {
        None => Ok(State::Gone),
        Some((length, _)) if length != record.stamp.length => Ok(State::Changed),
        Some((_, modified)) if modified == record.stamp.modified => Ok(State::Same),
        Some(_) => {
            let stamp = source.read(column, row, most, &mut Vec::new())?;
            Ok(if stamp.hash == record.stamp.hash { State::Touched } else { State::Changed })
        }
    }
}

/// Only a time that was read together with the right contents is taken, so that a change in the meantime is still noticed
/// by the next run.
fn take_new_times(folder: &Path, manifest: &Manifest, source: &SourceFolder, most: u64) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    manifest::rewrite(folder, manifest, |mut record| {
        let Tile { column, row, .. } = record.tile;
        if record.role != Role::Generated
            && source.stat(column, row)? != Some((record.stamp.length, record.stamp.modified))
        {
            let stamp = source.read(column, row, most, &mut bytes)?;
            if stamp.hash == record.stamp.hash {
                record.stamp.modified = stamp.modified;
            }
        }
        Ok(record)
    })
}
