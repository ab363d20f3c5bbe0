//! Disks without space or inodes, read-only disks, and folders of another user.
//!
//! Needs root to mount file systems in memory; a line says where that was skipped.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use test_support::cli::copy_program;
use test_support::pictures::Png;
use test_support::strace::whole;
use test_support::tree::{
    assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules, source_fingerprint,
};
use test_support::{copy_sources, unbuilt};

fn say(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// A file system in memory, unmounted when dropped.
struct Disk {
    _scratch: tempfile::TempDir,
    point: PathBuf,
}

impl Disk {
    /// `None`, and a line, where that is not possible.
    fn mount(options: &str) -> Option<Self> {
        let scratch = tempfile::tempdir().unwrap();
        let point = scratch.path().join("disk");
        fs::create_dir(&point).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&point).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            say("SKIPPED: a file system in memory cannot be mounted here");
            return None;
        }
        Some(Self { _scratch: scratch, point })
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.point).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.point).status();
    }
}

fn build(folder: &Path) -> Output {
    Command::new(test_support::program()).arg(folder).arg("-q").output().unwrap()
}

fn expected() -> (tempfile::TempDir, PathBuf) {
    let (scratch, folder) = unbuilt("relief");
    assert!(build(&folder).status.success());
    (scratch, folder)
}

/// Builds on larger and larger disks until it succeeds; each failure is reported and leaves the trees in order.
fn grows_until_it_fits(first: &str, sizes: &[String]) {
    let Some(disk) = Disk::mount(first) else { return };
    let (_scratch, fine) = expected();
    let folder = disk.point.join("p");
    copy_sources("relief", &folder);
    let before = source_fingerprint(&folder);
    for (failures, size) in sizes.iter().enumerate() {
        disk.remount(size);
        let output = build(&folder);
        assert_sources_unchanged(&folder, &before);
        if output.status.success() {
            assert!(failures > 1, "it fitted at once");
            assert_tree_rules(&folder);
            assert_same_tree(&fine.join("dest/dzi"), &folder.join("dest/dzi"));
            return;
        }
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("No space left"), "{err}");
        let latest = folder.join("dest/dzi/latest");
        assert!(!latest.is_symlink() || latest.is_dir());
    }
    panic!("it never fitted");
}

#[test]
fn build_on_a_full_disk_fails_and_resumes_with_more_space() {
    let sizes: Vec<String> = (0..60).map(|step| format!("size={}k", 620 + step * 24)).collect();
    grows_until_it_fits("size=8m", &sizes);
}

#[test]
fn build_without_free_inodes_fails_and_resumes_with_more() {
    let inodes: Vec<String> = (0..60).map(|step| format!("nr_inodes={}", 75 + step * 8)).collect();
    grows_until_it_fits("size=16m,nr_inodes=4000", &inodes);
}

/// Cuts a picture on larger and larger disks until it succeeds; each failure leaves no part of a version.
fn cuts_until_it_fits(sizes: &[String], prepare: impl Fn(&Path), build: bool) {
    let Some(disk) = Disk::mount("size=8m") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let picture = scratch.path().join("picture.png");
    fs::write(&picture, Png::new(2, 8).file((200, 200), 1, &[])).unwrap();
    let cut = |folder: &Path| {
        let mut command = Command::new(test_support::program());
        command.args(["cut", "--tile-size", "16", "--format", "png", "-q"]).args(build.then_some("--build"));
        command.arg(&picture).arg(folder).output().unwrap()
    };
    let (fine, folder) = (scratch.path().join("fine"), disk.point.join("p"));
    prepare(&fine);
    prepare(&folder);
    assert!(cut(&fine).status.success());
    let before = folder.exists().then(|| whole(&folder));
    for (failures, size) in sizes.iter().enumerate() {
        disk.remount(size);
        let output = cut(&folder);
        if output.status.success() {
            assert!(failures > 1, "it fitted at once");
            assert_same_snapshot(&whole(&fine), &whole(&folder));
            return;
        }
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("No space left"), "{err}");
        match &before {
            // With --build the version may be there, and its tree not fit.
            Some(before) if !folder.join("v1").exists() => assert_same_snapshot(before, &whole(&folder)),
            Some(_) => assert!(build),
            None => assert!(!folder.exists(), "something is left: {err}"),
        }
    }
    panic!("it never fitted");
}

#[test]
fn cut_on_a_full_disk_leaves_no_half_version() {
    let sizes: Vec<String> = (0..80).map(|step| format!("size={}k", 16 + step * 40)).collect();
    for build in [false, true] {
        cuts_until_it_fits(&sizes, |_| {}, build);
    }
    // All tiles of the next version differ.
    let first = |folder: &Path| {
        let picture = folder.with_extension("first.png");
        fs::write(&picture, Png::new(2, 8).file((200, 200), 2, &[])).unwrap();
        let mut command = Command::new(test_support::program());
        command.args(["cut", "--tile-size", "16", "--format", "png", "-q", "--build"]).arg(picture).arg(folder);
        assert!(command.status().unwrap().success());
    };
    let sizes: Vec<String> = (0..80).map(|step| format!("size={}k", 1700 + step * 60)).collect();
    for build in [false, true] {
        cuts_until_it_fits(&sizes, first, build);
    }
}

#[test]
fn read_only_disk_is_reported() {
    let Some(disk) = Disk::mount("size=16m") else { return };
    let folder = disk.point.join("p");
    copy_sources("relief", &folder);
    disk.remount("ro");
    let output = build(&folder);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"));
    let run = |command: &str| Command::new(test_support::program()).arg(command).arg(&folder).output().unwrap();
    assert_eq!(run("verify").status.code(), Some(1));
    disk.remount("rw");
    assert!(build(&folder).status.success());
    disk.remount("ro");
    // Nothing has to be written to look.
    for command in ["info", "changes", "verify"] {
        let output = run(command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn folders_of_another_user_are_reported() {
    if !rustix::process::geteuid().is_root() {
        say("SKIPPED: becoming another user needs root");
        return;
    }
    let scratch =
        tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
    let folder = scratch.path().join("p");
    copy_sources("relief", &folder);
    // The tool itself may stand where nobody else can reach it.
    let tool = scratch.path().join("tool");
    copy_program(&tool);
    let reaches = Command::new(&tool).arg("--version").uid(65534).gid(65534).output();
    if !reaches.is_ok_and(|output| output.status.success()) {
        say("SKIPPED: another user cannot reach the folder for temporary files");
        return;
    }
    let nobody = || Command::new(&tool).arg(&folder).arg("-q").uid(65534).gid(65534).output().unwrap();
    let output = nobody();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("Permission denied") && err.contains("dest"), "{err}");
    assert!(!folder.join("dest").exists());
    assert!(build(&folder).status.success());
    let output = Command::new(&tool).arg("verify").arg(&folder).uid(65534).gid(65534).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
