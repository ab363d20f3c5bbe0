//! The documents say what the program does: their examples are run, their links followed, their lists compared with it.
//!
//! `UPDATE_DOCS=1 cargo test --test it docs` writes what the program prints now into the documents.

// These are tests, although not within functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use common::cli::{Desk, HANGS};
use common::copy_sources;
use serde_json::Value;

/// The sets of `fixtures/` that examples may use, as `fixtures/NAME` in their folder.
const FIXTURES: [&str; 6] = ["odd", "pictures", "png_alpha", "relief", "row_column", "tiff"];

/// The most lines of README.md, which is meant to be read in three minutes.
const MAX_README_LINES: usize = 200;

/// Columns after which JSON is continued on the next line.
const JSON_WIDTH: usize = 100;

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

/// A command of a document, and the output shown below it.
#[derive(Debug)]
struct Example {
    /// Line number of the command, from 1.
    number: usize,
    command: String,
    /// The lines of the document that show the output.
    lines: Range<usize>,
    /// What stands before each line of the block.
    indent: &'static str,
    shown: Vec<String>,
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

fn examples(text: &str) -> Vec<Example> {
    let lines: Vec<&str> = text.lines().collect();
    let mut examples: Vec<Example> = Vec::new();
    for (block, indent) in blocks(&lines) {
        let mut current: Option<Example> = None;
        for at in block {
            let line = lines[at].strip_prefix(indent).unwrap_or_default();
            match (line.strip_prefix("$ "), &mut current) {
                (Some(command), _) => {
                    examples.extend(current.take());
                    let command = command.to_owned();
                    current =
                        Some(Example { number: at + 1, command, lines: at + 1..at + 1, indent, shown: Vec::new() });
                }
                (None, Some(example)) if example.shown.is_empty() && example.command.ends_with('\\') => {
                    example.command += &format!("\n{line}");
                    example.lines = at + 1..at + 1;
                }
                (None, Some(example)) => {
                    example.shown.push(line.to_owned());
                    example.lines.end = at + 1;
                }
                (None, None) => {}
            }
        }
        examples.extend(current);
    }
    examples
}

/// A part of an output, as it is compared.
#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Json(Value),
    /// `...`: any lines.
    Anything,
}

/// The parts of an output, each with its lines. An object may be continued on lines that are indented.
fn parts(lines: &[String]) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        if line.trim() == "..." {
            parts.push((Part::Anything, at..at + 1));
        } else if line.starts_with('{') {
            let more = (at + 1..lines.len()).take_while(|&next| lines[next].starts_with(' ')).count();
            let whole = (0..=more).find_map(|more| {
                let text: Vec<&str> = lines[at..=at + more].iter().map(|line| line.trim()).collect();
                Some((serde_json::from_str(&text.concat()).ok()?, more))
            });
            let (value, more) = whole.unwrap_or_else(|| (Value::from(line.as_str()), 0));
            parts.push((Part::Json(normalised_json(value)), at..at + more + 1));
            at += more;
        } else {
            parts.push((Part::Text(normalised(line)), at..at + 1));
        }
        at += 1;
    }
    parts
}

/// A line without what differs from run to run and from machine to machine: seconds, dates, estimates of memory.
fn normalised(line: &str) -> String {
    // `wc` of some systems puts spaces before a number.
    let line = if line.trim().parse::<u64>().is_ok() { line.trim() } else { line };
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mut kept = words.clone();
    for (at, word) in words.iter().enumerate() {
        let after = |distance: usize| words.get(at + distance).map(|word| word.trim_end_matches(['.', ',', ')']));
        let is_number = word.parse::<f64>().is_ok();
        let is_date = word.len() == 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
        let is_memory = after(1) == Some("MB") && after(2) == Some("of") && after(3) == Some("memory");
        if (is_number && (after(1) == Some("s") || is_memory)) || is_date {
            kept[at] = "N".to_owned();
        }
    }
    kept.join(" ")
}

fn normalised_json(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                let varies = ["seconds", "memory_bytes", "built"].contains(&key.as_str());
                *field = if varies { Value::from("N") } else { normalised_json(field.take()) };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = normalised_json(item.take())),
        _ => {}
    }
    value
}

fn matches(shown: &[Part], found: &[Part]) -> bool {
    match (shown.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((Part::Anything, rest)), _) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        (Some((one, shown)), Some((other, found))) => one == other && matches(shown, found),
        _ => false,
    }
}

/// An object in lines of a readable width, all but the first indented.
fn wrapped(line: &str) -> Vec<String> {
    if !line.starts_with('{') || line.len() <= JSON_WIDTH {
        return vec![line.to_owned()];
    }
    let (mut pieces, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for letter in line.chars() {
        pieces.last_mut().unwrap().push(letter);
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        if letter == ',' && !quoted {
            pieces.push(String::new());
        }
    }
    let mut lines = vec![String::new()];
    for piece in pieces {
        if !lines.last().unwrap().is_empty() && lines.last().unwrap().len() + piece.len() > JSON_WIDTH {
            lines.push(" ".to_owned());
        }
        lines.last_mut().unwrap().push_str(&piece);
    }
    lines
}

/// What to show instead, with the lines that were right already as they were.
fn rewritten(example: &Example, found: &[String]) -> Vec<String> {
    let shown = parts(&example.shown);
    let mut lines = Vec::new();
    for (part, range) in parts(found) {
        match shown.iter().find(|(old, _)| *old == part) {
            Some((_, old)) => lines.extend(example.shown[old.clone()].iter().cloned()),
            None => lines.extend(found[range].iter().flat_map(|line| wrapped(line))),
        }
    }
    lines.iter().map(|line| format!("{}{line}", example.indent).trim_end().to_owned()).collect()
}

/// An empty folder with the fixtures in it, and a shell that finds the program.
struct Shell {
    desk: Desk,
    path: String,
}

impl Shell {
    fn new() -> Self {
        let desk = Desk::in_memory();
        FIXTURES.iter().for_each(|name| copy_sources(name, &desk.path(&format!("fixtures/{name}"))));
        let program = Path::new(env!("CARGO_BIN_EXE_fast_pyramid"));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        Self { desk, path }
    }

    /// The lines that a command prints, to standard output and standard error in their order, and whether it succeeds.
    fn run(&self, command: &str) -> (Vec<String>, bool) {
        let mut shell = assert_cmd::Command::new("sh");
        shell.current_dir(self.desk.path(".")).env("PATH", &self.path).env_remove("COLUMNS").timeout(HANGS);
        let output = shell.arg("-c").arg(format!("exec 2>&1\n{command}")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (text.lines().map(|line| line.trim_end().to_owned()).collect(), output.status.success())
    }
}

/// Runs the examples of a document in their order; returns what is wrong, and with it the document as it should be.
fn check_examples(document: &str) -> (Vec<String>, String) {
    let text = read(document);
    let examples = examples(&text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut wrong, mut edits) = (Vec::new(), Vec::new());
    let shell = if examples.is_empty() { None } else { Some(Shell::new()) };
    for (example, shell) in examples.iter().zip(shell.iter().cycle()) {
        let (found, succeeded) = shell.run(&example.command);
        let place = format!("{document}:{}: $ {}", example.number, example.command);
        if !succeeded && !found.iter().any(|line| line.starts_with("error: ")) {
            wrong.push(format!("{place}\nfailed:\n{}", found.join("\n")));
        }
        let compared = |lines: &[String]| parts(lines).into_iter().map(|(part, _)| part).collect::<Vec<_>>();
        if !matches(&compared(&example.shown), &compared(&found)) {
            wrong.push(format!("{place}\nshows:\n{}\nprints:\n{}", example.shown.join("\n"), found.join("\n")));
            edits.push((example.lines.clone(), rewritten(example, &found)));
        }
    }
    for (range, instead) in edits.into_iter().rev() {
        lines.splice(range, instead);
    }
    (wrong, lines.join("\n") + "\n")
}

#[test]
fn examples_print_what_the_documents_show() {
    let mut wrong = Vec::new();
    for document in ["README.md".to_owned()].into_iter().chain(guides()) {
        let (problems, text) = check_examples(&document);
        if updating() && !problems.is_empty() {
            fs::write(root().join(&document), text).unwrap();
        }
        wrong.extend(problems);
    }
    assert!(wrong.is_empty() || updating(), "{}", wrong.join("\n\n"));
}

#[test]
fn readme_is_short_and_leads_to_every_guide() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines");
    for guide in guides() {
        assert!(readme.contains(&format!("({guide})")), "README.md does not lead to {guide}");
    }
}

/// The help of the program, then of each of its commands.
fn command_line() -> String {
    let desk = Desk::new();
    let help = |arguments: &[&str]| {
        let mut command = desk.command();
        let output = command.args(arguments).env_remove("COLUMNS").output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    let program = help(&["help"]);
    let listed = program.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names: Vec<&str> = names.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help").collect();
    assert!(names.contains(&"build") && names.contains(&"man"), "{names:?}");
    let mut text = "# The command line\n\n\
        Every command and option, as `fast_pyramid help` prints them, for those who want to look one up.\n\n\
        This file is generated: `UPDATE_DOCS=1 cargo test --test it docs` writes it, and a test compares it with the \
        program.\nThe guides show the commands at work: [cutting](cutting.md), [your own tiles](tiles.md), \
        [versions](versions.md),\n[maintenance](maintenance.md); [json.md](json.md) describes `--json`.\n\n"
        .to_owned();
    text += &format!("## fast_pyramid\n\n```text\n{program}\n```\n");
    for name in names {
        text += &format!("\n## {name}\n\n```text\n{}\n```\n", help(&["help", name]));
    }
    text
}

#[test]
fn command_line_guide_is_the_help() {
    let (document, now) = ("docs/command-line.md", command_line());
    if updating() {
        fs::write(root().join(document), &now).unwrap();
    }
    assert!(read(document) == now, "{document} is not what `fast_pyramid help` prints; run with UPDATE_DOCS=1");
}

/// The keys of an object and of all objects in it.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            keys.insert(key.clone());
            collect_keys(field, keys);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

/// The keys that each section of docs/json.md lists: the words in backquotes in the first column of its tables.
fn documented_keys() -> BTreeMap<String, BTreeSet<String>> {
    let (mut sections, mut section) = (BTreeMap::<String, BTreeSet<String>>::new(), String::new());
    for line in read("docs/json.md").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.trim_matches('`').to_owned();
        }
        let Some(cell) = line.strip_prefix("| `").and_then(|line| line.split('|').next()) else { continue };
        let keys = sections.entry(section.clone()).or_default();
        keys.extend(cell.split('`').step_by(2).map(str::to_owned).filter(|key| !key.is_empty()));
    }
    sections
}

/// Commands that together print every key of a section, and the section.
const PRINTING: [(&str, &str); 18] = [
    ("", "mkdir many && cp -r fixtures/relief many/a && cp -r fixtures/relief many/b"),
    ("build", "fast_pyramid --json many/a many/b"),
    ("cut", "fast_pyramid cut --json --build fixtures/pictures/map.jpg map"),
    ("cut", "fast_pyramid cut --json --dry-run fixtures/pictures/map-2.jpg map"),
    ("info", "fast_pyramid info --json many/a"),
    ("changes", "fast_pyramid changes --json many/a"),
    ("verify", "fast_pyramid verify --json many/a"),
    ("vacuum", "fast_pyramid vacuum --json --keep-last 2 --keep-sources many/a"),
    ("info", "fast_pyramid info --json many/a"),
    ("", "mkdir -p many/a/dest/.fast_pyramid/staging/v3 && cp -r many/a/v2 many/a/v3"),
    ("info", "fast_pyramid info --json many/a"),
    ("", "cd many/b/dest/dzi && rm -r v0/dzi_files/9 v0/dzi_files/11/0_0.jpg && touch v0/note && : > v0/dzi.xml"),
    ("", "rm many/b/dest/.fast_pyramid/versions/v2/manifest.json"),
    ("verify", "fast_pyramid verify --json many/b"),
    ("repair", "fast_pyramid repair --json many/b"),
    ("", "rm many/b/v0/0_0.jpg"),
    ("repair", "fast_pyramid repair --json many/b"),
    ("Errors", "fast_pyramid --json nowhere"),
];

#[test]
fn json_guide_lists_the_keys_that_are_printed() {
    let shell = Shell::new();
    let mut printed = BTreeMap::<String, BTreeSet<String>>::new();
    for (section, command) in PRINTING {
        let (lines, _) = shell.run(command);
        let keys = printed.entry(section.to_owned()).or_default();
        let objects = lines.iter().filter(|line| line.starts_with('{'));
        objects.for_each(|line| collect_keys(&serde_json::from_str(line).unwrap(), keys));
        assert!(section.is_empty() || !keys.is_empty(), "$ {command}\n{}", lines.join("\n"));
    }
    printed.remove("");
    let documented = documented_keys();
    assert_eq!(printed.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    // A key that only a rare state shows.
    let rare = |section: &str| if section == "info" { vec!["half_vacuumed".to_owned()] } else { Vec::new() };
    for (section, mut keys) in printed {
        keys.extend(rare(&section));
        assert_eq!(keys, documented[&section], "the keys in section {section} of docs/json.md");
    }
}

#[test]
fn architecture_sends_to_files_that_exist() {
    let text = read("ARCHITECTURE.md");
    let table = text.split("## To change X, go to Y").nth(1).unwrap().split("Future capabilities").next().unwrap();
    let named = table.split('`').skip(1).step_by(2).filter(|name| name.contains('/') || name.ends_with(".rs"));
    let (mut count, mut wrong) = (0, Vec::new());
    for name in named {
        count += 1;
        if !root().join("src").join(name).exists() && !root().join(name).exists() {
            wrong.push(name);
        }
    }
    assert!(count > 20, "only {count} files and folders are named");
    assert!(wrong.is_empty(), "ARCHITECTURE.md names what does not exist: {}", wrong.join(", "));
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || ['-', '_'].contains(letter)).collect()
}

/// The headings of a document that are not in blocks, as they are linked to.
fn anchors(text: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = text.lines().collect();
    let code: BTreeSet<usize> = blocks(&lines).into_iter().flat_map(|(block, _)| block).collect();
    let headings = lines.iter().enumerate().filter(|(at, line)| !code.contains(at) && line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let fixed = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    let others = ["fixtures/README.md", "fuzz/README.md", "benches/peers/README.md"];
    let mut wrong = Vec::new();
    for document in fixed.iter().chain(&others).map(|name| (*name).to_owned()).chain(guides()) {
        let text = read(&document);
        let lines: Vec<&str> = text.lines().collect();
        let code: BTreeSet<usize> = blocks(&lines).into_iter().flat_map(|(block, _)| block).collect();
        for (at, line) in lines.iter().enumerate().filter(|(at, _)| !code.contains(at)) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.contains("://") {
                    continue;
                }
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let folder = root().join(&document).parent().unwrap().to_owned();
                let target = if file.is_empty() { root().join(&document) } else { folder.join(file) };
                let is_heading = || anchors(&fs::read_to_string(&target).unwrap()).contains(heading);
                if !target.exists() || (!heading.is_empty() && !is_heading()) {
                    wrong.push(format!("{document}:{}: {link}", at + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
}
