//! Everything on disk: the user's sources, which are only read, and `dest/`, which only this module touches.
//! It sees bytes, never pixels.

mod error;
mod files;
mod freshness;
mod layout;
mod lock;
mod manifest;
mod publish;
mod sources;
mod staging;
mod tree;
mod vacuum;

pub use error::{IoError, StoreError};
pub use freshness::{SourceChanges, check_sources};
pub use layout::{Layout, LinkTarget, SourcePlace, Version, tile_path};
pub use lock::WriteLock;
pub use manifest::{Counts, Manifest, Record, Role, owned_tiles, records};
pub use publish::{
    Durability, check_own_folders, clean_leftovers, discard_staging, point_latest_to, publish, published,
};
pub use sources::{SourceFolder, SourceListing, SourceStamp, SourceVersions};
pub use staging::StagedTree;
pub use tree::{Tree, Trees};
pub use vacuum::{
    Steps, Totals, Vacuum, VacuumJournal, dropped_versions, finish_vacuum, forget_dropped, freed_by_each,
};

pub(crate) use files::read_file;
