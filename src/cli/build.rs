//! `fast_pyramid build DIR...`

use super::arguments::{BuildArguments, GlobalArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::folders;
use super::progress::Progress;
use super::session::{Session, seconds_since};
use fast_pyramid::internals::sync::Mutex;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{BuildOptions, BuildReport, Event, Observer, Pyramid, Version, VersionReport, VersionStatus};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Builds each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &BuildArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    folders::each(&arguments.folders, &session, |folder| build_one(folder, arguments, &session))
}

/// Prints a line per published version, and remembers them in case a later one fails.
pub(super) struct BuildObserver<'a> {
    pub(super) progress: Progress<'a>,
    published: Mutex<Vec<VersionReport>>,
}

impl<'a> BuildObserver<'a> {
    pub(super) fn new(progress: Progress<'a>) -> Self {
        Self { progress, published: Mutex::default() }
    }
}

impl Observer for BuildObserver<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::VersionPublished(report) => {
                self.progress.console.say(&line(&self.progress.name, report));
                self.published.lock().push(**report);
            }
            event => self.progress.event(event),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }
}

fn build_one(folder: &Path, arguments: &BuildArguments, session: &Session<'_>) -> Code {
    let started = Instant::now();
    let observer = BuildObserver::new(session.progress(&display_path(folder)));
    let options = BuildOptions::default()
        .threads(session.global.threads)
        .dry_run(arguments.dry_run)
        .rebuild_from(arguments.rebuild_from.map(Version))
        .locking(arguments.lock.locking())
        .observer(&observer);
    let result = observer.progress.during(|| {
        let pyramid = Pyramid::open(folder)?;
        describe_pyramid(&pyramid, session.console);
        pyramid.build(&options)
    });
    let seconds = seconds_since(started);
    match result {
        Ok(report) => {
            conclude(folder, &report, seconds, session.console);
            session.print_json(folder, json!({ "versions": report.versions, "seconds": seconds }));
            Code::Done
        }
        Err(error) => {
            let published = observer.published.lock();
            session.fail(&error, folder, json!({ "versions": *published }))
        }
    }
}

fn describe_pyramid(pyramid: &Pyramid, console: &Console) {
    console.detail(&format!(
        "{}: {} pixels in {} base tiles of {}, {} levels, {}",
        display_path(pyramid.folder()),
        pyramid.size(),
        pyramid.base_grid(),
        pyramid.tile_size(),
        pyramid.levels(),
        counted(pyramid.tile_count(), "tile"),
    ));
}

/// One line about a version that was, or would be, built.
pub(crate) fn line(name: &str, report: &VersionReport) -> String {
    let (verb, most) = match report.status {
        VersionStatus::WouldBuild => ("would be built", "at most "),
        _ => ("built", ""),
    };
    format!(
        "{name}: {} {verb}: {} ({most}{} generated, {most}{} patched, {} linked)",
        report.version,
        counted(report.tiles, "tile"),
        grouped(report.generated),
        grouped(report.patched),
        grouped(report.linked),
    )
}

/// The last line about a pyramid. Versions that were built have had a line each.
fn conclude(folder: &Path, report: &BuildReport, seconds: f64, console: &Console) {
    let name = display_path(folder);
    let any = |status| report.versions.iter().any(|version| version.status == status);
    for version in report.versions.iter().filter(|version| version.status == VersionStatus::WouldBuild) {
        console.say(&line(&name, version));
    }
    if any(VersionStatus::Built) {
        let latest = folder.join("dest/dzi/latest");
        console.say(&format!("{name}: published {} in {seconds:.2} s", display_path(latest)));
    } else if !any(VersionStatus::WouldBuild) {
        let latest = report.versions.last().map_or(Version(0), |version| version.version);
        console.say(&format!("{name}: {latest} is published, nothing to do"));
    }
}
