//! Long work that its caller can give up.

use super::PictureError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often it is asked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Does `work` on threads of its own, as many as the current pool has, and returns what it gives, or gives it up when
/// `stopped` says so. Decoders of whole pictures cannot be told to stop, and a stream may give nothing any more: what was
/// given up goes on where nobody looks, and ends with the process.
///
/// # Errors
/// [`PictureError::Stopped`], or what the work fails with.
pub(super) fn apart<T: Send + 'static>(
    stopped: &dyn Fn() -> bool,
    work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
) -> Result<T, PictureError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build();
    let pool = pool.map_err(|error| PictureError::Read(io::Error::other(error)))?;
    let (done, result) = channel();
    // Without this a panic would end the process at once.
    pool.spawn(move || drop(done.send(catch_unwind(AssertUnwindSafe(work)))));
    loop {
        match result.recv_timeout(LOOK_EVERY) {
            Ok(Ok(result)) => return result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(RecvTimeoutError::Timeout) if !stopped() => {}
            Err(_) => return Err(PictureError::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_or_given_up() {
        assert_eq!(apart(&|| true, || Ok(7)).unwrap(), 7, "what is done at once is not given up");
        let (_hold, never) = channel::<()>();
        let waiting = move || Ok(never.recv().is_ok());
        assert!(matches!(apart(&|| true, waiting), Err(PictureError::Stopped)));
        let damaged = || Err::<(), _>(PictureError::Damaged("x".into()));
        assert!(matches!(apart(&|| false, damaged), Err(PictureError::Damaged(_))));
        catch_unwind(|| apart(&|| false, || -> Result<(), PictureError> { panic!("on purpose") })).unwrap_err();
    }

    #[test]
    fn it_has_as_many_threads_as_the_caller() {
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| apart(&|| false, || Ok(rayon::current_num_threads())));
            assert_eq!(found.unwrap(), threads);
        }
    }
}
