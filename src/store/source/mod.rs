//! Source versions: the base tiles of the user, and new versions of them.
//!
//! Finished source versions are only read.

mod folder;
mod freshness;
mod latest;
mod listing;
mod new_version;
mod spec_file;
mod versions;

pub use folder::SourceFolder;
pub use freshness::{Mtimes, SourceChanges, SourceCheck};
pub use latest::LatestSources;
pub use listing::{SourceListing, has_tiles};
pub use new_version::StagedSource;
pub(crate) use new_version::remove_staged_sources;
pub use spec_file::{remove_empty_pyramid, remove_spec, write_spec};
pub use versions::{SourceVersions, is_half_cut};
