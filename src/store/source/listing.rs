//! Listing a source version: its tiles, and entries with wrong names or of wrong kinds.

use super::entry::is_image;
use super::scan::{ScannedEntry, ScannedName, scan};
use crate::format::{Axis, NameNumbers, NamePattern, RowOrder, TileFormat, TileNaming};
use crate::geometry::{Grid, GridSet};
use crate::store::error::IoError;
use crate::store::layout::SourceNames;
use crate::text::{FaultKind, Faults};
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The tiles that a source folder should hold. Where `None`, format and pattern are inferred.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedTiles<'a> {
    /// The base grid.
    pub grid: Grid,
    /// Their extension.
    pub format: Option<&'a TileFormat>,
    /// Their names.
    pub pattern: Option<&'a NamePattern>,
    /// The number of the first column and row.
    pub first: u32,
    /// Which row has the first number.
    pub row_order: RowOrder,
}

impl<'a> ExpectedTiles<'a> {
    /// The tiles of a pyramid whose format and naming are known.
    #[must_use]
    pub fn known(grid: Grid, format: &'a TileFormat, naming: &'a TileNaming) -> Self {
        let TileNaming { pattern, first, row_order } = naming;
        Self { grid, format: Some(format), pattern: Some(pattern), first: *first, row_order: *row_order }
    }
}

/// The tiles of a source version, and the faults of its entries.
#[derive(Debug)]
pub struct SourceListing {
    /// The tiles, by column and row whatever their naming.
    pub tiles: GridSet,
    /// Their extension; `None` if there are no tiles and no extension was expected.
    pub format: Option<TileFormat>,
    /// How they are named.
    pub naming: TileNaming,
    /// A name that fits only the ROW_COLUMN grid, if `naming` was inferred from it.
    pub inferred_from: Option<String>,
    /// Wrong names and kinds of files. Missing tiles count only after [`SourceListing::require_all`].
    pub faults: Faults,
    /// Places whose tiles are there under wrong names, and are reported as such.
    misnamed: GridSet,
    /// Pictures whose names say nothing about a place.
    strays: u64,
}

impl SourceListing {
    /// Lists a source folder.
    ///
    /// If no format is expected, it is the extension of most tiles. If no pattern is expected, it is ROW_COLUMN if all names
    /// fit that grid but not the grid of COLUMN_ROW, and COLUMN_ROW otherwise.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read(folder: &Path, expected: &ExpectedTiles<'_>) -> Result<Self, IoError> {
        let pattern = expected.pattern.cloned().unwrap_or_else(NamePattern::column_row);
        let format = match expected.format {
            Some(format) => Some(format.clone()),
            None => most_frequent_format(folder, &pattern)?,
        };
        let judge = Judge::new(expected, &pattern, format.as_ref());
        let mut plain = Candidate::new(expected, pattern.clone(), false);
        let mut swapped = expected.pattern.is_none().then(|| Candidate::new(expected, NamePattern::row_column(), true));
        let (mut faults, mut strays) = (Faults::default(), 0);
        scan(folder, &pattern, |entry| {
            let mut each = |act: &dyn Fn(&mut Candidate)| [&mut plain].into_iter().chain(&mut swapped).for_each(act);
            // An entry with the name of a tile is not missing, whatever else is wrong with it.
            if let Some(name) = entry.tile
                && judge.is_expected(name.extension)
            {
                each(&|candidate| candidate.add(name.numbers, &entry));
            }
            if let Some((fault, detail)) = judge.fault_of(&entry) {
                let shown = entry.display();
                match judge.numbers_of(&entry, &shown, fault) {
                    Some(numbers) => each(&|candidate| candidate.add_misnamed(numbers)),
                    None if fault == FaultKind::NotATileName && is_image(shown.as_bytes()) => strays += 1,
                    None => {}
                }
                faults.add(fault, 0, shown, detail);
            }
        })?;
        let mut inferred_from = None;
        let chosen = match swapped {
            Some(swapped) if swapped.outside.is_empty() && !plain.outside.is_empty() => {
                inferred_from = plain.first_outside.take().map(|(_, name)| name);
                swapped
            }
            _ => plain,
        };
        faults.merge(&chosen.outside);
        let Candidate { naming, tiles, misnamed, .. } = chosen;
        Ok(Self { tiles, format, naming, inferred_from, faults, misnamed, strays })
    }

    /// Reports each tile of the grid that is missing. A tile that is there under a wrong name is reported as that.
    pub fn require_all(&mut self) {
        let misnamed = self.misnamed.iter().filter(|&(column, row)| !self.tiles.contains(column, row)).count() as u64;
        let missing = self.tiles.grid().count() - self.tiles.count() - misnamed;
        if self.tiles.is_empty() && self.strays > 0 {
            // Any of them may be any tile.
            self.faults.add_unnamed(FaultKind::Missing, missing.saturating_sub(self.strays));
            return;
        }
        if missing == 0 {
            return;
        }
        let format = self.format.clone().unwrap_or_else(TileFormat::jpg);
        let names = SourceNames { naming: &self.naming, format: &format, rows: self.tiles.grid().rows };
        let mut named = 0;
        let absent = self.tiles.missing().filter(|&(column, row)| !self.misnamed.contains(column, row));
        for (order, (column, row)) in (0..).zip(absent.take(self.faults.room())) {
            self.faults.add(FaultKind::Missing, order, names.name(column, row).as_str(), "");
            named += 1;
        }
        self.faults.add_unnamed(FaultKind::Missing, missing - named);
    }
}

/// The tiles of a folder, if their names are read in one way.
struct Candidate {
    naming: TileNaming,
    /// Whether the numbers mean the other way round what they were read as.
    swap: bool,
    tiles: GridSet,
    outside: Faults,
    /// The first tile outside the grid in row-major order, and its name.
    first_outside: Option<(u64, String)>,
    misnamed: GridSet,
}

impl Candidate {
    /// No tiles yet.
    fn new(expected: &ExpectedTiles<'_>, pattern: NamePattern, swap: bool) -> Self {
        let &ExpectedTiles { grid, first, row_order, .. } = expected;
        Self {
            naming: TileNaming { pattern, first, row_order },
            swap,
            tiles: GridSet::new(grid),
            outside: Faults::default(),
            first_outside: None,
            misnamed: GridSet::new(grid),
        }
    }

    fn meant(&self, numbers: NameNumbers) -> NameNumbers {
        if self.swap { NameNumbers { column: numbers.row, row: numbers.column } } else { numbers }
    }

    fn add(&mut self, numbers: NameNumbers, entry: &ScannedEntry<'_>) {
        let (numbers, grid) = (self.meant(numbers), self.tiles.grid());
        if let Some((column, row)) = self.naming.place(numbers, grid) {
            self.tiles.insert(column, row);
            return;
        }
        let order = u64::from(numbers.row) << 32 | u64::from(numbers.column);
        self.outside.add(FaultKind::OutsideGrid, order, entry.display(), self.bounds());
        if self.first_outside.as_ref().is_none_or(|(first, _)| order < *first) {
            self.first_outside = Some((order, entry.display()));
        }
    }

    fn bounds(&self) -> String {
        let counted =
            if self.naming.first == 0 { String::new() } else { format!(", counted from {}", self.naming.first) };
        format!("the base has {} tiles{counted}", self.tiles.grid())
    }

    fn add_misnamed(&mut self, numbers: NameNumbers) {
        if let Some((column, row)) = self.naming.place(self.meant(numbers), self.misnamed.grid()) {
            self.misnamed.insert(column, row);
        }
    }
}

fn most_frequent_format(folder: &Path, pattern: &NamePattern) -> Result<Option<TileFormat>, IoError> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    scan(folder, pattern, |entry| {
        let Some(ScannedName { extension, .. }) = entry.tile else { return };
        match counts.iter_mut().find(|(known, _)| known == extension) {
            Some((_, count)) => *count += 1,
            None if TileFormat::new(extension).is_some() => counts.push((extension.to_owned(), 1)),
            None => {}
        }
    })?;
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(counts.first().and_then(|(extension, _)| TileFormat::new(extension)))
}

/// Judges entries by their names and kinds alone.
struct Judge<'a> {
    format: Option<&'a TileFormat>,
    /// The name of the top left tile.
    example: String,
    first_axis: Axis,
}

impl<'a> Judge<'a> {
    fn new(expected: &ExpectedTiles<'_>, pattern: &NamePattern, format: Option<&'a TileFormat>) -> Self {
        let &ExpectedTiles { grid, first, row_order, .. } = expected;
        let naming = TileNaming { pattern: pattern.clone(), first, row_order };
        let jpg = TileFormat::jpg();
        let names = SourceNames { naming: &naming, format: format.unwrap_or(&jpg), rows: grid.rows };
        Self { format, example: names.name(0, 0).as_str().to_owned(), first_axis: pattern.first_axis() }
    }

    fn is_expected(&self, extension: &str) -> bool {
        self.format.is_some_and(|format| format.extension() == extension)
    }

    fn fault_of(&self, entry: &ScannedEntry<'_>) -> Option<(FaultKind, String)> {
        match entry.tile {
            _ if entry.unfinished => Some((FaultKind::Unfinished, String::new())),
            _ if !entry.kind.is_file() => Some((FaultKind::NotAFile, format!("it is {}", kind_name(entry.kind)))),
            None => Some((FaultKind::NotATileName, format!("tiles are named like {}", self.example))),
            Some(name) if self.is_expected(name.extension) => None,
            Some(_) => {
                let detail = match self.format {
                    Some(format) => format!("tiles end in .{format} here"),
                    None => format!("tiles are {}", TileFormat::NAMES),
                };
                Some((FaultKind::OtherExtension, detail))
            }
        }
    }

    /// The numbers of the tile that a file with this fault seems to be.
    fn numbers_of(&self, entry: &ScannedEntry<'_>, shown: &str, fault: FaultKind) -> Option<NameNumbers> {
        match fault {
            FaultKind::OtherExtension => entry.tile.map(|name| name.numbers),
            FaultKind::NotATileName if is_image(shown.as_bytes()) => {
                let mut digits = shown.split(|letter: char| !letter.is_ascii_digit()).filter(|run| !run.is_empty());
                let [first, second] = [digits.next()?.parse().ok()?, digits.next()?.parse().ok()?];
                let numbers = match self.first_axis {
                    Axis::Column => NameNumbers { column: first, row: second },
                    Axis::Row => NameNumbers { column: second, row: first },
                };
                digits.next().is_none().then_some(numbers)
            }
            _ => None,
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
