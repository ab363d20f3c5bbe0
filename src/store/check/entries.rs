//! Checking the entries of a tree: folders, descriptor, files and links, but not the contents of tiles.

use crate::geometry::Tile;
use crate::store::check::entry::{Expected, Found};
use crate::store::check::problem::Part;
use crate::store::check::unexpected::for_each_unexpected;
use crate::store::check::{Problem, ProblemKind, VersionCheck, name_under, tiles_of};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::fs::{Dir, read_file};
use crate::store::layout::{DESCRIPTOR, LEVELS, Version};
use crate::store::tree::{LevelDirs, Owners};
use rayon::prelude::*;
use std::path::Path;

/// Tiles checked together by all threads; bounds the memory.
const BATCH_TILES: usize = 16384;

/// The level folders of a tree that exist.
#[derive(Debug, Default)]
pub struct PresentLevels(pub(super) Vec<Option<Dir>>);

impl PresentLevels {
    /// The folder of a level, if it exists.
    pub(super) fn get(&self, level: u8) -> Option<&Dir> {
        self.0.get(usize::from(level))?.as_ref()
    }
}

impl VersionCheck<'_> {
    /// Checks the folders of the tree, its descriptor, which should be `descriptor`, and that nothing else is there.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn check_folders(&mut self, descriptor: &[u8]) -> Result<PresentLevels, StoreError> {
        let (context, version) = (self.context, self.version);
        let tree = context.tree(version);
        self.check_descriptor(&tree, descriptor);
        if !self.check_folder(&tree.join(LEVELS), LEVELS, Part::Tree) {
            return Ok(PresentLevels::default());
        }
        let mut present = Vec::new();
        for level in context.geometry.levels() {
            let path = LevelDirs::path(&tree, level);
            let exists = self.check_folder(&path, &format!("{LEVELS}/{level}"), Part::Level(level));
            present.push(exists.then(|| Dir::open(path)).transpose()?);
        }
        for_each_unexpected(context, version, |path| {
            let found = Found::at_path(&path).described();
            self.problems.add(Problem::unexpected(Some(version), name_under(&tree, &path), found));
        })?;
        Ok(PresentLevels(present))
    }

    /// Whether there is a folder at `path`, which messages call `name`.
    fn check_folder(&mut self, path: &Path, name: &str, part: Part) -> bool {
        let found = Found::at_path(path);
        if found == Found::Folder {
            return true;
        }
        self.problems.add(Problem {
            version: Some(self.version),
            path: name.into(),
            kind: found.as_wrong_kind(),
            expected: "a folder".into(),
            found: found.described(),
            part,
        });
        false
    }

    fn check_descriptor(&mut self, tree: &Path, descriptor: &[u8]) {
        let path = tree.join(DESCRIPTOR);
        let length = descriptor.len() as u64;
        let found = Found::at_path(&path);
        let (kind, found) = match found {
            Found::File(found_length) if found_length == length => match read_file(&path, length) {
                Ok(bytes) if bytes == descriptor => return,
                Ok(bytes) => {
                    let same = bytes.iter().zip(descriptor).take_while(|(found, expected)| found == expected).count();
                    let found = format!("one of {} bytes that differs from byte {same} on", bytes.len());
                    (ProblemKind::WrongDescriptor, found)
                }
                Err(error) => (ProblemKind::Unreadable, error.to_string()),
            },
            Found::File(_) => (ProblemKind::WrongDescriptor, found.described()),
            _ => (found.as_wrong_kind(), found.described()),
        };
        self.problems.add(Problem {
            version: Some(self.version),
            path: DESCRIPTOR.into(),
            kind,
            expected: format!("a file of {length} bytes, as the build writes it"),
            found,
            part: Part::Descriptor,
        });
    }

    /// Checks that each tile of the tree is a file or link as its owner implies.
    pub fn check_entries(&mut self, levels: &PresentLevels) {
        for level in self.context.geometry.levels() {
            let Some(folder) = levels.get(level) else { continue };
            let mut tiles = tiles_of(level, self.context.geometry.grid(level));
            loop {
                let batch: Vec<Tile> = tiles.by_ref().take(BATCH_TILES).collect();
                if batch.is_empty() {
                    break;
                }
                let (context, version, owners) = (self.context, self.version, &*self.owners);
                let check = |&tile: &Tile| check_entry(context, version, owners, folder, tile);
                let found: Vec<Problem> = batch.par_iter().filter_map(check).collect();
                found.into_iter().for_each(|problem| self.problems.add(problem));
                self.progress.advance(batch.len() as u64);
                if self.progress.is_cancelled() {
                    return;
                }
            }
        }
    }
}

fn check_entry(context: &TreeContext, version: Version, owners: &Owners, folder: &Dir, tile: Tile) -> Option<Problem> {
    let expected = Expected::new(context, version, tile, owners.link_target(tile)?);
    let found = Found::at(folder, context.tile_name(tile).as_str());
    let kind = found.differs(&expected)?;
    Some(Problem::of_tile(version, tile, context.format(), kind, expected.described(), found.described()))
}
