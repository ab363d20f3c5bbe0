//! Faults of tiles, counted by kind, the first few of each kept by name.

use std::collections::BTreeMap;
use std::fmt;

/// How many of one kind are named in a message.
const NAMED: usize = 3;

/// How many of one kind are kept, so that the first ones by name can be told whatever order they were found in.
const KEPT: usize = 1000;

/// What can be wrong with a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A tile that the grid needs is not there.
    Missing,
    /// A file whose name is not that of a tile.
    NotATileName,
    /// A tile with another extension than the pyramid's.
    OtherExtension,
    /// A tile outside the grid.
    OutsideGrid,
    /// A link, a folder, a pipe, ...
    NotAFile,
    /// A tile of another size in pixels than its place asks for.
    WrongSize,
    /// A tile that cannot be decoded to its last byte.
    Damaged,
    /// A tile of a kind that is not supported.
    Unsupported,
    /// A tile with an EXIF orientation other than 1.
    Rotated,
}

impl FaultKind {
    fn describe(self) -> &'static str {
        match self {
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

#[derive(Debug, Default, Clone)]
struct OfOneKind {
    count: u64,
    /// Sort key (row-major place or 0), name and detail.
    examples: Vec<(u64, String, String)>,
}

/// The faults found in one source version.
#[derive(Debug, Default, Clone)]
pub struct Faults {
    kinds: BTreeMap<FaultKind, OfOneKind>,
}

impl Faults {
    /// Adds a fault of the file `name`; `order` says which is named first (by name where equal), `detail` what was
    /// expected and found.
    pub fn add(&mut self, kind: FaultKind, order: u64, name: impl Into<String>, detail: impl Into<String>) {
        let of_kind = self.kinds.entry(kind).or_default();
        of_kind.count += 1;
        if of_kind.examples.len() < KEPT {
            of_kind.examples.push((order, name.into(), detail.into()));
        }
    }

    /// Adds `count` faults of a kind beyond those added by name.
    pub fn add_uncounted(&mut self, kind: FaultKind, count: u64) {
        self.kinds.entry(kind).or_default().count += count;
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&kind, theirs) in &other.kinds {
            let ours = self.kinds.entry(kind).or_default();
            ours.count += theirs.count;
            let room = KEPT.saturating_sub(ours.examples.len());
            ours.examples.extend(theirs.examples.iter().take(room).cloned());
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Number of faults of all kinds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kinds.values().map(|of_kind| of_kind.count).sum()
    }
}

/// One line for each of the first two kinds, and a count of what else there is.
impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LINES: usize = 2;
        for (line, (kind, of_kind)) in self.kinds.iter().take(LINES).enumerate() {
            let mut examples: Vec<_> = of_kind.examples.iter().collect();
            examples.sort();
            // What is the same for all of them is said once, at the end.
            let detail = examples.first().map_or("", |(_, _, detail)| detail.as_str());
            let shared = examples.len() > 1 && examples.iter().all(|(_, _, other)| other == detail);
            let with_detail = |(_, name, detail): &&(u64, String, String)| {
                if shared || detail.is_empty() { name.clone() } else { format!("{name} ({detail})") }
            };
            let named: Vec<String> = examples.iter().take(NAMED).map(with_detail).collect();
            let newline = if line > 0 { "\n" } else { "" };
            let more = if of_kind.count > NAMED as u64 { ", ..." } else { "" };
            write!(out, "{newline}{} {}: {}{more}", of_kind.count, kind.describe(), named.join(", "))?;
            if shared && !detail.is_empty() {
                write!(out, " ({detail})")?;
            }
        }
        let rest: u64 = self.kinds.values().skip(LINES).map(|of_kind| of_kind.count).sum();
        if rest > 0 { write!(out, "; and {rest} of other kinds") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_one_kind_are_counted_and_the_first_named() {
        let mut faults = Faults::default();
        for row in (0..5000).rev() {
            faults.add(FaultKind::WrongSize, row, format!("0_{row}.png"), "1x1 pixels, expected 2x2");
        }
        assert_eq!(faults.count(), 5000);
        faults = Faults::default();
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
}
