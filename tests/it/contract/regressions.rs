//! Faults that users found once, each with a test of its own.

use std::io::Read;
use test_support::cli::Sandbox;

#[test]
fn pyramid_json_that_is_a_pipe_is_invalid_input() {
    let sandbox = Sandbox::with_row(1);
    sandbox.delete("p/pyramid.json");
    sandbox.pipe("p/pyramid.json");
    assert_eq!(sandbox.run(&["p"]).code, 3);
}

#[test]
fn pyramid_json_that_is_a_folder_is_invalid_input() {
    let sandbox = Sandbox::with_row(1);
    sandbox.delete("p/pyramid.json");
    std::fs::create_dir(sandbox.path("p/pyramid.json")).unwrap();
    assert_eq!(sandbox.run(&["p"]).code, 3);
}

#[test]
fn dangling_pyramid_json_is_invalid_input() {
    let sandbox = Sandbox::with_row(1);
    sandbox.delete("p/pyramid.json");
    sandbox.link("p/pyramid.json", "nowhere.json");
    assert_eq!(sandbox.run(&["p"]).code, 3);
}

#[test]
fn keys_with_line_breaks_give_short_messages() {
    let sandbox = Sandbox::with_row(1);
    sandbox.spec("p", "{ 'a\\nb\\nc\\nd\\ne': 1, width: 64, height: 48, tile_size: 64, overlap: 0 }");
    sandbox.run(&["p"]);
}

#[test]
fn numbers_that_json_lacks_are_printed_as_written() {
    for number in ["NaN", "Infinity", "1e400"] {
        let sandbox = Sandbox::with_row(1);
        sandbox.spec("p", format!("{{ width: {number}, height: 48, tile_size: 64, overlap: 0 }}"));
        let ended = sandbox.run(&["p"]);
        assert!(!ended.err.contains("null"), "{}", ended.err);
    }
}

#[test]
fn global_options_may_stand_before_the_command() {
    let sandbox = Sandbox::with_row(1);
    sandbox.succeed(&["p"]);
    for option in ["--json", "-q", "-v", "-j1", "--progress=never"] {
        let ended = sandbox.run(&[option, "info", "p"]);
        assert!(ended.code == 0 && ended.out.contains("64x48") | ended.out.contains("\"encoder\""), "{}", ended.err);
    }
}

#[test]
fn linked_dest_is_invalid_input() {
    let sandbox = Sandbox::with_row(1);
    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.link("p/dest", "../elsewhere");
    assert_eq!(sandbox.run(&["p"]).code, 3);
}

#[test]
fn failed_build_reports_what_it_published() {
    let sandbox = Sandbox::with_row(3);
    sandbox.odd("truncated.jpg", "p/v1/1_0.jpg");
    let ended = sandbox.run(&["p"]);
    assert!(sandbox.path("p/dest/dzi/v0").is_dir());
    assert!(!ended.err.contains("nothing was published"), "{}", ended.err);
}

#[test]
fn linked_tile_is_counted_once() {
    let sandbox = Sandbox::with_row(2);
    sandbox.delete("p/v0/0_0.jpg");
    sandbox.link("p/v0/0_0.jpg", "1_0.jpg");
    let ended = sandbox.run(&["p"]);
    assert!(ended.err.starts_with("error: p/v0: 1 tile is wrong\n"), "{}", ended.err);
}

#[test]
fn changes_of_an_empty_version_are_a_whole_sentence() {
    let sandbox = Sandbox::with_row(1);
    let ended = sandbox.run(&["changes", "p"]);
    assert!(!ended.err.contains("no version is not published"), "{}", ended.err);
}

#[test]
fn removed_version_is_dropped_by_a_rebuild() {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.odd("progressive.jpg", "p/v2/2_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    std::fs::remove_dir_all(sandbox.path("p/v1")).unwrap();
    sandbox.succeed(&["p", "-q", "--rebuild-from", "1"]);
    assert!(!sandbox.path("p/dest/dzi/v1").exists());
    test_support::tree::assert_tree_rules(&sandbox.path("p"));
    // Following the hint must fix the error.
    sandbox.succeed(&["p", "-q"]);
}

#[test]
fn another_tile_size_is_reported_as_a_changed_setting() {
    let sandbox = Sandbox::with_row(4);
    sandbox.succeed(&["p", "-q"]);
    sandbox.spec("p", "{ width: 256, height: 48, tile_size: 128, overlap: 0 }");
    let ended = sandbox.run(&["p"]);
    assert!(ended.err.contains("\"tile_size\" was 64 and is 128"), "{}", ended.err);
}

#[test]
fn removed_tile_of_the_lowest_published_version_is_a_change() {
    let sandbox = Sandbox::with_row(4);
    sandbox.succeed(&["p", "-q"]);
    sandbox.delete("p/v0/3_0.jpg");
    let ended = sandbox.run(&["p"]);
    assert!(!ended.err.contains("nothing was published"), "{}", ended.err);
    assert!(ended.err.contains("restore"), "{}", ended.err);
}

#[test]
fn interrupt_between_pyramids_sets_the_exit_code() {
    let sandbox = Sandbox::new();
    let mut command = std::process::Command::new(test_support::program());
    command.current_dir(sandbox.path("")).arg("build").args((0..20_000).map(|number| format!("missing/{number}")));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It cannot go on while its messages fill the pipe.
    let mut messages = child.stderr.take().unwrap();
    messages.read_exact(&mut [0]).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    std::io::copy(&mut messages, &mut std::io::sink()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn changed_tiles_are_listed_in_order() {
    let sandbox = Sandbox::with_row(64);
    sandbox.succeed(&["p", "-q"]);
    for column in 0..64 {
        sandbox.odd("grey.jpg", &format!("p/v0/{column}_0.jpg"));
    }
    let ended = sandbox.run(&["p"]);
    assert!(ended.err.contains(": 0_0.jpg, 1_0.jpg, 2_0.jpg"), "{}", ended.err);
    assert!(ended.err.contains("2_0.jpg, ..."), "{}", ended.err);
}

#[test]
fn rebuild_restores_a_deleted_latest() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p", "-q"]);
    sandbox.delete("p/dest/dzi/latest");
    std::fs::rename(sandbox.path("p/v0"), sandbox.path("p/v5")).unwrap();
    sandbox.succeed(&["p", "-q", "--rebuild-from", "0"]);
}

#[test]
fn failed_build_leaves_no_staging() {
    let sandbox = Sandbox::with_row(3);
    sandbox.odd("truncated.jpg", "p/v0/1_0.jpg");
    assert_eq!(sandbox.run(&["p"]).code, 3);
    assert!(!sandbox.path("p/dest/.fast_pyramid/staging").exists());
}

#[test]
fn dry_run_refuses_what_the_build_would_refuse() {
    let sandbox = Sandbox::with_row(1);
    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.link("p/dest", "../elsewhere");
    assert_ne!(sandbox.run(&["p", "--dry-run"]).code, 0);
}

#[test]
fn absurd_numbers_of_threads_do_not_hang() {
    let sandbox = Sandbox::with_row(1);
    let output = sandbox.command().timeout(std::time::Duration::from_secs(20)).args(["p", "-j", "100000"]).output();
    assert!(output.status.code().is_some());
}

#[test]
fn missing_tiles_are_counted_before_anything_is_written() {
    let sandbox = Sandbox::with_row(2);
    sandbox.delete("p/v0/1_0.jpg");
    assert_eq!(sandbox.run(&["p"]).code, 3);
    assert!(!sandbox.path("p/dest").exists());
}
