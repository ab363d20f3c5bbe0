//! Finding the source versions of a pyramid.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::layout::{Layout, SourcePlace, Version, canonical_number};
use crate::store::source::FolderContents;
use crate::text::display_path;
use std::fmt;
use std::path::{Path, PathBuf};

/// The source versions of a pyramid, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVersions {
    /// Where they are.
    pub place: SourcePlace,
    /// Their numbers in ascending order; never empty.
    pub versions: Vec<Version>,
}

impl SourceVersions {
    /// Finds the source versions of a pyramid.
    ///
    /// # Errors
    /// - [`StoreError::NoVersions`]: there are none.
    /// - [`StoreError::TwoPlaces`]: some are beside pyramid.json and some in `src`.
    /// - [`StoreError::BadVersion`]: an entry is named like a version, such as `v01`, but is not one.
    /// - A folder cannot be read.
    pub fn find(layout: &Layout) -> Result<Self, StoreError> {
        let beside = versions_in(&layout.source_place(SourcePlace::Beside))?;
        let src = layout.source_place(SourcePlace::Src);
        let in_src = match src.symlink_metadata() {
            Ok(found) if found.is_dir() => versions_in(&src)?,
            Ok(found) if found.is_symlink() => {
                return Err(StoreError::BadVersion { path: src, problem: SYMBOLIC_LINK });
            }
            _ => Vec::new(),
        };
        let pyramid = layout.root().to_owned();
        match (beside.first(), in_src.first()) {
            (Some(first), Some(second)) => {
                Err(StoreError::TwoPlaces { pyramid, first: first.to_string(), second: second.to_string() })
            }
            (Some(_), None) => Ok(Self { place: SourcePlace::Beside, versions: beside }),
            (None, Some(_)) => Ok(Self { place: SourcePlace::Src, versions: in_src }),
            (None, None) => Err(StoreError::NoVersions { pyramid, half_cut: is_half_cut(layout) }),
        }
    }
}

/// A version whose folder holds no tiles yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfilledVersion {
    /// The version.
    pub version: Version,
    /// Its folder.
    pub folder: PathBuf,
    /// An unfinished file in it, if there is one.
    pub example: Option<String>,
}

impl fmt::Display for UnfilledVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = display_path(&self.folder);
        match &self.example {
            Some(example) => write!(out, "{folder} holds only unfinished files, such as {example}"),
            None => write!(out, "{folder} holds no tiles yet"),
        }
    }
}

impl SourceVersions {
    /// Takes out the versions whose folders hold no tiles yet, except those that `stays` keeps.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn take_unfilled(
        &mut self,
        layout: &Layout,
        stays: impl Fn(Version) -> bool,
    ) -> Result<Vec<UnfilledVersion>, StoreError> {
        let mut unfilled = Vec::new();
        for &version in self.versions.iter().filter(|version| !stays(**version)) {
            let folder = layout.source(self.place, version);
            let example = match FolderContents::of(&folder)? {
                FolderContents::Tiles => continue,
                FolderContents::Empty => None,
                FolderContents::Unfinished(example) => Some(example),
            };
            unfilled.push(UnfilledVersion { version, folder, example });
        }
        self.versions.retain(|version| unfilled.iter().all(|skipped| skipped.version != *version));
        Ok(unfilled)
    }
}

const SYMBOLIC_LINK: &str = "this is a symbolic link; the folders of source versions must be real, or moving the \
                             pyramid would break its trees";

fn versions_in(folder: &Path) -> Result<Vec<Version>, StoreError> {
    let mut versions = Vec::new();
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let entry = entry.context("read", folder)?;
        let name = entry.file_name();
        let Some(digits) = name.to_str().and_then(|name| name.strip_prefix('v')) else { continue };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let bad = |problem| StoreError::BadVersion { path: entry.path(), problem };
        let kind = entry.file_type().map_err(|error| IoError::new("read", entry.path(), error))?;
        if kind.is_symlink() {
            return Err(bad(SYMBOLIC_LINK));
        }
        if !kind.is_dir() {
            return Err(bad("named like a source version, but not a folder"));
        }
        let number = canonical_number(digits)
            .ok_or_else(|| bad("not a version number (0 to 4294967295, without leading zeros)"))?;
        versions.push(Version(number));
    }
    versions.sort_unstable();
    Ok(versions)
}

/// Whether the cut of a first version is unfinished or still running.
#[must_use]
pub fn is_half_cut(layout: &Layout) -> bool {
    layout.staged_source(SourcePlace::Beside, Version(0)).is_dir()
}
