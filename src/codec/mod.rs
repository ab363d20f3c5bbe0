//! Tile formats: stored bytes to samples or coefficients and back. Knows nothing of files.

pub mod jpeg;
