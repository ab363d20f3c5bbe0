//! The error of every operation: opaque, with a kind and a path.

use super::Failure;
use std::fmt;
use std::path::Path;

/// Why an operation failed.
///
/// Its text says what failed, with paths and numbers, and why. The command line adds what to do about it.
pub struct Error(Box<Failure>);

/// What kind of failure an [`Error`] is. The command line's exit codes follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operation failed although its input was valid: the file system refused, or stored data are damaged.
    Failed,
    /// The request makes no sense for this pyramid.
    Usage,
    /// pyramid.json, tiles or a picture are invalid.
    InvalidInput,
    /// Another process holds the pyramid.
    Locked,
    /// The observer cancelled the operation.
    Cancelled,
}

impl Error {
    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// The file or folder that the error is about, if it is about one. `None` for errors about a picture, which the text names
    /// as its [`PictureSource`](super::PictureSource) displays.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }

    /// The details, for this package's own command line and tests.
    pub(crate) fn failure(&self) -> &Failure {
        &self.0
    }
}

impl<F: Into<Failure>> From<F> for Error {
    fn from(failure: F) -> Self {
        Self(Box::new(failure.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
