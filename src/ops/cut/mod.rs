//! `cut`: the base tiles of a picture, or, of a newer picture, those that differ.

mod error;
mod first_version;
mod memory;
mod origin;
mod patch;
mod picture;
mod report;
mod target;
mod warnings;

pub use error::CutError;
pub use memory::CutMemory;
pub use picture::{CutMode, PictureSource};
pub use report::{CutOptions, CutReport, CutStatus};

use super::build::first::FirstVersion;
use super::build::{BuildOptions, BuildReport, VersionReport, VersionStatus, Warning, explain};
use super::observer::{Event, Observer, Quiet, RowProgress, TileProgress, Work};
use super::survey::Survey;
use super::{Error, Failure, in_pool};
use crate::format::{FormatKind, Settings};
use crate::geometry::Tile;
use crate::input::{Picture, PictureError};
use crate::jpeg;
use crate::store::{LatestSources, StagedSource, StoreError, TreeContext, Version, WriteLock};
use crate::tile::Codec;
use crate::walk::cut::{BaseSink, CutCounts, CutFailure, cut_picture};
use crate::walk::{RowBuild, TileSink};
use first_version::StagedFirst;
use memory::TileUse;
use patch::Patch;
use std::path::{Path, PathBuf};
use target::{Target, TargetState};

/// Cuts a picture into the base tiles of the pyramid `folder`: its first version, or, if it has versions, a next version
/// with the tiles that differ from the latest.
///
/// # Errors
/// The picture or the folder is not what it should be, or the file system refuses. No version was added then, except if only
/// building failed: a version that was already cut stays, and the next build builds it.
pub fn cut(picture: &PictureSource, folder: &Path, options: &CutOptions<'_>) -> Result<CutReport, Error> {
    in_pool(options.threads, || {
        let opened = picture.open()?;
        let target = Target::find(picture, opened.info(), folder, options)?;
        let cut = Cut::plan(picture, &opened, target, options)?;
        if options.dry_run { cut.dry_run(&opened) } else { cut.run(opened) }
    })
}

/// A planned cut of one picture.
struct Cut<'a> {
    picture: &'a PictureSource,
    target: Target,
    options: &'a CutOptions<'a>,
    observer: &'a dyn Observer,
    report: CutReport,
}

impl<'a> Cut<'a> {
    fn plan(
        picture: &'a PictureSource,
        opened: &Picture,
        target: Target,
        options: &'a CutOptions<'a>,
    ) -> Result<Self, Failure> {
        let observer = options.observer;
        let (geometry, settings) = (&target.pyramid.spec.geometry, &target.settings);
        let mode = picture::mode(opened, geometry, settings, options.quality.is_some());
        let usage = match target.state {
            TargetState::Next if options.build => TileUse::CompareAndBuild,
            TargetState::Next => TileUse::Compare,
            TargetState::First if options.build => TileUse::Build,
            TargetState::First => TileUse::Write,
        };
        let memory = CutMemory::estimate(opened, geometry, settings, mode, usage);
        for text in warnings::warnings(opened, &target, mode) {
            observer.event(&Event::Warning(&Warning::Picture { picture: picture.to_string(), text }));
        }
        if let Some(limit) = options.max_memory.filter(|limit| memory.total > *limit) {
            let (picture, needed, why) = (picture.to_string(), memory.total, memory.reason);
            return Err(CutError::Memory { picture, needed, limit, why }.into());
        }
        let report = CutReport::planned(&target, opened, mode, memory);
        observer.event(&Event::CutPlanned(&report));
        Ok(Self { picture, target, options, observer, report })
    }

    /// Adds to the plan what only the existing versions can tell.
    fn dry_run(mut self, opened: &Picture) -> Result<CutReport, Failure> {
        if self.target.state == TargetState::Next {
            self.target.pyramid.refuse_half_done()?;
            let options = self.build_options().dry_run(true);
            let (survey, latest) = Survey::run_with_latest(&self.target.pyramid, &options)?;
            let steps = self.steps_to_keep(&latest, &survey.trees.settings)?;
            self.report.mode = picture::continued(opened, self.report.mode, &survey.trees.settings, steps);
        }
        Ok(self.report)
    }

    fn build_options(&self) -> BuildOptions<'a> {
        let mut options = BuildOptions::default().locking(self.options.locking).observer(self.observer);
        options.durability = self.options.durability;
        options
    }

    /// The luma steps of the latest tiles, to which a newer picture is requantised. `None` if pyramid.json states no
    /// quality: then nobody has requested one, and pictures keep their own.
    fn steps_to_keep(&self, latest: &LatestSources, settings: &Settings) -> Result<Option<[u16; 64]>, Failure> {
        if self.target.pyramid.spec.quality.is_some() { luma_steps(latest, settings) } else { Ok(None) }
    }

    fn run(mut self, opened: Picture) -> Result<CutReport, Failure> {
        let created = self.target.create_folder()?;
        self.run_locked(opened, &created)?;
        Ok(self.report)
    }

    /// `created` are the folders created for this cut.
    fn run_locked(&mut self, opened: Picture, created: &[PathBuf]) -> Result<(), Failure> {
        let layout = self.target.pyramid.layout.clone();
        let quiet = Quiet(self.observer);
        if self.target.state == TargetState::Next && !layout.state().exists() {
            // Invalid sources leave no trace.
            Survey::run(&self.target.pyramid, &self.build_options().observer(&quiet))?;
        }
        let acquired = WriteLock::acquire(&layout, "cut", self.options.locking, &quiet);
        let _lock = acquired.inspect_err(|error| {
            // If another process has the lock, the folder is in use.
            if !created.is_empty() && !matches!(error, StoreError::Locked { .. }) {
                self.target.remove_created(created);
            }
        })?;
        let result = self.cut(opened);
        if result.is_err() && !created.is_empty() {
            self.target.remove_created(created);
        }
        result
    }

    fn cut(&mut self, opened: Picture) -> Result<(), Failure> {
        let root = self.target.pyramid.layout.root().to_owned();
        // While this process waited for the lock, another one may have cut the first version.
        let target = Target::find(self.picture, opened.info(), &root, self.options)?;
        if !target.is_same_as(&self.target) {
            *self = Self::plan(self.picture, &opened, target, self.options)?;
        }
        match self.target.state {
            TargetState::First => self.cut_first(opened),
            TargetState::Next => self.cut_next(opened),
        }
    }

    /// Cuts the first version. If that fails, neither pyramid.json nor tiles are left.
    fn cut_first(&mut self, opened: Picture) -> Result<(), Failure> {
        let (trees, version) = (self.target.trees(), Version(0));
        let new = StagedFirst::start(&trees, version, self.options.durability, self.options.build)?;
        let walked = match &new {
            StagedFirst::Sources(staged) => self.walk::<_, FirstVersion>(opened, &trees, None, &**staged, None),
            StagedFirst::Tree(first) => {
                let progress = TileProgress(self.observer);
                let build = RowBuild::new(&trees.geometry, Codec::new(&trees.settings), &**first, &progress);
                self.walk(opened, &trees, None, &**first, Some(build))
            }
        };
        let counts = match walked.and_then(|counts| self.target.write_spec(self.report.mode).map(|()| counts)) {
            Ok(counts) => counts,
            Err(failure) => {
                // The first failure is the one to report.
                let _ = new.discard();
                return Err(failure);
            }
        };
        let manifest = new.publish().inspect_err(|_| self.target.remove_spec(version))?;
        self.record(version, counts, counts.tiles);
        if let Some(manifest) = manifest {
            let report = VersionReport::of(&manifest, VersionStatus::Built);
            self.observer.event(&Event::VersionPublished(&report));
            self.report.built = Some(BuildReport { versions: vec![report] });
        }
        Ok(())
    }

    /// Cuts what differs from the latest version.
    fn cut_next(&mut self, opened: Picture) -> Result<(), Failure> {
        self.target.pyramid.finish_vacuum(self.observer)?;
        let options = self.build_options();
        let (mut survey, latest) = Survey::run_with_latest(&self.target.pyramid, &options)?;
        let version = survey.next_version();
        let trees = survey.trees.clone();
        let staged = StagedSource::start(&trees, version, self.options.durability)?;
        let patch = Patch::new(staged, &latest, trees.geometry, Codec::new(&trees.settings));
        let walked = self.walk::<_, FirstVersion>(opened, &trees, Some(&latest), &patch, None);
        let (staged, written) = patch.finish();
        match walked {
            Ok(counts) if !written.is_empty() => {
                staged.publish()?;
                self.record(version, counts, written.count());
                survey = survey.with_version(version, written, &self.target.pyramid, &options)?;
            }
            Ok(counts) => {
                staged.discard()?;
                self.record(version, counts, 0);
            }
            Err(failure) => {
                let _ = staged.discard();
                return Err(failure);
            }
        }
        if self.options.build {
            self.report.built = Some(survey.build_or_clean_up(&options)?);
        }
        Ok(())
    }

    /// Records that this many tiles of a version were written.
    fn record(&mut self, version: Version, counts: CutCounts, written: u64) {
        self.report.version = (written > 0).then_some(version);
        self.report.status = if written > 0 { CutStatus::Cut } else { CutStatus::Unchanged };
        (self.report.written, self.report.uniform) = (Some(written), Some(counts.uniform));
        self.observer.event(&Event::PictureCut(&self.report));
    }

    /// Reads the picture from top to bottom and cuts it.
    fn walk<B: BaseSink<Error = StoreError>, K: TileSink<Error = StoreError>>(
        &mut self,
        opened: Picture,
        trees: &TreeContext,
        latest: Option<&LatestSources>,
        base: &B,
        build: Option<RowBuild<'_, K>>,
    ) -> Result<CutCounts, Failure> {
        let steps = latest.map(|latest| self.steps_to_keep(latest, &trees.settings)).transpose()?.flatten();
        let max_memory = self.options.max_memory.unwrap_or(u64::MAX);
        let max_buffered = max_memory.saturating_sub(self.report.memory.unbuffered());
        // Decoding a buffered picture is a part of the work, and takes its time.
        let total = trees.geometry.size().height.into();
        self.observer.event(&Event::Started { work: Work::Cut, total });
        let progress = RowProgress(self.observer);
        let (bands, mode) = picture::bands(opened, self.report.mode, &trees.settings, steps, max_buffered, &progress)
            .map_err(|error| self.unreadable(error, trees))?;
        if (self.report.mode, mode) == (CutMode::Lossless, CutMode::Requantised) {
            let (picture, text) = (self.picture.to_string(), warnings::REQUANTISED.to_owned());
            self.observer.event(&Event::Warning(&Warning::Picture { picture, text }));
        }
        self.report.mode = mode;
        let walked = cut_picture(&trees.geometry, Codec::new(&trees.settings), bands, base, build, &progress);
        walked.map_err(|failure| self.explain(failure, trees))
    }

    /// Why the picture cannot be read.
    fn unreadable(&self, error: PictureError, trees: &TreeContext) -> Failure {
        match error {
            PictureError::Cancelled => return Failure::CutCancelled { pyramid: trees.layout.root().to_owned() },
            // The length of a stream is not known beforehand.
            PictureError::TooMuchMemory { why, needed, .. } => {
                let needed = needed.saturating_add(self.report.memory.unbuffered());
                let limit = self.options.max_memory.unwrap_or(u64::MAX);
                CutError::Memory { picture: self.picture.to_string(), needed, limit, why }
            }
            error => self.picture.refused(error),
        }
        .into()
    }

    fn explain(&self, failure: CutFailure<StoreError>, trees: &TreeContext) -> Failure {
        match failure {
            CutFailure::Picture(error) => self.unreadable(error, trees),
            CutFailure::Encode { tile, error } => {
                CutError::Encode { picture: self.picture.to_string(), tile, problem: error.to_string() }.into()
            }
            CutFailure::Store(error) => error.into(),
            CutFailure::Build(failure) => explain(failure, trees, Version(0), None),
            CutFailure::Cancelled => Failure::CutCancelled { pyramid: trees.layout.root().to_owned() },
        }
    }
}

/// The luma quantisation steps of the latest version's first tile, if it is a readable JPEG.
fn luma_steps(latest: &LatestSources, settings: &Settings) -> Result<Option<[u16; 64]>, Failure> {
    let (mut bytes, Tile { column, row, .. }) = (Vec::new(), Tile { level: 0, column: 0, row: 0 });
    if settings.format.kind() != FormatKind::Jpeg || latest.read(column, row, &mut bytes)?.is_none() {
        return Ok(None);
    }
    let decoded = jpeg::decode(&bytes, None, &mut jpeg::DecodeScratch::default());
    Ok(decoded.ok().and_then(|image| Some(image.components.first()?.quantisation)))
}
