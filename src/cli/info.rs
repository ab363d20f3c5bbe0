//! `fast_pyramid info DIR...`

use super::arguments::{GlobalArguments, InfoArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::folders;
use super::session::Session;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{InfoReport, Pyramid, VersionInfo};
use serde_json::json;

/// Describes each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &InfoArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::quick(global, console);
    folders::each(&arguments.folders, &session, |folder| {
        match Pyramid::open(folder).and_then(|pyramid| pyramid.info()) {
            Ok(info) if global.json => session.print_json(folder, &info),
            Ok(info) => {
                console.data(&table(&display_path(folder), &info));
            }
            Err(error) => return session.fail(&error, folder, json!({})),
        }
        Code::Done
    })
}

fn table(name: &str, info: &InfoReport) -> String {
    let mut text = format!(
        "{name}: {}x{} pixels in {}x{} {}base tiles of {}, overlap {}, {} levels, {} per tree\n",
        info.width,
        info.height,
        info.columns,
        info.rows,
        info.base_tiles.map_or_else(String::new, |kind| format!("{kind} ")),
        info.tile_size,
        info.overlap,
        info.levels,
        counted(info.tiles, "tile"),
    );
    if info.half_vacuumed {
        text += "a vacuum was interrupted; the next build or vacuum finishes it\n";
    }
    for version in &info.half_built {
        text += &format!("the build of {version} is unfinished or still running; the next build resumes it\n");
    }
    if info.inodes_estimated {
        text += "inodes are estimates: the trees were copied without hard links, so links take more (rsync -aH keeps them)\n";
    }
    let heading = ["version", "built", "generated", "bytes", "patched", "bytes", "linked", "frees", "inodes", ""];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(info.versions.iter().map(|version| row(version, info)));
    let widths: Vec<usize> =
        (0..heading.len()).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.len());
            let numeric = (2..9).contains(&column);
            line += &if numeric { format!("  {padding}{cell}") } else { format!("  {cell}{padding}") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn row(version: &VersionInfo, info: &InfoReport) -> [String; 10] {
    let mut notes = Vec::new();
    if info.latest == Some(version.version) {
        notes.push("latest".to_owned());
    }
    if !version.has_sources {
        notes.push("sources are gone".to_owned());
    }
    if let Some(encoder) = version.encoder.filter(|&encoder| encoder != info.encoder) {
        notes.push(format!("built by encoder {encoder}; this release has {}", info.encoder));
    }
    let numbers = version.counts.map_or_else(Default::default, |counts| {
        [counts.generated, counts.generated_bytes, counts.patched, counts.patched_bytes, counts.linked].map(grouped)
    });
    let [generated, generated_bytes, patched, patched_bytes, linked] = numbers;
    let unpublished = if version.dropped { "dropped" } else { "not published" };
    let built = version.built.clone().unwrap_or_else(|| unpublished.into());
    let frees = version.freed_bytes.map(grouped).unwrap_or_default();
    let inodes = version.freed_inodes.map(|inodes| grouped(inodes.unsigned_abs())).unwrap_or_default();
    let (version, notes) = (version.version.to_string(), notes.join(", "));
    [version, built, generated, generated_bytes, patched, patched_bytes, linked, frees, inodes, notes]
}
