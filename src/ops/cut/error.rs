//! What can end a cut early, besides what can end a build early.

use crate::geometry::{Size, Tile};
use crate::input::PictureError;
use crate::ops::ErrorKind;
use crate::text::display_path;
use std::io;
use std::path::{Path, PathBuf};

/// Why a picture could not be cut.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// The picture cannot be read.
    #[error("{picture}: {error}")]
    Picture {
        /// The picture as the user calls it.
        picture: String,
        /// What is wrong with it.
        error: PictureError,
    },
    /// The picture is a folder.
    #[error("{picture}: a folder, not a picture")]
    IsAFolder {
        /// The picture as the user calls it.
        picture: String,
    },
    /// Cutting needs more memory than is allowed.
    #[error("{picture}: cutting it needs about {} MB of memory{}, but {} MB are allowed", needed.div_ceil(1 << 20), reason(why), limit >> 20)]
    Memory {
        /// The picture as the user calls it.
        picture: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
        /// Why the whole picture must be buffered; empty if it need not be.
        why: &'static str,
    },
    /// The picture has another size than the pyramid.
    #[error("{picture}: {found} pixels, but the pyramid {} is {expected}", display_path(pyramid))]
    OtherSize {
        /// The picture as the user calls it.
        picture: String,
        /// Its size.
        found: Size,
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The size in its pyramid.json.
        expected: Size,
    },
    /// An option contradicts the pyramid's settings.
    #[error("{}: {key} is {there}, but {asked} was requested", display_path(spec))]
    OtherSetting {
        /// The key in pyramid.json.
        key: &'static str,
        /// The requested value.
        asked: String,
        /// The pyramid.json.
        spec: PathBuf,
        /// The value in it, or its default.
        there: String,
    },
    /// A quality was requested, but the pyramid states none.
    #[error("{}: states no quality, but {asked} was requested", display_path(spec))]
    UnstatedQuality {
        /// The pyramid.json.
        spec: PathBuf,
        /// The pyramid folder.
        pyramid: PathBuf,
        /// The requested quality.
        asked: u8,
        /// Whether there are versions.
        has_versions: bool,
    },
    /// The pyramid was cut from another picture.
    #[error("{}: cut from {}, not from {}", display_path(spec), display_path(recorded), display_path(given))]
    OtherPicture {
        /// The pyramid.json.
        spec: PathBuf,
        /// The picture recorded in it.
        recorded: PathBuf,
        /// The picture to cut.
        given: PathBuf,
        /// The entry for the picture to cut.
        entry: String,
    },
    /// The pyramid has versions, but does not say of which picture.
    #[error("{}: does not state which picture its versions show", display_path(spec))]
    UnknownPicture {
        /// The pyramid.json.
        spec: PathBuf,
        /// The entry for the picture to cut.
        entry: String,
    },
    /// The folder has source versions, but no pyramid.json.
    #[error("{}: tiles in {version}, but no pyramid.json", display_path(folder))]
    NoSpec {
        /// The folder.
        folder: PathBuf,
        /// A source version.
        version: String,
    },
    /// A source version has no tile, and there is no pyramid.json.
    #[error("{}: no tile in it, and no pyramid.json beside it", display_path(path))]
    EmptyFolder {
        /// Its folder.
        path: PathBuf,
    },
    /// The new pyramid's folder is, or would be, a source version of another pyramid.
    #[error("{}: the pyramid {} keeps the tiles of a version there", display_path(path), display_path(pyramid))]
    InAPyramid {
        /// The path.
        path: PathBuf,
        /// The other pyramid.
        pyramid: PathBuf,
    },
    /// Something else stands in the place of the new pyramid's folder.
    #[error("{}: not a folder", display_path(path))]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The new pyramid's folder would have to be inside a file.
    #[error("{}: cannot be created, because {} is not a folder", display_path(folder), display_path(path))]
    InAFile {
        /// The folder.
        folder: PathBuf,
        /// The file.
        path: PathBuf,
    },
    /// The folder cannot be created.
    #[error("{}: cannot create the folder: {error}", display_path(path))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// More overlap was requested than tiles can have.
    #[error("the overlap is at most half of the tile size: {} for tiles of {tile_size}, not {overlap}", tile_size / 2)]
    TooMuchOverlap {
        /// The overlap requested.
        overlap: u32,
        /// The tile size.
        tile_size: u32,
    },
    /// A tolerance was given for PNG tiles that overlap.
    #[error("PNG tiles that overlap have to agree exactly, so no tolerance is possible")]
    ToleranceWithOverlap,
    /// A tile cannot be encoded.
    #[error("{picture}: tile {}_{} cannot be encoded: {problem}", tile.column, tile.row)]
    Encode {
        /// The picture as the user calls it.
        picture: String,
        /// Which tile.
        tile: Tile,
        /// Why.
        problem: String,
    },
}

fn reason(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(", because it must be buffered whole ({why})") }
}

impl CutError {
    /// The kind of the failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Picture { error: PictureError::Read(error), .. } if error.kind() != io::ErrorKind::NotFound => {
                ErrorKind::Failed
            }
            Self::Folder { .. } => ErrorKind::Failed,
            Self::OtherSetting { .. }
            | Self::TooMuchOverlap { .. }
            | Self::ToleranceWithOverlap
            | Self::UnstatedQuality { .. }
            | Self::OtherPicture { .. }
            | Self::UnknownPicture { .. } => ErrorKind::Usage,
            // Only a picture that is damaged, or very odd, gives tiles that cannot be encoded.
            Self::Picture { .. }
            | Self::OtherSize { .. }
            | Self::NoSpec { .. }
            | Self::EmptyFolder { .. }
            | Self::InAPyramid { .. }
            | Self::NotAFolder { .. }
            | Self::InAFile { .. }
            | Self::IsAFolder { .. }
            | Self::Memory { .. }
            | Self::Encode { .. } => ErrorKind::InvalidInput,
        }
    }

    /// The folder or file that the error is about. A picture is named in the text as the user calls it.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::OtherSize { pyramid: path, .. }
            | Self::OtherSetting { spec: path, .. }
            | Self::UnstatedQuality { spec: path, .. }
            | Self::OtherPicture { spec: path, .. }
            | Self::UnknownPicture { spec: path, .. }
            | Self::NoSpec { folder: path, .. }
            | Self::EmptyFolder { path }
            | Self::InAPyramid { path, .. }
            | Self::NotAFolder { path }
            | Self::InAFile { path, .. }
            | Self::Folder { path, .. } => Some(path),
            Self::Picture { .. }
            | Self::IsAFolder { .. }
            | Self::Memory { .. }
            | Self::TooMuchOverlap { .. }
            | Self::ToleranceWithOverlap
            | Self::Encode { .. } => None,
        }
    }
}
