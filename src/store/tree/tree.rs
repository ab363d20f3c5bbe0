//! Reading the tiles of a tree, published or staged, through their owners.

use crate::format::{Settings, TileFormat, TileNaming};
use crate::geometry::{Geometry, Tile, TileSet};
use crate::store::error::{Context, IoError, Locate, StoreError};
use crate::store::fs::files;
use crate::store::layout::{
    LEVELS, Layout, LinkTarget, SourcePlace, Version, link_to_tree, parse_link, tile_name, tile_path,
};
use crate::store::source::sources::most_tile_bytes;
use crate::store::state::manifest;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// What all trees of a pyramid have in common, and where each of them is at the moment.
#[derive(Debug, Clone)]
pub struct TreeContext {
    /// The paths of the pyramid.
    pub layout: Layout,
    /// Where its source versions stand.
    pub place: SourcePlace,
    /// Its shape.
    pub geometry: Geometry,
    /// Its settings.
    pub settings: Settings,
    /// The versions whose tree to read is the staged one, because it is not published yet.
    pub staged: BTreeSet<Version>,
}

impl TreeContext {
    /// The tiles' format.
    #[must_use]
    pub fn format(&self) -> &TileFormat {
        &self.settings.format
    }

    /// Which number comes first in base tiles' names.
    #[must_use]
    pub fn naming(&self) -> TileNaming {
        self.settings.tile_naming
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

    /// Reads the bytes of a tile into `bytes` where its owner keeps them, whatever links say.
    ///
    /// # Errors
    /// It is not there, not a regular file, or cannot be read.
    pub fn read_owned(&self, tile: Tile, owner: LinkTarget, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let path = match owner {
            LinkTarget::Tree(version) => self.tree(version).join(tile_path(tile, self.format())),
            LinkTarget::Source(version) => {
                let name = crate::store::layout::source_name(self.naming(), tile.column, tile.row, self.format());
                self.layout.source(self.place, version).join(name.as_str())
            }
        };
        files::read_at(rustix::fs::CWD, path.as_path(), &path, self.max_tile_bytes(), bytes)?;
        Ok(())
    }

    /// The most bytes that a tile's file may have.
    #[must_use]
    pub fn max_tile_bytes(&self) -> u64 {
        let side = u64::from(self.geometry.tile_size()) + 2 * u64::from(self.geometry.overlap());
        let size = self.geometry.size();
        most_tile_bytes(side.min(size.width.into()) * side.min(size.height.into()), self.format().kind())
    }
}

/// A finished tree, opened for reading its tiles and for linking to them.
#[derive(Debug)]
pub struct Tree {
    trees: TreeContext,
    version: Version,
    levels: LevelFolders,
    owned: TileSet,
}

impl Tree {
    /// Opens the tree of `version`.
    ///
    /// # Errors
    /// Its folders or its manifest cannot be read.
    pub fn open(trees: &TreeContext, version: Version) -> Result<Self, StoreError> {
        let levels = LevelFolders::open(&trees.tree(version), &trees.geometry)?;
        let owned = manifest::owned_tiles(&trees.manifest(version), &trees.geometry)?;
        Ok(Self { trees: trees.clone(), version, levels, owned })
    }

    /// Which version's tree it is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Reads the bytes of a tile into `bytes`, whoever owns it.
    ///
    /// # Errors
    /// The tile is not there, its link is not one that the tool makes, or it cannot be read.
    pub fn read(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let name = tile_name(tile, self.trees.format());
        let path = || self.path(tile);
        let most = self.trees.max_tile_bytes();
        let level = self.levels.get(tile.level, &path)?;
        let owner = match rustix::fs::readlinkat(level, name.as_str(), Vec::new()) {
            Err(Errno::INVAL) => {
                files::read_at(level, name.as_str(), &path, most, bytes)?;
                return Ok(());
            }
            Err(error) => return Err(error).context("read", &path)?,
            Ok(target) => self.owner(tile, &path, &target.to_string_lossy())?,
        };
        self.trees.read_owned(tile, owner, bytes)
    }

    fn owner(&self, tile: Tile, place: &(impl Locate + ?Sized), target: &str) -> Result<LinkTarget, StoreError> {
        parse_link(target, tile, self.trees.place, self.trees.naming(), self.trees.format()).ok_or_else(|| {
            let problem = format!("it links to {target}, which is not where its tile can be");
            StoreError::Damaged { path: place.path(), problem }
        })
    }

    /// The target of a link in another tree to the owner of a tile that this tree shows.
    ///
    /// # Errors
    /// This tree owns no such tile and has no link in its place.
    pub(crate) fn link_target(&self, tile: Tile) -> Result<String, StoreError> {
        if self.owned.contains(tile) && tile.level != self.trees.geometry.base_level() {
            return Ok(link_to_tree(self.version, tile, self.trees.format()).as_str().to_owned());
        }
        let path = || self.path(tile);
        let name = tile_name(tile, self.trees.format());
        let target = rustix::fs::readlinkat(self.levels.get(tile.level, &path)?, name.as_str(), Vec::new());
        Ok(target.context("read", &path)?.to_string_lossy().into_owned())
    }

    /// Gives the new tree's level folder the entry `name` for the same tile as here.
    ///
    /// A tile that this tree owns gets a new link to it. Any other already is a link with the right target, since all
    /// level folders are equally deep: a second name for that link costs half as much as a new one and no inode.
    /// Where the system does not let links be named twice, its target is copied.
    pub(crate) fn link_into(
        &self,
        new_level: &OwnedFd,
        tile: Tile,
        new_place: &(impl Locate + ?Sized),
    ) -> Result<(), StoreError> {
        let name = tile_name(tile, self.trees.format());
        let path = || self.path(tile);
        let level = self.levels.get(tile.level, &path)?;
        let make = || self.make_link((level, &path), new_level, tile, &name, new_place);
        files::put_link_at(new_level, &name, new_place, make, || self.link_target(tile))
    }

    fn make_link(
        &self,
        (level, place): (&OwnedFd, &impl Locate),
        new_level: &OwnedFd,
        tile: Tile,
        name: &str,
        new_place: &(impl Locate + ?Sized),
    ) -> Result<(), IoError> {
        if self.owned.contains(tile) && tile.level != self.trees.geometry.base_level() {
            let target = link_to_tree(self.version, tile, self.trees.format());
            return rustix::fs::symlinkat(target.as_str(), new_level, name).context("link", new_place);
        }
        match rustix::fs::linkat(level, name, new_level, name, rustix::fs::AtFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::MLINK | Errno::PERM | Errno::XDEV | Errno::NOTSUP | Errno::NOSYS | Errno::ACCESS) => {
                let target = rustix::fs::readlinkat(level, name, Vec::new()).context("read", place)?;
                rustix::fs::symlinkat(target, new_level, name).context("link", new_place)
            }
            Err(error) => Err(error).context("link", new_place),
        }
    }

    /// The path of a tile within this tree.
    #[must_use]
    pub fn path(&self, tile: Tile) -> PathBuf {
        self.trees.tree(self.version).join(tile_path(tile, self.trees.format()))
    }
}

/// The level folders of one tree, all open: names can then be used without walking a path each time.
#[derive(Debug)]
pub(crate) struct LevelFolders {
    folders: Vec<OwnedFd>,
}

impl LevelFolders {
    /// Opens the level folders of `tree`.
    pub(crate) fn open(tree: &Path, geometry: &Geometry) -> Result<Self, IoError> {
        let levels = tree.join(LEVELS);
        let folders = geometry.levels().map(|level| files::open_folder(&levels.join(level.to_string())));
        Ok(Self { folders: folders.collect::<Result<_, _>>()? })
    }

    /// Creates them first.
    pub(crate) fn create(tree: &Path, geometry: &Geometry) -> Result<Self, IoError> {
        for level in geometry.levels() {
            files::create_folder(&tree.join(LEVELS).join(level.to_string()))?;
        }
        Self::open(tree, geometry)
    }

    /// The folder of a level; `place` is for the message where the pyramid has no such level.
    pub(crate) fn get(&self, level: u8, place: &(impl Locate + ?Sized)) -> Result<&OwnedFd, StoreError> {
        self.folders.get(usize::from(level)).ok_or_else(|| StoreError::Damaged {
            path: place.path(),
            problem: format!("the pyramid has no level {level}"),
        })
    }
}

#[cfg(test)]
impl TreeContext {
    /// Those of a PNG pyramid of 5x3 base tiles in the folder `root`.
    pub(crate) fn of_png(root: &Path, place: SourcePlace, tile_naming: TileNaming) -> Self {
        let (width, height, tile_size, overlap) = (50, 30, 10, 0);
        let geometry = Geometry::new(crate::geometry::Size::new(width, height), tile_size, overlap).unwrap();
        let settings = Settings {
            width,
            height,
            tile_size,
            overlap,
            format: TileFormat::new("png").unwrap(),
            quality: None,
            huffman_tables: None,
            filter: crate::format::Filter::Mean,
            linear: false,
            tile_naming,
        };
        Self { layout: Layout::new(root), place, geometry, settings, staged: BTreeSet::new() }
    }
}
