//! `vacuum`: drop versions without changing what the others show.

use super::build::BuildOptions;
use super::observer::{Event, Observer, Quiet, TileProgress, UNOBSERVED, Work};
use super::survey::Survey;
use super::verify::Published;
use super::{Error, Failure, Pyramid, in_pool};
use crate::store::{
    self, Layout, Locking, Manifest, UnfinishedVacuum, Vacuum, VacuumJournal, VacuumSteps, Version, WriteLock,
};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The files in the tool's own folder that are not journals of other operations.
const KNOWN_FILES: [&str; 4] = ["vacuum.json", "dropped.json", "replaced.json", "revert.json"];

/// Which versions to drop. The latest is never dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All but this many of the newest.
    KeepLast(NonZeroUsize),
    /// The versions in these ranges. Each range must contain at least one.
    Drop(Vec<RangeInclusive<u32>>),
    /// The versions built longer ago than this.
    OlderThan(Duration),
}

/// How to vacuum.
#[derive(Clone)]
#[non_exhaustive]
pub struct VacuumOptions<'a> {
    pub(crate) selection: Selection,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) keep_sources: bool,
    pub(crate) drop_kept_sources: bool,
    pub(crate) dry_run: bool,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
    /// Fails before the next change after this many; tests inspect what a kill leaves behind.
    pub(crate) killed_after: Option<u64>,
}

impl<'a> VacuumOptions<'a> {
    /// Drops the selected versions with their sources.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self {
            selection,
            threads: None,
            keep_sources: false,
            drop_kept_sources: false,
            dry_run: false,
            locking: Locking::default(),
            observer: UNOBSERVED,
            killed_after: None,
        }
    }

    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// With `true`, drops only trees, and leaves the source folders alone.
    #[must_use]
    pub fn keep_sources(self, keep_sources: bool) -> Self {
        Self { keep_sources, ..self }
    }

    /// With `true`, [`Selection::KeepLast`] and [`Selection::OlderThan`] also select versions whose trees were dropped while
    /// their sources were kept. [`Selection::Drop`] always does.
    #[must_use]
    pub fn drop_kept_sources(self, drop: bool) -> Self {
        Self { drop_kept_sources: drop, ..self }
    }

    /// With `true`, only reports what would be done, and changes nothing on disk.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// What to do if another process holds the pyramid; by default, the vacuum fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Follows the vacuum, and can cancel it. The next vacuum or build finishes a cancelled one.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for VacuumOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VacuumOptions")
            .field("selection", &self.selection)
            .field("threads", &self.threads)
            .field("keep_sources", &self.keep_sources)
            .field("drop_kept_sources", &self.drop_kept_sources)
            .field("dry_run", &self.dry_run)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// What [`Pyramid::vacuum`] did, or would do, including what it finished of an interrupted vacuum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VacuumReport {
    /// The versions dropped, lowest first.
    pub dropped: Vec<Version>,
    /// The published versions that stay.
    pub kept: Vec<Version>,
    /// Tiles that now belong to another version.
    pub moved: u64,
    /// Tile files deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files, links and folders freed. Links that several trees share count once.
    pub inodes: i64,
    /// How many of the deleted files were source tiles, which no build can bring back.
    pub sources_deleted: u64,
    /// Their bytes.
    pub source_bytes_deleted: u64,
    /// The versions that they were of, lowest first.
    pub sources_deleted_from: Vec<Version>,
}

/// Finishes an interrupted vacuum, if there is one, and returns its journal.
fn finish(layout: &Layout, steps: &VacuumSteps<'_>, observer: &dyn Observer) -> Result<Option<VacuumJournal>, Failure> {
    let Some(unfinished) = UnfinishedVacuum::find(layout)? else { return Ok(None) };
    if let Some(tiles) = unfinished.moved_tiles() {
        started(observer, tiles);
    }
    Ok(Some(unfinished.finish(steps)?))
}

fn started(observer: &dyn Observer, total: u64) {
    observer.event(&Event::Started { work: Work::Vacuum, total });
}

impl Pyramid {
    /// Drops versions. The versions that stay show the same bytes as before, and are what a build from the remaining
    /// sources would make.
    ///
    /// # Errors
    /// The pyramid is not in order, the selection makes no sense, or the file system refuses. If work has begun by then,
    /// the next vacuum or build finishes it.
    pub fn vacuum(&self, options: &VacuumOptions<'_>) -> Result<VacuumReport, Error> {
        in_pool(options.threads, || {
            self.refuse_without_state()?;
            let progress = TileProgress(options.observer);
            let steps = VacuumSteps::new(&self.layout, &progress).cancelled_after(options.killed_after);
            if options.dry_run {
                self.refuse_half_done()?;
                return self.drop_selected(options, None, &steps);
            }
            let _lock = WriteLock::acquire(&self.layout, "vacuum", options.locking, &Quiet(options.observer))?;
            let finished = finish(&self.layout, &steps, options.observer)?;
            self.drop_selected(options, finished, &steps)
        })
    }

    /// Refuses a pyramid that was never built, before the lock's folder is created.
    pub(super) fn refuse_without_state(&self) -> Result<(), Failure> {
        store::check_own_folders(&self.layout)?;
        if self.layout.state().exists() {
            return Ok(());
        }
        let pyramid = self.layout.root().to_owned();
        Err(Failure::NotPublished { pyramid, version: None, published: Vec::new() })
    }

    /// Finishes an interrupted vacuum before anything else is done.
    pub(super) fn finish_vacuum(&self, observer: &dyn Observer) -> Result<(), Failure> {
        let progress = TileProgress(observer);
        finish(&self.layout, &VacuumSteps::new(&self.layout, &progress), observer)?;
        Ok(())
    }

    /// Refuses while an interrupted vacuum is unfinished, because finishing it changes the answer.
    pub(super) fn refuse_half_done(&self) -> Result<(), Failure> {
        match VacuumJournal::read(&self.layout)? {
            Some(_) => Err(Failure::HalfVacuumed { pyramid: self.layout.root().to_owned() }),
            None => Ok(()),
        }
    }

    /// The caller holds the lock, except for a dry run.
    fn drop_selected(
        &self,
        options: &VacuumOptions<'_>,
        finished: Option<VacuumJournal>,
        steps: &VacuumSteps<'_>,
    ) -> Result<VacuumReport, Failure> {
        self.refuse_other_journals()?;
        // A build has reported its warnings already.
        let quiet = Quiet(options.observer);
        let survey = Survey::run(self, &BuildOptions::default().dry_run(options.dry_run).observer(&quiet))?;
        let survey = survey.require_published().or_else(|failure| {
            // A lost manifest is no lack of a build.
            if let Ok(published) = Published::find(self) {
                published.require_entries(options.observer)?;
            }
            Err(failure)
        })?;
        let already = finished.as_ref().map(|journal| journal.dropped.clone()).unwrap_or_default();
        let dropped = self.selected(&survey, options)?;
        let kept = survey.kept.keys().copied().filter(|version| !dropped.contains(version)).collect();
        let mut totals = finished.map(|journal| journal.totals).unwrap_or_default();
        if let (Some(&latest), false) = (survey.kept.keys().next_back(), options.dry_run) {
            // A build killed between two renames may have left it at a version that is dropped now.
            store::point_latest_to(&self.layout, latest)?;
        }
        if !dropped.is_empty() {
            Published::find(self)?.require_entries(options.observer)?;
            let vacuum = Vacuum::prepare(&self.layout, &dropped, options.keep_sources)?;
            options.observer.event(&Event::Started { work: Work::VacuumPlan, total: vacuum.planned_tiles() });
            let own = vacuum.totals(steps)?;
            totals += &own;
            if !options.dry_run {
                store::clean_leftovers(&self.layout, &[])?;
                started(options.observer, vacuum.moved_tiles());
                vacuum.run(own, steps)?;
            }
        }
        if !options.dry_run {
            store::forget_revert(&self.layout)?;
        }
        let dropped = dropped.union(&already).copied().collect();
        Ok(VacuumReport {
            dropped,
            kept,
            moved: totals.moved,
            deleted: totals.deleted,
            bytes: totals.bytes,
            inodes: totals.inodes,
            sources_deleted: totals.source_tiles,
            source_bytes_deleted: totals.source_bytes,
            sources_deleted_from: totals.source_versions.into_iter().collect(),
        })
    }

    /// The versions to drop. Those whose trees were dropped earlier, with their sources kept on purpose, count only if a
    /// range names them, or if they are asked for.
    fn selected(&self, survey: &Survey, options: &VacuumOptions<'_>) -> Result<BTreeSet<Version>, Failure> {
        let mut candidates: Vec<&Manifest> = survey.kept.values().collect();
        let by_range = matches!(options.selection, Selection::Drop(_));
        if !options.keep_sources && (by_range || options.drop_kept_sources) {
            candidates.extend(survey.dropped.values());
        }
        let latest = survey.kept.keys().next_back().copied().unwrap_or(Version(0));
        let below = |limit: Version| candidates.iter().map(|one| one.version).filter(|one| *one < limit).collect();
        let pyramid = || self.layout.root().to_owned();
        match &options.selection {
            Selection::KeepLast(count) => {
                let lowest_kept = survey.kept.keys().rev().nth(count.get() - 1).copied();
                Ok(lowest_kept.map(below).unwrap_or_default())
            }
            Selection::OlderThan(age) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let limit = now.saturating_sub(*age).as_secs();
                let old = candidates.iter().filter(|one| one.version != latest && one.built < limit);
                Ok(old.map(|one| one.version).collect())
            }
            Selection::Drop(ranges) => {
                let mut dropped = BTreeSet::new();
                for range in ranges {
                    if range.contains(&latest.0) {
                        return Err(Failure::DropsLatest { pyramid: pyramid(), latest });
                    }
                    let named = |version: &Version| range.contains(&version.0);
                    let before = candidates.iter().map(|one| one.version).filter(named);
                    let found: BTreeSet<Version> = before.collect();
                    // Those that are gone already need no dropping, as when a job is run again.
                    if found.is_empty() && *range.start() > latest.0 {
                        let (first, last) = (Version(*range.start()), Version(*range.end()));
                        let versions = survey.kept.keys().copied().collect();
                        return Err(Failure::NothingToDrop { pyramid: pyramid(), first, last, versions });
                    }
                    dropped.extend(found);
                }
                Ok(dropped)
            }
        }
    }

    /// Refuses if the tool's own folder has an unknown journal: whichever operation began that work must finish it.
    fn refuse_other_journals(&self) -> Result<(), Failure> {
        let state = self.layout.state();
        let is_unknown = |name: &String| name.ends_with(".json") && !KNOWN_FILES.contains(&name.as_str());
        match store::state_file_names(&self.layout)?.into_iter().find(is_unknown) {
            Some(name) => Err(Failure::OtherJournal { path: state.join(name) }),
            None => Ok(()),
        }
    }
}
