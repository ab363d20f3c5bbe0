//! What outlives a run that was killed: the journal of a vacuum, and which versions were dropped but for their sources.

use super::super::error::{Context, StoreError};
use super::super::files;
use super::super::layout::{Layout, Version};
use super::super::manifest::Manifest;
use super::plan::Totals;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The version of these files' format.
const SCHEMA: u32 = 1;

/// The most bytes of either file; a thousand versions take some ten thousand.
const MOST_BYTES: u64 = 1 << 26;

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
    pub totals: Totals,
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
    pub(super) fn new(dropped: &BTreeSet<Version>, keep_sources: bool, totals: Totals) -> Self {
        let (stage, manifests) = (Stage::Moving, Vec::new());
        Self { schema: SCHEMA, stage, dropped: dropped.clone(), keep_sources, totals, manifests }
    }

    /// The journal of the vacuum that was not finished, if there is one.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub fn read(layout: &Layout) -> Result<Option<Self>, StoreError> {
        let path = path(layout);
        let journal: Option<Self> = read(&path)?;
        match journal {
            Some(journal) if journal.schema > SCHEMA => {
                let problem = format!("it has schema {}, this release knows {SCHEMA}", journal.schema);
                Err(StoreError::Damaged { path, problem })
            }
            journal => Ok(journal),
        }
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), StoreError> {
        write(&path(layout), self)?;
        Ok(files::flush_folder(&layout.state())?)
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
    Ok(read::<Marks>(&marks_path(layout))?.unwrap_or_default().versions)
}

pub(super) fn mark(layout: &Layout, versions: BTreeSet<Version>) -> Result<(), StoreError> {
    let path = marks_path(layout);
    if versions.is_empty() {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            result => result.context("delete", &path)?,
        }
    } else {
        write(&path, &Marks { schema: SCHEMA, versions })?;
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
            manifests.extend(Manifest::read(&layout.manifest(version))?);
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

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read_file(path, MOST_BYTES)?;
    let damaged = |error: serde_json::Error| StoreError::Damaged { path: path.to_owned(), problem: error.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged { path: path.to_owned(), problem: error.to_string() };
    let text = serde_json::to_string_pretty(value).map_err(damaged)? + "\n";
    Ok(files::replace_file(path, text.as_bytes())?)
}
