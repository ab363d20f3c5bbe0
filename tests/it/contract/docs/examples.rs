//! The examples of the documents, run in order.

use super::{Shell, blocks, guides, read, root, updating};
use serde_json::Value;
use std::fs;
use std::ops::Range;

/// Columns after which JSON is continued on the next line.
const JSON_WIDTH: usize = 100;

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
