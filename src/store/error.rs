//! Errors of the store, each with the path concerned and the reason.

use crate::text::display_path;
use std::io;
use std::path::{Path, PathBuf};

/// A failed operation on a file or folder.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", display_path(path))]
pub struct IoError {
    /// The operation, as a verb: `read`, `create`, `rename`, ...
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The reason.
    #[source]
    pub source: io::Error,
}

impl IoError {
    /// An error of the operation `action` on `path`.
    pub(crate) fn new(action: &'static str, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Self { action, path: path.into(), source: source.into() }
    }
}

/// Turns an error of the operating system into an [`IoError`].
pub(crate) trait Context<T> {
    /// `self`, or an error of the operation `action` on `path`.
    fn context(self, action: &'static str, path: &Path) -> Result<T, IoError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, IoError> {
        self.map_err(|error| IoError::new(action, path, error))
    }
}

/// Why an operation on the folders of a pyramid failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system reported an error.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Another process is changing this pyramid.
    #[error("{}: another process is using this pyramid{holder}", display_path(pyramid))]
    Locked {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// A description of that process in parentheses, or empty if it is unknown.
        holder: String,
    },
    /// The file system does not support locks.
    #[error("cannot lock {}: the file system does not support locks", display_path(path))]
    CannotLock {
        /// The lock file.
        path: PathBuf,
    },
    /// A folder below `dest` is a symbolic link, so relative links in the trees would lead elsewhere.
    #[error("{}: this is a symbolic link, so the relative links in the trees would not work", display_path(path))]
    LinkedFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file that fast_pyramid wrote is not as it was written.
    #[error("{} is damaged: {problem}", display_path(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        problem: String,
    },
    /// Something other than a regular file is in the place of the lock file.
    #[error("{}: {found}, but must be a regular file", display_path(path))]
    NotAFile {
        /// The lock file.
        path: PathBuf,
        /// The kind of entry found.
        found: &'static str,
    },
    /// A tile changed while it was read.
    #[error("{} changed while it was read", display_path(path))]
    Changing {
        /// The tile.
        path: PathBuf,
    },
    /// The lowest version was asked for a tile of the previous version.
    #[error("there is no version below the lowest one")]
    NoPrevious,
    /// Source versions are both in the pyramid folder and in its `src`.
    #[error("{}: source versions both beside pyramid.json ({first}) and in src ({second})", display_path(pyramid))]
    TwoPlaces {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// A version beside pyramid.json.
        first: String,
        /// A version in `src`.
        second: String,
    },
    /// There is no source version.
    #[error("{}: no source version{}", display_path(pyramid), if *half_cut { " yet: the first cut is unfinished or still running" } else { "; expected folders v0, v1, ... here or in src" })]
    NoVersions {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// Whether the first version was cut in part.
        half_cut: bool,
    },
    /// An entry is named like a source version, but is not one.
    #[error("{}: {problem}", display_path(path))]
    BadVersion {
        /// The entry.
        path: PathBuf,
        /// The problem with it.
        problem: &'static str,
    },
    /// The place of a new source version is occupied.
    #[error("{}: already exists", display_path(path))]
    VersionExists {
        /// The place.
        path: PathBuf,
    },
    /// A vacuum was cancelled.
    #[error("{}: vacuum interrupted; the remaining versions are unchanged", display_path(pyramid))]
    VacuumCancelled {
        /// The pyramid folder.
        pyramid: PathBuf,
    },
}

impl StoreError {
    /// The file or folder that the error is about.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io(error) => Some(&error.path),
            Self::Locked { pyramid: path, .. }
            | Self::CannotLock { path }
            | Self::LinkedFolder { path }
            | Self::Damaged { path, .. }
            | Self::NotAFile { path, .. }
            | Self::Changing { path }
            | Self::TwoPlaces { pyramid: path, .. }
            | Self::NoVersions { pyramid: path, .. }
            | Self::BadVersion { path, .. }
            | Self::VersionExists { path }
            | Self::VacuumCancelled { pyramid: path } => Some(path),
            Self::NoPrevious => None,
        }
    }

    /// A file that fast_pyramid wrote is not as it was written.
    pub(crate) fn damaged(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), problem: problem.into() }
    }
}
