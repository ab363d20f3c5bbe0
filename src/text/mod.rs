//! Text for messages: paths and times on one line, lists of faulty tiles.

mod display;
mod faults;

pub use display::{display_name, display_path, display_time, excerpt};
pub use faults::{Fault, FaultKind, Faults};
