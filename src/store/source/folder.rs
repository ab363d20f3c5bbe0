//! Reading the tiles of one source version.

use crate::format::{TileFormat, TileNaming};
use crate::store::context::TreeContext;
use crate::store::error::{IoError, StoreError};
use crate::store::fs::{Dir, FileStamp, FileStat};
use crate::store::layout::{SourceNames, TileText, Version};
use std::path::PathBuf;
use xxhash_rust::xxh3::xxh3_128;

/// The open folder of a source version.
#[derive(Debug)]
pub struct SourceFolder {
    dir: Dir,
    naming: TileNaming,
    format: TileFormat,
    rows: u32,
    max_tile_bytes: u64,
}

impl SourceFolder {
    /// Opens the folder of the source version `version`.
    ///
    /// # Errors
    /// The folder is missing, is a symbolic link, or cannot be opened.
    pub fn open(context: &TreeContext, version: Version) -> Result<Self, IoError> {
        let dir = Dir::open(context.source(version))?;
        let (naming, format) = (context.naming().clone(), context.format().clone());
        let rows = context.geometry.base_grid().rows;
        Ok(Self { dir, naming, format, rows, max_tile_bytes: context.max_tile_bytes() })
    }

    fn tile_name(&self, column: u32, row: u32) -> TileText {
        SourceNames { naming: &self.naming, format: &self.format, rows: self.rows }.name(column, row)
    }

    /// The name of the tile at `column`, `row`.
    #[must_use]
    pub fn name(&self, column: u32, row: u32) -> String {
        self.tile_name(column, row).as_str().to_owned()
    }

    /// The path of the tile at `column`, `row`.
    #[must_use]
    pub fn path(&self, column: u32, row: u32) -> PathBuf {
        self.dir.join(&self.tile_name(column, row))
    }

    /// Reads a tile into `bytes`, which is cleared first.
    ///
    /// # Errors
    /// The tile is missing, is not a regular file, is too large, changes meanwhile, or cannot be read.
    pub fn read(&self, column: u32, row: u32, bytes: &mut Vec<u8>) -> Result<FileStamp, StoreError> {
        let stat = self.dir.read(&self.tile_name(column, row), self.max_tile_bytes, bytes)?;
        Ok(FileStamp { stat, hash: xxh3_128(bytes) })
    }

    /// Length, times and inode of a tile; `None` if there is no regular file of its name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stat(&self, column: u32, row: u32) -> Result<Option<FileStat>, IoError> {
        self.dir.stat(&self.tile_name(column, row))
    }
}
