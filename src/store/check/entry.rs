//! One entry of a folder, expected and found.

use crate::geometry::Tile;
use crate::store::check::ProblemKind;
use crate::store::context::TreeContext;
use crate::store::error::IoError;
use crate::store::fs::Dir;
use crate::store::layout::{LinkTarget, TileText, Version};
use crate::text::display_path;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The entry that should be under the name of a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The generated tile itself.
    File,
    /// A link with this target.
    Link(TileText),
}

impl Expected {
    /// The entry that should be under the name of `tile` in the tree of `version`.
    pub(super) fn new(context: &TreeContext, version: Version, tile: Tile, owner: LinkTarget) -> Self {
        if owner == LinkTarget::Tree(version) { Self::File } else { Self::Link(context.link_text(tile, owner)) }
    }

    pub(super) fn described(&self) -> String {
        match self {
            Self::File => "a file".into(),
            Self::Link(target) => format!("a link to {target}"),
        }
    }
}

/// The entry under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A file of this length.
    File(u64),
    Folder,
    /// A link with this target.
    Link(Vec<u8>),
    Other(&'static str),
    /// Something that cannot be examined, for this reason.
    Unreadable(String),
}

impl Found {
    /// Examines an entry without following, opening or waiting for anything.
    pub(super) fn at(folder: &Dir, name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Self::Nothing,
            Err(error) => Self::Unreadable(io::Error::from(error).to_string()),
            Ok(found) => match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => Self::File(u64::try_from(found.st_size).unwrap_or(0)),
                FileType::Directory => Self::Folder,
                FileType::Symlink => match rustix::fs::readlinkat(folder, name, Vec::new()) {
                    Ok(target) => Self::Link(target.into_bytes()),
                    Err(error) => Self::Unreadable(io::Error::from(error).to_string()),
                },
                FileType::Fifo => Self::Other("a named pipe"),
                FileType::Socket => Self::Other("a socket"),
                _ => Self::Other("a device"),
            },
        }
    }

    /// Examines the entry at a path.
    pub(super) fn at_path(path: &Path) -> Self {
        Self::in_folder(path, |folder| Dir::open(folder))
    }

    /// The same in the pyramid's own folder, which may be reached through a symbolic link.
    pub(super) fn in_pyramid_folder(path: &Path) -> Self {
        Self::in_folder(path, |folder| Dir::open_through_links(folder))
    }

    fn in_folder(path: &Path, open: impl Fn(&Path) -> Result<Dir, IoError>) -> Self {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Self::Nothing;
        };
        match open(folder) {
            Ok(folder) => Self::at(&folder, name),
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => Self::Nothing,
            Err(error) => Self::Unreadable(error.source.to_string()),
        }
    }

    pub(super) fn described(&self) -> String {
        match self {
            Self::Nothing => "nothing".into(),
            Self::File(length) => format!("a file of {length} bytes"),
            Self::Folder => "a folder".into(),
            Self::Link(target) => format!("a link to {}", display_path(OsStr::from_bytes(target))),
            Self::Other(kind) => (*kind).into(),
            Self::Unreadable(why) => why.clone(),
        }
    }

    /// The problem with this entry, if there is one.
    pub(super) fn differs(&self, expected: &Expected) -> Option<ProblemKind> {
        match (self, expected) {
            (Self::File(_), Expected::File) => None,
            (Self::Link(target), Expected::Link(wanted)) if target == wanted.as_bytes() => None,
            (Self::Link(_), Expected::Link(_)) => Some(ProblemKind::WrongLink),
            _ => Some(self.as_wrong_kind()),
        }
    }

    /// The problem with this entry where something of another kind is expected.
    pub(super) fn as_wrong_kind(&self) -> ProblemKind {
        match self {
            Self::Nothing => ProblemKind::Missing,
            Self::Unreadable(_) => ProblemKind::Unreadable,
            _ => ProblemKind::WrongKind,
        }
    }
}
