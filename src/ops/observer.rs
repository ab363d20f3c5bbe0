//! Following and cancelling an operation.

use super::{CutReport, Repaired, VersionReport, Warning};
use crate::store::{Problem, Version};
use crate::sync::{Progress, Unobserved};

/// Something that happens during an operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A problem that does not stop the operation.
    Warning(&'a Warning),
    /// Work begins. `total` is how many tiles, or rows of pixels for [`Work::Cut`], will be reported as done; 0 if that is not
    /// known. Verifying and dropping report a tile several times.
    Started {
        /// Which work.
        work: Work,
        /// Tiles or rows in all.
        total: u64,
    },
    /// This many more tiles are done.
    TilesDone(u64),
    /// This many more rows of pixels are cut.
    RowsDone(u64),
    /// It is known what a picture will be cut into. Nothing is written yet.
    CutPlanned(&'a CutReport),
    /// A picture was cut. Building the pyramid, if requested, follows.
    PictureCut(&'a CutReport),
    /// A version was built and published.
    VersionPublished(&'a VersionReport),
    /// [`Pyramid::verify`](super::Pyramid::verify) found a problem, or [`Pyramid::repair`](super::Pyramid::repair) cannot
    /// repair one.
    Problem(&'a Problem),
    /// [`Pyramid::repair`](super::Pyramid::repair) repaired something.
    Repaired(&'a Repaired),
}

/// The part of an operation that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Work {
    /// Building a version.
    Version(Version),
    /// Verifying a version. Each tile counts several times.
    Verify(Version),
    /// Copying base tiles of an earlier version.
    Revert,
    /// Finding out what dropping versions would move and free.
    VacuumPlan,
    /// Dropping versions. Each tile counts several times.
    Vacuum,
    /// Waiting until the system has written everything to the disk.
    Flush,
    /// Cutting a picture. Counts rows of pixels; the tiles of a pyramid built in the same pass are reported besides.
    Cut,
}

/// Follows an operation and can cancel it. Its methods are called from several threads.
///
/// A closure that takes an [`Event`] is an observer that never cancels.
pub trait Observer: Sync {
    /// Receives an event.
    fn event(&self, event: &Event<'_>);

    /// Whether to cancel the operation as soon as possible. It then fails with [`ErrorKind::Cancelled`](super::ErrorKind),
    /// and published versions stay valid. The next build resumes a cancelled build, and finishes a cancelled vacuum.
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl<F: Fn(&Event<'_>) + Sync> Observer for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Ignores all events.
impl Observer for Unobserved {
    fn event(&self, _: &Event<'_>) {}
}

/// The observer of options that name none.
pub(super) const UNOBSERVED: &dyn Observer = &Unobserved;

/// Counts tiles for an observer.
pub(super) struct TileProgress<'a>(pub(super) &'a dyn Observer);

impl Progress for TileProgress<'_> {
    fn advance(&self, count: u64) {
        self.0.event(&Event::TilesDone(count));
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Counts rows of pixels for an observer.
pub(super) struct RowProgress<'a>(pub(super) &'a dyn Observer);

impl Progress for RowProgress<'_> {
    fn advance(&self, count: u64) {
        self.0.event(&Event::RowsDone(count));
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Hides all events from an observer, but lets it cancel.
pub(super) struct Quiet<'a>(pub(super) &'a dyn Observer);

impl Observer for Quiet<'_> {
    fn event(&self, _: &Event<'_>) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Progress for Quiet<'_> {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
