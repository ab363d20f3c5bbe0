//! A pyramid in some state with a corrupt file: every command is run, and its advice followed.

use super::corruption::Corruption;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::damage::{clear, with_unchanged_parent};
use test_support::limited::LimitedCommand;
use test_support::sampling::Sweep;
use test_support::strace::{copy_with_links, run};
use test_support::tree::{Fingerprint, snapshot, source_fingerprint};

pub(super) const COMMANDS: [&[&str]; 7] = [
    &["build"],
    &["info"],
    &["changes"],
    &["verify"],
    &["repair"],
    &["vacuum", "--keep-last", "2"],
    &["vacuum", "--keep-last", "2", "--dry-run"],
];

/// The versions that stay in every scenario.
pub(super) const KEPT: [&str; 2] = ["v2", "v3"];

/// The bytes of every entry of the trees, by its path in `dest/dzi`.
pub(super) type TreeContents = BTreeMap<PathBuf, Vec<u8>>;

pub(super) fn tree_contents(folder: &Path) -> TreeContents {
    let trees = folder.join("dest/dzi");
    let read = |path: PathBuf| fs::read(trees.join(&path)).ok().map(|bytes| (path, bytes));
    snapshot(&trees).into_keys().filter_map(read).collect()
}

pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs the program to its end; it must not panic, and print no error of more than four lines.
pub(super) fn ended(folder: &Path, arguments: &[&str], context: &str) -> Ended {
    let mut command = LimitedCommand::new(test_support::program());
    let output = command.args(arguments).arg(folder).args(["-j", "1"]).output();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{context}: {arguments:?} did not end by itself"));
    assert!(code != 101 && !err.contains("panicked"), "{context}: {err}");
    assert!(!err.starts_with("error: ") || err.lines().count() <= 4, "{context}: {err}");
    Ended { code, out, err }
}

/// A pyramid with four versions in some state, and the file that is corrupted.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) prepared: PathBuf,
    pub(super) file: &'static str,
    /// Whether commands other than `vacuum` leave the source folders alone.
    pub(super) sources_stay: bool,
}

impl Scenario {
    pub(super) fn new(name: &'static str, scratch: &Path, file: &'static str, prepare: impl FnOnce(&Path)) -> Self {
        let prepared = scratch.join("prepared");
        let _ = fs::remove_dir_all(&prepared);
        copy_with_links(&with_unchanged_parent().path("p"), &prepared);
        prepare(&prepared);
        assert!(prepared.join("dest/.fast_pyramid").join(file).exists(), "{name}: {file} is not there");
        Self { name, prepared, file, sources_stay: true }
    }

    /// Tries all commands on each corruption; returns how many runs that were.
    pub(super) fn try_all(&self, corruptions: &[Corruption]) -> usize {
        let undisturbed = self.prepared.with_file_name("undisturbed");
        let _ = fs::remove_dir_all(&undisturbed);
        copy_with_links(&self.prepared, &undisturbed);
        run(&undisturbed, &["build"]);
        let (right, before) = (tree_contents(&undisturbed), tree_contents(&self.prepared));
        let mut runs = 0;
        for (index, (name, act)) in corruptions.iter().enumerate() {
            for (turn, arguments) in COMMANDS.into_iter().enumerate() {
                // The other commands with the next corruptions.
                if !(index + turn).is_multiple_of(Sweep::from_environment().step(COMMANDS.len(), 2)) {
                    continue;
                }
                runs += 1;
                let folder = self.prepared.with_file_name("p");
                copy_with_links(&self.prepared, &folder);
                act(&folder.join("dest/.fast_pyramid").join(self.file));
                let context = format!("{}, {} is {name}, {arguments:?}", self.name, self.file);
                self.try_one(&folder, arguments, (&before, &right), &context);
                fs::remove_dir_all(&folder).unwrap();
            }
        }
        runs
    }

    fn try_one(
        &self,
        folder: &Path,
        arguments: &[&str],
        (before, right): (&TreeContents, &TreeContents),
        context: &str,
    ) {
        let sources = source_fingerprint(folder);
        let first = ended(folder, arguments, context);
        let now = tree_contents(folder);
        for (path, bytes) in before.iter().filter(|(path, _)| is_kept(path)) {
            assert!(now.get(path) == Some(bytes), "{context}: {} shows something else: {}", path.display(), first.err);
        }
        self.check_sources(folder, arguments, &sources, context);
        if first.code != 0 {
            let named =
                ["dest/", folder.to_str().unwrap()].iter().any(|path| (first.out.clone() + &first.err).contains(path));
            assert!(named, "{context}: no path is named: {}", first.err);
            follow_advice(folder, &first.err, context);
            // Of a dry run the advice may be to let the real one do its work.
            let again = ended(folder, arguments, context);
            assert_eq!(again.code, 0, "{context}: advice was\n{}but then:\n{}", first.err, again.err);
        }
        self.check_sources(folder, arguments, &sources, context);
        // Another command may need what this one ignored.
        succeed(folder, &["build"], context);
        succeed(folder, &["verify"], context);
        let now = tree_contents(folder);
        for (path, bytes) in right.iter().filter(|(path, _)| is_kept(path)) {
            assert!(now.get(path) == Some(bytes), "{context}: in the end {} shows something else", path.display());
        }
    }

    fn check_sources(&self, folder: &Path, arguments: &[&str], before: &Fingerprint, context: &str) {
        let now = source_fingerprint(folder);
        let vacuumed = arguments.contains(&"vacuum") || !self.sources_stay;
        for (path, entry) in before {
            if vacuumed && (!is_kept(path) || folder.join(path).is_dir()) {
                continue;
            }
            assert!(now.get(path) == Some(entry), "{context}: the source {} has changed", path.display());
        }
    }
}

pub(super) fn is_kept(path: &Path) -> bool {
    KEPT.iter().any(|version| path.starts_with(version))
}

/// Runs the command, which succeeds at the latest after what it advises has been done.
pub(super) fn succeed(folder: &Path, arguments: &[&str], context: &str) {
    let first = ended(folder, arguments, context);
    if first.code != 0 {
        follow_advice(folder, &first.err, context);
        let again = ended(folder, arguments, context);
        assert_eq!(again.code, 0, "{context}: {arguments:?} advised\n{}but then:\n{}", first.err, again.err);
    }
}

/// Does what the message says.
pub(super) fn follow_advice(folder: &Path, err: &str, context: &str) {
    let delete_and_build = || {
        fs::remove_dir_all(folder.join("dest")).unwrap();
        run(folder, &["build"]);
    };
    if err.contains("move it away") {
        let path = Path::new(err.trim_start_matches("error: ").split(": ").next().unwrap());
        clear(path);
    } else if err.contains("run repair") || err.contains("run fast_pyramid repair") {
        succeed(folder, &["repair"], context);
    } else if err.contains("delete dest and build again") {
        delete_and_build();
    } else if let Some((_, version)) = err.trim_end().split_once("--rebuild-from ") {
        run(folder, &["build", "--rebuild-from", version]);
    } else if err.contains("build first")
        || err.contains("build the pyramid first")
        || err.contains("run build or vacuum")
    {
        succeed(folder, &["build"], context);
    } else {
        panic!("{context}: no advice: {err}");
    }
}
