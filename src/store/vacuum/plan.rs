//! Deciding which tile goes where when versions are dropped: per tile, from manifests alone, without a disk.
//!
//! The result is that of a build from the remaining sources: a version owns a tile if it shows other bytes than the
//! remaining version below it. Base tiles follow the remaining source folders, generated tiles the remaining trees.

use crate::store::fs::FileStamp;
use crate::store::layout::Version;
use crate::store::state::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether a tile is a source file or was generated, and whether trees link to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileKind {
    /// A source tile that is a base tile of the trees.
    Base,
    /// A source tile of which base tiles are composed. No tree links to it.
    Plain,
    Generated,
}

/// What happens to a version. Every version listed still has its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// It has a tree now.
    pub(crate) tree_before: bool,
    /// It has a tree afterwards.
    pub(crate) tree_after: bool,
    /// Its source folder stays.
    pub(crate) sources_after: bool,
}

/// What one manifest says about a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The version, as an index into the list of versions.
    pub(crate) at: usize,
    /// The relation of the version to the tile.
    pub(crate) role: Role,
    /// Length, time and hash of the tile.
    pub(crate) stamp: FileStamp,
}

/// A version that owns a tile afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The owner.
    pub(crate) at: usize,
    /// The version whose file it is before. If this is not the owner, the file moves.
    pub(crate) file: usize,
}

/// What happens to one tile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TilePlan {
    /// Its owners afterwards, ascending.
    pub(crate) owners: Vec<Owner>,
    /// Its records afterwards, ascending.
    pub(crate) records: Vec<Entry>,
    /// Tiles moved and space freed.
    pub(crate) totals: VacuumTotals,
    /// The versions whose source tile is deleted.
    pub(crate) deleted_sources: Vec<usize>,
}

/// A link to be replaced in a remaining tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relink {
    /// The tree.
    pub(crate) tree: usize,
    /// The owner that the link leads to afterwards.
    pub(crate) owner: usize,
    /// A tree that already has the same link by then, which can get a second name.
    pub(crate) donor: Option<usize>,
    /// The tree has a file there until now. Such places come last, because other links may lead to them.
    pub(crate) was_file: bool,
}

/// Tiles moved and space freed by dropping versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VacuumTotals {
    /// Tiles whose files get a new owner.
    pub moved: u64,
    /// Tile files deleted.
    pub deleted: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries of the file system freed: files, links and folders. Links that trees share count once.
    pub inodes: i64,
    /// How many of the deleted files were source tiles.
    pub source_tiles: u64,
    /// Their bytes.
    pub source_bytes: u64,
    /// The versions that they were of.
    pub source_versions: BTreeSet<Version>,
}

impl std::ops::AddAssign<&Self> for VacuumTotals {
    fn add_assign(&mut self, other: &Self) {
        // A damaged journal may hold any numbers.
        self.moved = self.moved.saturating_add(other.moved);
        self.deleted = self.deleted.saturating_add(other.deleted);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.inodes = self.inodes.saturating_add(other.inodes);
        self.source_tiles = self.source_tiles.saturating_add(other.source_tiles);
        self.source_bytes = self.source_bytes.saturating_add(other.source_bytes);
        self.source_versions.extend(&other.source_versions);
    }
}

/// Which versions stay, arranged for quick decisions about a million tiles.
#[derive(Debug, Clone)]
pub(crate) struct DropPlan {
    fates: Vec<Fate>,
    base: Chain,
    generated: Chain,
    /// The number of trees below each index, before and after.
    trees_before: Vec<usize>,
    trees_after: Vec<usize>,
}

/// The versions that can own tiles of one kind.
#[derive(Debug, Clone)]
struct Chain {
    /// For each version the lowest remaining one at or above it, which takes over its tiles.
    next: Vec<usize>,
    /// The lowest version of the chain before, which owns every tile.
    first: usize,
}

impl Chain {
    fn new(fates: &[Fate], before: fn(&Fate) -> bool, stays: fn(&Fate) -> bool) -> Self {
        let mut next = vec![fates.len(); fates.len()];
        let mut above = fates.len();
        for (at, fate) in fates.iter().enumerate().rev() {
            if stays(fate) {
                above = at;
            }
            next[at] = above;
        }
        Self { next, first: fates.iter().position(before).unwrap_or(0) }
    }
}

impl DropPlan {
    /// The plan for these versions, lowest first. The highest has to stay.
    pub(crate) fn new(fates: Vec<Fate>) -> Self {
        let below = |has: fn(&Fate) -> bool| {
            let mut count = 0;
            let mut counts = vec![0];
            counts.extend(fates.iter().map(|fate| {
                count += usize::from(has(fate));
                count
            }));
            counts
        };
        Self {
            base: Chain::new(&fates, |_| true, |fate| fate.sources_after),
            generated: Chain::new(&fates, |fate| fate.tree_before, |fate| fate.tree_after),
            trees_before: below(|fate| fate.tree_before),
            trees_after: below(|fate| fate.tree_after),
            fates,
        }
    }

    fn chain(&self, kind: TileKind) -> &Chain {
        match kind {
            TileKind::Base | TileKind::Plain => &self.base,
            TileKind::Generated => &self.generated,
        }
    }

    /// The lowest version above `at` that had a tree before.
    pub(crate) fn tree_above(&self, at: usize) -> usize {
        let above = self.fates.iter().enumerate().skip(at + 1).find(|(_, fate)| fate.tree_before);
        above.map_or(self.fates.len(), |(index, _)| index)
    }

    /// Whether the manifest of the version at `at` has other records afterwards.
    pub(crate) fn rewrites(&self, at: usize) -> bool {
        let fate = self.fates[at];
        let receives = |chain: &Chain, gives: fn(&Fate) -> bool| {
            (0..at).any(|other| chain.next[other] == at && gives(&self.fates[other]))
        };
        fate.sources_after
            && (receives(&self.base, |fate| !fate.sources_after)
                || receives(&self.generated, |fate| fate.tree_before && !fate.tree_after)
                || (fate.tree_before && !fate.tree_after))
    }

    /// The versions whose generated tiles the tree of `at` may own afterwards, including itself.
    pub(crate) fn givers(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        (0..=at)
            .filter(move |&other| other == at || (self.fates[other].tree_before && self.generated.next[other] == at))
    }

    /// Plans one tile with these records, ascending.
    ///
    /// `None` if they are invalid: the lowest version must own every tile.
    pub(crate) fn tile(&self, kind: TileKind, entries: &[Entry]) -> Option<TilePlan> {
        let (chain, is_source) = (self.chain(kind), kind != TileKind::Generated);
        if entries.first().is_none_or(|first| first.at != chain.first || !owned(first)) {
            return None;
        }
        let mut plan = TilePlan::default();
        let mut shown = None;
        let mut rest = entries;
        while let Some(first) = rest.first() {
            // The same remaining version takes over all tiles of a group.
            let receiver = chain.next[first.at];
            let count = rest.iter().take_while(|entry| chain.next[entry.at] == receiver).count();
            let (group, after) = rest.split_at(count);
            rest = after;
            let &newest = group.last()?;
            let content = group.iter().rfind(|entry| owned(entry)).map(|entry| contents(&entry.stamp));
            let mut deleted = &group[..count - 1];
            if content.is_some() && content != shown {
                shown = content;
                plan.owners.push(Owner { at: receiver, file: newest.at });
                let role = if is_source { Role::Source } else { Role::Generated };
                plan.records.push(Entry { at: receiver, role, stamp: newest.stamp });
                plan.totals.moved += u64::from(newest.at != receiver);
            } else if is_source && newest.at == receiver {
                plan.records.push(Entry { role: Role::SourceUnchanged, ..newest });
            } else {
                deleted = group;
            }
            let bytes = deleted.iter().map(|entry| entry.stamp.stat.length).sum::<u64>();
            plan.totals.deleted += deleted.len() as u64;
            plan.totals.bytes += bytes;
            if is_source {
                plan.totals.source_tiles += deleted.len() as u64;
                plan.totals.source_bytes += bytes;
                plan.deleted_sources.extend(deleted.iter().map(|entry| entry.at));
            }
        }
        let before = links(kind, &self.trees_before, entries.iter().filter(|entry| owned(entry)).map(|entry| entry.at));
        let after = links(kind, &self.trees_after, plan.owners.iter().map(|owner| owner.at));
        plan.totals.inodes = plan.totals.deleted as i64 + before - after;
        Some(plan)
    }

    /// The links to replace for a tile, in an order in which no link is ever broken.
    pub(crate) fn relinks(&self, kind: TileKind, entries: &[Entry], plan: &TilePlan) -> Vec<Relink> {
        let old = entries.iter().filter(|entry| owned(entry)).map(|entry| entry.at);
        let mut relinks = Vec::new();
        if kind == TileKind::Plain || old.clone().eq(plan.owners.iter().map(|owner| owner.at)) {
            return relinks;
        }
        let mut old = old.peekable();
        let mut had = None;
        for (index, owner) in plan.owners.iter().enumerate() {
            let end = plan.owners.get(index + 1).map_or(self.fates.len(), |next| next.at);
            let (mut donor, first) = (None, relinks.len());
            for tree in owner.at..end {
                while let Some(next) = old.next_if(|next| *next <= tree) {
                    had = Some(next);
                }
                let is_file = kind == TileKind::Generated && owner.at == tree;
                if !self.fates[tree].tree_after || is_file {
                    continue;
                }
                if had == Some(owner.at) {
                    donor = donor.or(Some(tree));
                } else {
                    let was_file = kind == TileKind::Generated && had == Some(tree);
                    relinks.push(Relink { tree, owner: owner.at, donor: None, was_file });
                }
            }
            // If no tree has the link before, the first new one serves the others.
            let new = &mut relinks[first..];
            new.sort_by_key(|relink| relink.was_file);
            let donor = donor.or(new.first().map(|relink| relink.tree));
            for relink in new {
                relink.donor = donor.filter(|donor| *donor != relink.tree);
            }
        }
        relinks.sort_by_key(|relink| relink.was_file);
        relinks
    }
}

fn owned(entry: &Entry) -> bool {
    entry.role != Role::SourceUnchanged
}

fn contents(stamp: &FileStamp) -> (u64, u128) {
    (stamp.stat.length, stamp.hash)
}

/// The number of links, shared by all trees, to a tile with these owners: one per owner of a generated tile that another
/// tree shows, and one per owner of a base tile that any tree shows. `trees` counts the trees below each version.
fn links(kind: TileKind, trees: &[usize], owners: impl Iterator<Item = usize> + Clone) -> i64 {
    if kind == TileKind::Plain {
        return 0;
    }
    let ends = owners.clone().skip(1).chain([trees.len() - 1]);
    let without_link = usize::from(kind == TileKind::Generated);
    owners.zip(ends).filter(|&(at, end)| trees[end] - trees[at] > without_link).count() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(dropped: &[usize], count: usize, keep_sources: bool) -> DropPlan {
        let fate = |at| {
            let stays = !dropped.contains(&at);
            Fate { tree_before: true, tree_after: stays, sources_after: stays || keep_sources }
        };
        DropPlan::new((0..count).map(fate).collect())
    }

    fn entries(role: Role, contents: &[(usize, u128)]) -> Vec<Entry> {
        let stamp = |hash| FileStamp::of_contents(10, hash);
        contents.iter().map(|&(at, hash)| Entry { at, role, stamp: stamp(hash) }).collect()
    }

    fn owners(plan: &TilePlan) -> Vec<(usize, usize)> {
        plan.owners.iter().map(|owner| (owner.at, owner.file)).collect()
    }

    #[test]
    fn dropped_tile_moves_to_the_next_remaining_version() {
        let dropping = plan(&[1, 2], 5, false);
        let tile = entries(Role::Generated, &[(0, 7), (1, 8), (2, 9)]);
        let planned = dropping.tile(TileKind::Generated, &tile).unwrap();
        assert_eq!(owners(&planned), [(0, 0), (3, 2)]);
        let totals = VacuumTotals { moved: 1, deleted: 1, bytes: 10, inodes: 1, ..VacuumTotals::default() };
        assert_eq!(planned.totals, totals);
        let relinks = dropping.relinks(TileKind::Generated, &tile, &planned);
        assert_eq!(relinks, [Relink { tree: 4, owner: 3, donor: None, was_file: false }]);
    }

    #[test]
    fn restored_tile_belongs_to_the_first_version_again() {
        let dropping = plan(&[1], 4, false);
        let tile = entries(Role::Generated, &[(0, 7), (1, 8), (2, 7)]);
        let planned = dropping.tile(TileKind::Generated, &tile).unwrap();
        assert_eq!(owners(&planned), [(0, 0)]);
        assert_eq!(planned.totals.deleted, 2);
        let relinks = dropping.relinks(TileKind::Generated, &tile, &planned);
        let replaced: Vec<_> = relinks.iter().map(|relink| (relink.tree, relink.donor, relink.was_file)).collect();
        // The file is replaced last, because tree 3 leads to it.
        assert_eq!(replaced, [(3, None, false), (2, Some(3), true)]);

        let tile = entries(Role::Source, &[(0, 7), (1, 8), (2, 7)]);
        let planned = dropping.tile(TileKind::Base, &tile).unwrap();
        assert_eq!(owners(&planned), [(0, 0)]);
        assert_eq!(planned.records[1].role, Role::SourceUnchanged);
        assert_eq!(planned.totals.deleted, 1);
    }

    #[test]
    fn unchanged_source_tile_becomes_the_owner() {
        let dropping = plan(&[0], 2, false);
        let mut tile = entries(Role::Source, &[(0, 7), (1, 7)]);
        tile[1].role = Role::SourceUnchanged;
        let planned = dropping.tile(TileKind::Base, &tile).unwrap();
        assert_eq!((owners(&planned), planned.records[0].role), (vec![(1, 1)], Role::Source));
    }

    #[test]
    fn base_tiles_stay_if_sources_are_kept() {
        let dropping = plan(&[0, 1], 3, true);
        let tile = entries(Role::Source, &[(0, 7), (1, 8)]);
        let planned = dropping.tile(TileKind::Base, &tile).unwrap();
        assert_eq!(owners(&planned), [(0, 0), (1, 1)]);
        assert_eq!((planned.totals.moved, planned.totals.deleted, planned.totals.inodes), (0, 0, 1));
        assert!(dropping.relinks(TileKind::Base, &tile, &planned).is_empty());
        let tile = entries(Role::Generated, &[(0, 7), (1, 8)]);
        assert_eq!(owners(&dropping.tile(TileKind::Generated, &tile).unwrap()), [(2, 1)]);
        assert_eq!((0..3).map(|at| dropping.rewrites(at)).collect::<Vec<_>>(), [true; 3]);
    }

    #[test]
    fn records_without_the_lowest_version_are_invalid() {
        let dropping = plan(&[1], 3, false);
        assert_eq!(dropping.tile(TileKind::Base, &entries(Role::Source, &[(1, 7)])), None);
        assert_eq!(dropping.tile(TileKind::Base, &entries(Role::SourceUnchanged, &[(0, 7)])), None);
        assert_eq!(dropping.tile(TileKind::Base, &[]), None);
    }
}
