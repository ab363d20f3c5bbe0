//! `fast_pyramid vacuum DIR`

use super::arguments::{GlobalArguments, SelectionArguments, VacuumArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::{fail, object};
use super::progress::Progress;
use fast_pyramid::ops::{Pyramid, Selection, VacuumOptions, VacuumReport};
use fast_pyramid::store::Version;
use fast_pyramid::text::display::display_path;
use serde_json::json;

/// Drops versions, or says what that would do.
pub(crate) fn run(arguments: &VacuumArguments, global: &GlobalArguments, console: &Console) -> Code {
    let options = VacuumOptions {
        threads: global.threads,
        keep_sources: arguments.keep_sources,
        dry_run: arguments.dry_run,
        locking: arguments.lock.locking(),
        ..VacuumOptions::new(selection(&arguments.selection))
    };
    let folder = &arguments.folder;
    let interrupt = Interrupt::watch();
    let progress = Progress::new(console, global.progress, &display_path(folder), interrupt.clone());
    let result =
        progress.during(|| Pyramid::open(folder).and_then(|pyramid| pyramid.vacuum_observed(&options, &progress)));
    match result {
        Ok(report) => {
            if global.json {
                let VacuumReport { dropped, kept, moved, deleted, bytes, inodes } = &report;
                let fields = json!({
                    "dry_run": arguments.dry_run,
                    "dropped": dropped,
                    "kept": kept,
                    "moved": moved,
                    "deleted": deleted,
                    "bytes": bytes,
                    "inodes": inodes,
                });
                console.data(&object(folder, fields));
            }
            conclude(&display_path(folder), &report, arguments.dry_run, console);
            Code::Done
        }
        Err(error) => {
            let more = global.json.then(|| json!({}));
            fail(&error, folder, &interrupt, more, console)
        }
    }
}

/// Exactly one of the three is given; the reader of the command line sees to that.
fn selection(arguments: &SelectionArguments) -> Selection {
    match (arguments.keep_last, arguments.older_than, &arguments.drop) {
        (Some(count), _, _) => Selection::KeepLast(count),
        (_, Some(age), _) => Selection::OlderThan(age),
        (_, _, ranges) => Selection::Drop(ranges.clone().map(|ranges| ranges.0).unwrap_or_default()),
    }
}

fn conclude(name: &str, report: &VacuumReport, dry_run: bool, console: &Console) {
    let kept = names(&report.kept);
    if report.dropped.is_empty() {
        console.say(&format!("{name}: nothing to drop, kept {kept}"));
        return;
    }
    let (dropped, verb) = if dry_run { ("would drop", "keep") } else { ("dropped", "kept") };
    console.say(&format!(
        "{name}: {dropped} {}; {verb} {kept}: {} moved, {} deleted, {} and {} freed",
        names(&report.dropped),
        counted(report.moved, "tile"),
        grouped(report.deleted),
        counted(report.bytes, "byte"),
        counted(report.inodes.unsigned_abs(), "inode"),
    ));
}

/// `v0, v2..v5`: runs of numbers are told by their ends.
fn names(versions: &[Version]) -> String {
    let mut runs: Vec<(Version, Version)> = Vec::new();
    for &version in versions {
        match runs.last_mut() {
            Some((_, last)) if last.0.checked_add(1) == Some(version.0) => *last = version,
            _ => runs.push((version, version)),
        }
    }
    let run = |&(first, last): &(Version, Version)| match last.0 - first.0 {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}..{last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}
