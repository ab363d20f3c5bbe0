//! What outlives a run that was killed: the journal of a vacuum, and which versions were dropped but for their sources.

use super::plan::VacuumTotals;
use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::{Layout, Version};
use crate::store::source::sources::SourceVersions;
use crate::store::state::folder as state;
use crate::store::state::folder::SCHEMA;
use crate::store::state::manifest::Manifest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A vacuum that has begun. As long as this is there, it has to be finished before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VacuumJournal {
    pub(super) schema: u32,
    /// How far it is.
    pub(super) stage: Stage,
    /// The versions that go.
    pub dropped: BTreeSet<Version>,
    /// Whether their source folders stay.
    pub keep_sources: bool,
    /// What it moves and frees.
    pub totals: VacuumTotals,
    /// The versions with a new manifest, and the hash of its records, which tells whether it is in place.
    pub(super) manifests: Vec<(Version, String)>,
}

/// What a killed run has to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Files get second names, links are made; the old manifests say what, and nothing old has gone.
    Moving,
    /// The trees that stay are as they should be; what is no longer needed goes.
    Cleaning,
}

impl VacuumJournal {
    pub(super) fn new(dropped: &BTreeSet<Version>, keep_sources: bool, totals: VacuumTotals) -> Self {
        let (stage, manifests) = (Stage::Moving, Vec::new());
        Self { schema: SCHEMA, stage, dropped: dropped.clone(), keep_sources, totals, manifests }
    }

    /// The journal of the vacuum that was not finished, if there is one.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub fn read(layout: &Layout) -> Result<Option<Self>, StoreError> {
        state::read(&path(layout))
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), StoreError> {
        state::write(&path(layout), self)?;
        Ok(files::flush_folder(&layout.state())?)
    }

    /// Refuses a journal that cannot be of this pyramid, before anything that it names is deleted.
    pub(super) fn check(&self, layout: &Layout, sources: &SourceVersions) -> Result<(), StoreError> {
        let damaged = |problem: String| Err(StoreError::Damaged { path: path(layout), problem });
        match (self.dropped.last(), sources.versions.last()) {
            (Some(dropped), Some(latest)) if dropped >= latest => {
                damaged(format!("it drops {dropped}, but the latest version, {latest}, never goes"))
            }
            _ => self.check_manifests(layout),
        }
    }

    /// Each new manifest has to be in place or to wait for it.
    fn check_manifests(&self, layout: &Layout) -> Result<(), StoreError> {
        for (version, hash) in self.manifests.iter().filter(|_| self.stage == Stage::Cleaning) {
            let there = |folder: PathBuf| {
                Ok::<_, StoreError>(Manifest::read(&folder)?.is_some_and(|manifest| manifest.records_hash == *hash))
            };
            if !there(layout.manifest(*version))? && !there(layout.vacuumed_manifest(*version))? {
                let problem = format!("it names a new manifest of {version}, which is not there");
                return Err(StoreError::Damaged { path: path(layout), problem });
            }
        }
        Ok(())
    }

    pub(super) fn remove(layout: &Layout) -> Result<(), StoreError> {
        let path = path(layout);
        std::fs::remove_file(&path).context("delete", &path)?;
        Ok(files::flush_folder(&layout.state())?)
    }
}

fn path(layout: &Layout) -> PathBuf {
    layout.state().join("vacuum.json")
}

/// The versions without a tree on purpose.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Marks {
    schema: u32,
    versions: BTreeSet<Version>,
}

fn marks_path(layout: &Layout) -> PathBuf {
    layout.state().join("dropped.json")
}

/// The versions whose trees were dropped while their sources stayed, as they are marked.
pub(crate) fn marked(layout: &Layout) -> Result<BTreeSet<Version>, StoreError> {
    Ok(state::read::<Marks>(&marks_path(layout))?.unwrap_or_default().versions)
}

pub(super) fn mark(layout: &Layout, versions: BTreeSet<Version>) -> Result<(), StoreError> {
    let path = marks_path(layout);
    if versions.is_empty() {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            result => result.context("delete", &path)?,
        }
    } else {
        state::write(&path, &Marks { schema: SCHEMA, versions })?;
    }
    Ok(files::flush_folder(&layout.state())?)
}

/// The manifests of the versions whose trees were dropped while their sources stayed: what these have to be.
///
/// # Errors
/// A file cannot be read or understood.
pub fn dropped_versions(layout: &Layout) -> Result<Vec<Manifest>, StoreError> {
    let mut manifests = Vec::new();
    for version in marked(layout)? {
        if !layout.tree(version).is_dir() {
            manifests.extend(Manifest::read_for(layout, version)?);
        }
    }
    Ok(manifests)
}

/// Lets the versions from `from` on be built again, even if their trees were dropped.
///
/// # Errors
/// The file system refuses.
pub fn forget_dropped(layout: &Layout, from: Version) -> Result<(), StoreError> {
    let before = marked(layout)?;
    let after: BTreeSet<Version> = before.iter().copied().filter(|version| *version < from).collect();
    if after.len() < before.len() { mark(layout, after) } else { Ok(()) }
}
