//! The folders, shape and settings that all trees of a pyramid share.

use crate::format::{FormatKind, Settings, TileFormat, TileNaming};
use crate::geometry::{Geometry, Tile};
use crate::store::error::StoreError;
use crate::store::fs;
use crate::store::layout::{
    Layout, LinkTarget, SourceNames, SourcePlace, TileText, Version, link_to_source, link_to_tree, parse_link,
    tile_name, tile_path,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The folders, shape and settings that all trees of a pyramid share.
#[derive(Debug, Clone)]
pub struct TreeContext {
    /// The paths of the pyramid.
    pub layout: Layout,
    /// Where its source versions are.
    pub place: SourcePlace,
    /// Its shape.
    pub geometry: Geometry,
    /// Its settings.
    pub settings: Settings,
    /// The versions that are built, but not published yet: their trees and manifests are in staging.
    pub staged: BTreeSet<Version>,
}

impl TreeContext {
    /// The trees of a pyramid of this shape, with the kind of base tiles that its settings name.
    #[must_use]
    pub fn new(layout: Layout, place: SourcePlace, geometry: Geometry, settings: Settings) -> Self {
        let geometry = settings.applied_to(geometry);
        Self { layout, place, geometry, settings, staged: BTreeSet::new() }
    }

    /// The format of the tiles.
    #[must_use]
    pub fn format(&self) -> &TileFormat {
        &self.settings.format
    }

    /// How base tiles are named.
    #[must_use]
    pub fn naming(&self) -> &TileNaming {
        &self.settings.tile_naming
    }

    /// The folder of a version's tree.
    #[must_use]
    pub fn tree(&self, version: Version) -> PathBuf {
        if self.staged.contains(&version) { self.layout.staged_tree(version) } else { self.layout.tree(version) }
    }

    /// The folder of a version's manifest.
    #[must_use]
    pub fn manifest(&self, version: Version) -> PathBuf {
        if self.staged.contains(&version) {
            self.layout.staged_manifest(version)
        } else {
            self.layout.manifest(version)
        }
    }

    /// The folder of a source version.
    #[must_use]
    pub fn source(&self, version: Version) -> PathBuf {
        self.layout.source(self.place, version)
    }

    /// The path of a tile in a version's tree.
    #[must_use]
    pub fn tile(&self, version: Version, tile: Tile) -> PathBuf {
        self.tree(version).join(tile_path(tile, self.format()))
    }

    /// The name of a tile within its level folder.
    pub(crate) fn tile_name(&self, tile: Tile) -> TileText {
        tile_name(tile, self.format())
    }

    /// The name of a base tile within its source folder.
    pub(crate) fn source_name(&self, column: u32, row: u32) -> TileText {
        self.source_names().name(column, row)
    }

    fn source_names(&self) -> SourceNames<'_> {
        SourceNames { naming: self.naming(), format: self.format(), rows: self.geometry.base_grid().rows }
    }

    /// The text of a link from a tree's level folder to the owner of a tile.
    pub(crate) fn link_text(&self, tile: Tile, target: LinkTarget) -> TileText {
        match target {
            LinkTarget::Tree(owner) => link_to_tree(owner, tile, self.format()),
            LinkTarget::Source(owner) => link_to_source(self.place, owner, &self.source_name(tile.column, tile.row)),
        }
    }

    /// The owner that the text of a link names; `None` unless [`TreeContext::link_text`] gives exactly this text.
    pub(crate) fn parse_link(&self, tile: Tile, text: &str) -> Option<LinkTarget> {
        let target = parse_link(text, tile, self.place, self.source_names())?;
        (matches!(target, LinkTarget::Source(_)) == self.geometry.is_source(tile)).then_some(target)
    }

    /// Reads a tile from its owner into `bytes`, without following any link.
    ///
    /// # Errors
    /// The tile is missing, is not a regular file, or cannot be read.
    pub fn read_owned(&self, tile: Tile, owner: LinkTarget, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let path = match owner {
            LinkTarget::Tree(version) => self.tile(version, tile),
            LinkTarget::Source(version) => self.source(version).join(self.source_name(tile.column, tile.row).as_str()),
        };
        fs::read_file_into(&path, self.max_tile_bytes(), bytes)
    }

    /// The most bytes that a tile file can sensibly have: twice its uncompressed pixels (16-bit RGBA in PNG) and 64 MiB of
    /// metadata.
    #[must_use]
    pub fn max_tile_bytes(&self) -> u64 {
        let side = u64::from(self.geometry.tile_size()) + 2 * u64::from(self.geometry.overlap());
        let size = self.geometry.size();
        let pixels = side.min(size.width.into()) * side.min(size.height.into());
        let bytes_per_pixel = match self.format().kind() {
            FormatKind::Jpeg => 12,
            FormatKind::Png => 16,
        };
        pixels.saturating_mul(bytes_per_pixel).saturating_add(64 << 20)
    }
}

#[cfg(test)]
impl TreeContext {
    /// A PNG pyramid of 5x3 base tiles in the folder `root`.
    pub(crate) fn of_png(root: &std::path::Path, place: SourcePlace, tile_naming: TileNaming) -> Self {
        let (width, height, tile_size, overlap) = (50, 30, 10, 0);
        let geometry = Geometry::new(crate::geometry::Size::new(width, height), tile_size, overlap).unwrap();
        let settings = Settings {
            width,
            height,
            tile_size,
            overlap,
            base_tiles: None,
            format: TileFormat::new("png").unwrap(),
            quality: None,
            huffman_tables: None,
            filter: crate::format::Filter::Mean,
            linear: false,
            tile_naming,
        };
        Self::new(Layout::new(root), place, geometry, settings)
    }
}
