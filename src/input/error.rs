//! Why a picture cannot be cut.

use crate::geometry::Size;

/// Why a picture is refused or cannot be read on. Its path is known to the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The system refuses to read it.
    #[error("cannot read it: {0}")]
    Read(#[from] std::io::Error),
    /// The first bytes are those of no known format; the text says what they look like instead.
    #[error("{0}")]
    UnknownKind(String),
    /// It is of a kind that is not supported; the text names it.
    #[error("{0}")]
    Unsupported(String),
    /// It cannot be decoded to its end; the text says why, and in which row or at which byte where that is known.
    #[error("{0}")]
    Damaged(String),
    /// A side is 0 or larger than can be.
    #[error("it is {width}x{height} pixels; each side can be 1 to {most}")]
    Side {
        /// Width in pixels as the file says.
        width: u64,
        /// Height in pixels as the file says.
        height: u64,
        /// The largest possible side.
        most: u64,
    },
    /// The file is far too short for the size that it claims.
    #[error("it claims {size} pixels, for which a file needs {needed} bytes or more, but has {found}")]
    TooShort {
        /// The size in the file.
        size: Size,
        /// The least bytes for that.
        needed: u64,
        /// The bytes there are.
        found: u64,
    },
    /// It has to be held in memory, and that is more than allowed.
    #[error("it has to be held in memory ({why}), which takes {needed} bytes; {limit} are allowed")]
    TooMuchMemory {
        /// Why it cannot be read row by row.
        why: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The caller wanted it no more.
    #[error("reading it was given up")]
    Stopped,
    /// It has to be read from several places, which a stream does not allow.
    #[error("{0} cannot be read from standard input, only from a file")]
    NotSeekable(&'static str),
}
