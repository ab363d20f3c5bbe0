//! `fast_pyramid verify DIR`

use super::arguments::{GlobalArguments, VerifyArguments};
use super::console::{Console, counted};
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::{fail, object, seconds_since};
use super::progress::Progress;
use fast_pyramid::ops::{Pyramid, VerifyOptions, VerifyReport};
use fast_pyramid::store::{Problem, Version};
use fast_pyramid::text::display::display_path;
use serde_json::json;
use std::time::Instant;

/// Prints each problem as a line, then says what it came to.
pub(crate) fn run(arguments: &VerifyArguments, global: &GlobalArguments, console: &Console) -> Code {
    let started = Instant::now();
    let folder = &arguments.folder;
    let options = VerifyOptions { threads: global.threads, quick: arguments.quick, locking: arguments.lock.locking() };
    let interrupt = Interrupt::watch();
    let progress = Progress::new(console, global.progress, &display_path(folder), interrupt.clone());
    // Once nobody reads any more, the rest is still checked: the exit code counts.
    let mut tell = |problem: &Problem| {
        console.clear_bar();
        console.data(&line(problem, global.json));
    };
    let result = progress
        .during(|| Pyramid::open(folder).and_then(|pyramid| pyramid.verify_observed(&options, &mut tell, &progress)));
    match result {
        Ok(report) => {
            if global.json {
                let fields = json!({
                    "versions": report.versions,
                    "tiles": report.tiles,
                    "problems": report.problems,
                    "told": report.told,
                    "other_encoders": report.other_encoders.iter().map(|(version, _)| version).collect::<Vec<_>>(),
                    "not_judged": report.not_judged,
                    "seconds": seconds_since(started),
                });
                console.data(&object(folder, fields));
            }
            conclude(&display_path(folder), &report, started, console);
            if report.problems == 0 { Code::Done } else { Code::Failed }
        }
        Err(error) => {
            let more = global.json.then(|| json!({}));
            fail(&error, folder, &interrupt, more, console)
        }
    }
}

/// One problem as it is printed.
pub(crate) fn line(problem: &Problem, json: bool) -> String {
    match serde_json::to_string(problem) {
        Ok(object) if json => object + "\n",
        _ => format!("{problem}\n"),
    }
}

/// Versions in words.
pub(crate) fn named(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

/// What is worth knowing beside the problems, for people.
pub(crate) fn notes(name: &str, report: &VerifyReport, console: &Console) {
    for (version, encoder) in &report.other_encoders {
        console.say(&format!(
            "{name}: {version} was built by encoder {encoder}; its generated tiles were compared by hash only"
        ));
    }
    if !report.not_judged.is_empty() {
        let versions = named(&report.not_judged);
        console.say(&format!("{name}: {versions} not checked, because a version below is gone altogether"));
    }
    if report.told < report.problems {
        console.say(&format!("{name}: {} more", counted(report.problems - report.told, "problem")));
    }
}

fn conclude(name: &str, report: &VerifyReport, started: Instant, console: &Console) {
    notes(name, report, console);
    let versions = counted(report.versions.len() as u64, "version");
    let tiles = counted(report.tiles, "tile");
    let problems = if report.problems == 0 { "no problems".into() } else { counted(report.problems, "problem") };
    let seconds = started.elapsed().as_secs_f64();
    console.say(&format!("{name}: {versions} with {tiles} checked, {problems}, in {seconds:.2} s"));
    if report.problems > 0 {
        console.say(&format!("{name}: fast_pyramid repair mends what is in dest; source tiles are yours to restore"));
    }
}
