//! One writer a pyramid at a time (SPEC 5, exit code 4).

use snapbox::str;
use test_support::cli::Sandbox;

#[test]
fn a_locked_pyramid_is_left_alone() {
    let sandbox = Sandbox::with_row(2);
    let lock = sandbox.hold();
    sandbox.refuse(
        "p",
        &["p"],
        4,
        str![[r#"
error: p is being changed by another process
  run again when it has finished, or with --wait SECONDS

"#]],
    );
    let objects = sandbox.run(&["p", "--json"]).json();
    assert_eq!((objects.len(), objects[0]["code"].as_u64()), (1, Some(4)));
    drop(lock);
    sandbox.run(&["p"]).expect(
        0,
        str![[r#"
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
}

#[test]
fn who_holds_it_is_told() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"command":"build","since":86400}"#);
    let _lock = sandbox.hold();
    sandbox.refuse(
        "p",
        &["p"],
        4,
        str![[r#"
error: p is being changed by another process (pid 4711, build, since 1970-01-02T00:00:00Z)
  run again when it has finished, or with --wait SECONDS

"#]],
    );
}

#[test]
fn the_host_is_told_too() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"host":"ci-7","command":"vacuum","since":86400}"#);
    let _lock = sandbox.hold();
    let ended = sandbox.run(&["p"]);
    assert!(ended.err.contains("(pid 4711 on ci-7, vacuum, since 1970-01-02T00:00:00Z)"), "{}", ended.err);
}

#[test]
fn a_lock_that_becomes_free_is_waited_for() {
    let sandbox = Sandbox::with_row(2);
    let lock = sandbox.hold();
    let free = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(lock);
    });
    sandbox.succeed(&["p", "--wait", "60"]);
    free.join().unwrap();
}

#[test]
fn waiting_ends() {
    let sandbox = Sandbox::with_row(2);
    let _lock = sandbox.hold();
    let started = std::time::Instant::now();
    assert_eq!(sandbox.run(&["p", "--wait", "0.2"]).code, 4);
    assert!(started.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(sandbox.run(&["p", "--wait", "-1"]).code, 2);
    assert_eq!(sandbox.run(&["p", "--wait", "nan"]).code, 2);
}

#[test]
fn those_who_know_can_do_without() {
    let sandbox = Sandbox::with_row(2);
    let _lock = sandbox.hold();
    sandbox.succeed(&["p", "--no-lock"]);
    assert_eq!(sandbox.run(&["p", "--no-lock", "--wait", "1"]).code, 2);
}

#[test]
fn a_lock_file_that_nobody_holds_does_not_count() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"command":"build","since":86400}"#);
    sandbox.succeed(&["p"]);
    sandbox.write("p/dest/.fast_pyramid/lock", "nonsense");
    sandbox.succeed(&["p"]);
}

#[test]
fn asking_needs_no_lock() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p"]);
    let _lock = sandbox.hold();
    sandbox.succeed(&["info", "p"]);
    sandbox.succeed(&["changes", "p"]);
    sandbox.succeed(&["p", "--dry-run"]);
    // A build asks for it even where there is nothing to do.
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 4);
    assert!(ended.err.starts_with("error: p is being changed by another process\n"), "{}", ended.err);
}

#[test]
fn other_pyramids_are_built_meanwhile() {
    let sandbox = Sandbox::with_row(2);
    sandbox.row("other", 2);
    sandbox.row("bad", 2);
    sandbox.spec("bad", "{}");
    let _lock = sandbox.hold();
    let ended = sandbox.run(&["p", "other", "bad"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    test_support::tree::assert_tree_rules(&sandbox.path("other"));
}
