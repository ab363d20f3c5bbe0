//! What a build is asked, and what it tells: options, observer, report.

use super::CutReport;
use crate::store::{Counts, Durability, Locking, Manifest, Version};
use crate::sync::Progress;
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How to build.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Only say what would be built; nothing on disk changes.
    pub dry_run: bool,
    /// Build this version and all above it again, published or not.
    pub rebuild_from: Option<Version>,
    /// Whether what is published is flushed to the disk first.
    pub durability: Durability,
    /// What to do where another process changes the pyramid.
    pub locking: Locking,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionStatus {
    /// It was built and published now.
    Built,
    /// It had been published before, and nothing it depends on has changed.
    UpToDate,
    /// A dry run found that it would be built.
    WouldBuild,
}

/// One version in a [`BuildReport`]. `tiles` is the sum of the three that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VersionReport {
    /// Which version.
    pub version: Version,
    /// What became of it.
    pub status: VersionStatus,
    /// All tiles of its tree.
    pub tiles: u64,
    /// Generated tiles that are real files of this tree. A dry run counts those that may be.
    pub generated: u64,
    /// Base tiles that come from this version's sources. A dry run counts those that may.
    pub patched: u64,
    /// Tiles owned by earlier versions.
    pub linked: u64,
}

/// The versions of a pyramid after a build, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildReport {
    /// One entry for each version.
    pub versions: Vec<VersionReport>,
}

/// Something worth telling that does not stop a build.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The tiles' names fit only ROW_COLUMN, and pyramid.json does not say so.
    RowColumnNames {
        /// A name that fits only ROW_COLUMN.
        example: String,
    },
    /// Something of a picture is not shown as it is.
    Picture {
        /// The picture as the user calls it.
        picture: String,
        /// What, and what to do.
        text: String,
    },
    /// A version without a single tile.
    EmptyVersion {
        /// Its folder.
        folder: PathBuf,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RowColumnNames { example } => write!(
                out,
                "tile names such as {example} fit only ROW_COLUMN and are read so; \
                 write tile_naming: \"row_column\" into pyramid.json to silence this"
            ),
            Self::Picture { picture, text } => write!(out, "{picture}: {text}"),
            Self::EmptyVersion { folder } => {
                write!(out, "{} has no tiles; its tree shows the same as the version below", folder.display())
            }
        }
    }
}

/// Follows a command. Called from several threads.
pub trait Observer: Sync {
    /// Something is worth telling.
    fn warning(&self, warning: &Warning) {
        let _ = warning;
    }

    /// A version's build begins; its tree has so many tiles.
    fn version_started(&self, version: Version, tiles: u64) {
        let _ = (version, tiles);
    }

    /// So many more tiles of the version or the vacuum are done.
    fn tiles_done(&self, count: u64) {
        let _ = count;
    }

    /// A vacuum begins, or goes on, that will look at so many tiles; each counts several times.
    fn vacuum_started(&self, tiles: u64) {
        let _ = tiles;
    }

    /// What a picture will be cut into is known; nothing is written yet.
    fn cut_planned(&self, report: &CutReport) {
        let _ = report;
    }

    /// The cutting of a picture of so many rows of pixels begins.
    fn cut_started(&self, rows: u32) {
        let _ = rows;
    }

    /// So many more rows of pixels are cut.
    fn rows_done(&self, rows: u32) {
        let _ = rows;
    }

    /// A picture was cut; what is built of it comes after that.
    fn version_cut(&self, report: &CutReport) {
        let _ = report;
    }

    /// A version was built and published.
    fn version_published(&self, report: &VersionReport) {
        let _ = report;
    }

    /// Whether to stop as soon as possible.
    fn stopped(&self) -> bool {
        false
    }
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// What would be told is no news here, or is told again later; only being stopped counts.
pub(super) struct Stoppable<'a>(pub(super) &'a dyn Observer);

impl Observer for Stoppable<'_> {
    fn stopped(&self) -> bool {
        self.0.stopped()
    }
}

/// Cancels when the observer does, and reports nothing to it.
pub(super) struct Cancellation<'a>(pub(super) &'a dyn Observer);

impl Progress for Cancellation<'_> {
    fn is_cancelled(&self) -> bool {
        self.0.stopped()
    }
}

/// Reports to the observer how many tiles are done.
pub(super) struct TileProgress<'a>(pub(super) &'a dyn Observer);

impl Progress for TileProgress<'_> {
    fn advance(&self, count: u64) {
        self.0.tiles_done(count);
    }

    fn is_cancelled(&self) -> bool {
        self.0.stopped()
    }
}

impl VersionReport {
    /// The report of a published version.
    pub(super) fn of(manifest: &Manifest, status: VersionStatus) -> Self {
        let Counts { tiles, generated, patched, linked, .. } = manifest.counts;
        Self { version: manifest.version, status, tiles, generated, patched, linked }
    }
}
