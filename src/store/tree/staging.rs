//! Building the tree of a version in staging, out of sight.

use crate::geometry::Tile;
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::fs::{self, Dir, Durability, EarlyFlush, FileStamp};
use crate::store::layout::{DESCRIPTOR, LinkTarget, Version};
use crate::store::source::SourceFolder;
use crate::store::state::{Manifest, ManifestFields, ManifestWriter, Record, Role};
use crate::store::tree::resume::{Attempt, Basis, ResumedTiles};
use crate::store::tree::{LevelDirs, ResumedTile, Tree};
use crate::sync::Mutex;
use std::sync::MutexGuard;
use xxhash_rust::xxh3::xxh3_128;

/// Links queued before one thread creates them.
const LINKS_PER_BATCH: usize = 32;

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

/// A tree that is being built in `dest/.fast_pyramid/staging/vN`. Any number of threads may add tiles, each tile once.
#[derive(Debug)]
pub struct StagedTree {
    context: TreeContext,
    new: NewTree,
    levels: LevelDirs,
    manifest: ManifestWriter,
    resumed: ResumedTiles,
    /// Links to source tiles that are to be created.
    queue: Mutex<Vec<QueuedLink>>,
    /// Held by the thread that creates them. It swaps this buffer with the queue.
    batch: Mutex<Vec<QueuedLink>>,
    early_flush: EarlyFlush,
}

#[derive(Debug, Clone, Copy)]
struct QueuedLink {
    tile: Tile,
    stamp: FileStamp,
}

impl StagedTree {
    /// Starts the tree of a version on `previous`, if there is one, or resumes an earlier attempt with the same basis.
    /// `affects` says whether a tile is one of the version's source tiles or lies above one.
    ///
    /// # Errors
    /// The folders cannot be created, or the earlier attempt cannot be read.
    pub fn start(
        context: &TreeContext,
        new: NewTree,
        previous: Option<&Tree>,
        source: &SourceFolder,
        affects: &dyn Fn(Tile) -> bool,
    ) -> Result<Self, StoreError> {
        let (layout, version) = (&context.layout, new.version);
        let basis = Basis::new(context, new.encoder, previous)?;
        if !basis.is_that_of(&layout.staged(version)) {
            return Self::start_with(context, new, &basis);
        }
        let levels = LevelDirs::create(layout.staged_tree(version), &context.geometry)?;
        let attempt = Attempt { context, version, levels: &levels, previous, source, affects };
        let (resumed, manifest) = attempt.resume(&layout.staged_manifest(version))?;
        Ok(Self::new(context, new, levels, manifest, resumed))
    }

    /// Starts the tree of a lowest version, whose source folder need not exist yet. An earlier attempt is deleted.
    ///
    /// # Errors
    /// A folder cannot be created or deleted.
    pub fn start_first(context: &TreeContext, new: NewTree) -> Result<Self, StoreError> {
        Self::start_with(context, new, &Basis::new(context, new.encoder, None)?)
    }

    /// Starts an empty tree.
    fn start_with(context: &TreeContext, new: NewTree, basis: &Basis) -> Result<Self, StoreError> {
        let (layout, version) = (&context.layout, new.version);
        let staged = layout.staged(version);
        fs::remove_tree(&staged)?;
        let levels = LevelDirs::create(layout.staged_tree(version), &context.geometry)?;
        basis.write(&staged)?;
        let manifest = ManifestWriter::create(layout.staged_manifest(version))?;
        Ok(Self::new(context, new, levels, manifest, ResumedTiles::none(context)))
    }

    fn new(
        context: &TreeContext,
        new: NewTree,
        levels: LevelDirs,
        manifest: ManifestWriter,
        resumed: ResumedTiles,
    ) -> Self {
        let basis = Basis::path(&context.layout.staged(new.version));
        Self {
            context: context.clone(),
            new,
            early_flush: EarlyFlush::new(levels.tree(), new.durability).deleting_on_failure(basis),
            levels,
            manifest,
            resumed,
            queue: Mutex::default(),
            batch: Mutex::default(),
        }
    }

    /// What an earlier attempt made of a tile and of everything it is made from, if it finished them.
    #[must_use]
    pub fn finished(&self, tile: Tile) -> Option<ResumedTile> {
        self.resumed.get(tile)
    }

    /// Reads a generated tile of this tree into `bytes`, which is emptied first.
    ///
    /// # Errors
    /// The tile cannot be read.
    pub fn read_generated(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let name = self.context.tile_name(tile);
        self.levels.get(tile.level)?.read(&name, self.context.max_tile_bytes(), bytes)?;
        Ok(())
    }

    /// Writes a generated tile.
    ///
    /// # Errors
    /// The tile or its record cannot be written.
    pub fn write_generated(&self, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        self.levels.get(tile.level)?.write(&self.context.tile_name(tile), bytes)?;
        let stamp = FileStamp::of_contents(bytes.len() as u64, xxh3_128(bytes));
        self.early_flush.record(stamp.stat.length);
        Ok(self.manifest.add(Record { role: Role::Generated, tile, stamp })?)
    }

    /// Links a base tile to this version's own source tile, now or soon. Plain source tiles, which no tree shows, are only
    /// recorded.
    ///
    /// A folder accepts one new entry at a time, and threads that add entries wait for it by spinning. So the thread that
    /// finds enough queued links creates them all, and the others continue their work.
    ///
    /// # Errors
    /// This link or a queued one cannot be created.
    pub fn link_source(&self, tile: Tile, stamp: FileStamp) -> Result<(), StoreError> {
        if self.context.geometry.composes_base() {
            return Ok(self.manifest.add(Record { role: Role::Source, tile, stamp })?);
        }
        let mut queue = self.queue.lock();
        queue.push(QueuedLink { tile, stamp });
        if queue.len() < LINKS_PER_BATCH {
            return Ok(());
        }
        drop(queue);
        match self.batch.try_lock() {
            Some(batch) => self.link_queued(batch),
            None => Ok(()),
        }
    }

    fn link_queued(&self, mut batch: MutexGuard<'_, Vec<QueuedLink>>) -> Result<(), StoreError> {
        loop {
            std::mem::swap(&mut *batch, &mut *self.queue.lock());
            if batch.is_empty() {
                return Ok(());
            }
            for QueuedLink { tile, stamp } in batch.drain(..) {
                self.link_source_now(tile, stamp)?;
            }
        }
    }

    fn link_source_now(&self, tile: Tile, stamp: FileStamp) -> Result<(), StoreError> {
        let target = self.context.link_text(tile, LinkTarget::Source(self.new.version));
        let name = self.context.tile_name(tile);
        let level = self.levels.get(tile.level)?;
        level.ensure_link(&name, || level.symlink(&name, &target), || Ok(target.as_str().to_owned()))?;
        Ok(self.manifest.add(Record { role: Role::Source, tile, stamp })?)
    }

    /// Links a tile to the owner of the same tile in `previous`.
    ///
    /// # Errors
    /// The link cannot be created.
    pub fn link_previous(&self, tile: Tile, previous: &Tree) -> Result<(), StoreError> {
        previous.link_into(self.levels.get(tile.level)?, tile)
    }

    /// Links a base tile to its owner in `previous`, because this version's own source tile has the same bytes. Plain source
    /// tiles are only recorded.
    ///
    /// # Errors
    /// The link or the record cannot be written.
    pub fn link_unchanged_source(&self, tile: Tile, previous: &Tree, stamp: FileStamp) -> Result<(), StoreError> {
        if !self.context.geometry.composes_base() {
            self.link_previous(tile, previous)?;
        }
        Ok(self.manifest.add(Record { role: Role::SourceUnchanged, tile, stamp })?)
    }

    /// Finishes the tree: creates the last links, and writes the descriptor and the manifest.
    ///
    /// # Errors
    /// A file or link cannot be written, or a flush failed.
    pub fn finish(self, descriptor: &[u8], built: u64) -> Result<Manifest, StoreError> {
        self.link_queued(self.batch.lock())?;
        self.early_flush.finish()?;
        Dir::open(self.levels.tree())?.write(DESCRIPTOR, descriptor)?;
        let NewTree { version, encoder, .. } = self.new;
        let (settings, tiles) = (&self.context.settings, self.context.geometry.tile_count());
        self.manifest.finish(ManifestFields { version, encoder, built, settings, tiles })
    }
}
