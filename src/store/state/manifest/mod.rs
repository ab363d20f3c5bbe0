//! Manifests of published versions: one folder `dest/.fast_pyramid/versions/vN/` per version.
//!
//! `manifest.json` holds the settings and the counts. `tiles` holds one record of 48 bytes for each tile that the version
//! owns and each of its source tiles, in the order in which they were finished. It is binary and only ever streamed,
//! because a million tiles make 48 MB.

mod record;
mod writer;

pub use record::{Record, Role, records};
pub use writer::replace_rewritten;
pub(crate) use writer::{ManifestFields, ManifestWriter, rewrite};

use crate::format::Settings;
use crate::geometry::{BaseTiles, Geometry, TileSet};
use crate::store::error::{Context, StoreError};
use crate::store::layout::{Layout, Version};
use crate::store::state::{read_json, write_json};
use record::{BUFFER_BYTES, RECORD_BYTES, RECORDS, open_records};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The name of the header in a manifest folder.
const HEADER: &str = "manifest.json";

/// How many tiles a tree has, and who owns them. `tiles` is the sum of the next three, except that plain tiles are in no tree
/// with overlap: then it is the sum of `generated` and `linked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All tiles in the tree.
    pub tiles: u64,
    /// Generated tiles that are real files of this tree.
    pub generated: u64,
    /// Base tiles that come from this version's sources.
    pub patched: u64,
    /// Tiles owned by earlier versions.
    pub linked: u64,
    /// Bytes of the generated files.
    pub generated_bytes: u64,
    /// Bytes of the patched base tiles.
    pub patched_bytes: u64,
}

impl Counts {
    /// Counts a tile that the version owns.
    pub(crate) fn add(&mut self, record: &Record) {
        match record.role {
            Role::Generated => {
                self.generated += 1;
                self.generated_bytes += record.stamp.stat.length;
            }
            Role::Source => {
                self.patched += 1;
                self.patched_bytes += record.stamp.stat.length;
            }
            Role::SourceUnchanged => {}
        }
    }

    /// The counts of a tree of `tiles` tiles with these settings, after all owned ones were added.
    pub(crate) fn of_tree(self, tiles: u64, settings: &Settings) -> Self {
        let is_composed = settings.base_tiles == Some(BaseTiles::Plain);
        let owned = if is_composed { self.generated } else { self.generated + self.patched };
        Self { tiles, linked: tiles.saturating_sub(owned), ..self }
    }
}

/// The header of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub schema: u32,
    /// The version of the encoder that generated the tiles.
    pub encoder: u32,
    /// The version of the tree.
    pub version: Version,
    /// When it was published, in seconds since 1970.
    pub built: u64,
    /// The settings that it was built with.
    pub settings: Settings,
    /// The numbers of its tiles.
    pub counts: Counts,
    /// Number of records.
    pub records: u64,
    /// XXH3-128 of all records, in hexadecimal.
    pub records_hash: String,
}

impl Manifest {
    /// Whether a manifest folder has a header, damaged or not.
    pub(crate) fn exists(folder: &Path) -> bool {
        folder.join(HEADER).symlink_metadata().is_ok()
    }

    /// Reads the header in a manifest folder; `None` if it is missing.
    ///
    /// # Errors
    /// The header cannot be read, is damaged, or does not fit the number of records.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(HEADER);
        let Some(manifest) = read_json::<Self>(&path)? else { return Ok(None) };
        let records = folder.join(RECORDS);
        let length = open_records(&records)?.metadata().context("read", &records)?.len();
        if Some(length) != manifest.records.checked_mul(RECORD_BYTES as u64) {
            let problem = format!("it counts {} records, but {RECORDS} has {length} bytes", manifest.records);
            return Err(StoreError::damaged(path, problem));
        }
        Ok(Some(manifest))
    }

    /// Reads the header of a published version; `None` if it is missing.
    ///
    /// # Errors
    /// As [`Manifest::read`]; or the header names another version.
    pub(crate) fn read_for(layout: &Layout, version: Version) -> Result<Option<Self>, StoreError> {
        let folder = layout.manifest(version);
        match Self::read(&folder)? {
            Some(Self { version: other, .. }) if other != version => {
                Err(StoreError::damaged(folder.join(HEADER), format!("it is the manifest of {other}")))
            }
            manifest => Ok(manifest),
        }
    }

    fn write(&self, folder: &Path) -> Result<(), StoreError> {
        write_json(&folder.join(HEADER), self)
    }
}

/// The tiles that a version owns, by the manifest in `folder`.
///
/// # Errors
/// The manifest cannot be read, is damaged, or names tiles outside the pyramid.
pub(crate) fn owned_tiles(folder: &Path, geometry: &Geometry) -> Result<TileSet, StoreError> {
    let mut owned = TileSet::new(geometry);
    add_owned_tiles(folder, geometry, &mut owned)?;
    Ok(owned)
}

/// Adds the tiles that a version owns, by the manifest in `folder`, to `owned`.
///
/// # Errors
/// The manifest cannot be read, is damaged, or names tiles outside the pyramid; some tiles may have been added then.
pub fn add_owned_tiles(folder: &Path, geometry: &Geometry, owned: &mut TileSet) -> Result<(), StoreError> {
    let missing = || StoreError::damaged(folder.join(HEADER), "it is missing");
    let manifest = Manifest::read(folder)?.ok_or_else(missing)?;
    visit_checked(folder, &manifest, |record| {
        if !geometry.contains(record.tile) {
            let problem = format!("it names the tile {}, which is outside the pyramid", record.tile);
            return Err(StoreError::damaged(folder.join(RECORDS), problem));
        }
        if record.owned() {
            owned.insert(record.tile);
        }
        Ok(())
    })
}

/// A number that depends on all records, but neither on their order nor on the times of source tiles.
///
/// # Errors
/// The records cannot be read.
pub(crate) fn fingerprint(folder: &Path) -> Result<u64, StoreError> {
    let hash = |mut record: Record| {
        record.stamp = record.stamp.without_times();
        xxh3_64(&record.to_bytes())
    };
    records(folder)?.try_fold(0u64, |sum, record| Ok(sum.wrapping_add(hash(record?))))
}

/// Compares the records of the manifest in `folder` with the hash in its header.
///
/// # Errors
/// The records cannot be read, or have another hash.
pub(crate) fn check_records(folder: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    visit_checked(folder, manifest, |_| Ok(()))
}

/// Passes all records to `visit`, and compares their hash afterwards.
fn visit_checked(
    folder: &Path,
    manifest: &Manifest,
    mut visit: impl FnMut(Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut hasher: Box<Xxh3> = Box::default();
    for record in records(folder)? {
        let record = record?;
        hasher.update(&record.to_bytes());
        visit(record)?;
    }
    if hex(&hasher) == manifest.records_hash {
        return Ok(());
    }
    Err(StoreError::damaged(folder.join(RECORDS), "its records are not those that were written"))
}

/// The hash of the records in `folder` as they are on disk, valid or not.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn records_hash(folder: &Path) -> Result<String, StoreError> {
    let path = folder.join(RECORDS);
    let mut file = open_records(&path)?;
    let (mut hasher, mut buffer) = (Xxh3::new(), vec![0; BUFFER_BYTES]);
    loop {
        match file.read(&mut buffer).context("read", &path)? {
            0 => return Ok(hex(&hasher)),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// The hash of the records so far, as the header has it.
fn hex(hasher: &Xxh3) -> String {
    format!("{:032x}", hasher.digest128())
}
