//! `vacuum`: drop versions, without any change to what the others show.

use super::report::{BuildOptions, NoObserver, Observer, Stoppable, TileProgress};
use super::survey::Survey;
use super::{Error, Pyramid, in_pool};
use crate::store::WriteLock;
use crate::store::{
    self, Layout, Locking, Manifest, UnfinishedVacuum, Vacuum, VacuumJournal, VacuumSteps, VacuumTotals, Version,
};
use serde::Serialize;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The files in the tool's own folder that are no journals of other commands.
const KNOWN: [&str; 3] = ["vacuum.json", "dropped.json", "replaced.json"];

/// Which versions to drop. The latest is never among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All but the newest so many.
    KeepLast(NonZeroUsize),
    /// Those in these ranges, each of which has to name a version at least.
    Drop(Vec<RangeInclusive<u32>>),
    /// Those built longer ago than this.
    OlderThan(Duration),
}

/// How to vacuum.
#[derive(Debug, Clone)]
pub struct VacuumOptions {
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Which versions to drop.
    pub selection: Selection,
    /// Drop the trees only and leave the source folders as they are.
    pub keep_sources: bool,
    /// Only say what would be done; nothing on disk changes.
    pub dry_run: bool,
    /// Fail before the change to the disk after so many: for tests of what a kill leaves behind.
    pub stop_after: Option<u64>,
    /// What to do where another process changes the pyramid.
    pub locking: Locking,
}

impl VacuumOptions {
    /// Drops `selection`, sources and all.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self {
            threads: None,
            selection,
            keep_sources: false,
            dry_run: false,
            stop_after: None,
            locking: Locking::default(),
        }
    }
}

/// What a vacuum did, or would do; with it what it finished of an earlier one that had been killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VacuumReport {
    /// The versions dropped, lowest first.
    pub dropped: Vec<Version>,
    /// The published versions that stay.
    pub kept: Vec<Version>,
    /// Tiles that belong to another version now.
    pub moved: u64,
    /// Tile files deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files, links and folders freed. Links that several trees share count once.
    pub inodes: i64,
}

/// Finishes the vacuum that a killed run left behind, if there is one, and returns its journal.
fn finish(layout: &Layout, steps: &VacuumSteps<'_>, observer: &dyn Observer) -> Result<Option<VacuumJournal>, Error> {
    let Some(unfinished) = UnfinishedVacuum::find(layout)? else { return Ok(None) };
    if let Some(tiles) = unfinished.moved_tiles() {
        observer.vacuum_started(tiles);
    }
    Ok(Some(unfinished.finish(steps)?))
}

impl Pyramid {
    /// Drops versions. Those that stay show the same bytes as before, and are what a build from the remaining sources
    /// would make.
    ///
    /// # Errors
    /// The pyramid is not in order, the selection makes no sense, or the file system refuses. Where that happens after
    /// work has begun, the next vacuum or build finishes it.
    pub fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport, Error> {
        self.vacuum_observed(options, &NoObserver)
    }

    /// Like [`Pyramid::vacuum`], with an observer. Stopped, it is finished by the next vacuum or build.
    ///
    /// # Errors
    /// As [`Pyramid::vacuum`].
    pub fn vacuum_observed(&self, options: &VacuumOptions, observer: &dyn Observer) -> Result<VacuumReport, Error> {
        in_pool(options.threads, || {
            store::check_own_folders(&self.layout)?;
            if !self.layout.state().exists() {
                let pyramid = self.layout.root().to_owned();
                return Err(Error::NotPublished { pyramid, version: None, published: Vec::new() });
            }
            let progress = TileProgress(observer);
            let steps = VacuumSteps::new(&self.layout, &progress).cancelled_after(options.stop_after);
            if options.dry_run {
                self.refuse_half_done()?;
                return self.vacuum_locked(options, None, &steps, observer);
            }
            let _lock = WriteLock::acquire(&self.layout, "vacuum", options.locking, &progress)?;
            let finished = finish(&self.layout, &steps, observer)?;
            self.vacuum_locked(options, finished, &steps, observer)
        })
    }

    /// Finishes what a vacuum that was stopped left behind, before something else is done.
    pub(super) fn finish_vacuum(&self, observer: &dyn Observer) -> Result<(), Error> {
        finish(&self.layout, &VacuumSteps::new(&self.layout, &TileProgress(observer)), observer)?;
        Ok(())
    }

    /// Refuses to say what there is, or what would be done, while a killed vacuum waits for its end, which changes that.
    pub(super) fn refuse_half_done(&self) -> Result<(), Error> {
        match VacuumJournal::read(&self.layout)? {
            Some(_) => Err(Error::HalfVacuumed { pyramid: self.layout.root().to_owned() }),
            None => Ok(()),
        }
    }

    fn vacuum_locked(
        &self,
        options: &VacuumOptions,
        finished: Option<VacuumJournal>,
        steps: &VacuumSteps<'_>,
        observer: &dyn Observer,
    ) -> Result<VacuumReport, Error> {
        self.refuse_other_journals()?;
        let surveying = BuildOptions { dry_run: options.dry_run, ..BuildOptions::default() };
        let survey = Survey::take(self, &surveying, &Stoppable(observer))?;
        if survey.kept.is_empty() {
            let pyramid = self.layout.root().to_owned();
            return Err(Error::NotPublished { pyramid, version: None, published: Vec::new() });
        }
        if !survey.pending.is_empty() {
            let versions = survey.pending.into_keys().collect();
            return Err(Error::Unpublished { pyramid: self.layout.root().to_owned(), versions });
        }
        let already = finished.as_ref().map(|journal| journal.dropped.clone()).unwrap_or_default();
        let dropped = self.selected(&survey, options, &already)?;
        let kept = survey.kept.keys().copied().filter(|version| !dropped.contains(version)).collect();
        let mut totals = finished.map(|journal| journal.totals).unwrap_or_default();
        if let (Some(&latest), false) = (survey.kept.keys().next_back(), options.dry_run) {
            // A build that was killed between two renames has left it behind, perhaps at a version that goes now.
            store::point_latest_to(&self.layout, latest)?;
        }
        if !dropped.is_empty() {
            let vacuum = Vacuum::prepare(&self.layout, &dropped, options.keep_sources)?;
            observer.vacuum_started(vacuum.planned_tiles());
            let own = vacuum.totals(steps)?;
            totals += own;
            if !options.dry_run {
                store::clean_leftovers(&self.layout, &[])?;
                observer.vacuum_started(vacuum.moved_tiles());
                vacuum.run(own, steps)?;
            }
        }
        let VacuumTotals { moved, deleted, bytes, inodes } = totals;
        let dropped = dropped.union(&already).copied().collect();
        Ok(VacuumReport { dropped, kept, moved, deleted, bytes, inodes })
    }

    /// The versions to drop. Those whose trees were dropped before count where their sources are to go now.
    fn selected(
        &self,
        survey: &Survey,
        options: &VacuumOptions,
        already: &BTreeSet<Version>,
    ) -> Result<BTreeSet<Version>, Error> {
        let mut candidates: Vec<&Manifest> = survey.kept.values().collect();
        if !options.keep_sources {
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
                        return Err(Error::DropsLatest { pyramid: pyramid(), latest });
                    }
                    let named = |version: &Version| range.contains(&version.0);
                    let before = candidates.iter().map(|one| one.version).filter(named);
                    let found: BTreeSet<Version> = before.collect();
                    if found.is_empty() && !already.iter().any(named) {
                        let (first, last) = (Version(*range.start()), Version(*range.end()));
                        let versions = survey.kept.keys().copied().collect();
                        return Err(Error::NothingToDrop { pyramid: pyramid(), first, last, versions });
                    }
                    dropped.extend(found);
                }
                Ok(dropped)
            }
        }
    }

    /// A file such as `repair.json` in the tool's own folder, of which nothing is known here, stands for work that was
    /// begun and has to be finished by what began it.
    fn refuse_other_journals(&self) -> Result<(), Error> {
        let state = self.layout.state();
        let is_unknown = |name: &String| name.ends_with(".json") && !KNOWN.contains(&name.as_str());
        match store::state_file_names(&self.layout)?.into_iter().find(is_unknown) {
            Some(name) => Err(Error::OtherJournal { path: state.join(name) }),
            None => Ok(()),
        }
    }
}
