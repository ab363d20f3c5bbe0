//! What `cut` prints about a picture: lines for people, and the JSON object.

use super::jobs::Job;
use crate::cli::console::{Console, counted, grouped};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{BuildReport, CutMode, CutReport, CutStatus, VersionStatus};
use serde_json::{Value, json};
use std::path::Path;

/// The last line about a picture. What was cut and built has had lines of its own.
pub(super) fn conclude(name: &str, folder: &Path, report: &CutReport, seconds: f64, console: &Console) {
    if report.status == CutStatus::WouldCut {
        let what = match report.written.filter(|_| report.compared) {
            Some(written) => format!("{} and would be cut", differing(written, report)),
            None => "would be cut".into(),
        };
        console.say(&format!("{name}: {what}: {}", plan(report)));
        return;
    }
    let built = |built: &BuildReport| built.versions.iter().any(|version| version.status == VersionStatus::Built);
    let what = match &report.built {
        Some(report) if built(report) => format!("published {}", display_path(folder.join("dest/dzi/latest"))),
        Some(_) => "nothing to build, done".into(),
        None => "done".into(),
    };
    console.say(&format!("{name}: {what} in {seconds:.2} s"));
}

/// How many tiles differ from the latest version.
fn differing(written: u64, report: &CutReport) -> String {
    let differ = if written == 1 { "differs" } else { "differ" };
    format!("{} of {} {differ}", counted(written, "tile"), grouped(report.grid.count()))
}

/// What will be cut, and what it needs.
fn plan(report: &CutReport) -> String {
    format!(
        "{} pixels in {} base tiles of {}{} ({}, {}), {} levels, {} in the pyramid; about {} of base tiles and {} of memory",
        report.size,
        report.grid,
        report.tile_size,
        if report.overlap > 0 { format!(" with overlap {}", report.overlap) } else { String::new() },
        report.format,
        mode(report.mode),
        report.levels,
        counted(report.pyramid_tiles, "tile"),
        megabytes(report.estimated_bytes),
        megabytes(report.memory.total),
    )
}

/// Prints the plan with `--verbose`, and in any case if the picture must be buffered.
pub(super) fn announce(name: &str, report: &CutReport, console: &Console) {
    console.detail(&format!("{name}: {}", plan(report)));
    if report.memory.buffered > 0 {
        let (bytes, why) = (megabytes(report.memory.buffered), report.memory.reason);
        console.say(&format!("{name}: the picture must be buffered in memory ({why}): about {bytes}"));
    }
}

/// One line about what was cut.
pub(super) fn line(name: &str, report: &CutReport) -> String {
    let uniform = match report.uniform.unwrap_or(0) {
        0 => String::new(),
        count => format!(", {} of a single colour", grouped(count)),
    };
    let tiles = report.grid.count();
    match (report.version, report.written) {
        (Some(version), Some(_)) if !report.compared => format!(
            "{name}: {version} cut: {} pixels in {}, {}{uniform}",
            report.size,
            counted(tiles, "tile"),
            mode(report.mode)
        ),
        (Some(version), Some(written)) => format!("{name}: {version} cut: {}", differing(written, report)),
        _ => format!("{name}: unchanged; no new version"),
    }
}

fn mode(mode: CutMode) -> &'static str {
    match mode {
        CutMode::Lossless => "lossless",
        CutMode::Requantised => "requantised",
        _ => "encoded from pixels",
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", grouped(bytes.div_ceil(1_000_000)))
}

pub(super) fn fields(job: &Job, report: &CutReport, seconds: f64) -> Value {
    let mut fields = json!({
        "picture": job.picture.to_string(),
        "status": report.status,
        "version": report.version,
        "width": report.size.width,
        "height": report.size.height,
        "tile_size": report.tile_size,
        "overlap": report.overlap,
        "format": report.format,
        "mode": report.mode,
        "columns": report.grid.columns,
        "rows": report.grid.rows,
        "levels": report.levels,
        "base_tiles": report.grid.count(),
        "tiles": report.pyramid_tiles,
        "estimated_bytes": report.estimated_bytes,
        "memory_bytes": report.memory.total,
        "buffered_bytes": report.memory.buffered,
        "written": report.written,
        "uniform": report.uniform,
        "seconds": seconds,
    });
    if let Some(built) = &report.built {
        fields["versions"] = json!(built.versions);
    }
    fields
}
