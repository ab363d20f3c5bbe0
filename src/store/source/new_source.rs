//! A new source version, written where nobody takes it for one and then put into its place as a whole.
//!
//! It is written beside the versions, not in `dest`: that may be on another disk, from which nothing can be renamed.

use crate::format::{TileFormat, TileNaming};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::early_flush::EarlyFlush;
use crate::store::fs::files;
use crate::store::fs::files::FileStamp;
use crate::store::layout::{Layout, SourcePlace, Version, is_staged_source, source_name};
use crate::store::tree::publish::Durability;
use crate::store::tree::tree::TreeContext;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// A source version being written. Any number of threads may write tiles, each tile once.
///
/// One that is neither published nor discarded, as after a kill, stays out of sight until the next one starts or something
/// is built.
#[derive(Debug)]
pub struct StagedSource {
    path: PathBuf,
    folder: OwnedFd,
    place: PathBuf,
    naming: TileNaming,
    format: TileFormat,
    durability: Durability,
    early_flush: EarlyFlush,
}

impl StagedSource {
    /// Starts the source version `version` of these trees. What earlier attempts at new versions have left is deleted. The
    /// caller holds the lock.
    ///
    /// # Errors
    /// [`StoreError::VersionExists`] if there is anything in its place; the file system refuses.
    pub fn start(trees: &TreeContext, version: Version, durability: Durability) -> Result<Self, StoreError> {
        let layout = &trees.layout;
        let place = layout.source(trees.place, version);
        if place.symlink_metadata().is_ok() {
            return Err(StoreError::VersionExists { path: place });
        }
        clean_staged_sources(layout)?;
        files::create_folder(&layout.source_place(trees.place))?;
        let path = layout.staged_source(trees.place, version);
        std::fs::create_dir(&path).context("create", &path)?;
        let folder = files::open_folder(&path)?;
        let early_flush = EarlyFlush::new(&path, durability);
        let (naming, format) = (trees.naming(), trees.format().clone());
        Ok(Self { path, folder, place, naming, format, durability, early_flush })
    }

    /// Writes the tile at `column`, `row`. What is returned is what reading the tile will tell of it, before and after the
    /// version is published.
    ///
    /// # Errors
    /// It is there already, or the file system refuses.
    pub fn write(&self, column: u32, row: u32, bytes: &[u8]) -> Result<FileStamp, StoreError> {
        let name = source_name(self.naming, column, row, &self.format);
        let path = || self.path.join(name.as_str());
        let file = files::write_new_at(&self.folder, &name, &path, bytes)?;
        // Of the open file, so that a file system which writes late has to say what the time will be.
        let modified = files::modified(&file.metadata().context("read", &path)?);
        self.early_flush.note(bytes.len() as u64);
        Ok(FileStamp { length: bytes.len() as u64, modified, hash: xxh3_128(bytes) })
    }

    /// Puts the version into its place, where it is seen as a whole or not at all. Once it is there it survives a power cut
    /// if it was to be flushed. What is on other disks than the sources is not flushed.
    ///
    /// # Errors
    /// [`StoreError::VersionExists`] if there is something in its place by now, which then stays as it is; the file system
    /// refuses. What was written is deleted then, unless it is in its place already.
    pub fn publish(self) -> Result<(), StoreError> {
        let result = self.put_in(self.durability == Durability::Flushed);
        if result.is_err() {
            // Where that fails too, the next attempt does it; why it all failed is worth more.
            let _ = files::remove_tree(&self.path);
        }
        result
    }

    fn put_in(&self, flushed: bool) -> Result<(), StoreError> {
        self.early_flush.end()?;
        if flushed {
            files::flush_file_system(&self.path)?;
        }
        files::rename_new(&self.path, &self.place).map_err(|error| match error.source.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::VersionExists { path: self.place.clone() },
            _ => error.into(),
        })?;
        if flushed {
            files::flush_folder(self.path.parent().unwrap_or(&self.path))?;
        }
        Ok(())
    }

    /// Deletes what was written.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn discard(self) -> Result<(), StoreError> {
        Ok(files::remove_tree(&self.path)?)
    }
}

/// Deletes the source versions that killed runs have left unpublished. The caller holds the lock.
///
/// # Errors
/// The file system refuses.
pub(crate) fn clean_staged_sources(layout: &Layout) -> Result<(), StoreError> {
    for place in [SourcePlace::Beside, SourcePlace::Src] {
        let folder = layout.source_place(place);
        // Versions are never in a `src` that is a link, so nothing of the tool's is.
        let is_there = match place {
            SourcePlace::Beside => folder.is_dir(),
            SourcePlace::Src => folder.symlink_metadata().is_ok_and(|found| found.is_dir()),
        };
        if is_there {
            clean(&folder)?;
        }
    }
    Ok(())
}

fn clean(folder: &Path) -> Result<(), IoError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        if is_staged_source(&name) {
            files::remove_tree(&folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SourceFolder;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_version_appears_as_a_whole_and_is_what_its_stamps_say() {
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            for naming in [TileNaming::ColumnRow, TileNaming::RowColumn] {
                for durability in [Durability::Flushed, Durability::Unflushed] {
                    let folder = tempfile::tempdir().unwrap();
                    let trees = TreeContext::of_png(folder.path(), place, naming);
                    let source = StagedSource::start(&trees, Version(3), durability).unwrap();
                    let bytes = |column: u32, row: u32| vec![column as u8; 100 + row as usize];
                    let tiles = [(0, 0), (4, 2), (1, 2)];
                    let stamps = tiles.map(|(column, row)| source.write(column, row, &bytes(column, row)).unwrap());
                    let path = trees.layout.source(place, Version(3));
                    assert!(!path.exists());
                    source.publish().unwrap();
                    assert_eq!(names(path.parent().unwrap()), ["v3"]);
                    let wanted = if naming == TileNaming::ColumnRow {
                        ["0_0.png", "1_2.png", "4_2.png"]
                    } else {
                        ["0_0.png", "2_1.png", "2_4.png"]
                    };
                    assert_eq!(names(&path), wanted);
                    let read = SourceFolder::open(&trees, Version(3)).unwrap();
                    for ((column, row), stamp) in tiles.into_iter().zip(stamps) {
                        let mut found = Vec::new();
                        assert_eq!(read.read(column, row, &mut found).unwrap(), stamp);
                        assert_eq!(read.stat(column, row).unwrap(), Some(stamp.stat()));
                        assert_eq!(found, bytes(column, row));
                    }
                    // As the user's own: what the umask leaves of 666 and 777.
                    fs::write(folder.path().join("file"), "").unwrap();
                    fs::create_dir(folder.path().join("folder")).unwrap();
                    let mode = |path: &Path| path.metadata().unwrap().mode();
                    assert_eq!(mode(&path), mode(&folder.path().join("folder")));
                    assert_eq!(mode(&path.join("0_0.png")), mode(&folder.path().join("file")));
                }
            }
        }
    }

    /// Makes something at a path.
    type Maker<'a> = &'a dyn Fn(&Path) -> std::io::Result<()>;

    #[test]
    fn nothing_is_ever_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let trees = TreeContext::of_png(folder.path(), SourcePlace::Beside, TileNaming::ColumnRow);
        let path = trees.layout.source(SourcePlace::Beside, Version(0));
        let exists = |result: Result<(), StoreError>| matches!(result, Err(StoreError::VersionExists { path: told }) if told == path);
        let inside = |folder: &Path| fs::create_dir(folder).and_then(|()| fs::write(folder.join("x"), "x"));
        let makers: [Maker<'_>; 4] =
            [&|path| fs::create_dir(path), &inside, &|path| fs::write(path, "x"), &|path| symlink("nowhere", path)];
        for make in makers {
            // There before it starts, and there only when it is to be published.
            make(&path).unwrap();
            assert!(exists(StagedSource::start(&trees, Version(0), Durability::Unflushed).map(drop)));
            files::remove_tree(&path).unwrap();
            let source = StagedSource::start(&trees, Version(0), Durability::Unflushed).unwrap();
            source.write(0, 0, b"tile").unwrap();
            assert!(source.write(0, 0, b"again").is_err());
            make(&path).unwrap();
            let before = fs::symlink_metadata(&path).unwrap();
            assert!(exists(source.publish()));
            let after = fs::symlink_metadata(&path).unwrap();
            assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
            assert_eq!(names(folder.path()), ["v0"]);
            files::remove_tree(&path).unwrap();
        }
    }

    #[test]
    fn what_was_not_published_goes() {
        let folder = tempfile::tempdir().unwrap();
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            let trees = TreeContext::of_png(folder.path(), place, TileNaming::ColumnRow);
            let leave = |version: u32| {
                let source = StagedSource::start(&trees, Version(version), Durability::Unflushed).unwrap();
                source.write(0, 0, b"tile").unwrap();
                source
            };
            let there = || names(&trees.layout.source_place(place));
            leave(0).discard().unwrap();
            assert_eq!(there().iter().filter(|name| *name != "src").count(), 0);
            drop(leave(0));
            drop(leave(1));
            assert!(
                there().contains(&".fast_pyramid-cut-v1".into()) && !there().contains(&".fast_pyramid-cut-v0".into())
            );
            crate::store::tree::publish::clean_leftovers(&trees.layout, &[]).unwrap();
            assert_eq!(there().iter().filter(|name| *name != "src").count(), 0);
        }
    }
}
