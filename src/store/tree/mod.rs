//! Trees: read through their owners, built in staging, and published.

mod found;
mod leftovers;
mod levels;
mod owners;
mod publish;
mod published;
mod read;
mod resume;
mod staging;

pub use found::empty_found;
pub(crate) use found::{move_to_found, rescue_others};
pub use leftovers::{clean_leftovers, discard_staging};
pub(crate) use levels::LevelDirs;
pub use owners::Owners;
pub use publish::{point_latest_to, publish};
pub(crate) use published::versions_in;
pub use published::{half_built, is_published, published};
pub use read::Tree;
pub use resume::ResumedTile;
pub use staging::{NewTree, StagedTree};
