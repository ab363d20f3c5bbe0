//! The parts of the side-by-side benchmarks that have to be fast or small themselves. `run.py` calls them; each
//! prints one line of JSON. See README.md.

mod floor;
mod grid;
mod links;
mod measure;
#[cfg(feature = "turbojpeg")]
mod parents;
mod tiles;
#[cfg(feature = "turbojpeg")]
mod turbo;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

/// Anything that went wrong, to be shown.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
#[command(about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command; print its time, CPU time and peak memory
    Measure {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Read all JPEG tiles of a folder and decode them to coefficients, and nothing else
    Floor {
        /// The folder of tiles
        tiles: PathBuf,
        /// Threads
        #[arg(short = 'j', long)]
        threads: usize,
        /// Also transform them to samples
        #[arg(long)]
        samples: bool,
    },
    /// Time parents made by libjpeg-turbo and by fast_pyramid, one thread, alternating
    #[cfg(feature = "turbojpeg")]
    Parents {
        /// The folder of base tiles
        tiles: PathBuf,
        /// Quality of the parents, and their chroma: 4:2:0 below 90, 4:4:4 from there on
        #[arg(long)]
        quality: u8,
        /// How often each parent is made each way
        #[arg(long)]
        rounds: usize,
        /// The most parents to take, spread over the picture
        #[arg(long, default_value_t = 256)]
        most: usize,
    },
    /// Make a pyramid folder of tiny tiles: 64 different ones, hard-linked
    Grid {
        /// The pyramid folder, which must not exist
        folder: PathBuf,
        /// Columns of base tiles
        columns: u32,
        /// Rows of base tiles
        rows: u32,
        /// Overlap of the tiles of the pyramid; the base tiles are plain
        #[arg(long, default_value_t = 0)]
        overlap: u32,
    },
    /// Write one tiny tile that is none of the 64 of `grid`
    Tile {
        /// The file
        path: PathBuf,
        /// Which: another number is another picture
        number: u32,
    },
    /// Give every tile of a tree a second name in a fresh tree, and nothing else
    Links {
        /// The published tree, `dest/dzi/vN`
        tree: PathBuf,
        /// The new tree, which must not exist
        copy: PathBuf,
        /// Threads
        #[arg(short = 'j', long)]
        threads: usize,
    },
}

fn main() -> Result<(), Failure> {
    let result = match Arguments::parse().command {
        Command::Measure { command } => measure::run(&command)?,
        Command::Floor { tiles, threads, samples } => floor::run(&tiles, threads, samples)?,
        #[cfg(feature = "turbojpeg")]
        Command::Parents { tiles, quality, rounds, most } => parents::run(&tiles, quality, rounds, most)?,
        Command::Grid { folder, columns, rows, overlap } => grid::run(&folder, columns, rows, overlap)?,
        Command::Tile { path, number } => {
            std::fs::write(path, grid::tile(number)?)?;
            serde_json::json!({})
        }
        Command::Links { tree, copy, threads } => links::run(&tree, &copy, threads)?,
    };
    println!("{result}");
    Ok(())
}
