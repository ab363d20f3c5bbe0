//! `verify`: whether every published version still is what it was published as. Nothing is written; other readers may
//! be at it at the same time, writers not.
//!
//! Each version is told its own problems only: where a tile is damaged at its owner, the later trees that link to it are
//! in order. Problems come version by version, lowest first, in the order of [`crate::store::Problems`].

use super::report::{Cancellation, Observer, TileProgress};
use super::{Error, NoObserver, Pyramid, in_pool, recompute::Recompute, survey};
use crate::format::dzi::descriptor;
use crate::store::{
    self, Locking, Manifest, Owners, Problem, ProblemKind, Problems, ReadLock, SourceVersions, TreeContext, Version,
    VersionCheck, VersionState,
};
use crate::sync::Progress;
use crate::tile::ENCODER_VERSION;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

/// How to verify.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Compare lengths and hashes only; make no tile again from its children.
    pub quick: bool,
    /// What to do where another process changes the pyramid.
    pub locking: Locking,
}

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// The versions looked at, lowest first.
    pub versions: Vec<Version>,
    /// Tiles in all their trees together.
    pub tiles: u64,
    /// Number of problems, told or not.
    pub problems: u64,
    /// Of these, those that were told; of one version at most ten thousand are.
    pub told: u64,
    /// Versions of another encoder version, whose generated tiles were compared with their hashes only.
    pub other_encoders: Vec<(Version, u32)>,
    /// Versions that could not be judged, because below them a version is gone altogether.
    pub not_judged: Vec<Version>,
    /// The kinds of problems of each version.
    pub(super) kinds: BTreeMap<Version, BTreeSet<ProblemKind>>,
}

/// Takes problems as they are found.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(&Problem) + Send);

/// What is published, as far as it can be told before looking at trees.
pub(super) struct Published {
    pub(super) trees: TreeContext,
    pub(super) sources: Vec<Version>,
    pub(super) states: Vec<(Version, VersionState)>,
    pub(super) descriptor: Vec<u8>,
}

impl Pyramid {
    /// Checks all published versions; `tell` is told each problem.
    ///
    /// # Errors
    /// Another process changes the pyramid, or a vacuum of it was killed; nothing is published; pyramid.json does not fit
    /// what is published; the file system refuses.
    pub fn verify(
        &self,
        options: &VerifyOptions,
        tell: &mut (dyn FnMut(&Problem) + Send),
    ) -> Result<VerifyReport, Error> {
        self.verify_observed(options, tell, &NoObserver)
    }

    /// Like [`Pyramid::verify`], with an observer.
    ///
    /// # Errors
    /// As [`Pyramid::verify`].
    pub fn verify_observed(
        &self,
        options: &VerifyOptions,
        tell: &mut (dyn FnMut(&Problem) + Send),
        observer: &dyn Observer,
    ) -> Result<VerifyReport, Error> {
        in_pool(options.threads, || {
            let _lock = ReadLock::acquire(&self.layout, options.locking, &Cancellation(observer))?;
            // Half way through, trees are right that no manifest describes yet.
            self.refuse_half_done()?;
            Published::find(self)?.verify(options.quick, tell, observer)
        })
    }
}

impl Published {
    pub(super) fn find(pyramid: &Pyramid) -> Result<Self, Error> {
        let (layout, spec) = (&pyramid.layout, &pyramid.spec);
        let overlap = spec.geometry.overlap();
        if overlap != 0 {
            return Err(Error::Overlap { path: layout.spec_file(), overlap });
        }
        store::check_own_folders(layout)?;
        let sources = SourceVersions::find(layout)?;
        let states = store::version_states(layout, &sources.versions, &spec.geometry)?;
        if states.is_empty() {
            let pyramid = layout.root().to_owned();
            return Err(Error::NotPublished { pyramid, version: None, published: Vec::new() });
        }
        let whole = states.iter().filter_map(|(version, state)| Some((*version, state.manifest()?.clone())));
        let manifests: BTreeMap<Version, Manifest> = whole.collect();
        let borrowed = manifests.iter().map(|(version, manifest)| (*version, manifest)).collect();
        let lowest = sources.versions.first().copied().unwrap_or(Version(0));
        survey::check_settings(pyramid, lowest, &borrowed)?;
        let settings = match manifests.values().next() {
            Some(manifest) => manifest.settings.clone(),
            None => survey::settings_without_manifest(pyramid, &sources)?,
        };
        let text = descriptor(&spec.geometry, settings.format.extension())
            .map_err(|error| Error::Encode { path: layout.trees(), problem: error.to_string() })?;
        let trees = TreeContext {
            layout: layout.clone(),
            place: sources.place,
            geometry: spec.geometry,
            settings,
            staged: BTreeSet::new(),
        };
        Ok(Self { trees, sources: sources.versions, states, descriptor: text })
    }

    /// The versions that are published or ought to be.
    pub(super) fn versions(&self) -> Vec<Version> {
        let shown = self.states.iter().filter(|(_, state)| !matches!(state, VersionState::Dropped(_)));
        shown.map(|(version, _)| *version).collect()
    }

    pub(super) fn verify(&self, quick: bool, tell: Tell<'_>, observer: &dyn Observer) -> Result<VerifyReport, Error> {
        let mut report = VerifyReport::default();
        let mut owners = Owners::new(&self.trees.geometry);
        let mut lost = false;
        for (version, state) in &self.states {
            if lost {
                report.not_judged.push(*version);
                continue;
            }
            let mut problems = Problems::default();
            self.verify_version(*version, state, quick, (&mut owners, &mut problems), observer)?;
            if observer.stopped() {
                return Err(Error::Interrupted { pyramid: self.trees.layout.root().to_owned() });
            }
            if matches!(state, VersionState::Dropped(_)) {
                report.take(Some(*version), &problems, tell);
                continue;
            }
            lost = matches!(state, VersionState::NoTree(None, _));
            report.versions.push(*version);
            report.tiles += self.trees.geometry.tile_count();
            if let Some(manifest) = state.manifest().filter(|manifest| manifest.encoder != ENCODER_VERSION) {
                report.other_encoders.push((*version, manifest.encoder));
            }
            report.take(Some(*version), &problems, tell);
        }
        let mut problems = Problems::default();
        let layout = &self.trees.layout;
        let published_now = |version| store::is_published(layout, version);
        store::check_served_folder(&self.trees, &self.versions(), &published_now, &mut problems)?;
        report.take(None, &problems, tell);
        Ok(report)
    }

    fn verify_version(
        &self,
        version: Version,
        state: &VersionState,
        quick: bool,
        (owners, problems): (&mut Owners, &mut Problems),
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let trees = &self.trees;
        let manifest = match state {
            VersionState::NoManifest(problem) => {
                store::owners_by_tree(trees, version, owners);
                problems.add(problem.clone());
                return Ok(());
            }
            VersionState::NoTree(manifest, problem) => {
                problems.add(problem.clone());
                if manifest.is_some() {
                    owners.apply_manifest(version, &trees.manifest(version))?;
                    mark_generated(trees, version, owners)?;
                }
                return Ok(());
            }
            VersionState::Dropped(_) => {
                self.take_dropped(version, owners, problems, &Cancellation(observer))?;
                return Ok(());
            }
            VersionState::Published(manifest) => manifest,
        };
        let pixels = !quick && manifest.encoder == ENCODER_VERSION;
        let compared = if pixels { manifest.counts.generated } else { 0 };
        observer.version_started(version, manifest.counts.tiles + manifest.records + compared);
        owners.apply_manifest(version, &trees.manifest(version))?;
        let progress = &TileProgress(observer);
        let mut check = VersionCheck { context: trees, version, owners, problems, progress };
        let levels = check.check_folders(&self.descriptor)?;
        check.check_entries(&levels);
        check.check_bytes(&levels)?;
        if pixels && !observer.stopped() {
            Recompute::new(trees, owners).compare(version, problems, observer)?;
        }
        Ok(())
    }
}

impl Published {
    /// Goes on to a version whose tree was dropped. Its source tiles count, because later trees lead to them.
    pub(super) fn take_dropped(
        &self,
        version: Version,
        owners: &mut Owners,
        problems: &mut Problems,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        owners.apply_manifest(version, &self.trees.manifest(version))?;
        let no_levels = store::PresentLevels::default();
        VersionCheck { context: &self.trees, version, owners, problems, progress }.check_bytes(&no_levels)?;
        Ok(())
    }
}

/// A tree that is gone has none of its generated tiles.
fn mark_generated(trees: &TreeContext, version: Version, owners: &mut Owners) -> Result<(), Error> {
    for record in store::records(&trees.manifest(version))? {
        let record = record?;
        if record.role == store::Role::Generated {
            owners.mark_damaged(record.tile);
        }
    }
    Ok(())
}

impl VerifyReport {
    fn take(&mut self, version: Option<Version>, problems: &Problems, tell: Tell<'_>) {
        self.problems += problems.count();
        for problem in problems.kept() {
            self.told += 1;
            tell(problem);
        }
        if let (Some(version), false) = (version, problems.kinds().is_empty()) {
            self.kinds.insert(version, problems.kinds().clone());
        }
    }
}
