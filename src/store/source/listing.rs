//! Listing a source version: its tiles, and entries with wrong names or of wrong kinds.

use crate::format::{TileFormat, TileNaming};
use crate::geometry::{Grid, GridSet};
use crate::store::error::{Context, IoError};
use crate::store::layout::{TileName, source_name};
use crate::store::source::entry::EntryClass;
use crate::text::display_name;
use crate::text::{FaultKind, Faults};
use std::ffi::OsStr;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// How many missing tiles are named.
const MAX_NAMED: usize = 3;

/// The tiles of a source version, and the faults of its entries.
#[derive(Debug)]
pub struct SourceListing {
    /// The tiles, by column and row whatever their naming.
    pub tiles: GridSet,
    /// Their extension; `None` if there are no tiles and no extension was expected.
    pub format: Option<TileFormat>,
    /// Which number comes first in their names.
    pub naming: TileNaming,
    /// A name that fits only the ROW_COLUMN grid, if `naming` was inferred from it.
    pub inferred_from: Option<String>,
    /// Wrong names and kinds of files. Missing tiles count only after [`SourceListing::require_all`].
    pub faults: Faults,
}

impl SourceListing {
    /// Lists a source folder.
    ///
    /// `format` and `naming` are the expected ones. Where `None`, they are inferred: the extension of most tiles, and
    /// ROW_COLUMN if all names fit that grid but not the grid of COLUMN_ROW.
    ///
    /// # Errors
    /// The folder cannot be read.
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
            match EntryClass::of(&name) {
                EntryClass::Tile => {}
                EntryClass::Unfinished => {
                    faults.add(FaultKind::Unfinished, 0, display_name(&name), "");
                    continue;
                }
                EntryClass::LeftBehind => continue,
            }
            let kind = entry.file_type().map_err(|error| IoError::new("read", entry.path(), error))?;
            let parsed = TileName::parse(&name);
            // An entry with the name of a tile is not missing, whatever else is wrong with it.
            if let (Some(parsed), Some(format)) = (parsed, &format)
                && parsed.extension == format.extension()
            {
                plain.add(parsed.numbers, &name);
                swapped.add(parsed.numbers, &name);
            }
            if let Some((fault, detail)) = fault_of(parsed, kind, format.as_ref()) {
                faults.add(fault, 0, display_name(&name), detail);
            }
        }
        let swap = naming == Some(TileNaming::RowColumn) || (naming.is_none() && swapped.fits_better_than(&plain));
        let inferred_from =
            if swap && naming.is_none() { plain.first_outside.take().map(|(_, name)| name) } else { None };
        let chosen = if swap { swapped } else { plain };
        faults.merge(&chosen.outside);
        Ok(Self { tiles: chosen.tiles, format, naming: chosen.naming, inferred_from, faults })
    }

    /// Reports each tile of the grid that is missing.
    pub fn require_all(&mut self) {
        let missing = self.tiles.grid().count() - self.tiles.count();
        if missing == 0 {
            return;
        }
        let format = self.format.clone().unwrap_or_else(TileFormat::jpg);
        let mut named = 0;
        for (order, (column, row)) in (0..).zip(self.tiles.missing().take(MAX_NAMED)) {
            let name = source_name(self.naming, column, row, &format);
            self.faults.add(FaultKind::Missing, order, name.as_str(), "");
            named += 1;
        }
        self.faults.add_unnamed(FaultKind::Missing, missing - named);
    }
}

/// The tiles of a folder, if their names are read in one of the two orders.
struct Candidate {
    naming: TileNaming,
    considered: bool,
    tiles: GridSet,
    outside: Faults,
    /// The first tile outside the grid in row-major order, and its name.
    first_outside: Option<(u64, String)>,
}

impl Candidate {
    /// No tiles yet. Unless `wanted` is this naming or `None`, all names are ignored.
    fn new(grid: Grid, naming: TileNaming, wanted: Option<TileNaming>) -> Self {
        let considered = wanted.is_none_or(|wanted| wanted == naming);
        let grid = if considered { grid } else { Grid { columns: 1, rows: 1 } };
        Self { naming, considered, tiles: GridSet::new(grid), outside: Faults::default(), first_outside: None }
    }

    fn add(&mut self, (first, second): (u32, u32), name: &OsStr) {
        if !self.considered {
            return;
        }
        // Swapping is its own inverse.
        let (column, row) = self.naming.numbers(first, second);
        let grid = self.tiles.grid();
        if grid.contains(column, row) {
            self.tiles.insert(column, row);
            return;
        }
        let order = u64::from(row) << 32 | u64::from(column);
        self.outside.add(FaultKind::OutsideGrid, order, display_name(name), format!("the base has {grid} tiles"));
        if self.first_outside.as_ref().is_none_or(|(first, _)| order < *first) {
            self.first_outside = Some((order, display_name(name)));
        }
    }

    fn fits_better_than(&self, other: &Self) -> bool {
        self.outside.is_empty() && !other.outside.is_empty()
    }
}

fn most_frequent_format(folder: &Path) -> Result<Option<TileFormat>, IoError> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        let is_tile = EntryClass::of(&name) == EntryClass::Tile;
        let Some(TileName { extension, .. }) = TileName::parse(&name).filter(|_| is_tile) else { continue };
        match counts.iter_mut().find(|(known, _)| known == extension) {
            Some((_, count)) => *count += 1,
            None if TileFormat::new(extension).is_some() => counts.push((extension.to_owned(), 1)),
            None => {}
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(counts.first().and_then(|(extension, _)| TileFormat::new(extension)))
}

/// The fault of an entry, by its name and kind alone.
fn fault_of(name: Option<TileName<'_>>, kind: FileType, format: Option<&TileFormat>) -> Option<(FaultKind, String)> {
    let extension = format.map_or("jpg", TileFormat::extension);
    match name {
        _ if !kind.is_file() => Some((FaultKind::NotAFile, format!("it is {}", kind_name(kind)))),
        None => Some((FaultKind::NotATileName, format!("tiles are named like 0_0.{extension}"))),
        Some(name) if Some(name.extension) == format.map(TileFormat::extension) => None,
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
