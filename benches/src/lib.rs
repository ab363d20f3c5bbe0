//! What the benchmarks share.

use std::path::PathBuf;

/// A base tile of the fixture `relief`.
pub fn relief(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/relief/v0")).join(name)
}
