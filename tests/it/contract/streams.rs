//! Which text goes to which stream, `-q`, `-v`, `--progress`, `-j`, and closed or full streams.

use snapbox::str;
use std::fs::File;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;
use test_support::cli::{HANG_TIMEOUT, LimitedCommand, Sandbox};
use test_support::tree::{assert_same_tree, assert_tree_rules};

#[test]
fn quiet_prints_nothing_on_success() {
    let sandbox = Sandbox::with_row(2);
    sandbox.run(&["p", "-q"]).expect(0, str![]);
    sandbox.run(&["p", "--quiet"]).expect(0, str![]);
    sandbox.run(&["p", "-q", "--rebuild-from", "0", "--progress", "always"]).expect(0, str![]);
    let ended = sandbox.run(&["p", "-q", "--json"]);
    assert_eq!((ended.code, ended.err.as_str(), ended.json().len()), (0, "", 1));
}

#[test]
fn quiet_still_prints_errors_and_warnings() {
    let sandbox = Sandbox::with_row(2);
    std::fs::create_dir(sandbox.path("p/v1")).unwrap();
    sandbox.run(&["p", "-q"]).expect(
        0,
        str![[r#"
warning: p: p/v1 holds no tiles yet; it is skipped (fill a folder with another name, then rename it to v1)

"#]],
    );
    sandbox.delete("p/v0/0_0.jpg");
    sandbox.run(&["p", "-q"]).expect(
        3,
        str![[r#"
warning: p: p/v1 holds no tiles yet; it is skipped (fill a folder with another name, then rename it to v1)
error: p/v0: 1 removed tile since v0 was published: 0_0.jpg
  put changed tiles into v1 and restore v0, or rebuild v0 with fast_pyramid build p --rebuild-from 0

"#]],
    );
}

#[test]
fn verbose_prints_more() {
    let sandbox = Sandbox::with_row(2);
    sandbox.run(&["p", "-v"]).expect(
        0,
        str![[r#"
p: 128x48 pixels in 2x1 base tiles of 64, 8 levels, 9 tiles
p: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    sandbox.run(&["p", "--verbose"]).expect(
        0,
        str![[r#"
p: 128x48 pixels in 2x1 base tiles of 64, 8 levels, 9 tiles
p: v0 is published, nothing to do

"#]],
    );
}

#[test]
fn build_without_a_terminal_shows_no_progress() {
    for when in ["auto", "never"] {
        let sandbox = Sandbox::with_row(2);
        let ended = sandbox.run(&["p", "--progress", when]);
        assert_eq!((ended.code, ended.err.lines().count()), (0, 2), "{}", ended.err);
        assert!(!ended.err.contains(['\r', '\x1b']), "{:?}", ended.err);
    }
}

#[test]
fn progress_bar_leaves_whole_lines_behind() {
    let sandbox = Sandbox::with_fixture("relief");
    let ended = sandbox.run(&["relief", "--progress", "always", "-j", "1"]);
    assert_eq!(ended.code, 0);
    // What a terminal shows in the end: after a bar is cleared, the line is written over it.
    let shown: Vec<&str> = ended.err.lines().map(|line| line.rsplit("\r\x1b[K").next().unwrap()).collect();
    assert_eq!(shown.len(), 4, "{:?}", ended.err);
    assert!(shown.iter().all(|line| line.starts_with("relief: ")), "{:?}", ended.err);
}

#[test]
fn any_number_of_threads_builds_the_same_tree() {
    let sandbox = Sandbox::with_fixture("png_alpha");
    sandbox.succeed(&["png_alpha", "-j", "1"]);
    for threads in ["2", "7", "64"] {
        let other = Sandbox::with_fixture("png_alpha");
        other.succeed(&["png_alpha", "--threads", threads]);
        assert_same_tree(&sandbox.path("png_alpha/dest/dzi"), &other.path("png_alpha/dest/dzi"));
    }
}

/// The commands that print or write something, for a folder `relief` that is built and a folder `p` that is not.
const COMMANDS: [&[&str]; 12] = [
    &["--help"],
    &["--version"],
    &[],
    &["--nonsense"],
    &["man"],
    &["completions", "bash"],
    &["info", "relief"],
    &["changes", "relief", "--version", "0"],
    &["changes", "relief", "--version", "0", "--json"],
    &["info", "nowhere", "--json"],
    &["relief", "--json", "--rebuild-from", "2"],
    &["p", "--json", "-v", "--progress", "always"],
];

/// A sandbox for [`COMMANDS`].
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_fixture("relief");
    sandbox.row("p", 2);
    sandbox.succeed(&["relief", "-q"]);
    sandbox
}

/// Waits for the end, which must come by itself and be no panic.
fn end(sandbox: &Sandbox, arguments: &[&str], stdin: Stdio, stdout: Stdio, stderr: Stdio) -> ExitStatus {
    let mut command = Command::new(test_support::program());
    command.current_dir(sandbox.path("")).args(arguments).stdin(stdin).stdout(stdout).stderr(stderr);
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let code = status.code().unwrap_or_else(|| panic!("{arguments:?}: {status}"));
            assert!((0..=4).contains(&code), "{arguments:?}: {status}");
            return status;
        }
        if started.elapsed() > HANG_TIMEOUT {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

#[test]
fn unread_pipes_do_not_change_the_exit_code() {
    let sandbox = sandbox();
    for arguments in COMMANDS {
        let usual = end(&sandbox, arguments, Stdio::null(), Stdio::null(), Stdio::null());
        for (stdout, stderr) in [(unread(), Stdio::null()), (Stdio::null(), unread()), (unread(), unread())] {
            let status = end(&sandbox, arguments, Stdio::null(), stdout, stderr);
            assert_eq!(status, usual, "{arguments:?}");
        }
    }
    assert_tree_rules(&sandbox.path("relief"));
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_behind_a_stream_is_an_error() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let sandbox = sandbox();
    for arguments in COMMANDS {
        let usual = end(&sandbox, arguments, Stdio::null(), Stdio::null(), Stdio::null()).code();
        let err_full = end(&sandbox, arguments, Stdio::null(), Stdio::null(), full()).code();
        assert_eq!(err_full, usual, "{arguments:?}");
        end(&sandbox, arguments, Stdio::null(), full(), full());
        end(&sandbox, arguments, Stdio::null(), full(), Stdio::null());
    }
    assert_tree_rules(&sandbox.path("relief"));
    // Data that is lost is no success.
    for arguments in [&["info", "relief"] as &[&str], &["changes", "relief"], &["relief", "--json"]] {
        assert_eq!(end(&sandbox, arguments, Stdio::null(), full(), Stdio::null()).code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn closed_streams_do_not_spoil_files() {
    let sandbox = sandbox();
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        for arguments in COMMANDS {
            let program = test_support::program();
            let mut shell = LimitedCommand::new("sh");
            shell.current_dir(sandbox.path("")).arg("-c").arg(format!("exec \"$0\" \"$@\" {closed}"));
            let output = shell.arg(program).args(arguments).output();
            let code = output.status.code().unwrap_or_else(|| panic!("{arguments:?} {closed}: {}", output.status));
            assert!((0..=4).contains(&code), "{arguments:?} {closed}: {code}");
        }
        // No message has gone into a file that was opened in a stream's stead.
        assert_tree_rules(&sandbox.path("relief"));
        assert_tree_rules(&sandbox.path("p"));
        sandbox.succeed(&["p", "relief", "-q"]);
    }
}
