//! Work on detached threads, which the caller can abandon.

use super::PictureError;
use crate::sync::Progress;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Interval between checks for cancellation.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs `work` on detached threads and returns its result, or abandons it on cancellation.
///
/// The pool has as many threads as the current one. Decoders of whole pictures cannot be interrupted, and a stream may
/// block forever: abandoned work continues in the background and ends with the process.
///
/// # Errors
/// [`PictureError::Cancelled`], or the error of `work`.
pub(super) fn run_detached<T: Send + 'static>(
    progress: &dyn Progress,
    work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
) -> Result<T, PictureError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build();
    let pool = pool.map_err(|error| PictureError::Read(io::Error::other(error)))?;
    let (sender, receiver) = channel();
    // An uncaught panic in a detached thread would abort the process.
    pool.spawn(move || drop(sender.send(catch_unwind(AssertUnwindSafe(work)))));
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(Ok(result)) => return result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(RecvTimeoutError::Timeout) if !progress.is_cancelled() => {}
            Err(_) => return Err(PictureError::Cancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Unobserved;

    struct AlwaysCancelled;

    impl Progress for AlwaysCancelled {
        fn is_cancelled(&self) -> bool {
            true
        }
    }

    #[test]
    fn finished_work_is_returned_despite_cancellation() {
        assert_eq!(run_detached(&AlwaysCancelled, || Ok(7)).unwrap(), 7);
    }

    #[test]
    fn cancelled_work_is_abandoned() {
        let (_sender, never) = channel::<()>();
        let blocked = move || Ok(never.recv().is_ok());
        assert!(matches!(run_detached(&AlwaysCancelled, blocked), Err(PictureError::Cancelled)));
    }

    #[test]
    fn errors_and_panics_reach_the_caller() {
        let damaged = || Err::<(), _>(PictureError::Damaged("x".into()));
        assert!(matches!(run_detached(&Unobserved, damaged), Err(PictureError::Damaged(_))));
        let panicking = || -> Result<(), PictureError> { panic!("on purpose") };
        catch_unwind(|| run_detached(&Unobserved, panicking)).unwrap_err();
    }

    #[test]
    fn detached_pool_has_as_many_threads_as_the_caller() {
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| run_detached(&Unobserved, || Ok(rayon::current_num_threads())));
            assert_eq!(found.unwrap(), threads);
        }
    }
}
