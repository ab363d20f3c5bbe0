//! The journal of a vacuum, which survives a kill.

use crate::store::error::{Context, StoreError};
use crate::store::fs;
use crate::store::layout::{Layout, Version};
use crate::store::source::SourceVersions;
use crate::store::state::{Manifest, SCHEMA, read_json, write_json};
use crate::store::vacuum::VacuumTotals;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A vacuum that has begun. Nothing else may happen before it is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VacuumJournal {
    pub(super) schema: u32,
    pub(super) stage: Stage,
    /// The versions that are dropped.
    pub dropped: BTreeSet<Version>,
    /// Whether their source folders stay.
    pub keep_sources: bool,
    /// Tiles moved and space freed.
    pub totals: VacuumTotals,
    /// The versions with a new manifest, each with the hash of its records: that shows whether it is in place.
    pub(super) manifests: Vec<(Version, String)>,
}

/// The stage that a killed run has to finish first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Files get second names and links are replaced, as the old manifests demand. Nothing is deleted.
    Moving,
    /// The remaining trees are complete. Everything no longer needed is deleted.
    Cleaning,
}

impl VacuumJournal {
    pub(super) fn new(dropped: &BTreeSet<Version>, keep_sources: bool, totals: VacuumTotals) -> Self {
        let (stage, manifests) = (Stage::Moving, Vec::new());
        Self { schema: SCHEMA, stage, dropped: dropped.clone(), keep_sources, totals, manifests }
    }

    /// The journal of an unfinished vacuum, if there is one.
    ///
    /// # Errors
    /// The journal cannot be read or is damaged.
    pub fn read(layout: &Layout) -> Result<Option<Self>, StoreError> {
        read_json(&path(layout))
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), StoreError> {
        write_json(&path(layout), self)?;
        Ok(fs::flush_folder(&layout.state())?)
    }

    /// Refuses a journal that cannot belong to this pyramid, before anything is deleted.
    pub(super) fn check(&self, layout: &Layout, sources: &SourceVersions) -> Result<(), StoreError> {
        if let (Some(dropped), Some(latest)) = (self.dropped.last(), sources.versions.last())
            && dropped >= latest
        {
            let problem = format!("it drops {dropped}, but the latest version, {latest}, is never dropped");
            return Err(StoreError::damaged(path(layout), problem));
        }
        if self.stage == Stage::Cleaning { self.check_manifests(layout) } else { Ok(()) }
    }

    /// Each new manifest has to be in place or ready to be renamed.
    fn check_manifests(&self, layout: &Layout) -> Result<(), StoreError> {
        for (version, hash) in &self.manifests {
            let (new, old) = (layout.vacuumed_manifest(*version), layout.manifest(*version));
            let is_in = |folder: PathBuf| -> Result<bool, StoreError> {
                Ok(Manifest::read(&folder)?.is_some_and(|manifest| manifest.records_hash == *hash))
            };
            // Once it is in place, the other folder may be half deleted.
            if !is_in(old)? && !is_in(new)? {
                let problem = format!("it names a new manifest of {version}, which is missing");
                return Err(StoreError::damaged(path(layout), problem));
            }
        }
        Ok(())
    }

    pub(super) fn remove(layout: &Layout) -> Result<(), StoreError> {
        let path = path(layout);
        std::fs::remove_file(&path).context("delete", &path)?;
        Ok(fs::flush_folder(&layout.state())?)
    }
}

fn path(layout: &Layout) -> PathBuf {
    layout.state().join("vacuum.json")
}
