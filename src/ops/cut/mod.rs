//! `cut`: the base tiles of a picture, or of a newer picture those that differ.

mod error;
mod memory;
mod report;
mod sink;
mod source;
mod target;

pub use error::CutError;
pub use memory::Memory;
pub use report::{CutOptions, CutReport, CutStatus};
pub use source::{Manner, PictureSource};

use super::build::WatchFor;
use super::first::{FirstVersion, check_first};
use super::report::{BuildReport, NoObserver, Observer, Stoppable, VersionReport, VersionStatus, Warning};
use super::survey::Survey;
use super::{BuildOptions, Category, Error, in_pool};
use crate::format::{FormatKind, Settings};
use crate::geometry::Tile;
use crate::input::{Depth, Opened, PictureError};
use crate::jpeg;
use crate::store::{self, LatestSources, StagedSource, StoreError, Trees, Version, WriteLock};
use crate::tile::Codec;
use crate::walk::cut::{self, BaseSink, CutCounts, CutFailure, RowWatch};
use crate::walk::{RowBuild, TileSink};
use memory::Use;
use sink::Patch;
use std::path::{Path, PathBuf};
use target::{Target, TargetState};

impl RowWatch for WatchFor<'_> {
    fn rows_done(&self, rows: u32) {
        self.0.rows_done(rows);
    }
}

/// Cuts a picture into the base tiles of the pyramid `folder`: its first version, or, where there are versions, a next one
/// of the tiles that differ from the latest.
///
/// # Errors
/// The picture or the folder is not what it has to be, or something fails; then no version is there.
pub fn cut(picture: &PictureSource, folder: &Path, options: &CutOptions) -> Result<CutReport, Error> {
    cut_observed(picture, folder, options, &NoObserver)
}

/// Like [`cut()`], with an observer.
///
/// # Errors
/// As [`cut()`].
pub fn cut_observed(
    picture: &PictureSource,
    folder: &Path,
    options: &CutOptions,
    observer: &dyn Observer,
) -> Result<CutReport, Error> {
    in_pool(options.threads, || {
        let opened = picture.open()?;
        let target = Target::find(picture, opened.info(), folder, options)?;
        let cut = Cut::plan(picture, &opened, target, options, observer)?;
        if options.dry_run { cut.look(&opened) } else { cut.run(opened) }
    })
}

/// A picture that will be cut.
struct Cut<'a> {
    picture: &'a PictureSource,
    target: Target,
    options: &'a CutOptions,
    observer: &'a dyn Observer,
    report: CutReport,
}

impl<'a> Cut<'a> {
    fn plan(
        picture: &'a PictureSource,
        opened: &Opened,
        target: Target,
        options: &'a CutOptions,
        observer: &'a dyn Observer,
    ) -> Result<Self, Error> {
        let (geometry, settings) = (&target.pyramid.spec.geometry, &target.settings);
        let manner = source::manner(opened, geometry, settings, options.quality.is_some());
        let usage = match target.state {
            TargetState::Next if options.build => Use::CompareAndBuild,
            TargetState::Next => Use::Compare,
            TargetState::First if options.build => Use::Build,
            TargetState::First => Use::Write,
        };
        let memory = Memory::of(opened, geometry, settings, manner, usage);
        warn(picture, opened, &target, manner, observer);
        if let Some(limit) = options.max_memory.filter(|limit| memory.total > *limit) {
            let (picture, needed, why) = (picture.to_string(), memory.total, memory.why_held);
            return Err(CutError::Memory { picture, needed, limit, why }.into());
        }
        let report = CutReport::planned(&target, opened, manner, memory);
        observer.cut_planned(&report);
        Ok(Self { picture, target, options, observer, report })
    }

    /// What is only known when one looks at the versions that there are.
    fn look(mut self, opened: &Opened) -> Result<CutReport, Error> {
        if self.target.state == TargetState::Next {
            self.target.pyramid.refuse_half_done()?;
            let options = self.build_options(true);
            let (survey, latest) = Survey::take_with_latest(&self.target.pyramid, &options, self.observer)?;
            let steps = self.steps_to_keep(&latest, &survey.trees.settings)?;
            self.report.manner = source::continued(opened, self.report.manner, &survey.trees.settings, steps);
        }
        Ok(self.report)
    }

    fn build_options(&self, dry_run: bool) -> BuildOptions {
        let CutOptions { durability, locking, .. } = *self.options;
        BuildOptions { durability, locking, dry_run, ..BuildOptions::default() }
    }

    /// The luma steps that a newer picture is brought to, if its own are others: those of the latest tiles. Where
    /// pyramid.json does not state a quality, nobody has asked for any, and pictures keep theirs.
    fn steps_to_keep(&self, latest: &LatestSources, settings: &Settings) -> Result<Option<[u16; 64]>, Error> {
        if self.target.pyramid.spec.states_quality { luma_steps(latest, settings) } else { Ok(None) }
    }

    fn run(mut self, opened: Opened) -> Result<CutReport, Error> {
        let created = self.target.create_folder()?;
        self.run_locked(opened, &created)?;
        Ok(self.report)
    }

    /// `created` are the folders that were made for this.
    fn run_locked(&mut self, opened: Opened, created: &[PathBuf]) -> Result<(), Error> {
        let observer = self.observer;
        let layout = self.target.pyramid.layout.clone();
        if self.target.state == TargetState::Next && !layout.state().exists() {
            // Invalid sources leave no trace.
            Survey::take(&self.target.pyramid, &self.build_options(false), &Stoppable(observer))?;
        }
        let taken = WriteLock::take(&layout, "cut", self.options.locking, &|| observer.stopped());
        let _lock = taken.inspect_err(|error| {
            // Where another process has the lock, the folder is in use.
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

    fn cut(&mut self, opened: Opened) -> Result<(), Error> {
        let observer = self.observer;
        let layout = self.target.pyramid.layout.clone();
        // While it waited, another process may have cut the first version.
        let target = Target::find(self.picture, opened.info(), layout.root(), self.options)?;
        if !target.begins_as(&self.target) {
            *self = Self::plan(self.picture, &opened, target, self.options, observer)?;
        }
        match self.target.state {
            TargetState::First => self.first(opened),
            TargetState::Next => self.next(opened),
        }
    }

    /// Cuts the first version.
    fn first(&mut self, opened: Opened) -> Result<(), Error> {
        let trees = self.target.trees();
        let version = Version(0);
        if !self.options.build {
            check_first(&trees, version)?;
            let staged = StagedSource::start(&trees, version, self.options.durability)?;
            let walked = self.walk::<_, FirstVersion>(opened, &trees, None, &staged, None);
            let publish = |staged: StagedSource| Ok(staged.publish()?);
            let (counts, ()) = self.publish_first(walked, staged, |staged| Ok(staged.discard()?), publish)?;
            self.finished(version, counts, counts.tiles);
            return Ok(());
        }
        let first = FirstVersion::start(trees.clone(), version, self.options.durability)?;
        let watch = WatchFor(self.observer);
        let build = RowBuild::new(&trees.geometry, Codec::new(&trees.settings), &first, &watch);
        let walked = self.walk(opened, &trees, None, &first, Some(build));
        let (counts, manifest) = self.publish_first(walked, first, FirstVersion::discard, FirstVersion::publish)?;
        let report = VersionReport::of(&manifest, VersionStatus::Built);
        self.finished(version, counts, counts.tiles);
        self.observer.version_published(&report);
        self.report.built = Some(BuildReport { versions: vec![report] });
        Ok(())
    }

    /// Writes pyramid.json and publishes what was cut for it; leaves neither if that fails, or cutting has.
    fn publish_first<S, P>(
        &self,
        walked: Result<CutCounts, Error>,
        staged: S,
        discard: impl FnOnce(S) -> Result<(), Error>,
        publish: impl FnOnce(S) -> Result<P, Error>,
    ) -> Result<(CutCounts, P), Error> {
        let counts = match walked.and_then(|counts| self.target.write_spec(self.report.manner).map(|()| counts)) {
            Ok(counts) => counts,
            Err(error) => {
                // What failed first is worth more.
                let _ = discard(staged);
                return Err(error);
            }
        };
        let published = publish(staged).inspect_err(|_| self.target.take_spec_back(Version(0)))?;
        Ok((counts, published))
    }

    /// Cuts what differs from the latest version.
    fn next(&mut self, opened: Opened) -> Result<(), Error> {
        self.target.pyramid.finish_vacuum(self.observer)?;
        let options = self.build_options(false);
        let (mut survey, latest) = Survey::take_with_latest(&self.target.pyramid, &options, self.observer)?;
        let version = survey.next_version();
        let trees = survey.trees.clone();
        let codec = Codec::new(&trees.settings);
        let staged = StagedSource::start(&trees, version, self.options.durability)?;
        let patch = Patch::new(staged, &latest, trees.geometry, codec);
        let walked = self.walk::<_, FirstVersion>(opened, &trees, Some(&latest), &patch, None);
        let (staged, written) = patch.finish();
        match walked {
            Ok(counts) if !written.is_empty() => {
                staged.publish()?;
                self.finished(version, counts, written.count());
                let anew = (&self.target.pyramid, &options, self.observer);
                survey = survey.with_version((version, written), anew)?;
            }
            Ok(counts) => {
                staged.discard()?;
                self.finished(version, counts, 0);
            }
            Err(error) => {
                let _ = staged.discard();
                return Err(error);
            }
        }
        if self.options.build {
            let built = survey.build(&options, self.observer);
            if built.as_ref().is_err_and(|error| error.category() == Category::Input) {
                store::discard_staging(&self.target.pyramid.layout)?;
            }
            self.report.built = Some(built?);
        }
        Ok(())
    }

    fn finished(&mut self, version: Version, counts: CutCounts, written: u64) {
        self.report.version = (written > 0).then_some(version);
        self.report.status = if written > 0 { CutStatus::Cut } else { CutStatus::Unchanged };
        (self.report.written, self.report.one_colour) = (Some(written), Some(counts.one_colour));
        self.observer.version_cut(&self.report);
    }

    /// Reads the picture from top to bottom and cuts it.
    fn walk<B: BaseSink<Error = StoreError>, K: TileSink<Error = StoreError>>(
        &mut self,
        opened: Opened,
        trees: &Trees,
        latest: Option<&LatestSources>,
        base: &B,
        build: Option<RowBuild<'_, K>>,
    ) -> Result<CutCounts, Error> {
        let steps = latest.map(|latest| self.steps_to_keep(latest, &trees.settings)).transpose()?.flatten();
        let most = self.options.max_memory.unwrap_or(u64::MAX).saturating_sub(self.report.memory.beside());
        // Decoding what has to be held is a part of the work, and takes its time.
        self.observer.cut_started(trees.geometry.size().height);
        let stopped = || self.observer.stopped();
        let (bands, manner) = source::bands(opened, self.report.manner, &trees.settings, steps, most, &stopped)
            .map_err(|error| self.refused(error, trees))?;
        if (self.report.manner, manner) == (Manner::Lossless, Manner::Requantised) {
            let text = "it is quantised anew, as the latest tiles have the pyramid's quality and not a picture's own; \
                        give another folder to cut it without loss";
            self.observer.warning(&Warning::Picture { picture: self.picture.to_string(), text: text.into() });
        }
        self.report.manner = manner;
        let codec = Codec::new(&trees.settings);
        let walked = cut::run(&trees.geometry, codec, bands, base, build, &WatchFor(self.observer));
        walked.map_err(|failure| self.explain(failure, trees))
    }

    /// Why the picture cannot be read.
    fn refused(&self, error: PictureError, trees: &Trees) -> Error {
        match error {
            PictureError::Stopped => return Error::CutInterrupted { pyramid: trees.layout.root().to_owned() },
            // Of a stream it is not known beforehand how long it is.
            PictureError::TooMuchMemory { why, needed, .. } => {
                let (needed, limit) = (needed.saturating_add(self.report.memory.beside()), self.options.max_memory);
                CutError::Memory { picture: self.picture.to_string(), needed, limit: limit.unwrap_or(u64::MAX), why }
            }
            error => self.picture.refused(error),
        }
        .into()
    }

    fn explain(&self, failure: CutFailure<StoreError>, trees: &Trees) -> Error {
        match failure {
            CutFailure::Picture(error) => self.refused(error, trees),
            CutFailure::Encode { tile, error } => {
                CutError::Encode { picture: self.picture.to_string(), tile, problem: error.to_string() }.into()
            }
            CutFailure::Store(error) => error.into(),
            CutFailure::Build(failure) => super::build::explain(failure, trees, Version(0), None),
            CutFailure::Stopped => Error::CutInterrupted { pyramid: trees.layout.root().to_owned() },
        }
    }
}

/// Tells what of the picture will not be shown as it is, or not as well as it could be.
fn warn(picture: &PictureSource, opened: &Opened, target: &Target, manner: Manner, observer: &dyn Observer) {
    let tell = |text: &str| observer.warning(&Warning::Picture { picture: picture.to_string(), text: text.to_owned() });
    let (info, settings) = (opened.info(), &target.settings);
    info.warnings.iter().for_each(|text| tell(text));
    if settings.format.kind() != FormatKind::Jpeg {
        return;
    }
    let keep = match target.state {
        TargetState::First => "give --format png to keep",
        TargetState::Next => "cut it into another folder with --format png to keep",
    };
    if info.depth == Depth::Sixteen {
        tell(&format!("its 16 bits are scaled down to the 8 of JPEG tiles; {keep} them"));
    }
    if info.channels.is_multiple_of(2) {
        tell(&format!("it is laid over white, because JPEG tiles have no alpha; {keep} it"));
    }
    if let (Opened::Jpeg(jpeg), Manner::Pixels) = (opened, manner) {
        let (wide, high) = jpeg.mcu_size();
        match info.orientation {
            1 => tell(&format!(
                "it is decoded and encoded again, because tiles of {} do not begin where its blocks of {wide}x{high} do; \
                 tiles of 256 can be cut without loss",
                settings.tile_size
            )),
            _ => tell(
                "it is decoded and encoded again, because it is stored turned; turn it without loss first to keep all",
            ),
        }
    }
}

/// The luma steps of the latest version's first tile, if it is a JPEG that can be read.
fn luma_steps(latest: &LatestSources, settings: &Settings) -> Result<Option<[u16; 64]>, Error> {
    let (mut bytes, Tile { column, row, .. }) = (Vec::new(), Tile { level: 0, column: 0, row: 0 });
    if settings.format.kind() != FormatKind::Jpeg || latest.read(column, row, &mut bytes)?.is_none() {
        return Ok(None);
    }
    let decoded = jpeg::decode(&bytes, None, &mut jpeg::DecodeScratch::default());
    Ok(decoded.ok().and_then(|image| Some(image.components.first()?.quantisation)))
}
