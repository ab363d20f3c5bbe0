//! The script of docs/ci.md, as it stands there.

use super::{Shell, blocks, read};

/// The first block that stops at errors.
fn script() -> String {
    let text = read("docs/ci.md");
    let lines: Vec<&str> = text.lines().collect();
    let block = blocks(&lines).into_iter().find(|(block, _)| lines[block.start].trim() == "set -e");
    let (block, indent) = block.expect("docs/ci.md has no script");
    lines[block].iter().map(|line| line.strip_prefix(indent).unwrap().to_owned() + "\n").collect()
}

/// Runs the job with a purge that is a copy; the number of purged URLs, and whether it succeeds.
fn job(shell: &Shell) -> (usize, bool) {
    let script = script().replace("# Purge the URLs", "cp purge.txt sent.txt # Purge the URLs");
    assert!(script.contains("cp purge.txt"), "{script}");
    shell.run("rm -f sent.txt");
    let (_, succeeds) = shell.run(&script);
    (shell.run("cat sent.txt 2>/dev/null").0.len(), succeeds)
}

/// `image1` with v0 purged, and v1 and v2 to come.
fn prepared() -> Shell {
    let shell = Shell::new();
    shell.run("cp -r fixtures/relief image1 && rm -r image1/v1 image1/v2");
    // The first version has never been in a cache.
    assert_eq!(job(&shell), (0, true));
    assert_eq!(shell.run("cat purged").0, ["v0"]);
    shell.run("cp -r fixtures/relief/v1 fixtures/relief/v2 image1");
    shell
}

#[test]
fn job_purges_what_a_killed_job_has_built() {
    let shell = prepared();
    assert!(shell.run("fast_pyramid -q image1").1);
    assert_eq!(job(&shell), (20, true));
    assert_eq!(shell.run("cat purged").0, ["v2"]);
    assert_eq!(job(&shell), (0, true));
}

#[test]
fn job_fails_and_purges_later_if_changes_cannot_be_listed() {
    let shell = prepared();
    assert!(shell.run("fast_pyramid -q image1 && mv image1/dest/.fast_pyramid/versions/v1/tiles .").1);
    assert_eq!(job(&shell), (0, false));
    assert_eq!(shell.run("cat purged").0, ["v0"]);
    shell.run("mv tiles image1/dest/.fast_pyramid/versions/v1/");
    assert_eq!(job(&shell), (20, true));
}

#[test]
fn job_purges_all_that_differs_from_v0_if_its_note_is_missing_or_empty() {
    let shell = prepared();
    shell.run("fast_pyramid -q image1");
    for lose in ["rm purged", ": > purged"] {
        shell.run(lose);
        assert_eq!(job(&shell), (20, true), "{lose}");
        assert_eq!(shell.run("cat purged").0, ["v2"], "{lose}");
    }
}

#[test]
fn job_fails_if_its_note_is_ahead_of_latest() {
    let shell = prepared();
    shell.run("echo v9 > purged");
    assert_eq!(job(&shell), (0, false));
    assert_eq!(shell.run("cat purged").0, ["v9"]);
    // As the guide advises after everything was purged.
    shell.run("readlink image1/dest/dzi/latest > purged");
    assert_eq!(job(&shell), (0, true));
}
