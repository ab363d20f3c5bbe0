//! What an earlier attempt at a version has left in staging, and how much of it is used again.
//!
//! An attempt that was killed leaves tiles, links, and the records of the tiles it had finished. A tile counts as finished
//! if its record is there and the tile is what the record says: a generated one by length and hash, a source tile by
//! length and time, a link by its target. It is *complete* if all affected tiles below it are finished too; then the walk
//! need not go below it. All else is made anew over what is there.

use crate::geometry::{Tile, TileSet};
use crate::store::error::StoreError;
use crate::store::fs::files;
use crate::store::layout::{Version, link_to_source, source_name, tile_name};
use crate::store::source::sources::SourceFolder;
use crate::store::state::manifest::{self, ManifestWriter, Record, Role};
use crate::store::tree::staging::ResumedTile;
use crate::store::tree::tree::{LevelFolders, Tree, TreeContext};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// What an attempt was begun with. With anything else, nothing of it can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    encoder: u32,
    settings: crate::format::Settings,
    /// The version below, and a fingerprint of what it owns.
    below: Option<(Version, String)>,
}

const BASIS: &str = "basis.json";
/// The most bytes of it; a whole one has under a thousand.
const MAX_BASIS: u64 = 1 << 16;

impl Basis {
    pub(crate) fn new(trees: &TreeContext, encoder: u32, previous: Option<&Tree>) -> Result<Self, StoreError> {
        let below = previous.map(|tree| {
            let fingerprint = manifest::fingerprint(&trees.manifest(tree.version()))?;
            Ok::<_, StoreError>((tree.version(), format!("{fingerprint:016x}")))
        });
        Ok(Self { encoder, settings: trees.settings.clone(), below: below.transpose()? })
    }

    /// Its file in the folder of an attempt.
    pub(crate) fn path(staged: &Path) -> PathBuf {
        staged.join(BASIS)
    }

    /// Whether the attempt in `staged` began with this.
    pub(crate) fn is_that_of(&self, staged: &Path) -> bool {
        let found = files::read_file(&Self::path(staged), MAX_BASIS);
        found.is_ok_and(|bytes| serde_json::from_slice(&bytes).is_ok_and(|found: Self| found == *self))
    }

    pub(crate) fn write(&self, staged: &Path) -> Result<(), StoreError> {
        let path = Self::path(staged);
        let text = serde_json::to_vec(self)
            .map_err(|error| StoreError::Damaged { path: path.clone(), problem: error.to_string() })?;
        Ok(files::replace_file(&path, &text)?)
    }
}

/// What an attempt needs to know of the version it is about.
pub(crate) struct Attempt<'a> {
    pub(crate) trees: &'a TreeContext,
    pub(crate) version: Version,
    pub(crate) levels: &'a LevelFolders,
    pub(crate) previous: Option<&'a Tree>,
    pub(crate) source: &'a SourceFolder,
    /// Whether a tile lies over a source tile of the version, or is one.
    pub(crate) affects: &'a dyn Fn(Tile) -> bool,
}

/// What can be used again.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Tiles below which nothing is to be done.
    complete: TileSet,
    /// Those of them that are new in this version.
    new: TileSet,
}

impl Finished {
    /// Nothing.
    pub(crate) fn nothing(trees: &TreeContext) -> Self {
        Self { complete: TileSet::new(&trees.geometry), new: TileSet::new(&trees.geometry) }
    }

    /// What is known of `tile`, if it is complete.
    pub(crate) fn get(&self, tile: Tile) -> Option<ResumedTile> {
        let state = || if self.new.contains(tile) { ResumedTile::Changed } else { ResumedTile::Unchanged };
        self.complete.contains(tile).then(state)
    }
}

impl Attempt<'_> {
    /// Looks through what is there; begins the manifest in `folder` anew with the records that still hold.
    pub(crate) fn resume(&self, folder: &Path) -> Result<(Finished, ManifestWriter), StoreError> {
        let mut finished = Finished::nothing(self.trees);
        let aside = folder.with_extension("before");
        if !aside.exists() {
            std::fs::rename(folder, &aside).or_else(ignore_missing).map_err(|error| self.io(&aside, error))?;
        }
        let mut bytes = Vec::new();
        let mut seen = TileSet::new(&self.trees.geometry);
        for record in whole_records(&aside) {
            if self.is_finished(record, &mut bytes)? {
                seen.insert(record.tile);
            }
        }
        self.complete(&seen, &mut finished)?;
        let writer = ManifestWriter::create(folder.to_owned())?;
        let mut kept = TileSet::new(&self.trees.geometry);
        for record in whole_records(&aside) {
            if seen.contains(record.tile) && self.is_used(record.tile, &finished) && !kept.contains(record.tile) {
                kept.insert(record.tile);
                writer.add(record)?;
            }
        }
        writer.flush()?;
        files::remove_tree(&aside)?;
        Ok((finished, writer))
    }

    fn io(&self, path: &Path, source: std::io::Error) -> StoreError {
        crate::store::error::IoError { action: "rename", path: path.to_owned(), source }.into()
    }

    /// Whether the walk will pass over the tile: a generated one is asked for, a source tile only if its parent is not
    /// complete.
    fn is_used(&self, tile: Tile, finished: &Finished) -> bool {
        let geometry = &self.trees.geometry;
        let asked = if tile.level == geometry.base_level() { tile.parent() } else { Some(tile) };
        asked.is_some_and(|tile| finished.complete.contains(tile))
    }

    /// Whether the tile is what its record says.
    fn is_finished(&self, record: Record, bytes: &mut Vec<u8>) -> Result<bool, StoreError> {
        let (tile, geometry) = (record.tile, &self.trees.geometry);
        if !geometry.contains(tile) || !(self.affects)(tile) {
            return Ok(false);
        }
        let name = tile_name(tile, self.trees.format());
        let level = self.levels.get(tile.level, Path::new(name.as_str()))?;
        if record.role == Role::Generated {
            let most = self.trees.max_tile_bytes();
            let read = files::read_at(level, name.as_str(), Path::new(name.as_str()), most, bytes);
            let whole = read.is_ok() && bytes.len() as u64 == record.stamp.length;
            return Ok(whole && tile.level != geometry.base_level() && xxh3_128(bytes) == record.stamp.hash);
        }
        let stamp = self.source.stat(tile.column, tile.row)?;
        if tile.level != geometry.base_level() || stamp != Some(record.stamp.stat()) {
            return Ok(false);
        }
        let expected = match (record.role, self.previous) {
            (Role::SourceUnchanged, Some(previous)) => previous.link_target(tile)?,
            _ => {
                let name = source_name(self.trees.naming(), tile.column, tile.row, self.trees.format());
                link_to_source(self.trees.place, self.version, &name).as_str().to_owned()
            }
        };
        Ok(files::link_target_at(level, &name).is_some_and(|found| found == expected))
    }

    /// Finds the complete tiles, from the base upwards.
    fn complete(&self, seen: &TileSet, finished: &mut Finished) -> Result<(), StoreError> {
        let geometry = &self.trees.geometry;
        for level in geometry.levels().rev() {
            let grid = geometry.grid(level);
            for (row, column) in (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column))) {
                let tile = Tile { level, column, row };
                if !(self.affects)(tile) {
                    continue;
                }
                let all_below = level == geometry.base_level()
                    || geometry
                        .children(tile)
                        .into_iter()
                        .flatten()
                        .all(|child| finished.complete.contains(child) || !(self.affects)(child));
                if !all_below {
                    continue;
                }
                if seen.contains(tile) {
                    finished.complete.insert(tile);
                    finished.new.insert(tile);
                } else if self.is_kept(tile)? {
                    finished.complete.insert(tile);
                }
            }
        }
        Ok(())
    }

    /// Whether the tile is a link to what the previous version shows, although something below it was patched.
    fn is_kept(&self, tile: Tile) -> Result<bool, StoreError> {
        let Some(previous) = self.previous.filter(|_| tile.level != self.trees.geometry.base_level()) else {
            return Ok(false);
        };
        let name = tile_name(tile, self.trees.format());
        let level = self.levels.get(tile.level, Path::new(name.as_str()))?;
        match files::link_target_at(level, &name) {
            Some(found) => Ok(found == previous.link_target(tile)?),
            None => Ok(false),
        }
    }
}

fn ignore_missing(error: std::io::Error) -> Result<(), std::io::Error> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// The records in a manifest's folder up to the first that is torn.
fn whole_records(folder: &Path) -> impl Iterator<Item = Record> {
    manifest::records(folder).into_iter().flatten().map_while(Result::ok)
}
