//! `fast_pyramid init DIR...`

use super::arguments::{GlobalArguments, InitArguments};
use super::console::{Console, counted};
use super::exit::Code;
use super::folders::distinct;
use super::session::Session;
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{InitOptions, InitReport, init};
use serde_json::json;

/// Writes the pyramid.json of each folder, whatever becomes of the others.
pub(crate) fn run(arguments: &InitArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::quick(global, console);
    let options = InitOptions::default().dry_run(arguments.dry_run);
    let mut code = Code::Done;
    for folder in &distinct(arguments.folders.clone()) {
        match init(folder, &options) {
            Ok(report) => {
                session.print_json(folder, &report);
                describe(&display_path(folder), &report, console);
            }
            Err(error) => code = code.max(session.fail(&error, folder, json!({}))),
        }
    }
    code
}

fn describe(name: &str, report: &InitReport, console: &Console) {
    let InitReport { width, height, tile_size, overlap, columns, rows, .. } = report;
    let verb = if report.written { "wrote" } else { "would write" };
    console.say(&format!(
        "{name}: {verb} pyramid.json: {width}x{height} pixels in {columns}x{rows} {} of {tile_size}, overlap {overlap}",
        counted(u64::from(*columns) * u64::from(*rows), "tile").split_once(' ').map_or("tiles", |(_, tiles)| tiles),
    ));
    let InitReport { format, tile_naming, first_tile, .. } = report;
    let place = match report.row_order {
        "bottom_up" => "is at the bottom",
        _ if report.row_order_assumed => "is assumed to be at the top",
        _ => "is at the top",
    };
    console.say(&format!(
        "{name}: {format} tiles named {tile_naming:?}, counted from {first_tile}, row {first_tile} {place}"
    ));
    if report.row_order_assumed {
        console.say(&format!(
            "{name}: in a TMS map, row {first_tile} is at the bottom: write row_order: \"bottom_up\" into pyramid.json"
        ));
    }
    if report.ambiguous {
        console.warning(&format!(
            "{name}: names and sizes would fit as well with columns and rows exchanged; look at the pyramid, and if it is \
             wrong, exchange them in tile_naming"
        ));
    }
}
