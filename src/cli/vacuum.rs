//! `fast_pyramid vacuum DIR`

use super::arguments::{GlobalArguments, SelectionArguments, VacuumArguments};
use super::build::error_object;
use super::console::{Console, counted, grouped};
use super::exit::Code;
use fast_pyramid::pyramid::{Pyramid, Selection, VacuumOptions, VacuumReport};
use fast_pyramid::shown::shown;
use fast_pyramid::store::Version;
use serde_json::{Value, json};

/// Drops versions, or says what that would do.
pub(crate) fn run(arguments: &VacuumArguments, global: &GlobalArguments, console: &Console) -> Code {
    let options = VacuumOptions {
        threads: global.threads,
        keep_sources: arguments.keep_sources,
        dry_run: arguments.dry_run,
        locking: arguments.lock.locking(),
        ..VacuumOptions::new(selection(&arguments.selection))
    };
    let name = arguments.folder.to_string_lossy();
    match Pyramid::open(&arguments.folder).and_then(|pyramid| pyramid.vacuum(&options)) {
        Ok(report) => {
            if global.json {
                let mut object = json!({ "pyramid": name, "dry_run": arguments.dry_run });
                if let (Value::Object(object), Ok(Value::Object(fields))) = (&mut object, serde_json::to_value(&report))
                {
                    object.extend(fields);
                }
                console.data(&format!("{object}\n"));
            }
            conclude(&shown(&arguments.folder), &report, arguments.dry_run, console);
            Code::Done
        }
        Err(error) => {
            if global.json {
                console.data(&format!("{}\n", error_object(&name, &error)));
            }
            super::fail(console, &error)
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
