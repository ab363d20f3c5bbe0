//! What exists before a build: versions and their sources, checked, and which of them are to be built.

mod base_tiles;
mod settings;

use super::build::{BuildOptions, BuildReport, VersionReport, VersionStatus, Warning};
use super::observer::{Event, Observer, Quiet};
use super::{Failure, Pyramid};
use crate::format::{Settings, StaleOverlap, TileFormat};
use crate::geometry::GridSet;
use crate::store::{
    self, BrokenEntry, CheckedSource, ExpectedTiles, FileTimes, LatestSources, Layout, Manifest, NamingAdvice, Record,
    SourceCheck, SourceFolder, SourceListing, SourceVersions, StoreError, TreeContext, Version,
};
use crate::text::FaultKind;
use crate::walk::BuildPlan;
use settings::expected_tiles;
pub(super) use settings::{check_settings, settings, settings_without_manifest};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The state of a pyramid: sources listed and checked, published versions compared with them.
pub(super) struct Survey {
    pub(super) trees: TreeContext,
    /// All source versions, lowest first.
    pub(super) versions: Vec<Version>,
    /// Published versions that stay as they are.
    pub(super) kept: BTreeMap<Version, Manifest>,
    /// Versions whose trees were dropped while their sources stayed. They are not built, and not in `versions`.
    pub(super) dropped: BTreeMap<Version, Manifest>,
    /// The highest version whose folder holds no tiles yet. It is not in `versions`.
    unfilled: Option<Version>,
    /// Versions to build, each with its tiles.
    pub(super) pending: BTreeMap<Version, GridSet>,
    /// From this version on, published versions are replaced.
    pub(super) from: Option<Version>,
    /// Where the plain tiles are that the base level of the highest version that stays is composed of; `None` if base tiles are
    /// links.
    pub(super) plain: Option<LatestSources>,
    /// What becomes of a patch that leaves the overlap of other tiles stale.
    pub(super) stale_overlap: StaleOverlap,
    /// Published versions that are replaced by nothing, because their sources are gone.
    pub(super) sourceless: Vec<Version>,
}

/// The lowest source version, which is listed first because it decides format and naming.
struct Lowest {
    version: Version,
    tiles: GridSet,
}

impl Survey {
    /// Surveys a pyramid. Nothing is written, except new modification times into manifests unless it is a dry run.
    pub(super) fn run(pyramid: &Pyramid, options: &BuildOptions<'_>) -> Result<Self, Failure> {
        let (mut survey, lowest) = Self::prepare(pyramid, options)?;
        survey.complete(lowest, options, None)?;
        Ok(survey)
    }

    /// Like [`Survey::run`], and returns where the newest version's base tiles are, which costs no further file access.
    pub(super) fn run_with_latest(
        pyramid: &Pyramid,
        options: &BuildOptions<'_>,
    ) -> Result<(Self, LatestSources), Failure> {
        let (mut survey, lowest) = Self::prepare(pyramid, options)?;
        let mut latest = LatestSources::new(&survey.trees);
        survey.complete(lowest, options, Some(&mut latest))?;
        Ok((survey, latest))
    }

    /// What is published, and the base tiles of the lowest version. Recorded versions are not compared, pending ones not
    /// listed yet.
    fn prepare(pyramid: &Pyramid, options: &BuildOptions<'_>) -> Result<(Self, Lowest), Failure> {
        let (layout, spec) = (&pyramid.layout, &pyramid.spec);
        store::check_own_folders(layout)?;
        let mut sources = SourceVersions::find(layout)?;
        let published = store::published(layout)?;
        let dropped = store::dropped_versions(layout)?;
        let dropped: BTreeMap<_, _> = dropped.into_iter().map(|manifest| (manifest.version, manifest)).collect();
        let unfilled = sources.take_unfilled(layout, |version| {
            let is_published = published.iter().any(|manifest| manifest.version == version);
            (is_published || dropped.contains_key(&version)) && options.rebuild_from.is_none_or(|from| version < from)
        })?;
        let highest_unfilled = unfilled.last().map(|skipped| skipped.version);
        let lowest = match (sources.versions.first(), unfilled.first().cloned()) {
            (Some(&lowest), _) => lowest,
            (None, Some(lowest)) => return Err(Failure::NoTilesYet { pyramid: layout.root().to_owned(), lowest }),
            (None, None) => {
                let (pyramid, half_cut) = (layout.root().to_owned(), store::is_half_cut(layout));
                return Err(StoreError::NoVersions { pyramid, half_cut }.into());
            }
        };
        for skipped in unfilled {
            options.observer.event(&Event::Warning(&Warning::UnfilledVersion(skipped)));
        }
        let from = replaced_from(layout, &sources, &published, &dropped, options.rebuild_from)?;
        let replaced = published.iter().map(|manifest| manifest.version).filter(|version| Some(*version) >= from);
        let sourceless = match from {
            Some(_) => replaced.filter(|version| !sources.versions.contains(version)).collect(),
            None => Vec::new(),
        };
        let kept = published.into_iter().map(|manifest| (manifest.version, manifest));
        let stays = |version: &Version| from.is_none_or(|from| *version < from);
        let kept: BTreeMap<_, _> = kept.filter(|(version, _)| stays(version)).collect();
        let dropped: BTreeMap<_, _> = dropped.into_iter().filter(|(version, _)| stays(version)).collect();
        let known = kept.iter().chain(&dropped).map(|(version, manifest)| (*version, manifest)).collect();
        check_settings(pyramid, lowest, &known)?;
        let listing = list_lowest(pyramid, &sources, lowest, &known, options.observer)?;
        let format = listing.format.clone().unwrap_or_else(TileFormat::jpg);
        let known = kept.values().chain(dropped.values()).find_map(|manifest| manifest.settings.base_tiles);
        let settings = settings::of_tiles(pyramid, &sources, Settings::new(spec, format, listing.naming), known);
        let trees = TreeContext::new(layout.clone(), sources.place, spec.geometry, settings);
        let survey = Self {
            trees,
            versions: sources.versions,
            kept,
            dropped,
            unfilled: highest_unfilled,
            pending: BTreeMap::new(),
            from,
            plain: None,
            stale_overlap: spec.stale_overlap,
            sourceless,
        };
        let lowest = Lowest { version: lowest, tiles: listing.tiles };
        Ok((survey, lowest))
    }

    /// Compares recorded versions with the folders of base tiles, and lists pending ones.
    fn complete(
        &mut self,
        lowest: Lowest,
        options: &BuildOptions<'_>,
        mut latest: Option<&mut LatestSources>,
    ) -> Result<(), Failure> {
        let mut plain = self.trees.geometry.composes_base().then(|| LatestSources::new(&self.trees));
        let mut latest_sources: Vec<&mut LatestSources> = latest.as_deref_mut().into_iter().chain(&mut plain).collect();
        self.check_kept(&lowest, options, &mut latest_sources)?;
        self.plain = plain;
        self.versions.retain(|version| !self.dropped.contains_key(version));
        self.list_pending(lowest)?;
        if let Some(latest) = latest {
            self.pending.iter().for_each(|(version, tiles)| latest.add(*version, tiles));
        }
        Ok(())
    }

    /// If there is nothing to build, nothing else would notice that what is published was broken, as by copying it without
    /// links.
    pub(super) fn check_published(&self) -> Result<(), Failure> {
        if !self.pending.is_empty() || self.from.is_some() {
            return Ok(());
        }
        match store::find_broken_link(&self.trees, &self.versions) {
            None => Ok(()),
            Some(BrokenEntry { path, problem }) => Err(Failure::BrokenTree { pyramid: self.root(), path, problem }),
        }
    }

    /// Refuses a pyramid of which nothing is published, or not everything: what can be dropped, or shown again, has a tree.
    pub(super) fn require_published(self) -> Result<Self, Failure> {
        let pyramid = self.root();
        if self.kept.is_empty() {
            return Err(Failure::NotPublished { pyramid, version: None, published: Vec::new() });
        }
        if !self.pending.is_empty() {
            return Err(Failure::Unpublished { pyramid, versions: self.pending.into_keys().collect() });
        }
        Ok(self)
    }

    pub(super) fn source_folder(&self, version: Version) -> PathBuf {
        self.trees.layout.source(self.trees.place, version)
    }

    fn root(&self) -> PathBuf {
        self.trees.layout.root().to_owned()
    }

    /// Compares the sources of the versions that stay with what their trees were built from.
    fn check_kept(
        &self,
        lowest: &Lowest,
        options: &BuildOptions<'_>,
        latest: &mut [&mut LatestSources],
    ) -> Result<(), Failure> {
        let mut rewritten = Vec::new();
        let checked = self.check_each_kept(lowest, options, latest, &mut rewritten);
        // Those before a failure, too: their tiles need not be read again.
        let replaced = store::replace_rewritten(&rewritten);
        checked?;
        Ok(replaced?)
    }

    /// Adds the tiles of these versions to `latest`, and the folders of manifests with new times to `rewritten`.
    fn check_each_kept(
        &self,
        lowest: &Lowest,
        options: &BuildOptions<'_>,
        latest: &mut [&mut LatestSources],
        rewritten: &mut Vec<PathBuf>,
    ) -> Result<(), Failure> {
        for (&version, manifest) in self.kept.iter().chain(&self.dropped) {
            let folder = self.source_folder(version);
            if !self.versions.contains(&version) {
                return Err(Failure::SourcesGone { pyramid: self.root(), folder, version });
            }
            let later_tiles;
            let tiles = if version == lowest.version {
                &lowest.tiles
            } else {
                later_tiles = self.list(version)?;
                &later_tiles
            };
            let source = self.open_source(version)?;
            let state = self.trees.layout.manifest(version);
            let times = if options.dry_run { FileTimes::Keep } else { FileTimes::Update };
            let check = SourceCheck { manifest_folder: &state, manifest, source: &source, listed: tiles, times };
            let mut visit = |records: &[Record]| {
                latest.iter_mut().for_each(|latest| latest.add_recorded(version, records));
            };
            let Some(CheckedSource { changes, rewritten: has_new_times }) =
                check.run(&Quiet(options.observer), &mut visit)?
            else {
                return Err(Failure::Cancelled { pyramid: self.root() });
            };
            if has_new_times {
                rewritten.push(state.clone());
            }
            if !changes.is_empty() {
                let next = Version(self.versions.last().map_or(1, |highest| highest.0.saturating_add(1)));
                return Err(Failure::SourcesChanged { pyramid: self.root(), folder, version, next, changes });
            }
        }
        Ok(())
    }

    fn list_pending(&mut self, lowest: Lowest) -> Result<(), Failure> {
        let pending: Vec<Version> =
            self.versions.iter().copied().filter(|version| !self.kept.contains_key(version)).collect();
        for version in pending {
            let tiles = if version == lowest.version { lowest.tiles.clone() } else { self.list(version)? };
            self.pending.insert(version, tiles);
        }
        Ok(())
    }

    /// Lists the tiles of a version other than the lowest, which need not be complete.
    fn list(&self, version: Version) -> Result<GridSet, Failure> {
        let folder = self.source_folder(version);
        let grid = self.trees.geometry.base_grid();
        let expected = ExpectedTiles::known(grid, self.trees.format(), self.trees.naming());
        let listing = SourceListing::read(&folder, &expected).map_err(StoreError::from)?;
        if !listing.faults.is_empty() {
            return Err(Failure::Tiles { folder, faults: listing.faults, advice: None });
        }
        Ok(listing.tiles)
    }

    pub(super) fn open_source(&self, version: Version) -> Result<SourceFolder, Failure> {
        Ok(SourceFolder::open(&self.trees, version).map_err(StoreError::from)?)
    }

    /// Adds a version with these tiles that was written since the survey, above all others. If trees right below it were
    /// dropped, a new survey is needed, because they come back to be built upon.
    pub(super) fn with_version(
        mut self,
        version: Version,
        tiles: GridSet,
        pyramid: &Pyramid,
        options: &BuildOptions<'_>,
    ) -> Result<Self, Failure> {
        if self.dropped.keys().next_back() > self.versions.last() {
            return Self::run(pyramid, options);
        }
        self.versions.push(version);
        self.pending.insert(version, tiles);
        Ok(self)
    }

    /// The version after all that exist.
    pub(super) fn next_version(&self) -> Version {
        let highest = self.versions.iter().chain(self.dropped.keys()).chain(&self.unfilled).max();
        Version(highest.map_or(0, |highest| highest.0.saturating_add(1)))
    }

    /// The version that `version` is built on.
    pub(super) fn below(&self, version: Version) -> Option<Version> {
        self.versions.iter().copied().take_while(|&other| other < version).last()
    }

    pub(super) fn plan(&self, version: Version) -> BuildPlan {
        match (self.pending.get(&version), self.below(version)) {
            (Some(patched), Some(_)) => BuildPlan::patch(&self.trees.geometry, patched.clone()),
            _ => BuildPlan::first(&self.trees.geometry),
        }
    }

    /// The report of a dry run.
    pub(super) fn dry_report(&self) -> BuildReport {
        let report = |&version: &Version| match self.kept.get(&version) {
            Some(manifest) => VersionReport::of(manifest, VersionStatus::UpToDate),
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
        let (dropped, base_tiles) = (self.sourceless.clone(), self.trees.settings.base_tiles);
        BuildReport { versions: self.versions.iter().map(report).collect(), dropped, base_tiles }
    }
}

/// Lists the lowest version, which must be complete. If it is published, its manifest says what the names mean, and
/// comparing with the manifest finds missing tiles.
fn list_lowest(
    pyramid: &Pyramid,
    sources: &SourceVersions,
    lowest: Version,
    kept: &BTreeMap<Version, &Manifest>,
    observer: &dyn Observer,
) -> Result<SourceListing, Failure> {
    let spec = &pyramid.spec;
    let folder = pyramid.layout.source(sources.place, lowest);
    let known = kept.values().next().map(|manifest| &manifest.settings);
    let expected = expected_tiles(spec, known);
    let mut listing = SourceListing::read(&folder, &expected).map_err(StoreError::from)?;
    if !kept.contains_key(&lowest) {
        listing.require_all();
    }
    if !listing.faults.is_empty() {
        let mut advice = None;
        if kept.is_empty() {
            advice = NamingAdvice::find(&folder, &expected, &listing).map_err(StoreError::from)?;
        }
        let mut faults = listing.faults;
        if advice.is_some() {
            // No tile is missing: all have other names.
            faults.remove(FaultKind::Missing);
        }
        return Err(Failure::Tiles { folder, faults, advice: advice.map(Box::new) });
    }
    if let Some(example) = listing.inferred_from.clone() {
        observer.event(&Event::Warning(&Warning::RowColumnNames { example }));
    }
    Ok(listing)
}

/// The version from which on published ones are replaced: the requested one, or the lowest source version that is not
/// published although a later one is, because everything built on top of it must be rebuilt. Dropped versions right below
/// come back, because the rebuilt version needs them; so they do if the newest tree was lost.
fn replaced_from(
    layout: &Layout,
    sources: &SourceVersions,
    published: &[Manifest],
    dropped: &BTreeMap<Version, Manifest>,
    rebuild_from: Option<Version>,
) -> Result<Option<Version>, Failure> {
    let highest_published = published.last().map(|manifest| manifest.version);
    let highest_source = sources.versions.last().copied();
    if let Some(from) = rebuild_from {
        let latest = highest_source.max(highest_published).unwrap_or(Version(0));
        if from > latest {
            return Err(Failure::NothingToRebuild { pyramid: layout.root().to_owned(), from, latest });
        }
    }
    let is_published = |version: Version| published.iter().any(|manifest| manifest.version == version);
    let gap = sources.versions.iter().copied().find(|&version| {
        let tree_without_manifest = layout.tree(version).symlink_metadata().is_ok();
        let below = sources.versions.iter().rev().find(|below| **below < version);
        !is_published(version)
            && !dropped.contains_key(&version)
            && (Some(version) < highest_published
                || tree_without_manifest
                || below.is_some_and(|below| dropped.contains_key(below)))
    });
    let Some(mut from) = [rebuild_from, gap].into_iter().flatten().min() else { return Ok(None) };
    let below = sources.versions.iter().rev().skip_while(|version| **version >= from);
    if let Some(&lowest) = below.take_while(|version| dropped.contains_key(version)).last() {
        from = lowest;
    }
    Ok(Some(from))
}
