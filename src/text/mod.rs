//! What messages are made of: paths that fit into a line, and lists of faulty tiles.

mod display;
mod faults;

pub use display::{display_name, display_path, display_time, quoted};
pub use faults::{FaultKind, Faults};
