//! What must hold after every operation.
//!
//! Always: exactly the versions of the model are published, `latest` leads to the highest, and each shows the model's base
//! tiles, byte for byte; or, where its base level is composed of plain tiles, their pixels, if these are lossless. Where no vacuum is unfinished: no link is broken or chained, the sources are those of the model,
//! and verify finds nothing. Where no version waits to be built: the trees equal those of a build from nothing.
//!
//! That build also makes the trees of versions that were dropped while their sources stayed. After dropping the same trees
//! from it, in whatever order, both serve the same. The owner of a generated tile depends on the trees that exist; base tiles
//! stay where they always were.

use fast_pyramid::internals::ops::{Failure, failure};
use fast_pyramid::{Event, Problem, ProblemKind, Pyramid, Selection, VacuumOptions, VerifyOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Mutex;

use walkdir::WalkDir;

use crate::builds::versions_in;
use crate::run::Run;
use crate::state::{Place, Tiles};
use test_support::overlap::Shape;
use test_support::reference::{self, Kind, Picture, assert_close, decode_png, read_png};
use test_support::tree::{assert_same_tree, tree_problems};
use test_support::{copy_folder, served};

/// A base tile composed of the plain tiles that it shows a part of; of the widest kind among them.
fn composed(shape: &Shape, plain: &reference::Tiles, place: Place) -> Picture {
    let area = shape.shown_area((shape.width, shape.height), place);
    let parts: Vec<_> = plain
        .iter()
        .filter_map(|(&other, tile)| {
            let core = shape.core(other);
            let shared = core.shared(area)?;
            Some((shared, shared.of(tile, (core.left, core.top))))
        })
        .collect();
    let kind = parts.iter().fold(Kind::default(), |kind, (_, part)| kind.widest(part.kind()));
    let mut whole = Picture::new(area.width(), area.height(), kind);
    for (shared, part) in parts {
        whole.paste(&part.widened(kind), shared.left - area.left, shared.top - area.top);
    }
    whole
}

impl Run {
    pub(crate) fn check(&self) {
        self.check_versions();
        for version in self.model.kept() {
            self.check_base(version);
        }
        if self.model.half_done.is_some() {
            let refused = self.pyramid().verify(&self.verify_options());
            assert!(matches!(refused.as_ref().map_err(failure), Err(Failure::HalfVacuumed { .. })), "{refused:?}");
            return;
        }
        assert!(self.sources_on_disk() == self.model.sources, "the source folders are not those of the model");
        if self.model.published.is_empty() {
            return;
        }
        let problems = tree_problems(&self.folder).into_iter();
        let problems: Vec<_> = problems.filter(|one| !(self.lags && one.starts_with("dest/dzi/latest "))).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        self.verify(&mut |problem| panic!("verify: {problem}"));
        if self.model.unpublished().is_empty() {
            self.check_like_new();
        }
    }

    fn check_versions(&self) {
        let trees = self.trees_on_disk();
        let published: BTreeSet<u32> = self.model.published.keys().copied().collect();
        let kept: BTreeSet<u32> = self.model.kept().into_iter().collect();
        // Those that go may have gone.
        assert!(kept.is_subset(&trees) && trees.is_subset(&published), "{kept:?}, {trees:?}, {published:?}");
        if let (Some(latest), false) = (self.model.latest(), self.lags) {
            let target = fs::read_link(self.folder.join("dest/dzi/latest")).unwrap();
            assert_eq!(target, PathBuf::from(format!("v{latest}")));
        }
    }

    fn check_base(&self, version: u32) {
        let (width, height) = self.size();
        let base = (width.max(height) - 1).checked_ilog2().map_or(0, |log| log + 1);
        let folder = self.folder.join(format!("dest/dzi/v{version}/dzi_files/{base}"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), self.places().len());
        let tiles = &self.model.published[&version];
        if !self.shape().composes_base() {
            for (&place, bytes) in tiles {
                let path = folder.join(self.tree_name(place));
                let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(found == **bytes, "{} shows other bytes", path.display());
            }
        } else if !self.setup.jpeg {
            let plain: reference::Tiles = tiles.iter().map(|(&place, bytes)| (place, decode_png(bytes))).collect();
            for &place in tiles.keys() {
                let path = folder.join(self.tree_name(place));
                assert_close(&path.display().to_string(), &read_png(&path), &composed(&self.shape(), &plain, place), 0);
            }
        }
    }

    pub(crate) fn sources_on_disk(&self) -> BTreeMap<u32, Tiles> {
        let tiles = |version: u32| -> Tiles {
            let source = self.source(version);
            let places: BTreeMap<PathBuf, Place> =
                self.places().into_iter().map(|place| (source.join(self.tile_name(place)), place)).collect();
            let all = WalkDir::new(&source).into_iter().map(Result::unwrap);
            let files = all.filter(|entry| !entry.file_type().is_dir());
            files.map(|entry| (places[entry.path()], Rc::new(fs::read(entry.path()).unwrap()))).collect()
        };
        versions_in(&self.place()).into_iter().map(|version| (version, tiles(version))).collect()
    }

    /// The tiles of every version that stays, on all levels.
    pub(crate) fn served(&self) -> BTreeMap<u32, BTreeMap<PathBuf, Vec<u8>>> {
        self.model.kept().into_iter().map(|version| (version, served(&self.folder, &[version]))).collect()
    }

    pub(crate) fn verify_options<'a>(&self) -> VerifyOptions<'a> {
        VerifyOptions::default().threads(self.threads()).locking(Self::locking())
    }

    /// All problems that verify reports, except a `latest` that a killed build may have left behind.
    pub(crate) fn verify(&self, tell: &mut (dyn FnMut(&Problem) + Send)) {
        let lags = self.lags;
        let tell = Mutex::new(tell);
        let observer = |event: &Event<'_>| match event {
            Event::Problem(problem) if !(lags && problem.kind == ProblemKind::WrongLatest) => {
                (*tell.lock().unwrap())(problem);
            }
            _ => {}
        };
        let options = self.verify_options().observer(&observer);
        let report = self.pyramid().verify(&options).unwrap_or_else(|error| panic!("{error}"));
        let versions: Vec<u32> = report.versions.iter().map(|version| version.0).collect();
        assert_eq!((versions, report.not_checked), (self.model.published.keys().copied().collect(), vec![]));
    }

    fn check_like_new(&self) {
        let scratch = tempfile::tempdir().unwrap();
        let fresh = scratch.path().join("p");
        let inside = fresh.join(self.place().strip_prefix(&self.folder).unwrap());
        for version in self.model.versions() {
            copy_folder(&self.source(version), &inside.join(format!("v{version}")));
        }
        fs::copy(self.folder.join("pyramid.json"), fresh.join("pyramid.json")).unwrap();
        let pyramid = Pyramid::open(&fresh).unwrap();
        pyramid.build(&self.options()).unwrap_or_else(|error| panic!("{error}"));
        if !self.model.treeless.is_empty() {
            let ranges = self.model.treeless.iter().map(|&version| version..=version).collect();
            let options = VacuumOptions::new(Selection::Drop(ranges)).locking(Self::locking()).keep_sources(true);
            pyramid.vacuum(&options).unwrap_or_else(|error| panic!("{error}"));
        }
        // `latest` may lag, which is another matter.
        for version in self.model.published.keys() {
            let tree = format!("dest/dzi/v{version}");
            assert_same_tree(&fresh.join(&tree), &self.folder.join(&tree));
        }
    }
}
