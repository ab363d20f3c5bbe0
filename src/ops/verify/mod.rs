//! `verify`: whether every published version still is what was published. Nothing is written. Other readers may run at the
//! same time, but no writers.
//!
//! A damaged tile is reported once, in the version that owns it. Problems come version by version, lowest first, in the order
//! of [`crate::store::Problems`].

mod entries;
mod recompute;

pub(super) use recompute::Recompute;

use super::observer::{Event, Observer, Quiet, TileProgress, UNOBSERVED, Work};
use super::{Error, Failure, Pyramid, in_pool, survey};
use crate::format::dzi::descriptor;
use crate::store::{
    self, Locking, Manifest, Owners, ProblemKind, Problems, ReadLock, SourceVersions, TreeContext, Version,
    VersionCheck, VersionState,
};
use crate::tile::ENCODER_VERSION;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;

/// How to verify.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct VerifyOptions<'a> {
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) quick: bool,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        Self { threads: None, quick: false, locking: Locking::default(), observer: UNOBSERVED }
    }
}

impl<'a> VerifyOptions<'a> {
    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// With `true`, compares only lengths and hashes, and regenerates no tile.
    #[must_use]
    pub fn quick(self, quick: bool) -> Self {
        Self { quick, ..self }
    }

    /// What to do if another process changes the pyramid; by default, verification fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Receives each problem as [`Event::Problem`], and can cancel.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VerifyOptions")
            .field("threads", &self.threads)
            .field("quick", &self.quick)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// What [`Pyramid::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The versions checked, lowest first.
    pub versions: Vec<Version>,
    /// Tiles in all of their trees.
    pub tiles: u64,
    /// Number of problems.
    pub problems: u64,
    /// Number of problems reported to the observer, at most ten thousand per version.
    pub reported: u64,
    /// Versions built by another encoder version, with that version. Their generated tiles were compared by hash only.
    pub other_encoders: Vec<(Version, u32)>,
    /// Versions that could not be checked, because a version below them is lost.
    pub not_checked: Vec<Version>,
    /// What is in `dest/dzi` beside the trees, as paths under the pyramid folder. It is the user's, and left alone.
    pub beside_trees: Vec<String>,
    /// The kinds of problems per version.
    pub(super) kinds: BTreeMap<Version, BTreeSet<ProblemKind>>,
    /// The kinds of all problems.
    pub(super) all_kinds: BTreeSet<ProblemKind>,
}

/// What is published, before any tree is read.
pub(super) struct Published {
    pub(super) trees: TreeContext,
    pub(super) sources: Vec<Version>,
    pub(super) states: Vec<(Version, VersionState)>,
    pub(super) descriptor: Vec<u8>,
}

impl Pyramid {
    /// Checks all published versions. The observer receives each problem.
    ///
    /// # Errors
    /// Another process changes the pyramid, a vacuum is unfinished, nothing is published, pyramid.json does not fit what is
    /// published, or the file system refuses.
    pub fn verify(&self, options: &VerifyOptions<'_>) -> Result<VerifyReport, Error> {
        in_pool(options.threads, || {
            let _lock = ReadLock::acquire(&self.layout, options.locking, &Quiet(options.observer))?;
            // An unfinished vacuum leaves trees that no manifest describes yet.
            self.refuse_half_done()?;
            Published::find(self)?.verify(options.quick, options.observer)
        })
    }
}

impl Published {
    pub(super) fn find(pyramid: &Pyramid) -> Result<Self, Failure> {
        let (layout, spec) = (&pyramid.layout, &pyramid.spec);
        store::check_own_folders(layout)?;
        let mut sources = SourceVersions::find(layout)?;
        let dropped = store::dropped_versions(layout)?;
        let is_dropped = |version| dropped.iter().any(|manifest| manifest.version == version);
        // A folder that is still being filled is no version yet.
        sources.take_unfilled(layout, |version| store::is_published(layout, version) || is_dropped(version))?;
        let states = store::version_states(layout, &sources.versions, &spec.geometry)?;
        if states.is_empty() {
            let pyramid = layout.root().to_owned();
            return Err(Failure::NotPublished { pyramid, version: None, published: Vec::new() });
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
            .map_err(|error| Failure::Encode { path: layout.trees(), problem: error.to_string() })?;
        let trees = TreeContext::new(layout.clone(), sources.place, spec.geometry, settings);
        Ok(Self { trees, sources: sources.versions, states, descriptor: text })
    }

    /// The versions that are published or should be.
    pub(super) fn versions(&self) -> Vec<Version> {
        let shown = self.states.iter().filter(|(_, state)| !matches!(state, VersionState::Dropped(_)));
        shown.map(|(version, _)| *version).collect()
    }

    pub(super) fn verify(&self, quick: bool, observer: &dyn Observer) -> Result<VerifyReport, Failure> {
        let mut report = VerifyReport::default();
        let mut owners = Owners::new(&self.trees.geometry);
        let mut lost = false;
        for (version, state) in &self.states {
            if lost {
                report.not_checked.push(*version);
                continue;
            }
            let mut problems = Problems::default();
            self.verify_version(*version, state, quick, &mut owners, &mut problems, observer)?;
            if observer.is_cancelled() {
                return Err(Failure::Cancelled { pyramid: self.trees.layout.root().to_owned() });
            }
            if matches!(state, VersionState::Dropped(_)) {
                report.add(Some(*version), &problems, observer);
                continue;
            }
            lost = matches!(state, VersionState::NoTree(None, _));
            report.versions.push(*version);
            report.tiles += self.trees.geometry.tile_count();
            if let Some(manifest) = state.manifest().filter(|manifest| manifest.encoder != ENCODER_VERSION) {
                report.other_encoders.push((*version, manifest.encoder));
            }
            report.add(Some(*version), &problems, observer);
        }
        let mut problems = Problems::default();
        let layout = &self.trees.layout;
        let published_now = |version| store::is_published(layout, version);
        report.beside_trees = store::check_served_folder(&self.trees, &self.versions(), &published_now, &mut problems)?;
        report.add(None, &problems, observer);
        Ok(report)
    }

    fn verify_version(
        &self,
        version: Version,
        state: &VersionState,
        quick: bool,
        owners: &mut Owners,
        problems: &mut Problems,
        observer: &dyn Observer,
    ) -> Result<(), Failure> {
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
                self.apply_dropped(version, owners, problems, observer)?;
                return Ok(());
            }
            VersionState::Published(manifest) => manifest,
        };
        let pixels = !quick && manifest.encoder == ENCODER_VERSION;
        let compared = if pixels { manifest.counts.generated } else { 0 };
        let total = manifest.counts.tiles + manifest.records + compared;
        observer.event(&Event::Started { work: Work::Verify(version), total });
        owners.apply_manifest(version, &trees.manifest(version))?;
        let progress = &TileProgress(observer);
        let mut check = VersionCheck { context: trees, version, owners, problems, progress };
        let levels = check.check_folders(&self.descriptor)?;
        check.check_entries(&levels);
        check.check_bytes(&levels)?;
        if pixels && !observer.is_cancelled() {
            Recompute::new(trees, owners).compare(version, problems, observer)?;
        }
        Ok(())
    }
}

impl Published {
    /// Advances `owners` to a version whose tree was dropped. Its source tiles count, because later trees link to them.
    pub(super) fn apply_dropped(
        &self,
        version: Version,
        owners: &mut Owners,
        problems: &mut Problems,
        observer: &dyn Observer,
    ) -> Result<(), Failure> {
        owners.apply_manifest(version, &self.trees.manifest(version))?;
        let no_levels = store::PresentLevels::default();
        let (context, progress) = (&self.trees, &Quiet(observer));
        VersionCheck { context, version, owners, problems, progress }.check_bytes(&no_levels)?;
        Ok(())
    }
}

/// Marks the generated tiles of a lost tree as damaged.
fn mark_generated(trees: &TreeContext, version: Version, owners: &mut Owners) -> Result<(), Failure> {
    for record in store::records(&trees.manifest(version))? {
        let record = record?;
        if record.role == store::Role::Generated {
            owners.mark_damaged(record.tile);
        }
    }
    Ok(())
}

impl VerifyReport {
    /// Whether something in `dest` is wrong, which a repair can put right.
    #[must_use]
    pub fn needs_repair(&self) -> bool {
        self.all_kinds.iter().any(|kind| !kind.is_of_the_source())
    }

    /// Whether source tiles are wrong, which only their owner can put right.
    #[must_use]
    pub fn needs_sources(&self) -> bool {
        self.all_kinds.iter().any(|kind| kind.is_of_the_source())
    }

    fn add(&mut self, version: Option<Version>, problems: &Problems, observer: &dyn Observer) {
        self.problems += problems.count();
        for problem in problems.kept() {
            self.reported += 1;
            observer.event(&Event::Problem(problem));
        }
        self.all_kinds.extend(problems.kinds());
        if let (Some(version), false) = (version, problems.kinds().is_empty()) {
            self.kinds.insert(version, problems.kinds().clone());
        }
    }
}
