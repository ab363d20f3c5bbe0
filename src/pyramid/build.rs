//! `build`: survey the sources, plan each version that is not published, build it in staging, publish it.

use super::exchange::Exchange;
use super::{Error, Pyramid};
use crate::build::{self, BuildFailure, BuildPlan, Watch};
use crate::codec::{Codec, ENCODER_VERSION};
use crate::descriptor::descriptor;
use crate::geometry::GridSet;
use crate::spec::{Settings, TileFormat};
use crate::store::{
    self, Counts, Durability, Layout, Manifest, SourceFolder, SourceListing, SourceVersions, StagedTree, StoreError,
    Tree, Trees, Version, WriteLock,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// How to build.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Only say what would be built; nothing on disk changes.
    pub dry_run: bool,
    /// Build this version and all above it again, published or not.
    pub rebuild_from: Option<Version>,
    /// Whether what is published is flushed to the disk first.
    pub durability: Durability,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionStatus {
    /// It was built and published now.
    Built,
    /// It had been published before, and nothing it depends on has changed.
    UpToDate,
    /// A dry run found that it would be built.
    WouldBuild,
}

/// One version in a [`BuildReport`]. `tiles` is the sum of the three that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VersionReport {
    /// Which version.
    pub version: Version,
    /// What became of it.
    pub status: VersionStatus,
    /// All tiles of its tree.
    pub tiles: u64,
    /// Generated tiles that are real files of this tree. A dry run counts those that may be.
    pub generated: u64,
    /// Base tiles that come from this version's sources. A dry run counts those that may.
    pub patched: u64,
    /// Tiles owned by earlier versions.
    pub linked: u64,
}

/// The versions of a pyramid after a build, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildReport {
    /// One entry for each version.
    pub versions: Vec<VersionReport>,
}

/// Something worth telling that does not stop a build.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The tiles' names fit only ROW_COLUMN, and pyramid.json does not say so.
    RowColumnNames {
        /// A name that fits only ROW_COLUMN.
        example: String,
    },
    /// A version without a single tile.
    EmptyVersion {
        /// Its folder.
        folder: PathBuf,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RowColumnNames { example } => write!(
                out,
                "tile names such as {example} fit only ROW_COLUMN and are read so; \
                 write tile_naming: \"row_column\" into pyramid.json to silence this"
            ),
            Self::EmptyVersion { folder } => {
                write!(out, "{} has no tiles; its tree shows the same as the version below", folder.display())
            }
        }
    }
}

/// Follows a build. Called from several threads.
pub trait Observer: Sync {
    /// Something is worth telling.
    fn warning(&self, warning: &Warning) {
        let _ = warning;
    }

    /// A version's build begins; its tree has so many tiles.
    fn version_started(&self, version: Version, tiles: u64) {
        let _ = (version, tiles);
    }

    /// So many more tiles of the version are done.
    fn tiles_done(&self, count: u64) {
        let _ = count;
    }

    /// Whether to stop as soon as possible.
    fn stopped(&self) -> bool {
        false
    }
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

struct WatchFor<'a>(&'a dyn Observer);

impl Watch for WatchFor<'_> {
    fn tiles_done(&self, count: u64) {
        self.0.tiles_done(count);
    }

    fn stopped(&self) -> bool {
        self.0.stopped()
    }
}

impl Pyramid {
    /// Builds and publishes every version that is not published yet.
    ///
    /// # Errors
    /// Anything from invalid tiles to a full disk; versions published before the failure stay.
    pub fn build(&self, options: &BuildOptions) -> Result<BuildReport, Error> {
        self.build_observed(options, &NoObserver)
    }

    /// Like [`Pyramid::build`], with an observer.
    ///
    /// # Errors
    /// As [`Pyramid::build`].
    pub fn build_observed(&self, options: &BuildOptions, observer: &dyn Observer) -> Result<BuildReport, Error> {
        let threads = options.threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Error::Threads(error.to_string()))?;
        pool.install(|| {
            let _lock = if options.dry_run { None } else { Some(WriteLock::take(&self.layout, "build")?) };
            let survey = Survey::take(self, options, observer)?;
            if options.dry_run {
                return Ok(survey.dry_report());
            }
            survey.build(options, observer)
        })
    }
}

/// What there is: sources listed and checked, published versions compared with them.
struct Survey {
    trees: Trees,
    /// All source versions, lowest first.
    versions: Vec<Version>,
    /// Published versions that stay as they are.
    kept: BTreeMap<Version, Manifest>,
    /// Versions to build, each with its tiles.
    pending: BTreeMap<Version, GridSet>,
    /// From here on, published versions are replaced.
    from: Option<Version>,
}

impl Survey {
    fn take(pyramid: &Pyramid, options: &BuildOptions, observer: &dyn Observer) -> Result<Self, Error> {
        let (layout, spec) = (&pyramid.layout, &pyramid.spec);
        if spec.geometry.overlap() != 0 {
            return Err(Error::Overlap { path: layout.spec_file(), overlap: spec.geometry.overlap() });
        }
        let sources = SourceVersions::find(layout)?;
        let lowest = sources.versions.first().copied().unwrap_or(Version(0));
        let listing = list_lowest(pyramid, &sources, lowest, observer)?;
        let format = listing.format.clone().or_else(|| spec.format.clone()).unwrap_or_else(TileFormat::jpg);
        let settings = Settings::new(spec, format, listing.naming);
        let trees = Trees {
            layout: layout.clone(),
            place: sources.place,
            geometry: spec.geometry,
            settings,
            staged: BTreeSet::new(),
        };
        let published = store::published(layout)?;
        let from = replaced_from(layout, &sources, &published, options)?;
        let kept = published.into_iter().map(|manifest| (manifest.version, manifest));
        let kept = kept.filter(|(version, _)| from.is_none_or(|from| *version < from)).collect();
        let mut survey = Self { trees, versions: sources.versions, kept, pending: BTreeMap::new(), from };
        survey.check_kept(lowest, &listing.tiles, options)?;
        survey.list_pending(lowest, listing.tiles, observer)?;
        Ok(survey)
    }

    fn source_folder(&self, version: Version) -> PathBuf {
        self.trees.layout.source(self.trees.place, version)
    }

    /// Compares the versions that stay with the settings and sources they were built from.
    fn check_kept(&self, lowest: Version, lowest_tiles: &GridSet, options: &BuildOptions) -> Result<(), Error> {
        for (&version, manifest) in &self.kept {
            let changed = self.trees.settings.differences(&manifest.settings);
            if !changed.is_empty() {
                let pyramid = self.trees.layout.root().to_owned();
                return Err(Error::SettingsChanged { pyramid, version, lowest, changed });
            }
            let folder = self.source_folder(version);
            if !self.versions.contains(&version) {
                return Err(Error::SourcesGone { folder, version });
            }
            let later_tiles;
            let tiles = if version == lowest {
                lowest_tiles
            } else {
                later_tiles = self.list(version)?;
                &later_tiles
            };
            let source = self.open_source(version)?;
            let state = self.trees.layout.manifest(version);
            let most = self.trees.most_tile_bytes();
            let changes = store::check_sources(&state, manifest, &source, tiles, most, options.dry_run)?;
            if !changes.is_empty() {
                let next = Version(self.versions.last().map_or(1, |highest| highest.0.saturating_add(1)));
                return Err(Error::SourcesChanged { folder, version, next, changes });
            }
        }
        Ok(())
    }

    fn list_pending(&mut self, lowest: Version, lowest_tiles: GridSet, observer: &dyn Observer) -> Result<(), Error> {
        let pending: Vec<Version> =
            self.versions.iter().copied().filter(|version| !self.kept.contains_key(version)).collect();
        for version in pending {
            let tiles = if version == lowest { lowest_tiles.clone() } else { self.list(version)? };
            if tiles.is_empty() {
                observer.warning(&Warning::EmptyVersion { folder: self.source_folder(version) });
            }
            self.pending.insert(version, tiles);
        }
        Ok(())
    }

    /// Lists the tiles of a version other than the lowest.
    fn list(&self, version: Version) -> Result<GridSet, Error> {
        let folder = self.source_folder(version);
        let grid = self.trees.geometry.base_grid();
        let (format, naming) = (Some(self.trees.format()), Some(self.trees.naming()));
        let listing = SourceListing::read(&folder, grid, format, naming).map_err(StoreError::from)?;
        if !listing.faults.is_empty() {
            return Err(Error::Tiles { folder, faults: listing.faults });
        }
        Ok(listing.tiles)
    }

    fn open_source(&self, version: Version) -> Result<SourceFolder, Error> {
        let (naming, format) = (self.trees.naming(), self.trees.format().clone());
        Ok(SourceFolder::open(self.source_folder(version), naming, format).map_err(StoreError::from)?)
    }

    /// The version that `version` is built on.
    fn below(&self, version: Version) -> Option<Version> {
        self.versions.iter().copied().take_while(|&other| other < version).last()
    }

    fn plan(&self, version: Version) -> BuildPlan {
        match (self.pending.get(&version), self.below(version)) {
            (Some(patched), Some(_)) => BuildPlan::patch(&self.trees.geometry, patched.clone()),
            _ => BuildPlan::first(&self.trees.geometry),
        }
    }

    fn dry_report(&self) -> BuildReport {
        let report = |&version: &Version| match self.kept.get(&version) {
            Some(manifest) => up_to_date(manifest),
            None => {
                let counts = self.plan(version).counts();
                VersionReport {
                    version,
                    status: VersionStatus::WouldBuild,
                    tiles: counts.tiles,
                    generated: counts.generated,
                    patched: counts.patched,
                    linked: counts.linked,
                }
            }
        };
        BuildReport { versions: self.versions.iter().map(report).collect() }
    }

    fn build(mut self, options: &BuildOptions, observer: &dyn Observer) -> Result<BuildReport, Error> {
        let layout = self.trees.layout.clone();
        store::clean_leftovers(&layout)?;
        let mut reports: BTreeMap<Version, VersionReport> =
            self.kept.iter().map(|(&version, manifest)| (version, up_to_date(manifest))).collect();
        let pending: Vec<Version> = self.pending.keys().copied().collect();
        // Where published versions are replaced, all new ones have to be there first: the old ones must go together.
        let batch = if self.from.is_some() { pending.len().max(1) } else { 1 };
        for versions in pending.chunks(batch) {
            for &version in versions {
                let manifest = self.build_version(version, observer)?;
                self.trees.staged.insert(version);
                reports.insert(version, report(&manifest, VersionStatus::Built));
            }
            let from = self.from.or(versions.first().copied()).unwrap_or(Version(0));
            store::publish(&layout, from, versions, options.durability)?;
            self.trees.staged.clear();
        }
        if let (Some(from), true) = (self.from, pending.is_empty()) {
            store::publish(&layout, from, &[], options.durability)?;
        }
        if let Some(&highest) = self.versions.last() {
            store::point_latest_to(&layout, highest)?;
        }
        Ok(BuildReport { versions: reports.into_values().collect() })
    }

    /// Builds one version in staging.
    fn build_version(&self, version: Version, observer: &dyn Observer) -> Result<Manifest, Error> {
        let trees = &self.trees;
        observer.version_started(version, trees.geometry.tile_count());
        let exchange = Exchange {
            source: self.open_source(version)?,
            previous: self.below(version).map(|below| Tree::open(trees, below)).transpose()?,
            staged: StagedTree::create(trees, version)?,
            most_tile_bytes: trees.most_tile_bytes(),
        };
        let codec = Codec::new(&trees.settings);
        build::run(&self.plan(version), codec, &exchange, &exchange, &WatchFor(observer))
            .map_err(|failure| self.explain(failure, version, &exchange))?;
        let text = descriptor(&trees.geometry, trees.format().extension())
            .map_err(|error| Error::Encode { path: trees.layout.tree(version), problem: error.to_string() })?;
        let built = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(exchange.staged.finish(&text, ENCODER_VERSION, built)?)
    }

    fn explain(&self, failure: BuildFailure<StoreError>, version: Version, exchange: &Exchange) -> Error {
        match failure {
            BuildFailure::Faults(faults) => Error::Tiles { folder: self.source_folder(version), faults },
            BuildFailure::Stored { tile, error } => {
                let shown = exchange.previous.as_ref();
                let version = shown.map_or(version, Tree::version);
                let path = shown.map_or_else(PathBuf::new, |tree| tree.path(tile));
                Error::StoredTile { path, version, problem: error.to_string() }
            }
            BuildFailure::Encode { tile, error } => {
                let path = self.trees.layout.tree(version).join(store::tile_path(tile, self.trees.format()));
                Error::Encode { path, problem: error.to_string() }
            }
            BuildFailure::Store(error) => error.into(),
            BuildFailure::Stopped => Error::Interrupted { pyramid: self.trees.layout.root().to_owned() },
        }
    }
}

/// Lists the lowest version, which has to be complete.
fn list_lowest(
    pyramid: &Pyramid,
    sources: &SourceVersions,
    lowest: Version,
    observer: &dyn Observer,
) -> Result<SourceListing, Error> {
    let spec = &pyramid.spec;
    let folder = pyramid.layout.source(sources.place, lowest);
    let grid = spec.geometry.base_grid();
    let mut listing =
        SourceListing::read(&folder, grid, spec.format.as_ref(), spec.tile_naming).map_err(StoreError::from)?;
    listing.require_all();
    if !listing.faults.is_empty() {
        return Err(Error::Tiles { folder, faults: listing.faults });
    }
    if let Some(example) = listing.inferred_from.clone() {
        observer.warning(&Warning::RowColumnNames { example });
    }
    Ok(listing)
}

/// From which version on published ones are replaced: the one asked for, or the lowest source version that is not
/// published although a later one is, because what was built on top of it has to be built again with it.
fn replaced_from(
    layout: &Layout,
    sources: &SourceVersions,
    published: &[Manifest],
    options: &BuildOptions,
) -> Result<Option<Version>, Error> {
    let highest_published = published.last().map(|manifest| manifest.version);
    let highest_source = sources.versions.last().copied();
    if let Some(from) = options.rebuild_from {
        let latest = highest_source.max(highest_published).unwrap_or(Version(0));
        if from > latest {
            return Err(Error::NothingToRebuild { pyramid: layout.root().to_owned(), from, latest });
        }
    }
    let is_published = |version: Version| published.iter().any(|manifest| manifest.version == version);
    let gap = sources.versions.iter().copied().find(|&version| {
        let tree_without_manifest = layout.tree(version).symlink_metadata().is_ok();
        !is_published(version) && (Some(version) < highest_published || tree_without_manifest)
    });
    Ok([options.rebuild_from, gap].into_iter().flatten().min())
}

fn up_to_date(manifest: &Manifest) -> VersionReport {
    report(manifest, VersionStatus::UpToDate)
}

fn report(manifest: &Manifest, status: VersionStatus) -> VersionReport {
    let Counts { tiles, generated, patched, linked, .. } = manifest.counts;
    VersionReport { version: manifest.version, status, tiles, generated, patched, linked }
}
