//! Whatever replaces one of the tool's own files, no command panics, hangs or loses anything; each reports what is wrong with
//! a path where it cannot continue, and its advice helps.
//!
//! By default each corruption is tried with one of the commands, `KILL_POINTS=most` tries half of them, `KILL_POINTS=all` all,
//! and more files.

mod corruption;
mod scenario;

use corruption::{Corruption, corruption, of_any_file, of_json, replaced_by, with_value};
use fast_pyramid::internals::ops::vacuum_killed_after;
use fast_pyramid::{BuildOptions, ErrorKind, Event, Observer, Pyramid, Selection, VacuumOptions};
use scenario::{Scenario, ended};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use test_support::sampling::Sweep;
use test_support::strace::{copy_with_links, run, say, scratch};

#[test]
fn corrupt_lock_loses_nothing() {
    let scratch = scratch();
    let scenario = Scenario::new("published", scratch.path(), "lock", |_| {});
    let mut all = of_any_file(0);
    all.push(replaced_by("far away", format!("{{\"pid\":1,\"command\":\"x\",\"since\":{}}}", u64::MAX)));
    say(&format!("lock: {} runs", scenario.try_all(&all)));
    // Somebody holds it, and says nonsense of when.
    let folder = scratch.path().join("held");
    copy_with_links(&scenario.prepared, &folder);
    let path = folder.join("dest/.fast_pyramid/lock");
    for (name, act) in all.iter().filter(|(name, _)| !["folder", "link", "pipe"].iter().any(|kind| name.contains(kind)))
    {
        act(&path);
        let file = fs::File::open(&path).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
        for arguments in [&["build"][..], &["verify"], &["repair"]] {
            assert_eq!(ended(&folder, arguments, name).code, 4, "{name}");
        }
    }
}

#[test]
fn corrupt_list_of_dropped_versions_loses_nothing() {
    let scratch = scratch();
    let scenario = Scenario::new("trees dropped", scratch.path(), "dropped.json", |folder| {
        run(folder, &["vacuum", "--keep-last", "2", "--keep-sources"]);
    });
    let mut all = of_json(0);
    for versions in [vec![], vec![0], vec![1], vec![7, 4_000_000_000_u32], vec![0, 1, 2, 3], vec![3]] {
        all.push(with_value(&["versions"], versions));
    }
    all.push(with_value(&["versions"], "all"));
    say(&format!("dropped.json: {} runs", scenario.try_all(&all)));
}

/// A vacuum of all but two versions that was stopped in a stage.
fn half_vacuumed(folder: &Path, stage: &str) {
    let journal = folder.join("dest/.fast_pyramid/vacuum.json");
    let selection = Selection::KeepLast(NonZeroUsize::new(2).unwrap());
    // Each attempt gets one step further from where the last one ended.
    for _ in 0..1000 {
        let options = vacuum_killed_after(VacuumOptions::new(selection.clone()), 2);
        assert!(Pyramid::open(folder).unwrap().vacuum(&options).is_err());
        if fs::read_to_string(&journal).is_ok_and(|text| text.contains(stage)) {
            return;
        }
    }
    panic!("it was never {stage}");
}

/// Corrupts the journal of a vacuum that was stopped in this stage.
fn corrupt_journal(stage: &str) {
    let scratch = scratch();
    let mut scenario =
        Scenario::new("half vacuumed", scratch.path(), "vacuum.json", |folder| half_vacuumed(folder, stage));
    scenario.sources_stay = false;
    let mut all = of_json(0);
    for versions in [vec![], vec![7, 4_000_000_000_u32], vec![0, 1, 2, 3], vec![3]] {
        all.push(with_value(&["dropped"], versions));
    }
    all.push(with_value(&["manifests"], serde_json::json!([[7, "00"], [2, "00"]])));
    all.push(with_value(&["manifests"], serde_json::json!([[2, "00"]])));
    all.push(with_value(&["stage"], "resting"));
    all.push(with_value(&["totals", "moved"], u64::MAX));
    all.push(with_value(&["totals", "inodes"], i64::MAX));
    say(&format!("vacuum.json, {stage}: {} runs", scenario.try_all(&all)));
}

#[test]
fn corrupt_journal_of_a_vacuum_that_moves_files_loses_nothing() {
    corrupt_journal("moving");
}

#[test]
fn corrupt_journal_of_a_vacuum_that_cleans_up_loses_nothing() {
    corrupt_journal("cleaning");
}

#[test]
fn corrupt_list_of_replaced_versions_loses_nothing() {
    let scratch = scratch();
    let scenario = Scenario::new("replaced", scratch.path(), "replaced.json", |folder| {
        fs::write(folder.join("dest/.fast_pyramid/replaced.json"), r#"{"schema":1,"versions":[0,1,2,3]}"#).unwrap();
    });
    let mut all = of_json(0);
    all.push(with_value(&["versions"], vec![7, 4_000_000_000_u32]));
    say(&format!("replaced.json: {} runs", scenario.try_all(&all)));
}

#[test]
fn corrupt_record_of_a_revert_loses_nothing() {
    let scratch = scratch();
    let scenario = Scenario::new("reverting", scratch.path(), "revert.json", |folder| {
        fs::write(folder.join("dest/.fast_pyramid/revert.json"), r#"{"schema":1,"to":1,"version":3}"#).unwrap();
    });
    let mut all = of_json(0);
    all.push(with_value(&["version"], 7));
    all.push(with_value(&["to"], 4_000_000_000_u32));
    say(&format!("revert.json: {} runs", scenario.try_all(&all)));
}

#[test]
fn corrupt_manifest_loses_nothing() {
    let scratch = scratch();
    let files = ["versions/v1/manifest.json", "versions/v3/manifest.json"];
    for file in files.into_iter().take(if Sweep::from_environment() == Sweep::All { 2 } else { 1 }) {
        let scenario = Scenario::new("published", scratch.path(), file, |_| {});
        let mut all = of_json(2);
        for count in ["tiles", "generated", "generated_bytes"] {
            let place: &'static [&'static str] = match count {
                "tiles" => &["counts", "tiles"],
                "generated" => &["counts", "generated"],
                _ => &["counts", "generated_bytes"],
            };
            all.extend([with_value(place, 0), with_value(place, u64::MAX)]);
        }
        all.extend([0_u64, 7, u64::from(u32::MAX), u64::MAX].map(|number| with_value(&["version"], number)));
        all.extend([0, u64::MAX].map(|number| with_value(&["built"], number)));
        all.extend([0, 1, u64::MAX, u64::MAX / 48 + 1].map(|number| with_value(&["records"], number)));
        all.extend(["", "00", "0123456789abcdef0123456789abcdef"].map(|hash| with_value(&["records_hash"], hash)));
        all.extend([0, u32::MAX].map(|number| with_value(&["settings", "width"], number)));
        all.extend([0, 1, u32::MAX].map(|number| with_value(&["settings", "tile_size"], number)));
        all.extend(["", "jpg", "../../x", "pngpngpngpng"].map(|text| with_value(&["settings", "format"], text)));
        say(&format!("{file}: {} runs", scenario.try_all(&all)));
    }
}

#[test]
fn corrupt_records_lose_nothing() {
    let scratch = scratch();
    let files = ["versions/v1/tiles", "versions/v3/tiles"];
    for file in files.into_iter().take(if Sweep::from_environment() == Sweep::All { 2 } else { 1 }) {
        let scenario = Scenario::new("published", scratch.path(), file, |_| {});
        let mut all = of_any_file(2);
        for length in [1, 47, 48, 49, 96] {
            all.push(corruption(&format!("{length} bytes of it"), move |path| {
                let bytes = fs::read(path).unwrap();
                fs::write(path, &bytes[..length.min(bytes.len())]).unwrap();
            }));
        }
        // Each field of the first record and of the last: role, level, column, row, length, time, hash.
        for at in [0, 1, 4, 7, 8, 11, 16, 23, 24, 31, 32, 47] {
            for last in [false, true] {
                all.push(corruption(&format!("flipped at {at} (last: {last})"), move |path| {
                    let mut bytes = fs::read(path).unwrap();
                    let record = if last { bytes.len() - 48 } else { 0 };
                    bytes[record + at] ^= if at == 0 { 3 } else { 0x41 };
                    fs::write(path, bytes).unwrap();
                }));
            }
        }
        all.push(corruption("twice", |path| fs::write(path, fs::read(path).unwrap().repeat(2)).unwrap()));
        say(&format!("{file}: {} runs", scenario.try_all(&all)));
    }
}

/// Cancels after a number of tiles.
struct StopAfter {
    most: u64,
    done: AtomicU64,
}

impl Observer for StopAfter {
    fn event(&self, event: &Event<'_>) {
        if let Event::TilesDone(count) = event {
            self.done.fetch_add(*count, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.most
    }
}

/// Three published versions, and a fourth that is half built.
fn half_built(folder: &Path) {
    let aside = folder.with_extension("aside");
    fs::rename(folder.join("v3"), &aside).unwrap();
    fs::remove_dir_all(folder.join("dest")).unwrap();
    run(folder, &["build"]);
    fs::rename(&aside, folder.join("v3")).unwrap();
    let stop = StopAfter { most: 2, done: AtomicU64::new(0) };
    let options = BuildOptions::default().threads(NonZeroUsize::new(1)).observer(&stop);
    let result = Pyramid::open(folder).unwrap().build(&options);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// Tries corruptions of a file in the staging folder of a build that was stopped.
fn corrupt_staging(file: &'static str, corruptions: &[Corruption]) {
    let scratch = scratch();
    let scenario = Scenario::new("half built", scratch.path(), file, half_built);
    say(&format!("{file}: {} runs", scenario.try_all(corruptions)));
}

#[test]
fn corrupt_basis_of_a_stopped_build_loses_nothing() {
    let mut all = of_json(2);
    all.push(with_value(&["encoder"], 7));
    all.push(with_value(&["below"], serde_json::json!([7, "00"])));
    corrupt_staging("staging/v3/basis.json", &all);
}

#[test]
fn corrupt_records_of_a_stopped_build_lose_nothing() {
    corrupt_staging("staging/v3/manifest/tiles", &of_any_file(3));
}

#[test]
fn replaced_staging_folder_of_a_stopped_build_loses_nothing() {
    let after_removal = |(name, act): Corruption| {
        // A folder cannot be written over.
        corruption(&name, move |path| {
            fs::remove_dir_all(path).unwrap();
            act(path);
        })
    };
    let all: Vec<Corruption> = of_any_file(1).into_iter().take(8).map(after_removal).collect();
    corrupt_staging("staging/v3", &all);
}
