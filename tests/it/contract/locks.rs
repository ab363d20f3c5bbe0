//! One writer per pyramid at a time; the others end with code 4 (docs/ci.md).

use snapbox::str;
use test_support::cli::Sandbox;

#[test]
fn locked_pyramid_is_not_changed() {
    let sandbox = Sandbox::with_row(2);
    let lock = sandbox.hold();
    sandbox.refuse(
        "p",
        &["p"],
        4,
        str![[r#"
error: p: another process is using this pyramid
  run again when it has finished, or with --wait SECONDS

"#]],
    );
    let objects = sandbox.run(&["p", "--json"]).json();
    assert_eq!((objects.len(), objects[0]["code"].as_u64()), (1, Some(4)));
    drop(lock);
    // A process that another test starts has this one's lock until it runs its own program.
    sandbox.run(&["p", "--wait", "60"]).expect(
        0,
        str![[r#"
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
}

#[test]
fn owner_of_the_lock_is_reported() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"command":"build","since":86400}"#);
    let _lock = sandbox.hold();
    sandbox.refuse(
        "p",
        &["p"],
        4,
        str![[r#"
error: p: another process is using this pyramid (pid 4711, build, since 1970-01-02T00:00:00Z)
  run again when it has finished, or with --wait SECONDS

"#]],
    );
}

#[test]
fn host_of_the_lock_is_reported() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"host":"ci-7","command":"vacuum","since":86400}"#);
    let _lock = sandbox.hold();
    let ended = sandbox.run(&["p"]);
    assert!(ended.err.contains("(pid 4711 on ci-7, vacuum, since 1970-01-02T00:00:00Z)"), "{}", ended.err);
}

#[test]
fn wait_acquires_a_lock_that_becomes_free() {
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
fn wait_ends_after_its_time() {
    let sandbox = Sandbox::with_row(2);
    let _lock = sandbox.hold();
    let started = std::time::Instant::now();
    assert_eq!(sandbox.run(&["p", "--wait", "0.2"]).code, 4);
    assert!(started.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(sandbox.run(&["p", "--wait", "-1"]).code, 2);
    assert_eq!(sandbox.run(&["p", "--wait", "nan"]).code, 2);
}

#[test]
fn no_lock_skips_locking() {
    let sandbox = Sandbox::with_row(2);
    let _lock = sandbox.hold();
    sandbox.succeed(&["p", "--no-lock"]);
    assert_eq!(sandbox.run(&["p", "--no-lock", "--wait", "1"]).code, 2);
}

#[test]
fn lock_file_without_an_owner_is_ignored() {
    let sandbox = Sandbox::with_row(2);
    sandbox.write("p/dest/.fast_pyramid/lock", r#"{"pid":4711,"command":"build","since":86400}"#);
    sandbox.succeed(&["p"]);
    sandbox.write("p/dest/.fast_pyramid/lock", "nonsense");
    sandbox.succeed(&["p"]);
}

#[test]
fn info_and_changes_need_no_lock() {
    let sandbox = Sandbox::with_row(2);
    sandbox.succeed(&["p"]);
    let _lock = sandbox.hold();
    sandbox.succeed(&["info", "p"]);
    sandbox.succeed(&["changes", "p"]);
    sandbox.succeed(&["p", "--dry-run"]);
    // A build asks for it even where there is nothing to do.
    let ended = sandbox.run(&["p"]);
    assert_eq!(ended.code, 4);
    assert!(ended.err.starts_with("error: p: another process is using this pyramid\n"), "{}", ended.err);
}

#[test]
fn other_pyramids_are_built_while_one_is_locked() {
    let sandbox = Sandbox::with_row(2);
    sandbox.row("other", 2);
    sandbox.row("bad", 2);
    sandbox.spec("bad", "{}");
    let _lock = sandbox.hold();
    let ended = sandbox.run(&["p", "other", "bad"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    test_support::tree::assert_tree_rules(&sandbox.path("other"));
}
