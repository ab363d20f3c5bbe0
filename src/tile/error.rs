//! Why a tile cannot be decoded or generated.

use crate::geometry::Size;
use crate::jpeg::{JpegError, JpegErrorKind};
use crate::png::PngError;

/// Why a tile was refused, or could not be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The tile does not have the size of its place in the grid.
    #[error("{found} pixels, expected {expected}")]
    WrongSize {
        /// The size of the place in the grid.
        expected: Size,
        /// The size in the file.
        found: Size,
    },
    /// The tile is stored rotated or mirrored.
    #[error("EXIF orientation {0}; tiles must have 1")]
    Rotated(u8),
    /// The tile is of an unsupported kind, which the text names.
    #[error("{0}")]
    Unsupported(String),
    /// The tile cannot be decoded to its last byte; the text says why and where.
    #[error("{0}")]
    Damaged(String),
    /// A tile cannot be encoded. Parents always can: their sizes are checked before.
    #[error("cannot encode: {0}")]
    Encode(String),
}

impl From<PngError> for CodecError {
    fn from(error: PngError) -> Self {
        match error {
            PngError::WrongSize { expected, found } => Self::WrongSize { expected, found },
            PngError::Rotated(orientation) => Self::Rotated(orientation),
            PngError::Damaged(problem) => Self::Damaged(problem),
            PngError::Encode(problem) => Self::Encode(problem),
        }
    }
}

impl From<JpegError> for CodecError {
    fn from(error: JpegError) -> Self {
        match error.kind {
            JpegErrorKind::DimensionMismatch { expected, found } => {
                let size = |(width, height)| Size::new(width, height);
                Self::WrongSize { expected: size(expected), found: size(found) }
            }
            JpegErrorKind::Unsupported(what) => Self::Unsupported(what.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}
