//! Killed or failed at any system call that changes something, `cut` leaves no half version, and the same command again ends
//! as an undisturbed one.
//!
//! strace kills the process at the n-th call of one kind, or lets it fail. Without strace, or where it may not trace, a line
//! says that this was skipped. By default a sample of the calls is tried, `KILL_POINTS=most` kills at all and lets a third
//! fail, `KILL_POINTS=all` lets all fail.

use crate::jpeg::Jpeg;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::pictures::Png;
use test_support::sampling::Sweep;
use test_support::strace::{
    CALLS, assert_links_lead_somewhere, can_trace, copy_with_links, killed, numbers, run, run_with_error, say, scratch,
    tool, whole,
};
use test_support::tree::{Snapshot, assert_same_snapshot, assert_tree_rules, snapshot};

/// A command, the folder before it, and what it makes of it.
struct Trial {
    name: &'static str,
    arguments: Vec<String>,
    prepared: PathBuf,
    folder: PathBuf,
    before: Snapshot,
    after: Snapshot,
}

impl Trial {
    /// Cuts `picture` into the folder that `prepare` makes, or that is not there.
    fn new(name: &'static str, scratch: &Path, picture: &str, build: bool, prepare: impl Fn(&Path)) -> Self {
        let picture = scratch.join(picture).to_str().unwrap().to_owned();
        // Settings that the pyramid has already may be said again.
        let mut arguments = vec!["cut".to_owned(), picture, "--tile-size".to_owned(), "16".to_owned()];
        arguments.extend(build.then(|| "--build".to_owned()));
        let (prepared, expected) = (scratch.join(format!("{name} before")), scratch.join(format!("{name} after")));
        let folder = scratch.join("p");
        fs::create_dir(&prepared).unwrap();
        // Nothing of this is the tool's.
        fs::create_dir(prepared.join("mine")).unwrap();
        for file in [".hidden", "notes.txt", "mine/0_0.png", "v"] {
            fs::write(prepared.join(file), "mine").unwrap();
        }
        prepare(&prepared);
        copy_with_links(&prepared, &expected);
        let trial = Self { name, arguments, before: whole(&prepared), prepared, folder, after: Snapshot::new() };
        run(&expected, &trial.arguments());
        Self { after: whole(&expected), ..trial }
    }

    fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    /// Checks what must hold whenever the command ends: each visible entry was there before, or is there after an undisturbed
    /// run, whole.
    fn check_wreck(&self, context: &str) {
        let now = whole(&self.folder);
        let staged = |path: &Path| path.to_str().unwrap().starts_with(".fast_pyramid-cut-");
        for (path, entry) in &now {
            let known = [self.before.get(path), self.after.get(path)];
            let unnamed = staged(path) || path == Path::new("pyramid.json.new") || path.starts_with("dest");
            let right = known.contains(&Some(entry)) || (known == [None; 2] && unnamed);
            assert!(right, "{context}: {} is {entry:?}", path.display());
        }
        for (path, entry) in &self.before {
            // `latest` leads to another version in the end.
            let same = now.get(path) == Some(entry) || now.get(path) == self.after.get(path);
            assert!(same, "{context}: {} is {:?}", path.display(), now.get(path));
        }
        for version in ["v0", "v1", "dest/dzi/v0", "dest/dzi/v1"].map(Path::new) {
            let tiles = |all: &Snapshot| all.keys().filter(|path| path.starts_with(version)).count();
            assert!([0, tiles(&self.after)].contains(&tiles(&now)), "{context}: {} is half there", version.display());
        }
        // No version without what says how it was cut, and no tree without its sources.
        let is_there = |name: &str| now.contains_key(Path::new(name));
        assert!(is_there("pyramid.json") || !is_there("v0"), "{context}: v0 without pyramid.json");
        for version in ["v0", "v1"] {
            assert!(
                is_there(version) || !is_there(&format!("dest/dzi/{version}")),
                "{context}: {version} has no sources"
            );
        }
        assert_links_lead_somewhere(&self.folder, context);
    }

    /// Runs the command again, which must end as if it had not been disturbed.
    fn check_again(&self) {
        run(&self.folder, &self.arguments());
        assert_same_snapshot(&self.after, &whole(&self.folder));
        if self.after.contains_key(Path::new("dest/dzi/latest")) {
            assert_tree_rules(&self.folder);
            assert!(!self.folder.join("dest/.fast_pyramid/staging").exists());
        }
    }

    /// Kills the command at one point after another; fails where there are fewer than `least`, sampled or not.
    fn kill_everywhere(&self, least: usize) {
        let (step, mut points) = (Sweep::from_environment().step(8, 1), 0);
        for (index, call) in CALLS.into_iter().enumerate() {
            for number in (1 + index % step..).step_by(step) {
                copy_with_links(&self.prepared, &self.folder);
                let context = format!("{}, killed at {call} number {number}", self.name);
                let killed = killed(&self.folder, &self.arguments(), call, number);
                if killed {
                    points += 1;
                    self.check_wreck(&context);
                    // Another command may come first.
                    if points % 4 == 0 && self.folder.join("v0").exists() {
                        run(&self.folder, &["build"]);
                        self.check_wreck_cleaned(&context);
                    } else {
                        self.check_again();
                    }
                }
                fs::remove_dir_all(&self.folder).unwrap();
                if !killed {
                    break;
                }
            }
        }
        say(&format!("{}: killed at {points} points", self.name));
        assert!(points >= least / step, "{}: only {points} points were tried", self.name);
    }

    /// A build takes away what a cut has left, and builds what is there.
    fn check_wreck_cleaned(&self, context: &str) {
        let left = |name: &String| name.starts_with(".fast_pyramid-cut");
        let names = snapshot(&self.folder).into_keys().map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(names.filter(left).count(), 0, "{context}: something is left after a build");
        assert_tree_rules(&self.folder);
        run(&self.folder, &["verify"]);
    }

    /// Lets calls fail; fails where there are fewer than `least`, sampled or not.
    fn fail_everywhere(&self, least: usize) {
        let errors: [(&str, &[&str]); 6] = [
            ("error=ENOSYS", &["syncfs"]),
            ("error=ENOSPC", &["write", "mkdir", "symlinkat", "linkat", "renameat2", "rename", "openat", "fsync"]),
            ("error=EIO", &["write", "read", "rename", "renameat2", "syncfs", "fsync", "unlink", "unlinkat"]),
            ("error=EDQUOT", &["write", "mkdir"]),
            ("error=EMFILE", &["openat"]),
            ("error=EINTR", &["write", "read", "openat", "fsync", "flock"]),
        ];
        let mut tried = 0;
        for (error, calls) in errors {
            for call in calls {
                tried += self.fail_at(error, call);
            }
        }
        say(&format!("{}: {tried} errors were injected", self.name));
        assert!(tried >= least / Sweep::from_environment().step(6, 1), "{}: only {tried}", self.name);
    }

    fn fail_at(&self, error: &str, call: &str) -> usize {
        copy_with_links(&self.prepared, &self.folder);
        let numbers = numbers(&self.folder, &self.arguments(), &[call], |_| true).remove(call).unwrap_or_default();
        fs::remove_dir_all(&self.folder).unwrap();
        let step = Sweep::from_environment().step(18, 3);
        let numbers: Vec<usize> = numbers.iter().copied().skip(numbers.len() % step).step_by(step).collect();
        for &number in &numbers {
            copy_with_links(&self.prepared, &self.folder);
            let context = format!("{}, {error} at {call} number {number}", self.name);
            let (code, err) = run_with_error(&self.folder, &self.arguments(), call, error, number);
            // 127: the system cannot even load the program.
            assert!((0..=4).contains(&code) || code == 127, "{context}: code {code}, {err}");
            assert!(!err.contains("panicked"), "{context}: {err}");
            self.check_wreck(&context);
            if code == 0 {
                assert_same_snapshot(&self.after, &whole(&self.folder));
            } else if code != 127 && !call.starts_with("unlink") {
                let left = |path: &PathBuf| path.to_str().unwrap().contains(".fast_pyramid-cut");
                assert!(!whole(&self.folder).keys().any(left), "{context}: something is left, {err}");
            }
            self.check_again();
            fs::remove_dir_all(&self.folder).unwrap();
        }
        numbers.len()
    }
}

/// Two pictures of two tiles that differ in one; as PNG, and as JPEG, which is cut lossless.
fn pictures(scratch: &Path) {
    let picture = image::load_from_memory(&Png::new(2, 8).file((30, 10), 1, &[])).unwrap().to_rgb8();
    picture.save(scratch.join("first.png")).unwrap();
    let mut second = picture;
    second.put_pixel(20, 3, image::Rgb([1, 2, 3]));
    second.save(scratch.join("second.png")).unwrap();
    let jpeg = |at: u32| Jpeg::new(80).file_of((30, 10), |_, x, y| if (x, y) == (20, 3) { at as u8 } else { 9 });
    fs::write(scratch.join("first.jpg"), jpeg(0)).unwrap();
    fs::write(scratch.join("second.jpg"), jpeg(200)).unwrap();
}

/// Cuts the first of two pictures, for those that cut the second.
fn cut_first(scratch: &Path, folder: &Path, picture: &str, more: &[&str]) {
    let picture = scratch.join(picture);
    run(folder, &[&["cut", picture.to_str().unwrap(), "--tile-size", "16"], more].concat());
}

fn first_cut(scratch: &Path) -> Trial {
    Trial::new("first cut", scratch, "first.png", false, |_| {})
}

fn first_cut_and_build(scratch: &Path) -> Trial {
    Trial::new("first cut and build", scratch, "first.jpg", true, |_| {})
}

fn next_cut(scratch: &Path) -> Trial {
    Trial::new("next cut", scratch, "second.png", false, |folder| cut_first(scratch, folder, "first.png", &[]))
}

fn next_cut_and_build(scratch: &Path) -> Trial {
    let first = |folder: &Path| cut_first(scratch, folder, "first.jpg", &["--build"]);
    Trial::new("next cut and build", scratch, "second.jpg", true, first)
}

/// Prepares a trial with both pictures, and runs it where strace may trace.
fn with_trial(prepare: fn(&Path) -> Trial, check: impl Fn(&Trial)) {
    if can_trace() {
        let scratch = scratch();
        pictures(scratch.path());
        check(&prepare(scratch.path()));
    }
}

#[test]
fn killed_first_cut_leaves_no_half_version() {
    with_trial(first_cut, |trial| trial.kill_everywhere(40));
}

#[test]
fn killed_first_cut_and_build_leaves_no_half_version() {
    with_trial(first_cut_and_build, |trial| trial.kill_everywhere(40));
}

#[test]
fn killed_next_cut_leaves_no_half_version() {
    with_trial(next_cut, |trial| trial.kill_everywhere(40));
}

#[test]
fn killed_next_cut_and_build_leaves_no_half_version() {
    with_trial(next_cut_and_build, |trial| trial.kill_everywhere(40));
}

#[test]
fn failed_calls_of_a_first_cut_leave_no_half_version() {
    with_trial(first_cut, |trial| trial.fail_everywhere(20));
}

#[test]
fn failed_calls_of_a_first_cut_and_build_leave_no_half_version() {
    with_trial(first_cut_and_build, |trial| trial.fail_everywhere(20));
}

#[test]
fn failed_calls_of_a_next_cut_leave_no_half_version() {
    with_trial(next_cut, |trial| trial.fail_everywhere(20));
}

#[test]
fn failed_calls_of_a_next_cut_and_build_leave_no_half_version() {
    with_trial(next_cut_and_build, |trial| trial.fail_everywhere(20));
}

#[test]
fn folder_created_for_a_failed_cut_is_removed() {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    pictures(scratch.path());
    let (folder, picture) = (scratch.path().join("new"), scratch.path().join("first.png"));
    let arguments = ["cut", picture.to_str().unwrap(), "--tile-size", "16"];
    let mut failed = 0;
    for (call, number) in
        ["write", "mkdir", "syncfs", "renameat2"].iter().flat_map(|call| (1..9).map(move |at| (call, at)))
    {
        for more in [&[][..], &["--build"]] {
            let arguments = [&arguments[..], more].concat();
            let (code, err) = run_with_error(&folder, &arguments, call, "error=ENOSPC", number);
            let published = folder.join("v0").exists();
            if code != 0 && !published {
                failed += 1;
                assert_eq!(code, 1, "{err}");
                // Calls are counted thread by thread, so the message may be one that fails, too.
                assert!(err.is_empty() || err.contains("No space left on device"), "{err}");
                let left = || snapshot(&folder).into_keys().collect::<Vec<_>>();
                assert!(!folder.exists(), "{call} {number}: {:?} is left", left());
            } else {
                fs::remove_dir_all(&folder).unwrap();
            }
        }
    }
    assert!(failed >= 12, "only {failed}");
    assert!(tool(&folder, &arguments).status().unwrap().success());
}
