//! Whether what is published is still what its manifests say: which versions there are, manifests, bytes of tiles.

use crate::geometry::{Geometry, GridSet};
use crate::store::check::entries::{Found, PresentLevels, name_under};
use crate::store::check::problem::{Place, Problem, ProblemKind, Problems};
use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::{Layout, LinkTarget, Version, parse_link, tile_name};
use crate::store::source::sources::{SourceFolder, SourceListing};
use crate::store::state::manifest::{self, Counts, Manifest, RECORDS, Record, Role};
use crate::store::tree::owners::Owners;
use crate::store::tree::publish::versions_in;
use crate::store::tree::tree::TreeContext;
use crate::sync::Progress;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Records looked at together by all threads; bounds the memory.
const BATCH: usize = 4096;

/// What is left of a version that was published, or what it lacks.
#[derive(Debug)]
pub enum VersionState {
    /// Tree and manifest are there, and the manifest is whole.
    Published(Manifest),
    /// The tree is there, but its manifest is lost or damaged.
    NoManifest(Problem),
    /// The tree is not there, although later ones are built on it or `latest` leads to it.
    NoTree(Option<Manifest>, Problem),
    /// The tree was dropped and the source folder kept; the manifest has the source tiles only.
    Dropped(Manifest),
}

impl VersionState {
    /// The whole manifest, where there is one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Published(manifest) | Self::Dropped(manifest) => Some(manifest),
            Self::NoManifest(_) => None,
            Self::NoTree(manifest, _) => manifest.as_ref(),
        }
    }
}

/// The versions that are published or ought to be, in ascending order; `sources` are those that have a source folder.
///
/// What a killed build leaves above the highest tree counts as never published, as it does for a build; unless it was
/// about to replace what had been published.
///
/// # Errors
/// The folders cannot be listed.
pub fn version_states(
    layout: &Layout,
    sources: &[Version],
    geometry: &Geometry,
) -> Result<Vec<(Version, VersionState)>, StoreError> {
    let manifests: BTreeSet<Version> = versions_in(&layout.manifests())?
        .into_iter()
        .filter(|&version| Manifest::is_there(&layout.manifest(version)))
        .collect();
    let trees: BTreeSet<Version> = versions_in(&layout.trees())?.into_iter().collect();
    let known = |version: &Version| manifests.contains(version) || sources.contains(version);
    let latest = std::fs::read_link(layout.latest()).ok();
    let latest = latest.as_deref().and_then(Path::to_str).and_then(Version::from_folder);
    let missed = crate::store::state::replaced::replaced(layout).into_iter().chain(latest);
    let highest = trees.iter().copied().chain(missed).filter(known).max();
    let mut candidates: BTreeSet<Version> = manifests.iter().chain(&trees).chain(sources).copied().collect();
    candidates.retain(|version| known(version) && Some(*version) <= highest);
    let dropped = crate::store::vacuum::dropped_versions(layout)?;
    let state = |version: Version| {
        if let Some(manifest) = dropped.iter().find(|manifest| manifest.version == version) {
            return (version, VersionState::Dropped(manifest.clone()));
        }
        let tree = Found::at_path(&layout.tree(version));
        let manifest = check_manifest(layout, version, geometry);
        let state = match (tree == Found::Folder, manifest) {
            (true, Ok(manifest)) => VersionState::Published(manifest),
            (true, Err(problem)) => VersionState::NoManifest(problem),
            (false, manifest) => {
                let kind = if tree == Found::Nothing { ProblemKind::Missing } else { ProblemKind::WrongKind };
                let path = name_under(layout.root(), &layout.tree(version));
                let (expected, found, place) = ("the folder of its tree".into(), tree.described(), Place::Tree);
                let problem = Problem { version: Some(version), path, kind, expected, found, place };
                VersionState::NoTree(manifest.ok(), problem)
            }
        };
        (version, state)
    };
    Ok(candidates.into_iter().map(state).collect())
}

/// Reads the manifest of a version and checks that it is whole: its header, its records' hash, its counts.
fn check_manifest(layout: &Layout, version: Version, geometry: &Geometry) -> Result<Manifest, Problem> {
    let folder = layout.manifest(version);
    let problem = |found: String| Problem {
        version: Some(version),
        path: name_under(layout.root(), &folder),
        kind: ProblemKind::DamagedManifest,
        expected: "the manifest of its tree".into(),
        found,
        place: Place::Manifest,
    };
    let damaged = |error: StoreError| match error {
        StoreError::Damaged { problem: what, path } => problem(format!("{}: {what}", name_under(&folder, &path))),
        other => problem(other.to_string()),
    };
    let manifest = Manifest::read(&folder).map_err(damaged)?.ok_or_else(|| problem("nothing".into()))?;
    if manifest.version != version {
        return Err(problem(format!("that of {}", manifest.version)));
    }
    let hash = records_hash(&folder).map_err(damaged)?;
    if hash != manifest.records_hash {
        return Err(problem(format!("records with hash {hash}, not {}", manifest.records_hash)));
    }
    let mut counts = Counts { tiles: geometry.tile_count(), ..Counts::default() };
    for record in manifest::records(&folder).map_err(damaged)? {
        counts.add(&record.map_err(damaged)?);
    }
    counts.linked = counts.tiles.saturating_sub(counts.generated + counts.patched);
    // A pyramid of another shape is another problem, told by comparing settings.
    let (size, settings) = (geometry.size(), &manifest.settings);
    let shape = (settings.width, settings.height, settings.tile_size);
    if counts != manifest.counts && shape == (size.width, size.height, geometry.tile_size()) {
        return Err(problem("counts that are not those of its records".into()));
    }
    Ok(manifest)
}

/// The hash of all records as they are on disk.
fn records_hash(folder: &Path) -> Result<String, StoreError> {
    let path = folder.join(RECORDS);
    let found = Found::at_path(&path);
    if !matches!(found, Found::File(_)) {
        return Err(StoreError::Damaged { path, problem: format!("it is {}", found.described()) });
    }
    let mut file = std::fs::File::open(&path).context("open", &path)?;
    let (mut hasher, mut buffer) = (Xxh3::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).context("read", &path)? {
            0 => return Ok(format!("{:032x}", hasher.digest128())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Adds the version to `owners` by what its tree shows, because its manifest is lost: files are its own, links name their
/// owner. So that what later versions show can still be judged.
pub fn owners_by_tree(trees: &TreeContext, version: Version, owners: &mut Owners) {
    owners.begin_version(version);
    for level in trees.geometry.levels() {
        let Ok(folder) = crate::store::check::entries::open_level(&trees.tree(version), level) else { continue };
        for tile in crate::store::check::entries::tiles_of(level, trees.geometry.grid(level)) {
            match Found::at(&folder, tile_name(tile, trees.format()).as_str()) {
                Found::File(_) => owners.own(tile),
                Found::Link(target) => {
                    let target = String::from_utf8_lossy(&target);
                    match parse_link(&target, tile, trees.place, trees.naming(), trees.format()) {
                        Some(LinkTarget::Source(owner)) if owner == version => owners.own(tile),
                        Some(LinkTarget::Source(owner) | LinkTarget::Tree(owner)) => owners.assign(tile, owner),
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }
}

/// What became of the bytes of one recorded tile.
enum Bytes {
    AsPublished,
    /// Told by the check of entries already, or the source folder as a whole is gone.
    Absent,
    Wrong(ProblemKind, String, String),
}

/// Compares a published version with its manifest and adds to its problems. Ends early if `progress` is cancelled.
#[allow(missing_debug_implementations)]
pub struct VersionCheck<'a> {
    /// The pyramid.
    pub context: &'a TreeContext,
    /// The version.
    pub version: Version,
    /// The owners of the tiles that it shows.
    pub owners: &'a mut Owners,
    /// What was found.
    pub problems: &'a mut Problems,
    /// Counts tiles that were compared.
    pub progress: &'a dyn Progress,
}

impl VersionCheck<'_> {
    /// Checks the folders of the version's tree, its descriptor, which has to be `descriptor`, and that there is nothing
    /// that does not belong.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn check_folders(&mut self, descriptor: &[u8]) -> Result<PresentLevels, StoreError> {
        crate::store::check::entries::check_folders(self.context, self.version, descriptor, self.problems)
    }

    /// Checks that each tile of the version's tree is a file or link as its owner implies.
    pub fn check_entries(&mut self, levels: &PresentLevels) {
        let Self { context, version, owners, problems, progress } = self;
        crate::store::check::entries::check_entries(context, *version, owners, levels, problems, *progress);
    }

    /// Compares the bytes of every tile that the version owns, and of its source tiles, with its manifest. Tiles that are
    /// not what was published are marked in `owners`.
    ///
    /// # Errors
    /// The manifest or a folder cannot be read.
    pub fn check_bytes(&mut self, levels: &PresentLevels) -> Result<(), StoreError> {
        let Self { context, version, owners, problems, progress } = self;
        check_bytes(context, *version, levels, owners, problems, *progress)
    }
}

/// The generated tiles of `version` that [`VersionCheck::check_bytes`] marked as damaged.
///
/// # Errors
/// The records cannot be read.
pub fn damaged_tiles(context: &TreeContext, version: Version, owners: &Owners) -> Result<Vec<Record>, StoreError> {
    let is_damaged = |record: &Record| record.role == Role::Generated && owners.is_damaged(record.tile);
    manifest::records(&context.manifest(version))?.filter(|record| record.as_ref().map_or(true, is_damaged)).collect()
}

fn check_bytes(
    trees: &TreeContext,
    version: Version,
    levels: &PresentLevels,
    owners: &mut Owners,
    problems: &mut Problems,
    progress: &dyn Progress,
) -> Result<(), StoreError> {
    let folder = trees.layout.source(trees.place, version);
    let source = open_source(trees, version, problems)?;
    let mut known = GridSet::new(trees.geometry.base_grid());
    let most = trees.max_tile_bytes();
    let mut records = manifest::records(&trees.manifest(version))?;
    loop {
        let batch: Vec<Record> = records.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        let check = |record: &Record| match (record.role, &source) {
            (Role::Generated, _) => generated_bytes(trees, version, levels, record, most),
            (_, Some(source)) => source_bytes(source, record),
            (_, None) => Bytes::Absent,
        };
        let states: Vec<Bytes> = batch.par_iter().map(check).collect();
        for (record, state) in batch.iter().zip(states) {
            if record.role != Role::Generated {
                known.insert(record.tile.column, record.tile.row);
            }
            if matches!(state, Bytes::AsPublished) {
                continue;
            }
            if record.owned() {
                owners.mark_damaged(record.tile);
            }
            let Bytes::Wrong(kind, expected, found) = state else { continue };
            let mut problem = Problem::of_tile(version, record.tile, trees.format(), kind, expected, found);
            if let (true, Some(source)) = (record.role != Role::Generated, &source) {
                problem.path = name_under(trees.layout.root(), &source.path(record.tile.column, record.tile.row));
                problem.place = Place::Source(Some(record.tile));
            }
            problems.add(problem);
        }
        progress.advance(batch.len() as u64);
        if progress.is_cancelled() {
            return Ok(());
        }
    }
    if source.is_some() {
        added_sources(trees, version, &folder, &known, problems)?;
    }
    Ok(())
}

fn open_source(
    trees: &TreeContext,
    version: Version,
    problems: &mut Problems,
) -> Result<Option<SourceFolder>, StoreError> {
    let folder = trees.layout.source(trees.place, version);
    let found = Found::at_path(&folder);
    if found == Found::Folder {
        return Ok(Some(SourceFolder::open(trees, version)?));
    }
    problems.add(Problem {
        version: Some(version),
        path: name_under(trees.layout.root(), &folder),
        kind: ProblemKind::SourceMissing,
        expected: "the folder of its source tiles".into(),
        found: found.described(),
        place: Place::Source(None),
    });
    Ok(None)
}

fn generated_bytes(trees: &TreeContext, version: Version, levels: &PresentLevels, record: &Record, most: u64) -> Bytes {
    let name = tile_name(record.tile, trees.format());
    let Some(level) = levels.get(record.tile.level) else { return Bytes::Absent };
    let Found::File(length) = Found::at(level, name.as_str()) else { return Bytes::Absent };
    if length != record.stamp.length {
        let lengths = [record.stamp.length, length].map(|length| format!("{length} bytes"));
        let [expected, found] = lengths;
        return Bytes::Wrong(ProblemKind::WrongLength, expected, found);
    }
    let path = trees.tree(version).join(crate::store::layout::tile_path(record.tile, trees.format()));
    let mut bytes = Vec::new();
    match files::read_at(level, name.as_str(), &path, most, &mut bytes) {
        Ok(_) => compared(record, xxh3_128(&bytes), ProblemKind::WrongHash),
        Err(error) => Bytes::Wrong(ProblemKind::Unreadable, "a file that can be read".into(), error.to_string()),
    }
}

fn compared(record: &Record, hash: u128, kind: ProblemKind) -> Bytes {
    if hash == record.stamp.hash {
        return Bytes::AsPublished;
    }
    Bytes::Wrong(kind, format!("hash {:032x}", record.stamp.hash), format!("hash {hash:032x}"))
}

fn source_bytes(source: &SourceFolder, record: &Record) -> Bytes {
    let (column, row) = (record.tile.column, record.tile.row);
    let expected = format!("a file of {} bytes", record.stamp.length);
    match Found::at_path(&source.path(column, row)) {
        Found::File(length) if length == record.stamp.length => {}
        found @ (Found::Nothing | Found::Unreadable(_)) => {
            return Bytes::Wrong(ProblemKind::SourceMissing, expected, found.described());
        }
        found => return Bytes::Wrong(ProblemKind::SourceChanged, expected, found.described()),
    }
    match source.read(column, row, &mut Vec::new()) {
        Ok(stamp) => compared(record, stamp.hash, ProblemKind::SourceChanged),
        Err(error) => Bytes::Wrong(ProblemKind::Unreadable, "a file that can be read".into(), error.to_string()),
    }
}

/// Source tiles that were not there when the version was published: its tree does not show them.
fn added_sources(
    trees: &TreeContext,
    version: Version,
    folder: &Path,
    known: &GridSet,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let (grid, naming) = (trees.geometry.base_grid(), Some(trees.naming()));
    let listing = SourceListing::read(folder, grid, Some(trees.format()), naming)?;
    for (column, row) in listing.tiles.iter().filter(|&(column, row)| !known.contains(column, row)) {
        let name = crate::store::layout::source_name(trees.naming(), column, row, trees.format());
        let tile = crate::geometry::Tile { level: trees.geometry.base_level(), column, row };
        problems.add(Problem {
            version: Some(version),
            path: name_under(trees.layout.root(), &folder.join(name.as_str())),
            kind: ProblemKind::SourceChanged,
            expected: "nothing, as when the version was published".into(),
            found: "a tile".into(),
            place: Place::Source(Some(tile)),
        });
    }
    Ok(())
}
