//! Code shared by all tests: a reference builder, checks of whole trees, and runs of the program.
//!
//! Nothing here uses the library under test.

pub mod cli;
pub mod cutting;
pub mod damage;
pub mod limited;
pub mod overlap;
pub mod pictures;
pub mod png;
pub mod reference;
pub mod sampling;
pub mod small_tiles;
pub mod strace;
pub mod tiff;
pub mod tree;
mod tree_rules;

use std::sync::LazyLock;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use walkdir::WalkDir;

/// The program under test.
///
/// Cargo sets the variable when it compiles an integration test, and from 1.94 on also when it runs one. Older versions
/// put the program one folder above the test.
pub fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        std::env::var_os("CARGO_BIN_EXE_fast_pyramid").map_or_else(
            || std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("fast_pyramid"),
            PathBuf::from,
        )
    });
    &PROGRAM
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// A folder in `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    root().join("fixtures").join(name)
}

/// Copies the files and sub-folders of a folder into another, which is created if necessary.
pub fn copy_folder(from: &Path, to: &Path) {
    copy_all_but(from, to, "");
}

fn copy_all_but(from: &Path, to: &Path, left_out: &str) {
    std::fs::create_dir_all(to).unwrap();
    let entries = std::fs::read_dir(from).unwrap().map(Result::unwrap);
    for entry in entries.filter(|entry| entry.file_name() != left_out) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Copies a fixture's sources and pyramid.json without `dest`, which README's first command may have built.
pub fn copy_sources(fixture_name: &str, to: &Path) {
    copy_all_but(&fixture(fixture_name), to, "dest");
}

/// The same in a temporary folder, which is deleted when the first returned value is dropped.
pub fn unbuilt(fixture_name: &str) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("p");
    copy_sources(fixture_name, &folder);
    (scratch, folder)
}

/// Deletes the source folders of all other versions.
pub fn keep_versions(pyramid: &Path, versions: &[&str]) {
    for entry in std::fs::read_dir(pyramid).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with('v') && !versions.contains(&name.as_str()) {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

/// Copies a folder with its links and mtimes. Not with `cp`: until a new process runs another program, it shares this one's
/// locks.
pub fn copy_exactly(from: &Path, to: &Path) {
    for entry in WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir(&target).unwrap();
        } else if entry.file_type().is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path()).unwrap(), &target).unwrap();
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            let time = entry.path().metadata().unwrap().modified().unwrap();
            std::fs::File::options().write(true).open(&target).unwrap().set_modified(time).unwrap();
        }
    }
}

/// The files in the trees of these versions, by path, read through links.
pub fn served(pyramid: &Path, versions: &[u32]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for version in versions {
        let tree = pyramid.join(format!("dest/dzi/v{version}"));
        for entry in WalkDir::new(&tree) {
            let entry = entry.unwrap();
            if !entry.file_type().is_dir() {
                let bytes = std::fs::read(entry.path());
                let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
                found.insert(entry.path().strip_prefix(pyramid).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}
