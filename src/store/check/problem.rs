//! Problems of published versions: all are counted, and the first are kept in order.

use crate::format::TileFormat;
use crate::geometry::Tile;
use crate::store::layout::{Version, tile_path};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most problems of one version that are kept. Bounds the memory where everything is wrong.
const MAX_KEPT: usize = 10_000;

/// The kind of a problem. This set is part of the interface of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The manifest is missing, cannot be read, or does not describe its tree.
    DamagedManifest,
    /// Something is missing.
    Missing,
    /// Something of another kind is in the place of a file, folder or link.
    WrongKind,
    /// A link does not lead straight to the owner of its tile.
    WrongLink,
    /// A generated tile has more or fewer bytes than were published.
    WrongLength,
    /// A generated tile has other bytes than were published.
    WrongHash,
    /// A generated tile differs from what its children give.
    WrongPixels,
    /// The dzi.xml differs from what the build writes.
    WrongDescriptor,
    /// A source tile has changed since its version was published, or was added.
    SourceChanged,
    /// A source tile or source folder of a published version is missing.
    SourceMissing,
    /// A file or folder cannot be read.
    Unreadable,
    /// `latest` does not lead to the newest version.
    WrongLatest,
    /// A file or folder does not belong where it is.
    Unexpected,
}

impl ProblemKind {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DamagedManifest => "damaged_manifest",
            Self::Missing => "missing",
            Self::WrongKind => "wrong_kind",
            Self::WrongLink => "wrong_link",
            Self::WrongLength => "wrong_length",
            Self::WrongHash => "wrong_hash",
            Self::WrongPixels => "wrong_pixels",
            Self::WrongDescriptor => "wrong_descriptor",
            Self::SourceChanged => "source_changed",
            Self::SourceMissing => "source_missing",
            Self::Unreadable => "unreadable",
            Self::WrongLatest => "wrong_latest",
            Self::Unexpected => "unexpected",
        }
    }

    /// Whether it concerns the source files of the user, which fast_pyramid never changes.
    #[must_use]
    pub fn is_of_the_source(self) -> bool {
        matches!(self, Self::SourceChanged | Self::SourceMissing)
    }
}

/// The part of a version that a problem concerns, in the order in which problems are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Manifest,
    Tree,
    Descriptor,
    Level(u8),
    Tile(Tile),
    Source(Option<Tile>),
    Elsewhere,
}

/// Something that is not as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The version whose tree, manifest or sources it concerns; `None` if it concerns no single one.
    pub version: Option<Version>,
    /// The file or folder: relative to the version's tree if it is in it, otherwise to the pyramid folder.
    pub path: String,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What should be in its place.
    pub expected: String,
    /// What was found instead.
    pub found: String,
    #[serde(skip)]
    pub(crate) part: Part,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(version) = self.version {
            write!(out, "{version} ")?;
        }
        let Self { path, kind, expected, found, .. } = self;
        write!(out, "{path}: {}: expected {expected}, found {found}", kind.name())
    }
}

impl Problem {
    /// A problem with a tile in the tree of `version`.
    pub(crate) fn of_tile(
        version: Version,
        tile: Tile,
        format: &TileFormat,
        kind: ProblemKind,
        expected: String,
        found: String,
    ) -> Self {
        let path = tile_path(tile, format);
        Self { version: Some(version), path, kind, expected, found, part: Part::Tile(tile) }
    }

    /// Something that does not belong where it is.
    pub(crate) fn unexpected(version: Option<Version>, path: String, found: String) -> Self {
        let (kind, expected, part) = (ProblemKind::Unexpected, "nothing".into(), Part::Elsewhere);
        Self { version, path, kind, expected, found, part }
    }
}

/// Orders the problems of a version, whenever they are found.
type Key = (Part, ProblemKind, String);

/// The problems of one version: all are counted, the first are kept.
#[derive(Debug, Default)]
pub struct Problems {
    kept: BTreeMap<Key, Problem>,
    kinds: BTreeSet<ProblemKind>,
    count: u64,
}

fn key(problem: &Problem) -> Key {
    (problem.part, problem.kind, problem.path.clone())
}

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, problem: Problem) {
        self.count += 1;
        self.kinds.insert(problem.kind);
        self.kept.insert(key(&problem), problem);
        if self.kept.len() > MAX_KEPT {
            self.kept.pop_last();
        }
    }

    /// Adds a problem that may have been found before.
    pub fn add_once(&mut self, problem: Problem) {
        if !self.kept.contains_key(&key(&problem)) {
            self.add(problem);
        }
    }

    /// The number of problems, kept or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The kinds of all problems, kept or not.
    #[must_use]
    pub fn kinds(&self) -> &BTreeSet<ProblemKind> {
        &self.kinds
    }

    /// The problems that were kept, in order.
    pub fn kept(&self) -> impl Iterator<Item = &Problem> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(column: u32) -> Problem {
        let format = TileFormat::jpg();
        let tile = Tile { level: 9, column, row: 0 };
        Problem::of_tile(Version(1), tile, &format, ProblemKind::Missing, "a file".into(), "nothing".into())
    }

    #[test]
    fn problem_is_displayed_in_one_line() {
        assert_eq!(problem(3).to_string(), "v1 dzi_files/9/3_0.jpg: missing: expected a file, found nothing");
    }

    #[test]
    fn first_problems_are_kept_in_any_order_of_adding() {
        let mut problems = Problems::default();
        for column in (0..MAX_KEPT as u32 + 10).rev() {
            problems.add(problem(column));
        }
        assert_eq!(problems.count(), MAX_KEPT as u64 + 10);
        let kept: Vec<&Problem> = problems.kept().collect();
        assert_eq!((kept.len(), kept[0]), (MAX_KEPT, &problem(0)));
    }

    #[test]
    fn problem_kinds_have_their_json_names() {
        for kind in [ProblemKind::SourceMissing, ProblemKind::Unexpected, ProblemKind::DamagedManifest] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
