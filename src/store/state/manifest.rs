//! What was published: one manifest a version, in `dest/.fast_pyramid/versions/vN/`.
//!
//! `manifest.json` holds the settings and the counts. `tiles` holds one record of 48 bytes for each tile that the
//! version owns and each of its source tiles, in the order they were finished; a million tiles make 48 MB, which is
//! why it is not JSON and is only ever streamed.

use crate::format::Settings;
use crate::geometry::{Geometry, Tile, TileSet};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::fs::files::FileStamp;
use crate::store::layout::{Layout, Version};
use crate::sync::Mutex;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// The version of this file format.
const SCHEMA: u32 = 1;

/// The most bytes of a manifest.json; a whole one has under two thousand.
const MAX_HEADER: u64 = 1 << 20;

const HEADER: &str = "manifest.json";
pub(crate) const RECORDS: &str = "tiles";

/// How many tiles a tree has, and whose they are. `tiles` is the sum of the other three.
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

/// The header of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub schema: u32,
    /// The version of the encoder that made the generated tiles.
    pub encoder: u32,
    /// Which tree this describes.
    pub version: Version,
    /// When it was published, in seconds since 1970.
    pub built: u64,
    /// What it was built with.
    pub settings: Settings,
    /// What it consists of.
    pub counts: Counts,
    /// Number of records.
    pub records: u64,
    /// XXH3-128 of all records, in hexadecimal.
    pub records_hash: String,
}

impl Counts {
    /// Counts what a record says the version owns.
    pub(crate) fn add(&mut self, record: &Record) {
        match record.role {
            Role::Generated => {
                self.generated += 1;
                self.generated_bytes += record.stamp.length;
            }
            Role::Source => {
                self.patched += 1;
                self.patched_bytes += record.stamp.length;
            }
            Role::SourceUnchanged => {}
        }
    }
}

impl Manifest {
    /// Whether there is anything in the place of the header.
    pub(crate) fn is_there(folder: &Path) -> bool {
        folder.join(HEADER).symlink_metadata().is_ok()
    }

    /// Reads the header in the manifest folder `folder`, or `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is not what this release or an earlier one writes.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(HEADER);
        let damaged = |problem: String| StoreError::Damaged { path: path.clone(), problem };
        let Some(bytes) = files::read_own_file(&path, MAX_HEADER)? else { return Ok(None) };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.schema > SCHEMA {
            return Err(damaged(format!("it has schema {}, this release knows {SCHEMA}", manifest.schema)));
        }
        let records = folder.join(RECORDS);
        let length = open_records(&records)?.metadata().context("read", &records)?.len();
        if Some(length) != manifest.records.checked_mul(RECORD_BYTES as u64) {
            return Err(damaged(format!("it counts {} records, but {RECORDS} has {length} bytes", manifest.records)));
        }
        Ok(Some(manifest))
    }

    /// Reads the header of a version's manifest in its place, or `None` where there is none.
    ///
    /// # Errors
    /// As [`Manifest::read`]; or it is that of another version.
    pub(crate) fn read_for(layout: &Layout, version: Version) -> Result<Option<Self>, StoreError> {
        let folder = layout.manifest(version);
        match Self::read(&folder)? {
            Some(Self { version: other, .. }) if other != version => {
                let problem = format!("it is that of {other}");
                Err(StoreError::Damaged { path: folder.join(HEADER), problem })
            }
            manifest => Ok(manifest),
        }
    }

    fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(HEADER);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| StoreError::Damaged { path: path.clone(), problem: error.to_string() })?;
        Ok(files::replace_file(&path, (text + "\n").as_bytes())?)
    }
}

/// What a record says of its tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A generated tile, a real file of this tree.
    Generated,
    /// A base tile of this version's sources, which the tree links to.
    Source,
    /// A base tile of this version's sources with the same bytes as an earlier one, which the tree links to instead.
    SourceUnchanged,
}

/// One tile of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub role: Role,
    /// Which tile.
    pub tile: Tile,
    /// Length, hash and, for source tiles, modification time (0 for others).
    pub stamp: FileStamp,
}

const RECORD_BYTES: usize = 48;

impl Record {
    /// Whether the version owns the tile.
    #[must_use]
    pub fn owned(&self) -> bool {
        self.role != Role::SourceUnchanged
    }

    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[0] = match self.role {
            Role::Generated => 1,
            Role::Source => 2,
            Role::SourceUnchanged => 3,
        };
        bytes[1] = self.tile.level;
        bytes[4..8].copy_from_slice(&self.tile.column.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.tile.row.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.stamp.length.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.stamp.modified.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.stamp.hash.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        fn field<const N: usize>(bytes: &[u8; RECORD_BYTES], at: usize) -> [u8; N] {
            std::array::from_fn(|index| bytes[at + index])
        }
        let role = match bytes[0] {
            1 => Role::Generated,
            2 => Role::Source,
            3 => Role::SourceUnchanged,
            _ => return None,
        };
        Some(Self {
            role,
            tile: Tile {
                level: bytes[1],
                column: u32::from_le_bytes(field(bytes, 4)),
                row: u32::from_le_bytes(field(bytes, 8)),
            },
            stamp: FileStamp {
                length: u64::from_le_bytes(field(bytes, 16)),
                modified: i64::from_le_bytes(field(bytes, 24)),
                hash: u128::from_le_bytes(field(bytes, 32)),
            },
        })
    }
}

/// Streams the records of the manifest in `folder`.
///
/// # Errors
/// The file cannot be opened. Damage found on the way is an error in its place in the stream.
pub fn records(folder: &Path) -> Result<impl Iterator<Item = Result<Record, StoreError>> + use<>, StoreError> {
    let path = folder.join(RECORDS);
    let mut file = BufReader::with_capacity(1 << 16, open_records(&path)?);
    let mut done = false;
    Ok(std::iter::from_fn(move || {
        if done {
            return None;
        }
        let next = read_record(&mut file, &path).transpose();
        done = !matches!(next, Some(Ok(_)));
        next
    }))
}

fn open_records(path: &Path) -> Result<File, StoreError> {
    let gone = || StoreError::Damaged { path: path.to_owned(), problem: "it is not there".into() };
    files::open_own_file(path)?.ok_or_else(gone)
}

fn read_record(file: &mut impl Read, path: &Path) -> Result<Option<Record>, StoreError> {
    let mut bytes = [0; RECORD_BYTES];
    let mut rest = bytes.as_mut_slice();
    let copied = std::io::copy(&mut file.take(RECORD_BYTES as u64), &mut rest).context("read", path)?;
    if copied == 0 {
        return Ok(None);
    }
    let whole = copied == RECORD_BYTES as u64;
    let damaged = || StoreError::Damaged { path: path.to_owned(), problem: "a record makes no sense".into() };
    Some(bytes).filter(|_| whole).as_ref().and_then(Record::from_bytes).map(Some).ok_or_else(damaged)
}

/// The tiles that a version owns, by its manifest in `folder`.
///
/// # Errors
/// The records cannot be read, or name tiles that the pyramid does not have.
pub fn owned_tiles(folder: &Path, geometry: &Geometry) -> Result<TileSet, StoreError> {
    let gone = || StoreError::Damaged { path: folder.join(HEADER), problem: "it is not there".into() };
    let manifest = Manifest::read(folder)?.ok_or_else(gone)?;
    let mut owned = TileSet::new(geometry);
    checked_records(folder, &manifest, |record| {
        if !geometry.contains(record.tile) {
            let problem = format!("it names the tile {}, which the pyramid does not have", record.tile);
            return Err(StoreError::Damaged { path: folder.join(RECORDS), problem });
        }
        if record.owned() {
            owned.insert(record.tile);
        }
        Ok(())
    })?;
    Ok(owned)
}

/// A number that is the same for all manifests whose records are the same but for their order and the times of source
/// tiles.
///
/// # Errors
/// The records cannot be read.
pub(crate) fn fingerprint(folder: &Path) -> Result<u64, StoreError> {
    let hash = |mut record: Record| {
        record.stamp.modified = 0;
        xxhash_rust::xxh3::xxh3_64(&record.to_bytes())
    };
    records(folder)?.try_fold(0u64, |sum, record| Ok(sum.wrapping_add(hash(record?))))
}

/// Compares all records of the manifest in `folder` with the hash that its header has of them.
///
/// # Errors
/// They cannot be read, or are not those that were written.
pub(crate) fn check_records(folder: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    checked_records(folder, manifest, |_| Ok(()))
}

/// Gives `visit` all records, and then compares them as [`check_records`] does.
fn checked_records(
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
    if format!("{:032x}", hasher.digest128()) == manifest.records_hash {
        return Ok(());
    }
    let problem = "its records are not those that were written".to_owned();
    Err(StoreError::Damaged { path: folder.join(RECORDS), problem })
}

/// Writes a manifest while its version is built; any number of threads may add records.
pub(crate) struct ManifestWriter {
    folder: PathBuf,
    progress: Mutex<Progress>,
}

impl std::fmt::Debug for ManifestWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ManifestWriter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

struct Progress {
    file: BufWriter<File>,
    hasher: Box<Xxh3>,
    records: u64,
    counts: Counts,
}

impl ManifestWriter {
    /// Starts the manifest in a new `folder`.
    ///
    /// # Errors
    /// The folder or the file cannot be created.
    pub(crate) fn create(folder: PathBuf) -> Result<Self, IoError> {
        files::create_folder(&folder)?;
        let path = folder.join(RECORDS);
        let file = BufWriter::with_capacity(1 << 16, files::create_own_file(&path)?);
        let progress = Progress { file, hasher: Box::default(), records: 0, counts: Counts::default() };
        Ok(Self { folder, progress: Mutex::new(progress) })
    }

    /// Writes out the records added so far.
    ///
    /// # Errors
    /// They cannot be written.
    pub(crate) fn flush(&self) -> Result<(), IoError> {
        let mut progress = self.progress.lock();
        progress.file.flush().context("write", &self.folder.join(RECORDS))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn add(&self, record: Record) -> Result<(), IoError> {
        let mut progress = self.progress.lock();
        let bytes = record.to_bytes();
        progress.file.write_all(&bytes).context("write", &|| self.folder.join(RECORDS))?;
        progress.hasher.update(&bytes);
        progress.records += 1;
        progress.counts.add(&record);
        Ok(())
    }

    /// Ends the manifest of a tree of `tiles` tiles and returns its header.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn finish(
        self,
        version: Version,
        encoder: u32,
        built: u64,
        settings: &Settings,
        tiles: u64,
    ) -> Result<Manifest, StoreError> {
        let mut progress = self.progress.into_inner();
        progress.file.flush().context("write", &self.folder.join(RECORDS))?;
        let mut counts = progress.counts;
        counts.tiles = tiles;
        counts.linked = tiles.saturating_sub(counts.generated + counts.patched);
        let manifest = Manifest {
            schema: SCHEMA,
            encoder,
            version,
            built,
            settings: settings.clone(),
            counts,
            records: progress.records,
            records_hash: format!("{:032x}", progress.hasher.digest128()),
        };
        manifest.write(&self.folder)?;
        Ok(manifest)
    }
}

/// Writes the records of the manifest in `folder` anew, each put through `update`; header and file change together
/// as far as renames can make them.
///
/// # Errors
/// Reading, updating or writing fails; then nothing has changed.
pub(crate) fn rewrite(
    folder: &Path,
    manifest: &Manifest,
    mut update: impl FnMut(Record) -> Result<Record, StoreError>,
) -> Result<(), StoreError> {
    let beside = folder.with_extension("new");
    files::remove_tree(&beside)?;
    let writer = ManifestWriter::create(beside.clone())?;
    for record in records(folder)? {
        writer.add(update(record?)?)?;
    }
    let (tiles, built) = (manifest.counts.tiles, manifest.built);
    writer.finish(manifest.version, manifest.encoder, built, &manifest.settings, tiles)?;
    files::flush_file_system(&beside)?;
    crate::store::tree::publish::swap_folders(&beside, folder)?;
    Ok(files::remove_tree(&beside)?)
}
