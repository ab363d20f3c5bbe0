//! Whatever replaces one of the tool's own files, no command panics, hangs or loses anything; each reports what is wrong with
//! a path where it cannot continue, and its advice helps.
//!
//! By default each corruption is tried with one of the commands, `KILL_POINTS=most` tries half of them, `KILL_POINTS=all` all,
//! and more files.

use fast_pyramid::internals::ops::vacuum_killed_after;
use fast_pyramid::{BuildOptions, ErrorKind, Event, Observer, Pyramid, Selection, VacuumOptions};
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use test_support::damage::{clear, with_unchanged_parent};
use test_support::limited::LimitedCommand;
use test_support::sampling::Sweep;
use test_support::strace::{copy_with_links, run, say, scratch};
use test_support::tree::{Fingerprint, snapshot, source_fingerprint};

const COMMANDS: [&[&str]; 7] = [
    &["build"],
    &["info"],
    &["changes"],
    &["verify"],
    &["repair"],
    &["vacuum", "--keep-last", "2"],
    &["vacuum", "--keep-last", "2", "--dry-run"],
];

/// The versions that stay in every scenario.
const KEPT: [&str; 2] = ["v2", "v3"];

/// A description, and the change to a file.
type Corruption = (String, Box<dyn Fn(&Path)>);

fn corruption(name: &str, act: impl Fn(&Path) + 'static) -> Corruption {
    (name.to_owned(), Box::new(act))
}

fn replaced_by(name: &str, contents: impl Into<Vec<u8>>) -> Corruption {
    let contents = contents.into();
    corruption(name, move |path| fs::write(path, &contents).unwrap())
}

/// Corruptions of any file. Links lead from the tool's own folder, or `down` folders below it, to the user's.
fn of_any_file(down: usize) -> Vec<Corruption> {
    let linked = |target: String| {
        move |path: &Path| {
            let _ = fs::remove_file(path);
            symlink(&target, path).unwrap();
        }
    };
    let mut all = vec![
        replaced_by("empty", ""),
        replaced_by("garbage", b"\xff\xfe{]\0garbage".to_vec()),
        replaced_by("a megabyte", vec![0x5a; 1 << 20]),
        corruption("a folder", |path| {
            let _ = fs::remove_file(path);
            fs::create_dir(path).unwrap();
            fs::write(path.join("inside"), "x").unwrap();
        }),
        corruption("a link to a source tile", linked(format!("{}v3/3_1.png", "../".repeat(2 + down)))),
        corruption("a link that leads nowhere", linked("nothing/here".into())),
        corruption("a link to itself", |path| {
            let _ = fs::remove_file(path);
            symlink(path.file_name().unwrap(), path).unwrap();
        }),
        corruption("a pipe", |path| {
            let _ = fs::remove_file(path);
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ];
    for quarters in 1..4 {
        all.push(corruption(&format!("{quarters} quarters of it"), move |path| {
            let bytes = fs::read(path).unwrap_or_default();
            fs::write(path, &bytes[..bytes.len() * quarters / 4]).unwrap();
        }));
    }
    all
}

/// A JSON file with one value changed.
fn with_value(place: &'static [&'static str], value: impl Into<serde_json::Value>) -> Corruption {
    let value = value.into();
    corruption(&format!("{} is {value}", place.join(".")), move |path| {
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let mut at = &mut json;
        for key in place {
            at = &mut at[*key];
        }
        *at = value.clone();
        fs::write(path, json.to_string()).unwrap();
    })
}

/// Corruptions of a JSON file with a schema.
fn of_json(down: usize) -> Vec<Corruption> {
    let mut all = of_any_file(down);
    all.extend(["{}", "[]", "null", "0", "{\"schema\":1}"].map(|text| replaced_by(text, text)));
    all.extend([with_value(&["schema"], 99), with_value(&["schema"], -1), with_value(&["schema"], "one")]);
    all
}

/// The bytes of every entry of the trees, by its path in `dest/dzi`.
type TreeContents = BTreeMap<PathBuf, Vec<u8>>;

fn tree_contents(folder: &Path) -> TreeContents {
    let trees = folder.join("dest/dzi");
    let read = |path: PathBuf| fs::read(trees.join(&path)).ok().map(|bytes| (path, bytes));
    snapshot(&trees).into_keys().filter_map(read).collect()
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program to its end; it must not panic, and print no error of more than four lines.
fn ended(folder: &Path, arguments: &[&str], context: &str) -> Ended {
    let mut command = LimitedCommand::new(test_support::program());
    let output = command.args(arguments).arg(folder).args(["-j", "1"]).output();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{context}: {arguments:?} did not end by itself"));
    assert!(code != 101 && !err.contains("panicked"), "{context}: {err}");
    assert!(!err.starts_with("error: ") || err.lines().count() <= 4, "{context}: {err}");
    Ended { code, out, err }
}

/// A pyramid with four versions in some state, and the file that is corrupted.
struct Scenario {
    name: &'static str,
    prepared: PathBuf,
    file: &'static str,
    /// Whether commands other than `vacuum` leave the source folders alone.
    sources_stay: bool,
}

impl Scenario {
    fn new(name: &'static str, scratch: &Path, file: &'static str, prepare: impl FnOnce(&Path)) -> Self {
        let prepared = scratch.join("prepared");
        let _ = fs::remove_dir_all(&prepared);
        copy_with_links(&with_unchanged_parent().path("p"), &prepared);
        prepare(&prepared);
        assert!(prepared.join("dest/.fast_pyramid").join(file).exists(), "{name}: {file} is not there");
        Self { name, prepared, file, sources_stay: true }
    }

    /// Tries all commands on each corruption; returns how many runs that were.
    fn try_all(&self, corruptions: &[Corruption]) -> usize {
        let undisturbed = self.prepared.with_file_name("undisturbed");
        let _ = fs::remove_dir_all(&undisturbed);
        copy_with_links(&self.prepared, &undisturbed);
        run(&undisturbed, &["build"]);
        let (right, before) = (tree_contents(&undisturbed), tree_contents(&self.prepared));
        let mut runs = 0;
        for (index, (name, act)) in corruptions.iter().enumerate() {
            for (turn, arguments) in COMMANDS.into_iter().enumerate() {
                // The other commands with the next corruptions.
                if !(index + turn).is_multiple_of(Sweep::from_environment().step(COMMANDS.len(), 2)) {
                    continue;
                }
                runs += 1;
                let folder = self.prepared.with_file_name("p");
                copy_with_links(&self.prepared, &folder);
                act(&folder.join("dest/.fast_pyramid").join(self.file));
                let context = format!("{}, {} is {name}, {arguments:?}", self.name, self.file);
                self.try_one(&folder, arguments, (&before, &right), &context);
                fs::remove_dir_all(&folder).unwrap();
            }
        }
        runs
    }

    fn try_one(
        &self,
        folder: &Path,
        arguments: &[&str],
        (before, right): (&TreeContents, &TreeContents),
        context: &str,
    ) {
        let sources = source_fingerprint(folder);
        let first = ended(folder, arguments, context);
        let now = tree_contents(folder);
        for (path, bytes) in before.iter().filter(|(path, _)| is_kept(path)) {
            assert!(now.get(path) == Some(bytes), "{context}: {} shows something else: {}", path.display(), first.err);
        }
        self.check_sources(folder, arguments, &sources, context);
        if first.code != 0 {
            let named =
                ["dest/", folder.to_str().unwrap()].iter().any(|path| (first.out.clone() + &first.err).contains(path));
            assert!(named, "{context}: no path is named: {}", first.err);
            follow_advice(folder, &first.err, context);
            // Of a dry run the advice may be to let the real one do its work.
            let again = ended(folder, arguments, context);
            assert_eq!(again.code, 0, "{context}: advice was\n{}but then:\n{}", first.err, again.err);
        }
        self.check_sources(folder, arguments, &sources, context);
        // Another command may need what this one ignored.
        succeed(folder, &["build"], context);
        succeed(folder, &["verify"], context);
        let now = tree_contents(folder);
        for (path, bytes) in right.iter().filter(|(path, _)| is_kept(path)) {
            assert!(now.get(path) == Some(bytes), "{context}: in the end {} shows something else", path.display());
        }
    }

    fn check_sources(&self, folder: &Path, arguments: &[&str], before: &Fingerprint, context: &str) {
        let now = source_fingerprint(folder);
        let vacuumed = arguments.contains(&"vacuum") || !self.sources_stay;
        for (path, entry) in before {
            if vacuumed && (!is_kept(path) || folder.join(path).is_dir()) {
                continue;
            }
            assert!(now.get(path) == Some(entry), "{context}: the source {} has changed", path.display());
        }
    }
}

fn is_kept(path: &Path) -> bool {
    KEPT.iter().any(|version| path.starts_with(version))
}

/// Runs the command, which succeeds at the latest after what it advises has been done.
fn succeed(folder: &Path, arguments: &[&str], context: &str) {
    let first = ended(folder, arguments, context);
    if first.code != 0 {
        follow_advice(folder, &first.err, context);
        let again = ended(folder, arguments, context);
        assert_eq!(again.code, 0, "{context}: {arguments:?} advised\n{}but then:\n{}", first.err, again.err);
    }
}

/// Does what the message says.
fn follow_advice(folder: &Path, err: &str, context: &str) {
    let delete_and_build = || {
        fs::remove_dir_all(folder.join("dest")).unwrap();
        run(folder, &["build"]);
    };
    if err.contains("move it away") {
        let path = Path::new(err.trim_start_matches("error: ").split(": ").next().unwrap());
        clear(path);
    } else if err.contains("run repair") || err.contains("run fast_pyramid repair") {
        succeed(folder, &["repair"], context);
    } else if err.contains("delete dest and build again") {
        delete_and_build();
    } else if let Some((_, version)) = err.trim_end().split_once("--rebuild-from ") {
        run(folder, &["build", "--rebuild-from", version]);
    } else if err.contains("build first")
        || err.contains("build the pyramid first")
        || err.contains("run build or vacuum")
    {
        succeed(folder, &["build"], context);
    } else {
        panic!("{context}: no advice: {err}");
    }
}

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
