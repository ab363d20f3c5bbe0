//! `fast_pyramid build DIR...`

use super::arguments::{BuildArguments, GlobalArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::folders;
use super::hints::names;
use super::progress::Progress;
use super::session::{Session, seconds_since};
use fast_pyramid::internals::sync::Mutex;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{
    BaseTiles, BuildOptions, BuildReport, Event, Observer, Pyramid, Version, VersionReport, VersionStatus,
};
use serde_json::{Value, json};
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
            if let Some(kind) = first_base_tiles(&report) {
                session.console.say(&format!("{}: {}", display_path(folder), described(kind)));
            }
            conclude(folder, &report, seconds, arguments.dry_run, session.console);
            session.print_json(folder, fields(&report, seconds));
            Code::Done
        }
        Err(error) => {
            let published = observer.published.lock();
            session.fail(&error, folder, json!({ "versions": *published }))
        }
    }
}

fn fields(report: &BuildReport, seconds: f64) -> Value {
    let mut fields = json!({ "versions": report.versions, "seconds": seconds });
    if let Some(kind) = report.base_tiles {
        fields["base_tile_kind"] = json!(kind.to_string());
    }
    if !report.dropped.is_empty() {
        fields["dropped"] = json!(report.dropped);
    }
    fields
}

/// The kind of base tiles, if this is the first build of a pyramid with overlap.
fn first_base_tiles(report: &BuildReport) -> Option<BaseTiles> {
    let is_first = report.versions.iter().all(|version| version.status != VersionStatus::UpToDate);
    report.base_tiles.filter(|_| is_first)
}

fn described(kind: BaseTiles) -> &'static str {
    match kind {
        BaseTiles::Overlapping => "the base tiles have the overlap already (base_tiles: overlapping)",
        BaseTiles::Plain => "the base tiles are plain, so those of the trees are made from them (base_tiles: plain)",
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
    if report.generated + report.patched + report.linked > report.tiles {
        // Plain source tiles are in no tree.
        return format!(
            "{name}: {} {verb}: {} ({most}{} generated, {} linked) from {most}{}",
            report.version,
            counted(report.tiles, "tile"),
            grouped(report.generated),
            grouped(report.linked),
            counted(report.patched, "plain tile"),
        );
    }
    format!(
        "{name}: {} {verb}: {} ({most}{} generated, {most}{} patched, {} linked)",
        report.version,
        counted(report.tiles, "tile"),
        grouped(report.generated),
        grouped(report.patched),
        grouped(report.linked),
    )
}

/// The last lines about a pyramid. Versions that were built have had a line each.
fn conclude(folder: &Path, report: &BuildReport, seconds: f64, is_dry: bool, console: &Console) {
    let name = display_path(folder);
    let any = |status| report.versions.iter().any(|version| version.status == status);
    let latest = report.versions.last().map_or(Version(0), |version| version.version);
    for version in report.versions.iter().filter(|version| version.status == VersionStatus::WouldBuild) {
        console.say(&line(&name, version));
    }
    if !report.dropped.is_empty() {
        let (dropped, verb) = (names(&report.dropped), if is_dry { "would be dropped" } else { "dropped" });
        console.say(&format!("{name}: {dropped} {verb}; the latest version is {latest}"));
    }
    if any(VersionStatus::Built) {
        let latest = folder.join("dest/dzi/latest");
        console.say(&format!("{name}: published {} in {seconds:.2} s", display_path(latest)));
    } else if !any(VersionStatus::WouldBuild) && report.dropped.is_empty() {
        console.say(&format!("{name}: {latest} is published, nothing to do"));
    }
}
