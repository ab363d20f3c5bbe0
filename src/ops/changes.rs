//! `changes`: the tiles that a version owns, or all versions since another.

use super::{Error, Failure, Pyramid};
use crate::format::TileFormat;
use crate::geometry::TileSet;
use crate::store::{self, Manifest, Version};

/// The versions whose tiles are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ChangesOf {
    /// The newest published version.
    #[default]
    Latest,
    /// This version.
    Version(Version),
    /// All versions above this one, which need not exist any more.
    Since(Version),
}

/// The tiles that some versions own, as [`Pyramid::changes`] found them.
#[derive(Debug, Clone)]
pub struct ChangesReport {
    version: Version,
    since: Option<Version>,
    tiles: TileSet,
    format: TileFormat,
}

impl ChangesReport {
    /// The version, or the newest of several.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The version above which all were asked for.
    #[must_use]
    pub fn since(&self) -> Option<Version> {
        self.since
    }

    /// Number of tiles.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiles.count()
    }

    /// The tiles as paths under a tree, such as `dzi_files/9/1_0.jpg`, each once: coarsest level first, each row by row.
    pub fn paths(&self) -> impl Iterator<Item = String> + '_ {
        self.tiles.iter().map(|tile| store::tile_path(tile, &self.format))
    }
}

impl Pyramid {
    /// The tiles that a version owns: those that differ from the version below. With [`ChangesOf::Since`], the tiles that
    /// may differ between that version and the newest.
    ///
    /// # Errors
    /// Nothing, or not that version, is published; or a manifest is damaged.
    pub fn changes(&self, of: ChangesOf) -> Result<ChangesReport, Error> {
        let published = store::published(&self.layout)?;
        let not_published = |version| {
            let published = published.iter().map(|manifest| manifest.version).collect();
            Failure::NotPublished { pyramid: self.layout.root().to_owned(), version, published }
        };
        let latest = published.last().ok_or_else(|| not_published(None))?;
        let (wanted, since): (&[Manifest], _) = match of {
            ChangesOf::Latest => (std::slice::from_ref(latest), None),
            ChangesOf::Version(version) => {
                let found = published.iter().find(|manifest| manifest.version == version);
                (std::slice::from_ref(found.ok_or_else(|| not_published(Some(version)))?), None)
            }
            // A caller that knows of a later version than there is confuses pyramids, or has lost one.
            ChangesOf::Since(version) if version > latest.version => return Err(not_published(Some(version)).into()),
            ChangesOf::Since(version) => {
                let above = published.partition_point(|manifest| manifest.version <= version);
                (&published[above..], Some(version))
            }
        };
        let geometry = latest.settings.applied_to(self.spec.geometry);
        let mut tiles = TileSet::new(&geometry);
        for manifest in wanted {
            store::add_owned_tiles(&self.layout.manifest(manifest.version), &geometry, &mut tiles)?;
        }
        if geometry.composes_base() {
            // Plain source tiles are in no tree.
            tiles.clear_level(geometry.source_level());
        }
        let newest = wanted.last().unwrap_or(latest);
        Ok(ChangesReport { version: newest.version, since, tiles, format: latest.settings.format.clone() })
    }
}
