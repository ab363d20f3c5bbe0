//! Why no pyramid.json could be written.

use crate::input::PictureError;
use crate::ops::ErrorKind;
use crate::store::{NamingAdvice, ShapeFault};
use crate::text::{Faults, display_path};
use std::io;
use std::path::{Path, PathBuf};

/// Why tiles do not say what their pyramid.json should be.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a pyramid.json.
    #[error("{}: already exists", display_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The names of the tiles have nothing in common.
    #[error("{}: {}", display_path(folder), describe(fault))]
    Names {
        /// The source version's folder.
        folder: PathBuf,
        /// The problem.
        fault: ShapeFault,
    },
    /// The numbers in the names do not form a grid.
    #[error(
        "{}: the names of {tiles} tiles do not fill a grid of columns and rows ({})",
        display_path(folder),
        match (advice, varying) {
            (Some(NamingAdvice::DifferentStarts { .. }), _) => "the two numbers begin with different values".into(),
            (Some(NamingAdvice::Steps { .. }), _) => "the two numbers go in steps".into(),
            (_, 2) => "some are missing".into(),
            _ => format!("{varying} of {numbers} numbers vary"),
        }
    )]
    NoGrid {
        /// The source version's folder.
        folder: PathBuf,
        /// How many tiles there are.
        tiles: u64,
        /// The numbers in each name.
        numbers: usize,
        /// Those of them that vary.
        varying: usize,
        /// What the numbers say about the reason.
        advice: Option<NamingAdvice>,
    },
    /// The header of a tile cannot be read.
    #[error("{}: {error}", display_path(path))]
    Header {
        /// The tile.
        path: PathBuf,
        /// The problem.
        error: PictureError,
    },
    /// The sizes of the tiles do not fit together.
    #[error("{}: the sizes of its tiles do not fit together\n{faults}", display_path(folder))]
    Sizes {
        /// The source version's folder.
        folder: PathBuf,
        /// The tiles that contradict the others.
        faults: Faults,
    },
}

fn describe(fault: &ShapeFault) -> String {
    match fault {
        ShapeFault::NoPictures => "no tile that ends in .jpg, .jpeg or .png".into(),
        ShapeFault::Different { one, other } => format!("{one} and {other} differ in more than their numbers"),
        ShapeFault::Unusable { name } => format!("{name} cannot be the name of a tile"),
    }
}

impl InitError {
    /// The kind of the failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Header { error: PictureError::Read(error), .. } if error.kind() != io::ErrorKind::NotFound => {
                ErrorKind::Failed
            }
            _ => ErrorKind::InvalidInput,
        }
    }

    /// The file or folder that the error is about.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Exists { path } | Self::Header { path, .. } => path,
            Self::Names { folder, .. } | Self::NoGrid { folder, .. } | Self::Sizes { folder, .. } => folder,
        }
    }
}
