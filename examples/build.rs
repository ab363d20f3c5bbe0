//! Builds a pyramid folder and prints what each version added.
//!
//!     cargo run --release --example build -- fixtures/relief

#![allow(clippy::print_stdout, clippy::print_stderr)]

use fast_pyramid::{BuildOptions, Event, Pyramid};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("give a pyramid folder, such as fixtures/relief")?;
    let observer = |event: &Event<'_>| {
        if let Event::Warning(warning) = event {
            eprintln!("warning: {warning}");
        }
    };
    let report = Pyramid::open(folder)?.build(&BuildOptions::default().observer(&observer))?;
    for version in report.versions {
        println!(
            "{}: {} generated, {} patched, {} linked",
            version.version, version.generated, version.patched, version.linked
        );
    }
    Ok(())
}
