//! What this package's command line and tests need, and no library user.

pub use super::cut::CutError;
pub use super::failure::Failure;
pub use super::init::InitError;
use super::{BuildOptions, CutOptions, Error, VacuumOptions};
use crate::store::Durability;

/// The details of an error.
#[must_use]
pub fn failure(error: &Error) -> &Failure {
    error.failure()
}

/// Builds without flushing to the disk, which takes most of the time of a small build.
#[must_use]
pub fn unflushed_build(mut options: BuildOptions<'_>) -> BuildOptions<'_> {
    options.durability = Durability::Unflushed;
    options
}

/// Cuts without flushing to the disk.
#[must_use]
pub fn unflushed_cut(mut options: CutOptions<'_>) -> CutOptions<'_> {
    options.durability = Durability::Unflushed;
    options
}

/// Fails a vacuum after this many changes to the disk, as if it were killed there.
#[must_use]
pub fn vacuum_killed_after(mut options: VacuumOptions<'_>, changes: u64) -> VacuumOptions<'_> {
    options.killed_after = Some(changes);
    options
}
