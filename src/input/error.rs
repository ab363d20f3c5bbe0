//! Reasons why a picture cannot be cut.

use crate::geometry::Size;

/// Why a picture is refused or cannot be read. The caller knows its path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Reading the file failed.
    #[error("cannot read: {0}")]
    Read(#[from] std::io::Error),
    /// The first bytes match no supported format. The text names the format that they do match, if it is known.
    #[error("{0}")]
    UnknownKind(String),
    /// The picture uses a feature of its format that is not supported. The text names it.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// The picture cannot be decoded to its end. The text gives the reason, and the row or byte where known.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A side is 0 or too large.
    #[error("the picture has {width}x{height} pixels; each side must be 1 to {max}")]
    Side {
        /// Width in pixels, according to the file.
        width: u64,
        /// Height in pixels, according to the file.
        height: u64,
        /// The largest side allowed.
        max: u64,
    },
    /// The file is far too short for the size in its header.
    #[error("damaged: {size} pixels need at least {needed} bytes, but the file has {found}")]
    TooShort {
        /// The size in the header.
        size: Size,
        /// The fewest bytes that this size needs.
        needed: u64,
        /// The length of the file in bytes.
        found: u64,
    },
    /// The picture must be buffered in memory, which takes more than the limit.
    #[error("buffering the picture ({why}) takes {needed} bytes; the limit is {limit}")]
    TooMuchMemory {
        /// Why it cannot be read row by row.
        why: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The caller cancelled reading.
    #[error("cancelled")]
    Cancelled,
    /// The format requires reading from several places, which a stream cannot do.
    #[error("{0} cannot be read from standard input, only from a file")]
    NotSeekable(&'static str),
}

impl PictureError {
    /// A mistake of the caller: a band of the wrong width, depth or number of channels, or with too many rows.
    pub(super) fn wrong_band() -> Self {
        Self::Damaged("the rows requested do not match the picture".into())
    }
}
