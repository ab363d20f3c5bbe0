//! `repair`: verify, repair, verify again. What the second verification finds cannot be repaired.
//!
//! Whatever contradicts a manifest is changed in place to match it. If the manifest itself cannot be right (damaged, lost, or
//! contradicted by the pixels), its version and all above are rebuilt. They come out the same, because trees are a pure
//! function of the sources.

use super::build::{BuildOptions, VersionStatus};
use super::observer::{Event, Observer, Quiet, UNOBSERVED};
use super::survey::Survey;
use super::verify::{Published, Recompute, VerifyReport};
use super::{Error, Failure, Pyramid, in_pool};
use crate::store::{
    self, Locking, Manifest, Owners, ProblemKind, Problems, Record, RepairAction, Repairer, Version, VersionCheck,
    VersionState, WriteLock,
};
use crate::tile::ENCODER_VERSION;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use xxhash_rust::xxh3::xxh3_128;

/// Tiles regenerated together by all threads before they are written. Bounds the memory.
const TILES_PER_BATCH: usize = 256;

/// How to repair.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RepairOptions<'a> {
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) empty_found: bool,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
}

impl Default for RepairOptions<'_> {
    fn default() -> Self {
        Self { threads: None, empty_found: false, locking: Locking::default(), observer: UNOBSERVED }
    }
}

impl<'a> RepairOptions<'a> {
    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// With `true`, first deletes what earlier operations moved to `dest/.fast_pyramid/found`.
    #[must_use]
    pub fn empty_found(self, empty: bool) -> Self {
        Self { empty_found: empty, ..self }
    }

    /// What to do if another process holds the pyramid; by default, the repair fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Receives what was repaired as [`Event::Repaired`] and what cannot be repaired as [`Event::Problem`], and can cancel.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for RepairOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RepairOptions")
            .field("threads", &self.threads)
            .field("empty_found", &self.empty_found)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// Something that [`Pyramid::repair`] repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Repaired {
    /// The version whose tree it is in; `None` if it concerns no single version.
    pub version: Option<Version>,
    /// The path under the version's tree, otherwise under the pyramid folder.
    pub path: String,
    /// What was done.
    pub action: RepairAction,
}

impl fmt::Display for Repaired {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(version) = self.version {
            write!(out, "{version} ")?;
        }
        let done = match self.action {
            RepairAction::FolderCreated => "folder created",
            RepairAction::DescriptorWritten => "rewritten",
            RepairAction::LinkMade => "relinked",
            RepairAction::TileMade => "regenerated",
            RepairAction::MovedToFound => "moved to dest/.fast_pyramid/found",
            RepairAction::VersionBuilt => "rebuilt",
        };
        write!(out, "{}: {done}", self.path)
    }
}

/// What [`Pyramid::repair`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairReport {
    /// What verification found before the repair.
    pub before: VerifyReport,
    /// What verification finds now.
    pub after: VerifyReport,
    /// How often each action was taken.
    pub repaired: BTreeMap<RepairAction, u64>,
    /// Why versions that need rebuilding were not rebuilt.
    pub not_rebuilt: Option<String>,
    /// Whether files in `dest/.fast_pyramid/found` were deleted, as asked for.
    pub found_emptied: bool,
}

impl Pyramid {
    /// Repairs what [`Pyramid::verify`] finds broken in `dest/`. Sources are only read.
    ///
    /// # Errors
    /// As [`Pyramid::verify`]; another process holds the pyramid.
    pub fn repair(&self, options: &RepairOptions<'_>) -> Result<RepairReport, Error> {
        let observer = options.observer;
        in_pool(options.threads, || {
            // If nothing is published, not even the lock's folder is created.
            Published::find(self)?;
            let _lock = WriteLock::acquire(&self.layout, "repair", options.locking, &Quiet(observer))?;
            self.finish_vacuum(observer)?;
            let found_emptied = options.empty_found && store::empty_found(&self.layout)?;
            let published = Published::find(self)?;
            let before = published.verify(false, &Unreported(observer))?;
            let mut repaired = BTreeMap::new();
            if before.problems == 0 {
                return Ok(RepairReport { after: before.clone(), before, repaired, not_rebuilt: None, found_emptied });
            }
            let mut record = |version: Option<Version>, path: &str, action: RepairAction| {
                *repaired.entry(action).or_insert(0) += 1;
                observer.event(&Event::Repaired(&Repaired { version, path: path.to_owned(), action }));
            };
            let mut repairer = Repairer::new(&published.trees, &mut record);
            let repair = Repair { pyramid: self, published: &published, before: &before, observer };
            let not_rebuilt = repair.run(&mut repairer)?;
            let after = Published::find(self)?.verify(false, observer)?;
            Ok(RepairReport { before, after, repaired, not_rebuilt, found_emptied })
        })
    }
}

/// Hides problems that are about to be repaired.
struct Unreported<'a>(&'a dyn Observer);

impl Observer for Unreported<'_> {
    fn event(&self, event: &Event<'_>) {
        if !matches!(event, Event::Problem(_)) {
            self.0.event(event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

struct Repair<'a> {
    pyramid: &'a Pyramid,
    published: &'a Published,
    before: &'a VerifyReport,
    observer: &'a dyn Observer,
}

impl Repair<'_> {
    /// Repairs what can be repaired. Returns the reason if versions that need rebuilding must not be rebuilt.
    fn run(&self, repairer: &mut Repairer<'_>) -> Result<Option<String>, Failure> {
        let mut from = self.lowest_to_rebuild();
        let mut owners = Owners::new(&self.published.trees.geometry);
        for (version, state) in &self.published.states {
            if from.is_some_and(|from| *version >= from) {
                break;
            }
            if matches!(state, VersionState::Dropped(_)) {
                self.apply_dropped(*version, &mut owners)?;
            }
            let VersionState::Published(manifest) = state else { continue };
            if !self.repair_version(manifest, &mut owners, repairer)? {
                from = Some(*version);
            }
        }
        let mut versions = self.published.versions();
        let refused = match from {
            None => None,
            Some(from) => match self.reason_against_rebuild(from) {
                None => {
                    // These may include versions whose trees were dropped, because those above are built on top of them.
                    versions.extend(self.rebuild_from(from, repairer)?);
                    versions.sort_unstable();
                    versions.dedup();
                    None
                }
                Some(why) => {
                    self.repair_without_rebuilding(from, &mut owners, repairer)?;
                    Some(why)
                }
            },
        };
        for (version, state) in &self.published.states {
            if matches!(state, VersionState::Published(_)) {
                repairer.move_unexpected(*version)?;
            }
        }
        repairer.repair_latest(&versions)?;
        Ok(refused)
    }

    /// The lowest version whose manifest cannot be right, or whose tree is gone.
    fn lowest_to_rebuild(&self) -> Option<Version> {
        let contradicted = |version: &Version| {
            self.before.kinds.get(version).is_some_and(|kinds| kinds.contains(&ProblemKind::WrongPixels))
        };
        let states = self.published.states.iter();
        let mut wrong = states.filter(|(version, state)| {
            !matches!(state, VersionState::Published(_) | VersionState::Dropped(_)) || contradicted(version)
        });
        wrong.next().map(|(version, _)| *version)
    }

    /// Why the versions from `from` on must not be rebuilt: they would differ from what was published. The sources of the
    /// versions below count too, as in every build.
    fn reason_against_rebuild(&self, from: Version) -> Option<String> {
        for (version, state) in &self.published.states {
            if !self.published.sources.contains(version) {
                return Some(format!("{from} needs rebuilding, but the sources of {version} are gone"));
            }
            let kinds = self.before.kinds.get(version);
            if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.is_of_the_source())) {
                return Some(format!("{from} needs rebuilding, but the sources of {version} have changed"));
            }
            let encoder = state.manifest().map(|manifest| manifest.encoder);
            if let Some(encoder) = encoder.filter(|&encoder| encoder != ENCODER_VERSION && *version >= from) {
                return Some(format!(
                    "{from} needs rebuilding, but {version} was built by encoder {encoder}, and this is {ENCODER_VERSION}"
                ));
            }
        }
        None
    }

    /// Repairs one version in place. False if its manifest turns out to be wrong.
    fn repair_version(
        &self,
        manifest: &Manifest,
        owners: &mut Owners,
        repairer: &mut Repairer<'_>,
    ) -> Result<bool, Failure> {
        let (trees, version) = (&self.published.trees, manifest.version);
        owners.apply_manifest(version, &trees.manifest(version))?;
        if !self.before.kinds.contains_key(&version) {
            return Ok(true);
        }
        let levels = repairer.repair_folders(version, &self.published.descriptor)?;
        repairer.repair_links(version, owners, &levels)?;
        let (problems, progress) = (&mut Problems::default(), &Quiet(self.observer));
        VersionCheck { context: trees, version, owners, problems, progress }.check_bytes(&levels)?;
        self.check_cancelled()?;
        if manifest.encoder != ENCODER_VERSION {
            return Ok(true);
        }
        let mut wrong = store::damaged_tiles(trees, version, owners)?;
        // Finer tiles first, because coarser ones are regenerated from them.
        wrong.sort_by_key(|record| (std::cmp::Reverse(record.tile.level), record.tile));
        for same_level in wrong.chunk_by(|one, other| one.tile.level == other.tile.level) {
            for batch in same_level.chunks(TILES_PER_BATCH) {
                if !regenerate(self.published, version, batch, owners, repairer)? {
                    return Ok(false);
                }
                self.check_cancelled()?;
            }
        }
        Ok(true)
    }

    /// Rebuilds the versions from `from` on, and returns all that were built.
    fn rebuild_from(&self, from: Version, repairer: &mut Repairer<'_>) -> Result<Vec<Version>, Failure> {
        let layout = &self.pyramid.layout;
        for (version, state) in self.published.states.iter().filter(|(version, _)| *version >= from) {
            repairer.move_non_folder_tree(*version)?;
            if matches!(state, VersionState::NoManifest(_)) {
                repairer.delete_manifest(*version)?;
            }
        }
        let options = BuildOptions::default().rebuild_from(from).observer(self.observer);
        let mut survey = Survey::run(self.pyramid, &options)?;
        // A repair publishes no version that was never published.
        let highest = self.published.states.last().map(|(version, _)| *version);
        survey.versions.retain(|version| Some(*version) <= highest);
        survey.pending.retain(|version, _| Some(*version) <= highest);
        let result = survey.build(&options);
        if result.is_err() {
            store::discard_staging(layout)?;
        }
        let built = result?.versions.into_iter().filter(|report| report.status == VersionStatus::Built);
        let built: Vec<Version> = built.map(|report| report.version).collect();
        for &version in &built {
            repairer.report_built(version);
        }
        Ok(built)
    }

    /// Repairs what needs no rebuilding from `from` on: folders, links and descriptors of versions with a manifest.
    fn repair_without_rebuilding(
        &self,
        from: Version,
        owners: &mut Owners,
        repairer: &mut Repairer<'_>,
    ) -> Result<(), Failure> {
        for (version, state) in self.published.states.iter().filter(|(version, _)| *version >= from) {
            match state {
                // The versions above build on what it owned, which is unknown.
                VersionState::NoManifest(_) | VersionState::NoTree(None, _) => return Ok(()),
                VersionState::NoTree(Some(_), _) => {
                    owners.apply_manifest(*version, &self.published.trees.manifest(*version))?;
                }
                VersionState::Dropped(_) => self.apply_dropped(*version, owners)?,
                VersionState::Published(manifest) => {
                    self.repair_version(manifest, owners, repairer)?;
                }
            }
        }
        Ok(())
    }

    fn apply_dropped(&self, version: Version, owners: &mut Owners) -> Result<(), Failure> {
        let mut ignored = Problems::default();
        self.published.apply_dropped(version, owners, &mut ignored, self.observer)?;
        self.check_cancelled()
    }

    fn check_cancelled(&self) -> Result<(), Failure> {
        if self.observer.is_cancelled() {
            return Err(Failure::Cancelled { pyramid: self.pyramid.layout.root().to_owned() });
        }
        Ok(())
    }
}

/// Regenerates tiles of one level, all of whose children are in place. False if a tile differs from its manifest although
/// its children are in order.
fn regenerate(
    published: &Published,
    version: Version,
    records: &[Record],
    owners: &mut Owners,
    repairer: &mut Repairer<'_>,
) -> Result<bool, Failure> {
    let recompute = Recompute::new(&published.trees, owners);
    let made: Vec<_> = records.par_iter().map(|record| recompute.tile_bytes(record.tile)).collect();
    for (record, made) in records.iter().zip(made) {
        match made {
            // It stays marked as damaged, so its ancestors are not regenerated either.
            None | Some(Err(_)) => {}
            Some(Ok(bytes)) if xxh3_128(&bytes) == record.stamp.hash => {
                repairer.write_tile(version, record.tile, &bytes)?;
                owners.own(record.tile);
            }
            Some(Ok(_)) => return Ok(false),
        }
    }
    Ok(true)
}
