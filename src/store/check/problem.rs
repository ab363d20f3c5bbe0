//! What can be wrong with what is published: one value a problem, counted all, kept in order up to a limit.

use crate::format::TileFormat;
use crate::geometry::Tile;
use crate::store::layout::{Version, tile_path};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// So many problems of one version are kept and named; the rest is counted. Bounds the memory where everything is wrong.
const MAX_KEPT: usize = 10_000;

/// What kind of problem it is. The set is part of the program's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The manifest is lost, cannot be read, or does not describe its tree.
    DamagedManifest,
    /// Something is not there.
    Missing,
    /// Something else stands in its place: a folder, a link, a pipe, a file.
    WrongKind,
    /// A link that does not lead straight to the owner of its tile.
    WrongLink,
    /// A generated tile with more or fewer bytes than were published.
    WrongLength,
    /// A generated tile with other bytes than were published.
    WrongHash,
    /// A generated tile that is not what its children give.
    WrongPixels,
    /// The dzi.xml is not what the build writes.
    WrongDescriptor,
    /// A source tile that is not what its version was published from, or that came later.
    SourceChanged,
    /// A source tile, or a whole source folder, that a version was published from and that is gone.
    SourceMissing,
    /// A file or folder that cannot be read at all.
    Unreadable,
    /// `latest` does not lead to the newest version.
    WrongLatest,
    /// Something that does not belong there.
    Unexpected,
}

impl ProblemKind {
    /// Its name, as in JSON.
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

    /// Whether it is about the user's own files, which the tool never touches.
    #[must_use]
    pub fn is_of_the_source(self) -> bool {
        matches!(self, Self::SourceChanged | Self::SourceMissing)
    }
}

/// Where in a version a problem is; decides the order in which problems are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Manifest,
    Tree,
    Descriptor,
    Level(u8),
    Tile(Tile),
    Source(Option<Tile>),
    Elsewhere,
}

/// One thing that is not as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// In which version's tree, manifest or sources; `None` where it concerns no single one.
    pub version: Option<Version>,
    /// What: under the version's tree where it lies there, otherwise under the pyramid folder.
    pub path: String,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    #[serde(skip)]
    pub(crate) place: Place,
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
    /// A problem with a tile of the tree of `version`.
    pub(crate) fn of_tile(
        version: Version,
        tile: Tile,
        format: &TileFormat,
        kind: ProblemKind,
        expected: String,
        found: String,
    ) -> Self {
        let path = tile_path(tile, format);
        Self { version: Some(version), path, kind, expected, found, place: Place::Tile(tile) }
    }
}

/// The problems of one version: all are counted, the first are kept, in an order that does not depend on when they were
/// found.
#[derive(Debug, Default)]
pub struct Problems {
    kept: BTreeMap<(Place, ProblemKind, String), Problem>,
    kinds: BTreeSet<ProblemKind>,
    count: u64,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: Problem) {
        self.count += 1;
        self.kinds.insert(problem.kind);
        self.kept.insert((problem.place, problem.kind, problem.path.clone()), problem);
        if self.kept.len() > MAX_KEPT {
            self.kept.pop_last();
        }
    }

    /// Adds one that others may find as well.
    pub fn add_once(&mut self, problem: Problem) {
        if !self.kept.contains_key(&(problem.place, problem.kind, problem.path.clone())) {
            self.add(problem);
        }
    }

    /// How many there are, kept or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Which kinds there are among all of them.
    #[must_use]
    pub fn kinds(&self) -> &BTreeSet<ProblemKind> {
        &self.kinds
    }

    /// Those that were kept, in order.
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
    fn a_problem_is_a_line() {
        assert_eq!(problem(3).to_string(), "v1 dzi_files/9/3_0.jpg: missing: expected a file, found nothing");
    }

    #[test]
    fn the_first_are_kept_whatever_the_order() {
        let mut problems = Problems::default();
        for column in (0..MAX_KEPT as u32 + 10).rev() {
            problems.add(problem(column));
        }
        assert_eq!(problems.count(), MAX_KEPT as u64 + 10);
        let kept: Vec<&Problem> = problems.kept().collect();
        assert_eq!((kept.len(), kept[0]), (MAX_KEPT, &problem(0)));
    }

    #[test]
    fn names_are_those_of_the_json() {
        for kind in [ProblemKind::SourceMissing, ProblemKind::WrongPixels, ProblemKind::DamagedManifest] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
