//! `info`: which versions exist, what they own, and what dropping them would free.

use super::{Error, Pyramid, survey};
use crate::format::base_tiles_name;
use crate::geometry::BaseTiles;
use crate::store::{self, Counts, Manifest, SourcePlace, SourceVersions, TreeContext, VacuumJournal, Version};
use serde::Serialize;

/// The state of a pyramid, as [`Pyramid::info`] found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InfoReport {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Side of a whole tile in pixels.
    pub tile_size: u32,
    /// Pixels shared by neighbouring tiles.
    pub overlap: u32,
    /// The kind of base tiles, `plain` or `overlapping`. Absent without overlap, and if neither fits the tiles.
    #[serde(
        rename = "base_tile_kind",
        serialize_with = "base_tiles_name::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub base_tiles: Option<BaseTiles>,
    /// Number of levels.
    pub levels: u32,
    /// Columns of the base level.
    pub columns: u32,
    /// Rows of the base level.
    pub rows: u32,
    /// Tiles of one tree.
    pub tiles: u64,
    /// The newest published version.
    pub latest: Option<Version>,
    /// The encoder version of this release. Versions built by another one stay as they are.
    pub encoder: u32,
    /// A vacuum was interrupted. The next build or vacuum finishes it. Absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub half_vacuumed: bool,
    /// Versions whose build is unfinished or still running. The next build resumes them. Absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub half_built: Vec<Version>,
    /// `freed_inodes` are estimates, because links do not share inodes as they do in trees that were built here. Absent
    /// otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inodes_estimated: bool,
    /// All versions, published or with sources, lowest first.
    pub versions: Vec<VersionInfo>,
}

/// One version in an [`InfoReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionInfo {
    /// Which version.
    pub version: Version,
    /// Whether its tree is published.
    pub published: bool,
    /// Whether its source folder exists.
    pub has_sources: bool,
    /// Whether its tree was dropped while its sources stayed. Absent otherwise.
    #[serde(rename = "tree_dropped", skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// When it was built, in RFC 3339. Absent if it is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
    /// The encoder version that built it. Absent if it is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<u32>,
    /// What its tree consists of. Absent if it is not published.
    #[serde(flatten)]
    pub counts: Option<Counts>,
    /// Bytes of tile files that dropping this version alone, with its sources, would free. Absent for the latest, which is
    /// never dropped, for versions that are not published, and if manifests are damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freed_bytes: Option<u64>,
    /// Files, links and folders that dropping it would free. Absent in the same cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freed_inodes: Option<i64>,
}

impl Pyramid {
    /// Describes the versions, from manifests and folders alone.
    ///
    /// # Errors
    /// There is no version, or a manifest is damaged.
    pub fn info(&self) -> Result<InfoReport, Error> {
        let published = store::published(&self.layout)?;
        let sources = SourceVersions::find(&self.layout);
        let place = sources.as_ref().map_or(SourcePlace::Beside, |sources| sources.place);
        let base_tiles = self.kind_of_base_tiles(published.last(), sources.as_ref().ok());
        let with_sources = match sources {
            Ok(sources) => sources.versions,
            Err(_) if !published.is_empty() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut versions: Vec<Version> = published.iter().map(|manifest| manifest.version).collect();
        versions.extend(&with_sources);
        versions.sort_unstable();
        versions.dedup();
        let half_vacuumed = VacuumJournal::read(&self.layout)?.is_some();
        let dropped = store::dropped_versions(&self.layout)?;
        // A pyramid that is not in order is described all the same.
        let freed = if half_vacuumed { Vec::new() } else { store::freed_by_each(&self.layout).unwrap_or_default() };
        let versions = versions.into_iter().map(|version| {
            let freed = freed.iter().find(|(other, _)| *other == version).map(|(_, totals)| totals);
            let manifest = published.iter().find(|manifest| manifest.version == version);
            VersionInfo {
                version,
                published: manifest.is_some(),
                has_sources: with_sources.contains(&version),
                built: manifest.map(built),
                encoder: manifest.map(|manifest| manifest.encoder),
                counts: manifest.map(|manifest| manifest.counts),
                dropped: dropped.iter().any(|manifest| manifest.version == version),
                freed_bytes: freed.map(|totals| totals.bytes),
                freed_inodes: freed.map(|totals| totals.inodes),
            }
        });
        let geometry = &self.spec.geometry;
        let grid = geometry.base_grid();
        Ok(InfoReport {
            width: geometry.size().width,
            height: geometry.size().height,
            tile_size: geometry.tile_size(),
            overlap: geometry.overlap(),
            base_tiles,
            levels: u32::from(geometry.base_level()) + 1,
            columns: grid.columns,
            rows: grid.rows,
            tiles: geometry.tile_count(),
            latest: published.last().map(|manifest| manifest.version),
            encoder: crate::tile::ENCODER_VERSION,
            half_vacuumed,
            half_built: store::half_built(&self.layout)?,
            inodes_estimated: !self.shares_links(place, &published),
            versions: versions.collect(),
        })
    }
}

impl Pyramid {
    /// As published or stated, or, before the first build, as the tiles are.
    fn kind_of_base_tiles(&self, newest: Option<&Manifest>, sources: Option<&SourceVersions>) -> Option<BaseTiles> {
        if self.spec.geometry.overlap() == 0 {
            return None;
        }
        let known = newest.map_or(self.spec.base_tiles, |newest| newest.settings.base_tiles);
        known.or_else(|| survey::settings(self, sources?).ok()?.base_tiles)
    }

    fn shares_links(&self, place: SourcePlace, published: &[Manifest]) -> bool {
        let Some(newest) = published.last() else { return true };
        let (layout, settings) = (self.layout.clone(), newest.settings.clone());
        let trees = TreeContext::new(layout, place, self.spec.geometry, settings);
        let versions: Vec<Version> = published.iter().map(|manifest| manifest.version).collect();
        store::links_are_shared(&trees, &versions)
    }
}

fn built(manifest: &Manifest) -> String {
    crate::text::display_time(manifest.built)
}
