//! Killed at any system call that changes something, a command loses nothing and shows nothing half-built, and the next run
//! ends as if it had not happened (SPEC 3.2, 3.6).
//!
//! strace kills the process at the n-th call of one kind, for every kind and n. Without strace, or where it may not trace,
//! a line says that this was skipped. `KILL_POINTS=all` tries larger pyramids, too.

use std::fs;
use std::path::{Path, PathBuf};
use test_support::strace::{
    CALLS, FIRST_BUILD, PATCH, REBUILD, REPAIR, REPAIR_BY_REBUILDING, Scenario, TWO_VERSIONS, all_points,
    all_published, assert_links_lead_somewhere, can_trace, copy_with_links, killed, published, run, say, scratch,
    sources, whole,
};
use test_support::tree::{
    Snapshot, assert_same_snapshot, assert_same_tree, assert_sources_unchanged, assert_tree_rules, snapshot,
    source_fingerprint,
};
use test_support::{copy_folder, fixture};

const SCENARIOS: [Scenario; 4] = [FIRST_BUILD, TWO_VERSIONS, PATCH, REBUILD];

const LARGE: [Scenario; 1] = [Scenario { name: "large patch", prepare: large_patch, arguments: &["build"] }];

fn large_patch(folder: &Path) {
    sources(folder, "relief", &["v0", "v1"]);
    run(folder, &["build"]);
    copy_folder(&fixture("relief").join("v2"), &folder.join("v2"));
}

/// What must hold right after the kill of a build.
fn check_wreck(folder: &Path, before: &[(PathBuf, Snapshot)], context: &str) {
    assert_links_lead_somewhere(folder, context);
    for (path, was) in before {
        // A rebuild takes trees out and puts equal ones in; in between they may be missing, but never differ.
        if path.exists() {
            assert_same_snapshot(was, &snapshot(path));
        }
    }
}

/// Kills the command at every point on a copy of `prepared`; returns at how many. `look` is given what is left, and the
/// number of the point.
fn kill_everywhere(scenario: &Scenario, prepared: &Path, mut look: impl FnMut(&Path, usize, &str)) -> usize {
    let folder = prepared.with_file_name("p");
    let mut points = 0;
    for call in CALLS {
        for number in 1.. {
            copy_with_links(prepared, &folder);
            let context = format!("{}, killed at {call} number {number}", scenario.name);
            if !killed(&folder, scenario.arguments, call, number) {
                fs::remove_dir_all(&folder).unwrap();
                break;
            }
            points += 1;
            look(&folder, points, &context);
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    say(&format!("{}: killed at {points} points", scenario.name));
    points
}

fn try_build(scenario: &Scenario) -> usize {
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
    kill_everywhere(scenario, &prepared, |folder, point, context| {
        check_wreck(folder, &before, context);
        run(folder, scenario.arguments);
        assert_sources_unchanged(folder, &sources);
        assert_tree_rules(folder);
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
        assert!(!folder.join("dest/.fast_pyramid/staging").exists(), "{context}: staging is left");
        if point % 5 == 0 {
            run(folder, &["verify"]);
        }
    })
}

#[test]
fn killed_at_any_call_nothing_is_lost() {
    if !can_trace() {
        return;
    }
    let scenarios = SCENARIOS.iter().chain(LARGE.iter().filter(|_| all_points()));
    let points: usize = scenarios.map(try_build).sum();
    assert!(points >= 300, "only {points} points were tried");
}

/// What a version's tree serves: each entry with the bytes that reading it gives.
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
fn killed_at_any_call_a_vacuum_loses_nothing() {
    if !can_trace() {
        return;
    }
    let vacuum = Scenario { name: "vacuum", prepare: all_published, arguments: &["vacuum", "--keep-last", "1"] };
    let scratch = scratch();
    let (prepared, expected) = (scratch.path().join("prepared"), scratch.path().join("expected"));
    (vacuum.prepare)(&prepared);
    copy_with_links(&prepared, &expected);
    run(&expected, vacuum.arguments);
    let (expected, shown) = (whole(&expected), served(&prepared, "v1"));
    let points = kill_everywhere(&vacuum, &prepared, |folder, point, context| {
        assert!(served(folder, "v1") == shown, "{context}: v1 shows something else");
        // The next build finishes what was begun; a vacuum begins it where it was not.
        if point % 2 == 0 {
            run(folder, &["build"]);
        }
        run(folder, vacuum.arguments);
        assert_same_snapshot(&expected, &whole(folder));
        run(folder, &["verify"]);
    });
    assert!(points >= 100, "only {points}");
}

fn try_repair(repair: &Scenario) -> usize {
    let scratch = scratch();
    let (sound, prepared) = (scratch.path().join("sound"), scratch.path().join("prepared"));
    all_published(&sound);
    (repair.prepare)(&prepared);
    let (expected, sources) = (whole(&sound), source_fingerprint(&prepared));
    kill_everywhere(repair, &prepared, |folder, _, _| {
        run(folder, repair.arguments);
        assert_sources_unchanged(folder, &sources);
        assert_same_snapshot(&expected, &whole(folder));
        run(folder, &["verify"]);
    })
}

#[test]
fn killed_at_any_call_a_repair_loses_nothing() {
    if !can_trace() {
        return;
    }
    let points = try_repair(&REPAIR) + try_repair(&REPAIR_BY_REBUILDING);
    assert!(points >= 200, "only {points}");
}
