//! Prints the URLs to purge from a cache after a build: the tiles that the newest version owns.
//!
//!     cargo run --release --example purge -- fixtures/relief https://tiles.example.org/relief

#![allow(clippy::print_stdout, clippy::print_stderr)]

use fast_pyramid::{ChangesOf, Pyramid};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, url] = arguments.as_slice() else {
        return Err("give a pyramid folder and the URL of its trees".into());
    };
    let changes = Pyramid::open(folder)?.changes(ChangesOf::Latest)?;
    for path in changes.paths() {
        println!("{url}/latest/{path}");
    }
    eprintln!("{} tiles of {}", changes.count(), changes.version());
    Ok(())
}
