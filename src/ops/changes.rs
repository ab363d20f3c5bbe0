//! `changes`: the tiles that a version owns.

use super::{Error, Failure, Pyramid};
use crate::format::TileFormat;
use crate::geometry::TileSet;
use crate::store::{self, Version};

/// The tiles that a version owns, as [`Pyramid::changes`] found them.
#[derive(Debug, Clone)]
pub struct ChangesReport {
    version: Version,
    tiles: TileSet,
    format: TileFormat,
}

impl ChangesReport {
    /// Which version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Number of tiles.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiles.count()
    }

    /// The tiles as paths under their tree, such as `dzi_files/9/1_0.jpg`: coarsest level first, each row by row.
    pub fn paths(&self) -> impl Iterator<Item = String> + '_ {
        self.tiles.iter().map(|tile| store::tile_path(tile, &self.format))
    }
}

impl Pyramid {
    /// The tiles that `version` owns, by default the newest published version.
    ///
    /// # Errors
    /// The version is not published, or its manifest is damaged.
    pub fn changes(&self, version: Option<Version>) -> Result<ChangesReport, Error> {
        let published = store::published(&self.layout)?;
        let wanted = published.iter().rfind(|manifest| version.is_none_or(|version| manifest.version == version));
        let Some(manifest) = wanted else {
            let published = published.iter().map(|manifest| manifest.version).collect();
            return Err(Failure::NotPublished { pyramid: self.layout.root().to_owned(), version, published }.into());
        };
        let tiles = store::owned_tiles(&self.layout.manifest(manifest.version), &self.spec.geometry)?;
        Ok(ChangesReport { version: manifest.version, tiles, format: manifest.settings.format.clone() })
    }
}
