//! `fast_pyramid repair DIR`

use super::arguments::{GlobalArguments, RepairArguments};
use super::build;
use super::console::{Console, counted};
use super::exit::Code;
use super::folders;
use super::progress::Progress;
use super::session::{Session, seconds_since};
use super::verify::notes;
use fast_pyramid::internals::sync::Mutex;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{Event, Observer, Problem, Pyramid, RepairAction, RepairOptions, RepairReport};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Problems listed in the JSON object, at most.
const MAX_JSON_PROBLEMS: usize = 1000;

/// Prints one line per repaired thing and per problem that is left.
struct RepairObserver<'a> {
    progress: Progress<'a>,
    json: bool,
    left: Mutex<Vec<Problem>>,
}

impl RepairObserver<'_> {
    fn print(&self, text: &str) {
        if !self.json {
            self.progress.console.clear_bar();
            self.progress.console.data(&format!("{}: {text}\n", self.progress.name));
        }
    }
}

impl Observer for RepairObserver<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::VersionPublished(report) => {
                self.progress.console.say(&build::line(&self.progress.name, report));
            }
            Event::Repaired(repaired) => self.print(&repaired.to_string()),
            Event::Problem(problem) => {
                let mut left = self.left.lock();
                if left.len() < MAX_JSON_PROBLEMS {
                    left.push((*problem).clone());
                }
                self.print(&format!("not repaired: {problem}"));
            }
            event => self.progress.event(event),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }
}

/// Repairs each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &RepairArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    folders::each(&arguments.folders, &session, |folder| repair_one(folder, arguments, &session))
}

/// Prints one line per repaired thing, then what is left.
fn repair_one(folder: &Path, arguments: &RepairArguments, session: &Session<'_>) -> Code {
    let started = Instant::now();
    let (global, console) = (session.global, session.console);
    let progress = session.progress(&display_path(folder));
    let observer = RepairObserver { progress, json: global.json, left: Mutex::default() };
    let options = RepairOptions::default()
        .threads(global.threads)
        .empty_found(arguments.empty_found)
        .locking(arguments.lock.locking())
        .observer(&observer);
    let result = observer.progress.during(|| Pyramid::open(folder)?.repair(&options));
    let left = observer.left.into_inner();
    match result {
        Ok(report) => {
            let fields = json!({
                "problems_found": report.before.problems,
                "repaired": report.repaired,
                "problems_left": report.after.problems,
                "remaining": left,
                "not_rebuilt": report.not_rebuilt,
                "found_emptied": report.found_emptied,
                "beside_trees": report.after.beside_trees,
                "seconds": seconds_since(started),
            });
            session.print_json(folder, fields);
            conclude(&display_path(folder), &report, &left, console);
            if report.after.problems == 0 && report.not_rebuilt.is_none() { Code::Done } else { Code::Failed }
        }
        Err(error) => session.fail(&error, folder, json!({})),
    }
}

fn conclude(name: &str, report: &RepairReport, left: &[Problem], console: &Console) {
    notes(name, &report.after, console);
    if report.found_emptied {
        console.say(&format!("{name}: emptied dest/.fast_pyramid/found"));
    }
    if report.repaired.contains_key(&RepairAction::MovedToFound) {
        console.say(&format!("{name}: dest/.fast_pyramid/found keeps what was moved there until repair --empty-found"));
    }
    let (before, after) = (report.before.problems, report.after.problems);
    if before == 0 {
        console.say(&format!("{name}: no problems, nothing to repair"));
        return;
    }
    if after == 0 && report.not_rebuilt.is_none() {
        console.say(&format!("{name}: {} found, all repaired", counted(before, "problem")));
        return;
    }
    console.say(&format!("{name}: {} found, {} left", counted(before, "problem"), counted(after, "problem")));
    let hint = if left.iter().any(|problem| problem.kind.is_of_the_source()) {
        "restore the source tiles named above, or remove added ones, and repair again; or accept them with --rebuild-from"
    } else {
        "rebuild the versions named above with --rebuild-from"
    };
    let problem = report.not_rebuilt.as_deref().unwrap_or("not everything can be repaired");
    console.error(&format!("{name}: {problem}"), Some(hint));
}
