//! Resuming an earlier attempt at a version from what it left in staging.
//!
//! A killed attempt leaves tiles, links, and the records of the tiles that it had finished. A tile counts as *finished* if
//! it has a record and matches it: a generated tile by length and hash, a source tile by length and time, a link by its
//! target. It is *complete* if all affected tiles below it are finished, too; then the walk need not visit them. All other
//! tiles are written again.

use crate::format::Settings;
use crate::geometry::{Tile, TileSet};
use crate::store::context::TreeContext;
use crate::store::error::{IoError, StoreError};
use crate::store::fs;
use crate::store::layout::{LinkTarget, Version};
use crate::store::source::SourceFolder;
use crate::store::state::{ManifestWriter, Record, Role, fingerprint, records};
use crate::store::tree::{LevelDirs, Tree};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// What an attempt was started with. An attempt with another basis cannot be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    encoder: u32,
    settings: Settings,
    /// The version below, and a fingerprint of its records.
    below: Option<(Version, String)>,
}

const BASIS: &str = "basis.json";
/// The most bytes of a basis; a real one has under a thousand.
const MAX_BASIS_BYTES: u64 = 1 << 16;

impl Basis {
    pub(crate) fn new(context: &TreeContext, encoder: u32, previous: Option<&Tree>) -> Result<Self, StoreError> {
        let below = previous.map(|tree| {
            let fingerprint = fingerprint(&context.manifest(tree.version()))?;
            Ok::<_, StoreError>((tree.version(), format!("{fingerprint:016x}")))
        });
        Ok(Self { encoder, settings: context.settings.clone(), below: below.transpose()? })
    }

    /// Its file in the folder of an attempt.
    pub(crate) fn path(staged: &Path) -> PathBuf {
        staged.join(BASIS)
    }

    /// Whether the attempt in `staged` was started with this.
    pub(crate) fn is_that_of(&self, staged: &Path) -> bool {
        let found = fs::read_file(&Self::path(staged), MAX_BASIS_BYTES);
        found.is_ok_and(|bytes| serde_json::from_slice(&bytes).is_ok_and(|found: Self| found == *self))
    }

    pub(crate) fn write(&self, staged: &Path) -> Result<(), StoreError> {
        let path = Self::path(staged);
        let text = serde_json::to_vec(self).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        Ok(fs::replace_file(&path, &text)?)
    }
}

/// A generated tile that an earlier attempt finished, with everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumedTile {
    /// The version owns it: its bytes differ from those of the previous version.
    Changed,
    /// It is a link to the owner of the same tile in the previous version.
    Unchanged,
}

/// The tiles of an earlier attempt that are used again.
#[derive(Debug)]
pub(crate) struct ResumedTiles {
    complete: TileSet,
    /// The complete tiles that the version owns.
    changed: TileSet,
}

impl ResumedTiles {
    pub(crate) fn none(context: &TreeContext) -> Self {
        Self { complete: TileSet::new(&context.geometry), changed: TileSet::new(&context.geometry) }
    }

    /// The state of `tile`, if it is complete.
    pub(crate) fn get(&self, tile: Tile) -> Option<ResumedTile> {
        let state = || if self.changed.contains(tile) { ResumedTile::Changed } else { ResumedTile::Unchanged };
        self.complete.contains(tile).then(state)
    }
}

/// An earlier attempt, and the version that it was for.
pub(crate) struct Attempt<'a> {
    pub(crate) context: &'a TreeContext,
    pub(crate) version: Version,
    pub(crate) levels: &'a LevelDirs,
    pub(crate) previous: Option<&'a Tree>,
    pub(crate) source: &'a SourceFolder,
    /// Whether a tile is one of the version's source tiles or lies above one.
    pub(crate) affects: &'a dyn Fn(Tile) -> bool,
}

impl Attempt<'_> {
    /// Finds the tiles to use again, and starts a new manifest in `folder` with their records.
    pub(crate) fn resume(&self, folder: &Path) -> Result<(ResumedTiles, ManifestWriter), StoreError> {
        let aside = folder.with_extension("before");
        if !aside.exists() {
            match std::fs::rename(folder, &aside) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(IoError::new("rename", aside, error).into());
                }
                _ => {}
            }
        }
        let mut bytes = Vec::new();
        let mut finished = TileSet::new(&self.context.geometry);
        let mut unchanged = TileSet::new(&self.context.geometry);
        for record in intact_records(&aside) {
            if self.is_finished(record, &mut bytes)? {
                finished.insert(record.tile);
                if record.role == Role::SourceUnchanged {
                    unchanged.insert(record.tile);
                }
            }
        }
        let resumed = self.complete_tiles(&finished, &unchanged)?;
        let writer = ManifestWriter::create(folder.to_owned())?;
        let mut recorded = TileSet::new(&self.context.geometry);
        for record in intact_records(&aside) {
            let tile = record.tile;
            if finished.contains(tile) && resumed.complete.contains(tile) && recorded.insert(tile) {
                writer.add(record)?;
            }
        }
        writer.flush()?;
        fs::remove_tree(&aside)?;
        Ok((resumed, writer))
    }

    /// Whether the tile matches its record.
    fn is_finished(&self, record: Record, bytes: &mut Vec<u8>) -> Result<bool, StoreError> {
        let (tile, geometry) = (record.tile, &self.context.geometry);
        if !geometry.contains(tile) || !(self.affects)(tile) {
            return Ok(false);
        }
        let is_source = geometry.is_source(tile);
        let name = self.context.tile_name(tile);
        if record.role == Role::Generated {
            if is_source {
                return Ok(false);
            }
            let level = self.levels.get(tile.level)?;
            let read = level.read(&name, self.context.max_tile_bytes(), bytes);
            let intact = read.is_ok() && bytes.len() as u64 == record.stamp.stat.length;
            return Ok(intact && xxh3_128(bytes) == record.stamp.hash);
        }
        if self.source.stat(tile.column, tile.row)? != Some(record.stamp.stat) || !is_source {
            return Ok(false);
        }
        if geometry.composes_base() {
            // No link leads to it.
            return Ok(true);
        }
        let level = self.levels.get(tile.level)?;
        Ok(match (record.role, self.previous) {
            (Role::SourceUnchanged, Some(previous)) => level.is_link_to(&name, &previous.link_target(tile)?),
            _ => level.is_link_to(&name, &self.context.link_text(tile, LinkTarget::Source(self.version))),
        })
    }

    /// Finds the complete tiles, from the user's upwards. Those in `unchanged` are finished as links to the previous version's.
    fn complete_tiles(&self, finished: &TileSet, unchanged: &TileSet) -> Result<ResumedTiles, StoreError> {
        let geometry = &self.context.geometry;
        let mut resumed = ResumedTiles::none(self.context);
        for level in (0..=geometry.source_level()).rev() {
            let grid = geometry.grid(level);
            for (row, column) in (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column))) {
                let tile = Tile { level, column, row };
                if !(self.affects)(tile) {
                    continue;
                }
                let complete = |input: Tile| resumed.complete.contains(input) || !(self.affects)(input);
                if !geometry.inputs(tile).iter().all(complete) {
                    continue;
                }
                if finished.contains(tile) {
                    resumed.complete.insert(tile);
                    if !unchanged.contains(tile) {
                        resumed.changed.insert(tile);
                    }
                } else if self.is_unchanged(tile)? {
                    resumed.complete.insert(tile);
                }
            }
        }
        Ok(resumed)
    }

    /// Whether a generated tile is a link to the owner of the previous version's tile.
    fn is_unchanged(&self, tile: Tile) -> Result<bool, StoreError> {
        let Some(previous) = self.previous.filter(|_| !self.context.geometry.is_source(tile)) else {
            return Ok(false);
        };
        let level = self.levels.get(tile.level)?;
        match level.read_link(&self.context.tile_name(tile)) {
            Ok(Some(found)) => Ok(found == previous.link_target(tile)?),
            _ => Ok(false),
        }
    }
}

/// The records in a manifest folder up to the first damaged one.
fn intact_records(folder: &Path) -> impl Iterator<Item = Record> {
    records(folder).into_iter().flatten().map_while(Result::ok)
}
