//! Damages `dest`, and repairs it.

use fast_pyramid::{Event, RepairOptions};
use std::fs::{self, File};
use std::path::PathBuf;

use walkdir::WalkDir;

use crate::operation::Damage;
use crate::run::Run;
use test_support::damage::{clear, flip, relink};

impl Run {
    pub(crate) fn damage_and_repair(&mut self, damages: &[Damage]) {
        if self.model.published.is_empty() {
            return;
        }
        let mut from = None;
        // What a vacuum waits to do needs its files whole; a repair finishes it.
        if self.model.half_done.is_none() {
            for damage in damages {
                from = from.into_iter().chain(self.damage(damage)).min();
            }
        }
        let nothing_left = |event: &Event<'_>| assert!(!matches!(event, Event::Problem(_)), "left: {event:?}");
        let options = RepairOptions::default().threads(self.threads()).locking(Self::locking()).observer(&nothing_left);
        let report = self.pyramid().repair(&options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((report.after.problems, report.not_rebuilt), (0, None));
        self.model.finish();
        self.lags = false;
        if let (Some(from), Some(latest)) = (from, self.model.latest()) {
            // Versions that were never published are no business of a repair.
            let begins = self.model.rebuilt_from(from);
            self.model.treeless.retain(|version| *version < begins);
            for version in self.model.unpublished().into_iter().filter(|version| *version < latest) {
                self.model.publish(version);
            }
        }
    }

    /// Breaks something; the version that needs rebuilding, if it takes that.
    fn damage(&self, damage: &Damage) -> Option<u32> {
        match damage {
            Damage::DeleteEntry { version, entry } => {
                self.entry(*version, *entry, |_| true).into_iter().for_each(|path| clear(&path));
            }
            Damage::Truncate { version, entry } => {
                if let Some(path) = self.entry(*version, *entry, |path| !path.is_symlink()) {
                    let file = File::options().write(true).open(path).unwrap();
                    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
                }
            }
            Damage::Flip { version, entry } => {
                self.entry(*version, *entry, |path| !path.is_symlink()).into_iter().for_each(|path| flip(&path));
            }
            Damage::Relink { version, entry, other } => {
                if let Some(path) = self.entry(*version, *entry, |path| path.is_symlink()) {
                    let other = self.entry(*other, *entry + 1, |path| path.is_symlink());
                    let target = other.map_or("nowhere".into(), |other| fs::read_link(other).unwrap());
                    relink(&path, target.to_str().unwrap());
                }
            }
            Damage::LoseDescriptor { version } => {
                let path = self.tree(self.shown_at(*version)).join("dzi.xml");
                path.exists().then(|| clear(&path));
            }
            Damage::LoseManifest { version } => return self.lose(self.shown_at(*version), false),
            Damage::CutManifest { version } => {
                let version = self.shown_at(*version);
                let records = self.state(version).join("tiles");
                if records.exists() && self.tree(version).exists() {
                    let file = File::options().write(true).open(records).unwrap();
                    let length = file.metadata().unwrap().len();
                    file.set_len(length / 2).unwrap();
                    return (length > 0).then_some(version);
                }
            }
            Damage::LoseTree { version } => return self.lose(self.shown_at(*version), true),
            Damage::LoseLatest => {
                if self.tree(self.model.latest().unwrap()).exists() {
                    drop(fs::remove_file(self.folder.join("dest/dzi/latest")));
                }
            }
        }
        None
    }

    /// Deletes the tree or the manifest of a version, unless all other traces of that version have gone
    /// already: the other of them, and for the tree of the newest version `latest`.
    fn lose(&self, version: u32, tree: bool) -> Option<u32> {
        let (tree_path, state) = (self.tree(version), self.state(version));
        let latest = fs::read_link(self.folder.join("dest/dzi/latest"));
        let reported = self.model.latest() != Some(version) || latest.is_ok_and(|latest| tree_path.ends_with(latest));
        if !tree_path.exists() || !state.exists() || (tree && !reported) {
            return None;
        }
        clear(if tree { &tree_path } else { &state });
        Some(version)
    }

    pub(crate) fn lose_and_build(&mut self, version: usize, tree: bool) {
        if self.model.published.is_empty() || self.model.half_done.is_some() {
            return;
        }
        let version = self.shown_at(version);
        if self.lose(version, tree).is_none() {
            return;
        }
        self.pyramid().build(&self.options()).unwrap_or_else(|error| panic!("{error}"));
        self.model.rebuild(version);
        self.built_all();
    }

    fn shown_at(&self, index: usize) -> u32 {
        *self.model.published.keys().nth(index % self.model.published.len()).unwrap()
    }

    fn tree(&self, version: u32) -> PathBuf {
        self.folder.join(format!("dest/dzi/v{version}"))
    }

    fn state(&self, version: u32) -> PathBuf {
        self.folder.join(format!("dest/.fast_pyramid/versions/v{version}"))
    }

    /// One of the tiles in a tree, a file or a link as `which` asks.
    fn entry(&self, version: usize, entry: usize, which: impl Fn(&PathBuf) -> bool) -> Option<PathBuf> {
        let tree = self.tree(self.shown_at(version)).join("dzi_files");
        let entries = WalkDir::new(tree).into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
        let mut paths: Vec<PathBuf> = entries.map(walkdir::DirEntry::into_path).filter(which).collect();
        paths.sort();
        (!paths.is_empty()).then(|| paths.swap_remove(entry % paths.len()))
    }
}
