//! Dropping versions: `plan.rs` decides tile by tile, `stream.rs` brings the records together, `journal.rs` outlives a
//! kill, `moving.rs` and `cleaning.rs` do it, step by step (`steps.rs`).
//!
//! While the stage is moving, files only get second names and links in the trees that stay are replaced one by one, each
//! by a rename: what is to go is still whole, and the old manifests still say what to do, so the stage can begin again at
//! any point. Once everything has reached the disk the journal says cleaning, and what is no longer needed goes.

mod cleaning;
mod journal;
mod moving;
mod plan;
mod steps;
mod stream;

pub(crate) use journal::marked;
pub use journal::{VacuumJournal, dropped_versions, forget_dropped};
pub use plan::VacuumTotals;
pub use steps::VacuumSteps;

use crate::format::Settings;
use crate::geometry::{Geometry, Size, Tile};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::layout::{Layout, SourcePlace, Version};
use crate::store::source::sources::SourceVersions;
use crate::store::state::manifest::{self, Manifest};
use crate::store::tree::publish::published;
use journal::Stage;
use plan::{DropPlan, Entry, Fate, TilePlan};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is to be dropped from a pyramid, and what there is. Making one changes nothing.
#[derive(Debug)]
pub struct Vacuum {
    layout: Layout,
    place: SourcePlace,
    geometry: Geometry,
    settings: Settings,
    /// All versions with sources and a manifest, lowest first.
    manifests: Vec<Manifest>,
    /// Those of them that have a tree.
    trees: BTreeSet<Version>,
    dropped: BTreeSet<Version>,
    keep_sources: bool,
    plan: DropPlan,
}

impl Vacuum {
    /// Prepares to drop the versions `dropped`, with or without their source folders. Their highest version has to stay.
    ///
    /// # Errors
    /// A manifest cannot be read or is damaged.
    pub fn prepare(layout: &Layout, dropped: &BTreeSet<Version>, keep_sources: bool) -> Result<Self, StoreError> {
        let place = SourceVersions::find(layout)?.place;
        let with_tree = published(layout)?;
        let trees: BTreeSet<Version> = with_tree.iter().map(|manifest| manifest.version).collect();
        let mut manifests = with_tree;
        manifests.extend(dropped_versions(layout)?);
        manifests.sort_by_key(|manifest| manifest.version);
        let Some(latest) = manifests.last().filter(|latest| !dropped.contains(&latest.version)) else {
            let problem = "the latest version has to stay, and is not there".into();
            return Err(StoreError::Damaged { path: layout.manifests(), problem });
        };
        let settings = latest.settings.clone();
        let size = Size::new(settings.width, settings.height);
        let geometry = Geometry::new(size, settings.tile_size, settings.overlap).ok_or_else(|| {
            let problem = "its picture has no size".into();
            StoreError::Damaged { path: layout.manifest(latest.version), problem }
        })?;
        let plan = plan(&manifests, &trees, |version| dropped.contains(&version), keep_sources);
        let (layout, dropped) = (layout.clone(), dropped.clone());
        Ok(Self { layout, place, geometry, settings, manifests, trees, dropped, keep_sources, plan })
    }

    /// How many tiles [`Vacuum::totals`] counts in its progress.
    #[must_use]
    pub fn planned_tiles(&self) -> u64 {
        self.geometry.tile_count()
    }

    /// How many tiles [`Vacuum::run`] counts in its progress: each several times.
    #[must_use]
    pub fn moved_tiles(&self) -> u64 {
        moving::PASSES * self.geometry.tile_count()
    }

    /// What it would move and free.
    ///
    /// # Errors
    /// The manifests are damaged, or the watch stopped it.
    pub fn totals(&self, steps: &VacuumSteps<'_>) -> Result<VacuumTotals, StoreError> {
        for manifest in &self.manifests {
            manifest::check_records(&self.layout.manifest(manifest.version), manifest)?;
        }
        let mut totals = VacuumTotals::default();
        self.for_each_tile(steps, |_, _, plan| {
            totals += plan.totals;
            Ok(())
        })?;
        for manifest in self.manifests.iter().filter(|manifest| self.dropped.contains(&manifest.version)) {
            totals.inodes += self.folders(manifest.version);
        }
        Ok(totals)
    }

    /// What goes with a version beside its tiles: folders, descriptor, manifest.
    fn folders(&self, version: Version) -> i64 {
        let tree = if self.trees.contains(&version) { 3 + self.geometry.levels().count() as i64 } else { 0 };
        // The manifest is a folder with two files.
        if self.keep_sources { tree } else { tree + 3 + 1 }
    }

    /// Does it, in a way that can be killed at any moment and is then finished by [`UnfinishedVacuum::finish`]. The caller holds
    /// the lock.
    ///
    /// # Errors
    /// The file system refuses, or the watch stopped it. Unless there is a journal by then, nothing has changed.
    pub fn run(&self, totals: VacuumTotals, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        self.check_permissions()?;
        steps.take()?;
        let mut journal = VacuumJournal::new(&self.dropped, self.keep_sources, totals);
        journal.write(&self.layout)?;
        self.finish_moving(&mut journal, steps)?;
        cleaning::clean(&self.layout, &journal, steps)
    }

    fn finish_moving(&self, journal: &mut VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        journal.manifests = self.move_tiles(steps)?;
        journal.stage = Stage::Cleaning;
        steps.take()?;
        journal.write(&self.layout)
    }

    /// Source folders may belong to somebody else; that has to be known before anything is begun.
    fn check_permissions(&self) -> Result<(), StoreError> {
        use rustix::fs::Access;
        if self.keep_sources {
            return Ok(());
        }
        let folders = (0..self.manifests.len())
            .filter(|&at| self.plan.rewrites(at) || self.dropped.contains(&self.version(at)))
            .map(|at| self.source(at));
        for folder in folders.chain([self.layout.source_place(self.place)]) {
            rustix::fs::access(&folder, Access::WRITE_OK | Access::EXEC_OK).context("change", &folder)?;
        }
        Ok(())
    }

    fn for_each_tile(
        &self,
        steps: &VacuumSteps<'_>,
        mut visit: impl FnMut(Tile, &[Entry], &TilePlan) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let base_level = self.geometry.base_level();
        stream(&self.layout, &self.manifests, &self.geometry, |tile, entries| {
            steps.tile()?;
            let plan = self.plan.tile(tile.level == base_level, entries);
            visit(tile, entries, &plan.ok_or_else(|| nobody_owns(&self.layout, tile))?)
        })
    }

    fn version(&self, at: usize) -> Version {
        self.manifests.get(at).map_or(Version(u32::MAX), |manifest| manifest.version)
    }

    fn tree(&self, at: usize) -> PathBuf {
        self.layout.tree(self.version(at))
    }

    fn source(&self, at: usize) -> PathBuf {
        self.layout.source(self.place, self.version(at))
    }
}

fn plan(
    manifests: &[Manifest],
    trees: &BTreeSet<Version>,
    goes: impl Fn(Version) -> bool,
    keep_sources: bool,
) -> DropPlan {
    let fate = |manifest: &Manifest| {
        let (tree, goes) = (trees.contains(&manifest.version), goes(manifest.version));
        Fate { tree_before: tree, tree_after: tree && !goes, sources_after: !goes || keep_sources }
    };
    DropPlan::new(manifests.iter().map(fate).collect())
}

fn stream(
    layout: &Layout,
    manifests: &[Manifest],
    geometry: &Geometry,
    visit: impl FnMut(Tile, &[Entry]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let folders: Vec<PathBuf> = manifests.iter().map(|manifest| layout.manifest(manifest.version)).collect();
    let records = manifests.iter().map(|manifest| manifest.records).sum();
    stream::for_each_tile(&folders, records, geometry, visit)
}

fn nobody_owns(layout: &Layout, tile: Tile) -> StoreError {
    let problem = format!("the lowest version does not own the tile {tile}");
    StoreError::Damaged { path: layout.manifests(), problem }
}

/// A vacuum that was cancelled or killed after it had begun.
#[derive(Debug)]
pub struct UnfinishedVacuum {
    layout: Layout,
    journal: VacuumJournal,
    /// What is still to be moved, unless all of it was.
    moving: Option<Vacuum>,
}

impl UnfinishedVacuum {
    /// The unfinished vacuum of this pyramid, if there is one. The caller holds the lock.
    ///
    /// # Errors
    /// A file of the tool's own cannot be read or is damaged.
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

    /// Finishes it and returns its journal. The caller holds the lock.
    ///
    /// # Errors
    /// The file system refuses, or the vacuum was cancelled again.
    pub fn finish(mut self, steps: &VacuumSteps<'_>) -> Result<VacuumJournal, StoreError> {
        if let Some(vacuum) = self.moving {
            vacuum.finish_moving(&mut self.journal, steps)?;
        }
        cleaning::clean(&self.layout, &self.journal, steps)?;
        Ok(self.journal)
    }
}

/// What dropping each published version but the latest, alone, would free.
///
/// # Errors
/// A manifest cannot be read or is damaged.
pub fn freed_by_each(layout: &Layout) -> Result<Vec<(Version, VacuumTotals)>, StoreError> {
    if published(layout)?.is_empty() {
        return Ok(Vec::new());
    }
    // With nothing to drop this only says what there is.
    let all = Vacuum::prepare(layout, &BTreeSet::new(), false)?;
    let Some((_, lower)) = all.manifests.split_last() else { return Ok(Vec::new()) };
    let mut alone: Vec<(DropPlan, VacuumTotals)> = lower
        .iter()
        .map(|Manifest { version, .. }| {
            let plan = plan(&all.manifests, &all.trees, |other| other == *version, false);
            (plan, VacuumTotals { inodes: all.folders(*version), ..VacuumTotals::default() })
        })
        .collect();
    let base_level = all.geometry.base_level();
    stream(layout, &all.manifests, &all.geometry, |tile, entries| {
        // Only the versions that have a record of the tile, and those right above, change how it is kept: one above may
        // have the only tree that leads to the owner.
        let mut last = None;
        for at in entries.iter().flat_map(|entry| [entry.at, all.plan.tree_above(entry.at)]) {
            if let (Some((plan, totals)), true) = (alone.get_mut(at), last < Some(at)) {
                let base = tile.level == base_level;
                *totals += plan.tile(base, entries).ok_or_else(|| nobody_owns(layout, tile))?.totals;
                last = Some(at);
            }
        }
        Ok(())
    })?;
    let versions = lower.iter().map(|manifest| manifest.version).zip(alone);
    let versions = versions.filter(|(version, _)| all.trees.contains(version));
    Ok(versions.map(|(version, (_, totals))| (version, totals)).collect())
}

/// Flushes the file systems that these folders are on, each once.
fn flush(folders: impl IntoIterator<Item = PathBuf>) -> Result<(), IoError> {
    use std::os::unix::fs::MetadataExt;
    let mut done = BTreeSet::new();
    for folder in folders {
        let device = std::fs::metadata(&folder).context("read", &folder)?.dev();
        if done.insert(device) {
            files::flush_file_system(&folder)?;
        }
    }
    Ok(())
}

/// Renames within the tool's own folders.
fn rename(from: &Path, to: &Path) -> Result<(), IoError> {
    std::fs::rename(from, to).context("rename", from)
}
