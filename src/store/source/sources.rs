//! The user's source versions: which there are, which tiles each has. Read only.

use crate::format::{FormatKind, TileFormat, TileNaming};
use crate::geometry::{Grid, GridSet};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files::{self, FileStamp, FileStat};
use crate::store::layout::{Layout, SourcePlace, TileText, Version, canonical_number, source_name};
use crate::store::tree::tree::TreeContext;
use crate::text::display_name;
use crate::text::{FaultKind, Faults};
use std::ffi::OsStr;
use std::fs::FileType;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Files that systems leave behind in folders; passed over, like names that start with a dot.
const LEFT_BEHIND: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// The source versions of a pyramid, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVersions {
    /// Where they stand.
    pub place: SourcePlace,
    /// Their numbers in ascending order; never empty.
    pub versions: Vec<Version>,
}

impl SourceVersions {
    /// Finds the source versions of a pyramid.
    ///
    /// # Errors
    /// None at all, some beside pyramid.json and some in `src`, a name such as `v01`, a version that is not a folder.
    pub fn find(layout: &Layout) -> Result<Self, StoreError> {
        let beside = versions_in(&layout.source_place(SourcePlace::Beside))?;
        let src = layout.source_place(SourcePlace::Src);
        let in_src = match std::fs::symlink_metadata(&src) {
            Ok(found) if found.is_dir() => versions_in(&src)?,
            Ok(found) if found.is_symlink() => {
                return Err(StoreError::BadVersion { path: src, problem: LINKED });
            }
            _ => Vec::new(),
        };
        match (beside.first(), in_src.first()) {
            (Some(first), Some(second)) => Err(StoreError::TwoPlaces {
                pyramid: layout.root().to_owned(),
                first: first.to_string(),
                second: second.to_string(),
            }),
            (Some(_), None) => Ok(Self { place: SourcePlace::Beside, versions: beside }),
            (None, Some(_)) => Ok(Self { place: SourcePlace::Src, versions: in_src }),
            (None, None) => {
                Err(StoreError::NoVersions { pyramid: layout.root().to_owned(), half_cut: is_half_cut(layout) })
            }
        }
    }
}

const LINKED: &str =
    "is a symbolic link; the folders of source versions must be real, or moving the pyramid would break its trees";

fn versions_in(folder: &Path) -> Result<Vec<Version>, StoreError> {
    let mut versions = Vec::new();
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let entry = entry.context("read", folder)?;
        let name = entry.file_name();
        let Some(digits) = name.to_str().and_then(|name| name.strip_prefix('v')) else { continue };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let bad = |problem| StoreError::BadVersion { path: entry.path(), problem };
        let kind = entry.file_type().context("read", &|| entry.path())?;
        if kind.is_symlink() {
            return Err(bad(LINKED));
        }
        if !kind.is_dir() {
            return Err(bad("is named like a source version, but is not a folder"));
        }
        let number = canonical_number(digits)
            .ok_or_else(|| bad("is not a version number: 0 to 4294967295 without leading zeros"))?;
        versions.push(Version(number));
    }
    versions.sort_unstable();
    Ok(versions)
}

/// Whether the first version of a pyramid is being cut, or was when that was stopped.
#[must_use]
pub fn is_half_cut(layout: &Layout) -> bool {
    layout.staged_source(SourcePlace::Beside, Version(0)).is_dir()
}

/// Whether there is anything in a source folder but what systems leave behind.
///
/// # Errors
/// It cannot be read.
pub fn has_tiles(folder: &Path) -> Result<bool, StoreError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        if !passed_over(&entry.context("read", folder)?.file_name()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a listing of one source version found.
#[derive(Debug)]
pub struct SourceListing {
    /// The tiles that are there, by column and row whatever their names' order.
    pub tiles: GridSet,
    /// Their extension; `None` where there is no tile and none was asked for.
    pub format: Option<TileFormat>,
    /// Which number comes first in their names.
    pub naming: TileNaming,
    /// A name that fits only the ROW_COLUMN grid, where that is why `naming` is [`TileNaming::RowColumn`].
    pub inferred_from: Option<String>,
    /// Everything that is not right about names and kinds of files. Missing tiles are not faults here.
    pub faults: Faults,
}

impl SourceListing {
    /// Lists a source folder. `format` and `naming` are those to expect; where `None`, they are inferred from what
    /// is found: the extension of most of the tiles, and ROW_COLUMN where all names fit that grid but not COLUMN_ROW's.
    ///
    /// # Errors
    /// The folder cannot be read. What is wrong with its entries is in [`SourceListing::faults`].
    pub fn read(
        folder: &Path,
        grid: Grid,
        format: Option<&TileFormat>,
        naming: Option<TileNaming>,
    ) -> Result<Self, IoError> {
        let format = match format {
            Some(format) => Some(format.clone()),
            None => most_frequent_format(folder)?,
        };
        let mut faults = Faults::default();
        let mut plain = Candidate::new(grid, TileNaming::ColumnRow, naming);
        let mut swapped = Candidate::new(grid, TileNaming::RowColumn, naming);
        for entry in std::fs::read_dir(folder).context("read", folder)? {
            let entry = entry.context("read", folder)?;
            let name = entry.file_name();
            if passed_over(&name) {
                continue;
            }
            let kind = entry.file_type().context("read", &|| entry.path())?;
            let parsed = parse_name(&name);
            // What is named like a tile is not missing, whatever else is wrong with it.
            if let Some(numbers) = numbers_of(parsed.as_ref(), format.as_ref()) {
                plain.take(numbers, &name);
                swapped.take(numbers, &name);
            }
            if let Some((fault, detail)) = fault_of(parsed.as_ref(), kind, format.as_ref()) {
                faults.add(fault, 0, display_name(&name), detail);
            }
        }
        let swap = naming == Some(TileNaming::RowColumn) || (naming.is_none() && swapped.fits_better_than(&plain));
        let inferred_from =
            if swap && naming.is_none() { plain.first_outside.take().map(|(_, name)| name) } else { None };
        let chosen = if swap { swapped } else { plain };
        chosen.report_outside(&mut faults);
        Ok(Self { tiles: chosen.tiles, format, naming: chosen.naming, inferred_from, faults })
    }

    /// Adds to the faults each tile of the grid that is not there.
    pub fn require_all(&mut self) {
        let missing = self.tiles.grid().count() - self.tiles.count();
        if missing == 0 {
            return;
        }
        let format = self.format.clone().unwrap_or_else(TileFormat::jpg);
        let mut named = 0;
        for (order, (column, row)) in self.tiles.missing().take(3).enumerate() {
            self.faults.add(
                FaultKind::Missing,
                order as u64,
                source_name(self.naming, column, row, &format).as_str(),
                "",
            );
            named += 1;
        }
        self.faults.add_unnamed(FaultKind::Missing, missing - named);
    }
}

/// The tiles of a folder under one of the two namings.
struct Candidate {
    naming: TileNaming,
    considered: bool,
    tiles: GridSet,
    outside: Faults,
    /// The first of them in row-major order, and its name.
    first_outside: Option<(u64, String)>,
}

impl Candidate {
    fn new(grid: Grid, naming: TileNaming, wanted: Option<TileNaming>) -> Self {
        let considered = wanted.is_none_or(|wanted| wanted == naming);
        let grid = if considered { grid } else { Grid { columns: 1, rows: 1 } };
        Self { naming, considered, tiles: GridSet::new(grid), outside: Faults::default(), first_outside: None }
    }

    fn take(&mut self, (first, second): (u32, u32), name: &OsStr) {
        if !self.considered {
            return;
        }
        let (column, row) = match self.naming {
            TileNaming::ColumnRow => (first, second),
            TileNaming::RowColumn => (second, first),
        };
        let grid = self.tiles.grid();
        if grid.contains(column, row) {
            self.tiles.insert(column, row);
        } else {
            let order = u64::from(row) << 32 | u64::from(column);
            let detail = format!("the base has {grid} tiles");
            self.outside.add(FaultKind::OutsideGrid, order, display_name(name), detail);
            if self.first_outside.as_ref().is_none_or(|(first, _)| order < *first) {
                self.first_outside = Some((order, display_name(name)));
            }
        }
    }

    fn fits_better_than(&self, other: &Self) -> bool {
        self.outside.is_empty() && !other.outside.is_empty()
    }

    fn report_outside(&self, faults: &mut Faults) {
        faults.merge(&self.outside);
    }
}

fn most_frequent_format(folder: &Path) -> Result<Option<TileFormat>, IoError> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        let Some(Parsed { extension, .. }) = parse_name(&name).filter(|_| !passed_over(&name)) else { continue };
        match counts.iter_mut().find(|(known, _)| known == extension) {
            Some((_, count)) => *count += 1,
            None if TileFormat::new(extension).is_some() => counts.push((extension.to_owned(), 1)),
            None => {}
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(counts.first().and_then(|(extension, _)| TileFormat::new(extension)))
}

/// A file name of the form that tiles have.
pub(crate) struct Parsed<'a> {
    pub(crate) numbers: (u32, u32),
    pub(crate) extension: &'a str,
}

pub(crate) fn parse_name(name: &OsStr) -> Option<Parsed<'_>> {
    let (stem, extension) = name.to_str()?.split_once('.')?;
    let (first, second) = stem.split_once('_')?;
    Some(Parsed { numbers: (canonical_number(first)?, canonical_number(second)?), extension })
}

/// The numbers of a tile of this pyramid's format.
fn numbers_of(parsed: Option<&Parsed<'_>>, format: Option<&TileFormat>) -> Option<(u32, u32)> {
    let parsed = parsed?;
    (format?.extension() == parsed.extension).then_some(parsed.numbers)
}

/// What is wrong with an entry of a source folder, by its name and kind alone.
fn fault_of(parsed: Option<&Parsed<'_>>, kind: FileType, format: Option<&TileFormat>) -> Option<(FaultKind, String)> {
    let extension = format.map_or("jpg", TileFormat::extension);
    match parsed {
        _ if !kind.is_file() => Some((FaultKind::NotAFile, format!("it is {}", kind_name(kind)))),
        None => Some((FaultKind::NotATileName, format!("tiles are named like 0_0.{extension}"))),
        Some(parsed) if Some(parsed.extension) == format.map(TileFormat::extension) => None,
        Some(_) => {
            let detail = match format {
                Some(_) => format!("tiles end in .{extension} here"),
                None => format!("tiles are {}", TileFormat::NAMES),
            };
            Some((FaultKind::OtherExtension, detail))
        }
    }
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        _ if kind.is_symlink() => "a symbolic link",
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a named pipe",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

fn passed_over(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || LEFT_BEHIND.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// One source version opened for reading its tiles.
#[derive(Debug)]
pub struct SourceFolder {
    path: PathBuf,
    folder: OwnedFd,
    naming: TileNaming,
    format: TileFormat,
    max_tile_bytes: u64,
}

impl SourceFolder {
    /// Opens the folder of the source version `version`.
    ///
    /// # Errors
    /// The folder is missing, is a symbolic link, or cannot be opened.
    pub fn open(context: &TreeContext, version: Version) -> Result<Self, IoError> {
        let path = context.source(version);
        let folder = files::open_folder(&path)?;
        let (naming, format) = (context.naming(), context.format().clone());
        Ok(Self { path, folder, naming, format, max_tile_bytes: context.max_tile_bytes() })
    }

    /// The name of the tile at `column`, `row`.
    #[must_use]
    pub fn name(&self, column: u32, row: u32) -> String {
        self.tile_name(column, row).as_str().to_owned()
    }

    fn tile_name(&self, column: u32, row: u32) -> TileText {
        source_name(self.naming, column, row, &self.format)
    }

    /// The path of the tile at `column`, `row`.
    #[must_use]
    pub fn path(&self, column: u32, row: u32) -> PathBuf {
        self.path.join(self.name(column, row))
    }

    /// Reads a tile into `bytes`.
    ///
    /// # Errors
    /// It is not there, not a regular file, too large, changes meanwhile, or cannot be read.
    pub fn read(&self, column: u32, row: u32, bytes: &mut Vec<u8>) -> Result<FileStamp, StoreError> {
        let name = self.tile_name(column, row);
        let metadata =
            files::read_at(&self.folder, name.as_str(), &|| self.path.join(name.as_str()), self.max_tile_bytes, bytes)?;
        Ok(FileStamp {
            length: metadata.len(),
            modified: files::modified(&metadata),
            hash: xxhash_rust::xxh3::xxh3_128(bytes),
        })
    }

    /// Length and modification time of a tile, or `None` where there is no regular file of its name.
    ///
    /// # Errors
    /// The file system refuses to say.
    pub fn stat(&self, column: u32, row: u32) -> Result<Option<FileStat>, IoError> {
        let name = self.tile_name(column, row);
        files::stat_at(&self.folder, &name, &|| self.path.join(name.as_str()))
    }
}

/// The most bytes that a tile file of this many pixels can sensibly have: eight a pixel (16-bit RGBA, not
/// compressed), twice over, and 64 MiB of metadata.
#[must_use]
pub(crate) fn most_tile_bytes(pixels: u64, kind: FormatKind) -> u64 {
    let a_pixel = match kind {
        FormatKind::Jpeg => 12,
        FormatKind::Png => 16,
    };
    pixels.saturating_mul(a_pixel).saturating_add(64 << 20)
}
