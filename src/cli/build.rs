//! `fast_pyramid build DIR...`

use super::arguments::{BuildArguments, GlobalArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::progress::Progress;
use fast_pyramid::pyramid::{BuildOptions, BuildReport, Error, Pyramid, VersionReport, VersionStatus};
use fast_pyramid::store::{Durability, Version};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Builds each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &BuildArguments, global: &GlobalArguments, console: &Console) -> Code {
    let interrupted = Arc::new(AtomicBool::new(false));
    // The first interrupt asks the build to stop; should it not, the second ends the process.
    let _ = signal_hook::flag::register_conditional_default(signal_hook::consts::SIGINT, Arc::clone(&interrupted));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupted));
    let mut code = Code::Done;
    for folder in &arguments.folders {
        code = code.max(build_one(folder, arguments, global, console, &interrupted));
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    code
}

fn build_one(
    folder: &Path,
    arguments: &BuildArguments,
    global: &GlobalArguments,
    console: &Console,
    interrupted: &Arc<AtomicBool>,
) -> Code {
    let started = Instant::now();
    let name = folder.display().to_string();
    let options = BuildOptions {
        threads: global.threads,
        dry_run: arguments.dry_run,
        rebuild_from: arguments.rebuild_from.map(Version),
        durability: Durability::Flushed,
    };
    let progress = Progress::new(console, global.progress, &name, Arc::clone(interrupted));
    let result = progress.during(|| {
        let pyramid = Pyramid::open(folder)?;
        describe_pyramid(&pyramid, &name, console);
        pyramid.build_observed(&options, &progress)
    });
    let seconds = started.elapsed().as_secs_f64();
    match result {
        Ok(report) => {
            tell(&name, &report, seconds, console);
            if global.json {
                let seconds = (seconds * 1000.0).round() / 1000.0;
                let object = json!({ "pyramid": name, "versions": report.versions, "seconds": seconds });
                console.data(&format!("{object}\n"));
            }
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

/// What `--json` prints of a pyramid that failed.
pub(crate) fn error_object(name: &str, error: &Error) -> serde_json::Value {
    json!({ "pyramid": name, "error": error.to_string(), "code": Code::of(error.category()).number() })
}

fn describe_pyramid(pyramid: &Pyramid, name: &str, console: &Console) {
    let geometry = pyramid.spec().geometry;
    let (size, grid) = (geometry.size(), geometry.base_grid());
    console.detail(&format!(
        "{name}: {size} pixels in {grid} base tiles of {}, {} levels, {}",
        geometry.tile_size(),
        geometry.base_level() + 1,
        counted(geometry.tile_count(), "tile"),
    ));
}

fn tell(name: &str, report: &BuildReport, seconds: f64, console: &Console) {
    let fresh: Vec<&VersionReport> =
        report.versions.iter().filter(|version| version.status != VersionStatus::UpToDate).collect();
    if fresh.is_empty() {
        let latest = report.versions.last().map_or(Version(0), |version| version.version);
        console.say(&format!("{name}: {latest} is published, nothing to do"));
        return;
    }
    for version in &fresh {
        let (verb, most) = match version.status {
            VersionStatus::WouldBuild => ("would be built", "at most "),
            _ => ("built", ""),
        };
        console.say(&format!(
            "{name}: {} {verb}: {} ({most}{} generated, {most}{} patched, {} linked)",
            version.version,
            counted(version.tiles, "tile"),
            grouped(version.generated),
            grouped(version.patched),
            grouped(version.linked),
        ));
    }
    if fresh.iter().any(|version| version.status == VersionStatus::Built) {
        console.say(&format!("{name}: published {name}/dest/dzi/latest in {seconds:.2} s"));
    }
}
