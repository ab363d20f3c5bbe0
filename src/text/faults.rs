//! Faulty tiles: counted by kind, the first few of each kind named.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The most files named per kind in a message.
const MAX_NAMED: usize = 3;

/// The most faults kept with their names, of all kinds together; the others are only counted.
const MAX_KEPT: usize = 100_000;

/// As many faults of each kind are kept even if those of other kinds are many. There are more than are named because faults
/// are found in any order, but a message names the first by position.
const MIN_KEPT_PER_KIND: usize = 1000;

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
    /// A tile shows the edge of another as it was before that was changed.
    StaleOverlap,
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
            Self::StaleOverlap => "not in this version, although an edge that they show has changed",
        }
    }
}

/// A faulty tile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The name of its file within the version's folder.
    pub tile: String,
    /// The problem with it, with what was expected and found.
    pub problem: String,
}

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
    /// How many faults are kept with their names.
    kept: usize,
}

impl Faults {
    /// Adds a fault of the file `name`.
    ///
    /// Files are named in the order of `position`, then of their names. `detail` says what was expected and found.
    pub fn add(&mut self, kind: FaultKind, position: u64, name: impl Into<String>, detail: impl Into<String>) {
        let group = self.groups.entry(kind).or_default();
        group.count += 1;
        if self.kept < MAX_KEPT || group.examples.len() < MIN_KEPT_PER_KIND {
            self.kept += 1;
            group.examples.push(Example { position, name: name.into(), detail: detail.into() });
        }
    }

    /// How many more faults are kept with their names.
    #[must_use]
    pub fn room(&self) -> usize {
        MAX_KEPT.saturating_sub(self.kept).max(MIN_KEPT_PER_KIND)
    }

    /// Removes the faults of a kind.
    pub fn remove(&mut self, kind: FaultKind) {
        self.kept -= self.groups.remove(&kind).map_or(0, |group| group.examples.len());
    }

    /// Whether there are faults of this kind.
    #[must_use]
    pub fn has(&self, kind: FaultKind) -> bool {
        self.groups.contains_key(&kind)
    }

    /// All faults that are kept, by kind, then in their order.
    #[must_use]
    pub fn all(&self) -> Vec<Fault> {
        let of_group = |(kind, group): (&FaultKind, &FaultGroup)| {
            let kind = kind.describe();
            let fault = move |Example { name, detail, .. }: &Example| {
                let problem = if detail.is_empty() { kind.to_owned() } else { format!("{kind} ({detail})") };
                Fault { tile: name.clone(), problem }
            };
            group.sorted().into_iter().map(fault).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of_group).collect()
    }

    /// Adds `count` faults without names.
    pub fn add_unnamed(&mut self, kind: FaultKind, count: u64) {
        if count > 0 {
            self.groups.entry(kind).or_default().count += count;
        }
    }

    /// Adds all faults of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&kind, theirs) in &other.groups {
            for Example { position, name, detail } in &theirs.examples {
                self.add(kind, *position, name, detail);
            }
            self.add_unnamed(kind, theirs.count - theirs.examples.len() as u64);
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
            write!(out, "{newline}{} {}", group.count, kind.describe())?;
            group.write_examples(out)?;
        }
        let rest: u64 = self.groups.values().skip(MAX_LINES).map(|group| group.count).sum();
        if rest > 0 { write!(out, "; and {rest} of other kinds") } else { Ok(()) }
    }
}

impl FaultGroup {
    fn sorted(&self) -> Vec<&Example> {
        let mut examples: Vec<&Example> = self.examples.iter().collect();
        examples.sort();
        examples
    }

    /// Writes the first files, each with its detail; a detail shared by all is written once, at the end.
    fn write_examples(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let examples = self.sorted();
        if examples.is_empty() {
            return Ok(());
        }
        let detail = examples.first().map_or("", |example| example.detail.as_str());
        let is_shared = examples.len() > 1 && examples.iter().all(|example| example.detail == detail);
        let named = examples.iter().take(MAX_NAMED).map(|Example { name, detail, .. }| {
            if is_shared || detail.is_empty() { name.clone() } else { format!("{name} ({detail})") }
        });
        let named: Vec<String> = named.collect();
        let more = if self.count > MAX_NAMED as u64 { ", ..." } else { "" };
        write!(out, ": {}{more}", named.join(", "))?;
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
    fn all_faults_are_listed_up_to_a_limit() {
        let mut faults = Faults::default();
        for tile in (0..MAX_KEPT as u64 + 5000).rev() {
            faults.add(FaultKind::WrongSize, tile, format!("{tile}_0.png"), "1x1 pixels, expected 2x2");
        }
        faults.add(FaultKind::Missing, 0, "0_1.png", "");
        let all = faults.all();
        assert_eq!((faults.count(), all.len()), (MAX_KEPT as u64 + 5001, MAX_KEPT + 1));
        assert_eq!((all[0].tile.as_str(), all[0].problem.as_str()), ("0_1.png", "missing"));
        assert_eq!(all[1].problem, "of the wrong size (1x1 pixels, expected 2x2)");
        let mut merged = Faults::default();
        merged.merge(&faults);
        assert_eq!((merged.count(), merged.all().len()), (faults.count(), MAX_KEPT));
        merged.remove(FaultKind::WrongSize);
        assert_eq!((merged.count(), merged.all().len(), merged.has(FaultKind::WrongSize)), (1, 1, false));
    }

    #[test]
    fn detail_shared_by_all_faults_is_written_once() {
        let mut faults = Faults::default();
        faults.add(FaultKind::WrongSize, 1, "0_1.png", "1x1 pixels, expected 2x2");
        faults.add(FaultKind::WrongSize, 0, "0_0.png", "1x1 pixels, expected 2x2");
        assert_eq!(faults.to_string(), "2 of the wrong size: 0_0.png, 0_1.png (1x1 pixels, expected 2x2)");
    }
}
