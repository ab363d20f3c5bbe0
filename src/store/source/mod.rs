//! Source versions: the base tiles of the user, and new versions of them.
//!
//! Finished source versions are only read.

mod entry;
mod folder;
mod freshness;
mod latest;
mod listing;
mod name_shape;
mod naming_advice;
mod new_version;
mod scan;
mod spec_file;
mod versions;

pub use entry::FolderContents;
pub use folder::SourceFolder;
pub use freshness::{CheckedSource, FileTimes, SourceChanges, SourceCheck};
pub use latest::LatestSources;
pub use listing::{ExpectedTiles, SourceListing};
pub use name_shape::{Arrangement, NameShape, ShapeFault};
pub use naming_advice::{NamingAdvice, NamingProposal};
pub use new_version::StagedSource;
pub(crate) use new_version::remove_staged_sources;
pub use spec_file::{remove_empty_pyramid, remove_spec, write_spec};
pub use versions::{SourceVersions, UnfilledVersion, is_half_cut};
