//! What can stand on the command line, and the help that explains it.

use super::values::{Ranges, age, at_least_one, bytes, format, no_overlap, quality, ranges, seconds, threads, version};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use fast_pyramid::format::{Quality, TileFormat};
use fast_pyramid::store::Locking;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

const ABOUT: &str = "Builds versioned Deep Zoom pyramids from base tiles, and after a patch only what changed";

const LONG_ABOUT: &str = "\
Builds Deep Zoom (DZI) pyramids from base tiles that already exist.

A pyramid folder holds pyramid.json, such as { width: 750, height: 500, tile_size: 250, overlap: 0 }, and the \
base tiles in v0 as COLUMN_ROW.jpg (or .jpeg, .png). `fast_pyramid image1` makes the coarser tiles by 2x2 reduction and \
publishes the pyramid as image1/dest/dzi/v0. When some tiles change, put just those into v1 and run the same command: \
only what lies over them is made anew, all else is linked. The newest version is image1/dest/dzi/latest.";

const EXAMPLES: &str = "\
Examples:
  fast_pyramid image1                     build what is not published yet
  fast_pyramid build --dry-run image1     only say what would be built
  fast_pyramid cut --build map.tif image1 make the base tiles of a picture, and then the pyramid
  fast_pyramid --json image1 image2       one line of JSON a pyramid, for scripts
  fast_pyramid changes image1             paths of the tiles that the newest version changed
  fast_pyramid info image1                versions, what each owns, and what dropping it would free
  fast_pyramid verify image1              check everything that is published
  fast_pyramid repair image1              mend what verify finds broken in dest
  fast_pyramid vacuum --keep-last 5 image1  drop all versions but the newest five

Help on a command: fast_pyramid help COMMAND, or fast_pyramid COMMAND --help.

A folder named like a command is given as ./build, ./info, ...

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 invalid pyramid.json, tiles or images, 4 another process is \
changing the pyramid, 130 interrupted, 143 terminated. With several pyramids all are tried and the highest code is returned.";

const VERIFY: &str = "\
Checks that everything published still is what was published, and changes nothing.

In every version: manifest, dzi.xml, folders, the grid of tiles, and nothing else; each link relative and straight to the \
file of the version that owns the tile; length and hash of each generated tile and of each source tile; and, without \
--quick, each generated tile made again from its children and compared byte for byte. Versions that another encoder version \
built are compared by hash only.

A problem is one line on standard output: version, path, kind, what was expected, what was found. Paths are under the \
version's tree, those of sources, manifests and of dest/dzi itself under the pyramid folder. A damaged tile is told once, where \
its file is, not in every later version that links to it. At most 10,000 problems of a version are printed; all are counted.

Kinds: damaged_manifest, missing, wrong_kind, wrong_link, wrong_length, wrong_hash, wrong_pixels, wrong_descriptor, \
source_changed, source_missing, unreadable, wrong_latest, unexpected.

It waits for whoever changes the pyramid (--wait); other readers may be at it at the same time.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  fast_pyramid verify image1              everything, as in a yearly check
  fast_pyramid verify --quick image1      lengths and hashes only, as fast as the disk reads
  fast_pyramid verify --json image1 | jq -r 'select(.kind == \"wrong_hash\") | .path'

Exit codes: 0 nothing is wrong, 1 something is, 2 nothing is published, 3 pyramid.json is invalid.";

const REPAIR: &str = "\
Mends what verify finds broken in dest/, and only that.

Links, dzi.xml, folders and `latest` are made again; generated tiles are made again from their children and have to have \
the hash that was published. What does not belong is moved to dest/.fast_pyramid/trash, which the next build empties. Where \
a manifest is damaged or lost, a tree is gone, or a tile's pixels contradict its manifest, that version and those above \
are built again, as --rebuild-from does. Files are made beside and renamed, so nobody ever sees half of one.

Source tiles are only read. Those that changed or vanished are named, and so is everything else that cannot be mended: \
tiles of versions that another encoder version built cannot be made again.

Each thing mended is one line on standard output; with --json one object sums up.";

const REPAIR_EXAMPLES: &str = "\
Examples:
  fast_pyramid repair image1
  fast_pyramid verify -q image1 || fast_pyramid repair image1

Exit codes: 0 all is in order now, 1 something is left that it cannot mend, 4 another process is changing the pyramid.";

const VACUUM_ABOUT: &str = "\
Drops versions to free their space. The latest version is never dropped.

The versions that stay show the same tiles as before, byte for byte. Source tiles of a dropped version that they still \
show move into the source folder of the next version that stays; the rest of the dropped source folders is deleted, so \
make a copy first if you want them. Generated tiles likewise. Afterwards the pyramid is what `rm -rf dest` and a new \
build would make of it, and the lowest version is complete.

It can be killed at any moment: nothing is lost, and the next vacuum or build finishes it.";

const VACUUM_EXAMPLES: &str = "\
Examples:
  fast_pyramid vacuum --keep-last 5 image1            drop all but the newest five
  fast_pyramid vacuum --drop 1..7 image1              drop v1 to v7, both included
  fast_pyramid vacuum --drop 1,3,5..7 image1          several at once
  fast_pyramid vacuum --older-than 30d image1         drop what was built more than 30 days ago
  fast_pyramid vacuum --dry-run --keep-last 5 image1  only say what that would move, delete and free
  fast_pyramid vacuum --keep-sources --drop 3 image1  drop the tree of v3 and leave the folder v3 alone";

const CUT: &str = "\
Cuts a picture of any size into base tiles.

The first time it makes DIR with pyramid.json and all tiles in v0. When the picture has changed, the same command compares \
it with the latest version, tile by tile, and puts just the tiles that differ into the next one. With --build the pyramid \
is built, too: the first one while the picture is read, so that nothing is decoded twice.

Read are JPEG (baseline, progressive), PNG, TIFF and BigTIFF, PNM (PBM, PGM, PPM, PAM) and WebP, by their contents and not by \
their names. ICC profiles go into the tiles, and pictures stored turned come out upright.

A JPEG is cut into JPEG tiles without any loss: its coefficients are copied. That takes a tile size that is a multiple of its \
MCU (16 or 8, such as 256) and a picture that is not stored turned. With --quality, or where \
pyramid.json states a quality and the latest tiles have it, coefficients are quantised anew. All else is decoded and encoded.

Memory depends on the picture's width, not on its height: 60000 pixels wide take less than 500 MB. Some pictures have to be \
held whole: interlaced PNG, progressive JPEG, WebP, and those stored turned. That is announced, and refused beyond \
--max-memory.";

const CUT_USAGE: &str = "fast_pyramid cut [OPTIONS] IMAGE DIR\n       fast_pyramid cut [OPTIONS] --into DIR IMAGE...";

const CUT_EXAMPLES: &str = "\
Examples:
  fast_pyramid cut --build map.tif image1        from one picture to image1/dest/dzi/latest
  fast_pyramid cut --build map2.tif image1       a newer picture: only what differs is made
  fast_pyramid cut --dry-run map.tif image1      size, tiles, and about how much disk and memory that takes
  fast_pyramid cut --into pyramids *.jpg         each into pyramids/NAME, whatever becomes of the others
  convert scan.psd ppm:- | fast_pyramid cut - image1

Exit codes: as for all commands. Where the picture is the same as the latest version there is no new one, and that is 0.";

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

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArguments {
    /// Threads to use [default: all cores]
    #[arg(short = 'j', long, value_name = "N", global = true, value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print one JSON object a pyramid, one a line, to standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more about what is done
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to show progress: auto is a bar on a terminal, a line now and then elsewhere
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) progress: When,
}

/// What commands that change a pyramid do about others that do.
#[derive(Debug, Clone, Args)]
pub(crate) struct LockArguments {
    /// Wait so long for another process to finish with the pyramid [default: do not wait, exit with 4]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wait: Option<Duration>,
    /// Take no lock, on network file systems without; see to it that no other process changes the pyramid
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_lock: bool,
}

impl LockArguments {
    pub(crate) fn locking(&self) -> Locking {
        Locking { wait: self.wait.unwrap_or_default(), disabled: self.no_lock }
    }
}

/// When to draw the progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// A bar if standard error is a terminal, otherwise a line now and then
    Auto,
    /// A bar, wherever it goes
    Always,
    /// Nothing
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build every version that is not published yet (the default command)
    Build(BuildArguments),
    /// Cut a picture into base tiles; of a newer picture, those that differ
    #[command(long_about = CUT, after_help = CUT_EXAMPLES, override_usage = CUT_USAGE)]
    Cut(CutArguments),
    /// Show the versions, their sizes and what each owns
    Info(InfoArguments),
    /// Print the tiles that a version owns, as paths under its tree
    Changes(ChangesArguments),
    /// Check that everything published still is what was published; change nothing
    #[command(long_about = VERIFY, after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Mend what verify finds broken in dest/; source tiles are only read
    #[command(long_about = REPAIR, after_help = REPAIR_EXAMPLES)]
    Repair(RepairArguments),
    /// Drop old versions; those that stay show the same as before
    #[command(long_about = VACUUM_ABOUT, after_help = VACUUM_EXAMPLES)]
    Vacuum(VacuumArguments),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of the program or of one command
    Man {
        /// Which command; the whole program by default
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

/// Arguments of `build`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildArguments {
    /// Pyramid folders, each with its pyramid.json
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Change nothing on disk; say what would be generated, patched and linked (at most, as pixels are not compared)
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Build version N and all above it again, with the sources and settings as they are now
    #[arg(long, value_name = "N", value_parser = version)]
    pub(crate) rebuild_from: Option<u32>,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `cut`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CutArguments {
    /// The picture, or - for standard input, and then the pyramid's folder; with --into any number of pictures
    #[arg(value_name = "PATH", required_unless_present = "list")]
    pub(crate) paths: Vec<PathBuf>,
    /// Cut each picture into a folder of its own in DIR, named like the picture
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
    /// Cut the pictures that FILE names, too, one path a line (- is standard input)
    #[arg(long, value_name = "FILE", requires = "into")]
    pub(crate) list: Option<PathBuf>,
    /// Side of a tile in pixels, 1 to 16384 [default: 256, or the pyramid's own]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(crate) tile_size: Option<u32>,
    /// Pixels shared by neighbouring tiles; only 0 is supported by this release
    #[arg(long, value_name = "PIXELS", value_parser = no_overlap)]
    pub(crate) overlap: Option<u32>,
    /// Format of the tiles [default: png where the picture has alpha, a palette or 16 bits, else jpg]
    #[arg(long, value_name = "jpg|png", value_parser = format)]
    pub(crate) format: Option<TileFormat>,
    /// JPEG quality of all tiles, 1 to 100 [default: JPEG pictures are cut without loss, others get 80]
    #[arg(long, value_name = "QUALITY", value_parser = quality)]
    pub(crate) quality: Option<Quality>,
    /// Build the pyramid, too; of a new picture while it is read
    #[arg(long)]
    pub(crate) build: bool,
    /// Change nothing on disk; say what would be cut, and roughly how much disk and memory that takes
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The most memory to take, such as 500M or 4G [default: half of what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) max_memory: Option<u64>,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `info`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InfoArguments {
    /// Pyramid folders
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
}

/// Arguments of `changes`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChangesArguments {
    /// The pyramid folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Which version [default: the newest published one]
    #[arg(long, value_name = "N", value_parser = version)]
    pub(crate) version: Option<u32>,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    /// The pyramid folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Compare lengths and hashes only; make no tile again from its children
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `repair`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RepairArguments {
    /// The pyramid folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) lock: LockArguments,
}

/// Arguments of `vacuum`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VacuumArguments {
    /// The pyramid folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Drop the trees only; source folders stay as they are, and builds do not bring the versions back
    /// until dest is deleted or --rebuild-from asks for them
    #[arg(long)]
    pub(crate) keep_sources: bool,
    /// Change nothing on disk; say what would be moved, deleted and freed
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
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) keep_last: Option<NonZeroUsize>,
    /// Drop these versions: A, A..B (both included), or a list such as 1,3,5..7
    #[arg(long, value_name = "A..B", value_parser = ranges)]
    pub(crate) drop: Option<Ranges>,
    /// Drop the versions that were built longer ago than this, such as 30d, 12h or 1y
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) older_than: Option<Duration>,
}

/// The command line with `build` put in front where it names no command: `fast_pyramid DIR...` builds.
///
/// The first word that is neither an option nor the value of one decides, so that options of every command may stand
/// before the command.
pub(crate) fn with_default_command(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let program = Arguments::command();
    let valued: Vec<String> = program
        .get_subcommands()
        .chain([&program])
        .flat_map(clap::Command::get_arguments)
        .filter(|argument| argument.get_action().takes_values() && !argument.is_positional())
        .flat_map(|argument| {
            let short = argument.get_short().map(|short| format!("-{short}"));
            short.into_iter().chain(argument.get_long().map(|long| format!("--{long}")))
        })
        .collect();
    let mut rest = words.iter().skip(1);
    let decides = loop {
        match rest.next().map(|word| word.to_string_lossy()) {
            None => return words,
            Some(option) if valued.iter().any(|known| *known == option) => _ = rest.next(),
            Some(option) if option.len() > 1 && option.starts_with('-') && option != "--" => {}
            Some(word) => break word.into_owned(),
        }
    };
    // `help` is clap's own, which adds it later.
    if program.find_subcommand(&decides).is_none() && decides != "help" {
        words.insert(1, "build".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_command_is_built() {
        let completed = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            with_default_command(words)
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (line, expected) in [
            ("fp image1", "fp build image1"),
            ("fp -j 2 --json image1 image2", "fp build -j 2 --json image1 image2"),
            ("fp --dry-run image1", "fp build --dry-run image1"),
            ("fp --rebuild-from 3 image1", "fp build --rebuild-from 3 image1"),
            ("fp -- build", "fp build -- build"),
            ("fp ./info", "fp build ./info"),
            ("fp help cut", "fp help cut"),
            ("fp --json help", "fp --json help"),
            ("fp ./help", "fp build ./help"),
            ("fp build help", "fp build help"),
            ("fp --json info image1", "fp --json info image1"),
            ("fp -j 1 --progress never info image1", "fp -j 1 --progress never info image1"),
            ("fp -j1 build image1", "fp -j1 build image1"),
            ("fp --help", "fp --help"),
            ("fp", "fp"),
        ] {
            assert_eq!(completed(line), expected);
        }
    }
}
