//! `fast_pyramid revert DIR`

use super::arguments::{GlobalArguments, RevertArguments};
use super::build::BuildObserver;
use super::console::{Console, counted};
use super::exit::Code;
use super::folders;
use super::session::{Session, seconds_since};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{Pyramid, RevertOptions, RevertReport, RevertStatus, Version};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Reverts each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &RevertArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    folders::each(&arguments.folders, &session, |folder| revert_one(folder, arguments, &session))
}

/// Publishes a version that shows what an earlier one shows.
fn revert_one(folder: &Path, arguments: &RevertArguments, session: &Session<'_>) -> Code {
    let started = Instant::now();
    let name = display_path(folder);
    let observer = BuildObserver::new(session.progress(&name));
    let options = RevertOptions::default()
        .to(arguments.to.map(Version))
        .dry_run(arguments.dry_run)
        .threads(session.global.threads)
        .locking(arguments.lock.locking())
        .observer(&observer);
    match observer.progress.during(|| Pyramid::open(folder)?.revert(&options)) {
        Ok(report) => {
            let fields = json!({
                "status": report.status,
                "to": report.to,
                "version": report.version,
                "written": report.tiles,
                "versions": report.built.as_ref().map_or(&[][..], |built| &built.versions),
                "seconds": seconds_since(started),
            });
            session.print_json(folder, fields);
            conclude(folder, &report, started, session.console);
            Code::Done
        }
        Err(error) => session.fail(&error, folder, json!({})),
    }
}

fn conclude(folder: &Path, report: &RevertReport, started: Instant, console: &Console) {
    let name = display_path(folder);
    let (to, tiles) = (report.to, counted(report.tiles, "tile"));
    let differ = if report.tiles == 1 { "differs" } else { "differ" };
    let latest = display_path(folder.join("dest/dzi/latest"));
    match (report.status, report.version) {
        (RevertStatus::WouldRevert, Some(version)) => {
            console.say(&format!("{name}: {version} would show {to} again: {tiles} {differ}"));
        }
        (RevertStatus::Reverted, Some(version)) => {
            let seconds = started.elapsed().as_secs_f64();
            console.say(&format!(
                "{name}: {version} shows {to} again, {tiles} {differ}: published {latest} in {seconds:.2} s"
            ));
        }
        _ => console.say(&format!("{name}: the latest version shows the same as {to}; no new version")),
    }
}
