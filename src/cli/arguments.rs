//! The command line: commands, options and their short help.

use super::help::{
    ABOUT, CUT, CUT_EXAMPLES, CUT_USAGE, EXAMPLES, INIT, INIT_EXAMPLES, LONG_ABOUT, REPAIR, REPAIR_EXAMPLES, REVERT,
    REVERT_EXAMPLES, VACUUM, VACUUM_EXAMPLES, VERIFY, VERIFY_EXAMPLES,
};
use super::values::{Ranges, age, at_least_one, bytes, format, quality, ranges, seconds, threads, tolerance, version};
use clap::{Args, Parser, Subcommand, ValueEnum};
use fast_pyramid::{Locking, Quality, TileFormat, Tolerance};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "fast_pyramid",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    override_usage = "fast_pyramid [OPTIONS] DIR...\n       fast_pyramid [OPTIONS] COMMAND ...",
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArguments {
    /// Threads to use [default: all cores]
    #[arg(short = 'j', long, value_name = "N", global = true, allow_negative_numbers = true, value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print JSON Lines to standard output: one object per pyramid
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more details
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to show progress; auto is a bar on a terminal, an occasional line elsewhere
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) progress: When,
}

/// Which pyramids.
#[derive(Debug, Clone, Args)]
pub(crate) struct FolderArguments {
    /// Pyramid folders, each with its pyramid.json; one that is given twice counts once
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Find all pyramids in these folders and their subfolders
    #[arg(short, long)]
    pub(crate) recursive: bool,
}

/// How to handle other processes that use the pyramid.
#[derive(Debug, Clone, Args)]
pub(crate) struct LockArguments {
    /// Wait up to SECONDS for another process to finish with the pyramid [default: do not wait, exit with 4]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    pub(crate) wait: Option<Duration>,
    /// Skip locking, for file systems without locks; make sure that no other process is using the pyramid
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_lock: bool,
}

impl LockArguments {
    pub(crate) fn locking(&self) -> Locking {
        match self.wait {
            _ if self.no_lock => Locking::Skip,
            Some(patience) => Locking::Wait(patience),
            None => Locking::Immediate,
        }
    }
}

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// A bar if standard error is a terminal, otherwise an occasional line
    Auto,
    /// A bar in any case
    Always,
    /// Nothing
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build every version that is not published yet (the default command)
    Build(BuildArguments),
    /// Cut a picture into base tiles; of a newer picture, only those that differ
    #[command(long_about = CUT, after_help = CUT_EXAMPLES, override_usage = CUT_USAGE)]
    Cut(CutArguments),
    /// Write pyramid.json from the tiles that are there
    #[command(long_about = INIT, after_help = INIT_EXAMPLES)]
    Init(InitArguments),
    /// Show the versions, their sizes and what each owns
    Info(InfoArguments),
    /// List the tiles that a version changed, as paths under its tree
    Changes(ChangesArguments),
    /// Check that everything published is still what was published; change nothing
    #[command(long_about = VERIFY, after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Repair what verify finds broken in dest/; source tiles are only read
    #[command(long_about = REPAIR, after_help = REPAIR_EXAMPLES)]
    Repair(RepairArguments),
    /// Publish a next version that shows what an earlier one shows
    #[command(long_about = REVERT, after_help = REVERT_EXAMPLES)]
    Revert(RevertArguments),
    /// Drop old versions; those that stay show the same as before
    #[command(long_about = VACUUM, after_help = VACUUM_EXAMPLES)]
    Vacuum(VacuumArguments),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command
    Man {
        /// Which command; by default the program
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

/// Arguments of `build`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    /// Change nothing on disk; report what would be generated, patched and linked, at most (tiles are not compared)
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Rebuild version N and all above it, with the current sources and settings
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = version)]
    pub(crate) rebuild_from: Option<u32>,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `cut`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CutArguments {
    /// The picture, or - for standard input, then the pyramid's folder; with --into, any number of pictures
    #[arg(value_name = "PATH", required_unless_present = "list")]
    pub(crate) paths: Vec<PathBuf>,
    /// Cut each picture into a folder of its own in DIR, named after the picture; pyramid.json records which picture it was
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
    /// Keep the folders of each picture as given: scans/roll00/1.tif goes into DIR/scans/roll00/1
    #[arg(long, requires = "into")]
    pub(crate) keep_folders: bool,
    /// Also cut the pictures listed in FILE, one path per line (- is standard input)
    #[arg(long, value_name = "FILE", requires = "into")]
    pub(crate) list: Option<PathBuf>,
    /// Side of a tile in pixels, 1 to 16384 [default: 256, or the pyramid's own]
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(crate) tile_size: Option<u32>,
    /// Pixels that a tile shares with each neighbour, at most half of the tile size [default: 0, or the pyramid's own]
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=8192))]
    pub(crate) overlap: Option<u32>,
    /// Format of the tiles [default: png if the picture has alpha, a palette or 16 bits, otherwise jpg]
    #[arg(long, value_name = "jpg|png", value_parser = format)]
    pub(crate) format: Option<TileFormat>,
    /// JPEG quality of all tiles, 1 to 100 [default: JPEG pictures are cut without loss, others get 80, or in a pyramid that
    /// states no quality what the latest tiles have]
    #[arg(long, value_name = "QUALITY", allow_negative_numbers = true, value_parser = quality)]
    pub(crate) quality: Option<Quality>,
    /// Of a newer picture, leave out tiles that differ by at most LEVELS (of 255) in the mean of each 8x8 block, as after an
    /// editor has encoded the whole picture again; with decimals [default: 0, any difference counts]
    #[arg(long, value_name = "LEVELS", allow_negative_numbers = true, value_parser = tolerance)]
    pub(crate) tolerance: Option<Tolerance>,
    /// Build the pyramid, too; for a first version in the same pass
    #[arg(long)]
    pub(crate) build: bool,
    /// Change nothing on disk; report what would be cut, with an estimate of disk and memory; a newer picture is read and
    /// compared, and the tiles that differ are counted
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Limit for memory, such as 500M or 4G [default: half of the machine's]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, value_parser = bytes)]
    pub(crate) max_memory: Option<u64>,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `init`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InitArguments {
    /// Folders with base tiles in v0 and without a pyramid.json
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Write nothing; report what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `info`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InfoArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
}

/// Arguments of `changes`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChangesArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    /// Which version [default: the newest published one]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = version)]
    pub(crate) version: Option<u32>,
    /// All versions above this one: what may differ between it and the newest
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = version, conflicts_with = "version")]
    pub(crate) since: Option<u32>,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    /// Compare only lengths and hashes; regenerate no tile
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `repair`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RepairArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    /// First delete what earlier repairs found in trees and moved to dest/.fast_pyramid/found
    #[arg(long)]
    pub(crate) empty_found: bool,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `revert`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RevertArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    /// The version to show again [default: the one below the latest]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = version)]
    pub(crate) to: Option<u32>,
    /// Only report how many tiles differ
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `vacuum`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VacuumArguments {
    #[command(flatten)]
    pub(crate) folders: FolderArguments,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Drop only the trees and keep the source folders; builds do not bring these versions back until dest is deleted or
    /// --rebuild-from requests it
    #[arg(long)]
    pub(crate) keep_sources: bool,
    /// With --keep-last or --older-than, also delete source folders that an earlier --keep-sources kept
    #[arg(long, conflicts_with_all = ["keep_sources", "drop"])]
    pub(crate) drop_sources: bool,
    /// Change nothing on disk; report what would be moved, deleted and freed
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Which versions `vacuum` drops: exactly one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SelectionArguments {
    /// Drop all versions but the newest N
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = at_least_one)]
    pub(crate) keep_last: Option<NonZeroUsize>,
    /// Drop these versions: A, A..B (both inclusive), or a list such as 1,3,5..7
    #[arg(long, value_name = "A..B", allow_negative_numbers = true, value_parser = ranges)]
    pub(crate) drop: Option<Ranges>,
    /// Drop versions built longer ago than AGE, such as 30d, 12h or 1y
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) older_than: Option<Duration>,
}
