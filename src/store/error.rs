//! Errors of the file system, each with what was tried and where.

use crate::text::display_path;
use std::io;
use std::path::{Path, PathBuf};

/// An operation on a file or folder that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", display_path(path))]
pub struct IoError {
    /// What was tried, as a verb: `read`, `create`, `rename`, ...
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// Tells a path for a message: a path itself, or a closure that spells it only then.
pub(crate) trait Locate {
    /// The path.
    fn path(&self) -> PathBuf;
}

impl Locate for Path {
    fn path(&self) -> PathBuf {
        self.to_owned()
    }
}

impl Locate for PathBuf {
    fn path(&self) -> PathBuf {
        self.clone()
    }
}

impl<F: Fn() -> PathBuf> Locate for F {
    fn path(&self) -> PathBuf {
        self()
    }
}

/// Adds the action and the path to a result of the system.
pub(crate) trait Context<T> {
    /// `self`, or an [`IoError`] that says `action` failed on `place`.
    fn context(self, action: &'static str, place: &(impl Locate + ?Sized)) -> Result<T, IoError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, action: &'static str, place: &(impl Locate + ?Sized)) -> Result<T, IoError> {
        self.map_err(|error| IoError { action, path: place.path(), source: error.into() })
    }
}

/// What is wrong with the folders of a pyramid, apart from its tiles.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Another process is changing this pyramid.
    #[error("{} is being changed by another process{holder}", display_path(pyramid))]
    Locked {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// Who holds it, as far as it said, or an empty text.
        holder: String,
    },
    /// The file system has no locks.
    #[error("{} cannot be locked: the file system has no locks", display_path(path))]
    CannotLock {
        /// The lock's file.
        path: PathBuf,
    },
    /// A folder of the tool's own is a symbolic link, through which relative links would not work.
    #[error("{} is a symbolic link; links from the trees to the tiles would lead elsewhere", display_path(path))]
    LinkedFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the tool's own cannot be understood.
    #[error("{} is damaged: {problem}", display_path(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Something else stands where a file of the tool's own has to be.
    #[error("{} is {problem}, not a file of this tool", display_path(path))]
    NotAFile {
        /// Where the file has to be.
        path: PathBuf,
        /// What is there.
        problem: &'static str,
    },
    /// A tile changed while it was read.
    #[error("{} changed while it was read", display_path(path))]
    Changing {
        /// The tile.
        path: PathBuf,
    },
    /// A tile of the previous version was asked for where there is none.
    #[error("there is no version below the lowest one")]
    NoPrevious,
    /// Source folders stand both in the pyramid folder and in its `src`.
    #[error("{} has source versions both in itself ({first}) and in src ({second})", display_path(pyramid))]
    TwoPlaces {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// A version beside pyramid.json.
        first: String,
        /// A version in `src`.
        second: String,
    },
    /// There is no source version.
    #[error("{} has no source version{}", display_path(pyramid), if *half_cut { " yet: the first picture is being cut, or that was stopped" } else { ": no folder v0, v1, ... in it or in its src" })]
    NoVersions {
        /// The pyramid folder.
        pyramid: PathBuf,
        /// Whether a first version is there that is not whole.
        half_cut: bool,
    },
    /// Something is named like a version, but is none.
    #[error("{} {problem}", display_path(path))]
    BadVersion {
        /// The entry.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A new version was to be put where there is something already.
    #[error("{} is there already", display_path(path))]
    VersionExists {
        /// Where it was to be put.
        path: PathBuf,
    },
    /// A vacuum was told to stop, and did.
    #[error("{}: the vacuum was interrupted; versions that stay show what they showed", display_path(pyramid))]
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
}
