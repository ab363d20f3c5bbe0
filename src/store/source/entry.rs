//! What the entries of a source folder are by their names: tiles to be, unfinished files, or leftovers of systems.

use crate::store::error::{Context, StoreError};
use crate::text::display_name;
use std::ffi::OsStr;
use std::path::Path;

/// Files and folders that systems leave behind. They are skipped, like names that start with a dot.
const LEFT_BEHIND: [&str; 8] =
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin", "__macosx", "lost+found"];

/// Endings of files that a program has not finished writing: browsers, curl and wget wrappers, WinSCP, many scripts.
const UNFINISHED_ENDINGS: [&str; 9] =
    [".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".opdownload", ".download", ".aria2"];

/// Folders in which rsync keeps files until they are complete.
const RSYNC_FOLDERS: [&str; 3] = [".~tmp", ".~tmp~", ".rsync-partial"];

/// How deep folders of tiles are searched.
pub(super) const MAX_FOLDERS: usize = 8;

/// What an entry of a source folder is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryClass {
    /// A tile, or something that is not expected here.
    Tile,
    /// A file that is still being written.
    Unfinished,
    /// To be skipped.
    LeftBehind,
}

impl EntryClass {
    pub(super) fn of(name: &OsStr) -> Self {
        if LEFT_BEHIND.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            return Self::LeftBehind;
        }
        let bytes = name.as_encoded_bytes();
        let hidden = bytes.starts_with(b".");
        // Nearly all names are those of finished tiles.
        if !hidden && matches!(bytes.iter().filter(|byte| **byte == b'.').count(), 0 | 1) && is_image(bytes) {
            return Self::Tile;
        }
        let lower = name.to_string_lossy().to_ascii_lowercase();
        let written = UNFINISHED_ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending));
        match (hidden, written) {
            (false, Some(_)) => Self::Unfinished,
            (false, None) => Self::Tile,
            (true, Some(written)) if is_image(written.as_bytes()) => Self::Unfinished,
            (true, _) if is_rsync_file(&lower) || RSYNC_FOLDERS.contains(&lower.as_str()) => Self::Unfinished,
            (true, _) => Self::LeftBehind,
        }
    }
}

/// Whether a name ends like that of a tile.
pub(super) fn is_image(name: &[u8]) -> bool {
    let ends_in = |ending: &str| {
        let start = name.len().checked_sub(ending.len());
        start.is_some_and(|start| name[start..].eq_ignore_ascii_case(ending.as_bytes()))
    };
    [".jpg", ".jpeg", ".png"].into_iter().any(ends_in)
}

/// `.0_0.jpg.AbC123`: rsync writes a file under such a name and renames it.
fn is_rsync_file(name: &str) -> bool {
    let random = |end: &str| end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.rsplit_once('.').is_some_and(|(written, end)| random(end) && is_image(written.as_bytes()))
}

/// What a source folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderContents {
    /// No tiles: nothing, or leftovers of systems.
    Empty,
    /// Only unfinished files, such as this one.
    Unfinished(String),
    /// Tiles, or whatever else people put there.
    Tiles,
}

impl FolderContents {
    /// Finds out what a source folder holds, as a rule from its first entry.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn of(folder: &Path) -> Result<Self, StoreError> {
        Self::to_depth(folder, MAX_FOLDERS)
    }

    /// Folders without tiles are no tiles: those of columns or rows may come first.
    fn to_depth(folder: &Path, depth: usize) -> Result<Self, StoreError> {
        let mut found = Self::Empty;
        for entry in std::fs::read_dir(folder).context("read", folder)? {
            let entry = entry.context("read", folder)?;
            let name = entry.file_name();
            match EntryClass::of(&name) {
                EntryClass::Tile if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) => {
                    match Self::to_depth(&entry.path(), depth - 1)? {
                        Self::Empty => {}
                        Self::Unfinished(inside) => {
                            found = Self::Unfinished(format!("{}/{inside}", display_name(&name)))
                        }
                        Self::Tiles => return Ok(Self::Tiles),
                    }
                }
                EntryClass::Tile => return Ok(Self::Tiles),
                EntryClass::Unfinished => found = Self::Unfinished(display_name(&name)),
                EntryClass::LeftBehind => {}
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_classified_by_name() {
        use EntryClass::{LeftBehind, Tile, Unfinished};
        for (class, names) in [
            (
                Tile,
                &["0_0.jpg", "0_0.JPG", "notes.txt", "0_0", "tile.0.0.png", "0_0.jpg.bak", "partial", "0_0.jpg~"][..],
            ),
            (
                Unfinished,
                &["0_0.jpg.part", "0_0.PNG.Part", "0_0.tmp", ".0_0.jpg.AbC123", ".0_0.jpeg.tmp", ".~tmp", ".~tmp~"],
            ),
            (Unfinished, &["0_0.png.filepart", "0_0.jpg.crdownload", ".rsync-partial", ".tile_0001.png.zZ9aB0"]),
            (
                LeftBehind,
                &["Thumbs.db", "@eaDir", "desktop.ini", ".DS_Store", "._0_0.jpg", ".gitkeep", ".", ".hidden.tmp"],
            ),
            (LeftBehind, &[".0_0.jpg.new", ".0_0.jpg.AbC12", ".0_0.jpg", "$RECYCLE.BIN", ".git"]),
        ] {
            for name in names {
                assert_eq!(EntryClass::of(OsStr::new(name)), class, "{name}");
            }
        }
    }

    #[test]
    fn folder_of_unfinished_files_has_no_tiles() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Empty);
        std::fs::write(folder.path().join(".DS_Store"), "").unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Empty);
        std::fs::write(folder.path().join("0_0.jpg.part"), "").unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Unfinished("0_0.jpg.part".into()));
        // Folders of columns or rows without a tile.
        std::fs::create_dir_all(folder.path().join("3/empty")).unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Unfinished("0_0.jpg.part".into()));
        std::fs::remove_file(folder.path().join("0_0.jpg.part")).unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Empty);
        std::fs::write(folder.path().join("3/7.jpg.part"), "").unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Unfinished("3/7.jpg.part".into()));
        std::fs::write(folder.path().join("3/7.jpg"), "").unwrap();
        assert_eq!(FolderContents::of(folder.path()).unwrap(), FolderContents::Tiles);
    }
}
