//! `fast_pyramid vacuum DIR`

use super::arguments::{GlobalArguments, SelectionArguments, VacuumArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::session::Session;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{Pyramid, Selection, VacuumOptions, VacuumReport, Version};
use serde_json::json;

/// Drops versions, or reports what that would do.
pub(crate) fn run(arguments: &VacuumArguments, global: &GlobalArguments, console: &Console) -> Code {
    let folder = &arguments.folder;
    let session = Session::interruptible(global, console);
    let progress = session.progress(&display_path(folder));
    let options = VacuumOptions::new(selection(&arguments.selection))
        .threads(global.threads)
        .keep_sources(arguments.keep_sources)
        .dry_run(arguments.dry_run)
        .locking(arguments.lock.locking())
        .observer(&progress);
    match progress.during(|| Pyramid::open(folder)?.vacuum(&options)) {
        Ok(report) => {
            let fields = json!({
                "dry_run": arguments.dry_run,
                "dropped": report.dropped,
                "kept": report.kept,
                "moved": report.moved,
                "deleted": report.deleted,
                "bytes": report.bytes,
                "inodes": report.inodes,
            });
            session.print_json(folder, fields);
            conclude(&display_path(folder), &report, arguments.dry_run, console);
            Code::Done
        }
        Err(error) => session.fail(&error, folder, json!({})),
    }
}

/// The selection. The command line guarantees that exactly one of the three is given.
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

/// `v0, v2..v5`: a run of numbers is written as its ends.
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
