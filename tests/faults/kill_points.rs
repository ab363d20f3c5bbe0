//! Killed at any system call that changes something, a command loses nothing and publishes nothing half-built, and the next
//! run ends as if it had not happened (docs/guarantees.md).
//!
//! strace kills the process at the n-th call of one kind. Without strace, or where it may not trace, a line says that this
//! was skipped. By default every eighth call is tried, `KILL_POINTS=most` tries all, `KILL_POINTS=all` also a larger pyramid.

use std::fs;
use std::path::{Path, PathBuf};
use test_support::sampling::Sweep;
use test_support::strace::{
    CALLS, FIRST_BUILD, PATCH, PLAIN_PATCH, PLAIN_TWO_VERSIONS, REBUILD, REPAIR, REPAIR_BY_REBUILDING, Scenario,
    TWO_VERSIONS, all_published, assert_links_lead_somewhere, can_trace, copy_with_links, killed, plain_published,
    published, run, say, scratch, sources, whole,
};
use test_support::tree::{
    Snapshot, assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules, snapshot,
    source_fingerprint,
};
use test_support::{copy_folder, fixture};

const LARGE_PATCH: Scenario = Scenario { name: "large patch", prepare: large_patch, arguments: &["build"] };
const VACUUM: Scenario =
    Scenario { name: "vacuum", prepare: all_published, arguments: &["vacuum", "--keep-last", "1"] };
const PLAIN_VACUUM: Scenario =
    Scenario { name: "vacuum with overlap", prepare: plain_published, arguments: &["vacuum", "--keep-last", "1"] };

const REVERT: Scenario = Scenario { name: "revert", prepare: all_published, arguments: &["revert"] };

fn large_patch(folder: &Path) {
    sources(folder, "relief", &["v0", "v1"]);
    run(folder, &["build"]);
    copy_folder(&fixture("relief").join("v2"), &folder.join("v2"));
}

/// Fails where a build that was killed has left a broken link or another tree than before.
fn check_wreck(folder: &Path, before: &[(PathBuf, Snapshot)], context: &str) {
    assert_links_lead_somewhere(folder, context);
    for (path, was) in before {
        // A rebuild takes trees out and puts equal ones in; in between they may be missing, but never differ.
        if path.exists() {
            assert_same_snapshot(was, &snapshot(path));
        }
    }
}

/// Kills the command at one point after another, each time on a copy of `prepared`, and calls `check` with the folder, the
/// number of the point, and a description of it. Fails where there are fewer than `least` points, sampled or not.
fn kill_everywhere(scenario: &Scenario, prepared: &Path, least: usize, mut check: impl FnMut(&Path, usize, &str)) {
    let folder = prepared.with_file_name("p");
    let step = Sweep::from_environment().step(8, 1);
    let mut points = 0;
    for (index, call) in CALLS.into_iter().enumerate() {
        // Another remainder for each kind of call.
        for number in (1 + index % step..).step_by(step) {
            copy_with_links(prepared, &folder);
            let context = format!("{}, killed at {call} number {number}", scenario.name);
            let was_killed = killed(&folder, scenario.arguments, call, number);
            if was_killed {
                points += 1;
                check(&folder, points, &context);
            }
            fs::remove_dir_all(&folder).unwrap();
            if !was_killed {
                break;
            }
        }
    }
    say(&format!("{}: killed at {points} points", scenario.name));
    assert!(points >= least / step, "{}: only {points} points were tried", scenario.name);
}

/// Kills a build everywhere; the same build again must end as an undisturbed one.
fn kill_builds(scenario: &Scenario, least: usize) {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let (prepared, expected) = (scratch.path().join("prepared"), scratch.path().join("expected"));
    (scenario.prepare)(&expected);
    run(&expected, scenario.arguments);
    (scenario.prepare)(&prepared);
    let trees = published(&prepared);
    let folder = scratch.path().join("p");
    let before: Vec<(PathBuf, Snapshot)> =
        trees.into_iter().map(|(path, tree)| (folder.join(path.strip_prefix(&prepared).unwrap()), tree)).collect();
    let sources = source_fingerprint(&prepared);
    kill_everywhere(scenario, &prepared, least, |folder, point, context| {
        check_wreck(folder, &before, context);
        run(folder, scenario.arguments);
        assert_sources_unchanged(folder, &sources);
        assert_tree_rules(folder);
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
        assert!(!folder.join("dest/.fast_pyramid/staging").exists(), "{context}: staging is left");
        if point % 5 == 0 {
            run(folder, &["verify"]);
        }
    });
}

#[test]
fn killed_first_build_loses_nothing() {
    kill_builds(&FIRST_BUILD, 60);
}

#[test]
fn killed_build_of_two_versions_loses_nothing() {
    kill_builds(&TWO_VERSIONS, 60);
}

#[test]
fn killed_patch_loses_nothing() {
    kill_builds(&PATCH, 60);
}

#[test]
fn killed_build_with_overlap_loses_nothing() {
    kill_builds(&PLAIN_PATCH, 60);
    if Sweep::from_environment() != Sweep::Sample {
        kill_builds(&PLAIN_TWO_VERSIONS, 60);
    }
}

#[test]
fn killed_rebuild_loses_nothing() {
    kill_builds(&REBUILD, 60);
}

#[test]
fn killed_large_patch_loses_nothing() {
    if Sweep::from_environment() == Sweep::All {
        kill_builds(&LARGE_PATCH, 60);
    }
}

/// Each entry of a version's tree, with its bytes read through links.
fn served(folder: &Path, version: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let tree = folder.join("dest/dzi").join(version);
    let names = snapshot(&tree).into_keys().filter(|name| !tree.join(name).is_dir());
    let read = |name: PathBuf| {
        let bytes = fs::read(tree.join(&name)).unwrap_or_else(|error| panic!("{version}, {}: {error}", name.display()));
        (name, bytes)
    };
    names.map(read).collect()
}

#[test]
fn killed_vacuum_loses_nothing() {
    kill_vacuums(&VACUUM);
}

#[test]
fn killed_vacuum_with_overlap_loses_nothing() {
    if Sweep::from_environment() != Sweep::Sample {
        kill_vacuums(&PLAIN_VACUUM);
    }
}

/// Kills a vacuum everywhere; the same vacuum again must end as an undisturbed one.
fn kill_vacuums(scenario: &Scenario) {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let (prepared, expected) = (scratch.path().join("prepared"), scratch.path().join("expected"));
    (scenario.prepare)(&prepared);
    copy_with_links(&prepared, &expected);
    run(&expected, scenario.arguments);
    let (expected, v1) = (whole(&expected), served(&prepared, "v1"));
    kill_everywhere(scenario, &prepared, 100, |folder, point, context| {
        assert!(served(folder, "v1") == v1, "{context}: v1 shows something else");
        // The next build finishes a vacuum that has begun; otherwise the next vacuum starts it.
        if point % 2 == 0 {
            run(folder, &["build"]);
        }
        run(folder, scenario.arguments);
        assert_same_snapshot(&expected, &whole(folder));
        run(folder, &["verify"]);
    });
}

/// Kills a repair everywhere; the same repair again must give the pyramid before the damage.
fn kill_repairs(scenario: &Scenario, least: usize) {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let (sound, prepared) = (scratch.path().join("sound"), scratch.path().join("prepared"));
    all_published(&sound);
    (scenario.prepare)(&prepared);
    let (expected, sources) = (whole(&sound), source_fingerprint(&prepared));
    kill_everywhere(scenario, &prepared, least, |folder, _, _| {
        run(folder, scenario.arguments);
        assert_sources_unchanged(folder, &sources);
        assert_same_snapshot(&expected, &whole(folder));
        run(folder, &["verify"]);
    });
}

#[test]
fn killed_repair_loses_nothing() {
    kill_repairs(&REPAIR, 60);
}

#[test]
fn killed_repair_by_rebuilding_loses_nothing() {
    kill_repairs(&REPAIR_BY_REBUILDING, 60);
}

/// A revert that was killed must not be taken back by the next one, which finishes it.
#[test]
fn killed_revert_loses_nothing() {
    if !can_trace() {
        return;
    }
    let scratch = scratch();
    let (prepared, expected) = (scratch.path().join("prepared"), scratch.path().join("expected"));
    (REVERT.prepare)(&prepared);
    copy_with_links(&prepared, &expected);
    run(&expected, REVERT.arguments);
    let (before, expected) = (whole(&prepared), whole(&expected));
    kill_everywhere(&REVERT, &prepared, 60, |folder, point, context| {
        assert_links_lead_somewhere(folder, context);
        let now = whole(folder);
        let untouched = |path: &PathBuf| path == Path::new("dest/dzi/latest") || now.get(path) == before.get(path);
        assert!(before.keys().all(untouched), "{context}: something has changed");
        let record = folder.join("dest/.fast_pyramid/revert.json");
        // Killed after its last step, it is done: once more would take it back.
        let is_done = folder.join("dest/dzi/v2/dzi.xml").exists() && !record.exists();
        if !is_done {
            run(folder, REVERT.arguments);
        }
        assert_same_snapshot(&expected, &whole(folder));
        assert!(!record.exists(), "{context}: the record is left");
        if point % 5 == 0 {
            run(folder, &["verify"]);
        }
    });
}
