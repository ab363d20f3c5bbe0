//! The documents say what the program does: their examples are run, their links followed, their lists compared with it.
//!
//! `UPDATE_DOCS=1 cargo test --test it docs` writes what the program prints now into the documents.

mod examples;
mod job;
mod links;
mod python;
mod reference;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use test_support::cli::{LimitedCommand, Sandbox};
use test_support::copy_sources;

/// The sets of `fixtures/` that examples may use, as `fixtures/NAME` in their folder.
const FIXTURES: [&str; 6] = ["odd", "pictures", "png_alpha", "relief", "row_column", "tiff"];

fn updating() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The guides: `docs/*.md`, in alphabetical order.
fn guides() -> Vec<String> {
    let names = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    let mut guides: Vec<String> = names.map(|name| format!("docs/{name}")).collect();
    guides.sort();
    guides
}

/// The lines of each fenced or indented block, and what is before each of them.
fn blocks(lines: &[&str]) -> Vec<(Range<usize>, &'static str)> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].starts_with("```") {
            let end =
                (at + 1..lines.len()).find(|&line| lines[line].starts_with("```")).expect("a fence is not closed");
            blocks.push((at + 1..end, ""));
            at = end + 1;
        } else if lines[at].starts_with("    ") && (at == 0 || lines[at - 1].is_empty()) {
            let inside = |line: &usize| lines[*line].starts_with("    ");
            let end = (at..lines.len()).take_while(inside).last().unwrap_or(at) + 1;
            blocks.push((at..end, "    "));
            at = end;
        } else {
            at += 1;
        }
    }
    blocks
}

/// An empty folder with the fixtures in it, and a shell that finds the program.
struct Shell {
    sandbox: Sandbox,
    path: String,
}

impl Shell {
    fn new() -> Self {
        let sandbox = Sandbox::in_memory();
        FIXTURES.iter().for_each(|name| copy_sources(name, &sandbox.path(&format!("fixtures/{name}"))));
        let program = Path::new(env!("CARGO_BIN_EXE_fast_pyramid"));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        Self { sandbox, path }
    }

    /// The lines that a command prints, to standard output and standard error in their order, and whether it succeeds.
    fn run(&self, command: &str) -> (Vec<String>, bool) {
        let mut shell = LimitedCommand::new("sh");
        shell.current_dir(self.sandbox.path(".")).env("PATH", &self.path).env_remove("COLUMNS");
        let output = shell.arg("-c").arg(format!("exec 2>&1\n{command}")).output();
        let text = String::from_utf8(output.stdout).unwrap();
        (text.lines().map(|line| line.trim_end().to_owned()).collect(), output.status.success())
    }
}
