//! A new source version: written out of sight, then renamed into its place as a whole.
//!
//! It is written beside the other versions, not in `dest`: that may be on another disk, from which nothing can be renamed.

use crate::format::{TileFormat, TileNaming};
use crate::store::context::TreeContext;
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::{self, Dir, Durability, EarlyFlush, FileStamp, FileStat};
use crate::store::layout::{Layout, SourceNames, SourcePlace, Version, is_staged_source};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// A source version that is being written. Any number of threads may write tiles, each tile once.
///
/// If it is neither published nor discarded, as after a kill, it stays hidden until the next cut or build deletes it.
#[derive(Debug)]
pub struct StagedSource {
    dir: Dir,
    /// Its path once it is published.
    place: PathBuf,
    naming: TileNaming,
    format: TileFormat,
    rows: u32,
    durability: Durability,
    early_flush: EarlyFlush,
}

impl StagedSource {
    /// Starts a source version, and deletes unfinished ones. The caller holds the lock.
    ///
    /// # Errors
    /// [`StoreError::VersionExists`] if its place is occupied; a folder cannot be created or deleted.
    pub fn start(context: &TreeContext, version: Version, durability: Durability) -> Result<Self, StoreError> {
        let layout = &context.layout;
        let place = context.source(version);
        if place.symlink_metadata().is_ok() {
            return Err(StoreError::VersionExists { path: place });
        }
        remove_staged_sources(layout)?;
        fs::create_folder(&layout.source_place(context.place))?;
        let path = layout.staged_source(context.place, version);
        std::fs::create_dir(&path).context("create", &path)?;
        let early_flush = EarlyFlush::new(&path, durability);
        let (naming, format) = (context.naming().clone(), context.format().clone());
        let rows = context.geometry.base_grid().rows;
        Ok(Self { dir: Dir::open(path)?, place, naming, format, rows, durability, early_flush })
    }

    /// Writes the tile at `column`, `row`. Returns the stamp that reading it gives, before and after publishing.
    ///
    /// # Errors
    /// The tile exists, or cannot be written.
    pub fn write(&self, column: u32, row: u32, bytes: &[u8]) -> Result<FileStamp, StoreError> {
        let name = SourceNames { naming: &self.naming, format: &self.format, rows: self.rows }.name(column, row);
        let file = self.dir.write_new_below(&name, bytes)?;
        // Asking the open file makes file systems that write late decide on the time.
        let metadata = file.metadata().map_err(|error| IoError::new("read", self.dir.join(&name), error))?;
        let stat = FileStat::of(&metadata);
        self.early_flush.record(bytes.len() as u64);
        Ok(FileStamp { stat, hash: xxh3_128(bytes) })
    }

    /// Renames the version into its place, where it appears as a whole. If it is flushed, it survives a power cut from
    /// then on. Other disks than that of the sources are not flushed.
    ///
    /// # Errors
    /// [`StoreError::VersionExists`] if the place is occupied by now; it then stays unchanged. Or the version cannot be
    /// flushed or renamed. In both cases its tiles are deleted, unless they are in their place already.
    pub fn publish(self) -> Result<(), StoreError> {
        let result = self.rename_into_place();
        if result.is_err() {
            // If that fails too, the next attempt deletes them; the first error is the one to report.
            let _ = fs::remove_tree(self.dir.path());
        }
        result
    }

    fn rename_into_place(&self) -> Result<(), StoreError> {
        self.early_flush.finish()?;
        let (path, flushed) = (self.dir.path(), self.durability == Durability::Flushed);
        if flushed {
            fs::flush_file_system(path)?;
        }
        fs::rename_new(path, &self.place).map_err(|error| match error.source.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::VersionExists { path: self.place.clone() },
            _ => error.into(),
        })?;
        if flushed {
            fs::flush_folder(path.parent().unwrap_or(path))?;
        }
        Ok(())
    }

    /// Deletes the version.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub fn discard(self) -> Result<(), StoreError> {
        Ok(fs::remove_tree(self.dir.path())?)
    }
}

/// Deletes the unpublished source versions that killed runs left. The caller holds the lock.
///
/// # Errors
/// A folder cannot be read or deleted.
pub(crate) fn remove_staged_sources(layout: &Layout) -> Result<(), StoreError> {
    for place in [SourcePlace::Beside, SourcePlace::Src] {
        let folder = layout.source_place(place);
        // A `src` that is a link never has versions.
        let exists = match place {
            SourcePlace::Beside => folder.is_dir(),
            SourcePlace::Src => folder.symlink_metadata().is_ok_and(|found| found.is_dir()),
        };
        if exists {
            remove_staged_in(&folder)?;
        }
    }
    Ok(())
}

fn remove_staged_in(folder: &Path) -> Result<(), IoError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        if is_staged_source(&name) {
            fs::remove_tree(&folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::source::SourceFolder;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn published_version_appears_as_a_whole_and_matches_its_stamps() {
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            for naming in [TileNaming::column_row(), TileNaming::row_column()] {
                for durability in [Durability::Flushed, Durability::Unflushed] {
                    let folder = tempfile::tempdir().unwrap();
                    let context = TreeContext::of_png(folder.path(), place, naming.clone());
                    let source = StagedSource::start(&context, Version(3), durability).unwrap();
                    let bytes = |column: u32, row: u32| vec![column as u8; 100 + row as usize];
                    let tiles = [(0, 0), (4, 2), (1, 2)];
                    let stamps = tiles.map(|(column, row)| source.write(column, row, &bytes(column, row)).unwrap());
                    let path = context.layout.source(place, Version(3));
                    assert!(!path.exists());
                    source.publish().unwrap();
                    assert_eq!(names(path.parent().unwrap()), ["v3"]);
                    let wanted = if naming == TileNaming::column_row() {
                        ["0_0.png", "1_2.png", "4_2.png"]
                    } else {
                        ["0_0.png", "2_1.png", "2_4.png"]
                    };
                    assert_eq!(names(&path), wanted);
                    let read = SourceFolder::open(&context, Version(3)).unwrap();
                    for ((column, row), stamp) in tiles.into_iter().zip(stamps) {
                        let mut found = Vec::new();
                        assert_eq!(read.read(column, row, &mut found).unwrap(), stamp);
                        assert_eq!(read.stat(column, row).unwrap(), Some(stamp.stat));
                        assert_eq!(found, bytes(column, row));
                    }
                    // The same permissions as for other programs: 666 and 777 without the umask.
                    std::fs::write(folder.path().join("file"), "").unwrap();
                    std::fs::create_dir(folder.path().join("folder")).unwrap();
                    let mode = |path: &Path| path.metadata().unwrap().mode();
                    assert_eq!(mode(&path), mode(&folder.path().join("folder")));
                    assert_eq!(mode(&path.join("0_0.png")), mode(&folder.path().join("file")));
                }
            }
        }
    }

    /// Creates an entry at a path.
    type Maker<'a> = &'a dyn Fn(&Path) -> std::io::Result<()>;

    #[test]
    fn starting_and_publishing_never_replace_an_entry() {
        let folder = tempfile::tempdir().unwrap();
        let context = TreeContext::of_png(folder.path(), SourcePlace::Beside, TileNaming::column_row());
        let path = context.layout.source(SourcePlace::Beside, Version(0));
        let exists = |result: Result<(), StoreError>| matches!(result, Err(StoreError::VersionExists { path: found }) if found == path);
        let inside = |folder: &Path| std::fs::create_dir(folder).and_then(|()| std::fs::write(folder.join("x"), "x"));
        let makers: [Maker<'_>; 4] =
            [&|path| std::fs::create_dir(path), &inside, &|path| std::fs::write(path, "x"), &|path| {
                symlink("nowhere", path)
            }];
        for make in makers {
            // Occupied before the start, and occupied only before publishing.
            make(&path).unwrap();
            assert!(exists(StagedSource::start(&context, Version(0), Durability::Unflushed).map(drop)));
            fs::remove_tree(&path).unwrap();
            let source = StagedSource::start(&context, Version(0), Durability::Unflushed).unwrap();
            source.write(0, 0, b"tile").unwrap();
            assert!(source.write(0, 0, b"second").is_err());
            make(&path).unwrap();
            let before = std::fs::symlink_metadata(&path).unwrap();
            assert!(exists(source.publish()));
            let after = std::fs::symlink_metadata(&path).unwrap();
            assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
            assert_eq!(names(folder.path()), ["v0"]);
            fs::remove_tree(&path).unwrap();
        }
    }

    #[test]
    fn unpublished_versions_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            let context = TreeContext::of_png(folder.path(), place, TileNaming::column_row());
            let leave = |version: u32| {
                let source = StagedSource::start(&context, Version(version), Durability::Unflushed).unwrap();
                source.write(0, 0, b"tile").unwrap();
                source
            };
            let there = || names(&context.layout.source_place(place));
            leave(0).discard().unwrap();
            assert_eq!(there().iter().filter(|name| *name != "src").count(), 0);
            drop(leave(0));
            drop(leave(1));
            assert!(
                there().contains(&".fast_pyramid-cut-v1".into()) && !there().contains(&".fast_pyramid-cut-v0".into())
            );
            remove_staged_sources(&context.layout).unwrap();
            assert_eq!(there().iter().filter(|name| *name != "src").count(), 0);
        }
    }
}
