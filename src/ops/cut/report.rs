//! What `cut` is asked, and what it tells.

use super::super::report::BuildReport;
use super::target::{Target, TargetState};
use super::{Manner, Memory};
use crate::format::{FormatKind, Quality, Settings, TileFormat};
use crate::geometry::{Geometry, Grid, Size};
use crate::input::{Depth, Picture};
use crate::store::{Durability, Locking, Version};
use serde::Serialize;
use std::num::NonZeroUsize;

/// How to cut. What is not given is the pyramid's own, or for a new pyramid the default.
#[derive(Debug, Clone, Default)]
pub struct CutOptions {
    /// Side of a tile in pixels; 256 by default.
    pub tile_size: Option<u32>,
    /// The tiles' format; by default PNG where the picture has alpha, a palette or 16 bits, else JPEG.
    pub format: Option<TileFormat>,
    /// JPEG quality; 80 by default. If it is given, JPEG pictures are brought to it, and not cut without loss.
    pub quality: Option<Quality>,
    /// Build the pyramid too.
    pub build: bool,
    /// Only say what would be cut; nothing on disk changes.
    pub dry_run: bool,
    /// Threads to use; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// The most bytes of memory to take; no limit by default.
    pub max_memory: Option<u64>,
    /// Whether what is published is flushed to the disk first.
    pub durability: Durability,
    /// What to do where another process changes the pyramid.
    pub locking: Locking,
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CutStatus {
    /// A version was cut.
    Cut,
    /// The latest version shows the same picture, so there is no new one.
    Unchanged,
    /// It would be cut, if it were not a dry run.
    WouldCut,
}

/// What was cut, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutReport {
    /// What became of it.
    pub status: CutStatus,
    /// The version that was cut.
    pub version: Option<Version>,
    /// Whether it is compared with the version before, and not the first.
    pub compared: bool,
    /// Size of the picture as shown.
    pub size: Size,
    /// Side of a tile in pixels.
    pub tile_size: u32,
    /// The tiles' extension.
    pub format: String,
    /// The grid of base tiles.
    pub grid: Grid,
    /// Levels of the pyramid.
    pub levels: u32,
    /// Tiles of the pyramid on all levels.
    pub pyramid_tiles: u64,
    /// How pixels become tiles.
    pub manner: Manner,
    /// What it takes.
    pub memory: Memory,
    /// Bytes of all base tiles, roughly, as told beforehand.
    pub estimated_bytes: u64,
    /// Base tiles that were written.
    pub written: Option<u64>,
    /// Base tiles of one colour.
    pub one_colour: Option<u64>,
    /// What was built.
    pub built: Option<BuildReport>,
}

impl CutReport {
    /// What is known beforehand.
    pub(super) fn planned(target: &Target, opened: &Picture, manner: Manner, memory: Memory) -> Self {
        let geometry = &target.pyramid.spec.geometry;
        Self {
            status: CutStatus::WouldCut,
            version: None,
            compared: target.state == TargetState::Next,
            size: geometry.size(),
            tile_size: geometry.tile_size(),
            format: target.settings.format.to_string(),
            grid: geometry.base_grid(),
            levels: u32::from(geometry.base_level()) + 1,
            pyramid_tiles: geometry.tile_count(),
            manner,
            memory,
            estimated_bytes: estimated_bytes(opened, geometry, &target.settings, manner),
            written: None,
            one_colour: None,
            built: None,
        }
    }
}

/// Bytes of the base tiles. Per pixel and channel as photographs take: measured, and so a rough guess for others.
fn estimated_bytes(opened: &Picture, geometry: &Geometry, settings: &Settings, manner: Manner) -> u64 {
    if let (Picture::Jpeg(picture), Manner::Lossless) = (opened, manner)
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
