//! Text for messages: paths and times on one line, lists of faulty tiles.

pub mod display;
pub mod faults;
