//! What messages are made of: paths that fit into a line, and lists of faulty tiles.

pub mod display;
pub mod faults;
