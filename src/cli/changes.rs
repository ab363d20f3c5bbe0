//! `fast_pyramid changes DIR`

use super::arguments::{ChangesArguments, GlobalArguments};
use super::console::Console;
use super::exit::Code;
use super::folders;
use super::session::{SCHEMA, Session};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{ChangesOf, ChangesReport, Error, Pyramid, Version};
use serde_json::json;
use std::path::Path;

/// Paths per write.
const PATHS_PER_WRITE: usize = 4096;

/// Prints the paths, one per line; those of several pyramids with its name.
pub(crate) fn run(arguments: &ChangesArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::quick(global, console);
    let is_one = arguments.folders.folders.len() == 1 && !arguments.folders.recursive;
    folders::each(&arguments.folders, &session, |folder| match changes(folder, arguments) {
        Ok(changes) => {
            let name = folder.to_string_lossy();
            if global.json {
                print_json(&name, &changes, console)
            } else {
                let prefix = if is_one { String::new() } else { format!("{}: ", display_path(folder)) };
                print_lines(&prefix, &changes, console)
            }
            Code::Done
        }
        Err(error) => session.fail(&error, folder, json!({})),
    })
}

fn changes(folder: &Path, arguments: &ChangesArguments) -> Result<ChangesReport, Error> {
    let of = match (arguments.version, arguments.since) {
        (Some(version), _) => ChangesOf::Version(Version(version)),
        (None, Some(version)) => ChangesOf::Since(Version(version)),
        (None, None) => ChangesOf::Latest,
    };
    Pyramid::open(folder)?.changes(of)
}

fn print_lines(prefix: &str, changes: &ChangesReport, console: &Console) {
    in_parts(changes, console, |path, _| format!("{prefix}{path}\n"));
}

/// Prints one object on one line, piece by piece, because a first version can have millions of paths.
fn print_json(name: &str, changes: &ChangesReport, console: &Console) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let since = changes.since().map(|since| format!("\"since\":{},", since.0)).unwrap_or_default();
    let opened = format!(
        "{{\"pyramid\":{},\"schema\":{SCHEMA},{since}\"version\":{},\"count\":{},\"paths\":[",
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
