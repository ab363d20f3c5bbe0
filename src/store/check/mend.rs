//! Putting right what does not stand as it should in published trees. The caller holds the lock.
//!
//! Files and links are made beside and renamed over what is there. What a rename cannot replace, and what does not
//! belong, is moved to the trash, never deleted.

use crate::geometry::Tile;
use crate::store::check::entries::{
    Expected, Found, PresentLevels, for_each_served_stranger, for_each_stranger, name_under, open_level, tiles_of,
};
use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::{DESCRIPTOR, LEVELS, Version, tile_name, tile_path};
use crate::store::tree::owners::Owners;
use crate::store::tree::publish;
use crate::store::tree::tree::TreeContext;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What was done about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairAction {
    /// A folder was created.
    FolderCreated,
    /// A dzi.xml was written again.
    DescriptorWritten,
    /// A link was made again.
    LinkMade,
    /// A generated tile was made again from its children.
    TileMade,
    /// What does not belong was moved to the trash.
    MovedToTrash,
    /// A version was built again.
    VersionBuilt,
}

/// Mends; tells of each thing it did.
pub struct Repairer<'a> {
    trees: &'a TreeContext,
    report: &'a mut (dyn FnMut(Option<Version>, &str, RepairAction) + Send),
    moved: u64,
}

impl<'a> Repairer<'a> {
    /// Mends these trees; `tell` is told version, path and what was done.
    pub fn new(
        trees: &'a TreeContext,
        report: &'a mut (dyn FnMut(Option<Version>, &str, RepairAction) + Send),
    ) -> Self {
        Self { trees, report, moved: 0 }
    }

    fn report(&mut self, version: Option<Version>, path: &Path, what: RepairAction) {
        let folder = version.map_or_else(|| self.trees.layout.root().to_owned(), |version| self.trees.tree(version));
        (self.report)(version, &name_under(&folder, path), what);
    }

    /// A version was built again.
    pub fn report_built(&mut self, version: Version) {
        let path = self.trees.tree(version);
        self.report(None, &path, RepairAction::VersionBuilt);
    }

    /// Makes the folders of a tree where they are not, and writes its descriptor where it is not `descriptor`.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn repair_folders(&mut self, version: Version, descriptor: &[u8]) -> Result<PresentLevels, StoreError> {
        let tree = self.trees.tree(version);
        self.folder(version, &tree.join(LEVELS))?;
        let mut present = Vec::new();
        for level in self.trees.geometry.levels() {
            self.folder(version, &tree.join(LEVELS).join(level.to_string()))?;
            present.push(Some(open_level(&tree, level)?));
        }
        let path = tree.join(DESCRIPTOR);
        let found = Found::at_path(&path);
        let right = found == Found::File(descriptor.len() as u64)
            && files::read_file(&path, descriptor.len() as u64).is_ok_and(|bytes| bytes == descriptor);
        if !right {
            self.clear(&path, &found)?;
            self.put_file(&path, descriptor)?;
            self.report(Some(version), &path, RepairAction::DescriptorWritten);
        }
        Ok(PresentLevels(present))
    }

    fn folder(&mut self, version: Version, path: &Path) -> Result<(), StoreError> {
        let found = Found::at_path(path);
        if found == Found::Folder {
            return Ok(());
        }
        if found != Found::Nothing {
            self.move_to_trash(path)?;
        }
        files::create_folder(path)?;
        self.report(Some(version), path, RepairAction::FolderCreated);
        Ok(())
    }

    /// Makes every link of a tree that is not as its owner implies. Tiles that have to be files are left to
    /// [`Repairer::write_tile`].
    ///
    /// # Errors
    /// The file system refuses.
    pub fn repair_links(
        &mut self,
        version: Version,
        owners: &Owners,
        levels: &PresentLevels,
    ) -> Result<(), StoreError> {
        for level in self.trees.geometry.levels() {
            let Some(folder) = levels.get(level) else { continue };
            for tile in tiles_of(level, self.trees.geometry.grid(level)) {
                let Some(owner) = owners.link_target(tile) else { continue };
                let expected = Expected::of(self.trees, version, tile, owner);
                let Expected::Link(target) = &expected else { continue };
                let found = Found::at(folder, tile_name(tile, self.trees.format()).as_str());
                if found.differs(&expected).is_some() {
                    let path = self.path(version, tile);
                    self.clear(&path, &found)?;
                    let beside = self.beside()?;
                    std::os::unix::fs::symlink(target.as_str(), &beside).context("link", &beside)?;
                    std::fs::rename(&beside, &path).context("rename", &beside)?;
                    self.report(Some(version), &path, RepairAction::LinkMade);
                }
            }
        }
        Ok(())
    }

    /// Puts a generated tile into the tree of its owner.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write_tile(&mut self, version: Version, tile: Tile, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(version, tile);
        let found = Found::at_path(&path);
        self.clear(&path, &found)?;
        self.put_file(&path, bytes)?;
        self.report(Some(version), &path, RepairAction::TileMade);
        Ok(())
    }

    /// Moves everything in a tree that does not belong there to the trash.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn trash_unexpected(&mut self, version: Version) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for_each_stranger(self.trees, version, |path| {
            found.push(path.to_owned());
            Ok(())
        })?;
        self.all_to_trash(Some(version), found)
    }

    /// Moves everything in `dest/dzi` that is neither a tree of `versions` nor `latest` to the trash, and makes `latest`
    /// lead to the highest version, provided that its tree is there.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn repair_served_folder(&mut self, versions: &[Version]) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for_each_served_stranger(self.trees, versions, &|_| false, |path| {
            found.push(path.to_owned());
            Ok(())
        })?;
        self.all_to_trash(None, found)?;
        let Some(&highest) = versions.last() else { return Ok(()) };
        if Found::at_path(&self.trees.layout.tree(highest)) != Found::Folder {
            return Ok(());
        }
        let latest = self.trees.layout.latest();
        let found = Found::at_path(&latest);
        if found != Found::Link(highest.to_string().into_bytes()) {
            self.clear(&latest, &found)?;
            publish::point_latest_to(&self.trees.layout, highest)?;
            self.report(None, &latest, RepairAction::LinkMade);
        }
        Ok(())
    }

    /// Moves what stands in the place of a version's tree, and is no folder, to the trash.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn trash_non_folder_tree(&mut self, version: Version) -> Result<(), StoreError> {
        let tree = self.trees.layout.tree(version);
        match Found::at_path(&tree) {
            Found::Folder | Found::Nothing => Ok(()),
            _ => self.all_to_trash(None, vec![tree]),
        }
    }

    /// Moves a manifest to the trash, so that its version counts as not published.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn trash_manifest(&mut self, version: Version) -> Result<(), StoreError> {
        let folder = self.trees.layout.manifest(version);
        if Found::at_path(&folder) == Found::Nothing {
            return Ok(());
        }
        self.move_to_trash(&folder)
    }

    fn all_to_trash(&mut self, version: Option<Version>, mut paths: Vec<PathBuf>) -> Result<(), StoreError> {
        paths.sort();
        for path in paths {
            self.move_to_trash(&path)?;
            self.report(version, &path, RepairAction::MovedToTrash);
        }
        Ok(())
    }

    fn path(&self, version: Version, tile: Tile) -> PathBuf {
        self.trees.tree(version).join(tile_path(tile, self.trees.format()))
    }

    /// Makes way for a rename: files and links are replaced by it, all else goes to the trash.
    fn clear(&mut self, path: &Path, found: &Found) -> Result<(), StoreError> {
        match found {
            Found::Nothing | Found::File(_) | Found::Link(_) => Ok(()),
            _ => self.move_to_trash(path),
        }
    }

    /// Moves something out of sight under a name that is not taken.
    fn move_to_trash(&mut self, path: &Path) -> Result<(), StoreError> {
        let trash = self.trees.layout.trash();
        files::create_folder(&trash)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        loop {
            self.moved += 1;
            let place = trash.join(format!("repair-{}-{name}", self.moved));
            if Found::at_path(&place) == Found::Nothing {
                return Ok(std::fs::rename(path, &place).context("rename", path)?);
            }
        }
    }

    fn put_file(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let beside = self.beside()?;
        let mut file = File::create_new(&beside).context("create", &beside)?;
        file.write_all(bytes).context("write", &beside)?;
        file.sync_all().context("flush", &beside)?;
        Ok(std::fs::rename(&beside, path).context("rename", &beside)?)
    }

    /// Where things are made before they are renamed into place; nothing is there.
    fn beside(&self) -> Result<PathBuf, StoreError> {
        let path = self.trees.layout.state().join("repair.new");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("delete", &path)?,
            _ => Ok(path),
        }
    }
}
