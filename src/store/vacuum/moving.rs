//! The stage in which nothing goes: files get a second name at their new owner, then links follow, then the new manifests
//! are written beside the old ones. All of it can be done again from the beginning.

use super::plan::Relink;
use super::{Vacuum, VacuumSteps, flush, rename};
use crate::geometry::Tile;
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::layout::{LinkTarget, Version, link_to_source, link_to_tree, parse_link, source_name, tile_path};
use crate::store::state::manifest::{ManifestWriter, Record};
use crate::store::tree::publish::remove_file;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of what is made in the vacuum's own folder before it is renamed to its place.
const BESIDE: &str = "entry";

/// How often the stage goes through all tiles.
pub(super) const PASSES: u64 = 3;

impl Vacuum {
    /// Does the whole stage and returns the versions with a new manifest, each with the hash of its records.
    pub(super) fn move_tiles(&self, steps: &VacuumSteps<'_>) -> Result<Vec<(Version, String)>, StoreError> {
        let beside = self.layout.vacuum();
        files::remove_tree(&beside)?;
        files::create_folder(&beside)?;
        self.for_each_tile(steps, |tile, _, plan| {
            for owner in plan.owners.iter().filter(|owner| owner.file != owner.at) {
                if tile.level == self.geometry.base_level() {
                    self.place_source(tile, owner.file, owner.at, steps)?;
                } else {
                    self.place_generated(tile, owner.file, owner.at, steps)?;
                }
            }
            Ok(())
        })?;
        // A link must not reach the disk before the file that it leads to.
        self.flush_all()?;
        self.for_each_tile(steps, |tile, entries, plan| {
            for relink in self.plan.relinks(tile.level == self.geometry.base_level(), entries, plan) {
                self.relink(tile, &relink, steps)?;
            }
            Ok(())
        })?;
        let manifests = self.write_manifests(steps)?;
        self.flush_all()?;
        Ok(manifests)
    }

    /// Both the trees and the sources, which may be on other disks.
    fn flush_all(&self) -> Result<(), IoError> {
        let sources = (0..self.manifests.len()).filter(|&at| self.plan.rewrites(at)).map(|at| self.source(at));
        flush([self.layout.dest()].into_iter().chain(sources))
    }

    /// Gives a source tile a second name in the folder of its new owner.
    fn place_source(&self, tile: Tile, from: usize, to: usize, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let name = source_name(self.settings.tile_naming, tile.column, tile.row, &self.settings.format);
        let (from, folder) = (self.source(from).join(name.as_str()), self.source(to));
        let to = folder.join(name.as_str());
        steps.go_on()?;
        match std::fs::hard_link(&from, &to) {
            Ok(()) => {
                steps.made();
                return Ok(());
            }
            // By a run that was killed.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(_) => steps.made(),
        }
        // Another disk, or one without second names. A name with a dot in front is no tile.
        let beside = folder.join(format!(".{name}.new"));
        copy(&from, &beside)?;
        Ok(rename(&beside, &to)?)
    }

    /// Gives a generated tile a second name in the tree of its new owner, where a link to it was.
    fn place_generated(&self, tile: Tile, from: usize, to: usize, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let inside = tile_path(tile, &self.settings.format);
        let (from, to) = (self.tree(from).join(&inside), self.tree(to).join(&inside));
        if to.symlink_metadata().context("read", &to)?.is_file() {
            return Ok(());
        }
        steps.take()?;
        let beside = self.beside(|beside| std::fs::hard_link(&from, beside)).or_else(|_| {
            // Never into what is there: it could be another name of some tile.
            let beside = self.layout.vacuum().join(BESIDE);
            remove_file(&beside).and_then(|()| copy(&from, &beside)).map(|()| beside)
        })?;
        steps.take()?;
        Ok(rename(&beside, &to)?)
    }

    /// Makes one link lead to its tile's new owner.
    fn relink(&self, tile: Tile, relink: &Relink, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
        let (format, naming) = (&self.settings.format, self.settings.tile_naming);
        let inside = tile_path(tile, format);
        let owner = self.version(relink.owner);
        let (target, wanted) = if tile.level == self.geometry.base_level() {
            let name = source_name(naming, tile.column, tile.row, format);
            (link_to_source(self.place, owner, &name), LinkTarget::Source(owner))
        } else {
            (link_to_tree(owner, tile, format), LinkTarget::Tree(owner))
        };
        let leads_there = |path: &Path| {
            let found = std::fs::read_link(path).ok();
            let found = found.as_deref().and_then(Path::to_str);
            found.and_then(|found| parse_link(found, tile, self.place, naming, format)) == Some(wanted)
        };
        let path = self.tree(relink.tree).join(&inside);
        if leads_there(&path) {
            return Ok(());
        }
        // Trees share links, so that a million of them in a hundred trees do not need a hundred million inodes.
        let donor = relink.donor.map(|donor| self.tree(donor).join(&inside)).filter(|donor| leads_there(donor));
        steps.take()?;
        let shared = donor.and_then(|donor| self.beside(|beside| std::fs::hard_link(&donor, beside)).ok());
        let beside = match shared {
            Some(beside) => beside,
            None => self.beside(|beside| std::os::unix::fs::symlink(target.as_str(), beside))?,
        };
        steps.take()?;
        Ok(rename(&beside, &path)?)
    }

    /// Makes something where nobody looks, to be renamed to its place from there. What a killed run left there goes.
    fn beside(&self, make: impl Fn(&Path) -> std::io::Result<()>) -> Result<PathBuf, IoError> {
        let path = self.layout.vacuum().join(BESIDE);
        match make(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                remove_file(&path)?;
                make(&path).context("link", &path)?;
            }
            result => result.context("link", &path)?,
        }
        Ok(path)
    }

    fn write_manifests(&self, steps: &VacuumSteps<'_>) -> Result<Vec<(Version, String)>, StoreError> {
        steps.take()?;
        let mut writers: Vec<Option<ManifestWriter>> = Vec::new();
        for at in 0..self.manifests.len() {
            let folder = self.layout.vacuumed_manifest(self.version(at));
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
            // Where tiles of several encoders come together, the oldest is told: they are not all the newer one's.
            let givers = self.plan.givers(at).filter_map(|giver| self.manifests.get(giver));
            let encoder = givers.map(|giver| giver.encoder).min().unwrap_or(old.encoder);
            let new = writer.finish(old.version, encoder, old.built, &old.settings, old.counts.tiles)?;
            written.push((new.version, new.records_hash));
        }
        Ok(written)
    }
}

/// Copies a file with its time of modification.
fn copy(from: &Path, to: &Path) -> Result<(), IoError> {
    std::fs::copy(from, to).context("copy", from)?;
    let time = std::fs::metadata(from).and_then(|found| found.modified()).context("read", from)?;
    let file = std::fs::File::options().write(true).open(to).context("open", to)?;
    file.set_modified(time).context("write", to)
}
