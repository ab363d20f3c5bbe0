//! `cut`: the base tiles of a picture, or, of a newer picture, those that differ.

mod differences;
mod error;
mod first_version;
mod memory;
mod next_version;
mod origin;
mod patch;
mod picture;
mod report;
mod style;
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
use super::{Error, Failure, Pyramid, in_pool};
use crate::input::{Picture, PictureError};
use crate::store::{StoreError, TreeContext, Version, WriteLock};
use crate::tile::Codec;
use crate::walk::cut::{BaseSink, CutCounts, CutFailure, cut_picture};
use crate::walk::{RowBuild, TileSink};
use first_version::StagedFirst;
use memory::TileUse;
use picture::{PictureStyle, ReadyPicture};
use std::path::{Path, PathBuf};
use style::{LatestStyle, QualityFrom, base_style};
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
        if options.dry_run { cut.dry_run(opened) } else { cut.run(opened) }
    })
}

/// A planned cut of one picture.
struct Cut<'a> {
    picture: &'a PictureSource,
    target: Target,
    options: &'a CutOptions<'a>,
    observer: &'a dyn Observer,
    report: CutReport,
    /// The luma steps of the picture, once it is being cut from coefficients.
    picture_luma: Option<[u16; 64]>,
}

impl<'a> Cut<'a> {
    fn plan(
        picture: &'a PictureSource,
        opened: &Picture,
        target: Target,
        options: &'a CutOptions<'a>,
    ) -> Result<Self, Failure> {
        let observer = options.observer;
        let geometry = &target.pyramid.spec.geometry;
        let mode = picture::mode(opened, geometry, &target.settings, options.quality.is_some());
        let usage = match target.state {
            TargetState::Next if options.build => TileUse::CompareAndBuild,
            TargetState::Next => TileUse::Compare,
            TargetState::First if options.build => TileUse::Build,
            TargetState::First => TileUse::Write,
        };
        let memory =
            CutMemory::estimate(opened, geometry, &target.expected_settings(options), mode, usage, options.tolerance);
        for text in warnings::warnings(opened, &target, mode) {
            observer.event(&Event::Warning(&Warning::Picture { picture: picture.to_string(), text }));
        }
        if let Some(limit) = options.max_memory.filter(|limit| memory.total > *limit) {
            let (picture, needed, why) = (picture.to_string(), memory.total, memory.reason);
            return Err(CutError::Memory { picture, needed, limit, why }.into());
        }
        let report = CutReport::planned(&target, opened, mode, memory);
        observer.event(&Event::CutPlanned(&report));
        Ok(Self { picture, target, options, observer, report, picture_luma: None })
    }

    fn build_options(&self) -> BuildOptions<'a> {
        let mut options = BuildOptions::default().locking(self.options.locking).observer(self.observer);
        options.durability = self.options.durability;
        options
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
        // Plain tiles have no overlap, so a tree needs more than one row of them at a time: it is built afterwards.
        let builds_afterwards = self.options.build && trees.geometry.composes_base();
        let with_tree = self.options.build && !builds_afterwards;
        let new = StagedFirst::start(&trees, version, self.options.durability, with_tree)?;
        let style = self.style(&opened, &trees, None);
        let walked = match &new {
            StagedFirst::Sources(staged) => self.walk::<_, FirstVersion>(opened, &trees, style, &**staged, None),
            StagedFirst::Tree(first) => {
                let progress = TileProgress(self.observer);
                let build = RowBuild::new(&trees.geometry, Codec::new(&trees.settings), &**first, &progress);
                self.walk(opened, &trees, style, &**first, Some(build))
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
        self.observer.event(&Event::Started { work: Work::Flush, total: 0 });
        let manifest = new.publish().inspect_err(|_| self.target.remove_spec(version))?;
        self.record(version, counts, counts.tiles);
        if let Some(manifest) = manifest {
            let report = VersionReport::of(&manifest, VersionStatus::Built);
            self.observer.event(&Event::VersionPublished(&report));
            self.report.built = Some(BuildReport {
                versions: vec![report],
                dropped: Vec::new(),
                base_tiles: trees.settings.base_tiles,
            });
        }
        if builds_afterwards {
            let options = self.build_options();
            let survey = Survey::run(&Pyramid::open_folder(trees.layout.root().to_owned())?, &options)?;
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

    /// The style of the base tiles, and what that of the latest tiles says about it.
    fn style(&self, opened: &Picture, trees: &TreeContext, latest: Option<&LatestStyle>) -> PictureStyle {
        let stated = self.target.pyramid.spec.quality.is_some();
        let requested = stated || self.options.quality.is_some();
        let quality = if requested { QualityFrom::Settings } else { QualityFrom::LatestTiles };
        let style = base_style(&Codec::new(&trees.settings), quality, latest, opened.info().icc.as_ref());
        // Where nobody has requested a quality, pictures keep their own.
        let latest_luma = latest.filter(|_| stated).and_then(LatestStyle::luma);
        let upsampling = picture::upsampling(trees.format().kind(), &style);
        PictureStyle { style, latest_luma, upsampling }
    }

    /// Reads the picture from top to bottom and cuts it.
    fn walk<B: BaseSink<Error = StoreError>, K: TileSink<Error = StoreError>>(
        &mut self,
        opened: Picture,
        trees: &TreeContext,
        style: PictureStyle,
        base: &B,
        build: Option<RowBuild<'_, K>>,
    ) -> Result<CutCounts, Failure> {
        let max_memory = self.options.max_memory.unwrap_or(u64::MAX);
        let max_buffered = max_memory.saturating_sub(self.report.memory.unbuffered());
        // Decoding a buffered picture is a part of the work, and takes its time.
        let total = trees.geometry.size().height.into();
        self.observer.event(&Event::Started { work: Work::Cut, total });
        let progress = RowProgress(self.observer);
        let ReadyPicture { bands, mode, luma } =
            picture::bands(opened, self.report.mode, style, max_buffered, &progress)
                .map_err(|error| self.unreadable(error, trees))?;
        self.picture_luma = luma;
        if (self.report.mode, mode) == (CutMode::Lossless, CutMode::Requantised) {
            self.warn(warnings::REQUANTISED.to_owned());
        }
        self.report.mode = mode;
        let walked = cut_picture(&trees.geometry, Codec::new(&trees.settings), bands, base, build, &progress);
        walked.map_err(|failure| self.explain(failure, trees))
    }

    fn warn(&self, text: String) {
        self.observer.event(&Event::Warning(&Warning::Picture { picture: self.picture.to_string(), text }));
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
