//! The stage that deletes nothing: files get a second name at their new owner, links follow, and new manifests are written
//! beside the old ones. It can be repeated from its beginning at any time.

use crate::geometry::Tile;
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs;
use crate::store::layout::{LinkTarget, Version};
use crate::store::state::{ManifestFields, ManifestWriter, Record};
use crate::store::vacuum::plan::{Relink, TileKind};
use crate::store::vacuum::{Vacuum, VacuumSteps};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of a file or link in the vacuum's folder until it is renamed into its place.
const BESIDE: &str = "entry";

/// How often the stage visits each tile.
pub(super) const PASSES: u64 = 3;

impl Vacuum {
    /// Runs the whole stage. Returns the versions with a new manifest, each with the hash of its records.
    pub(super) fn move_tiles(&self, steps: &VacuumSteps<'_>) -> Result<Vec<(Version, String)>, StoreError> {
        let folder = self.context.layout.vacuum();
        fs::remove_tree(&folder)?;
        fs::create_folder(&folder)?;
        self.for_each_tile(steps, |tile, _, plan| {
            for owner in plan.owners.iter().filter(|owner| owner.file != owner.at) {
                match self.kind(tile) {
                    TileKind::Base | TileKind::Plain => self.place_source(tile, owner.file, owner.at, steps)?,
                    TileKind::Generated => self.place_generated(tile, owner.file, owner.at, steps)?,
                }
            }
            Ok(())
        })?;
        // A link must not reach the disk before the file that it leads to.
        self.flush_all()?;
        self.for_each_tile(steps, |tile, entries, plan| {
            for relink in self.plan.relinks(self.kind(tile), entries, plan) {
                self.relink(tile, &relink, steps)?;
            }
            Ok(())
        })?;
        let manifests = self.write_manifests(steps)?;
        self.flush_all()?;
        Ok(manifests)
    }

    /// Flushes trees and sources, each file system once: they may be on several.
    fn flush_all(&self) -> Result<(), IoError> {
        let sources = (0..self.manifests.len()).filter(|&at| self.plan.rewrites(at)).map(|at| self.source(at));
        let mut flushed = BTreeSet::new();
        for folder in [self.context.layout.dest()].into_iter().chain(sources) {
            let device = std::fs::metadata(&folder).context("read", &folder)?.dev();
            if flushed.insert(device) {
                fs::flush_file_system(&folder)?;
            }
        }
        Ok(())
    }

    /// Gives a source tile a second name in the folder of its new owner.
    fn place_source(&self, tile: Tile, from: usize, to: usize, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let name = self.context.source_name(tile.column, tile.row);
        let [from, to] = [from, to].map(|at| self.source(at).join(name.as_str()));
        steps.check()?;
        let mut linked = std::fs::hard_link(&from, &to);
        if linked.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound)
            && let Some(folder) = to.parent()
        {
            // The folder of a column or row that its new owner has no tile of yet.
            std::fs::create_dir_all(folder).context("create", folder)?;
            linked = std::fs::hard_link(&from, &to);
        }
        match linked {
            Ok(()) => {
                steps.count_change();
                return Ok(());
            }
            // A killed run created it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(_) => steps.count_change(),
        }
        // Another disk, or one without second names. Names that start with a dot are not tiles.
        let file = to.file_name().unwrap_or_default().to_string_lossy();
        let beside = to.with_file_name(format!(".{file}.new"));
        copy(&from, &beside)?;
        Ok(fs::rename(&beside, &to)?)
    }

    /// Gives a generated tile a second name in the tree of its new owner, in place of a link to it.
    fn place_generated(&self, tile: Tile, from: usize, to: usize, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let [from, to] = [from, to].map(|at| self.context.tile(self.version(at), tile));
        if to.symlink_metadata().context("read", &to)?.is_file() {
            return Ok(());
        }
        // The trees were checked before, so it was lost since then. Its place stays empty, and repair makes the tile again.
        if from.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        steps.begin_change()?;
        let beside = self.create_beside(|beside| std::fs::hard_link(&from, beside)).or_else(|_| {
            // Never copy into an existing file: that may be another name of some tile.
            let beside = self.beside();
            fs::remove_file(&beside)?;
            copy(&from, &beside)?;
            Ok::<_, IoError>(beside)
        })?;
        steps.begin_change()?;
        Ok(fs::rename(&beside, &to)?)
    }

    /// Makes one link lead to the new owner of its tile.
    fn relink(&self, tile: Tile, relink: &Relink, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let owner = self.version(relink.owner);
        let wanted = match self.kind(tile) {
            TileKind::Base | TileKind::Plain => LinkTarget::Source(owner),
            TileKind::Generated => LinkTarget::Tree(owner),
        };
        let leads_to_owner = |path: &Path| {
            let found = std::fs::read_link(path).ok();
            let found = found.as_deref().and_then(Path::to_str);
            found.and_then(|found| self.context.parse_link(tile, found)) == Some(wanted)
        };
        let path = self.context.tile(self.version(relink.tree), tile);
        if leads_to_owner(&path) {
            return Ok(());
        }
        // Trees share links, so that a million links in a hundred trees do not take a hundred million inodes.
        let donor = relink.donor.map(|donor| self.context.tile(self.version(donor), tile));
        let donor = donor.filter(|donor| leads_to_owner(donor));
        steps.begin_change()?;
        let shared = donor.and_then(|donor| self.create_beside(|beside| std::fs::hard_link(&donor, beside)).ok());
        let beside = match shared {
            Some(beside) => beside,
            None => {
                let target = self.context.link_text(tile, wanted);
                self.create_beside(|beside| std::os::unix::fs::symlink(target.as_str(), beside))?
            }
        };
        steps.begin_change()?;
        Ok(fs::rename(&beside, &path)?)
    }

    /// The path of a file or link until it is renamed into its place.
    fn beside(&self) -> PathBuf {
        self.context.layout.vacuum().join(BESIDE)
    }

    /// Creates a file or link out of sight, in place of one that a killed run left.
    fn create_beside(&self, create: impl Fn(&Path) -> std::io::Result<()>) -> Result<PathBuf, IoError> {
        let path = self.beside();
        match create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&path)?;
                create(&path).context("link", &path)?;
            }
            result => result.context("link", &path)?,
        }
        Ok(path)
    }

    fn write_manifests(&self, steps: &VacuumSteps<'_>) -> Result<Vec<(Version, String)>, StoreError> {
        steps.begin_change()?;
        let mut writers: Vec<Option<ManifestWriter>> = Vec::new();
        for at in 0..self.manifests.len() {
            let folder = self.context.layout.vacuumed_manifest(self.version(at));
            let rewritten = self.plan.rewrites(at);
            writers.push(rewritten.then(|| ManifestWriter::create(folder)).transpose()?);
        }
        self.for_each_tile(steps, |tile, _, plan| {
            for entry in &plan.records {
                if let Some(Some(writer)) = writers.get(entry.at) {
                    writer.add(Record { role: entry.role, tile, stamp: entry.stamp })?;
                }
            }
            Ok(())
        })?;
        let mut written = Vec::new();
        for (at, writer) in writers.into_iter().enumerate() {
            let (Some(writer), Some(old)) = (writer, self.manifests.get(at)) else { continue };
            // Where tiles of several encoders come together, the oldest is recorded.
            let givers = self.plan.givers(at).filter_map(|giver| self.manifests.get(giver));
            let encoder = givers.map(|giver| giver.encoder).min().unwrap_or(old.encoder);
            let new = writer.finish(ManifestFields { encoder, ..ManifestFields::of(old) })?;
            written.push((new.version, new.records_hash));
        }
        Ok(written)
    }
}

/// Copies a file with its modification time.
fn copy(from: &Path, to: &Path) -> Result<(), IoError> {
    std::fs::copy(from, to).context("copy", from)?;
    let time = std::fs::metadata(from).and_then(|found| found.modified()).context("read", from)?;
    let file = File::options().write(true).open(to).context("open", to)?;
    file.set_modified(time).context("write", to)
}
