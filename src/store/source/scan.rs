//! Scanning the folder of a source version, and the folders within it that its tiles' names lead through.

use super::entry::EntryClass;
use crate::format::{NameNumbers, NamePattern};
use crate::store::error::{Context, IoError};
use crate::text::display_name;
use std::ffi::OsStr;
use std::fs::FileType;
use std::path::Path;

/// An entry of a source folder.
#[derive(Clone, Copy)]
pub(super) struct ScannedEntry<'a> {
    /// The folders in which it is, each with a `/` after it.
    folders: &'a str,
    name: &'a OsStr,
    pub(super) kind: FileType,
    /// Whether it is still being written.
    pub(super) unfinished: bool,
    /// What its name says, if it is that of a tile.
    pub(super) tile: Option<ScannedName<'a>>,
}

/// A name that follows the pattern.
#[derive(Clone, Copy)]
pub(super) struct ScannedName<'a> {
    pub(super) numbers: NameNumbers,
    pub(super) extension: &'a str,
}

impl ScannedEntry<'_> {
    /// Its name within the version's folder, on one line.
    pub(super) fn display(&self) -> String {
        format!("{}{}", self.folders, display_name(self.name))
    }
}

/// Passes all entries to `visit`, except what systems left behind and the folders that lead to tiles.
pub(super) fn scan(
    folder: &Path,
    pattern: &NamePattern,
    mut visit: impl FnMut(ScannedEntry<'_>),
) -> Result<(), IoError> {
    Scan { pattern, visit: &mut visit }.scan(folder, "", 0, NameNumbers::default())
}

struct Scan<'a> {
    pattern: &'a NamePattern,
    visit: &'a mut dyn FnMut(ScannedEntry<'_>),
}

impl Scan<'_> {
    /// Scans a folder at this depth, whose path has given `numbers` so far.
    fn scan(&mut self, folder: &Path, folders: &str, depth: usize, numbers: NameNumbers) -> Result<(), IoError> {
        let holds_tiles = depth == self.pattern.folders();
        for entry in std::fs::read_dir(folder).context("read", folder)? {
            let entry = entry.context("read", folder)?;
            let name = entry.file_name();
            let class = EntryClass::of(&name);
            if class == EntryClass::LeftBehind {
                continue;
            }
            let unfinished = class == EntryClass::Unfinished;
            let kind = entry.file_type().map_err(|error| IoError::new("read", entry.path(), error))?;
            let (text, mut numbers) = (name.to_str().filter(|_| !unfinished), numbers);
            let mut tile = None;
            if holds_tiles {
                let extension = text.and_then(|text| self.pattern.read_file(text, &mut numbers));
                tile = extension.map(|extension| ScannedName { numbers, extension });
            } else if let Some(text) = text.filter(|text| self.pattern.read_folder(depth, text, &mut numbers))
                && kind.is_dir()
            {
                self.scan(&folder.join(text), &format!("{folders}{text}/"), depth + 1, numbers)?;
                continue;
            }
            (self.visit)(ScannedEntry { folders, name: &name, kind, unfinished, tile });
        }
        Ok(())
    }
}
