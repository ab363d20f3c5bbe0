//! Builds: whole, cancelled, killed, dry.

use fast_pyramid::internals::ops::{Failure, failure};
use fast_pyramid::{BuildReport, Event, Observer, Version, VersionStatus};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use crate::operation::Kill;
use crate::run::Run;
use test_support::tree::{assert_same_snapshot, assert_sources_unchanged, snapshot, source_fingerprint};

/// Cancels after a number of tiles, and records the versions published until then.
struct StopAfter {
    most: u64,
    done: AtomicU64,
    published: Mutex<Vec<u32>>,
}

impl Observer for StopAfter {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::TilesDone(count) => _ = self.done.fetch_add(*count, Ordering::Relaxed),
            Event::VersionPublished(report) => self.published.lock().unwrap().push(report.version.0),
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.most
    }
}

impl Run {
    pub(crate) fn build(&mut self) {
        let before = (self.model.half_done.is_none()).then(|| source_fingerprint(&self.folder));
        let report = self.pyramid().build(&self.options()).unwrap_or_else(|error| panic!("{error}"));
        self.model.finish();
        if let Some(before) = before {
            assert_sources_unchanged(&self.folder, &before);
        }
        assert_eq!(with_status(&report, VersionStatus::Built), self.model.unpublished());
        self.built_all();
    }

    /// Everything has a tree now that is to have one, and nothing is left over.
    pub(crate) fn built_all(&mut self) {
        self.model.publish_all();
        self.lags = false;
        for entry in fs::read_dir(self.folder.join("dest/.fast_pyramid")).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(["lock", "versions", "dropped.json"].iter().any(|known| name == *known), "{name:?} is left over");
        }
    }

    pub(crate) fn rebuild(&mut self, from: u32) {
        let options = self.options().rebuild_from(Version(from));
        self.pyramid().build(&options).unwrap_or_else(|error| panic!("{error}"));
        self.model.finish();
        // What was asked for may just have been dropped.
        self.model.rebuild(from);
        self.built_all();
    }

    pub(crate) fn stop_build(&mut self, rebuild: Option<usize>, after: u64) {
        let from = rebuild.map(|from| self.version_at(from));
        let watch = StopAfter { most: after, done: AtomicU64::new(0), published: Mutex::default() };
        let options = self.options().rebuild_from(from.map(Version)).observer(&watch);
        match self.pyramid().build(&options) {
            Ok(_) => {
                self.model.finish();
                from.into_iter().for_each(|from| self.model.rebuild(from));
                self.built_all();
            }
            Err(error) if matches!(failure(&error), Failure::Cancelled { .. }) => {
                self.see_whether_finished();
                let published = watch.published.into_inner().unwrap();
                assert!(self.model.unpublished().starts_with(&published), "{published:?}");
                assert!(from.is_none() || published.is_empty(), "{published:?}");
                published.into_iter().for_each(|version| self.model.publish(version));
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether a command that was stopped or killed has finished the vacuum that waited before.
    fn see_whether_finished(&mut self) {
        if !self.pyramid().info().unwrap().half_vacuumed {
            self.model.finish();
        }
    }

    pub(crate) fn dry_build(&mut self) {
        let (before, times) = (snapshot(&self.folder), source_fingerprint(&self.folder));
        match self.pyramid().build(&self.options().dry_run(true)) {
            Err(error) if matches!(failure(&error), Failure::HalfVacuumed { .. }) => {
                assert!(self.model.half_done.is_some());
            }
            Err(error) => panic!("{error}"),
            Ok(report) => {
                assert!(self.model.half_done.is_none());
                assert_eq!(with_status(&report, VersionStatus::WouldBuild), self.model.unpublished());
                let published: Vec<u32> = self.model.published.keys().copied().collect();
                assert_eq!(with_status(&report, VersionStatus::UpToDate), published);
            }
        }
        assert_same_snapshot(&before, &snapshot(&self.folder));
        assert_sources_unchanged(&self.folder, &times);
    }

    pub(crate) fn kill_build(&mut self, rebuild: Option<usize>, kill: Kill) {
        let from = rebuild.map(|from| self.version_at(from));
        let number = from.map(|from| from.to_string());
        let mut arguments = vec!["build"];
        arguments.extend(number.iter().flat_map(|number| ["--rebuild-from", number]));
        self.kill(&arguments, kill);
        self.see_whether_finished();
        if let (Some(from), None) = (from, &self.model.half_done) {
            self.after_killed_rebuild(from);
            return;
        }
        let trees = self.trees_on_disk();
        for version in self.model.unpublished() {
            if !trees.contains(&version) {
                break;
            }
            self.model.publish(version);
            self.lags = true;
        }
    }

    /// Nothing is promised of the versions above the first until the next build, which makes up for it.
    fn after_killed_rebuild(&mut self, from: u32) {
        let report = self.pyramid().build(&self.options()).unwrap_or_else(|error| panic!("{error}"));
        let shown = report.versions.iter().map(|one| one.version.0).collect::<BTreeSet<_>>();
        let begins = self.model.rebuilt_from(from);
        let back: BTreeSet<u32> =
            self.model.treeless.iter().copied().filter(|version| shown.contains(version)).collect();
        let all_back: BTreeSet<u32> = self.model.treeless.range(begins..).copied().collect();
        assert!(back.is_empty() || back == all_back, "{back:?} of {all_back:?} are back");
        self.model.treeless.retain(|version| !back.contains(version));
        self.built_all();
    }

    /// Runs the program, and kills it unless it ends before, which it must do with success.
    pub(crate) fn kill(&self, arguments: &[&str], kill: Kill) {
        let mut command = Command::new(test_support::program());
        command.args(arguments).arg(&self.folder).args(["-q", "--wait", "60"]);
        let count = || WalkDir::new(self.folder.join("dest")).into_iter().count();
        let (there, start) = (count(), Instant::now());
        let output = Stdio::piped();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output).spawn().unwrap();
        loop {
            if child.try_wait().unwrap().is_some() {
                let output = child.wait_with_output().unwrap();
                assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
                return;
            }
            let now = match kill {
                Kill::Milliseconds(time) => start.elapsed() >= Duration::from_millis(time),
                Kill::Files(more) => count() >= there + more,
            };
            if now {
                child.kill().unwrap();
                child.wait().unwrap();
                return;
            }
            sleep(Duration::from_micros(200));
        }
    }

    /// The versions whose trees there are.
    pub(crate) fn trees_on_disk(&self) -> BTreeSet<u32> {
        versions_in(&self.folder.join("dest/dzi"))
    }
}

pub(crate) fn versions_in(folder: &Path) -> BTreeSet<u32> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_prefix('v')?.parse().ok()).collect()
}

fn with_status(report: &BuildReport, status: VersionStatus) -> Vec<u32> {
    report.versions.iter().filter(|one| one.status == status).map(|one| one.version.0).collect()
}
