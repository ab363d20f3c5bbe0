//! Faulty tiles: counted by kind, the first few of each kind named.

use std::collections::BTreeMap;
use std::fmt;

/// The most files named per kind in a message.
const MAX_NAMED: usize = 3;

/// The most examples kept per kind. There are more than are named because faults are found in any order, but a message
/// names the first by position.
const MAX_EXAMPLES: usize = 1000;

/// The most kinds described in a message, on one line each.
const MAX_LINES: usize = 2;

/// What can be wrong with a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A file is still being written.
    Unfinished,
    /// A tile of the grid is missing.
    Missing,
    /// A file is not named like a tile.
    NotATileName,
    /// A tile has a different extension than the pyramid.
    OtherExtension,
    /// A tile lies outside the grid.
    OutsideGrid,
    /// A link, a folder, a pipe or the like.
    NotAFile,
    /// A tile has a different size in pixels than its position requires.
    WrongSize,
    /// A tile cannot be decoded to its last byte.
    Damaged,
    /// A tile uses a feature of its format that is not supported.
    Unsupported,
    /// A tile has an EXIF orientation other than 1.
    Rotated,
}

impl FaultKind {
    fn describe(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Missing => "missing",
            Self::NotATileName => "not named like a tile",
            Self::OtherExtension => "with another extension",
            Self::OutsideGrid => "outside the grid",
            Self::NotAFile => "not a regular file",
            Self::WrongSize => "of the wrong size",
            Self::Damaged => "damaged",
            Self::Unsupported => "not supported",
            Self::Rotated => "with an EXIF orientation",
        }
    }
}

/// A faulty file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Example {
    /// The first sort key.
    position: u64,
    name: String,
    /// What was expected and found; may be empty.
    detail: String,
}

/// The faults of one kind.
#[derive(Debug, Default, Clone)]
struct FaultGroup {
    count: u64,
    /// Some of the faults, in any order.
    examples: Vec<Example>,
}

/// The faults of one source version.
#[derive(Debug, Default, Clone)]
pub struct Faults {
    groups: BTreeMap<FaultKind, FaultGroup>,
}

impl Faults {
    /// Adds a fault of the file `name`.
    ///
    /// Files are named in the order of `position`, then of their names. `detail` says what was expected and found.
    pub fn add(&mut self, kind: FaultKind, position: u64, name: impl Into<String>, detail: impl Into<String>) {
        let group = self.groups.entry(kind).or_default();
        group.count += 1;
        if group.examples.len() < MAX_EXAMPLES {
            group.examples.push(Example { position, name: name.into(), detail: detail.into() });
        }
    }

    /// Adds `count` faults without names.
    pub fn add_unnamed(&mut self, kind: FaultKind, count: u64) {
        self.groups.entry(kind).or_default().count += count;
    }

    /// Adds all faults of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&kind, theirs) in &other.groups {
            let ours = self.groups.entry(kind).or_default();
            ours.count += theirs.count;
            let room = MAX_EXAMPLES.saturating_sub(ours.examples.len());
            ours.examples.extend(theirs.examples.iter().take(room).cloned());
        }
    }

    /// Whether there are no faults.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The number of faults of all kinds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.groups.values().map(|group| group.count).sum()
    }
}

/// One line per kind, for the first two kinds, and the number of other faults.
impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, (kind, group)) in self.groups.iter().take(MAX_LINES).enumerate() {
            let newline = if line > 0 { "\n" } else { "" };
            write!(out, "{newline}{} {}: ", group.count, kind.describe())?;
            group.write_examples(out)?;
        }
        let rest: u64 = self.groups.values().skip(MAX_LINES).map(|group| group.count).sum();
        if rest > 0 { write!(out, "; and {rest} of other kinds") } else { Ok(()) }
    }
}

impl FaultGroup {
    /// Writes the first files, each with its detail; a detail shared by all is written once, at the end.
    fn write_examples(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut examples: Vec<&Example> = self.examples.iter().collect();
        examples.sort();
        let detail = examples.first().map_or("", |example| example.detail.as_str());
        let is_shared = examples.len() > 1 && examples.iter().all(|example| example.detail == detail);
        let named = examples.iter().take(MAX_NAMED).map(|Example { name, detail, .. }| {
            if is_shared || detail.is_empty() { name.clone() } else { format!("{name} ({detail})") }
        });
        let named: Vec<String> = named.collect();
        let more = if self.count > MAX_NAMED as u64 { ", ..." } else { "" };
        write!(out, "{}{more}", named.join(", "))?;
        if is_shared && !detail.is_empty() { write!(out, " ({detail})") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_counted() {
        let mut faults = Faults::default();
        for row in (0..5000).rev() {
            faults.add(FaultKind::WrongSize, row, format!("0_{row}.png"), "1x1 pixels, expected 2x2");
        }
        assert_eq!(faults.count(), 5000);
    }

    #[test]
    fn first_faults_of_each_kind_are_named() {
        let mut faults = Faults::default();
        for row in (0..5).rev() {
            faults.add(FaultKind::Missing, row, format!("0_{row}.png"), "");
        }
        faults.add(FaultKind::Damaged, 0, "1_1.png", "no data");
        faults.add(FaultKind::Rotated, 0, "1_2.png", "");
        assert_eq!(
            faults.to_string(),
            "5 missing: 0_0.png, 0_1.png, 0_2.png, ...\n1 damaged: 1_1.png (no data); and 1 of other kinds"
        );
    }

    #[test]
    fn detail_shared_by_all_faults_is_written_once() {
        let mut faults = Faults::default();
        faults.add(FaultKind::WrongSize, 1, "0_1.png", "1x1 pixels, expected 2x2");
        faults.add(FaultKind::WrongSize, 0, "0_0.png", "1x1 pixels, expected 2x2");
        assert_eq!(faults.to_string(), "2 of the wrong size: 0_0.png, 0_1.png (1x1 pixels, expected 2x2)");
    }
}
