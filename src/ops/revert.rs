//! `revert`: a next version that shows what an earlier one shows.

use super::build::{BuildOptions, BuildReport};
use super::observer::{Event, Observer, Quiet, TileProgress, UNOBSERVED, Work};
use super::survey::Survey;
use super::{Error, Failure, Pyramid, in_pool};
use crate::geometry::GridSet;
use crate::store::{
    self, BegunRevert, Durability, LatestSources, Locking, Role, StagedSource, StoreError, Version, WriteLock,
};
use crate::sync::Progress;
use rayon::prelude::*;
use serde::Serialize;
use std::fmt;
use std::num::NonZeroUsize;
use xxhash_rust::xxh3::xxh3_128;

/// How to revert.
#[derive(Clone)]
#[non_exhaustive]
pub struct RevertOptions<'a> {
    pub(crate) to: Option<Version>,
    pub(crate) dry_run: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) durability: Durability,
}

impl Default for RevertOptions<'_> {
    fn default() -> Self {
        Self {
            to: None,
            dry_run: false,
            threads: None,
            locking: Locking::default(),
            observer: UNOBSERVED,
            durability: Durability::default(),
        }
    }
}

impl<'a> RevertOptions<'a> {
    /// The version to show again; `None`, the default, means the one below the latest.
    #[must_use]
    pub fn to(self, version: impl Into<Option<Version>>) -> Self {
        Self { to: version.into(), ..self }
    }

    /// With `true`, only reports what would be done, and changes nothing on disk.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// What to do if another process holds the pyramid; by default, the operation fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Follows the operation, and can cancel it. No version is added then, or the next revert or build
    /// publishes it.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for RevertOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RevertOptions")
            .field("to", &self.to)
            .field("dry_run", &self.dry_run)
            .field("threads", &self.threads)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// What became of a [`Pyramid::revert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevertStatus {
    /// A version was added and published.
    Reverted,
    /// The latest version shows the same already, so there is no new version.
    Unchanged,
    /// A dry run found that a version would be added.
    WouldRevert,
}

/// What [`Pyramid::revert`] did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevertReport {
    /// What became of it.
    pub status: RevertStatus,
    /// The version that is shown again.
    pub to: Version,
    /// The version that was, or would be, added.
    pub version: Option<Version>,
    /// Number of base tiles in it: those in which the latest version differs.
    pub tiles: u64,
    /// What was built.
    pub built: Option<BuildReport>,
}

impl Pyramid {
    /// Adds and publishes a version that shows what an earlier one shows. Its source folder holds copies of the base tiles
    /// that differ from the latest version; all versions stay as they are. A revert that was stopped is finished instead, and
    /// reported as if it had not been.
    ///
    /// # Errors
    /// The pyramid is not in order, the version is not there, another revert was stopped, or the file system refuses.
    pub fn revert(&self, options: &RevertOptions<'_>) -> Result<RevertReport, Error> {
        in_pool(options.threads, || {
            self.refuse_without_state()?;
            if options.dry_run {
                self.refuse_half_done()?;
                return Ok(Revert::plan(self, options)?.report());
            }
            let _lock = WriteLock::acquire(&self.layout, "revert", options.locking, &Quiet(options.observer))?;
            self.finish_vacuum(options.observer)?;
            Revert::plan(self, options)?.run(self, options)
        })
    }
}

/// Which base tiles make the latest version show what an earlier one shows.
struct Revert {
    survey: Survey,
    to: Version,
    difference: Difference,
    /// The version whose sources an unfinished revert has put in place.
    begun: Option<Version>,
}

impl Revert {
    fn plan(pyramid: &Pyramid, options: &RevertOptions<'_>) -> Result<Self, Failure> {
        let (survey, latest) = Survey::run_with_latest(pyramid, &build_options(options))?;
        if let Some(BegunRevert { to, version }) = begun_revert(pyramid, &survey) {
            let difference = Difference::find(&survey, to, &latest)?;
            if difference.is_made_up_by(version, &survey, &latest)? {
                let asks_for_another = options.to.is_some_and(|asked| asked != to);
                if !asks_for_another {
                    return Ok(Self { survey, to, difference, begun: Some(version) });
                }
                if !survey.kept.contains_key(&version) {
                    let pyramid = pyramid.layout.root().to_owned();
                    return Err(Failure::UnfinishedRevert { pyramid, version, to });
                }
            }
        }
        let survey = survey.require_published()?;
        let to = wanted(pyramid, &survey, options.to)?;
        let difference = Difference::find(&survey, to, &latest)?;
        Ok(Self { survey, to, difference, begun: None })
    }

    /// What would be done.
    fn report(&self) -> RevertReport {
        let recorded = self.begun.and_then(|version| self.survey.kept.get(&version));
        let tiles = recorded.map_or(self.difference.tiles.count(), |manifest| manifest.counts.patched);
        let status = if tiles == 0 { RevertStatus::Unchanged } else { RevertStatus::WouldRevert };
        let version = self.begun.or_else(|| (tiles > 0).then(|| self.survey.next_version()));
        RevertReport { status, to: self.to, version, tiles, built: None }
    }

    fn run(self, pyramid: &Pyramid, options: &RevertOptions<'_>) -> Result<RevertReport, Failure> {
        let mut report = self.report();
        let Some(version) = report.version else { return Ok(report) };
        let build = build_options(options);
        let survey = if self.begun.is_some() {
            self.survey
        } else {
            self.write_sources(version, options)?;
            self.survey.with_version(version, self.difference.tiles, pyramid, &build)?
        };
        report.built = Some(survey.build_or_clean_up(&build)?);
        report.status = RevertStatus::Reverted;
        Ok(report)
    }

    fn write_sources(&self, version: Version, options: &RevertOptions<'_>) -> Result<(), Failure> {
        let staged = StagedSource::start(&self.survey.trees, version, options.durability)?;
        let begun = BegunRevert { to: self.to, version };
        let written = self.copy_tiles(&staged, options.observer);
        match written.and_then(|()| Ok(store::record_revert(&self.survey.trees.layout, begun)?)) {
            Ok(()) => Ok(staged.publish()?),
            Err(failure) => {
                // The first failure is the one to report.
                let _ = staged.discard();
                Err(failure)
            }
        }
    }

    /// Copies rather than links: overwriting one source tile must not change another version's.
    fn copy_tiles(&self, staged: &StagedSource, observer: &dyn Observer) -> Result<(), Failure> {
        observer.event(&Event::Started { work: Work::Revert, total: self.difference.tiles.count() });
        let progress = TileProgress(observer);
        self.difference.tiles.iter().par_bridge().try_for_each_init(Vec::new, |bytes, (column, row)| {
            if progress.is_cancelled() {
                return Err(Failure::Cancelled { pyramid: self.survey.trees.layout.root().to_owned() });
            }
            let version = self.difference.earlier.read(column, row, bytes)?.unwrap_or(self.to);
            if self.difference.earlier.hash(column, row).is_some_and(|hash| hash != xxh3_128(bytes)) {
                let name = self.survey.trees.source_name(column, row);
                let path = self.survey.trees.source(version).join(name.as_str());
                return Err(StoreError::Changing { path }.into());
            }
            staged.write(column, row, bytes)?;
            progress.advance(1);
            Ok(())
        })
    }
}

/// How the latest version differs from an earlier one.
struct Difference {
    /// The base tiles at the earlier version.
    earlier: LatestSources,
    /// Those that differ.
    tiles: GridSet,
}

impl Difference {
    fn find(survey: &Survey, to: Version, latest: &LatestSources) -> Result<Self, Failure> {
        let mut earlier = LatestSources::new(&survey.trees);
        let below = survey.kept.keys().chain(survey.dropped.keys()).filter(|version| **version <= to);
        for &version in below {
            for record in store::records(&survey.trees.layout.manifest(version))? {
                let record = record?;
                if record.role != Role::Generated {
                    earlier.add_recorded(version, &[record]);
                }
            }
        }
        let grid = survey.trees.geometry.base_grid();
        let mut tiles = GridSet::new(grid);
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                if earlier.hash(column, row) != latest.hash(column, row) {
                    tiles.insert(column, row);
                }
            }
        }
        Ok(Self { earlier, tiles })
    }

    /// Whether the sources of `version`, the latest, are what a revert would have written. Someone may have put others there
    /// since it was recorded.
    fn is_made_up_by(&self, version: Version, survey: &Survey, latest: &LatestSources) -> Result<bool, Failure> {
        let Some(pending) = survey.pending.get(&version) else { return Ok(self.tiles.count() == 0) };
        if *pending != self.tiles {
            return Ok(false);
        }
        let mut bytes = Vec::new();
        for (column, row) in self.tiles.iter() {
            latest.read(column, row, &mut bytes)?;
            if self.earlier.hash(column, row) != Some(xxh3_128(&bytes)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The recorded revert whose version is the latest, if everything else is published.
fn begun_revert(pyramid: &Pyramid, survey: &Survey) -> Option<BegunRevert> {
    let begun = store::begun_revert(&pyramid.layout)?;
    let is_latest = survey.versions.last() == Some(&begun.version);
    let others_published = survey.pending.keys().all(|version| *version == begun.version);
    let shows_known = survey.kept.contains_key(&begun.to) || survey.dropped.contains_key(&begun.to);
    (is_latest && others_published && shows_known).then_some(begun)
}

fn build_options<'a>(options: &RevertOptions<'a>) -> BuildOptions<'a> {
    let mut build =
        BuildOptions::default().dry_run(options.dry_run).locking(options.locking).observer(options.observer);
    build.durability = options.durability;
    build
}

/// The version to show again. Trees may be gone as long as the sources are there.
fn wanted(pyramid: &Pyramid, survey: &Survey, asked: Option<Version>) -> Result<Version, Failure> {
    let root = || pyramid.layout.root().to_owned();
    let published = || survey.kept.keys().copied().collect::<Vec<_>>();
    match asked {
        Some(version) if survey.kept.contains_key(&version) || survey.dropped.contains_key(&version) => Ok(version),
        Some(version) => Err(Failure::NotPublished { pyramid: root(), version: Some(version), published: published() }),
        None => match published().as_slice() {
            [.., before, _] => Ok(*before),
            // Something is published.
            versions => {
                Err(Failure::NothingToRevert { pyramid: root(), only: versions.first().copied().unwrap_or(Version(0)) })
            }
        },
    }
}
