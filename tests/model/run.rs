//! Applies operations to a pyramid on disk and to its model, and compares the two after each.

use fast_pyramid::internals::ops::unflushed_build;
use fast_pyramid::{BuildOptions, Locking, Pyramid};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use crate::operation::{Operation, SettingsChange, Setup};
use crate::state::{Model, Place, Tiles};
use test_support::overlap::{BaseKind, Shape};
use test_support::small_tiles::small_tile;

/// Settings in pyramid.json beside the picture's size. Any two give different trees.
const SETTINGS: [&str; 5] =
    ["", "filter: 'nearest'", "filter: 'lanczos3', quality: 91", "filter: 'mode'", "linear: true"];

/// Settings in pyramid.json that say how base tiles are named.
const NAMINGS: [&str; 6] = [
    "",
    "tile_naming: 'row_column'",
    "first_tile: 5, row_order: 'bottom_up'",
    "tile_naming: 't{row:3}/x{column}', first_tile: 1, row_order: 'bottom_up'",
    "tile_naming: '{column:2}{row:2}'",
    "tile_naming: 'z7/{column}/{row}', row_order: 'top_down'",
];

/// Settings that change. Any two give different trees, or do not fit the base tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangingSettings {
    /// An index into `SETTINGS`.
    pub(crate) reduction: usize,
    /// In pixels.
    pub(crate) overlap: usize,
    /// The kind of base tiles that pyramid.json states.
    pub(crate) stated: Option<BaseKind>,
}

/// From here on versions may have come to show something else than before.
pub(crate) type ReplacedFrom = Option<u32>;

/// The overlap with this number in [`Setup`]: 0, 1, 2 or as much as there may be.
fn overlap(number: usize, tile_size: usize) -> usize {
    if number < 3 { number } else { tile_size / 2 }
}

pub(crate) struct Run {
    _scratch: tempfile::TempDir,
    pub(crate) folder: PathBuf,
    pub(crate) setup: Setup,
    pub(crate) settings: ChangingSettings,
    pub(crate) model: Model,
    /// Whether a killed build may have left `latest` one version behind.
    pub(crate) lags: bool,
    /// A time of modification that no file has had yet, in seconds.
    clock: u64,
}

impl Run {
    /// A pyramid with its first version, not built yet.
    pub(crate) fn start(setup: &Setup) -> Run {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("p");
        fs::create_dir(&folder).unwrap();
        let settings = ChangingSettings {
            reduction: setup.settings,
            overlap: overlap(setup.overlap, setup.tile_size),
            stated: setup.states_base.then_some(setup.base),
        };
        let (setup, model) = (setup.clone(), Model::default());
        let mut run = Run { _scratch: scratch, folder, setup, settings, model, lags: false, clock: 1_600_000_000 };
        run.write_settings();
        let all: Tiles =
            run.places().into_iter().map(|place| (place, run.contents(place, place.0 + place.1))).collect();
        run.add_version(run.setup.first_version, all);
        run
    }

    /// Applies one operation, then checks everything.
    pub(crate) fn step(&mut self, operation: &Operation) {
        let before = self.served();
        let replaced = self.apply(operation);
        self.check();
        let after = self.served();
        for (version, shown) in before.iter().filter(|(version, _)| replaced.is_none_or(|from| **version < from)) {
            if let Some(now) = after.get(version) {
                assert_eq!(shown.keys().collect::<Vec<_>>(), now.keys().collect::<Vec<_>>());
                let differs = shown.iter().find(|(path, bytes)| now[*path] != **bytes);
                assert!(differs.is_none(), "{} shows something else", differs.unwrap().0.display());
            }
        }
    }

    /// In the end nothing waits any more, and all is as if built at once.
    pub(crate) fn end(&mut self) {
        self.step(&Operation::Build);
    }

    fn apply(&mut self, operation: &Operation) -> ReplacedFrom {
        use Operation::*;
        match operation {
            Patch { gap, tiles } => self.patch(*gap, tiles),
            Build => self.build(),
            StopBuild { rebuild, after } => self.stop_build(*rebuild, *after),
            KillBuild { rebuild, kill } => self.kill_build(*rebuild, *kill),
            Rebuild { from } => self.rebuild(self.version_at(*from)),
            DryBuild => self.dry_build(),
            Vacuum { built, pick, keep_sources, stop_after } => {
                if *built {
                    self.build();
                }
                self.vacuum(pick, *keep_sources, *stop_after);
            }
            KillVacuum { pick, keep_sources, kill } => {
                self.build();
                self.kill_vacuum(pick, *keep_sources, *kill);
            }
            DryVacuum { pick, keep_sources } => self.dry_vacuum(pick, *keep_sources),
            DeleteDest => self.delete_dest(),
            Touch { version, tiles } => self.touch(*version, *tiles),
            ChangeSource { version, place, change, deal } => {
                return self.change_source(*version, *place, *change, *deal);
            }
            ChangeSettings { change, deal } => return self.change_settings(*change, *deal),
            Damage { damages } => self.damage_and_repair(damages),
            Lose { version, tree } => self.lose_and_build(*version, *tree),
            Age => self.age(),
            LatestLags => self.let_latest_lag(),
        }
        None
    }

    pub(crate) fn pyramid(&self) -> Pyramid {
        Pyramid::open(&self.folder).unwrap()
    }

    pub(crate) fn threads(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.setup.threads)
    }

    /// Another test may be about to start a program, which has all locks of this process until it really runs.
    pub(crate) fn locking() -> Locking {
        Locking::Wait(Duration::from_secs(120))
    }

    pub(crate) fn options<'a>(&self) -> BuildOptions<'a> {
        unflushed_build(BuildOptions::default().threads(self.threads()).locking(Self::locking()))
    }

    pub(crate) fn version_at(&self, index: usize) -> u32 {
        let versions = self.model.versions();
        versions[index % versions.len()]
    }

    pub(crate) fn extension(&self) -> &'static str {
        if self.setup.jpeg { "jpg" } else { "png" }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        let side = |count: usize| count * self.setup.tile_size - self.setup.cut.min(self.setup.tile_size - 1);
        (side(self.setup.columns), side(self.setup.rows))
    }

    /// The shape with the settings as they are now.
    pub(crate) fn shape(&self) -> Shape {
        let ((width, height), tile_size) = (self.size(), self.setup.tile_size);
        Shape { width, height, tile_size, overlap: self.settings.overlap, base: self.setup.base }
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        self.shape().places()
    }

    pub(crate) fn contents(&self, place: Place, choice: usize) -> Rc<Vec<u8>> {
        let held = self.shape().source_area(place);
        Rc::new(small_tile(self.setup.jpeg, choice, (held.width(), held.height())))
    }

    /// The folder that the source folders are in.
    pub(crate) fn place(&self) -> PathBuf {
        if self.setup.in_src { self.folder.join("src") } else { self.folder.clone() }
    }

    pub(crate) fn source(&self, version: u32) -> PathBuf {
        self.place().join(format!("v{version}"))
    }

    /// The name of a base tile in a tree.
    pub(crate) fn tree_name(&self, (column, row): Place) -> String {
        format!("{column}_{row}.{}", self.extension())
    }

    /// The name of a base tile in a source folder.
    pub(crate) fn tile_name(&self, (column, row): Place) -> String {
        let from_below = self.setup.rows - 1 - row;
        let name = match self.setup.naming {
            0 => format!("{column}_{row}"),
            1 => format!("{row}_{column}"),
            2 => format!("{}_{}", column + 5, from_below + 5),
            3 => format!("t{:03}/x{}", from_below + 1, column + 1),
            4 => format!("{column:02}{row:02}"),
            _ => format!("z7/{column}/{row}"),
        };
        format!("{name}.{}", self.extension())
    }

    pub(crate) fn write_settings(&self) {
        let stated = self.settings.stated.map(|base| format!("base_tiles: '{}'", base.name())).unwrap_or_default();
        // Tiles have any contents, so no two of them agree.
        let keys = [SETTINGS[self.settings.reduction], NAMINGS[self.setup.naming], &stated, "stale_overlap: 'keep'"];
        let keys: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
        fs::write(self.folder.join("pyramid.json"), self.shape().spec(&keys.join(", "))).unwrap();
    }

    /// Other settings than now.
    pub(crate) fn other_settings(&self, change: SettingsChange) -> ChangingSettings {
        let now = self.settings;
        let other_reduction = |pick: usize| {
            let others: Vec<usize> = (0..SETTINGS.len()).filter(|other| *other != now.reduction).collect();
            ChangingSettings { reduction: others[pick % others.len()], ..now }
        };
        match change {
            SettingsChange::Reduction(pick) => other_reduction(pick),
            SettingsChange::Overlap(pick) => {
                let overlaps = (0..4).map(|pick| overlap(pick, self.setup.tile_size));
                let others: Vec<usize> = overlaps.filter(|other| *other != now.overlap).collect();
                ChangingSettings { overlap: others[pick % others.len()], ..now }
            }
            // Without overlap both kinds are the same.
            SettingsChange::BaseTiles if now.overlap == 0 => other_reduction(0),
            SettingsChange::BaseTiles => {
                let kind = if self.setup.base == BaseKind::Plain { BaseKind::Overlapping } else { BaseKind::Plain };
                ChangingSettings { stated: Some(kind), ..now }
            }
        }
    }

    /// Whether the base tiles that there are have the sizes that the settings ask for.
    pub(crate) fn fit_base_tiles(&self, settings: ChangingSettings) -> bool {
        let kind_fits = settings.stated.is_none_or(|stated| stated == self.setup.base);
        kind_fits && (settings.overlap == self.settings.overlap || self.setup.base == BaseKind::Plain)
    }

    fn patch(&mut self, gap: u32, picks: &[(usize, usize)]) {
        let (places, highest) = (self.places(), *self.model.sources.keys().next_back().unwrap());
        let (now, first) = (self.model.picture(highest), self.model.sources[&self.model.versions()[0]].clone());
        let mut tiles = Tiles::new();
        for &(place, choice) in picks {
            let place = places[place % places.len()];
            let bytes = match choice {
                8 => now[&place].clone(),
                9 => first[&place].clone(),
                _ => self.contents(place, choice),
            };
            tiles.insert(place, bytes);
        }
        self.add_version(highest + 1 + gap, tiles);
    }

    fn add_version(&mut self, version: u32, tiles: Tiles) {
        fs::create_dir_all(self.source(version)).unwrap();
        for (&place, bytes) in &tiles {
            self.write_source(version, place, bytes);
        }
        self.model.sources.insert(version, tiles);
    }

    pub(crate) fn write_source(&mut self, version: u32, place: Place, bytes: &[u8]) {
        let path = self.source(version).join(self.tile_name(place));
        // A new file: a vacuum that ended with `dest` may have left the old one with two names.
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.set_time(&path);
    }

    /// A clock of its own, because two writes in a row can have the same time on disk.
    fn set_time(&mut self, path: &Path) {
        self.clock += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.clock);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn touch(&mut self, version: usize, mask: u8) {
        let source = self.source(self.version_at(version));
        let entries = WalkDir::new(source).into_iter().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().is_file());
        let mut paths: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).collect();
        paths.sort();
        for (_, path) in paths.iter().enumerate().filter(|(index, _)| (mask >> (index % 8)) & 1 == 1) {
            self.set_time(path);
        }
    }

    /// Deletes `dest`, with the journal of an unfinished vacuum; the remaining sources show the same.
    pub(crate) fn delete_dest(&mut self) {
        if self.folder.join("dest").exists() {
            fs::remove_dir_all(self.folder.join("dest")).unwrap();
        }
        let (shown, kept) = (self.model.published.clone(), self.model.kept());
        if self.model.half_done.is_some() {
            self.model.sources = self.sources_on_disk();
            for (version, picture) in shown.iter().filter(|(version, _)| self.model.sources.contains_key(version)) {
                assert!(self.model.picture(*version) == *picture, "the sources of v{version} show something else");
            }
            assert!(kept.iter().all(|version| self.model.sources.contains_key(version)));
        }
        self.model.forget();
        self.lags = false;
    }

    fn manifest_path(&self, version: u32) -> PathBuf {
        self.folder.join(format!("dest/.fast_pyramid/versions/v{version}/manifest.json"))
    }

    fn manifest(&self, version: u32) -> Option<serde_json::Value> {
        let bytes = fs::read(self.manifest_path(version)).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// When each version was built, in seconds.
    pub(crate) fn built(&self) -> BTreeMap<u32, u64> {
        let time = |version| Some((version, self.manifest(version)?["built"].as_u64().unwrap()));
        self.model.versions().into_iter().filter_map(time).collect()
    }

    fn age(&mut self) {
        for (version, built) in self.built() {
            let mut manifest = self.manifest(version).unwrap();
            manifest["built"] = (built - 86_400).into();
            fs::write(self.manifest_path(version), manifest.to_string()).unwrap();
        }
    }

    fn let_latest_lag(&mut self) {
        let kept = self.model.kept();
        if let ([.., before, _], None) = (&kept[..], &self.model.half_done) {
            let latest = self.folder.join("dest/dzi/latest");
            fs::remove_file(&latest).unwrap();
            std::os::unix::fs::symlink(format!("v{before}"), latest).unwrap();
            self.lags = true;
        }
    }
}
