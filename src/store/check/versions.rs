//! Which versions should be published, and whether their manifests are intact.

use crate::geometry::{Geometry, Tile};
use crate::store::check::entry::Found;
use crate::store::check::problem::Part;
use crate::store::check::{Problem, ProblemKind, name_under, tiles_of};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::fs::Dir;
use crate::store::layout::{Layout, LinkTarget, Version};
use crate::store::source::{ExpectedTiles, SourceListing};
use crate::store::state::{Counts, Manifest, dropped_versions, records, records_hash, replaced};
use crate::store::tree::{LevelDirs, Owners, versions_in};
use std::collections::BTreeSet;
use std::path::Path;

/// The state of a version that is or should be published.
#[derive(Debug)]
pub enum VersionState {
    /// It has a tree and an intact manifest.
    Published(Manifest),
    /// It has a tree, but its manifest is missing or damaged.
    NoManifest(Problem),
    /// Its tree is missing, although later trees are built on it or `latest` leads to it.
    NoTree(Option<Manifest>, Problem),
    /// Its tree was dropped and its source folder kept. The manifest describes only the source tiles.
    Dropped(Manifest),
}

impl VersionState {
    /// The manifest, if it is intact.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Published(manifest) | Self::Dropped(manifest) => Some(manifest),
            Self::NoManifest(_) => None,
            Self::NoTree(manifest, _) => manifest.as_ref(),
        }
    }
}

/// The versions that are or should be published, in ascending order. `sources` are those with a source folder.
///
/// What a killed build left above the highest tree counts as never published, as it does for the next build, unless that
/// build was replacing published versions.
///
/// # Errors
/// A folder cannot be read.
pub fn version_states(
    layout: &Layout,
    sources: &[Version],
    geometry: &Geometry,
) -> Result<Vec<(Version, VersionState)>, StoreError> {
    let manifests: BTreeSet<Version> = versions_in(&layout.manifests())?
        .into_iter()
        .filter(|&version| Manifest::exists(&layout.manifest(version)))
        .collect();
    let trees: BTreeSet<Version> = versions_in(&layout.trees())?.into_iter().collect();
    let known = |version: &Version| manifests.contains(version) || sources.contains(version);
    let latest = std::fs::read_link(layout.latest()).ok();
    let latest = latest.as_deref().and_then(Path::to_str).and_then(Version::from_folder);
    let missed = replaced(layout).into_iter().chain(latest);
    let highest = trees.iter().copied().chain(missed).filter(known).max();
    let mut candidates: BTreeSet<Version> = manifests.iter().chain(&trees).chain(sources).copied().collect();
    candidates.retain(|version| known(version) && Some(*version) <= highest);
    let dropped = dropped_versions(layout)?;
    let state = |version: Version| match dropped.iter().find(|manifest| manifest.version == version) {
        Some(manifest) => (version, VersionState::Dropped(manifest.clone())),
        None => (version, version_state(layout, version, geometry)),
    };
    Ok(candidates.into_iter().map(state).collect())
}

fn version_state(layout: &Layout, version: Version, geometry: &Geometry) -> VersionState {
    let tree = Found::at_path(&layout.tree(version));
    let manifest = check_manifest(layout, version, geometry);
    match (tree == Found::Folder, manifest) {
        (true, Ok(manifest)) => VersionState::Published(manifest),
        (true, Err(problem)) => VersionState::NoManifest(problem),
        (false, manifest) => {
            let problem = Problem {
                version: Some(version),
                path: name_under(layout.root(), &layout.tree(version)),
                kind: if tree == Found::Nothing { ProblemKind::Missing } else { ProblemKind::WrongKind },
                expected: "the folder of its tree".into(),
                found: tree.described(),
                part: Part::Tree,
            };
            VersionState::NoTree(manifest.ok(), problem)
        }
    }
}

/// Reads the manifest of a version and checks its header, the hash of its records, and its counts.
fn check_manifest(layout: &Layout, version: Version, geometry: &Geometry) -> Result<Manifest, Problem> {
    let folder = layout.manifest(version);
    let problem = |found: String| Problem {
        version: Some(version),
        path: name_under(layout.root(), &folder),
        kind: ProblemKind::DamagedManifest,
        expected: "the manifest of its tree".into(),
        found,
        part: Part::Manifest,
    };
    let damaged = |error: StoreError| match error {
        StoreError::Damaged { problem: what, path } => problem(format!("{}: {what}", name_under(&folder, &path))),
        other => problem(other.to_string()),
    };
    let manifest = Manifest::read(&folder).map_err(damaged)?.ok_or_else(|| problem("nothing".into()))?;
    if manifest.version != version {
        return Err(problem(format!("the manifest of {}", manifest.version)));
    }
    let hash = records_hash(&folder).map_err(damaged)?;
    if hash != manifest.records_hash {
        return Err(problem(format!("records with hash {hash}, not {}", manifest.records_hash)));
    }
    let mut counts = Counts::default();
    for record in records(&folder).map_err(damaged)? {
        counts.add(&record.map_err(damaged)?);
    }
    let counts = counts.of_tree(geometry.tile_count(), &manifest.settings);
    // A comparison of the settings reports a pyramid of another shape.
    let (size, settings) = (geometry.size(), &manifest.settings);
    let shape = (settings.width, settings.height, settings.tile_size, settings.overlap);
    if counts != manifest.counts && shape == (size.width, size.height, geometry.tile_size(), geometry.overlap()) {
        return Err(problem("counts that do not match its records".into()));
    }
    Ok(manifest)
}

/// Adds a version whose manifest is lost to `owners`, so that later versions can still be checked: it owns the files in
/// its tree, and its links name the owners of all other tiles. Of plain source tiles, which no tree shows, it owns those in its
/// source folder.
pub fn owners_by_tree(context: &TreeContext, version: Version, owners: &mut Owners) {
    owners.begin_version(version);
    for level in context.geometry.levels() {
        let Ok(folder) = Dir::open(LevelDirs::path(&context.tree(version), level)) else { continue };
        for tile in tiles_of(level, context.geometry.grid(level)) {
            match Found::at(&folder, context.tile_name(tile).as_str()) {
                Found::File(_) => owners.own(tile),
                Found::Link(target) => match context.parse_link(tile, &String::from_utf8_lossy(&target)) {
                    Some(LinkTarget::Source(owner)) if owner == version => owners.own(tile),
                    Some(LinkTarget::Source(owner) | LinkTarget::Tree(owner)) => owners.assign(tile, owner),
                    None => {}
                },
                _ => {}
            }
        }
    }
    if context.geometry.composes_base() {
        own_sources(context, version, owners);
    }
}

fn own_sources(context: &TreeContext, version: Version, owners: &mut Owners) {
    let (grid, level) = (context.geometry.base_grid(), context.geometry.source_level());
    let expected = ExpectedTiles::known(grid, context.format(), context.naming());
    // What cannot be listed is reported as missing.
    let Ok(listing) = SourceListing::read(&context.source(version), &expected) else { return };
    listing.tiles.iter().for_each(|(column, row)| owners.own(Tile { level, column, row }));
}
