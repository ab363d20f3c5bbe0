//! Checking the bytes of tiles against the manifest of their version.

use crate::geometry::{GridSet, Tile};
use crate::store::check::entry::Found;
use crate::store::check::problem::Part;
use crate::store::check::{PresentLevels, Problem, ProblemKind, VersionCheck, name_under};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::layout::Version;
use crate::store::source::{ExpectedTiles, SourceFolder, SourceListing};
use crate::store::state::{Record, Role, records};
use crate::store::tree::Owners;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

/// Records compared together by all threads; bounds the memory.
const BATCH_RECORDS: usize = 4096;

/// How the bytes of one recorded tile compare.
enum Comparison {
    AsPublished,
    /// The file is missing, which another check reports.
    Missing,
    Differs(Difference),
}

struct Difference {
    kind: ProblemKind,
    expected: String,
    found: String,
}

impl Comparison {
    fn differs(kind: ProblemKind, expected: String, found: String) -> Self {
        Self::Differs(Difference { kind, expected, found })
    }

    fn unreadable(error: &StoreError) -> Self {
        Self::differs(ProblemKind::Unreadable, "a file that can be read".into(), error.to_string())
    }

    fn of_hash(record: &Record, hash: u128, kind: ProblemKind) -> Self {
        if hash == record.stamp.hash {
            return Self::AsPublished;
        }
        Self::differs(kind, format!("hash {:032x}", record.stamp.hash), format!("hash {hash:032x}"))
    }
}

/// The generated tiles of `version` that [`VersionCheck::check_bytes`] marked as damaged.
///
/// # Errors
/// The records cannot be read.
pub fn damaged_tiles(context: &TreeContext, version: Version, owners: &Owners) -> Result<Vec<Record>, StoreError> {
    let is_damaged = |record: &Record| record.role == Role::Generated && owners.is_damaged(record.tile);
    records(&context.manifest(version))?.filter(|record| record.as_ref().map_or(true, is_damaged)).collect()
}

impl VersionCheck<'_> {
    /// Compares the bytes of every tile that the version owns, and of its source tiles, with its manifest. Tiles that
    /// differ are marked as damaged in `owners`.
    ///
    /// # Errors
    /// The manifest or a folder cannot be read.
    pub fn check_bytes(&mut self, levels: &PresentLevels) -> Result<(), StoreError> {
        let source = self.open_source()?;
        let mut known = GridSet::new(self.context.geometry.base_grid());
        let mut records = records(&self.context.manifest(self.version))?;
        loop {
            let batch: Vec<Record> = records.by_ref().take(BATCH_RECORDS).collect::<Result<_, _>>()?;
            if batch.is_empty() {
                break;
            }
            let context = self.context;
            let compare = |record: &Record| match (record.role, &source) {
                (Role::Generated, _) => compare_generated(context, levels, record),
                (_, Some(source)) => compare_source(source, record),
                (_, None) => Comparison::Missing,
            };
            let comparisons: Vec<Comparison> = batch.par_iter().map(compare).collect();
            for (record, comparison) in batch.iter().zip(comparisons) {
                if record.role != Role::Generated {
                    known.insert(record.tile.column, record.tile.row);
                }
                self.report(record, comparison, source.as_ref());
            }
            self.progress.advance(batch.len() as u64);
            if self.progress.is_cancelled() {
                return Ok(());
            }
        }
        if let Some(source) = &source {
            self.report_added_sources(source, &known)?;
        }
        Ok(())
    }

    fn report(&mut self, record: &Record, comparison: Comparison, source: Option<&SourceFolder>) {
        if matches!(comparison, Comparison::AsPublished) {
            return;
        }
        if record.owned() {
            self.owners.mark_damaged(record.tile);
        }
        let Comparison::Differs(Difference { kind, expected, found }) = comparison else { return };
        let tile = record.tile;
        let mut problem = Problem::of_tile(self.version, tile, self.context.format(), kind, expected, found);
        if let (true, Some(source)) = (record.role != Role::Generated, source) {
            problem.path = name_under(self.context.layout.root(), &source.path(tile.column, tile.row));
            problem.part = Part::Source(Some(tile));
        }
        self.problems.add(problem);
    }

    fn open_source(&mut self) -> Result<Option<SourceFolder>, StoreError> {
        let folder = self.context.source(self.version);
        let found = Found::in_pyramid_folder(&folder);
        let (kind, found) = if found == Found::Folder {
            match SourceFolder::open(self.context, self.version) {
                Ok(source) => return Ok(Some(source)),
                Err(error) => (ProblemKind::Unreadable, error.source.to_string()),
            }
        } else {
            (ProblemKind::SourceMissing, found.described())
        };
        self.problems.add(Problem {
            version: Some(self.version),
            path: name_under(self.context.layout.root(), &folder),
            kind,
            expected: "the folder of its source tiles".into(),
            found,
            part: Part::Source(None),
        });
        Ok(None)
    }

    /// Reports source tiles that were added after the version was published: its tree does not show them.
    fn report_added_sources(&mut self, source: &SourceFolder, known: &GridSet) -> Result<(), StoreError> {
        let context = self.context;
        let (grid, level) = (context.geometry.base_grid(), context.geometry.source_level());
        let folder = context.source(self.version);
        let expected = ExpectedTiles::known(grid, context.format(), context.naming());
        let listing = SourceListing::read(&folder, &expected)?;
        for (column, row) in listing.tiles.iter().filter(|&(column, row)| !known.contains(column, row)) {
            self.problems.add(Problem {
                version: Some(self.version),
                path: name_under(context.layout.root(), &source.path(column, row)),
                kind: ProblemKind::SourceChanged,
                expected: "nothing, as when the version was published".into(),
                found: "a tile".into(),
                part: Part::Source(Some(Tile { level, column, row })),
            });
        }
        Ok(())
    }
}

fn compare_generated(context: &TreeContext, levels: &PresentLevels, record: &Record) -> Comparison {
    let name = context.tile_name(record.tile);
    let Some(level) = levels.get(record.tile.level) else { return Comparison::Missing };
    let Found::File(length) = Found::at(level, name.as_str()) else { return Comparison::Missing };
    if length != record.stamp.stat.length {
        let [expected, found] = [record.stamp.stat.length, length].map(|length| format!("{length} bytes"));
        return Comparison::differs(ProblemKind::WrongLength, expected, found);
    }
    let mut bytes = Vec::new();
    match level.read(&name, context.max_tile_bytes(), &mut bytes) {
        Ok(_) => Comparison::of_hash(record, xxh3_128(&bytes), ProblemKind::WrongHash),
        Err(error) => Comparison::unreadable(&error),
    }
}

fn compare_source(source: &SourceFolder, record: &Record) -> Comparison {
    let (column, row) = (record.tile.column, record.tile.row);
    let expected = format!("a file of {} bytes", record.stamp.stat.length);
    match Found::at_path(&source.path(column, row)) {
        Found::File(length) if length == record.stamp.stat.length => {}
        found @ (Found::Nothing | Found::Unreadable(_)) => {
            return Comparison::differs(ProblemKind::SourceMissing, expected, found.described());
        }
        found => return Comparison::differs(ProblemKind::SourceChanged, expected, found.described()),
    }
    match source.read(column, row, &mut Vec::new()) {
        Ok(stamp) => Comparison::of_hash(record, stamp.hash, ProblemKind::SourceChanged),
        Err(error) => Comparison::unreadable(&error),
    }
}
