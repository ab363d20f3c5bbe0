//! An interrupt ends a build or a vacuum with 130 and leaves the published trees (docs/ci.md).

use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use test_support::cli::{HANG_TIMEOUT, Sandbox};
use test_support::tree::{Snapshot, assert_same_snapshot, assert_tree_rules, snapshot};

/// A pyramid `p` of 4 x 4 published tiles, all of which v1 changes; the larger they are, the longer that takes.
fn half_built(side: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.spec("p", format!("{{ width: {0}, height: {0}, tile_size: {side}, overlap: 0 }}", 4 * side));
    for (version, seed) in [("v0", 1_u32), ("v1", 2)] {
        let picture = image::GrayImage::from_fn(side, side, |x, y| {
            // Noise takes long to compress.
            let mixed = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(seed | 0x27d4_eb2e);
            image::Luma([(mixed >> 24) as u8])
        });
        std::fs::create_dir_all(sandbox.path(&format!("p/{version}"))).unwrap();
        let first = sandbox.path(&format!("p/{version}/0_0.png"));
        picture.save(&first).unwrap();
        for place in 1..16 {
            let name = format!("p/{version}/{}_{}.png", place % 4, place / 4);
            std::fs::copy(&first, sandbox.path(&name)).unwrap();
        }
        if version == "v0" {
            sandbox.succeed(&["p", "-q"]);
        }
    }
    sandbox
}

/// Starts a command, and interrupts it as soon as it has written `begun`.
fn interrupted(sandbox: &Sandbox, arguments: &[&str], begun: &str, signal: Signal) -> Output {
    let mut command = Command::new(test_support::program());
    command.current_dir(sandbox.path("")).args(arguments).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = sandbox.path(begun);
    let started = Instant::now();
    let mut sent = false;
    loop {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap();
        }
        if !sent && begun.exists() {
            kill_process(Pid::from_child(&child), signal).unwrap();
            sent = true;
        }
        if started.elapsed() > HANG_TIMEOUT {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Tries with larger and larger tiles until a build is really interrupted.
fn until_interrupted(arguments: &[&str], signal: Signal) -> (Sandbox, Snapshot, Output) {
    for side in [256, 512, 1024, 2048] {
        let sandbox = half_built(side);
        let before = snapshot(&sandbox.path("p/dest/dzi"));
        let output = interrupted(&sandbox, arguments, "p/dest/.fast_pyramid/staging/v1", signal);
        if output.status.code() != Some(0) {
            return (sandbox, before, output);
        }
    }
    panic!("every build ended before it could be interrupted");
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| panic!("{status}"))
}

fn only_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn interrupted_build_leaves_published_trees() {
    let (sandbox, before, output) = until_interrupted(&["p", "-j", "1"], Signal::INT);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(code(output.status), 130, "{err}");
    assert_eq!(
        err,
        "error: p: interrupted; published versions are unchanged\n  run the same command again; it resumes where it stopped\n"
    );
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));

    assert!(sandbox.succeed(&["info", "p"]).out.contains("the build of v1 is unfinished"));
    assert_eq!(sandbox.succeed(&["info", "p", "--json"]).json()[0]["half_built"], serde_json::json!([1]));

    // The next run ends what was begun, and leaves nothing of the first.
    sandbox.succeed(&["p"]);
    assert_tree_rules(&sandbox.path("p"));
    assert_eq!(only_in(&sandbox.path("p/dest/dzi")), ["latest", "v0", "v1"]);
    assert!(!sandbox.path("p/dest/.fast_pyramid/staging").exists());
}

#[test]
fn termination_signal_ends_a_build_like_an_interrupt() {
    let (sandbox, before, output) = until_interrupted(&["p", "--json", "-j", "1"], Signal::TERM);
    assert_eq!(code(output.status), 143);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["code"], 143);
    assert_same_snapshot(&before, &snapshot(&sandbox.path("p/dest/dzi")));
    sandbox.succeed(&["p"]);
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn interrupt_ends_the_whole_run() {
    let (sandbox, _, output) = until_interrupted(&["p", "--json", "later", "-j", "1"], Signal::INT);
    assert_eq!(code(output.status), 130);
    assert!(String::from_utf8(output.stderr).unwrap().contains("later: skipped (interrupted)"));
    let out = String::from_utf8(output.stdout).unwrap();
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["pyramid"], &object["code"]), (&"p".into(), &130.into()));
    drop(sandbox);
}

/// A pyramid `p` of `side` x `side` small tiles with three versions.
fn three_versions(side: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.spec("p", format!("{{ width: {0}, height: {0}, tile_size: 4, overlap: 0 }}", 4 * side));
    for version in 0..3_u8 {
        let tile = sandbox.path("tile.png");
        image::GrayImage::from_pixel(4, 4, image::Luma([100 * version])).save(&tile).unwrap();
        std::fs::create_dir_all(sandbox.path(&format!("p/v{version}"))).unwrap();
        // All tiles, then every second one, then every third.
        for place in (0..side * side).step_by(usize::from(version) + 1) {
            std::fs::copy(&tile, sandbox.path(&format!("p/v{version}/{}_{}.png", place % side, place / side))).unwrap();
        }
    }
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

#[test]
fn interrupted_vacuum_is_finished_by_the_next_command() {
    for side in [40, 80, 160] {
        let sandbox = three_versions(side);
        let arguments = ["vacuum", "p", "--drop", "0..1"];
        let output = interrupted(&sandbox, &arguments, "p/dest/.fast_pyramid/vacuum.json", Signal::INT);
        if output.status.code() == Some(0) {
            continue;
        }
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(code(output.status), 130, "{err}");
        assert_eq!(
            err,
            "error: p: vacuum interrupted; the remaining versions are unchanged\n  \
             run the same command again, or any build, to finish it\n"
        );
        assert!(sandbox.succeed(&["info", "p"]).out.contains("a vacuum was interrupted"));
        sandbox.succeed(&["p"]);
        assert_tree_rules(&sandbox.path("p"));
        assert_eq!(only_in(&sandbox.path("p/dest/dzi")), ["latest", "v2"]);
        assert!(!sandbox.path("p/v0").exists() && !sandbox.path("p/dest/.fast_pyramid/vacuum.json").exists());
        assert!(sandbox.succeed(&["verify", "p"]).err.contains("no problems"));
        return;
    }
    panic!("every vacuum ended before it could be interrupted");
}
