//! Killed at any system call that changes something, a build loses nothing and shows nothing half-built, and the next run
//! ends as if it had not happened (SPEC 3.2, 3.6).
//!
//! strace kills the process at the n-th call of one kind, for every kind and n. Without strace, or where it may not trace,
//! a line says that this was skipped. `KILL_POINTS=all` tries larger pyramids, too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::tree::{
    Snapshot, assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules, snapshot,
    source_fingerprint,
};
use common::{copy_folder, copy_sources, fixture, keep_versions};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every call that changes files or opens them, and both names of those that have two.
const CALLS: [&str; 17] = [
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

/// Says something even where tests' output is kept back.
fn say(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Whether strace can be used here.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-e", "trace=none", "true"]).stderr(Stdio::null()).status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        say("SKIPPED: strace is not there, or may not trace; no faults were injected");
    }
    can
}

struct Scenario {
    name: &'static str,
    /// Makes the pyramid folder, as it is before the command.
    prepare: fn(&Path),
    arguments: &'static [&'static str],
}

fn run(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_fast_pyramid")).arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn verify(folder: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fast_pyramid"));
    let output = command.arg("verify").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The sources of a fixture, down to these versions.
fn sources(folder: &Path, name: &str, versions: &[&str]) {
    copy_sources(name, folder);
    keep_versions(folder, versions);
}

fn first_build(folder: &Path) {
    sources(folder, "png_alpha", &["v0"]);
}

fn two_versions(folder: &Path) {
    sources(folder, "png_alpha", &["v0", "v1"]);
}

fn patch(folder: &Path) {
    sources(folder, "png_alpha", &["v0"]);
    run(folder, &["-q"]);
    copy_folder(&fixture("png_alpha").join("v1"), &folder.join("v1"));
}

fn all_published(folder: &Path) {
    two_versions(folder);
    run(folder, &["-q"]);
}

fn large_patch(folder: &Path) {
    sources(folder, "relief", &["v0", "v1"]);
    run(folder, &["-q"]);
    copy_folder(&fixture("relief").join("v2"), &folder.join("v2"));
}

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "first build", prepare: first_build, arguments: &[] },
    Scenario { name: "two versions at once", prepare: two_versions, arguments: &[] },
    Scenario { name: "patch", prepare: patch, arguments: &[] },
    Scenario { name: "rebuild", prepare: all_published, arguments: &["--rebuild-from", "0"] },
];

const LARGE: [Scenario; 1] = [Scenario { name: "large patch", prepare: large_patch, arguments: &[] }];

/// The published trees, each by itself.
fn published(folder: &Path) -> Vec<(PathBuf, Snapshot)> {
    let Ok(entries) = fs::read_dir(folder.join("dest/dzi")) else { return Vec::new() };
    let folders = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir() && !path.is_symlink());
    folders.map(|path| (path.clone(), snapshot(&path))).collect()
}

/// Runs the command until it is killed at the `number`-th `call`. False if it ended before.
fn killed(folder: &Path, arguments: &[&str], call: &str, number: u32) -> bool {
    let status = Command::new("strace")
        .args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={number}")])
        .arg(env!("CARGO_BIN_EXE_fast_pyramid"))
        .arg(folder)
        .args(arguments)
        .args(["-q", "-j", "1"])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    !status.success()
}

/// How often the command makes a call.
fn count(folder: &Path, arguments: &[&str], call: &str) -> usize {
    let log = folder.with_extension("log");
    let status = Command::new("strace")
        .args(["-qq", "-f", "-o"])
        .arg(&log)
        .args(["-e", &format!("trace={call}")])
        .arg(env!("CARGO_BIN_EXE_fast_pyramid"))
        .arg(folder)
        .args(arguments)
        .args(["-q", "-j", "1"])
        .status()
        .unwrap();
    assert!(status.success());
    fs::read_to_string(log).unwrap().matches(&format!("{call}(")).count()
}

/// Runs the command with an error injected; its exit code and what it wrote to standard error.
fn run_with_error(folder: &Path, arguments: &[&str], call: &str, error: &str, number: usize) -> (i32, String) {
    let output = Command::new("strace")
        .args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:{error}:when={number}")])
        .arg(env!("CARGO_BIN_EXE_fast_pyramid"))
        .arg(folder)
        .args(arguments)
        .args(["-q", "-j", "1"])
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What must hold right after the kill.
fn check_wreck(folder: &Path, before: &[(PathBuf, Snapshot)], context: &str) {
    let latest = folder.join("dest/dzi/latest");
    if latest.is_symlink() {
        assert!(latest.is_dir(), "{context}: latest leads nowhere");
    }
    for (path, was) in before {
        // A rebuild takes trees out and puts equal ones in; in between they may be missing, but never differ.
        if path.exists() {
            assert_same_snapshot(was, &snapshot(path));
        }
    }
    if folder.join("dest/dzi").is_dir() {
        for (path, tree) in published(folder) {
            for (name, _) in tree.iter() {
                let entry = path.join(name);
                assert!(entry.exists(), "{context}: {} leads nowhere", entry.display());
            }
        }
    }
}

/// Copies a pyramid folder as it is, links and times too.
fn copy_with_links(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn try_all(scenario: &Scenario) -> u32 {
    let scratch = tempfile::tempdir().unwrap();
    let expected = scratch.path().join("expected");
    (scenario.prepare)(&expected);
    run(&expected, scenario.arguments);
    let prepared = scratch.path().join("prepared");
    (scenario.prepare)(&prepared);
    let mut points = 0;
    for call in CALLS {
        for number in 1.. {
            let folder = scratch.path().join("p");
            copy_with_links(&prepared, &folder);
            let (before, sources) = (published(&folder), source_fingerprint(&folder));
            let context = format!("{}, killed at {call} number {number}", scenario.name);
            if !killed(&folder, scenario.arguments, call, number) {
                fs::remove_dir_all(&folder).unwrap();
                break;
            }
            points += 1;
            check_wreck(&folder, &before, &context);
            run(&folder, scenario.arguments);
            assert_sources_unchanged(&folder, &sources);
            assert_tree_rules(&folder);
            assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
            assert!(!folder.join("dest/.fast_pyramid/staging").exists(), "{context}: staging is left");
            if points % 5 == 0 {
                verify(&folder);
            }
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    say(&format!("{}: killed at {points} points", scenario.name));
    points
}

#[test]
fn killed_at_any_call_nothing_is_lost() {
    if !can_trace() {
        return;
    }
    let all = std::env::var_os("KILL_POINTS").is_some();
    let scenarios = SCENARIOS.iter().chain(LARGE.iter().filter(|_| all));
    let points: u32 = scenarios.map(try_all).sum();
    assert!(points >= 300, "only {points} points were tried");
}

/// What a version's tree serves: each entry with the bytes that reading it gives.
fn served(folder: &Path, version: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let tree = folder.join("dest/dzi").join(version);
    let names = snapshot(&tree).into_keys().filter(|name| !tree.join(name).is_dir());
    let read = |name: PathBuf| {
        let bytes = fs::read(tree.join(&name)).unwrap_or_else(|error| panic!("{version}, {}: {error}", name.display()));
        (name, bytes)
    };
    names.map(read).collect()
}

/// All of a pyramid folder but what is the tool's own.
fn whole(folder: &Path) -> Snapshot {
    let mut all = snapshot(folder);
    all.retain(|path, _| !path.starts_with("dest/.fast_pyramid"));
    all
}

fn vacuum(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fast_pyramid"));
    command.arg("vacuum").arg(folder).args(["--keep-last", "1", "-q", "-j", "1"]);
    command
}

/// Runs the command under strace until it is killed at the `number`-th `call`. False if it ended before.
fn killed_command(command: &Command, call: &str, number: u32) -> bool {
    let mut traced = Command::new("strace");
    traced.args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    traced.args(["-e", &format!("inject={call}:signal=KILL:when={number}")]);
    traced.arg(command.get_program()).args(command.get_args()).stdout(Stdio::null()).stderr(Stdio::null());
    !traced.status().unwrap().success()
}

#[test]
fn killed_at_any_call_a_vacuum_loses_nothing() {
    if !can_trace() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (prepared, expected, folder) =
        (scratch.path().join("prepared"), scratch.path().join("expected"), scratch.path().join("p"));
    all_published(&prepared);
    copy_with_links(&prepared, &expected);
    assert!(vacuum(&expected).status().unwrap().success());
    let (expected, shown) = (whole(&expected), served(&prepared, "v1"));
    let mut points = 0;
    for call in CALLS {
        for number in 1.. {
            copy_with_links(&prepared, &folder);
            if !killed_command(&vacuum(&folder), call, number) {
                fs::remove_dir_all(&folder).unwrap();
                break;
            }
            points += 1;
            assert!(served(&folder, "v1") == shown, "killed at {call} number {number}: v1 shows something else");
            // The next build finishes what was begun; a vacuum begins it where it was not.
            if number % 2 == 0 {
                run(&folder, &["-q"]);
            }
            assert!(vacuum(&folder).status().unwrap().success(), "killed at {call} number {number}");
            assert_same_snapshot(&expected, &whole(&folder));
            verify(&folder);
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    say(&format!("vacuum: killed at {points} points"));
    assert!(points >= 100, "only {points}");
}

#[test]
fn killed_at_any_call_a_repair_loses_nothing() {
    if !can_trace() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (sound, prepared, folder) =
        (scratch.path().join("sound"), scratch.path().join("prepared"), scratch.path().join("p"));
    all_published(&sound);
    copy_with_links(&sound, &prepared);
    let tree = prepared.join("dest/dzi");
    let levels = tree.join("v0/dzi_files");
    fs::write(levels.join("0/0_0.png"), "torn").unwrap();
    fs::remove_file(levels.join("2/0_0.png")).unwrap();
    fs::write(tree.join("v1/dzi.xml"), "").unwrap();
    fs::remove_file(tree.join("latest")).unwrap();
    fs::write(tree.join("stranger"), "").unwrap();
    let repair = |folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fast_pyramid"));
        command.arg("repair").arg(folder).args(["-q", "-j", "1"]).stdout(Stdio::null());
        command
    };
    let expected = whole(&sound);
    let mut points = 0;
    for call in CALLS {
        for number in 1.. {
            copy_with_links(&prepared, &folder);
            let sources = source_fingerprint(&folder);
            if !killed_command(&repair(&folder), call, number) {
                fs::remove_dir_all(&folder).unwrap();
                break;
            }
            points += 1;
            assert!(repair(&folder).status().unwrap().success(), "killed at {call} number {number}");
            assert_sources_unchanged(&folder, &sources);
            assert_same_snapshot(&expected, &whole(&folder));
            verify(&folder);
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    say(&format!("repair: killed at {points} points"));
    assert!(points >= 50, "only {points}");
}

/// Errors that a file system or a system can give, and calls that can get them.
const ERRORS: [(&str, &[&str]); 6] = [
    // Then every file is flushed by itself.
    ("error=ENOSYS", &["syncfs"]),
    ("error=ENOSPC", &["write", "mkdir", "symlinkat", "linkat", "rename", "openat", "fsync"]),
    ("error=EIO", &["write", "read", "rename", "syncfs", "fsync", "unlink", "readlinkat"]),
    ("error=EDQUOT", &["write", "symlinkat"]),
    ("error=EMFILE", &["openat"]),
    ("error=EINTR", &["write", "read", "openat", "fsync", "flock"]),
];

/// Tries one error at every call of one kind; returns how many there were.
fn try_errors(scenario: &Scenario, scratch: &Path, error: &str, call: &str) -> usize {
    let (expected, prepared, folder) = (scratch.join("expected"), scratch.join("prepared"), scratch.join("p"));
    copy_with_links(&prepared, &folder);
    let total = count(&folder, scenario.arguments, call);
    fs::remove_dir_all(&folder).unwrap();
    // Every third, another third for each kind, unless all are asked for.
    let step = if std::env::var_os("KILL_POINTS").is_some() { 1 } else { 3 };
    let numbers: Vec<usize> = (1 + total % step..=total).step_by(step).collect();
    for &number in &numbers {
        copy_with_links(&prepared, &folder);
        let (before, sources) = (published(&folder), source_fingerprint(&folder));
        let context = format!("{}, {error} at {call} number {number}", scenario.name);
        let (code, err) = run_with_error(&folder, scenario.arguments, call, error, number);
        assert!((0..=4).contains(&code) || code == 127, "{context}: code {code}, {err}");
        assert!(!err.contains("panicked"), "{context}: {err}");
        check_wreck(&folder, &before, &context);
        if code == 0 {
            assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
        }
        run(&folder, scenario.arguments);
        assert_sources_unchanged(&folder, &sources);
        assert_tree_rules(&folder);
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
        fs::remove_dir_all(&folder).unwrap();
    }
    numbers.len()
}

#[test]
fn an_error_at_any_call_is_told_and_loses_nothing() {
    if !can_trace() {
        return;
    }
    let mut points = 0;
    for scenario in [&SCENARIOS[0], &SCENARIOS[2], &SCENARIOS[3]] {
        let scratch = tempfile::tempdir().unwrap();
        (scenario.prepare)(&scratch.path().join("expected"));
        run(&scratch.path().join("expected"), scenario.arguments);
        (scenario.prepare)(&scratch.path().join("prepared"));
        for (error, calls) in ERRORS {
            points += calls.iter().map(|call| try_errors(scenario, scratch.path(), error, call)).sum::<usize>();
        }
    }
    say(&format!("{points} errors were injected"));
    assert!(points >= 300, "only {points}");
}

#[test]
fn verify_catches_a_disk_that_lies() {
    if !can_trace() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (prepared, folder) = (scratch.path().join("prepared"), scratch.path().join("p"));
    first_build(&prepared);
    let (mut caught, mut harmless) = (0, 0);
    for number in 1..=count(&prepared, &[], "write") {
        let _ = fs::remove_dir_all(prepared.join("dest"));
        copy_with_links(&prepared, &folder);
        // The disk says that it wrote what it was given, and has written nothing.
        let expected = {
            let (_, fine) = (run(&folder, &["-q"]), whole(&folder));
            fs::remove_dir_all(folder.join("dest")).unwrap();
            fine
        };
        let (code, _) = run_with_lie(&folder, number);
        let verified = Command::new(env!("CARGO_BIN_EXE_fast_pyramid")).arg("verify").arg(&folder).arg("-q").output();
        let sound = whole(&folder) == expected;
        match verified.unwrap().status.code() {
            Some(0) => assert!(code != 0 || sound, "a lie at write number {number} was not caught"),
            _ => caught += 1,
        }
        harmless += usize::from(sound);
        fs::remove_dir_all(&folder).unwrap();
    }
    say(&format!("lying writes: {caught} caught, {harmless} without effect on the trees"));
    assert!(caught > 0);
}

/// Builds while one write only seems to happen.
fn run_with_lie(folder: &Path, number: usize) -> (i32, String) {
    // As many bytes as the smallest tile has at least, so that the rest is written after it and the file is too short.
    run_with_error(folder, &[], "write", "retval=9", number)
}
