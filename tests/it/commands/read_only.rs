//! Pyramids on a read-only file system.

use test_support::cli::Sandbox;
use test_support::limited::LimitedCommand;
use test_support::program;
use test_support::strace::say;

/// Runs its arguments in the current folder, made read-only. Exits with 99 where the system does not permit that.
const SCRIPT: &str = r#"
unshare -rm true || exit 99
exec unshare -rm sh -c '
    mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro "$PWD" || exit 99
    cd "$PWD" && exec "$@"' sh "$@"
"#;

/// Code and standard error of a run; `None` where no folder can be made read-only.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Option<(i32, String)> {
    let mut command = LimitedCommand::new("sh");
    command.args(["-c", SCRIPT, "sh"]).arg(program()).args(arguments).current_dir(sandbox.path(""));
    let output = command.output();
    let code = output.status.code().filter(|code| *code != 99)?;
    Some((code, String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn read_only_file_system_has_a_hint_and_reading_commands_work() {
    let sandbox = Sandbox::with_row(2);
    sandbox.row("unbuilt", 1);
    sandbox.row("bare", 1);
    sandbox.delete("bare/pyramid.json");
    sandbox.succeed(&["p", "-q"]);
    for arguments in [&["info", "p"][..], &["changes", "p"], &["verify", "p"], &["unbuilt", "--dry-run"]] {
        let Some((code, err)) = run(&sandbox, arguments) else { return say("skipped: no read-only folders") };
        assert_eq!(code, 0, "{arguments:?}: {err}");
    }
    for arguments in [&["unbuilt"][..], &["p", "--rebuild-from", "0"], &["revert", "p"], &["init", "bare"]] {
        let Some((code, err)) = run(&sandbox, arguments) else { return };
        let hint = "  use a writable disk; on a read-only one, info, changes, verify and every --dry-run work\n";
        assert!(code == 1 && err.ends_with(hint) && !err.contains("delete"), "{arguments:?}: {code} {err}");
    }
}
