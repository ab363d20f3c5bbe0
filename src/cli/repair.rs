//! `fast_pyramid repair DIR`

use super::arguments::{GlobalArguments, RepairArguments};
use super::console::{Console, counted};
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::{fail, object, seconds_since};
use super::progress::Progress;
use super::verify::notes;
use fast_pyramid::ops::{Mended, Pyramid, RepairListener, RepairOptions, RepairReport};
use fast_pyramid::store::{Problem, RepairAction};
use fast_pyramid::text::display::display_path;
use serde_json::json;
use std::time::Instant;

/// So many problems that are left are named in the JSON object.
const MAX_NAMED: usize = 1000;

struct Listener<'a> {
    console: &'a Console,
    json: bool,
    left: Vec<Problem>,
}

impl RepairListener for Listener<'_> {
    fn mended(&mut self, mended: &Mended) {
        if !self.json {
            self.console.clear_bar();
            self.console.data(&format!("{mended}\n"));
        }
    }

    fn left(&mut self, problem: &Problem) {
        if self.left.len() < MAX_NAMED {
            self.left.push(problem.clone());
        }
        if !self.json {
            self.console.data(&format!("not mended: {problem}\n"));
        }
    }
}

/// Prints each thing mended as a line, then what is left.
pub(crate) fn run(arguments: &RepairArguments, global: &GlobalArguments, console: &Console) -> Code {
    let started = Instant::now();
    let folder = &arguments.folder;
    let options = RepairOptions { threads: global.threads, locking: arguments.lock.locking() };
    let interrupt = Interrupt::watch();
    let progress = Progress::new(console, global.progress, &display_path(folder), interrupt.clone());
    let mut listener = Listener { console, json: global.json, left: Vec::new() };
    let result = progress.during(|| {
        Pyramid::open(folder).and_then(|pyramid| pyramid.repair_observed(&options, &mut listener, &progress))
    });
    match result {
        Ok(report) => {
            if global.json {
                let fields = json!({
                    "found": report.before.problems,
                    "mended": report.mended,
                    "left": report.after.problems,
                    "problems": listener.left,
                    "not_rebuilt": report.not_rebuilt,
                    "seconds": seconds_since(started),
                });
                console.data(&object(folder, fields));
            }
            conclude(&display_path(folder), &report, &listener.left, console);
            if report.after.problems == 0 && report.not_rebuilt.is_none() { Code::Done } else { Code::Failed }
        }
        Err(error) => {
            let more = global.json.then(|| json!({}));
            fail(&error, folder, &interrupt, more, console)
        }
    }
}

fn conclude(name: &str, report: &RepairReport, left: &[Problem], console: &Console) {
    notes(name, &report.after, console);
    if report.mended.contains_key(&RepairAction::MovedToTrash) {
        console.say(&format!("{name}: the next build empties dest/.fast_pyramid/trash; take out what you need before"));
    }
    let (before, after) = (report.before.problems, report.after.problems);
    if before == 0 {
        console.say(&format!("{name}: no problems, nothing to mend"));
        return;
    }
    if after == 0 && report.not_rebuilt.is_none() {
        console.say(&format!("{name}: {} found, all mended", counted(before, "problem")));
        return;
    }
    console.say(&format!("{name}: {} found, {} left", counted(before, "problem"), counted(after, "problem")));
    let hint = if left.iter().any(|problem| problem.kind.is_of_the_source()) {
        "restore the source tiles named above and repair again, or accept them with --rebuild-from"
    } else {
        "build the versions named above again with --rebuild-from"
    };
    console.error(report.not_rebuilt.as_deref().unwrap_or("not everything can be mended"), Some(hint));
}
