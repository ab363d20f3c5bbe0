//! What a cut is asked to do, and what it reports.

use super::target::{Target, TargetState};
use super::{CutMemory, CutMode};
use crate::format::{FormatKind, Quality, Settings, TileFormat, Tolerance};
use crate::geometry::{Geometry, Grid, Size};
use crate::input::{Depth, Picture};
use crate::ops::build::BuildReport;
use crate::ops::observer::{Observer, UNOBSERVED};
use crate::store::{Durability, Locking, Version};
use serde::Serialize;
use std::fmt;
use std::num::NonZeroUsize;

/// How to cut a picture. A setting that is not given is the pyramid's own, or, for a new pyramid, the default.
#[derive(Clone)]
#[non_exhaustive]
pub struct CutOptions<'a> {
    pub(crate) tile_size: Option<u32>,
    pub(crate) overlap: Option<u32>,
    pub(crate) format: Option<TileFormat>,
    pub(crate) quality: Option<Quality>,
    pub(crate) tolerance: Tolerance,
    pub(crate) build: bool,
    pub(crate) dry_run: bool,
    pub(crate) record_picture: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) max_memory: Option<u64>,
    pub(crate) locking: Locking,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) durability: Durability,
}

impl Default for CutOptions<'_> {
    fn default() -> Self {
        Self {
            tile_size: None,
            overlap: None,
            format: None,
            quality: None,
            tolerance: Tolerance::NONE,
            build: false,
            dry_run: false,
            record_picture: false,
            threads: None,
            max_memory: None,
            locking: Locking::default(),
            observer: UNOBSERVED,
            durability: Durability::default(),
        }
    }
}

impl<'a> CutOptions<'a> {
    /// Side of a tile in pixels; 256 by default.
    #[must_use]
    pub fn tile_size(self, pixels: impl Into<Option<u32>>) -> Self {
        Self { tile_size: pixels.into(), ..self }
    }

    /// Pixels that a tile shares with each neighbour, at most half of the tile size; 0 by default.
    #[must_use]
    pub fn overlap(self, pixels: impl Into<Option<u32>>) -> Self {
        Self { overlap: pixels.into(), ..self }
    }

    /// Format of the tiles; by default PNG for pictures with alpha, a palette or 16 bits, otherwise JPEG.
    #[must_use]
    pub fn format(self, format: impl Into<Option<TileFormat>>) -> Self {
        Self { format: format.into(), ..self }
    }

    /// JPEG quality; 80 by default. If given, JPEG pictures are requantised to it instead of being cut without loss.
    #[must_use]
    pub fn quality(self, quality: impl Into<Option<Quality>>) -> Self {
        Self { quality: quality.into(), ..self }
    }

    /// Of a newer picture, leaves out tiles that differ by at most this much; by default, any difference counts.
    #[must_use]
    pub fn tolerance(self, tolerance: Tolerance) -> Self {
        Self { tolerance, ..self }
    }

    /// With `true`, builds the pyramid too.
    #[must_use]
    pub fn build(self, build: bool) -> Self {
        Self { build, ..self }
    }

    /// With `true`, only reports what would be cut, and changes nothing on disk. A newer picture is compared.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// With `true`, pyramid.json records which picture the pyramid is cut from, and a pyramid that has versions of another
    /// picture, or of an unknown one, is refused: for folders that are named after pictures. A picture on standard input has
    /// no path, so it is neither recorded nor refused.
    #[must_use]
    pub fn record_picture(self, record_picture: bool) -> Self {
        Self { record_picture, ..self }
    }

    /// Uses this many threads; `None`, the default, means all cores.
    #[must_use]
    pub fn threads(self, threads: impl Into<Option<NonZeroUsize>>) -> Self {
        Self { threads: threads.into(), ..self }
    }

    /// Refuses pictures that need more than this many bytes of memory; no limit by default.
    #[must_use]
    pub fn max_memory(self, bytes: impl Into<Option<u64>>) -> Self {
        Self { max_memory: bytes.into(), ..self }
    }

    /// What to do if another process holds the pyramid; by default, the cut fails at once.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// Follows the cut, and can cancel it.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }
}

impl fmt::Debug for CutOptions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CutOptions")
            .field("tile_size", &self.tile_size)
            .field("overlap", &self.overlap)
            .field("format", &self.format)
            .field("quality", &self.quality)
            .field("tolerance", &self.tolerance)
            .field("build", &self.build)
            .field("dry_run", &self.dry_run)
            .field("record_picture", &self.record_picture)
            .field("threads", &self.threads)
            .field("max_memory", &self.max_memory)
            .field("locking", &self.locking)
            .finish_non_exhaustive()
    }
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CutStatus {
    /// A version was cut.
    Cut,
    /// The latest version shows the same picture, so there is no new version.
    Unchanged,
    /// A dry run found that it would be cut.
    WouldCut,
}

/// What [`cut`](super::cut()) did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutReport {
    /// What became of it.
    pub status: CutStatus,
    /// The version that was cut.
    pub version: Option<Version>,
    /// Whether the picture is compared with an earlier version.
    pub compared: bool,
    /// Size of the upright picture in pixels.
    pub size: Size,
    /// Side of a tile in pixels.
    pub tile_size: u32,
    /// Pixels that a tile shares with each neighbour.
    pub overlap: u32,
    /// The tiles' extension.
    pub format: String,
    /// The grid of base tiles.
    pub grid: Grid,
    /// Number of levels of the pyramid.
    pub levels: u32,
    /// Number of tiles on all levels of the pyramid.
    pub pyramid_tiles: u64,
    /// How pixels become tiles.
    pub mode: CutMode,
    /// The memory that it needs.
    pub memory: CutMemory,
    /// Estimated bytes of all base tiles.
    pub estimated_bytes: u64,
    /// Number of base tiles written, or, after a dry run, that would be written.
    pub written: Option<u64>,
    /// Number of uniform base tiles, whose pixels all have the same colour; `None` if the picture was not
    /// read, as in a dry run for a first version.
    pub uniform: Option<u64>,
    /// What was built, if requested.
    pub built: Option<BuildReport>,
}

impl CutReport {
    /// What is known before cutting.
    pub(super) fn planned(target: &Target, opened: &Picture, mode: CutMode, memory: CutMemory) -> Self {
        let geometry = &target.pyramid.spec.geometry;
        Self {
            status: CutStatus::WouldCut,
            version: None,
            compared: target.state == TargetState::Next,
            size: geometry.size(),
            tile_size: geometry.tile_size(),
            overlap: geometry.overlap(),
            format: target.settings.format.to_string(),
            grid: geometry.base_grid(),
            levels: u32::from(geometry.base_level()) + 1,
            pyramid_tiles: geometry.tile_count(),
            mode,
            memory,
            estimated_bytes: estimated_bytes(opened, geometry, &target.settings, mode),
            written: None,
            uniform: None,
            built: None,
        }
    }
}

/// Estimated bytes of the base tiles, per pixel and channel as measured on photographs; a rough guess for other pictures.
fn estimated_bytes(opened: &Picture, geometry: &Geometry, settings: &Settings, mode: CutMode) -> u64 {
    if let (Picture::Jpeg(picture), CutMode::Lossless) = (opened, mode)
        && let Some(length) = picture.file_length()
    {
        // Each tile has its own headers.
        return length + geometry.base_grid().count() * 600;
    }
    let info = opened.info();
    let hundredths = match settings.format.kind() {
        FormatKind::Jpeg => match settings.quality.unwrap_or(Quality::DEFAULT).get() {
            0..=50 => 7,
            51..=75 => 10,
            76..=85 => 14,
            86..=92 => 28,
            _ => 60,
        },
        FormatKind::Png => info.channels as u64 * if info.depth == Depth::Eight { 45 } else { 150 },
    };
    geometry.size().pixels() / 100 * hundredths + geometry.base_grid().count() * 600
}
