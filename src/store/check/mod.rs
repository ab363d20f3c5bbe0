//! Verify and repair: comparing published versions with their manifests (docs/maintenance.md).

mod bytes;
mod entries;
mod entry;
mod problem;
mod repair;
mod sample;
mod served_folder;
mod unexpected;
mod versions;

pub use bytes::damaged_tiles;
pub use entries::PresentLevels;
pub use problem::{Problem, ProblemKind, Problems};
pub use repair::{RepairAction, Repairer};
pub use sample::{BrokenEntry, find_broken_link, links_are_shared};
pub use served_folder::check_served_folder;
pub use versions::{VersionState, owners_by_tree, version_states};

use crate::geometry::{Grid, Tile};
use crate::store::context::TreeContext;
use crate::store::layout::Version;
use crate::store::tree::Owners;
use crate::sync::Progress;
use crate::text::{display_name, display_path};
use std::path::Path;

/// Compares a published version with its manifest.
///
/// Each check ends early if `progress` is cancelled; its problems are then incomplete.
pub struct VersionCheck<'a> {
    /// The pyramid.
    pub context: &'a TreeContext,
    /// The version.
    pub version: Version,
    /// The owners of the tiles that it shows.
    pub owners: &'a mut Owners,
    /// The problems found.
    pub problems: &'a mut Problems,
    /// Counts the tiles compared.
    pub progress: &'a dyn Progress,
}

/// All tiles of a level, row by row.
fn tiles_of(level: u8, grid: Grid) -> impl Iterator<Item = Tile> {
    (0..grid.rows).flat_map(move |row| (0..grid.columns).map(move |column| Tile { level, column, row }))
}

/// A path for messages: relative to `folder` if it lies in it, otherwise the file name.
fn name_under(folder: &Path, path: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(under) => display_path(under),
        Err(_) => path.file_name().map(display_name).unwrap_or_default(),
    }
}
