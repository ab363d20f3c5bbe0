//! Cuts a picture into a new pyramid, or a newer picture into its next version, with progress on one line. Ctrl-C ends it;
//! the next run starts over.
//!
//!     cargo run --release --example cut -- fixtures/pictures/map.jpg map

#![allow(clippy::print_stdout, clippy::print_stderr)]

use fast_pyramid::{CutOptions, Event, PictureSource, Work, cut};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [picture, folder] = arguments.as_slice() else { return Err("give a picture and a folder".into()) };
    let (rows, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let observer = |event: &Event<'_>| match event {
        Event::Started { work: Work::Cut, total: all } => total.store(*all, Ordering::Relaxed),
        Event::RowsDone(count) => {
            let done = rows.fetch_add(*count, Ordering::Relaxed) + count;
            eprint!("\r{done} of {} rows", total.load(Ordering::Relaxed));
        }
        Event::Warning(warning) => eprintln!("warning: {warning}"),
        _ => {}
    };
    let options = CutOptions::default().build(true).observer(&observer);
    let report = cut(&PictureSource::File(picture.into()), Path::new(folder), &options)?;
    eprintln!();
    match report.version {
        Some(version) => {
            println!("{version}: {} of {} tiles written", report.written.unwrap_or(0), report.grid.count())
        }
        None => println!("unchanged"),
    }
    Ok(())
}
