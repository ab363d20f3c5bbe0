//! The model: what each version must show, computed from patches, builds and vacuums without the code under test.

use fast_pyramid::Selection;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Column and row of a base tile.
pub(crate) type Place = (usize, usize);

/// Base tiles with their bytes.
pub(crate) type Tiles = BTreeMap<Place, Rc<Vec<u8>>>;

/// A pyramid's versions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// All source folders.
    pub(crate) sources: BTreeMap<u32, Tiles>,
    /// The published versions, each with all the base tiles it shows.
    pub(crate) published: BTreeMap<u32, Tiles>,
    /// Versions whose trees were dropped while their sources stayed.
    pub(crate) treeless: BTreeSet<u32>,
    /// The vacuum that was stopped half way and waits for its end.
    pub(crate) half_done: Option<Dropping>,
}

/// The versions that a vacuum drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropping {
    pub(crate) versions: BTreeSet<u32>,
    pub(crate) keep_sources: bool,
}

/// The report that a vacuum must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    NotPublished,
    Unpublished,
    DropsLatest,
    NothingToDrop,
    Drops(BTreeSet<u32>),
}

impl Model {
    /// The base tiles as they are at `version`.
    pub(crate) fn picture(&self, version: u32) -> Tiles {
        let below = self.sources.range(..=version);
        below.flat_map(|(_, tiles)| tiles.iter().map(|(&place, bytes)| (place, bytes.clone()))).collect()
    }

    /// The versions that have tiles; others count as still being filled.
    pub(crate) fn versions(&self) -> Vec<u32> {
        self.sources.iter().filter(|(_, tiles)| !tiles.is_empty()).map(|(&version, _)| version).collect()
    }

    /// The highest version that is published.
    pub(crate) fn latest(&self) -> Option<u32> {
        self.published.keys().next_back().copied()
    }

    /// The versions that the next build makes.
    pub(crate) fn unpublished(&self) -> Vec<u32> {
        let known = |version: &u32| self.published.contains_key(version) || self.treeless.contains(version);
        self.versions().into_iter().filter(|version| !known(version)).collect()
    }

    /// The published versions that stay, whatever waits for its end.
    pub(crate) fn kept(&self) -> Vec<u32> {
        let goes = |version: &u32| self.half_done.as_ref().is_some_and(|vacuum| vacuum.versions.contains(version));
        self.published.keys().copied().filter(|version| !goes(version)).collect()
    }

    pub(crate) fn publish(&mut self, version: u32) {
        let picture = self.picture(version);
        self.published.insert(version, picture);
    }

    pub(crate) fn publish_all(&mut self) {
        for version in self.unpublished() {
            self.publish(version);
        }
    }

    /// Where a rebuild from `from` really begins: versions without a tree right below come back, because it has to be
    /// built on top of them.
    pub(crate) fn rebuilt_from(&self, from: u32) -> u32 {
        let below = self.versions().into_iter().rev().filter(|version| *version < from);
        below.take_while(|version| self.treeless.contains(version)).last().unwrap_or(from)
    }

    /// All versions from `from` on are built again, and what is not published is published.
    pub(crate) fn rebuild(&mut self, from: u32) {
        let from = self.rebuilt_from(from);
        self.treeless.retain(|&version| version < from);
        self.published.retain(|&version, _| version < from);
        self.publish_all();
    }

    /// `dest` is gone, and with it every memory of versions without a tree.
    pub(crate) fn forget(&mut self) {
        self.published.clear();
        self.treeless.clear();
        self.half_done = None;
    }

    /// The vacuum that waits is finished.
    pub(crate) fn finish(&mut self) {
        if let Some(vacuum) = self.half_done.take() {
            self.drop(&vacuum);
        }
    }

    pub(crate) fn drop(&mut self, vacuum: &Dropping) {
        self.published.retain(|version, _| !vacuum.versions.contains(version));
        if vacuum.keep_sources {
            self.treeless.extend(&vacuum.versions);
            return;
        }
        self.treeless.retain(|version| !vacuum.versions.contains(version));
        // What a dropped version brought moves to the next that stays, unless that shows the same without it.
        let (mut carried, mut below) = (Tiles::new(), Tiles::new());
        for (version, own) in std::mem::take(&mut self.sources) {
            if vacuum.versions.contains(&version) {
                carried.extend(own);
                continue;
            }
            // A folder that is still being filled is left alone.
            if own.is_empty() {
                self.sources.insert(version, own);
                continue;
            }
            let mut tiles = std::mem::take(&mut carried);
            tiles.retain(|place, bytes| below.get(place) != Some(bytes));
            tiles.extend(own);
            below.extend(tiles.clone());
            self.sources.insert(version, tiles);
        }
    }

    /// What a vacuum has to answer once what waits is finished. `built` says when each version was built, `now` is both in
    /// seconds.
    pub(crate) fn answer(
        &self,
        selection: &Selection,
        keep_sources: bool,
        built: &BTreeMap<u32, u64>,
        now: u64,
    ) -> Answer {
        let mut finished = self.clone();
        finished.finish();
        let Some(latest) = finished.latest() else { return Answer::NotPublished };
        if !finished.unpublished().is_empty() {
            return Answer::Unpublished;
        }
        let mut candidates: BTreeSet<u32> = finished.published.keys().copied().collect();
        // Sources kept on purpose stay until a range names them.
        if !keep_sources && matches!(selection, Selection::Drop(_)) {
            candidates.extend(&finished.treeless);
        }
        Answer::Drops(match selection {
            Selection::KeepLast(count) => match finished.published.keys().rev().nth(count.get() - 1) {
                Some(lowest) => candidates.range(..lowest).copied().collect(),
                None => BTreeSet::new(),
            },
            Selection::OlderThan(age) => {
                let limit = now.saturating_sub(age.as_secs());
                candidates.into_iter().filter(|version| *version != latest && built[version] < limit).collect()
            }
            Selection::Drop(ranges) => {
                let mut dropped = BTreeSet::new();
                for range in ranges {
                    if range.contains(&latest) {
                        return Answer::DropsLatest;
                    }
                    let found: BTreeSet<u32> = candidates.range(range.clone()).copied().collect();
                    if found.is_empty() && *range.start() > latest {
                        return Answer::NothingToDrop;
                    }
                    dropped.extend(found);
                }
                dropped
            }
        })
    }
}
