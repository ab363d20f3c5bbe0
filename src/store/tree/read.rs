//! Reading the tiles of a tree through their owners, and linking to them.

use crate::geometry::{Tile, TileSet};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::fs::Dir;
use crate::store::layout::{LinkTarget, Version};
use crate::store::state::owned_tiles;
use crate::store::tree::LevelDirs;
use std::path::PathBuf;

/// A finished tree, published or staged, opened for reading its tiles and for linking to them.
#[derive(Debug)]
pub struct Tree {
    context: TreeContext,
    version: Version,
    levels: LevelDirs,
    owned: TileSet,
}

impl Tree {
    /// Opens the tree of `version`.
    ///
    /// # Errors
    /// Its folders or its manifest cannot be read.
    pub fn open(context: &TreeContext, version: Version) -> Result<Self, StoreError> {
        let levels = LevelDirs::open(context.tree(version), &context.geometry)?;
        let owned = owned_tiles(&context.manifest(version), &context.geometry)?;
        Ok(Self { context: context.clone(), version, levels, owned })
    }

    /// The version of the tree.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The path of a tile within this tree.
    #[must_use]
    pub fn path(&self, tile: Tile) -> PathBuf {
        self.context.tile(self.version, tile)
    }

    /// Reads a tile into `bytes`, whoever owns it.
    ///
    /// # Errors
    /// The tile is missing, its link does not name an owner, or it cannot be read.
    pub fn read(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let name = self.context.tile_name(tile);
        let level = self.levels.get(tile.level)?;
        let Some(target) = level.read_link(&name)? else {
            level.read(&name, self.context.max_tile_bytes(), bytes)?;
            return Ok(());
        };
        let wrong = || StoreError::damaged(level.join(&name), format!("it links to {target}, which is not its tile"));
        let owner = self.context.parse_link(tile, &target).ok_or_else(wrong)?;
        self.context.read_owned(tile, owner, bytes)
    }

    /// Whether the tile is a real file of this tree.
    fn has_file(&self, tile: Tile) -> bool {
        self.owned.contains(tile) && !self.context.geometry.is_source(tile)
    }

    /// The target of a link in another tree to the owner of a tile that this tree shows.
    ///
    /// # Errors
    /// The tile is neither a file of this tree nor a link.
    pub(crate) fn link_target(&self, tile: Tile) -> Result<String, StoreError> {
        if self.has_file(tile) {
            return Ok(self.context.link_text(tile, LinkTarget::Tree(self.version)).as_str().to_owned());
        }
        let name = self.context.tile_name(tile);
        let level = self.levels.get(tile.level)?;
        level.read_link(&name)?.ok_or_else(|| StoreError::damaged(level.join(&name), "it is not a link"))
    }

    /// Creates a link to the owner of a tile in the same level folder of a new tree.
    ///
    /// If this tree does not have the file itself, its own link already has the right target, because all level folders
    /// are equally deep.
    pub(crate) fn link_into(&self, new_level: &Dir, tile: Tile) -> Result<(), StoreError> {
        let name = self.context.tile_name(tile);
        let level = self.levels.get(tile.level)?;
        let create = || {
            if self.has_file(tile) {
                new_level.symlink(&name, &self.context.link_text(tile, LinkTarget::Tree(self.version)))
            } else {
                level.share_link(&name, new_level)
            }
        };
        new_level.ensure_link(&name, create, || self.link_target(tile))
    }
}
