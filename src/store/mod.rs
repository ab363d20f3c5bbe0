//! Everything on disk: the sources of the user, and `dest/`, which only this room changes.
//!
//! It sees bytes, never pixels. Finished sources are only read, except by a vacuum that drops them.
//!
//! Its topics import downwards only: `vacuum` and `check`, `tree`, `source`, `state`, `context`, `fs`, `layout`, `error`.

mod check;
mod context;
mod error;
mod fs;
mod layout;
mod source;
mod state;
mod tree;
mod vacuum;

pub use check::{
    BrokenEntry, PresentLevels, Problem, ProblemKind, Problems, RepairAction, Repairer, VersionCheck, VersionState,
    check_served_folder, damaged_tiles, find_broken_link, links_are_shared, owners_by_tree, version_states,
};
pub use context::TreeContext;
pub use error::{IoError, StoreError};
pub(crate) use fs::read_file;
pub use fs::{Durability, FileStamp, FileStat};
pub use layout::{Layout, LinkTarget, SourcePlace, Version, is_in_manifest, tile_path};
pub use source::{
    Arrangement, CheckedSource, ExpectedTiles, FileTimes, FolderContents, LatestSources, NameShape, NamingAdvice,
    NamingProposal, ShapeFault, SourceChanges, SourceCheck, SourceFolder, SourceListing, SourceVersions, StagedSource,
    UnfilledVersion, is_half_cut, remove_empty_pyramid, remove_spec, write_spec,
};
pub use state::{
    BegunRevert, Counts, Locking, Manifest, ReadLock, Record, Role, WriteLock, add_owned_tiles, begun_revert,
    check_own_folders, dropped_versions, forget_dropped, forget_replaced, forget_revert, record_revert, records,
    replace_rewritten, state_file_names,
};
pub use tree::{
    NewTree, Owners, ResumedTile, StagedTree, Tree, clean_leftovers, discard_staging, empty_found, half_built,
    is_published, point_latest_to, publish, published,
};
pub use vacuum::{UnfinishedVacuum, Vacuum, VacuumJournal, VacuumSteps, VacuumTotals, freed_by_each};
