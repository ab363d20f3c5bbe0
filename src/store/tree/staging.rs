//! Building a version's tree where nobody sees it.

use crate::geometry::Tile;
use crate::store::error::{Context, StoreError};
use crate::store::fs::early_flush::EarlyFlush;
use crate::store::fs::files;
use crate::store::fs::files::FileStamp;
use crate::store::layout::{DESCRIPTOR, Version, link_to_source, source_name, tile_name, tile_path};
use crate::store::source::sources::SourceFolder;
use crate::store::state::manifest::{Manifest, ManifestWriter, Record, Role};
use crate::store::tree::publish::Durability;
use crate::store::tree::resume::{Attempt, Basis, Finished};
use crate::store::tree::tree::{LevelFolders, Tree, TreeContext};
use crate::sync::Mutex;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use xxhash_rust::xxh3::xxh3_128;

/// A tree being built in `dest/.fast_pyramid/staging/vN`. Any number of threads may add tiles, each tile once.
#[derive(Debug)]
pub struct StagedTree {
    trees: TreeContext,
    new: NewTree,
    path: PathBuf,
    levels: LevelFolders,
    manifest: ManifestWriter,
    /// What an earlier attempt has finished.
    finished: Finished,
    /// Links to source tiles that are to be made.
    waiting: Mutex<Vec<(Tile, FileStamp)>>,
    /// Held by the thread that makes them, with a buffer.
    linking: Mutex<Vec<(Tile, FileStamp)>>,
    early_flush: EarlyFlush,
}

/// The version that a tree is built for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTree {
    /// The version.
    pub version: Version,
    /// The version of the encoder that generates its tiles.
    pub encoder: u32,
    /// Whether tiles are flushed while others are still generated.
    pub durability: Durability,
}

/// A generated tile that an earlier attempt has finished, with everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumedTile {
    /// The version owns it: its bytes differ from those of the previous version.
    Changed,
    /// It is a link to the owner of the same tile in the previous version.
    Unchanged,
}

/// So many links wait before one thread makes them.
const LINKS_AT_A_TIME: usize = 32;

impl StagedTree {
    /// Starts the tree of `version`, on `previous` if there is one, or goes on where an earlier attempt with the same
    /// basis ended. `affects` says whether a tile lies over a source tile of the version, or is one.
    ///
    /// # Errors
    /// The folders cannot be created, or what is there cannot be read.
    pub fn start(
        trees: &TreeContext,
        new: NewTree,
        previous: Option<&Tree>,
        source: &SourceFolder,
        affects: &dyn Fn(Tile) -> bool,
    ) -> Result<Self, StoreError> {
        let version = new.version;
        let basis = Basis::new(trees, new.encoder, previous)?;
        if !basis.is_that_of(&trees.layout.staged(version)) {
            return Self::begin(trees, new, &basis);
        }
        let levels = LevelFolders::create(&trees.layout.staged_tree(version), &trees.geometry)?;
        let attempt = Attempt { trees, version, levels: &levels, previous, source, affects };
        let (finished, manifest) = attempt.resume(&trees.layout.staged_manifest(version))?;
        Ok(Self::with(trees, new, levels, manifest, finished))
    }

    /// Starts the tree of a lowest version, whose source folder need not be there yet. What an earlier attempt has left is
    /// deleted.
    ///
    /// # Errors
    /// The folders cannot be created.
    pub fn start_first(trees: &TreeContext, new: NewTree) -> Result<Self, StoreError> {
        Self::begin(trees, new, &Basis::new(trees, new.encoder, None)?)
    }

    /// Begins with nothing.
    fn begin(trees: &TreeContext, new: NewTree, basis: &Basis) -> Result<Self, StoreError> {
        let version = new.version;
        let staged = trees.layout.staged(version);
        files::remove_tree(&staged)?;
        let levels = LevelFolders::create(&trees.layout.staged_tree(version), &trees.geometry)?;
        basis.write(&staged)?;
        let manifest = ManifestWriter::create(trees.layout.staged_manifest(version))?;
        Ok(Self::with(trees, new, levels, manifest, Finished::nothing(trees)))
    }

    fn with(
        trees: &TreeContext,
        new: NewTree,
        levels: LevelFolders,
        manifest: ManifestWriter,
        finished: Finished,
    ) -> Self {
        let version = new.version;
        Self {
            trees: trees.clone(),
            new,
            path: trees.layout.staged_tree(version),
            levels,
            manifest,
            finished,
            waiting: Mutex::default(),
            linking: Mutex::default(),
            early_flush: EarlyFlush::new(&trees.layout.staged_tree(version), new.durability)
                .of_attempt(Basis::path(&trees.layout.staged(version))),
        }
    }

    /// Whether an earlier attempt has finished a generated tile and all below it. Puts the bytes of a changed one into
    /// `bytes`.
    ///
    /// # Errors
    /// The tile cannot be read.
    pub fn finished(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<Option<ResumedTile>, StoreError> {
        let found = self.finished.get(tile);
        if found == Some(ResumedTile::Changed) {
            let (name, path) = (tile_name(tile, self.trees.format()), || self.tile_path(tile));
            let level = self.levels.get(tile.level, &path)?;
            files::read_at(level, name.as_str(), &path, self.trees.max_tile_bytes(), bytes)?;
        }
        Ok(found)
    }

    /// Writes a generated tile.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        let name = tile_name(tile, self.trees.format());
        let path = || self.tile_path(tile);
        files::write_anew_at(self.levels.get(tile.level, &path)?, &name, &path, bytes)?;
        let stamp = FileStamp { length: bytes.len() as u64, modified: 0, hash: xxh3_128(bytes) };
        self.early_flush.note(stamp.length);
        Ok(self.manifest.add(Record { role: Role::Generated, tile, stamp })?)
    }

    /// Links a base tile to this version's own source tile, now or soon.
    ///
    /// A folder takes one new entry at a time, and threads that want to add one each wait by spinning. So whoever finds
    /// enough links waiting makes them all, and the others go on with their work.
    ///
    /// # Errors
    /// The file system refuses this link or one that waited.
    pub fn link_source(&self, tile: Tile, stamp: FileStamp) -> Result<(), StoreError> {
        let mut waiting = self.waiting.lock();
        waiting.push((tile, stamp));
        if waiting.len() < LINKS_AT_A_TIME {
            return Ok(());
        }
        drop(waiting);
        match self.linking.try_lock() {
            Some(buffer) => self.link_waiting(buffer),
            None => Ok(()),
        }
    }

    fn link_waiting(&self, mut buffer: MutexGuard<'_, Vec<(Tile, FileStamp)>>) -> Result<(), StoreError> {
        loop {
            std::mem::swap(&mut *buffer, &mut *self.waiting.lock());
            if buffer.is_empty() {
                return Ok(());
            }
            for (tile, stamp) in buffer.drain(..) {
                self.link_source_now(tile, stamp)?;
            }
        }
    }

    fn link_source_now(&self, tile: Tile, stamp: FileStamp) -> Result<(), StoreError> {
        let path = || self.tile_path(tile);
        let source = source_name(self.trees.naming(), tile.column, tile.row, self.trees.format());
        let target = link_to_source(self.trees.place, self.new.version, &source);
        let name = tile_name(tile, self.trees.format());
        let level = self.levels.get(tile.level, &path)?;
        let make = || rustix::fs::symlinkat(target.as_str(), level, name.as_str()).context("link", &path);
        files::put_link_at(level, &name, &path, make, || Ok(target.as_str().to_owned()))?;
        Ok(self.manifest.add(Record { role: Role::Source, tile, stamp })?)
    }

    /// Links a tile to the owner of the same tile in `previous`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn link_previous(&self, tile: Tile, previous: &Tree) -> Result<(), StoreError> {
        let path = || self.tile_path(tile);
        previous.link_into(self.levels.get(tile.level, &path)?, tile, &path)
    }

    /// Links a base tile to its owner in `previous`, whose bytes are those of this version's own source tile.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn link_unchanged_source(&self, tile: Tile, previous: &Tree, stamp: FileStamp) -> Result<(), StoreError> {
        self.link_previous(tile, previous)?;
        Ok(self.manifest.add(Record { role: Role::SourceUnchanged, tile, stamp })?)
    }

    /// Ends the tree: writes its descriptor and its manifest.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn finish(self, descriptor: &[u8], built: u64) -> Result<Manifest, StoreError> {
        self.link_waiting(self.linking.lock())?;
        self.early_flush.end()?;
        let path = self.path.join(DESCRIPTOR);
        files::write_anew_at(files::open_folder(&self.path)?, DESCRIPTOR, &path, descriptor)?;
        let tiles = self.trees.geometry.tile_count();
        self.manifest.finish(self.new.version, self.new.encoder, built, &self.trees.settings, tiles)
    }

    fn tile_path(&self, tile: Tile) -> PathBuf {
        self.path.join(Path::new(&tile_path(tile, self.trees.format())))
    }
}
