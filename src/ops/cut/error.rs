//! What can stop `cut` beside what can stop a build.

use super::super::Category;
use crate::geometry::{Size, Tile};
use crate::input::PictureError;
use crate::text::display::display_path;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Why a picture could not be cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    #[error("{picture}: this is a folder, not a picture")]
    IsAFolder {
        /// The picture as the user calls it.
        picture: String,
    },
    /// Cutting takes more memory than is allowed.
    #[error("{picture}: cutting it takes about {} MB of memory{}, and {} MB are allowed", needed.div_ceil(1 << 20), reason(why), limit >> 20)]
    Memory {
        /// The picture as the user calls it.
        picture: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
        /// Why the whole picture has to be held; empty if that is not why.
        why: &'static str,
    },
    /// The picture has another size than the pyramid.
    #[error("{picture}: it is {found} pixels, but the pyramid {} is {expected}", display_path(pyramid))]
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
    /// The command line asks for something else than the pyramid's settings.
    #[error("{key} {asked} was asked for, but {} says {there}", display_path(spec))]
    OtherSetting {
        /// The option.
        key: &'static str,
        /// What was asked for.
        asked: String,
        /// The pyramid.json.
        spec: PathBuf,
        /// What it says, or what holds where it says nothing.
        there: String,
    },
    /// The folder has source versions, but no pyramid.json that says how they were cut.
    #[error("{}: there are tiles in {version}, but no pyramid.json", display_path(folder))]
    NoSpec {
        /// The folder.
        folder: PathBuf,
        /// A source version.
        version: String,
    },
    /// A source version is there without a tile, and without pyramid.json.
    #[error("{}: there is no tile in it, and no pyramid.json beside it", display_path(path))]
    EmptyFolder {
        /// Its folder.
        path: PathBuf,
    },
    /// What is to be the pyramid's folder is, or would be, one for the tiles of another.
    #[error("{}: this is where the pyramid {} has the tiles of a version", display_path(path), display_path(pyramid))]
    InAPyramid {
        /// The path.
        path: PathBuf,
        /// The other pyramid.
        pyramid: PathBuf,
    },
    /// What is to be the pyramid's folder is something else.
    #[error("{}: this is not a folder", display_path(path))]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The pyramid's folder is to be made in something that is no folder.
    #[error("{}: it cannot be made, because {} is not a folder", display_path(folder), display_path(path))]
    InAFile {
        /// The folder.
        folder: PathBuf,
        /// What it would have to be in.
        path: PathBuf,
    },
    /// The folder cannot be made.
    #[error("{}: cannot create the folder: {error}", display_path(path))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A tile cannot be encoded.
    #[error("{picture}: tile {}_{} cannot be made: {problem}", tile.column, tile.row)]
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
    if why.is_empty() { String::new() } else { format!(", because it has to be held whole ({why})") }
}

impl CutError {
    /// What kind of failure this is.
    pub(in super::super) fn category(&self) -> Category {
        match self {
            Self::Picture { error: PictureError::Read(error), .. } if error.kind() != ErrorKind::NotFound => {
                Category::Failure
            }
            Self::Folder { .. } => Category::Failure,
            Self::OtherSetting { .. } => Category::Usage,
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
            | Self::Encode { .. } => Category::Input,
        }
    }

    /// What to do about it.
    pub(in super::super) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Picture { error, .. } => match error {
                PictureError::TooMuchMemory { needed, .. } => format!(
                    "allow more with --max-memory {}, or store it so that it can be read row by row",
                    needed.div_ceil(1 << 20).to_string() + "M"
                ),
                PictureError::NotSeekable(_) => "write it into a file first".into(),
                PictureError::UnknownKind(_) => "give a JPEG, PNG, TIFF, PNM or WebP".into(),
                PictureError::Unsupported(_) => "convert it first, for example to PNG or to TIFF with LZW".into(),
                PictureError::Damaged(_) | PictureError::TooShort { .. } => {
                    "nothing was written; get a sound copy of the picture".into()
                }
                _ => return None,
            },
            Self::IsAFolder { .. } => {
                "the picture comes first, and then the pyramid's folder; for several pictures give --into DIR".into()
            }
            Self::OtherSize { .. } => {
                "a version shows the same picture changed; give another folder for a picture of another size".into()
            }
            Self::Memory { needed, why, .. } => format!(
                "allow more with --max-memory {}M{}",
                needed.div_ceil(1 << 20),
                if why.is_empty() { ", or cut smaller tiles" } else { ", or store it so that it can be read row by row" }
            ),
            Self::OtherSetting { .. } => {
                "leave the option out, as a pyramid keeps its settings; or, if it has no version yet, delete pyramid.json"
                    .into()
            }
            Self::NoSpec { .. } => "write the pyramid.json that belongs to them, or give another folder".into(),
            Self::InAPyramid { .. } => "give the pyramid itself, which then gets a next version, or another folder".into(),
            Self::EmptyFolder { .. } => "delete this folder and run the same command again".into(),
            Self::Encode { .. } => "save the picture anew, or convert it to PNG first".into(),
            Self::NotAFolder { .. } => {
                "the pyramid's folder comes last, and is made if it is not there; for several pictures give --into DIR"
                    .into()
            }
            Self::InAFile { .. } => "give another folder, or move away what stands there".into(),
            Self::Folder { error, .. } => match error.kind() {
                ErrorKind::PermissionDenied => "give a folder that you may write to, or check the permissions".into(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room and run the same command again".into(),
                ErrorKind::ReadOnlyFilesystem => "give a folder on a disk that can be written to".into(),
                ErrorKind::InvalidFilename => "give it a shorter name".into(),
                _ => return None,
            },
        })
    }
}
