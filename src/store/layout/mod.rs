//! The names of all files and folders of a pyramid, and the targets of the links in its trees.
//!
//! Nothing else composes a path or a link target.

mod links;
mod names;
mod version;

pub use links::LinkTarget;
pub(crate) use links::{link_to_source, link_to_tree, parse_link};
pub use names::tile_path;
pub(crate) use names::{DESCRIPTOR, LEVELS, SourceNames, TileName, TileText, tile_name};
pub use version::Version;
pub(crate) use version::canonical_number;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where the source versions are within the pyramid folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcePlace {
    /// Beside pyramid.json: `image1/vN`.
    Beside,
    /// In a folder of their own: `image1/src/vN`.
    Src,
}

/// The paths of one pyramid.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the pyramid folder `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The pyramid folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `pyramid.json`.
    #[must_use]
    pub fn spec_file(&self) -> PathBuf {
        self.root.join("pyramid.json")
    }

    /// The folder of all source versions.
    #[must_use]
    pub fn source_place(&self, place: SourcePlace) -> PathBuf {
        match place {
            SourcePlace::Beside => self.root.clone(),
            SourcePlace::Src => self.root.join("src"),
        }
    }

    /// The folder of one source version.
    #[must_use]
    pub fn source(&self, place: SourcePlace, version: Version) -> PathBuf {
        self.source_place(place).join(version.to_string())
    }

    /// The folder of a new source version until it is complete.
    ///
    /// It is beside the finished ones, because `dest` may be on another disk, and hidden, so that nobody mistakes it
    /// for one of them.
    #[must_use]
    pub fn staged_source(&self, place: SourcePlace, version: Version) -> PathBuf {
        self.source_place(place).join(format!("{STAGED_SOURCE}{version}"))
    }

    /// `dest`, which belongs to fast_pyramid with everything in it.
    #[must_use]
    pub fn dest(&self) -> PathBuf {
        self.root.join("dest")
    }

    /// `dest/dzi`, the folder to serve: all published trees.
    #[must_use]
    pub fn trees(&self) -> PathBuf {
        self.dest().join("dzi")
    }

    /// The published tree of a version.
    #[must_use]
    pub fn tree(&self, version: Version) -> PathBuf {
        self.trees().join(version.to_string())
    }

    /// `dest/dzi/latest`, a link to the newest tree.
    #[must_use]
    pub fn latest(&self) -> PathBuf {
        self.trees().join("latest")
    }

    /// `dest/.fast_pyramid`, the state folder: lock, manifests, unfinished work.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.dest().join(".fast_pyramid")
    }

    /// The lock file.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state().join("lock")
    }

    /// The folder in which versions are built.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.state().join("staging")
    }

    /// The folder in which one version is built: its tree and its manifest.
    #[must_use]
    pub fn staged(&self, version: Version) -> PathBuf {
        self.staging().join(version.to_string())
    }

    /// The tree of a version that is being built.
    #[must_use]
    pub fn staged_tree(&self, version: Version) -> PathBuf {
        self.staged(version).join("tree")
    }

    /// The manifest folder of a version that is being built.
    #[must_use]
    pub fn staged_manifest(&self, version: Version) -> PathBuf {
        self.staged(version).join("manifest")
    }

    /// The folder in which a vacuum writes manifests and links before it renames them into place.
    #[must_use]
    pub fn vacuum(&self) -> PathBuf {
        self.state().join("vacuum")
    }

    /// The manifest folder that a vacuum writes for a version.
    #[must_use]
    pub fn vacuumed_manifest(&self, version: Version) -> PathBuf {
        self.vacuum().join(version.to_string())
    }

    /// The folder of replaced trees until they are deleted.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.state().join("trash")
    }

    /// The folder of files that were in trees, but do not belong to the tool.
    #[must_use]
    pub fn found(&self) -> PathBuf {
        self.state().join("found")
    }

    /// The folder of all manifests.
    #[must_use]
    pub fn manifests(&self) -> PathBuf {
        self.state().join("versions")
    }

    /// The manifest folder of a published version.
    #[must_use]
    pub fn manifest(&self, version: Version) -> PathBuf {
        self.manifests().join(version.to_string())
    }
}

/// The prefix of [`Layout::staged_source`].
const STAGED_SOURCE: &str = ".fast_pyramid-cut-";

/// Whether [`Layout::staged_source`] gives a folder this name.
#[must_use]
pub(crate) fn is_staged_source(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(STAGED_SOURCE))
        .is_some_and(|version| Version::from_folder(version).is_some())
}

/// Whether a file belongs to the manifest of a published version.
#[must_use]
pub fn is_in_manifest(file: &Path) -> bool {
    file.ancestors().nth(2).is_some_and(|folder| folder.ends_with(".fast_pyramid/versions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staged_sources_are_recognised_by_name() {
        let layout = Layout::new("p");
        for (place, folder) in [(SourcePlace::Beside, "p"), (SourcePlace::Src, "p/src")] {
            let path = layout.staged_source(place, Version(7));
            assert_eq!(path, Path::new(folder).join(".fast_pyramid-cut-v7"));
            assert!(is_staged_source(path.file_name().unwrap()));
        }
        for other in ["v7", ".fast_pyramid", ".fast_pyramid-cut-", ".fast_pyramid-cut-v07", ".fast_pyramid-cut-v7.bak"]
        {
            assert!(!is_staged_source(OsStr::new(other)), "{other}");
        }
    }
}
