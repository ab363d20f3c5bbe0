//! The state folder `dest/.fast_pyramid`: lock, manifests, and records of unfinished work.

mod dropped;
mod folder;
mod lock;
mod manifest;
mod replaced;
mod reverting;

pub use dropped::{dropped_versions, forget_dropped};
pub(crate) use dropped::{marked_as_dropped, set_dropped};
pub(crate) use folder::{SCHEMA, read_json, write_json};
pub use folder::{check_own_folders, state_file_names};
pub use lock::{Locking, ReadLock, WriteLock};
pub(crate) use manifest::owned_tiles;
pub use manifest::{Counts, Manifest, Record, Role, add_owned_tiles, records, replace_rewritten};
pub(crate) use manifest::{ManifestFields, ManifestWriter, check_records, fingerprint, records_hash, rewrite};
pub use replaced::forget_replaced;
pub(crate) use replaced::{record_replaced, replaced};
pub use reverting::{BegunRevert, begun_revert, forget_revert, record_revert};
