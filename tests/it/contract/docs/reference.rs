//! The guides that list what the program has: docs/command-line.md and docs/json.md.

use super::{Shell, read, root, updating};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use test_support::cli::Sandbox;

/// The help of the program, then of each of its commands.
fn command_line() -> String {
    let sandbox = Sandbox::new();
    let help = |arguments: &[&str]| {
        let mut command = sandbox.command();
        let output = command.args(arguments).env_remove("COLUMNS").output();
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
        [versions](versions.md),\n[maintenance](maintenance.md); [json.md](json.md) describes `--json`.\n\n\
        ## Installing\n\n\
        From the repository: the program, a manual page for each command, and completions (here for bash; `zsh` and `fish` \
        have\nfolders of their own):\n\n    cargo install --locked --path .\n    mkdir -p ~/.local/share/man/man1 \
        ~/.local/share/bash-completion/completions\n    fast_pyramid man > ~/.local/share/man/man1/fast_pyramid.1\n    \
        for c in build cut init info changes verify repair revert vacuum; do\n        fast_pyramid man $c > \
        ~/.local/share/man/man1/fast_pyramid-$c.1\n    done\n    fast_pyramid completions bash > \
        ~/.local/share/bash-completion/completions/fast_pyramid\n\n"
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

/// The kinds of values that each key has, in an object and all objects in it. Null says that there is none.
fn collect_kinds(value: &Value, kinds: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let kind = match field {
                    Value::Null => continue,
                    Value::Bool(_) => "true or false",
                    Value::Number(_) => "a number",
                    Value::String(_) => "a text",
                    Value::Array(items) if items.iter().all(Value::is_object) => "objects",
                    Value::Array(_) => "values",
                    Value::Object(_) => "an object",
                };
                // An empty list may be either.
                if !field.as_array().is_some_and(Vec::is_empty) {
                    kinds.entry(key.clone()).or_default().insert(kind);
                }
                collect_kinds(field, kinds);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_kinds(item, kinds)),
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
const PRINTING: [(&str, &str); 30] = [
    ("", "mkdir many && cp -r fixtures/relief many/a && cp -r fixtures/relief many/b"),
    ("build", "fast_pyramid --json many/a many/b"),
    ("cut", "fast_pyramid cut --json --build fixtures/pictures/map.jpg map"),
    ("cut", "fast_pyramid cut --json --dry-run fixtures/pictures/map-2.jpg map"),
    (
        "",
        "mkdir plain && cp -r fixtures/relief/v0 plain && sed 's/overlap: 0/overlap: 16/' fixtures/relief/pyramid.json > plain/pyramid.json",
    ),
    ("build", "fast_pyramid --json plain"),
    ("info", "fast_pyramid info --json plain"),
    ("info", "fast_pyramid info --json many/a"),
    ("changes", "fast_pyramid changes --json many/a"),
    ("changes", "fast_pyramid changes --json --since 0 many/a"),
    ("verify", "fast_pyramid verify --json many/a"),
    ("vacuum", "fast_pyramid vacuum --json --keep-last 2 --keep-sources many/a"),
    ("info", "fast_pyramid info --json many/a"),
    ("", "mkdir -p many/a/dest/.fast_pyramid/staging/v3 && cp -r many/a/v2 many/a/v3"),
    ("info", "fast_pyramid info --json many/a"),
    ("revert", "cp -r many/b many/c && fast_pyramid revert --json many/c"),
    ("build", "rm -r many/c/v3 && fast_pyramid build --json --rebuild-from 3 many/c"),
    ("", "cd many/b/dest/dzi && rm -r v0/dzi_files/9 v0/dzi_files/11/0_0.jpg && touch v0/note && : > v0/dzi.xml"),
    ("", "rm many/b/dest/.fast_pyramid/versions/v2/manifest.json"),
    ("verify", "fast_pyramid verify --json many/b"),
    ("repair", "fast_pyramid repair --json many/b"),
    ("", "rm many/b/v0/0_0.jpg"),
    ("repair", "fast_pyramid repair --json many/b"),
    ("Errors", "fast_pyramid --json nowhere"),
    ("", "mkdir -p odd/v0 && cp fixtures/odd/plain.jpg odd/v0/t1_1.jpg"),
    ("init", "fast_pyramid init --json odd"),
    ("", "echo '{ width: 64, height: 48, tile_size: 64, overlap: 0, format: \"png\" }' > odd/pyramid.json"),
    ("Errors", "fast_pyramid --json odd"),
    (
        "",
        "sed 's/overlap: 0,/overlap: 0, row_order: \"bottom_up\",/' fixtures/relief/pyramid.json > many/c/pyramid.json",
    ),
    ("Errors", "rm -r many/c/dest && fast_pyramid --json many/c"),
];

#[test]
fn json_guide_lists_the_keys_that_are_printed() {
    let shell = Shell::new();
    let mut printed = BTreeMap::<String, BTreeSet<String>>::new();
    let mut kinds = BTreeMap::new();
    for (section, command) in PRINTING {
        let (lines, _) = shell.run(command);
        let keys = printed.entry(section.to_owned()).or_default();
        let objects = lines.iter().filter(|line| line.starts_with('{'));
        for line in objects {
            let object: Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["schema"], 1, "{line}");
            assert!(object["pyramid"].is_string(), "{line}");
            collect_keys(&object, keys);
            collect_kinds(&object, &mut kinds);
        }
        assert!(section.is_empty() || !keys.is_empty(), "$ {command}\n{}", lines.join("\n"));
    }
    printed.remove("");
    for (key, kinds) in kinds {
        assert_eq!(kinds.len(), 1, "{key} is {kinds:?}");
    }
    let documented = documented_keys();
    assert_eq!(printed.keys().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    // A key that only a rare state shows.
    let rare = |section: &str| match section {
        "info" => vec!["half_vacuumed".to_owned(), "inodes_estimated".to_owned()],
        _ => Vec::new(),
    };
    for (section, mut keys) in printed {
        // In every object.
        keys.remove("schema");
        keys.extend(rare(&section));
        assert_eq!(keys, documented[&section], "the keys in section {section} of docs/json.md");
    }
}
