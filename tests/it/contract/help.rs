//! Help, version, completions, manual pages, and wrong command lines.

use snapbox::str;
use test_support::cli::{Ended, Sandbox};

fn run(arguments: &[&str]) -> Ended {
    Sandbox::new().run(arguments)
}

/// Fails unless all of `words` are in the text that the arguments print, with code 0 and nothing on standard error.
#[track_caller]
fn prints(arguments: &[&str], words: &[&str]) {
    let ended = run(arguments);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
    for word in words {
        assert!(ended.out.contains(word), "{arguments:?} does not print {word:?}:\n{}", ended.out);
    }
}

#[test]
fn long_help_explains_the_folder_the_commands_and_the_exit_codes() {
    let words = ["pyramid.json", "v0", "COLUMN_ROW", "Usage: fast_pyramid", "build", "info", "changes", "completions"];
    prints(&["--help"], &words);
    prints(&["--help"], &["Examples:", "Exit codes: 0 done", "130", "--dry-run", "--json", "--threads"]);
}

#[test]
fn short_help_is_shorter() {
    prints(&["-h"], &["Usage: fast_pyramid", "--dry-run", "Exit codes"]);
    assert!(run(&["-h"]).out.len() < run(&["--help"]).out.len());
}

#[test]
fn help_command_prints_the_same_as_the_option() {
    assert_eq!(run(&["help"]).out, run(&["--help"]).out);
    for command in ["build", "cut", "init", "info", "changes", "verify", "repair", "vacuum", "completions", "man"] {
        let asked = run(&["help", command]);
        assert_eq!((asked.code, asked.err.as_str()), (0, ""));
        assert_eq!(asked.out, run(&[command, "--help"]).out);
    }
    assert_eq!(run(&["help", "nonsense"]).code, 2);
    // A folder of that name is built when it is given as one.
    let sandbox = Sandbox::new();
    sandbox.row("help", 1);
    assert_eq!(sandbox.run(&["help", "help"]).code, 0);
    assert!(!sandbox.path("help/dest").exists());
    sandbox.succeed(&["./help", "-q"]);
    assert!(sandbox.path("help/dest/dzi/latest").exists());
}

#[test]
fn each_command_has_help() {
    prints(&["build", "--help"], &["Usage: fast_pyramid build [OPTIONS] <DIR>...", "--dry-run", "--rebuild-from <N>"]);
    let cut = ["Usage: fast_pyramid cut [OPTIONS] IMAGE DIR", "--into <DIR>", "--list <FILE>", "--max-memory <SIZE>"];
    prints(&["cut", "--help"], &cut);
    prints(
        &["cut", "--help"],
        &["--tile-size", "--overlap", "--format", "--quality", "--build", "--dry-run", "Examples:"],
    );
    prints(&["cut", "-h"], &cut);
    prints(&["--help"], &["fast_pyramid cut --build"]);
    prints(&["info", "--help"], &["Usage: fast_pyramid info [OPTIONS] <DIR>...", "--json"]);
    prints(&["changes", "--help"], &["Usage: fast_pyramid changes [OPTIONS] <DIR>", "--version <N>", "--json"]);
    prints(
        &["verify", "--help"],
        &["Usage: fast_pyramid verify [OPTIONS] <DIR>", "--quick", "wrong_hash", "Examples:"],
    );
    prints(&["repair", "--help"], &["Usage: fast_pyramid repair [OPTIONS] <DIR>", "found", "Examples:"]);
    let selections = ["--keep-last <N>", "--drop <A..B>", "--older-than <AGE>"];
    prints(&["vacuum", "--help"], &selections);
    prints(&["vacuum", "--help"], &["Examples:", "--keep-sources", "--dry-run", "killed at any moment"]);
    prints(&["vacuum", "-h"], &selections);
    prints(&["build", "-h"], &["Usage: fast_pyramid build"]);
    prints(&["info", "-h"], &["Usage: fast_pyramid info"]);
    prints(&["changes", "-h"], &["Usage: fast_pyramid changes"]);
}

#[test]
fn version_is_that_of_the_package() {
    for option in ["--version", "-V"] {
        let ended = run(&[option]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        assert_eq!(ended.out, concat!("fast_pyramid ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

#[test]
fn no_arguments_print_the_help_to_standard_error() {
    let ended = run(&[]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("Usage: fast_pyramid") && ended.err.contains("Examples:"), "{}", ended.err);
}

#[test]
fn wrong_usage_ends_with_2_and_a_hint() {
    for arguments in [
        &["--nonsense"] as &[&str],
        &["build"],
        &["build", "--nonsense"],
        &["info"],
        &["changes"],
        &["verify"],
        &["repair"],
        &["repair", "a", "--quick"],
        &["changes", "a", "--version"],
        &["changes", "a", "--version", "newest"],
        &["vacuum", "a"],
        &["vacuum", "--keep-last", "1"],
        &["vacuum", "a", "--keep-last", "0"],
        &["vacuum", "a", "--keep-last", "-1"],
        &["vacuum", "a", "--keep-last", "1", "--drop", "1"],
        &["vacuum", "a", "--older-than", "1d", "--drop", "1"],
        &["vacuum", "a", "--older-than", "soon"],
        &["vacuum", "a", "--drop", ""],
        &["vacuum", "a", "--drop", "3..1"],
        &["vacuum", "a", "--drop", "1,"],
        &["vacuum", "a", "--drop", "1..2..3"],
        &["vacuum", "a", "--drop", "all"],
        &["completions"],
        &["completions", "nonsense"],
        &["a", "--rebuild-from"],
        &["a", "--rebuild-from", "v"],
        &["a", "--rebuild-from", "-1"],
        &["a", "--rebuild-from", "1.5"],
        &["a", "--rebuild-from", "4294967296"],
        &["a", "-j"],
        &["a", "-j", "0"],
        &["a", "-j", "-1"],
        &["a", "-j", "many"],
        &["a", "-q", "-v"],
        &["a", "--progress"],
        &["a", "--progress", "sometimes"],
    ] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.starts_with("error: "), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn version_that_is_no_number_is_explained() {
    let ended = run(&["changes", "a", "--version", "newest"]);
    assert!(ended.err.contains("expected a version such as 3 or v3"), "{}", ended.err);
}

#[test]
fn completions_name_the_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        prints(&["completions", shell], &["fast_pyramid", "changes", "dry-run", "rebuild-from", "cut", "tile-size"]);
    }
}

#[test]
fn bash_accepts_its_completions() {
    let script = run(&["completions", "bash"]).out;
    let shell = std::process::Command::new("bash").args(["-n", "-c", &script]).status();
    // Without bash there is nothing to test.
    assert!(shell.map_or(true, |status| status.success()));
}

#[test]
fn manual_pages_are_in_troff() {
    prints(&["man"], &[".TH fast_pyramid", ".SH NAME", "changes"]);
    prints(&["man", "build"], &[".TH fast_pyramid-build", "dry\\-run", "rebuild\\-from"]);
    prints(&["man", "cut"], &[".TH fast_pyramid-cut", "tile\\-size", "max\\-memory"]);
    prints(&["man", "info"], &[".TH fast_pyramid-info"]);
    prints(&["man", "verify"], &[".TH fast_pyramid-verify", "quick"]);
    prints(&["man", "repair"], &[".TH fast_pyramid-repair"]);
    prints(&["man", "changes"], &[".TH fast_pyramid-changes"]);
    prints(&["man", "vacuum"], &[".TH fast_pyramid-vacuum", "keep\\-last"]);
}

/// Options with their values in the synopsis, examples line by line in a section of their own, exit codes in another.
#[test]
fn manual_pages_have_values_and_examples() {
    let synopsis = "[\\-\\-tile\\-size PIXELS]";
    prints(&["man", "cut"], &[".SH SYNOPSIS\nfast_pyramid cut ", synopsis, ".SH EXAMPLES\n.nf\nfast_pyramid cut "]);
    let examples = ".nf\nfast_pyramid vacuum \\-\\-keep\\-last 5 image1            drop all but the newest five\n";
    prints(&["man", "vacuum"], &[examples, ".fi\n", "[\\-\\-drop\\-sources]"]);
    prints(&["man"], &[".SH EXAMPLES\n.nf\n", ".SH \"EXIT STATUS\"\n0 done"]);
}

#[test]
fn manual_page_of_an_unknown_command_is_refused() {
    run(&["man", "nonsense"]).expect(
        2,
        str![[r#"
error: no command nonsense
  commands: build, cut, init, info, changes, verify, repair, revert, vacuum, completions, man, help

"#]],
    );
}
