//! `fast_pyramid changes DIR`

use super::arguments::{ChangesArguments, GlobalArguments};
use super::console::Console;
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::fail;
use fast_pyramid::ops::{Changes, Error, Pyramid};
use fast_pyramid::store::Version;
use serde_json::json;
use std::path::Path;

/// Paths written at a time.
const AT_A_TIME: usize = 4096;

/// Prints the paths, one a line.
pub(crate) fn run(arguments: &ChangesArguments, global: &GlobalArguments, console: &Console) -> Code {
    let name = arguments.folder.to_string_lossy().into_owned();
    match changes(&arguments.folder, arguments.version) {
        Ok(changes) => {
            if global.json {
                print_json(&name, &changes, console)
            } else {
                print_lines(&changes, console)
            }
            Code::Done
        }
        Err(error) => {
            let more = global.json.then(|| json!({}));
            fail(&error, &arguments.folder, &Interrupt::default(), more, console)
        }
    }
}

fn changes(folder: &Path, version: Option<u32>) -> Result<Changes, Error> {
    Pyramid::open(folder)?.changes(version.map(Version))
}

fn print_lines(changes: &Changes, console: &Console) {
    in_parts(changes, console, |path, _| format!("{path}\n"));
}

/// One object in one line, written piece by piece: a first version has millions of paths.
fn print_json(name: &str, changes: &Changes, console: &Console) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let opened = format!(
        "{{\"pyramid\":{},\"version\":{},\"count\":{},\"tiles\":[",
        quoted(name),
        changes.version.0,
        changes.count()
    );
    if console.data(&opened)
        && in_parts(changes, console, |path, first| format!("{}{}", if first { "" } else { "," }, quoted(&path)))
    {
        console.data("]}\n");
    }
}

/// Writes each path as `shown` gives it; false if nobody takes them any more.
fn in_parts(changes: &Changes, console: &Console, shown: impl Fn(String, bool) -> String) -> bool {
    let mut paths = changes.paths().enumerate().map(|(index, path)| shown(path, index == 0));
    loop {
        let part: String = paths.by_ref().take(AT_A_TIME).collect();
        if part.is_empty() {
            return true;
        }
        if !console.data(&part) {
            return false;
        }
    }
}
