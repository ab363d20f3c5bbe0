//! The level folders of a tree.

use crate::geometry::Geometry;
use crate::store::error::{IoError, StoreError};
use crate::store::fs::Dir;
use crate::store::layout::LEVELS;
use std::path::{Path, PathBuf};

/// The level folders of one tree, all open, so that tiles are reached without walking a path each time.
#[derive(Debug)]
pub(crate) struct LevelDirs {
    tree: PathBuf,
    dirs: Vec<Dir>,
}

impl LevelDirs {
    /// Opens the level folders of `tree`.
    pub(crate) fn open(tree: PathBuf, geometry: &Geometry) -> Result<Self, IoError> {
        let dirs = geometry.levels().map(|level| Dir::open(Self::path(&tree, level))).collect::<Result<_, _>>()?;
        Ok(Self { tree, dirs })
    }

    /// Opens the level folders of `tree`, and creates those that are missing.
    pub(crate) fn create(tree: PathBuf, geometry: &Geometry) -> Result<Self, IoError> {
        let dirs = geometry.levels().map(|level| Dir::create(Self::path(&tree, level))).collect::<Result<_, _>>()?;
        Ok(Self { tree, dirs })
    }

    /// The path of a level folder.
    pub(crate) fn path(tree: &Path, level: u8) -> PathBuf {
        tree.join(LEVELS).join(level.to_string())
    }

    /// The folder of the tree.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// The folder of a level.
    pub(crate) fn get(&self, level: u8) -> Result<&Dir, StoreError> {
        let missing = || StoreError::damaged(&self.tree, format!("the pyramid has no level {level}"));
        self.dirs.get(usize::from(level)).ok_or_else(missing)
    }
}
