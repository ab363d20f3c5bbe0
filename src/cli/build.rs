//! `fast_pyramid build DIR...`

use super::arguments::{BuildArguments, GlobalArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::{fail, object, seconds_since};
use super::progress::Progress;
use fast_pyramid::ops::{BuildOptions, BuildReport, Pyramid, VersionReport, VersionStatus};
use fast_pyramid::store::{Durability, Version};
use fast_pyramid::text::display::display_path;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Builds each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &BuildArguments, global: &GlobalArguments, console: &Console) -> Code {
    let interrupt = Interrupt::watch();
    let mut code = Code::Done;
    for folder in &arguments.folders {
        if let Some(signalled) = interrupt.code() {
            console.error(&format!("{}: not built, because of the interrupt", display_path(folder)), None);
            return signalled;
        }
        code = code.max(build_one(folder, arguments, global, console, &interrupt));
    }
    code
}

fn build_one(
    folder: &Path,
    arguments: &BuildArguments,
    global: &GlobalArguments,
    console: &Console,
    interrupt: &Interrupt,
) -> Code {
    let started = Instant::now();
    let options = BuildOptions {
        threads: global.threads,
        dry_run: arguments.dry_run,
        rebuild_from: arguments.rebuild_from.map(Version),
        durability: Durability::Flushed,
        locking: arguments.lock.locking(),
    };
    let progress = Progress::new(console, global.progress, &display_path(folder), interrupt.clone());
    let result = progress.during(|| {
        let pyramid = Pyramid::open(folder)?;
        describe_pyramid(&pyramid, console);
        pyramid.build_observed(&options, &progress)
    });
    let seconds = seconds_since(started);
    match result {
        Ok(report) => {
            conclude(folder, &report, seconds, console);
            if global.json {
                console.data(&object(folder, json!({ "versions": report.versions, "seconds": seconds })));
            }
            Code::Done
        }
        Err(error) => {
            let more = global.json.then(|| json!({ "versions": progress.published() }));
            fail(&error, folder, interrupt, more, console)
        }
    }
}

fn describe_pyramid(pyramid: &Pyramid, console: &Console) {
    let geometry = pyramid.spec().geometry;
    let (size, grid) = (geometry.size(), geometry.base_grid());
    console.detail(&format!(
        "{}: {size} pixels in {grid} base tiles of {}, {} levels, {}",
        display_path(pyramid.folder()),
        geometry.tile_size(),
        geometry.base_level() + 1,
        counted(geometry.tile_count(), "tile"),
    ));
}

/// Says of a version what was made, or would be.
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

/// The last line about a pyramid; what was built has been told already, version by version.
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
