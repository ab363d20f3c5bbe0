//! `fast_pyramid changes DIR`

use super::arguments::{ChangesArguments, GlobalArguments};
use super::console::Console;
use super::exit::Code;
use super::session::Session;
use fast_pyramid::{ChangesOf, ChangesReport, Error, Pyramid, Version};
use serde_json::json;

/// Paths per write.
const PATHS_PER_WRITE: usize = 4096;

/// Prints the paths, one per line.
pub(crate) fn run(arguments: &ChangesArguments, global: &GlobalArguments, console: &Console) -> Code {
    let name = arguments.folder.to_string_lossy().into_owned();
    match changes(arguments) {
        Ok(changes) => {
            if global.json {
                print_json(&name, &changes, console)
            } else {
                print_lines(&changes, console)
            }
            Code::Done
        }
        Err(error) => Session::quick(global, console).fail(&error, &arguments.folder, json!({})),
    }
}

fn changes(arguments: &ChangesArguments) -> Result<ChangesReport, Error> {
    let of = match (arguments.version, arguments.since) {
        (Some(version), _) => ChangesOf::Version(Version(version)),
        (None, Some(version)) => ChangesOf::Since(Version(version)),
        (None, None) => ChangesOf::Latest,
    };
    Pyramid::open(&arguments.folder)?.changes(of)
}

fn print_lines(changes: &ChangesReport, console: &Console) {
    in_parts(changes, console, |path, _| format!("{path}\n"));
}

/// Prints one object on one line, piece by piece, because a first version can have millions of paths.
fn print_json(name: &str, changes: &ChangesReport, console: &Console) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let since = changes.since().map(|since| format!("\"since\":{},", since.0)).unwrap_or_default();
    let opened = format!(
        "{{\"pyramid\":{},{since}\"version\":{},\"count\":{},\"tiles\":[",
        quoted(name),
        changes.version().0,
        changes.count()
    );
    if console.data(&opened)
        && in_parts(changes, console, |path, first| format!("{}{}", if first { "" } else { "," }, quoted(&path)))
    {
        console.data("]}\n");
    }
}

/// Writes each path as `shown` formats it. False once standard output is closed.
fn in_parts(changes: &ChangesReport, console: &Console, shown: impl Fn(String, bool) -> String) -> bool {
    let mut paths = changes.paths().enumerate().map(|(index, path)| shown(path, index == 0));
    loop {
        let part: String = paths.by_ref().take(PATHS_PER_WRITE).collect();
        if part.is_empty() {
            return true;
        }
        if !console.data(&part) {
            return false;
        }
    }
}
