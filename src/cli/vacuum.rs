//! `fast_pyramid vacuum DIR`

use super::arguments::{GlobalArguments, SelectionArguments, VacuumArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::folders;
use super::session::Session;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{Pyramid, Selection, VacuumOptions, VacuumReport, Version};
use serde_json::json;
use std::path::Path;

/// Vacuums each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &VacuumArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    folders::each(&arguments.folders, &session, |folder| vacuum_one(folder, arguments, &session))
}

/// Drops versions, or reports what that would do.
fn vacuum_one(folder: &Path, arguments: &VacuumArguments, session: &Session<'_>) -> Code {
    let progress = session.progress(&display_path(folder));
    let options = VacuumOptions::new(selection(&arguments.selection))
        .threads(session.global.threads)
        .keep_sources(arguments.keep_sources)
        .drop_kept_sources(arguments.drop_sources)
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
                "sources_deleted": report.sources_deleted,
                "source_bytes_deleted": report.source_bytes_deleted,
                "sources_deleted_from": report.sources_deleted_from,
            });
            session.print_json(folder, fields);
            conclude(&display_path(folder), &report, arguments.dry_run, session.console);
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
    console.say(&format!("{name}: {}", gone(report)));
}

/// What nothing can bring back, and what a build could make again.
fn gone(report: &VacuumReport) -> String {
    let generated = counted(report.deleted - report.sources_deleted, "generated tile");
    if report.sources_deleted == 0 {
        return format!("no source tile is deleted; the {generated} can be built again");
    }
    let (tiles, from) = (counted(report.sources_deleted, "source tile"), names(&report.sources_deleted_from));
    let bytes = counted(report.source_bytes_deleted, "byte");
    format!("gone for good: {tiles} of {from} ({bytes}); also deleted: {generated}")
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
