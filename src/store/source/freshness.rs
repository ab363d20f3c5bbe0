//! Whether the sources of a published version are still those it was built from (SPEC 3.7).

use crate::geometry::{GridSet, Tile};
use crate::store::error::StoreError;
use crate::store::source::sources::SourceFolder;
use crate::store::state::manifest::{self, Manifest, Record, Role};
use crate::sync::Progress;
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
        self.count() == 0
    }

    /// Number of tiles that differ.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.changed + self.added + self.removed
    }

    /// The names of the first few of them.
    #[must_use]
    pub fn examples(&self) -> Vec<&str> {
        self.places.iter().take(NAMED).map(|(_, _, name)| name.as_str()).collect()
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

/// What happens to a manifest if only the modification times of source tiles have changed, as after a fresh checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mtimes {
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
    /// The folder of the source version.
    pub source: &'a SourceFolder,
    /// The tiles in that folder.
    pub listed: &'a GridSet,
    /// Whether the manifest may be updated.
    pub mtimes: Mtimes,
}

impl SourceCheck<'_> {
    /// Compares lengths and modification times; hashes decide where only the time differs. `visit` receives the records
    /// of all source tiles in batches. Returns `None` if `progress`, which counts nothing, cancelled the comparison.
    ///
    /// # Errors
    /// A tile cannot be read, or the manifest is damaged.
    pub fn run(
        &self,
        progress: &dyn Progress,
        visit: &mut dyn FnMut(&[Record]),
    ) -> Result<Option<SourceChanges>, StoreError> {
        check_sources(*self, progress, visit)
    }
}

fn check_sources(
    check: SourceCheck<'_>,
    progress: &dyn Progress,
    visit: &mut dyn FnMut(&[Record]),
) -> Result<Option<SourceChanges>, StoreError> {
    let SourceCheck { manifest_folder: folder, manifest, source, listed, mtimes } = check;
    let mut changes = SourceChanges::default();
    let mut known = GridSet::new(listed.grid());
    let mut touched = false;
    let mut records =
        manifest::records(folder)?.filter(|record| !matches!(record, Ok(record) if record.role == Role::Generated));
    loop {
        let some: Vec<Record> = records.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        visit(&some);
        if progress.is_cancelled() {
            return Ok(None);
        }
        if some.is_empty() {
            break;
        }
        let states: Vec<State> = some.par_iter().map(|record| state(source, record)).collect::<Result<_, _>>()?;
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
    if touched && changes.is_empty() && mtimes == Mtimes::Update {
        take_new_times(folder, manifest, source)?;
    }
    Ok(Some(changes))
}

fn state(source: &SourceFolder, record: &Record) -> Result<State, StoreError> {
    let Tile { column, row, .. } = record.tile;
    match source.stat(column, row)? {
        None => Ok(State::Gone),
        Some(found) if found.length != record.stamp.length => Ok(State::Changed),
        Some(found) if found.modified == record.stamp.modified => Ok(State::Same),
        Some(_) => {
            let stamp = source.read(column, row, &mut Vec::new())?;
            Ok(if stamp.hash == record.stamp.hash { State::Touched } else { State::Changed })
        }
    }
}

/// Only a time that was read together with the right contents is taken, so that a change in the meantime is still noticed
/// by the next run.
fn take_new_times(folder: &Path, manifest: &Manifest, source: &SourceFolder) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    manifest::rewrite(folder, manifest, |mut record| {
        let Tile { column, row, .. } = record.tile;
        if record.role != Role::Generated && source.stat(column, row)? != Some(record.stamp.stat()) {
            let stamp = source.read(column, row, &mut bytes)?;
            if stamp.hash == record.stamp.hash {
                record.stamp.modified = stamp.modified;
            }
        }
        Ok(record)
    })
}
