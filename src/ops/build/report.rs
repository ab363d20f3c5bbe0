//! What a build is asked to do, and what it reports.

use crate::geometry::BaseTiles;
use crate::ops::observer::{Observer, UNOBSERVED};
use crate::store::{Counts, Durability, Locking, Manifest, UnfilledVersion, Version};
use serde::Serialize;
use std::fmt;
use std::num::NonZeroUsize;

/// How to build.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct BuildOptions<'a> {
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) dry_run: bool,
    pub(crate) rebuild_from: Option<Version>,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) durability: Durability,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            threads: None,
            dry_run: false,
            rebuild_from: None,
            locking: Locking::default(),
            observer: UNOBSERVED,
            durability: Durability::default(),
        }
    }
}

impl<'a> BuildOptions<'a> {
    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// With `true`, only reports what would be built, and changes nothing on disk.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Rebuilds this version and all above it, published or not.
    #[must_use]
    pub fn rebuild_from(self, version: impl Into<Option<Version>>) -> Self {
        Self { rebuild_from: version.into(), ..self }
    }

    /// What to do if another process holds the pyramid; by default, the build fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Follows the build, and can cancel it.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for BuildOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BuildOptions")
            .field("threads", &self.threads)
            .field("dry_run", &self.dry_run)
            .field("rebuild_from", &self.rebuild_from)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VersionStatus {
    /// Built and published by this run.
    Built,
    /// Published earlier, and unchanged since.
    UpToDate,
    /// A dry run found that it would be built.
    WouldBuild,
}

/// One version in a [`BuildReport`].
///
/// `tiles` is the sum of the three counts that follow it; if base tiles are plain and the tree has overlap, of `generated` and
/// `linked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionReport {
    /// Which version.
    pub version: Version,
    /// What became of it.
    pub status: VersionStatus,
    /// All tiles of its tree.
    pub tiles: u64,
    /// Generated tiles that are real files of this tree. A dry run counts the most that there can be.
    pub generated: u64,
    /// Base tiles from this version's sources. A dry run counts the most that there can be.
    pub patched: u64,
    /// Tiles owned by earlier versions.
    pub linked: u64,
}

impl VersionReport {
    /// The report of a published version.
    pub(in crate::ops) fn of(manifest: &Manifest, status: VersionStatus) -> Self {
        let Counts { tiles, generated, patched, linked, .. } = manifest.counts;
        Self { version: manifest.version, status, tiles, generated, patched, linked }
    }
}

/// What [`Pyramid::build`](crate::Pyramid::build) did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildReport {
    /// One entry per version, lowest first.
    pub versions: Vec<VersionReport>,
    /// Published versions whose trees a rebuild dropped, or would drop, because their sources are gone; lowest first.
    pub dropped: Vec<Version>,
    /// The kind of base tiles; `None` without overlap.
    pub base_tiles: Option<BaseTiles>,
}

/// A problem that does not stop an operation. [`Display`](fmt::Display) gives its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The tiles' names fit only ROW_COLUMN, and pyramid.json does not say so.
    RowColumnNames {
        /// A name that fits only ROW_COLUMN.
        example: String,
    },
    /// Something in a picture is lost, or not as good as it could be.
    Picture {
        /// The picture as the user calls it.
        picture: String,
        /// What is lost and what to do about it.
        text: String,
    },
    /// Tiles show edges of others as they were before a patch, and stay so (`stale_overlap: "keep"`).
    StaleOverlap {
        /// The patch.
        version: Version,
        /// Their number and the names of the first.
        tiles: String,
    },
    /// A version is skipped because its folder holds no tiles yet.
    UnfilledVersion(UnfilledVersion),
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowColumnNames { example } => write!(
                out,
                "tile names such as {example} fit only ROW_COLUMN and are read that way; \
                 write tile_naming: \"row_column\" into pyramid.json to silence this warning"
            ),
            Self::Picture { picture, text } => write!(out, "{picture}: {text}"),
            Self::StaleOverlap { version, tiles } => write!(out, "{version}: {tiles}; they stay as they are"),
            Self::UnfilledVersion(unfilled) => write!(
                out,
                "{unfilled}; it is skipped (fill a folder with another name, then rename it to {})",
                unfilled.version
            ),
        }
    }
}
