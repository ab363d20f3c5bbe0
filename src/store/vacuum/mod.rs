//! Vacuum: dropping versions without changing what the others show (docs/maintenance.md).
//!
//! `plan.rs` decides per tile, `stream.rs` brings the records of a tile together, `journal.rs` survives a kill, and
//! `moving.rs` and `cleaning.rs` run the two stages, step by step (`steps.rs`).
//!
//! In the moving stage, files only get second names, and links in the remaining trees are replaced one by one, each by a
//! rename. Everything old is still there, and the old manifests still say what to do, so the stage can be repeated from
//! any point. When everything has reached the disk, the journal proceeds to the cleaning stage, which deletes.

mod cleaning;
mod journal;
mod moving;
mod plan;
mod steps;
mod stream;

pub use journal::VacuumJournal;
pub use plan::VacuumTotals;
pub use steps::VacuumSteps;

use crate::geometry::{Geometry, Size, Tile};
use crate::store::context::TreeContext;
use crate::store::error::{Context, IoError, StoreError};
use crate::store::layout::{Layout, Version};
use crate::store::source::SourceVersions;
use crate::store::state::{Manifest, check_records, dropped_versions};
use crate::store::tree::published;
use crate::store::vacuum::journal::Stage;
use crate::store::vacuum::plan::{DropPlan, Entry, Fate, TileKind, TilePlan};
use rustix::fs::Access;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The versions of a pyramid, and which of them to drop. Preparing a vacuum changes nothing.
#[derive(Debug)]
pub struct Vacuum {
    context: TreeContext,
    /// All versions with sources and a manifest, lowest first.
    manifests: Vec<Manifest>,
    /// Those of them that have a tree.
    trees: BTreeSet<Version>,
    dropped: BTreeSet<Version>,
    keep_sources: bool,
    plan: DropPlan,
}

impl Vacuum {
    /// Prepares to drop versions, with or without their source folders. The highest version has to stay.
    ///
    /// # Errors
    /// A manifest cannot be read or is damaged.
    pub fn prepare(layout: &Layout, dropped: &BTreeSet<Version>, keep_sources: bool) -> Result<Self, StoreError> {
        let place = SourceVersions::find(layout)?.place;
        let mut manifests = published(layout)?;
        let trees: BTreeSet<Version> = manifests.iter().map(|manifest| manifest.version).collect();
        manifests.extend(dropped_versions(layout)?);
        manifests.sort_by_key(|manifest| manifest.version);
        let Some(latest) = manifests.last().filter(|latest| !dropped.contains(&latest.version)) else {
            return Err(StoreError::damaged(layout.manifests(), "the latest version has to stay, and is missing"));
        };
        let settings = latest.settings.clone();
        let size = Size::new(settings.width, settings.height);
        let geometry = Geometry::new(size, settings.tile_size, settings.overlap)
            .ok_or_else(|| StoreError::damaged(layout.manifest(latest.version), "its picture has no size"))?;
        let plan = plan(&manifests, &trees, |version| dropped.contains(&version), keep_sources);
        let context = TreeContext::new(layout.clone(), place, geometry, settings);
        Ok(Self { context, manifests, trees, dropped: dropped.clone(), keep_sources, plan })
    }

    /// How many tiles [`Vacuum::totals`] counts in its progress.
    #[must_use]
    pub fn planned_tiles(&self) -> u64 {
        stream::tile_count(&self.context.geometry)
    }

    /// How many tiles [`Vacuum::run`] counts in its progress: each tile several times.
    #[must_use]
    pub fn moved_tiles(&self) -> u64 {
        moving::PASSES * self.planned_tiles()
    }

    /// Determines what the vacuum would move and free.
    ///
    /// # Errors
    /// A manifest is damaged, or the vacuum is cancelled.
    pub fn totals(&self, steps: &VacuumSteps<'_>) -> Result<VacuumTotals, StoreError> {
        for manifest in &self.manifests {
            check_records(&self.context.manifest(manifest.version), manifest)?;
        }
        let mut totals = VacuumTotals::default();
        let mut source_versions = BTreeSet::new();
        self.for_each_tile(steps, |_, _, plan| {
            totals += &plan.totals;
            source_versions.extend(plan.deleted_sources.iter().map(|&at| self.version(at)));
            Ok(())
        })?;
        totals.source_versions = source_versions;
        for manifest in self.manifests.iter().filter(|manifest| self.dropped.contains(&manifest.version)) {
            totals.inodes += self.inodes_without_tiles(manifest.version);
        }
        Ok(totals)
    }

    /// The inodes of a version besides its tiles: folders, descriptor, manifest.
    fn inodes_without_tiles(&self, version: Version) -> i64 {
        let has_tree = self.trees.contains(&version);
        let tree = if has_tree { 3 + self.context.geometry.levels().count() as i64 } else { 0 };
        // The manifest is a folder with two files.
        if self.keep_sources { tree } else { tree + 3 + 1 }
    }

    /// Drops the versions. The caller holds the lock.
    ///
    /// It can be killed at any moment; [`UnfinishedVacuum::finish`] then finishes it.
    ///
    /// # Errors
    /// A file cannot be changed, or the vacuum is cancelled. Nothing has changed unless a journal exists by then.
    pub fn run(&self, totals: VacuumTotals, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        self.check_permissions()?;
        steps.begin_change()?;
        let layout = &self.context.layout;
        let mut journal = VacuumJournal::new(&self.dropped, self.keep_sources, totals);
        journal.write(layout)?;
        self.finish_moving(&mut journal, steps)?;
        cleaning::clean(layout, &journal, steps)
    }

    fn finish_moving(&self, journal: &mut VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        journal.manifests = self.move_tiles(steps)?;
        journal.stage = Stage::Cleaning;
        steps.begin_change()?;
        journal.write(&self.context.layout)
    }

    /// Source folders may belong to another user. That has to be detected before anything is changed.
    fn check_permissions(&self) -> Result<(), StoreError> {
        if self.keep_sources {
            return Ok(());
        }
        let folders = (0..self.manifests.len())
            .filter(|&at| self.plan.rewrites(at) || self.dropped.contains(&self.version(at)))
            .map(|at| self.source(at));
        let depth = self.context.naming().pattern.folders();
        for folder in folders {
            check_writable(&folder, depth)?;
        }
        Ok(check_writable(&self.context.layout.source_place(self.context.place), 0)?)
    }

    fn for_each_tile(
        &self,
        steps: &VacuumSteps<'_>,
        mut visit: impl FnMut(Tile, &[Entry], &TilePlan) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.for_each_record(|tile, entries| {
            steps.count_tile()?;
            let plan = self.plan.tile(self.kind(tile), entries);
            visit(tile, entries, &plan.ok_or_else(|| self.no_owner(tile))?)
        })
    }

    fn for_each_record(&self, visit: impl FnMut(Tile, &[Entry]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let folder = |manifest: &Manifest| self.context.manifest(manifest.version);
        let folders: Vec<PathBuf> = self.manifests.iter().map(folder).collect();
        let records = self.manifests.iter().map(|manifest| manifest.records).sum();
        stream::for_each_tile(&folders, records, &self.context.geometry, visit)
    }

    fn kind(&self, tile: Tile) -> TileKind {
        let geometry = &self.context.geometry;
        match (geometry.is_source(tile), geometry.composes_base()) {
            (false, _) => TileKind::Generated,
            (true, false) => TileKind::Base,
            (true, true) => TileKind::Plain,
        }
    }

    fn no_owner(&self, tile: Tile) -> StoreError {
        let problem = format!("the lowest version does not own the tile {tile}");
        StoreError::damaged(self.context.layout.manifests(), problem)
    }

    fn version(&self, at: usize) -> Version {
        self.manifests.get(at).map_or(Version(u32::MAX), |manifest| manifest.version)
    }

    fn source(&self, at: usize) -> PathBuf {
        self.context.source(self.version(at))
    }
}

fn plan(
    manifests: &[Manifest],
    trees: &BTreeSet<Version>,
    drops: impl Fn(Version) -> bool,
    keep_sources: bool,
) -> DropPlan {
    let fate = |manifest: &Manifest| {
        let (tree, dropped) = (trees.contains(&manifest.version), drops(manifest.version));
        Fate { tree_before: tree, tree_after: tree && !dropped, sources_after: !dropped || keep_sources }
    };
    DropPlan::new(manifests.iter().map(fate).collect())
}

/// Checks that entries of a folder can be changed, and those of the folders that tiles are in, down to this depth.
fn check_writable(folder: &Path, depth: usize) -> Result<(), IoError> {
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).context("change", folder)?;
    if depth == 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let entry = entry.context("read", folder)?;
        if entry.file_type().context("read", &entry.path())?.is_dir() {
            check_writable(&entry.path(), depth - 1)?;
        }
    }
    Ok(())
}

/// A vacuum that was cancelled or killed after it had begun.
#[derive(Debug)]
pub struct UnfinishedVacuum {
    layout: Layout,
    journal: VacuumJournal,
    /// What remains to be moved, unless the moving stage is finished.
    moving: Option<Vacuum>,
}

impl UnfinishedVacuum {
    /// The unfinished vacuum of a pyramid, if there is one. The caller holds the lock.
    ///
    /// # Errors
    /// The journal or a manifest cannot be read or is damaged.
    pub fn find(layout: &Layout) -> Result<Option<Self>, StoreError> {
        let Some(journal) = VacuumJournal::read(layout)? else { return Ok(None) };
        journal.check(layout, &SourceVersions::find(layout)?)?;
        let moving = match journal.stage {
            Stage::Moving => Some(Vacuum::prepare(layout, &journal.dropped, journal.keep_sources)?),
            Stage::Cleaning => None,
        };
        Ok(Some(Self { layout: layout.clone(), journal, moving }))
    }

    /// How many tiles [`UnfinishedVacuum::finish`] counts in its progress; `None` if it only has to delete files.
    #[must_use]
    pub fn moved_tiles(&self) -> Option<u64> {
        self.moving.as_ref().map(Vacuum::moved_tiles)
    }

    /// Finishes the vacuum and returns its journal. The caller holds the lock.
    ///
    /// # Errors
    /// A file cannot be changed, or the vacuum is cancelled again.
    pub fn finish(mut self, steps: &VacuumSteps<'_>) -> Result<VacuumJournal, StoreError> {
        if let Some(vacuum) = self.moving {
            vacuum.finish_moving(&mut self.journal, steps)?;
        }
        cleaning::clean(&self.layout, &self.journal, steps)?;
        Ok(self.journal)
    }
}

/// What dropping each published version except the latest, alone, would free.
///
/// # Errors
/// A manifest cannot be read or is damaged.
pub fn freed_by_each(layout: &Layout) -> Result<Vec<(Version, VacuumTotals)>, StoreError> {
    if published(layout)?.is_empty() {
        return Ok(Vec::new());
    }
    // A vacuum that drops nothing, as a description of the pyramid.
    let all = Vacuum::prepare(layout, &BTreeSet::new(), false)?;
    let Some((_, lower)) = all.manifests.split_last() else { return Ok(Vec::new()) };
    let mut alone: Vec<(DropPlan, VacuumTotals)> = lower
        .iter()
        .map(|Manifest { version, .. }| {
            let plan = plan(&all.manifests, &all.trees, |other| other == *version, false);
            (plan, VacuumTotals { inodes: all.inodes_without_tiles(*version), ..VacuumTotals::default() })
        })
        .collect();
    all.for_each_record(|tile, entries| {
        // Dropping a version changes a tile only if the version has a record of it or is the next tree above one that
        // has: that may be the only tree that leads to the owner.
        let mut last = None;
        for at in entries.iter().flat_map(|entry| [entry.at, all.plan.tree_above(entry.at)]) {
            if let (Some((plan, totals)), true) = (alone.get_mut(at), last < Some(at)) {
                *totals += &plan.tile(all.kind(tile), entries).ok_or_else(|| all.no_owner(tile))?.totals;
                last = Some(at);
            }
        }
        Ok(())
    })?;
    let versions = lower.iter().map(|manifest| manifest.version).zip(alone);
    let versions = versions.filter(|(version, _)| all.trees.contains(version));
    Ok(versions.map(|(version, (_, totals))| (version, totals)).collect())
}
