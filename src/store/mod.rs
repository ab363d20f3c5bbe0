//! Everything on disk: the user's sources, which are only read but for whole new versions, and `dest/`, which only this
//! module touches.
//! It sees bytes, never pixels.

mod check;
mod early_flush;
mod entries;
mod error;
mod files;
mod freshness;
mod latest;
mod layout;
mod lock;
mod manifest;
mod mend;
mod new_pyramid;
mod new_source;
mod owners;
mod problem;
mod publish;
mod replaced;
mod resume;
mod sources;
mod staging;
mod state;
mod tree;
mod vacuum;

pub use check::{VersionState, check_bytes, owners_by_tree, version_states};
pub use entries::{PresentLevels, check_entries, check_folders, check_served_folder};
pub use error::{IoError, StoreError};
pub use freshness::{SourceChanges, check_sources};
pub use latest::LatestSources;
pub use layout::{Layout, LinkTarget, SourcePlace, Version, tile_path};
pub use lock::{Locking, ReadLock, WriteLock};
pub use manifest::{Counts, Manifest, Record, Role, owned_tiles, records};
pub use mend::{Mend, Mending};
pub use new_pyramid::{remove_spec, remove_unused, write_spec};
pub use new_source::StagedSource;
pub use owners::Owners;
pub use problem::{Problem, ProblemKind, Problems};
pub use publish::{
    Durability, check_own_folders, clean_leftovers, discard_staging, half_built, is_published, point_latest_to,
    publish, published,
};
pub use replaced::forget_replaced;
pub use sources::{SourceFolder, SourceListing, SourceStamp, SourceVersions, has_tiles, is_half_cut};
pub use staging::StagedTree;
pub use state::state_names;
pub use tree::{Tree, Trees};
pub use vacuum::{
    Steps, Totals, Vacuum, VacuumJournal, VacuumWatch, dropped_versions, finish_vacuum, forget_dropped, freed_by_each,
};

pub(crate) use files::read_file;
pub(crate) use layout::is_of_a_manifest;
