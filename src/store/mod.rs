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

pub use check::check::{VersionState, check_bytes, owners_by_tree, version_states};
pub use check::entries::{PresentLevels, check_entries, check_folders, check_served_folder};
pub use check::mend::{Mend, Mending};
pub use check::problem::{Problem, ProblemKind, Problems};
pub use error::{IoError, StoreError};
pub use layout::{Layout, LinkTarget, SourcePlace, Version, tile_path};
pub use source::freshness::{SourceChanges, check_sources};
pub use source::latest::LatestSources;
pub use source::new_pyramid::{remove_spec, remove_unused, write_spec};
pub use source::new_source::StagedSource;
pub use source::sources::{SourceFolder, SourceListing, SourceStamp, SourceVersions, has_tiles, is_half_cut};
pub use state::folder::state_names;
pub use state::lock::{Locking, ReadLock, WriteLock};
pub use state::manifest::{Counts, Manifest, Record, Role, owned_tiles, records};
pub use state::replaced::forget_replaced;
pub use tree::owners::Owners;
pub use tree::publish::{
    Durability, check_own_folders, clean_leftovers, discard_staging, half_built, is_published, point_latest_to,
    publish, published,
};
pub use tree::staging::StagedTree;
pub use tree::tree::{Tree, Trees};
pub use vacuum::{
    Steps, Totals, Vacuum, VacuumJournal, VacuumWatch, dropped_versions, finish_vacuum, forget_dropped, freed_by_each,
};

pub(crate) use fs::files::read_file;
pub(crate) use layout::is_of_a_manifest;
