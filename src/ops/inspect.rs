//! `info` and `changes`: what is published, and what each version owns. Nothing is written.

use super::{Error, Pyramid};
use crate::format::TileFormat;
use crate::geometry::TileSet;
use crate::store::{self, Counts, Manifest, SourceVersions, VacuumJournal, Version};
use serde::Serialize;

/// What [`Pyramid::info`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PyramidInfo {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Side of a whole tile in pixels.
    pub tile_size: u32,
    /// Pixels shared by neighbouring tiles.
    pub overlap: u32,
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
    /// The encoder version of this release; versions with another one stay as they are.
    pub encoder: u32,
    /// A vacuum was killed and is not finished yet; the next build or vacuum will. Absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub half_vacuumed: bool,
    /// Versions whose build was stopped half way, or goes on at this moment. The next build goes on with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub half_built: Vec<Version>,
    /// All versions, published or with sources, lowest first.
    pub versions: Vec<VersionInfo>,
}

/// One version in a [`PyramidInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionInfo {
    /// Which version.
    pub version: Version,
    /// Whether its tree is published.
    pub published: bool,
    /// Whether its source folder is there.
    pub has_sources: bool,
    /// Whether its tree was dropped while its sources stayed. Absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// When it was built, in RFC 3339; absent where it is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
    /// The encoder version it was built with; absent where it is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<u32>,
    /// What its tree consists of; absent where it is not published.
    #[serde(flatten)]
    pub counts: Option<Counts>,
    /// Bytes of tile files that dropping this version alone, sources and all, would free; absent for the latest, which
    /// is never dropped, for versions that are not published, and where manifests are damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freed_bytes: Option<u64>,
    /// Files, links and folders that it would free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freed_inodes: Option<i64>,
}

/// The tiles that a version owns.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Which version.
    pub version: Version,
    tiles: TileSet,
    format: TileFormat,
}

impl Changes {
    /// Number of tiles.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiles.count()
    }

    /// The tiles as paths under their tree, such as `dzi_files/9/1_0.jpg`, coarsest level first, each row by row.
    pub fn paths(&self) -> impl Iterator<Item = String> + '_ {
        self.tiles.iter().map(|tile| store::tile_path(tile, &self.format))
    }
}

impl Pyramid {
    /// Tells what there is, without looking at single tiles' files.
    ///
    /// # Errors
    /// There are no versions at all, or a manifest is damaged.
    pub fn info(&self) -> Result<PyramidInfo, Error> {
        let published = store::published(&self.layout)?;
        let sources = SourceVersions::find(&self.layout);
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
        // A pyramid that is not in order is told about all the same.
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
        Ok(PyramidInfo {
            width: geometry.size().width,
            height: geometry.size().height,
            tile_size: geometry.tile_size(),
            overlap: geometry.overlap(),
            levels: u32::from(geometry.base_level()) + 1,
            columns: grid.columns,
            rows: grid.rows,
            tiles: geometry.tile_count(),
            latest: published.last().map(|manifest| manifest.version),
            encoder: crate::tile::ENCODER_VERSION,
            half_vacuumed,
            half_built: store::half_built(&self.layout)?,
            versions: versions.collect(),
        })
    }

    /// The tiles that `version` owns, by default the newest published one.
    ///
    /// # Errors
    /// The version is not published, or its manifest is damaged.
    pub fn changes(&self, version: Option<Version>) -> Result<Changes, Error> {
        let published = store::published(&self.layout)?;
        let wanted = published.iter().rfind(|manifest| version.is_none_or(|version| manifest.version == version));
        let Some(manifest) = wanted else {
            let published = published.iter().map(|manifest| manifest.version).collect();
            return Err(Error::NotPublished { pyramid: self.layout.root().to_owned(), version, published });
        };
        let tiles = store::owned_tiles(&self.layout.manifest(manifest.version), &self.spec.geometry)?;
        Ok(Changes { version: manifest.version, tiles, format: manifest.settings.format.clone() })
    }
}

fn built(manifest: &Manifest) -> String {
    crate::text::display::display_time(manifest.built)
}
