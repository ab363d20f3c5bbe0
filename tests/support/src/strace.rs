//! Runs of the program under strace, which kills it at the n-th call of one kind, or lets that call fail.
//!
//! Calls are counted thread by thread, so with one thread at work it is that thread's n-th call.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::overlap::set_overlap;
use super::tree::{Snapshot, snapshot};
use super::{copy_folder, copy_sources, fixture, keep_versions, program};

/// Every call that changes files or opens them, and both names of those that have two.
pub const CALLS: [&str; 17] = [
    "openat",
    "write",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "ftruncate",
    "fsync",
    "syncfs",
];

/// Prints a line even where the output of tests is captured.
pub fn say(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Whether strace works here; prints a line where it does not.
pub fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-e", "trace=none", "true"]).stderr(Stdio::null()).status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        say("SKIPPED: strace is missing or may not trace; no faults were injected");
    }
    can
}

/// A folder for thousands of runs, in memory if the system has a place there: flushing to a disk would take most of the time.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The program, to be run on a pyramid folder by one thread.
pub fn tool(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).arg(folder).args(["-q", "-j", "1"]).stdin(Stdio::null());
    command
}

/// Runs the program, which must succeed.
#[track_caller]
pub fn run(folder: &Path, arguments: &[&str]) {
    let output = tool(folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stderr), text(&output.stdout));
}

/// Runs the program with a fault injected at the `number`-th `call`.
fn injected(folder: &Path, arguments: &[&str], call: &str, what: &str, number: usize) -> Output {
    let command = tool(folder, arguments);
    let mut traced = Command::new("strace");
    traced.args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    traced.args(["-e", &format!("inject={call}:{what}:when={number}")]);
    traced.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null()).output().unwrap()
}

/// Runs the program until it is killed at the `number`-th `call`. False if it ended before.
pub fn killed(folder: &Path, arguments: &[&str], call: &str, number: usize) -> bool {
    !injected(folder, arguments, call, "signal=KILL", number).status.success()
}

/// Runs the program with an error injected; its exit code and what it wrote to standard error.
pub fn run_with_error(folder: &Path, arguments: &[&str], call: &str, error: &str, number: usize) -> (i32, String) {
    let output = injected(folder, arguments, call, error, number);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs the program; the numbers of the calls of each kind whose strace line `wanted` accepts.
pub fn numbers(
    folder: &Path,
    arguments: &[&str],
    calls: &[&str],
    wanted: fn(&str) -> bool,
) -> BTreeMap<String, Vec<usize>> {
    let log = folder.with_extension("log");
    let command = tool(folder, arguments);
    let mut traced = Command::new("strace");
    traced.args(["-qq", "-f", "-o"]).arg(&log).args(["-e", &format!("trace={}", calls.join(","))]);
    traced.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(traced.status().unwrap().success());
    let text = fs::read_to_string(log).unwrap();
    let mut made: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some(call) = rest.trim_start().split_once('(').map(|(call, _)| call) else { continue };
        // A call that another thread interrupted is written in two lines, the second of which has no such name.
        if calls.contains(&call) {
            let number = made.entry((thread, call)).or_default();
            *number += 1;
            if wanted(rest.trim_start()) {
                found.entry(call.to_owned()).or_default().push(*number);
            }
        }
    }
    for numbers in found.values_mut() {
        numbers.sort_unstable();
        numbers.dedup();
    }
    found
}

/// Copies a pyramid folder with its links and mtimes.
pub fn copy_with_links(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// The sources of a fixture, down to these versions.
pub fn sources(folder: &Path, name: &str, versions: &[&str]) {
    copy_sources(name, folder);
    keep_versions(folder, versions);
}

/// A pyramid before a command.
pub struct Scenario {
    /// For messages.
    pub name: &'static str,
    /// Prepares the pyramid folder.
    pub prepare: fn(&Path),
    /// The command.
    pub arguments: &'static [&'static str],
}

fn first_build(folder: &Path) {
    sources(folder, "png_alpha", &["v0"]);
}

fn two_versions(folder: &Path) {
    sources(folder, "png_alpha", &["v0", "v1"]);
}

fn patch(folder: &Path) {
    sources(folder, "png_alpha", &["v0"]);
    run(folder, &["build"]);
    copy_folder(&fixture("png_alpha").join("v1"), &folder.join("v1"));
}

/// Two published versions.
pub fn all_published(folder: &Path) {
    two_versions(folder);
    run(folder, &["build"]);
}

/// Two versions whose base tiles are plain, so that their trees with overlap generate base tiles.
fn two_plain_versions(folder: &Path) {
    two_versions(folder);
    set_overlap(folder, 3);
}

fn plain_patch(folder: &Path) {
    two_plain_versions(folder);
    let later = folder.join("later");
    fs::rename(folder.join("v1"), &later).unwrap();
    run(folder, &["build"]);
    fs::rename(later, folder.join("v1")).unwrap();
}

/// Two published versions with plain base tiles.
pub fn plain_published(folder: &Path) {
    two_plain_versions(folder);
    run(folder, &["build"]);
}

/// Two published versions with one damage of each kind that `repair` fixes in place.
fn damaged(folder: &Path) {
    all_published(folder);
    let tree = folder.join("dest/dzi");
    let levels = tree.join("v0/dzi_files");
    fs::write(levels.join("0/0_0.png"), "torn").unwrap();
    fs::remove_file(levels.join("2/0_0.png")).unwrap();
    fs::write(tree.join("v1/dzi.xml"), "").unwrap();
    fs::remove_file(tree.join("latest")).unwrap();
    fs::write(tree.join("v0/stranger"), "").unwrap();
}

/// Two published versions; one has to be rebuilt.
fn manifest_lost(folder: &Path) {
    all_published(folder);
    fs::remove_dir_all(folder.join("dest/.fast_pyramid/versions/v0")).unwrap();
}

/// A build of one version.
pub const FIRST_BUILD: Scenario = Scenario { name: "first build", prepare: first_build, arguments: &["build"] };
/// A build of two versions.
pub const TWO_VERSIONS: Scenario =
    Scenario { name: "two versions at once", prepare: two_versions, arguments: &["build"] };
/// A build above a published version.
pub const PATCH: Scenario = Scenario { name: "patch", prepare: patch, arguments: &["build"] };
/// A build of two versions with overlap.
pub const PLAIN_TWO_VERSIONS: Scenario =
    Scenario { name: "two versions with overlap at once", prepare: two_plain_versions, arguments: &["build"] };
/// A build with overlap above a published version.
pub const PLAIN_PATCH: Scenario = Scenario { name: "patch with overlap", prepare: plain_patch, arguments: &["build"] };
/// A rebuild of published versions.
pub const REBUILD: Scenario =
    Scenario { name: "rebuild", prepare: all_published, arguments: &["build", "--rebuild-from", "0"] };
/// A repair in place.
pub const REPAIR: Scenario = Scenario { name: "repair", prepare: damaged, arguments: &["repair"] };
/// A repair that rebuilds.
pub const REPAIR_BY_REBUILDING: Scenario =
    Scenario { name: "repair by rebuilding", prepare: manifest_lost, arguments: &["repair"] };

/// The published trees, each by itself.
pub fn published(folder: &Path) -> Vec<(PathBuf, Snapshot)> {
    let Ok(entries) = fs::read_dir(folder.join("dest/dzi")) else { return Vec::new() };
    let folders = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir() && !path.is_symlink());
    folders.map(|path| (path.clone(), snapshot(&path))).collect()
}

/// Fails where `latest`, or a link in a published tree, leads nowhere.
pub fn assert_links_lead_somewhere(folder: &Path, context: &str) {
    let latest = folder.join("dest/dzi/latest");
    assert!(!latest.is_symlink() || latest.is_dir(), "{context}: latest leads nowhere");
    for (path, tree) in published(folder) {
        for name in tree.keys() {
            let entry = path.join(name);
            assert!(entry.exists(), "{context}: {} leads nowhere", entry.display());
        }
    }
}

/// All of a pyramid folder except `dest/.fast_pyramid`.
pub fn whole(folder: &Path) -> Snapshot {
    let mut all = snapshot(folder);
    all.retain(|path, _| !path.starts_with("dest/.fast_pyramid"));
    all
}
