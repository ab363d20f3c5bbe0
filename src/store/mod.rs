//! Everything on disk: the user's sources, which are only read but for whole new versions, and `dest/`, which only this
//! module touches.
//! It sees bytes, never pixels.

mod check;
mod error;
mod fs;
mod layout;
mod source;
mod state;
mod tree;
mod vacuum;

pub use check::check::{VersionCheck, VersionState, damaged_tiles, owners_by_tree, version_states};
pub use check::entries::{PresentLevels, check_served_folder};
pub use check::mend::{RepairAction, Repairer};
pub use check::problem::{Problem, ProblemKind, Problems};
pub use error::{IoError, StoreError};
pub use fs::files::{FileStamp, FileStat};
pub use layout::{Layout, LinkTarget, SourcePlace, Version, is_in_manifest, tile_path};
pub use source::freshness::{Mtimes, SourceChanges, SourceCheck};
pub use source::latest::LatestSources;
pub use source::new_pyramid::{remove_spec, remove_unused, write_spec};
pub use source::new_source::StagedSource;
pub use source::sources::{SourceFolder, SourceListing, SourceVersions, has_tiles, is_half_cut};
pub use state::folder::state_file_names;
pub use state::lock::{Locking, ReadLock, WriteLock};
pub use state::manifest::{Counts, Manifest, Record, Role, owned_tiles, records};
pub use state::replaced::forget_replaced;
pub use tree::owners::Owners;
pub use tree::publish::{
    Durability, check_own_folders, clean_leftovers, discard_staging, half_built, is_published, point_latest_to,
    publish, published,
};
pub use tree::staging::{NewTree, ResumedTile, StagedTree};
pub use tree::tree::{Tree, TreeContext};
pub use vacuum::{
    UnfinishedVacuum, Vacuum, VacuumJournal, VacuumSteps, VacuumTotals, dropped_versions, forget_dropped, freed_by_each,
};

pub(crate) use fs::files::read_file;
