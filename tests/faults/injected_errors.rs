//! When a system call that changes something fails, a command reports it with a path, loses nothing and publishes nothing
//! half-done, and the next run ends as if it had not happened (docs/guarantees.md).
//!
//! strace lets the n-th call of one kind fail. Without strace, or where it may not trace, a line says that this was skipped.
//! By default a sample of the calls is tried, `KILL_POINTS=most` tries a third of those of builds and each of the others with
//! one error, `KILL_POINTS=all` each with every error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::damage::with_unchanged_parent;
use test_support::sampling::Sweep;
use test_support::strace::{
    CALLS, FIRST_BUILD, PATCH, PLAIN_PATCH, REBUILD, REPAIR, REPAIR_BY_REBUILDING, Scenario,
    assert_links_lead_somewhere, can_trace, copy_with_links, numbers, published, run, run_with_error, say, scratch,
    tool, whole,
};
use test_support::tree::{
    Entry, Fingerprint, Snapshot, assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules,
    snapshot, source_fingerprint,
};

/// Errors that a file system or a system can give a build, and calls that can get them.
const BUILD_ERRORS: [(&str, &[&str]); 6] = [
    // Then every file is flushed by itself.
    ("error=ENOSYS", &["syncfs"]),
    ("error=ENOSPC", &["write", "mkdir", "symlinkat", "linkat", "rename", "openat", "fsync"]),
    ("error=EIO", &["write", "read", "rename", "syncfs", "fsync", "unlink", "readlinkat"]),
    ("error=EDQUOT", &["write", "symlinkat"]),
    ("error=EMFILE", &["openat"]),
    ("error=EINTR", &["write", "read", "openat", "fsync", "flock"]),
];

/// A build, before and after, in a folder for copies.
struct BuildTrial {
    scenario: &'static Scenario,
    scratch: tempfile::TempDir,
}

impl BuildTrial {
    fn new(scenario: &'static Scenario) -> Self {
        let scratch = scratch();
        (scenario.prepare)(&scratch.path().join("expected"));
        run(&scratch.path().join("expected"), scenario.arguments);
        (scenario.prepare)(&scratch.path().join("prepared"));
        Self { scenario, scratch }
    }

    /// A fresh copy of the pyramid before the build.
    fn copy(&self) -> PathBuf {
        let folder = self.scratch.path().join("p");
        copy_with_links(&self.scratch.path().join("prepared"), &folder);
        folder
    }

    /// Injects one error at the calls of one kind; returns how many were tried.
    fn try_call(&self, error: &str, call: &str) -> usize {
        let folder = self.copy();
        let numbers = numbers(&folder, self.scenario.arguments, &[call], |_| true).remove(call).unwrap_or_default();
        fs::remove_dir_all(&folder).unwrap();
        let step = Sweep::from_environment().step(18, 3);
        // Another remainder for each kind of call.
        let numbers: Vec<usize> = numbers.iter().copied().skip(numbers.len() % step).step_by(step).collect();
        for &number in &numbers {
            self.try_one(error, call, number);
        }
        numbers.len()
    }

    /// Injects one error, checks the trees, and builds again.
    fn try_one(&self, error: &str, call: &str, number: usize) {
        let (folder, expected) = (self.copy(), self.scratch.path().join("expected/dest/dzi"));
        let (before, sources) = (published(&folder), source_fingerprint(&folder));
        let context = format!("{}, {error} at {call} number {number}", self.scenario.name);
        let (code, err) = run_with_error(&folder, self.scenario.arguments, call, error, number);
        // 127: the system cannot even load the program.
        assert!((0..=4).contains(&code) || code == 127, "{context}: code {code}, {err}");
        assert!(!err.contains("panicked"), "{context}: {err}");
        check_trees(&folder, &before, &context);
        if code == 0 {
            assert_same_tree(&expected, &folder.join("dest/dzi"));
        }
        run(&folder, self.scenario.arguments);
        assert_sources_unchanged(&folder, &sources);
        assert_tree_rules(&folder);
        assert_same_tree(&expected, &folder.join("dest/dzi"));
        fs::remove_dir_all(&folder).unwrap();
    }
}

/// Fails where a failed build has left a broken link or another tree than before.
fn check_trees(folder: &Path, before: &[(PathBuf, Snapshot)], context: &str) {
    assert_links_lead_somewhere(folder, context);
    for (path, was) in before {
        // A rebuild takes trees out and puts equal ones in; in between they may be missing, but never differ.
        if path.exists() {
            assert_same_snapshot(was, &snapshot(path));
        }
    }
}

/// Injects all errors into a build; fails where there are fewer than `least` points, sampled or not.
fn fail_builds(scenario: &'static Scenario, least: usize) {
    if !can_trace() {
        return;
    }
    let trial = BuildTrial::new(scenario);
    let pairs = BUILD_ERRORS.iter().flat_map(|(error, calls)| calls.iter().map(move |call| (error, call)));
    let points: usize = pairs.map(|(error, call)| trial.try_call(error, call)).sum();
    say(&format!("{}: {points} errors were injected", scenario.name));
    assert!(points >= least / Sweep::from_environment().step(6, 1), "{}: only {points}", scenario.name);
}

#[test]
fn failed_calls_of_a_first_build_lose_nothing() {
    fail_builds(&FIRST_BUILD, 60);
}

#[test]
fn failed_calls_of_a_patch_lose_nothing() {
    fail_builds(&PATCH, 60);
}

#[test]
fn failed_calls_of_a_patch_with_overlap_lose_nothing() {
    fail_builds(&PLAIN_PATCH, 60);
}

#[test]
fn failed_calls_of_a_rebuild_lose_nothing() {
    fail_builds(&REBUILD, 60);
}

/// Four versions; a vacuum moves tiles from the lower two to the upper two.
fn four_versions(folder: &Path) {
    copy_with_links(&with_unchanged_parent().path("p"), folder);
}

const DROP: Scenario = Scenario { name: "vacuum", prepare: four_versions, arguments: &["vacuum", "--keep-last", "2"] };
const DROP_TREES: Scenario = Scenario {
    name: "vacuum --keep-sources",
    prepare: four_versions,
    arguments: &["vacuum", "--keep-last", "2", "--keep-sources"],
};
const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EACCES"];

/// Every entry that reading gives bytes for, by its path.
type TreeContents = BTreeMap<PathBuf, Vec<u8>>;

/// Reads the trees through links.
fn tree_contents(folder: &Path) -> TreeContents {
    let trees = folder.join("dest/dzi");
    let read = |path: PathBuf| fs::read(trees.join(&path)).ok().map(|bytes| (path, bytes));
    snapshot(&trees).into_keys().filter_map(read).collect()
}

/// A vacuum or repair, and the pyramid before and after it.
struct Trial {
    scenario: &'static Scenario,
    prepared: PathBuf,
    /// The trees before, as far as they can be read.
    contents_before: TreeContents,
    sources_before: Fingerprint,
    /// The pyramid after an undisturbed run.
    after: Snapshot,
    contents_after: TreeContents,
    /// The names in the tool's own folder.
    state_after: Vec<String>,
}

fn state_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("dest/.fast_pyramid")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Trial {
    fn new(scenario: &'static Scenario, scratch: &Path) -> Self {
        let (prepared, expected) = (scratch.join("prepared"), scratch.join("expected"));
        (scenario.prepare)(&prepared);
        copy_with_links(&prepared, &expected);
        run(&expected, scenario.arguments);
        run(&expected, &["verify"]);
        run(&expected, &["build"]);
        Self {
            scenario,
            contents_before: tree_contents(&prepared),
            sources_before: source_fingerprint(&prepared),
            after: whole(&expected),
            contents_after: tree_contents(&expected),
            state_after: state_names(&expected),
            prepared,
        }
    }

    /// The calls at which errors are tried: those that change something.
    fn points(&self) -> Vec<(String, usize)> {
        let folder = self.prepared.with_file_name("counted");
        copy_with_links(&self.prepared, &folder);
        let changes = |call: &str| {
            let opens = call.starts_with("openat(");
            let for_people = ["write(1,", "write(2,"].iter().any(|start| call.starts_with(start));
            !for_people && (!opens || call.contains("O_WRONLY") || call.contains("O_RDWR") || call.contains("O_CREAT"))
        };
        let found = numbers(&folder, self.scenario.arguments, &CALLS, changes);
        found.into_iter().flat_map(|(call, numbers)| numbers.into_iter().map(move |at| (call.clone(), at))).collect()
    }

    /// Runs the command with one error, looks at what is left, and runs it again.
    fn try_one(&self, call: &str, number: usize, error: &str) -> bool {
        let folder = self.prepared.with_file_name("p");
        copy_with_links(&self.prepared, &folder);
        let context = format!("{}, {error} at {call} number {number}", self.scenario.name);
        let (code, err) = run_with_error(&folder, self.scenario.arguments, call, &format!("error={error}"), number);
        assert!(!err.contains("panicked"), "{context}: {err}");
        if code == 0 {
            assert_same_snapshot(&self.after, &whole(&folder));
        } else {
            assert!((1..=4).contains(&code), "{context}: code {code}, {err}");
            // There is no message where writing the message fails. A repair lists what it cannot fix on standard output.
            let named = err.contains(folder.to_str().unwrap()) || err.contains("named above");
            let reported = named || (call == "write" && number <= 2);
            assert!(reported, "{context}: no path is named: {err}");
        }
        self.check_wreck(&folder, &context);
        // A look at it changes nothing and does not get lost.
        let code = tool(&folder, &["verify"]).output().unwrap().status.code();
        assert!(matches!(code, Some(0..=2)), "{context}: verify ends with {code:?}");
        // The next build finishes a vacuum that has begun.
        if number.is_multiple_of(2) && self.scenario.arguments.contains(&"vacuum") {
            run(&folder, &["build"]);
        }
        run(&folder, self.scenario.arguments);
        assert_same_snapshot(&self.after, &whole(&folder));
        run(&folder, &["verify"]);
        // The next build puts away what lies about.
        run(&folder, &["build"]);
        assert_same_snapshot(&self.after, &whole(&folder));
        assert_eq!(self.state_after, state_names(&folder), "{context}: something is left behind");
        fs::remove_dir_all(&folder).unwrap();
        code != Some(0)
    }

    fn check_wreck(&self, folder: &Path, context: &str) {
        let latest = folder.join("dest/dzi/latest");
        assert!(!latest.is_symlink() || latest.is_dir(), "{context}: latest leads nowhere");
        let shown = tree_contents(folder);
        for (path, bytes) in &self.contents_after {
            let Some(before) = self.contents_before.get(path) else { continue };
            match shown.get(path) {
                Some(now) => assert!(now == before || now == bytes, "{context}: {} shows another", path.display()),
                // As when versions are replaced: only a whole tree may be out of sight.
                None => {
                    let tree = folder.join("dest/dzi").join(path.iter().next().unwrap());
                    let may = self.scenario.name == REPAIR_BY_REBUILDING.name && !tree.exists();
                    assert!(may, "{context}: {} shows nothing", path.display());
                }
            }
        }
        self.check_sources(folder, context);
    }

    /// Nothing of the source folders that stay has gone.
    fn check_sources(&self, folder: &Path, context: &str) {
        let sources = source_fingerprint(folder);
        for (path, (time, entry)) in &self.sources_before {
            if matches!(entry, Entry::File(_)) && self.after.contains_key(path) {
                let kept = sources.get(path).is_some_and(|(now, other)| now == time && other == entry);
                assert!(kept, "{context}: {} is lost or another", path.display());
            }
        }
    }
}

/// Injects errors into a vacuum or a repair; fails where there are fewer than `least` points, sampled or not.
fn fail_everywhere(scenario: &'static Scenario, least: usize) {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let trial = Trial::new(scenario, scratch.path());
    let (points, sweep) = (trial.points(), Sweep::from_environment());
    let (mut tried, mut failed) = (0, 0);
    for (index, (call, number)) in points.iter().enumerate().step_by(sweep.step(5, 1)) {
        for (turn, error) in ERRORS.iter().enumerate() {
            // One of the errors, in turn, unless all are asked for.
            if sweep == Sweep::All || index % ERRORS.len() == turn {
                tried += 1;
                failed += usize::from(trial.try_one(call, *number, error));
            }
        }
    }
    say(&format!("{}: {tried} errors were injected at {} points, {failed} left work", scenario.name, points.len()));
    assert!(tried >= least / sweep.step(5, 1), "{}: only {tried}", scenario.name);
}

#[test]
fn failed_calls_of_a_vacuum_lose_nothing() {
    fail_everywhere(&DROP, 60);
}

#[test]
fn failed_calls_of_a_vacuum_of_trees_lose_nothing() {
    fail_everywhere(&DROP_TREES, 60);
}

#[test]
fn failed_calls_of_a_repair_lose_nothing() {
    fail_everywhere(&REPAIR, 20);
}

#[test]
fn failed_calls_of_a_repair_by_rebuilding_lose_nothing() {
    fail_everywhere(&REPAIR_BY_REBUILDING, 30);
}

#[test]
fn verify_detects_writes_that_a_disk_lost() {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let (prepared, expected, folder) =
        (scratch.path().join("prepared"), scratch.path().join("expected"), scratch.path().join("p"));
    (FIRST_BUILD.prepare)(&prepared);
    copy_with_links(&prepared, &expected);
    let writes = numbers(&expected, FIRST_BUILD.arguments, &["write"], |_| true).remove("write").unwrap();
    let expected = whole(&expected);
    let (mut caught, mut harmless) = (0, 0);
    for number in writes.into_iter().step_by(Sweep::from_environment().step(3, 1)) {
        copy_with_links(&prepared, &folder);
        // The disk says that it wrote what it was given, and has written nothing. As many bytes as the smallest tile has at
        // least, so that the rest is written after it and the file is too short.
        let (code, _) = run_with_error(&folder, FIRST_BUILD.arguments, "write", "retval=9", number);
        let verified = tool(&folder, &["verify"]).output().unwrap();
        let sound = whole(&folder) == expected;
        match verified.status.code() {
            Some(0) => assert!(code != 0 || sound, "a lie at write number {number} was not caught"),
            _ => caught += 1,
        }
        harmless += usize::from(sound);
        fs::remove_dir_all(&folder).unwrap();
    }
    say(&format!("lying writes: {caught} caught, {harmless} without effect on the trees"));
    assert!(caught > 0);
}
