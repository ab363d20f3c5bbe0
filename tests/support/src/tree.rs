//! Whole folders: snapshots, comparisons, and proof that sources are unchanged.
//!
//! No link is ever followed without being looked at first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

pub use super::tree_rules::{assert_tree_rules, tree_problems};

/// The entry at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Dir,
    /// A file with its bytes.
    File(Vec<u8>),
    /// A symbolic link with its target.
    Link(PathBuf),
    /// A named pipe, a socket or a device.
    Special,
}

/// Shows the length of a file instead of its bytes.
impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Entry::Dir => write!(formatter, "a folder"),
            Entry::File(bytes) => write!(formatter, "a file of {} bytes", bytes.len()),
            Entry::Link(target) => write!(formatter, "a link to {}", target.display()),
            Entry::Special => write!(formatter, "neither a file, a folder nor a link"),
        }
    }
}

/// Everything in a folder, by its path from there.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// Reads everything in a folder, without following links.
pub fn snapshot(dir: &Path) -> Snapshot {
    snapshot_without(dir, None)
}

/// Like [`snapshot`], without one of the folder's own entries.
fn snapshot_without(dir: &Path, left_out: Option<&str>) -> Snapshot {
    let mut entries = Snapshot::new();
    let walk = WalkDir::new(dir)
        .min_depth(1)
        .follow_links(false)
        .into_iter()
        .filter_entry(|entry| entry.depth() != 1 || Some(entry.file_name()) != left_out.map(|name| name.as_ref()));
    for entry in walk {
        let entry = entry.unwrap();
        let path = entry.path();
        let kind = entry.file_type();
        let found = if kind.is_symlink() {
            Entry::Link(fs::read_link(path).unwrap())
        } else if kind.is_dir() {
            Entry::Dir
        } else if kind.is_file() {
            Entry::File(fs::read(path).unwrap())
        } else {
            Entry::Special
        };
        entries.insert(path.strip_prefix(dir).unwrap().to_path_buf(), found);
    }
    entries
}

/// One sentence per path at which two snapshots differ.
pub fn differences(a: &Snapshot, b: &Snapshot) -> Vec<String> {
    let mut found = Vec::new();
    for (path, entry) in a {
        let path_shown = path.display();
        match b.get(path) {
            None => found.push(format!("{path_shown}: only in the first, {entry:?}")),
            Some(other) if other != entry => {
                let what = match (entry, other) {
                    (Entry::File(x), Entry::File(y)) => {
                        let same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
                        format!("{entry:?} and {other:?}, different from byte {same} on")
                    }
                    _ => format!("{entry:?} and {other:?}"),
                };
                found.push(format!("{path_shown}: {what}"));
            }
            Some(_) => {}
        }
    }
    for (path, entry) in b {
        if !a.contains_key(path) {
            found.push(format!("{}: only in the second, {entry:?}", path.display()));
        }
    }
    found
}

/// Fails where two snapshots differ, and names the first few paths.
pub fn assert_same_snapshot(a: &Snapshot, b: &Snapshot) {
    fail_with("the two trees differ", &differences(a, b));
}

/// Fails where what is in two folders differs, byte for byte and link target for link target.
pub fn assert_same_tree(a: &Path, b: &Path) {
    assert!(a.is_dir(), "{} is no folder", a.display());
    assert!(b.is_dir(), "{} is no folder", b.display());
    fail_with(&format!("{} and {} differ", a.display(), b.display()), &differences(&snapshot(a), &snapshot(b)));
}

pub(super) fn fail_with(title: &str, problems: &[String]) {
    if problems.is_empty() {
        return;
    }
    let mut message = format!("{title} ({} places):", problems.len());
    for problem in problems.iter().take(8) {
        message += "\n  ";
        message += problem;
    }
    if problems.len() > 8 {
        message += "\n  ...";
    }
    panic!("{message}");
}

/// Everything in a pyramid folder except `dest/`, with the times of modification.
pub type Fingerprint = BTreeMap<PathBuf, (SystemTime, Entry)>;

/// Reads names, bytes and times of all that is the user's, to prove later that nothing has touched it.
pub fn source_fingerprint(pyramid_dir: &Path) -> Fingerprint {
    let mut fingerprint = Fingerprint::new();
    for (path, entry) in snapshot_without(pyramid_dir, Some("dest")) {
        let time = fs::symlink_metadata(pyramid_dir.join(&path)).unwrap().modified().unwrap();
        fingerprint.insert(path, (time, entry));
    }
    fingerprint
}

/// Fails where the user's files are not what they were when the fingerprint was taken.
pub fn assert_sources_unchanged(pyramid_dir: &Path, before: &Fingerprint) {
    let after = source_fingerprint(pyramid_dir);
    let entries = |fingerprint: &Fingerprint| -> Snapshot {
        let pairs = fingerprint.iter();
        pairs.map(|(path, (_, entry))| (path.clone(), entry.clone())).collect()
    };
    let mut problems = differences(&entries(before), &entries(&after));
    for (path, (time, _)) in before {
        if after.get(path).is_some_and(|(now, _)| now != time) {
            problems.push(format!("{}: has another time of modification", path.display()));
        }
    }
    fail_with(&format!("sources in {} were changed", pyramid_dir.display()), &problems);
}
