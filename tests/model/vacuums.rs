//! Vacuums: whole, cancelled, killed, dry.

use fast_pyramid::internals::ops::{Failure, failure, vacuum_killed_after};
use fast_pyramid::{Error, Selection, VacuumOptions, VacuumReport};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fast_pyramid::internals::store::{Layout, StoreError, VacuumJournal};

use crate::operation::{Kill, Pick};
use crate::run::Run;
use crate::state::{Answer, Dropping};
use test_support::tree::{assert_same_snapshot, assert_sources_unchanged, snapshot, source_fingerprint};

const DAY: u64 = 86_400;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Run {
    /// The versions that a pick may name: all but the latest, unless it names everything there is.
    fn named(&self) -> Vec<u32> {
        let mut versions: Vec<u32> = self.model.published.keys().chain(&self.model.treeless).copied().collect();
        versions.sort_unstable();
        versions
    }

    fn selection(&self, pick: &Pick) -> Selection {
        let versions = self.named();
        let (lower, at) = (versions.len().saturating_sub(1), |index: usize| versions[index % versions.len()]);
        match pick {
            Pick::KeepLast(count) => Selection::KeepLast(NonZeroUsize::new(*count).unwrap()),
            Pick::OlderThanDays(days) => Selection::OlderThan(Duration::from_secs(days * DAY)),
            _ if versions.is_empty() => Selection::Drop(vec![]),
            Pick::Each(mask) => {
                let all = if *mask == u8::MAX { versions.len() } else { lower };
                let picked = versions[..all].iter().enumerate().filter(|(index, _)| (mask >> (index % 8)) & 1 == 1);
                Selection::Drop(picked.map(|(_, &version)| version..=version).collect())
            }
            Pick::Range(first, last) => {
                let (first, last) = (at(*first), at(*last));
                Selection::Drop(vec![first.min(last)..=first.max(last)])
            }
            Pick::AsOldAs(index) => {
                let built = self.built().get(&at(*index)).copied().unwrap_or_default();
                Selection::OlderThan(Duration::from_secs(now().saturating_sub(built + 1)))
            }
        }
    }

    fn vacuum_options<'a>(&self, selection: &Selection, keep_sources: bool) -> VacuumOptions<'a> {
        let options = VacuumOptions::new(selection.clone()).threads(self.threads()).locking(Self::locking());
        options.keep_sources(keep_sources)
    }

    /// Every right answer to a vacuum that began at `before`: what counts as old may change while it runs.
    fn answers(&self, selection: &Selection, keep_sources: bool, before: u64) -> Vec<Answer> {
        let built = self.built();
        let answer = |now| self.model.answer(selection, keep_sources, &built, now);
        (before..=now()).map(answer).collect()
    }

    pub(crate) fn vacuum(&mut self, pick: &Pick, keep_sources: bool, stop_after: Option<u64>) {
        let selection = self.selection(pick);
        let mut options = self.vacuum_options(&selection, keep_sources);
        if let Some(changes) = stop_after {
            options = vacuum_killed_after(options, changes);
        }
        let (built, before) = (self.built(), now());
        let result = self.pyramid().vacuum(&options);
        let answer = |now| self.model.answer(&selection, keep_sources, &built, now);
        let mut answers: Vec<Answer> = (before..=now()).map(answer).collect();
        match result {
            Ok(report) => {
                let also = self.model.half_done.as_ref().map(|vacuum| vacuum.versions.clone()).unwrap_or_default();
                self.model.finish();
                let dropped: BTreeSet<u32> = report.dropped.iter().map(|version| version.0).collect();
                answers.retain(|answer| matches!(answer, Answer::Drops(own) if own | &also == dropped));
                let Some(Answer::Drops(versions)) = answers.pop() else { panic!("{options:?} dropped {dropped:?}") };
                self.model.drop(&Dropping { versions, keep_sources });
                assert_eq!(report.kept.iter().map(|one| one.0).collect::<Vec<_>>(), self.model.kept());
                self.lags = false;
            }
            Err(error) if matches!(failure(&error), Failure::Store(StoreError::VacuumCancelled { .. })) => {
                self.see_what_vacuum_did(answers, keep_sources);
            }
            Err(error) => {
                self.assert_answer(&error, &answers[0]);
                self.model.finish();
            }
        }
    }

    fn assert_answer(&self, error: &Error, answer: &Answer) {
        let right = match failure(error) {
            Failure::NotPublished { .. } => *answer == Answer::NotPublished,
            Failure::Unpublished { .. } => *answer == Answer::Unpublished,
            Failure::DropsLatest { .. } => *answer == Answer::DropsLatest,
            Failure::NothingToDrop { .. } => *answer == Answer::NothingToDrop,
            _ => false,
        };
        assert!(right, "expected {answer:?}, found {error}");
    }

    /// After a vacuum that was stopped or killed: what waited before may be finished, and what was asked for may wait now,
    /// be done, or not be begun.
    fn see_what_vacuum_did(&mut self, answers: Vec<Answer>, keep_sources: bool) {
        let versions = |journal: &VacuumJournal| journal.dropped.iter().map(|version| version.0).collect();
        let journal = VacuumJournal::read(&Layout::new(&self.folder)).unwrap();
        let waits =
            journal.map(|journal| Dropping { versions: versions(&journal), keep_sources: journal.keep_sources });
        if waits.is_some() && waits == self.model.half_done {
            return;
        }
        self.model.finish();
        if let Some(dropping) = waits {
            assert_eq!(dropping.keep_sources, keep_sources);
            assert!(answers.contains(&Answer::Drops(dropping.versions.clone())), "{dropping:?} instead of {answers:?}");
            self.model.half_done = Some(dropping);
            self.lags = false;
            return;
        }
        let trees = self.trees_on_disk();
        let stays = |version: u32| if keep_sources { trees.contains(&version) } else { self.source(version).exists() };
        let known = if keep_sources { self.model.kept() } else { self.named() };
        let gone: BTreeSet<u32> = known.into_iter().filter(|&version| !stays(version)).collect();
        assert!(gone.is_empty() || answers.contains(&Answer::Drops(gone.clone())), "{gone:?} instead of {answers:?}");
        self.lags &= gone.is_empty();
        self.model.drop(&Dropping { versions: gone, keep_sources });
    }

    pub(crate) fn dry_vacuum(&mut self, pick: &Pick, keep_sources: bool) {
        let selection = self.selection(pick);
        let options = self.vacuum_options(&selection, keep_sources).dry_run(true);
        let (before, times) = (snapshot(&self.folder), source_fingerprint(&self.folder));
        let begun = now();
        let result = self.pyramid().vacuum(&options);
        assert_same_snapshot(&before, &snapshot(&self.folder));
        assert_sources_unchanged(&self.folder, &times);
        match result {
            Err(error) if matches!(failure(&error), Failure::HalfVacuumed { .. }) => {
                assert!(self.model.half_done.is_some());
            }
            Err(error) => self.assert_answer(&error, &self.answers(&selection, keep_sources, begun)[0]),
            Ok(VacuumReport { dropped, .. }) => {
                let dropped = Answer::Drops(dropped.iter().map(|version| version.0).collect());
                assert!(
                    self.answers(&selection, keep_sources, begun).contains(&dropped),
                    "{options:?} would drop {dropped:?}"
                );
            }
        }
    }

    pub(crate) fn kill_vacuum(&mut self, pick: &Pick, keep_sources: bool, kill: Kill) {
        let wanted = match self.answers(&self.selection(pick), keep_sources, now()).pop() {
            Some(Answer::Drops(versions)) if !versions.is_empty() => versions,
            _ => return,
        };
        let numbers: Vec<String> = wanted.iter().map(u32::to_string).collect();
        let numbers = numbers.join(",");
        let mut arguments = vec!["vacuum", "--drop", &numbers];
        arguments.extend(keep_sources.then_some("--keep-sources"));
        self.kill(&arguments, kill);
        self.see_what_vacuum_did(vec![Answer::Drops(wanted)], keep_sources);
    }

    /// Dropping all but the latest version is refused with this error, whatever it is.
    pub(crate) fn refused_vacuum(&self) -> Option<Error> {
        let selection = Selection::KeepLast(NonZeroUsize::MIN);
        self.pyramid().vacuum(&self.vacuum_options(&selection, false)).err()
    }
}
