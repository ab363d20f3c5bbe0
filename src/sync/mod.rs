//! What threads share.

pub mod workers;
