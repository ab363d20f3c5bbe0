//! Following and cancelling long work, from the caller down to the innermost loop.

/// Follows work that takes long, and can cancel it. Called from several threads.
///
/// What is counted depends on the work: tiles in a build, a check or a vacuum; rows of pixels where a picture is read.
pub trait Progress: Sync {
    /// `count` more units are done.
    fn advance(&self, count: u64) {
        let _ = count;
    }

    /// Whether to stop as soon as possible.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Ignores all progress and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Progress for Unobserved {}
