//! `repair`: verify, mend, verify again. What the second verification still finds is what cannot be mended.
//!
//! Whatever contradicts a manifest is made to fit it again, in place. Where the manifest itself cannot be right - damaged,
//! lost, or contradicted by the pixels - its version and all above are built again, because trees are a pure function of
//! the sources and are built the same.

use super::recompute::Recompute;
use super::report::{BuildOptions, Cancellation, Observer, VersionStatus};
use super::survey::Survey;
use super::verify::{Published, VerifyReport};
use super::{Error, NoObserver, Pyramid, in_pool};
use crate::store::{
    self, Durability, Locking, Manifest, Owners, Problem, ProblemKind, Problems, Record, RepairAction, Repairer,
    Version, VersionCheck, VersionState, WriteLock,
};
use crate::tile::ENCODER_VERSION;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use xxhash_rust::xxh3::xxh3_128;

/// Tiles made together by all threads before they are written; bounds the memory.
const BATCH: usize = 256;

/// How to repair.
#[derive(Debug, Clone, Copy, Default)]
pub struct RepairOptions {
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// What to do where another process changes the pyramid.
    pub locking: Locking,
}

/// Something that was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// In which version's tree; `None` where it concerns no single one.
    pub version: Option<Version>,
    /// What: under the version's tree, otherwise under the pyramid folder.
    pub path: String,
    /// What was done.
    pub mending: RepairAction,
}

impl std::fmt::Display for Mended {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(version) = self.version {
            write!(out, "{version} ")?;
        }
        let done = match self.mending {
            RepairAction::FolderCreated => "folder created",
            RepairAction::DescriptorWritten => "written again",
            RepairAction::LinkMade => "linked again",
            RepairAction::TileMade => "made again from its children",
            RepairAction::MovedToTrash => "moved to dest/.fast_pyramid/trash",
            RepairAction::VersionBuilt => "built again",
        };
        write!(out, "{}: {done}", self.path)
    }
}

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairReport {
    /// What verification found before.
    pub before: VerifyReport,
    /// What it finds now.
    pub after: VerifyReport,
    /// How often each thing was done.
    pub mended: BTreeMap<RepairAction, u64>,
    /// Why versions that have to be built again were not, if so.
    pub not_rebuilt: Option<String>,
}

/// Follows a repair.
pub trait RepairListener: Send {
    /// Something was mended.
    fn mended(&mut self, mended: &Mended);
    /// Something is left that cannot be mended.
    fn left(&mut self, problem: &Problem);
}

impl Pyramid {
    /// Mends what [`Pyramid::verify`] finds.
    ///
    /// # Errors
    /// As [`Pyramid::verify`]; another process holds the pyramid; the file system refuses.
    pub fn repair(&self, options: &RepairOptions, listener: &mut dyn RepairListener) -> Result<RepairReport, Error> {
        self.repair_observed(options, listener, &NoObserver)
    }

    /// Like [`Pyramid::repair`], with an observer.
    ///
    /// # Errors
    /// As [`Pyramid::repair`].
    pub fn repair_observed(
        &self,
        options: &RepairOptions,
        listener: &mut dyn RepairListener,
        observer: &dyn Observer,
    ) -> Result<RepairReport, Error> {
        in_pool(options.threads, || {
            // Where nothing is published, not even the folder of the lock is made.
            Published::find(self)?;
            let _lock = WriteLock::acquire(&self.layout, "repair", options.locking, &Cancellation(observer))?;
            self.finish_vacuum(observer)?;
            let published = Published::find(self)?;
            let before = published.verify(false, &mut |_| {}, observer)?;
            let mut mended = BTreeMap::new();
            if before.problems == 0 {
                return Ok(RepairReport { after: before.clone(), before, mended, not_rebuilt: None });
            }
            let mut tell = |version: Option<Version>, path: &str, mending: RepairAction| {
                *mended.entry(mending).or_insert(0) += 1;
                listener.mended(&Mended { version, path: path.to_owned(), mending });
            };
            let mut mend = Repairer::new(&published.trees, &mut tell);
            let repair = Repair { pyramid: self, published: &published, before: &before, observer };
            let not_rebuilt = repair.run(&mut mend)?;
            let after = Published::find(self)?.verify(false, &mut |problem| listener.left(problem), observer)?;
            Ok(RepairReport { before, after, mended, not_rebuilt })
        })
    }
}

struct Repair<'a> {
    pyramid: &'a Pyramid,
    published: &'a Published,
    before: &'a VerifyReport,
    observer: &'a dyn Observer,
}

impl Repair<'_> {
    /// Mends what can be; the reason where versions that have to be built again cannot be.
    fn run(&self, mend: &mut Repairer<'_>) -> Result<Option<String>, Error> {
        let mut from = self.first_to_build();
        let mut owners = Owners::new(&self.published.trees.geometry);
        for (version, state) in &self.published.states {
            if from.is_some_and(|from| *version >= from) {
                break;
            }
            if matches!(state, VersionState::Dropped(_)) {
                self.take_dropped(*version, &mut owners)?;
            }
            let VersionState::Published(manifest) = state else { continue };
            if !self.mend_version(manifest, &mut owners, mend)? {
                from = Some(*version);
            }
        }
        let mut versions = self.published.versions();
        let refused = match from {
            None => None,
            Some(from) => match self.why_not(from) {
                None => {
                    // Versions whose trees were dropped may be among them: what is above is built on top of them.
                    versions.extend(self.build_from(from, mend)?);
                    versions.sort_unstable();
                    versions.dedup();
                    None
                }
                Some(why) => {
                    self.mend_without_building(from, &mut owners, mend)?;
                    Some(why)
                }
            },
        };
        // Last, because building empties the trash.
        for (version, state) in &self.published.states {
            if matches!(state, VersionState::Published(_)) {
                mend.trash_unexpected(*version)?;
            }
        }
        mend.repair_served_folder(&versions)?;
        Ok(refused)
    }

    /// The lowest version whose manifest cannot be right, or whose tree is gone.
    fn first_to_build(&self) -> Option<Version> {
        let contradicted = |version: &Version| {
            self.before.kinds.get(version).is_some_and(|kinds| kinds.contains(&ProblemKind::WrongPixels))
        };
        let states = self.published.states.iter();
        let mut wrong = states.filter(|(version, state)| {
            !matches!(state, VersionState::Published(_) | VersionState::Dropped(_)) || contradicted(version)
        });
        wrong.next().map(|(version, _)| *version)
    }

    /// Why the versions from `from` on must not be built again: they would become others than were published. The sources
    /// of those below count too, as in every build.
    fn why_not(&self, from: Version) -> Option<String> {
        for (version, state) in &self.published.states {
            if !self.published.sources.contains(version) {
                return Some(format!("{from} has to be built again, but the sources of {version} are gone"));
            }
            let kinds = self.before.kinds.get(version);
            if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.is_of_the_source())) {
                return Some(format!("{from} has to be built again, but the sources of {version} have changed"));
            }
            let encoder = state.manifest().map(|manifest| manifest.encoder);
            if let Some(encoder) = encoder.filter(|&encoder| encoder != ENCODER_VERSION && *version >= from) {
                return Some(format!(
                    "{from} has to be built again, but {version} was built by encoder {encoder}, this is {ENCODER_VERSION}"
                ));
            }
        }
        None
    }

    /// Puts one version right in place; false where its manifest turns out to be wrong.
    fn mend_version(&self, manifest: &Manifest, owners: &mut Owners, mend: &mut Repairer<'_>) -> Result<bool, Error> {
        let (trees, version) = (&self.published.trees, manifest.version);
        owners.apply_manifest(version, &trees.manifest(version))?;
        if !self.before.kinds.contains_key(&version) {
            return Ok(true);
        }
        let levels = mend.repair_folders(version, &self.published.descriptor)?;
        mend.repair_links(version, owners, &levels)?;
        let (problems, progress) = (&mut Problems::default(), &Cancellation(self.observer));
        VersionCheck { context: trees, version, owners, problems, progress }.check_bytes(&levels)?;
        self.stop_if_asked()?;
        if manifest.encoder != ENCODER_VERSION {
            return Ok(true);
        }
        let mut wrong = store::damaged_tiles(trees, version, owners)?;
        // Finer tiles first, because coarser ones are made from them.
        wrong.sort_by_key(|record| (std::cmp::Reverse(record.tile.level), record.tile));
        for same_level in wrong.chunk_by(|one, other| one.tile.level == other.tile.level) {
            for batch in same_level.chunks(BATCH) {
                if !make_tiles(self.published, version, batch, owners, mend)? {
                    return Ok(false);
                }
                self.stop_if_asked()?;
            }
        }
        Ok(true)
    }

    /// Builds the versions from `from` on again, and returns all that were built.
    fn build_from(&self, from: Version, mend: &mut Repairer<'_>) -> Result<Vec<Version>, Error> {
        let layout = &self.pyramid.layout;
        for (version, state) in self.published.states.iter().filter(|(version, _)| *version >= from) {
            mend.trash_non_folder_tree(*version)?;
            if matches!(state, VersionState::NoManifest(_)) {
                mend.trash_manifest(*version)?;
            }
        }
        let options =
            BuildOptions { rebuild_from: Some(from), durability: Durability::Flushed, ..BuildOptions::default() };
        let mut survey = Survey::take(self.pyramid, &options, self.observer)?;
        // Versions that were never published are no business of a repair.
        let highest = self.published.states.last().map(|(version, _)| *version);
        survey.versions.retain(|version| Some(*version) <= highest);
        survey.pending.retain(|version, _| Some(*version) <= highest);
        let result = survey.build(&options, self.observer);
        if result.is_err() {
            store::discard_staging(layout)?;
        }
        let built = result?.versions.into_iter().filter(|report| report.status == VersionStatus::Built);
        let built: Vec<Version> = built.map(|report| report.version).collect();
        for &version in &built {
            mend.report_built(version);
        }
        Ok(built)
    }

    /// What can be mended from `from` on without building: folders, links and descriptors of versions with a manifest.
    fn mend_without_building(&self, from: Version, owners: &mut Owners, mend: &mut Repairer<'_>) -> Result<(), Error> {
        for (version, state) in self.published.states.iter().filter(|(version, _)| *version >= from) {
            match state {
                // What is above builds on what it owned, and nobody knows what that was.
                VersionState::NoManifest(_) | VersionState::NoTree(None, _) => return Ok(()),
                VersionState::NoTree(Some(_), _) => {
                    owners.apply_manifest(*version, &self.published.trees.manifest(*version))?;
                }
                VersionState::Dropped(_) => self.take_dropped(*version, owners)?,
                VersionState::Published(manifest) => {
                    self.mend_version(manifest, owners, mend)?;
                }
            }
        }
        Ok(())
    }

    fn take_dropped(&self, version: Version, owners: &mut Owners) -> Result<(), Error> {
        let mut ignored = Problems::default();
        self.published.take_dropped(version, owners, &mut ignored, &Cancellation(self.observer))?;
        self.stop_if_asked()
    }

    fn stop_if_asked(&self) -> Result<(), Error> {
        if self.observer.stopped() {
            return Err(Error::Interrupted { pyramid: self.pyramid.layout.root().to_owned() });
        }
        Ok(())
    }
}

/// Makes generated tiles of one level again, all of whose children are in place. False where one comes out differently from
/// what its manifest says although its children are in order.
fn make_tiles(
    published: &Published,
    version: Version,
    records: &[Record],
    owners: &mut Owners,
    mend: &mut Repairer<'_>,
) -> Result<bool, Error> {
    let recompute = Recompute::new(&published.trees, owners);
    let made: Vec<_> = records.par_iter().map(|record| recompute.make(record.tile)).collect();
    for (record, made) in records.iter().zip(made) {
        match made {
            // It stays marked as damaged, and what is over it is not made either.
            None | Some(Err(_)) => {}
            Some(Ok(bytes)) if xxh3_128(&bytes) == record.stamp.hash => {
                mend.write_tile(version, record.tile, &bytes)?;
                owners.own(record.tile);
            }
            Some(Ok(_)) => return Ok(false),
        }
    }
    Ok(true)
}
