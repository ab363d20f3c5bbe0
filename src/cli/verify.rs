//! `fast_pyramid verify DIR`

use super::arguments::{GlobalArguments, VerifyArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::folders;
use super::hints::{names, shell_word};
use super::progress::Progress;
use super::session::{Session, object, seconds_since};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{Event, Observer, Problem, Pyramid, VerifyOptions, VerifyReport};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Prints one line per problem.
struct VerifyObserver<'a> {
    progress: Progress<'a>,
    folder: &'a Path,
    json: bool,
}

impl Observer for VerifyObserver<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            // If nobody reads the lines any more, the rest is checked all the same: the exit code counts.
            Event::Problem(problem) => {
                self.progress.console.clear_bar();
                self.progress.console.data(&line(self.folder, problem, self.json));
            }
            event => self.progress.event(event),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }
}

/// Verifies each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &VerifyArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    folders::each(&arguments.folders, &session, |folder| verify_one(folder, arguments, &session))
}

/// Prints one line per problem, and sums up.
fn verify_one(folder: &Path, arguments: &VerifyArguments, session: &Session<'_>) -> Code {
    let started = Instant::now();
    let observer =
        VerifyObserver { progress: session.progress(&display_path(folder)), folder, json: session.global.json };
    let options = VerifyOptions::default()
        .threads(session.global.threads)
        .quick(arguments.quick)
        .locking(arguments.lock.locking())
        .observer(&observer);
    let result = observer.progress.during(|| Pyramid::open(folder)?.verify(&options));
    match result {
        Ok(report) => {
            let fields = json!({
                "checked": report.versions,
                "tiles_checked": report.tiles,
                "problems": report.problems,
                "reported": report.reported,
                "other_encoders": report.other_encoders.iter().map(|(version, _)| version).collect::<Vec<_>>(),
                "not_checked": report.not_checked,
                "beside_trees": report.beside_trees,
                "seconds": seconds_since(started),
            });
            session.print_json(folder, fields);
            conclude(folder, &report, started, session.console);
            if report.problems == 0 { Code::Done } else { Code::Failed }
        }
        Err(error) => session.fail(&error, folder, json!({})),
    }
}

/// One problem as it is printed.
fn line(folder: &Path, problem: &Problem, json: bool) -> String {
    if json { object(folder, problem) } else { format!("{}: {problem}\n", display_path(folder)) }
}

/// Prints what people should know besides the problems.
pub(crate) fn notes(name: &str, report: &VerifyReport, console: &Console) {
    for (version, encoder) in &report.other_encoders {
        console.say(&format!(
            "{name}: {version} was built by encoder {encoder}; its generated tiles were compared by hash only"
        ));
    }
    if !report.not_checked.is_empty() {
        let versions = names(&report.not_checked);
        console.say(&format!("{name}: {versions} not checked, because a version below is lost"));
    }
    if let [first, others @ ..] = report.beside_trees.as_slice() {
        let more =
            if others.is_empty() { "is".into() } else { format!("and {} more are", grouped(others.len() as u64)) };
        console.say(&format!("{name}: {first} {more} beside the trees, and left alone"));
    }
    if report.reported < report.problems {
        console.say(&format!("{name}: {} more", counted(report.problems - report.reported, "problem")));
    }
}

fn conclude(folder: &Path, report: &VerifyReport, started: Instant, console: &Console) {
    let name = &display_path(folder);
    notes(name, report, console);
    let versions = counted(report.versions.len() as u64, "version");
    let tiles = counted(report.tiles, "tile");
    let problems = if report.problems == 0 { "no problems".into() } else { counted(report.problems, "problem") };
    let seconds = started.elapsed().as_secs_f64();
    console.say(&format!("{name}: {versions} with {tiles} checked, {problems}, in {seconds:.2} s"));
    if report.problems > 0 {
        let advice = match (report.needs_repair(), report.needs_sources()) {
            (true, false) => format!("run fast_pyramid repair {}", shell_word(folder)),
            (true, true) => {
                format!("run fast_pyramid repair {}, and restore the source tiles yourself", shell_word(folder))
            }
            _ => "restore the source tiles yourself; nothing in dest has to be repaired".into(),
        };
        console.say(&format!("{name}: {advice}"));
    }
}
