//! Before a build: which versions there are, whether their sources are in order, and which are to be built.

use super::report::{BuildOptions, BuildReport, Cancellation, Observer, VersionReport, VersionStatus, Warning};
use super::{Error, Pyramid};
use crate::format::{Settings, TileFormat};
use crate::geometry::GridSet;
use crate::store::{
    self, LatestSources, Layout, Manifest, Mtimes, Record, SourceCheck, SourceFolder, SourceListing, SourceVersions,
    StoreError, TreeContext, Version,
};
use crate::walk::BuildPlan;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is known of the tiles of a source version that is in order.
enum Known<'a> {
    /// They are there.
    Listed(&'a GridSet),
    /// Some of those that a tree was built from, which are the same still.
    Recorded(&'a [Record]),
}

/// Is told of the tiles of every version.
type Note<'a> = dyn FnMut(&TreeContext, Version, Known<'_>) + 'a;

/// What there is: sources listed and checked, published versions compared with them.
pub(super) struct Survey {
    pub(super) trees: TreeContext,
    /// All source versions, lowest first.
    pub(super) versions: Vec<Version>,
    /// Published versions that stay as they are.
    pub(super) kept: BTreeMap<Version, Manifest>,
    /// Versions whose trees were dropped while their sources stayed; they are not built, and not in `versions`.
    pub(super) dropped: BTreeMap<Version, Manifest>,
    /// Versions to build, each with its tiles.
    pub(super) pending: BTreeMap<Version, GridSet>,
    /// From here on, published versions are replaced.
    pub(super) from: Option<Version>,
}

impl Survey {
    pub(super) fn take(pyramid: &Pyramid, options: &BuildOptions, observer: &dyn Observer) -> Result<Self, Error> {
        Self::take_noting(pyramid, options, observer, &mut |_, _, _| {})
    }

    /// Like [`Survey::take`], with all base tiles as the newest version shows them, which takes no second look at them.
    pub(super) fn take_with_latest(
        pyramid: &Pyramid,
        options: &BuildOptions,
        observer: &dyn Observer,
    ) -> Result<(Self, LatestSources), Error> {
        let mut latest = None;
        let survey = Self::take_noting(pyramid, options, observer, &mut |trees, version, known| {
            let latest = latest.get_or_insert_with(|| LatestSources::new(trees));
            match known {
                Known::Listed(tiles) => latest.add(version, tiles),
                Known::Recorded(records) => latest.add_recorded(version, records),
            }
        })?;
        let latest = latest.unwrap_or_else(|| LatestSources::new(&survey.trees));
        Ok((survey, latest))
    }

    fn take_noting(
        pyramid: &Pyramid,
        options: &BuildOptions,
        observer: &dyn Observer,
        note: &mut Note<'_>,
    ) -> Result<Self, Error> {
        let (layout, spec) = (&pyramid.layout, &pyramid.spec);
        if spec.geometry.overlap() != 0 {
            return Err(Error::Overlap { path: layout.spec_file(), overlap: spec.geometry.overlap() });
        }
        store::check_own_folders(layout)?;
        let sources = SourceVersions::find(layout)?;
        let lowest = sources.versions.first().copied().unwrap_or(Version(0));
        let published = store::published(layout)?;
        let dropped = store::dropped_versions(layout)?;
        let dropped: BTreeMap<_, _> = dropped.into_iter().map(|manifest| (manifest.version, manifest)).collect();
        let from = replaced_from(layout, &sources, &published, &dropped, options)?;
        let kept = published.into_iter().map(|manifest| (manifest.version, manifest));
        let stays = |version: &Version| from.is_none_or(|from| *version < from);
        let kept: BTreeMap<_, _> = kept.filter(|(version, _)| stays(version)).collect();
        let dropped: BTreeMap<_, _> = dropped.into_iter().filter(|(version, _)| stays(version)).collect();
        let known = kept.iter().chain(&dropped).map(|(version, manifest)| (*version, manifest)).collect();
        check_settings(pyramid, lowest, &known)?;
        let listing = list_lowest(pyramid, &sources, lowest, &known, observer)?;
        let format = listing.format.clone().unwrap_or_else(TileFormat::jpg);
        let trees = TreeContext {
            layout: layout.clone(),
            place: sources.place,
            geometry: spec.geometry,
            settings: Settings::new(spec, format, listing.naming),
            staged: BTreeSet::new(),
        };
        let mut survey = Self { trees, versions: sources.versions, kept, dropped, pending: BTreeMap::new(), from };
        survey.check_kept((lowest, &listing.tiles), options, observer, note)?;
        survey.versions.retain(|version| !survey.dropped.contains_key(version));
        survey.list_pending(lowest, listing.tiles, observer)?;
        survey.pending.iter().for_each(|(version, tiles)| note(&survey.trees, *version, Known::Listed(tiles)));
        Ok(survey)
    }

    pub(super) fn source_folder(&self, version: Version) -> PathBuf {
        self.trees.layout.source(self.trees.place, version)
    }

    /// Compares the sources of the versions that stay with what they were built from.
    fn check_kept(
        &self,
        (lowest, lowest_tiles): (Version, &GridSet),
        options: &BuildOptions,
        observer: &dyn Observer,
        note: &mut Note<'_>,
    ) -> Result<(), Error> {
        for (&version, manifest) in self.kept.iter().chain(&self.dropped) {
            let folder = self.source_folder(version);
            if !self.versions.contains(&version) {
                return Err(Error::SourcesGone { pyramid: self.trees.layout.root().to_owned(), folder, version });
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
            let mtimes = if options.dry_run { Mtimes::Keep } else { Mtimes::Update };
            let check = SourceCheck { manifest_folder: &state, manifest, source: &source, listed: tiles, mtimes };
            let mut visit = |records: &[Record]| note(&self.trees, version, Known::Recorded(records));
            let Some(changes) = check.run(&Cancellation(observer), &mut visit)? else {
                return Err(Error::Interrupted { pyramid: self.trees.layout.root().to_owned() });
            };
            if !changes.is_empty() {
                let next = Version(self.versions.last().map_or(1, |highest| highest.0.saturating_add(1)));
                let pyramid = self.trees.layout.root().to_owned();
                return Err(Error::SourcesChanged { pyramid, folder, version, next, changes });
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

    /// Lists the tiles of a version. Of the lowest, which has to have them all, nothing else is asked either.
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

    pub(super) fn open_source(&self, version: Version) -> Result<SourceFolder, Error> {
        Ok(SourceFolder::open(&self.trees, version).map_err(StoreError::from)?)
    }

    /// The same with a version that was written since, of these tiles, above all others. Where versions right below it
    /// were dropped it comes anew, because these come back to be built upon.
    pub(super) fn with_version(
        mut self,
        (version, tiles): (Version, GridSet),
        (pyramid, options, observer): (&Pyramid, &BuildOptions, &dyn Observer),
    ) -> Result<Self, Error> {
        if self.dropped.keys().next_back() > self.versions.last() {
            return Self::take(pyramid, options, observer);
        }
        self.versions.push(version);
        self.pending.insert(version, tiles);
        Ok(self)
    }

    /// The version that comes after all there are.
    pub(super) fn next_version(&self) -> Version {
        let highest = self.versions.iter().chain(self.dropped.keys()).max();
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
        BuildReport { versions: self.versions.iter().map(report).collect() }
    }
}

/// Compares pyramid.json with what the versions that stay were built with. What it does not say is theirs.
pub(super) fn check_settings(
    pyramid: &Pyramid,
    lowest: Version,
    kept: &BTreeMap<Version, &Manifest>,
) -> Result<(), Error> {
    let spec = &pyramid.spec;
    for (&version, manifest) in kept {
        let format = spec.format.as_ref().unwrap_or(&manifest.settings.format).clone();
        let naming = spec.tile_naming.unwrap_or(manifest.settings.tile_naming);
        let changed = Settings::new(spec, format, naming).differences(&manifest.settings);
        if !changed.is_empty() {
            let pyramid = pyramid.layout.root().to_owned();
            return Err(Error::SettingsChanged { pyramid, version, lowest, changed });
        }
    }
    Ok(())
}

/// The settings of a pyramid that has sources, as a build would find them: by the manifest of the lowest version, or
/// where that is not published by what the sources are named like.
pub(super) fn settings(pyramid: &Pyramid, sources: &SourceVersions) -> Result<Settings, Error> {
    let (layout, spec) = (&pyramid.layout, &pyramid.spec);
    let lowest = sources.versions.first().copied().unwrap_or(Version(0));
    match Manifest::read(&layout.manifest(lowest)) {
        Ok(Some(Manifest { settings: known, .. })) => {
            let (format, naming) = (spec.format.clone().unwrap_or(known.format), spec.tile_naming);
            Ok(Settings::new(spec, format, naming.unwrap_or(known.tile_naming)))
        }
        _ => settings_without_manifest(pyramid, sources),
    }
}

/// The settings of a pyramid of which no manifest is left, as a build would find them.
pub(super) fn settings_without_manifest(pyramid: &Pyramid, sources: &SourceVersions) -> Result<Settings, Error> {
    let spec = &pyramid.spec;
    let lowest = sources.versions.first().copied().unwrap_or(Version(0));
    let folder = pyramid.layout.source(sources.place, lowest);
    let listing = SourceListing::read(&folder, spec.geometry.base_grid(), spec.format.as_ref(), spec.tile_naming)
        .map_err(StoreError::from)?;
    Ok(Settings::new(spec, listing.format.unwrap_or_else(TileFormat::jpg), listing.naming))
}

/// Lists the lowest version, which has to be complete. Where it is published its manifest says what the names mean, and
/// what is missing is told by comparing with it.
fn list_lowest(
    pyramid: &Pyramid,
    sources: &SourceVersions,
    lowest: Version,
    kept: &BTreeMap<Version, &Manifest>,
    observer: &dyn Observer,
) -> Result<SourceListing, Error> {
    let spec = &pyramid.spec;
    let folder = pyramid.layout.source(sources.place, lowest);
    let known = kept.values().next().map(|manifest| &manifest.settings);
    let format = spec.format.as_ref().or(known.map(|settings| &settings.format));
    let naming = spec.tile_naming.or(known.map(|settings| settings.tile_naming));
    let mut listing =
        SourceListing::read(&folder, spec.geometry.base_grid(), format, naming).map_err(StoreError::from)?;
    if !kept.contains_key(&lowest) {
        listing.require_all();
    }
    if !listing.faults.is_empty() {
        return Err(Error::Tiles { folder, faults: listing.faults });
    }
    if let Some(example) = listing.inferred_from.clone() {
        observer.warning(&Warning::RowColumnNames { example });
    }
    Ok(listing)
}

/// From which version on published ones are replaced: the one asked for, or the lowest source version that is not
/// published although a later one is, because what was built on top of it has to be built again with it. Dropped
/// versions right below come back, because it has to be built on top of them; so also where the newest tree was lost.
fn replaced_from(
    layout: &Layout,
    sources: &SourceVersions,
    published: &[Manifest],
    dropped: &BTreeMap<Version, Manifest>,
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
        let below = sources.versions.iter().rev().find(|below| **below < version);
        !is_published(version)
            && !dropped.contains_key(&version)
            && (Some(version) < highest_published
                || tree_without_manifest
                || below.is_some_and(|below| dropped.contains_key(below)))
    });
    let Some(mut from) = [options.rebuild_from, gap].into_iter().flatten().min() else { return Ok(None) };
    let below = sources.versions.iter().rev().skip_while(|version| **version >= from);
    if let Some(&lowest) = below.take_while(|version| dropped.contains_key(version)).last() {
        from = lowest;
    }
    Ok(Some(from))
}
