//! What threads share: locks, buffers, and progress.

mod mutex;
mod progress;
mod workers;

pub use mutex::Mutex;
pub use progress::{Progress, Unobserved};
pub use workers::Workers;
