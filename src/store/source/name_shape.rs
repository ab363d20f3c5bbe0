//! What the names of all tiles in a folder have in common: the text around their numbers, and the ranges of these.

use super::entry::{EntryClass, MAX_FOLDERS};
use crate::format::{NamePattern, RowOrder, TileFormat, TileNaming};
use crate::geometry::Grid;
use crate::store::error::{Context, IoError};
use crate::text::display_path;
use std::path::Path;

/// Why the names of a folder's tiles have nothing in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeFault {
    /// There is no picture.
    NoPictures,
    /// Two names differ in more than their numbers.
    Different {
        /// A name.
        one: String,
        /// Another.
        other: String,
    },
    /// An entry is neither a file nor a folder, or has a name that no pattern expresses.
    Unusable {
        /// Its name.
        name: String,
    },
}

/// The names of all pictures in a folder, if they differ in their numbers alone.
#[derive(Debug, Clone)]
pub struct NameShape {
    /// The extension of all names.
    pub format: TileFormat,
    /// How many pictures there are.
    pub count: u64,
    /// The first name found.
    example: String,
    /// What stands before each number, and after the last.
    texts: Vec<String>,
    ranges: Vec<NumberRange>,
}

/// The values and spellings of one of the numbers.
#[derive(Debug, Clone)]
struct NumberRange {
    min: u32,
    max: u32,
    min_digits: usize,
    max_digits: usize,
    /// The length of those with leading zeros.
    padded_to: Option<usize>,
    /// The greatest number that divides all differences.
    step: u32,
}

/// A reading of the names: how the tiles are named, and the grid that they fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// Rows are taken to be counted from the top, which names do not say.
    pub naming: TileNaming,
    /// The grid, which has as many places as there are tiles.
    pub grid: Grid,
    /// How often the letters before the numbers contradict it, as in `y1_x2`.
    pub contradictions: usize,
}

impl NameShape {
    /// Reads the names of all pictures in a folder and in those within it. Other files are ignored.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn read(folder: &Path) -> Result<Result<Self, ShapeFault>, IoError> {
        let mut shape = Err(ShapeFault::NoPictures);
        read_into(&mut shape, folder, "", 0)?;
        Ok(shape)
    }

    /// The shape of a single name.
    fn of(path: &str) -> Option<Self> {
        let (stem, extension) = path.rsplit_once('.')?;
        let (format, mut texts, mut ranges) = (TileFormat::new(extension)?, Vec::new(), Vec::new());
        let mut rest = stem;
        while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
            let (text, digits) = rest.split_at(start);
            let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
            texts.push(text.to_owned());
            ranges.push(NumberRange::of(&digits[..end])?);
            rest = &digits[end..];
        }
        texts.push(rest.to_owned());
        Some(Self { format, count: 1, example: path.to_owned(), texts, ranges })
    }

    /// Adds a name. False if it differs in more than its numbers.
    fn add(&mut self, path: &str) -> bool {
        let Some((mut rest, extension)) = path.rsplit_once('.') else { return false };
        if extension != self.format.extension() {
            return false;
        }
        let (last, texts) = match self.texts.split_last() {
            Some((last, texts)) => (last, texts),
            None => return false,
        };
        for (text, range) in texts.iter().zip(&mut self.ranges) {
            let Some(digits) = rest.strip_prefix(text.as_str()) else { return false };
            let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
            if !range.add(&digits[..end]) {
                return false;
            }
            rest = &digits[end..];
        }
        self.count += 1;
        rest == last
    }

    /// How many numbers each name has.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.ranges.len()
    }

    /// How many of the numbers are not the same in all names.
    #[must_use]
    pub fn varying(&self) -> usize {
        self.ranges.iter().filter(|range| range.varies()).count()
    }

    /// The lowest values of the numbers that vary.
    #[must_use]
    pub fn lowest(&self) -> Vec<u32> {
        self.ranges.iter().filter(|range| range.varies()).map(|range| range.min).collect()
    }

    /// The steps in which the numbers that vary proceed.
    #[must_use]
    pub fn steps(&self) -> Vec<u32> {
        self.ranges.iter().filter(|range| range.varies()).map(|range| range.step).collect()
    }

    /// All ways to read the names as those of a complete grid, the most likely first.
    #[must_use]
    pub fn arrangements(&self) -> Vec<Arrangement> {
        let fixed = |at: usize| !self.ranges[at].varies();
        let vary: Vec<usize> = (0..self.ranges.len()).filter(|&at| !fixed(at)).collect();
        let mut found = Vec::new();
        // A number that does not vary may be that of the only column or row.
        let usable = |at: &usize| vary.len() < 2 || !fixed(*at);
        let usable: Vec<usize> = (0..self.ranges.len()).filter(usable).collect();
        for (column, row) in usable.iter().flat_map(|&column| usable.iter().map(move |&row| (column, row))) {
            if column == row || vary.iter().any(|at| *at != column && *at != row) {
                continue;
            }
            if let Some(arrangement) = self.arrangement(column, row) {
                let order = (arrangement.contradictions, column.abs_diff(row), usize::MAX - column.max(row));
                found.push((order, column > row, arrangement));
            }
        }
        found.sort_by_key(|(order, swapped, _)| (*order, *swapped));
        found.into_iter().map(|(_, _, arrangement)| arrangement).collect()
    }

    fn arrangement(&self, column: usize, row: usize) -> Option<Arrangement> {
        let (columns, rows) = (&self.ranges[column], &self.ranges[row]);
        let grid = Grid { columns: columns.span()?, rows: rows.span()? };
        if columns.min != rows.min || grid.count() != self.count {
            return None;
        }
        let mut text = String::new();
        for (at, (before, range)) in self.texts.iter().zip(&self.ranges).enumerate() {
            text += before;
            text += &match at {
                _ if at == column => range.placeholder("column")?,
                _ if at == row => range.placeholder("row")?,
                _ => range.constant()?,
            };
        }
        text += self.texts.last()?;
        let naming =
            TileNaming { pattern: NamePattern::parse(&text).ok()?, first: columns.min, row_order: RowOrder::TopDown };
        Some(Arrangement { naming, grid, contradictions: self.contradictions(column, row) })
    }

    fn contradictions(&self, column: usize, row: usize) -> usize {
        let word = |at: usize| {
            let text = self.texts[at].trim_end_matches(['-', '_', '=', '.', ' ', '/']);
            let start = text.rfind(|letter: char| !letter.is_ascii_alphabetic()).map_or(0, |at| at + 1);
            text.get(start..).unwrap_or_default().to_ascii_lowercase()
        };
        let says_row = ["y", "r", "row", "rows"].contains(&word(column).as_str());
        let says_column = ["x", "c", "col", "column", "columns"].contains(&word(row).as_str());
        usize::from(says_row) + usize::from(says_column)
    }
}

impl NumberRange {
    fn of(digits: &str) -> Option<Self> {
        let value = digits.parse().ok()?;
        let mut range = Self {
            min: value,
            max: value,
            min_digits: digits.len(),
            max_digits: digits.len(),
            padded_to: None,
            step: 0,
        };
        range.add(digits).then_some(range)
    }

    /// Adds a number. False if it is too large, or not padded like the others.
    fn add(&mut self, digits: &str) -> bool {
        let Ok(value) = digits.parse::<u32>() else { return false };
        self.step = greatest_common_divisor(self.step, value.abs_diff(self.min));
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
        self.min_digits = self.min_digits.min(digits.len());
        self.max_digits = self.max_digits.max(digits.len());
        if digits.len() > 1 && digits.starts_with('0') {
            let padded_to = *self.padded_to.get_or_insert(digits.len());
            if padded_to != digits.len() {
                return false;
            }
        }
        self.padded_to.is_none_or(|padded_to| self.min_digits >= padded_to)
    }

    fn varies(&self) -> bool {
        self.min != self.max
    }

    fn span(&self) -> Option<u32> {
        (self.max - self.min).checked_add(1)
    }

    fn placeholder(&self, name: &str) -> Option<String> {
        match self.padded_to {
            None => Some(format!("{{{name}}}")),
            Some(digits) => Some(format!("{{{name}:{digits}}}")),
        }
    }

    /// The digits, if they are the same in all names.
    fn constant(&self) -> Option<String> {
        (self.min_digits == self.max_digits).then(|| format!("{:0width$}", self.min, width = self.min_digits))
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Adds the names in a folder to `shape`, until that is a fault other than [`ShapeFault::NoPictures`].
fn read_into(
    shape: &mut Result<NameShape, ShapeFault>,
    folder: &Path,
    folders: &str,
    depth: usize,
) -> Result<(), IoError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        if !matches!(shape, Ok(_) | Err(ShapeFault::NoPictures)) {
            return Ok(());
        }
        let entry = entry.context("read", folder)?;
        let name = entry.file_name();
        if EntryClass::of(&name) != EntryClass::Tile {
            continue;
        }
        let kind = entry.file_type().map_err(|error| IoError::new("read", entry.path(), error))?;
        let unusable = || ShapeFault::Unusable { name: format!("{folders}{}", display_path(&name)) };
        let Some(text) = name.to_str().filter(|_| kind.is_file() || kind.is_dir()) else {
            *shape = Err(unusable());
            continue;
        };
        if kind.is_dir() {
            if depth == MAX_FOLDERS {
                *shape = Err(unusable());
            } else {
                read_into(shape, &entry.path(), &format!("{folders}{text}/"), depth + 1)?;
            }
        } else if text.rsplit_once('.').is_some_and(|(_, extension)| TileFormat::new(extension).is_some()) {
            add_to(shape, &format!("{folders}{text}"), unusable);
        }
    }
    Ok(())
}

fn add_to(shape: &mut Result<NameShape, ShapeFault>, path: &str, unusable: impl Fn() -> ShapeFault) {
    match shape {
        Ok(known) => {
            if !known.add(path) {
                let (one, other) = (display_path(&known.example), display_path(path));
                *shape = Err(ShapeFault::Different { one, other });
            }
        }
        Err(_) => *shape = NameShape::of(path).ok_or_else(unusable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(names: &[&str]) -> Result<NameShape, ShapeFault> {
        let mut shape = Err(ShapeFault::NoPictures);
        for name in names {
            add_to(&mut shape, name, || ShapeFault::Unusable { name: (*name).to_owned() });
            shape = Ok(shape?);
        }
        shape
    }

    fn readings(names: &[&str]) -> Vec<String> {
        let arrangements = shape(names).unwrap().arrangements();
        arrangements
            .iter()
            .map(|Arrangement { naming, grid, .. }| format!("{} {} {grid}", naming.pattern, naming.first))
            .collect()
    }

    #[test]
    fn ranges_of_the_numbers_give_the_grid() {
        let names = ["t_01_01.jpg", "t_02_01.jpg", "t_10_01.jpg", "t_01_02.jpg"];
        assert!(readings(&names).is_empty());
        let names = ["7_0.png", "7_1.png", "8_0.png", "8_1.png"];
        assert!(readings(&names).is_empty());
        assert_eq!(shape(&names).unwrap().lowest(), [7, 0]);
        let names = ["t1_01_01.jpg", "t1_02_01.jpg", "t1_03_01.jpg", "t1_01_02.jpg", "t1_02_02.jpg", "t1_03_02.jpg"];
        assert_eq!(readings(&names), ["t1_{column:2}_{row:2} 1 3x2", "t1_{row:2}_{column:2} 1 2x3"]);
    }

    #[test]
    fn only_column_or_row_may_have_a_constant_number() {
        let names = ["a5/0_0.jpg", "a5/0_1.jpg", "a5/0_2.jpg"];
        assert_eq!(
            readings(&names),
            ["a5/{column}_{row} 0 1x3", "a5/row_column 0 3x1"].map(|text| text.replace("row_column", "{row}_{column}"))
        );
        assert_eq!(readings(&["3_3.jpg"]), ["column_row 3 1x1", "row_column 3 1x1"]);
    }

    #[test]
    fn letters_before_the_numbers_decide_between_equal_readings() {
        let names = ["y0/x0.png", "y0/x1.png", "y1/x0.png", "y1/x1.png"];
        assert_eq!(readings(&names), ["y{row}/x{column} 0 2x2", "y{column}/x{row} 0 2x2"]);
        let names = ["row-1-col-1.png", "row-1-col-2.png", "row-2-col-1.png", "row-2-col-2.png"];
        assert_eq!(readings(&names)[0], "row-{row}-col-{column} 1 2x2");
    }

    #[test]
    fn names_that_differ_in_more_than_numbers_have_no_shape() {
        for (one, other) in
            [("0_0.jpg", "0-1.jpg"), ("0_0.jpg", "0_1.png"), ("00_0.jpg", "1_0.jpg"), ("a/0_0.jpg", "0_1.jpg")]
        {
            let fault = ShapeFault::Different { one: one.into(), other: other.into() };
            assert_eq!(shape(&[one, other]).unwrap_err(), fault);
        }
        assert!(matches!(shape(&["99999999999_0.jpg"]), Err(ShapeFault::Unusable { .. })));
    }
}
