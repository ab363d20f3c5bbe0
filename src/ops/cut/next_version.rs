//! The next version of a pyramid: the tiles of a newer picture that differ from the latest version.

use super::differences::{self, Cause};
use super::patch::{Comparison, Patch, Patched};
use super::style::LatestStyle;
use super::target::TargetState;
use super::{Cut, CutMode, CutReport, CutStatus};
use crate::geometry::GridSet;
use crate::input::Picture;
use crate::jpeg::Upsampling;
use crate::ops::Failure;
use crate::ops::build::first::FirstVersion;
use crate::ops::observer::Event;
use crate::ops::survey::Survey;
use crate::store::{LatestSources, StagedSource, TreeContext};
use crate::tile::{BaseStyle, Codec};
use crate::walk::cut::CutCounts;

/// A picture that was compared with the latest version.
struct Compared {
    counts: CutCounts,
    /// Where the tiles that differ were written, unless it was a dry run.
    staged: Option<StagedSource>,
    differing: GridSet,
}

impl Cut<'_> {
    /// Compares a newer picture with the latest version, and writes nothing.
    pub(super) fn dry_run(mut self, opened: Picture) -> Result<CutReport, Failure> {
        if self.target.state == TargetState::First {
            self.report.written = Some(self.report.grid.count());
            return Ok(self.report);
        }
        self.target.pyramid.refuse_half_done()?;
        let options = self.build_options().dry_run(true);
        let (survey, latest) = Survey::run_with_latest(&self.target.pyramid, &options)?;
        let compared = self.compare(opened, &survey.trees, &latest, None)?;
        let differing = compared.differing.count();
        self.report.status = if differing > 0 { CutStatus::WouldCut } else { CutStatus::Unchanged };
        (self.report.written, self.report.uniform) = (Some(differing), Some(compared.counts.uniform));
        if differing == 0 {
            self.observer.event(&Event::PictureCut(&self.report));
        }
        Ok(self.report)
    }

    /// Cuts what differs from the latest version.
    pub(super) fn cut_next(&mut self, opened: Picture) -> Result<(), Failure> {
        self.target.pyramid.finish_vacuum(self.observer)?;
        let options = self.build_options();
        let (mut survey, latest) = Survey::run_with_latest(&self.target.pyramid, &options)?;
        let version = survey.next_version();
        let trees = survey.trees.clone();
        let staged = StagedSource::start(&trees, version, self.options.durability)?;
        let compared = self.compare(opened, &trees, &latest, Some(staged))?;
        let written = compared.differing.count();
        match compared.staged {
            Some(staged) if written > 0 => staged.publish()?,
            Some(staged) => staged.discard()?,
            None => {}
        }
        self.record(version, compared.counts, written);
        if written > 0 {
            survey = survey.with_version(version, compared.differing, &self.target.pyramid, &options)?;
        }
        if self.options.build {
            self.report.built = Some(survey.build_or_clean_up(&options)?);
        }
        Ok(())
    }

    /// Compares the picture with the latest version, and writes the tiles that differ if `staged` is given. If that fails,
    /// they are deleted.
    fn compare(
        &mut self,
        opened: Picture,
        trees: &TreeContext,
        latest: &LatestSources,
        staged: Option<StagedSource>,
    ) -> Result<Compared, Failure> {
        let (geometry, codec, tolerance) = (trees.geometry, Codec::new(&trees.settings), self.options.tolerance);
        let found = match LatestStyle::find(latest, &geometry) {
            Ok(found) => found,
            Err(failure) => return Err(discarded(staged, failure)),
        };
        let style = self.style(&opened, trees, Some(&found));
        let new = style.style.clone();
        let upsampling = match opened {
            Picture::Jpeg(_) if self.report.mode == CutMode::Pixels => style.upsampling,
            _ => Upsampling::Smooth,
        };
        let comparison = Comparison { latest, geometry, codec, icc: new.icc.clone(), upsampling, tolerance };
        let patch = Patch::new(comparison, staged);
        let counts = self.walk::<_, FirstVersion>(opened, trees, style, &patch, None);
        let Patched { staged, differing, differences } = patch.finish();
        let counts = match counts {
            Ok(counts) => counts,
            Err(failure) => return Err(discarded(staged, failure)),
        };
        let (differ, all, cause) = (differing.count(), self.report.grid.count(), self.cause(&found, &new));
        if let Some(text) = differences::warning(differ, all, cause, &differences, tolerance) {
            self.warn(text);
        }
        Ok(Compared { counts, staged, differing })
    }

    /// Why most tiles may differ although most of the picture is the same.
    fn cause(&self, latest: &LatestStyle, style: &BaseStyle) -> Cause {
        let Some(latest_luma) = latest.luma() else { return Cause::Unknown };
        match (self.report.mode, self.picture_luma) {
            _ if !latest.shows_same_colours(style.icc.as_ref()) => Cause::OtherProfile,
            (CutMode::Lossless, Some(luma)) if luma != latest_luma => Cause::OtherTables,
            (CutMode::Lossless, _) => Cause::Unknown,
            _ if *style.encoding.luma() != latest_luma => Cause::OtherQuality,
            _ => Cause::Encoded,
        }
    }
}

/// Deletes what was written. The first failure is the one to report.
fn discarded(staged: Option<StagedSource>, failure: Failure) -> Failure {
    if let Some(staged) = staged {
        let _ = staged.discard();
    }
    failure
}
