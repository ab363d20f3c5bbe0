//! What the tests share: a reference builder to compare pyramids with, and checks of whole trees.
//!
//! Nothing here uses the code under test.

// Each test file is a crate that has all of this inside it and uses a part.
#![allow(dead_code, unreachable_pub, unused_imports)]
// These are tests, although not within functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod cli;
pub mod damage;
pub mod reference;
pub mod strace;
pub mod tree;

use std::path::{Path, PathBuf};

/// A folder in `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Copies what is in a folder, with its sub-folders, into another, which is made where it is not there.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
