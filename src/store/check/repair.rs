//! Repairing published trees (docs/maintenance.md). The caller holds the lock.
//!
//! Files and links are written beside their places and then renamed. Whatever a rename cannot replace, or does not belong in
//! a tree, is moved to `dest/.fast_pyramid/found` and never deleted.

use crate::geometry::Tile;
use crate::store::check::entry::{Expected, Found};
use crate::store::check::unexpected::for_each_unexpected;
use crate::store::check::{PresentLevels, name_under, tiles_of};
use crate::store::context::TreeContext;
use crate::store::error::{Context, StoreError};
use crate::store::fs::{self, Dir};
use crate::store::layout::{DESCRIPTOR, LEVELS, LinkTarget, Version};
use crate::store::tree::{LevelDirs, Owners, move_to_found, point_latest_to};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How something was repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairAction {
    /// A folder was created.
    FolderCreated,
    /// A dzi.xml was written again.
    DescriptorWritten,
    /// A link was created again.
    LinkMade,
    /// A generated tile was regenerated.
    TileMade,
    /// Something unexpected was moved to `dest/.fast_pyramid/found`.
    MovedToFound,
    /// A version was built again.
    VersionBuilt,
}

/// Repairs trees, and reports each repair.
pub struct Repairer<'a> {
    context: &'a TreeContext,
    report: &'a mut (dyn FnMut(Option<Version>, &str, RepairAction) + Send),
}

impl<'a> Repairer<'a> {
    /// Repairs the trees of a pyramid; `report` receives version, path and action of each repair.
    pub fn new(
        context: &'a TreeContext,
        report: &'a mut (dyn FnMut(Option<Version>, &str, RepairAction) + Send),
    ) -> Self {
        Self { context, report }
    }

    fn report(&mut self, version: Option<Version>, path: &Path, action: RepairAction) {
        let root = self.context.layout.root();
        let folder = version.map_or_else(|| root.to_owned(), |version| self.context.tree(version));
        (self.report)(version, &name_under(&folder, path), action);
    }

    /// Reports that a version was built again.
    pub fn report_built(&mut self, version: Version) {
        let path = self.context.tree(version);
        self.report(None, &path, RepairAction::VersionBuilt);
    }

    /// Creates the missing folders of a tree, and writes its descriptor unless it is `descriptor`.
    ///
    /// # Errors
    /// A file or folder cannot be created, read or renamed.
    pub fn repair_folders(&mut self, version: Version, descriptor: &[u8]) -> Result<PresentLevels, StoreError> {
        let tree = self.context.tree(version);
        self.repair_folder(version, &tree.join(LEVELS))?;
        let mut present = Vec::new();
        for level in self.context.geometry.levels() {
            let path = LevelDirs::path(&tree, level);
            self.repair_folder(version, &path)?;
            present.push(Some(Dir::open(path)?));
        }
        let (path, length) = (tree.join(DESCRIPTOR), descriptor.len() as u64);
        let found = Found::at_path(&path);
        let intact =
            found == Found::File(length) && fs::read_file(&path, length).is_ok_and(|bytes| bytes == descriptor);
        if !intact {
            self.write_file(version, &path, &found, descriptor)?;
            self.report(Some(version), &path, RepairAction::DescriptorWritten);
        }
        Ok(PresentLevels(present))
    }

    fn repair_folder(&mut self, version: Version, path: &Path) -> Result<(), StoreError> {
        match Found::at_path(path) {
            Found::Folder => return Ok(()),
            Found::Nothing => {}
            _ => self.move_all(Some(version), vec![path.to_owned()])?,
        }
        fs::create_folder(path)?;
        self.report(Some(version), path, RepairAction::FolderCreated);
        Ok(())
    }

    /// Creates every missing or wrong link of a tree. Tiles that should be files are left to [`Repairer::write_tile`].
    ///
    /// # Errors
    /// A link cannot be created or renamed.
    pub fn repair_links(
        &mut self,
        version: Version,
        owners: &Owners,
        levels: &PresentLevels,
    ) -> Result<(), StoreError> {
        for level in self.context.geometry.levels() {
            let Some(folder) = levels.get(level) else { continue };
            for tile in tiles_of(level, self.context.geometry.grid(level)) {
                let Some(owner) = owners.link_target(tile) else { continue };
                let expected = Expected::new(self.context, version, tile, owner);
                let Expected::Link(target) = &expected else { continue };
                let found = Found::at(folder, self.context.tile_name(tile).as_str());
                if found.differs(&expected).is_some() {
                    let path = self.context.tile(version, tile);
                    if matches!(found, Found::File(_)) && !self.is_copy_of_owner(&path, tile, owner) {
                        self.move_all(Some(version), vec![path.clone()])?;
                    }
                    self.clear(Some(version), &path, &found)?;
                    let beside = self.beside();
                    fs::remove_file(&beside)?;
                    std::os::unix::fs::symlink(target.as_str(), &beside).context("link", &beside)?;
                    fs::rename(&beside, &path)?;
                    self.report(Some(version), &path, RepairAction::LinkMade);
                }
            }
        }
        Ok(())
    }

    /// Writes a generated tile into the tree of its owner.
    ///
    /// # Errors
    /// The file cannot be written or renamed.
    pub fn write_tile(&mut self, version: Version, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.context.tile(version, tile);
        self.write_file(version, &path, &Found::at_path(&path), bytes)?;
        self.report(Some(version), &path, RepairAction::TileMade);
        Ok(())
    }

    /// Moves everything that does not belong in a tree out of it.
    ///
    /// # Errors
    /// A folder cannot be read, or something cannot be renamed.
    pub fn move_unexpected(&mut self, version: Version) -> Result<(), StoreError> {
        let mut paths = Vec::new();
        for_each_unexpected(self.context, version, |path| paths.push(path))?;
        self.move_all(Some(version), paths)
    }

    /// Points `latest` to the highest version, if that has a tree. Other entries of `dest/dzi` are left alone.
    ///
    /// # Errors
    /// Something cannot be renamed.
    pub fn repair_latest(&mut self, versions: &[Version]) -> Result<(), StoreError> {
        let Some(&highest) = versions.last() else { return Ok(()) };
        if Found::at_path(&self.context.layout.tree(highest)) != Found::Folder {
            return Ok(());
        }
        let latest = self.context.layout.latest();
        let found = Found::at_path(&latest);
        if found != Found::Link(highest.to_string().into_bytes()) {
            self.clear(None, &latest, &found)?;
            point_latest_to(&self.context.layout, highest)?;
            self.report(None, &latest, RepairAction::LinkMade);
        }
        Ok(())
    }

    /// Moves away whatever is in the place of a version's tree, unless it is a folder.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn move_non_folder_tree(&mut self, version: Version) -> Result<(), StoreError> {
        let tree = self.context.layout.tree(version);
        match Found::at_path(&tree) {
            Found::Folder | Found::Nothing => Ok(()),
            _ => self.move_all(None, vec![tree]),
        }
    }

    /// Deletes the damaged manifest of a version, so that the version counts as not published.
    ///
    /// # Errors
    /// It cannot be deleted.
    pub fn delete_manifest(&self, version: Version) -> Result<(), StoreError> {
        Ok(fs::remove_tree(&self.context.layout.manifest(version))?)
    }

    fn move_all(&mut self, version: Option<Version>, mut paths: Vec<PathBuf>) -> Result<(), StoreError> {
        paths.sort();
        for path in paths {
            move_to_found(&self.context.layout, &path)?;
            self.report(version, &path, RepairAction::MovedToFound);
        }
        Ok(())
    }

    /// Whether the file in place of a link has the owner's bytes, as after a copy that follows links. Any other is not the
    /// tool's.
    fn is_copy_of_owner(&self, path: &Path, tile: Tile, owner: LinkTarget) -> bool {
        let mut bytes = Vec::new();
        self.context.read_owned(tile, owner, &mut bytes).is_ok()
            && fs::read_file(path, bytes.len() as u64).is_ok_and(|found| found == bytes)
    }

    /// Makes way for a rename, which replaces only files and links.
    fn clear(&mut self, version: Option<Version>, path: &Path, found: &Found) -> Result<(), StoreError> {
        match found {
            Found::Nothing | Found::File(_) | Found::Link(_) => Ok(()),
            _ => self.move_all(version, vec![path.to_owned()]),
        }
    }

    /// Writes a file in place of `found`.
    fn write_file(&mut self, version: Version, path: &Path, found: &Found, bytes: &[u8]) -> Result<(), StoreError> {
        self.clear(Some(version), path, found)?;
        Ok(fs::replace_file_via(&self.beside(), path, bytes)?)
    }

    /// The path of a file or link until it is renamed into its place.
    fn beside(&self) -> PathBuf {
        self.context.layout.state().join("repair.new")
    }
}
