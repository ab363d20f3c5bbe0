//! Sources and settings that change after they were published: refused until the user decides.

use fast_pyramid::Version;
use fast_pyramid::internals::ops::{Failure, failure};
use std::fs;
use std::rc::Rc;

use crate::operation::{Deal, SettingsChange};
use crate::run::{ReplacedFrom, Run};
use crate::state::Place;
use test_support::tree::{Snapshot, assert_same_snapshot, snapshot};

impl Run {
    pub(crate) fn change_source(&mut self, version: usize, place: usize, change: usize, deal: Deal) -> ReplacedFrom {
        // Files may have two names while a vacuum waits for its end.
        if self.model.half_done.is_some() {
            self.build();
        }
        let version = self.version_at(version);
        let place = self.places()[place % self.places().len()];
        let old = self.model.sources[&version].get(&place).cloned();
        let new = self.changed(version, place, change);
        self.put_source(version, place, new);
        let known = self.model.published.contains_key(&version) || self.model.treeless.contains(&version);
        if !known {
            return None;
        }
        self.assert_sources_refused(version, place);
        match deal {
            Deal::Restore => {
                self.put_source(version, place, old);
                return None;
            }
            Deal::Rebuild => {
                let options = self.options().rebuild_from(Version(version));
                self.pyramid().build(&options).unwrap_or_else(|error| panic!("{error}"));
                self.model.rebuild(version);
                self.built_all();
            }
            Deal::DeleteDest => {
                self.delete_dest();
                self.build();
            }
        }
        Some(version)
    }

    /// Other contents for a source tile; `None` to delete it.
    fn changed(&self, version: u32, place: Place, change: usize) -> Option<Rc<Vec<u8>>> {
        let old = self.model.sources[&version].get(&place);
        let lowest = self.model.versions()[0] == version;
        if change >= 8 && !lowest && old.is_some() {
            return None;
        }
        let new = self.contents(place, change);
        Some(if old == Some(&new) { self.contents(place, change + 1) } else { new })
    }

    fn put_source(&mut self, version: u32, place: Place, bytes: Option<Rc<Vec<u8>>>) {
        match &bytes {
            Some(bytes) => self.write_source(version, place, bytes),
            None => fs::remove_file(self.source(version).join(self.tile_name(place))).unwrap(),
        }
        let tiles = self.model.sources.get_mut(&version).unwrap();
        match bytes {
            Some(bytes) => tiles.insert(place, bytes),
            None => tiles.remove(&place),
        };
    }

    fn assert_sources_refused(&self, version: u32, place: Place) {
        let (before, name) = (self.published(), self.tile_name(place));
        let dry = self.options().dry_run(true);
        let errors =
            [self.pyramid().build(&self.options()).err(), self.pyramid().build(&dry).err(), self.refused_vacuum()];
        for error in errors {
            match error.as_ref().map(failure) {
                Some(Failure::SourcesChanged { version: named, changes, .. }) => {
                    assert_eq!((*named, changes.examples()), (Version(version), vec![name.as_str()]));
                }
                other => panic!("v{version}/{name} was changed, but the error is {other:?}"),
            }
        }
        let (mut problems, folder) = (Vec::new(), format!("v{version}/{name}"));
        self.verify(&mut |problem| problems.push(problem.clone()));
        let reported = problems.iter().any(|one| one.kind.is_of_the_source() && one.path.ends_with(&folder));
        assert!(reported, "verify does not report {folder}");
        assert_same_snapshot(&before, &self.published());
    }

    /// Everything published.
    fn published(&self) -> Snapshot {
        let dzi = self.folder.join("dest/dzi");
        if dzi.exists() { snapshot(&dzi) } else { Snapshot::new() }
    }

    pub(crate) fn change_settings(&mut self, change: SettingsChange, deal: Deal) -> ReplacedFrom {
        if self.model.half_done.is_some() {
            self.build();
        }
        let (old, new) = (self.settings, self.other_settings(change));
        let fits = self.fit_base_tiles(new);
        self.settings = new;
        self.write_settings();
        if self.model.published.is_empty() {
            if !fits {
                self.settings = old;
                self.write_settings();
            }
            return None;
        }
        self.assert_settings_refused();
        match if fits { deal } else { Deal::Restore } {
            Deal::Restore => {
                self.settings = old;
                self.write_settings();
                return None;
            }
            Deal::Rebuild => self.rebuild(self.version_at(0)),
            Deal::DeleteDest => {
                self.delete_dest();
                self.build();
            }
        }
        Some(0)
    }

    fn assert_settings_refused(&self) {
        let before = self.published();
        let errors = [
            self.pyramid().build(&self.options()).err(),
            self.refused_vacuum(),
            self.pyramid().verify(&self.verify_options()).err(),
        ];
        for error in errors {
            match error.as_ref().map(failure) {
                Some(Failure::SettingsChanged { version, changed, .. }) => {
                    assert!(!changed.is_empty());
                    let version = version.0;
                    assert!(self.model.published.contains_key(&version) || self.model.treeless.contains(&version));
                }
                other => panic!("the settings were changed, but the error is {other:?}"),
            }
        }
        assert_same_snapshot(&before, &self.published());
    }
}
