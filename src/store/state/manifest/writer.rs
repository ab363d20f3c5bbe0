//! Writing manifests.

use crate::format::Settings;
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs;
use crate::store::layout::Version;
use crate::store::state::SCHEMA;
use crate::store::state::manifest::record::{BUFFER_BYTES, RECORDS};
use crate::store::state::manifest::{Counts, Manifest, Record, hex, visit_checked};
use crate::sync::Mutex;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Writes a manifest while its version is built. Any number of threads may add records.
pub(crate) struct ManifestWriter {
    folder: PathBuf,
    /// The path of the file of records.
    path: PathBuf,
    written: Mutex<Written>,
}

impl std::fmt::Debug for ManifestWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ManifestWriter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

struct Written {
    file: BufWriter<File>,
    hasher: Box<Xxh3>,
    records: u64,
    counts: Counts,
}

/// The fields of a header that do not follow from the records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManifestFields<'a> {
    pub(crate) version: Version,
    pub(crate) encoder: u32,
    pub(crate) built: u64,
    pub(crate) settings: &'a Settings,
    /// The number of all tiles in the tree.
    pub(crate) tiles: u64,
}

impl<'a> ManifestFields<'a> {
    /// The fields of an existing manifest.
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        let Manifest { version, encoder, built, ref settings, counts, .. } = *manifest;
        Self { version, encoder, built, settings, tiles: counts.tiles }
    }
}

impl ManifestWriter {
    /// Starts a manifest in `folder`, which is created if it is missing.
    ///
    /// # Errors
    /// The folder or the file cannot be created.
    pub(crate) fn create(folder: PathBuf) -> Result<Self, IoError> {
        fs::create_folder(&folder)?;
        let path = folder.join(RECORDS);
        let file = BufWriter::with_capacity(BUFFER_BYTES, fs::create_own_file(&path)?);
        let written = Written { file, hasher: Box::default(), records: 0, counts: Counts::default() };
        Ok(Self { folder, path, written: Mutex::new(written) })
    }

    /// Writes out the records added so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn flush(&self) -> Result<(), IoError> {
        self.written.lock().file.flush().context("write", &self.path)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&self, record: Record) -> Result<(), IoError> {
        let mut written = self.written.lock();
        let bytes = record.to_bytes();
        written.file.write_all(&bytes).context("write", &self.path)?;
        written.hasher.update(&bytes);
        written.records += 1;
        written.counts.add(&record);
        Ok(())
    }

    /// Writes the header and returns it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn finish(self, fields: ManifestFields<'_>) -> Result<Manifest, StoreError> {
        self.flush()?;
        let ManifestFields { version, encoder, built, settings, tiles } = fields;
        let Written { hasher, records, counts, .. } = self.written.into_inner();
        let (counts, records_hash) = (counts.of_tree(tiles, settings), hex(&hasher));
        let settings = settings.clone();
        let manifest = Manifest { schema: SCHEMA, encoder, version, built, settings, counts, records, records_hash };
        manifest.write(&self.folder)?;
        Ok(manifest)
    }
}

/// Writes a manifest with each record updated beside the one in `folder`, for [`replace_rewritten`].
///
/// # Errors
/// A record is damaged, or cannot be read, updated or written; then nothing has changed.
pub(crate) fn rewrite(
    folder: &Path,
    manifest: &Manifest,
    mut update: impl FnMut(Record) -> Result<Record, StoreError>,
) -> Result<(), StoreError> {
    let beside = beside(folder);
    fs::remove_tree(&beside)?;
    let writer = ManifestWriter::create(beside.clone())?;
    // Damaged records must not get a hash that confirms them.
    let rewritten = visit_checked(folder, manifest, |record| Ok(writer.add(update(record)?)?));
    if let Err(error) = rewritten {
        fs::remove_tree(&beside)?;
        return Err(error);
    }
    writer.finish(ManifestFields::of(manifest))?;
    Ok(())
}

/// Replaces the manifests in these folders by those that `rewrite` wrote, after one flush for all of them. Header and
/// records of each change in one step, as far as the system can exchange folders.
///
/// # Errors
/// A folder cannot be flushed, exchanged or deleted. Each manifest is the old or the new one then.
pub fn replace_rewritten(folders: &[PathBuf]) -> Result<(), StoreError> {
    let Some(first) = folders.first() else { return Ok(()) };
    fs::flush_file_system(&beside(first))?;
    for folder in folders {
        fs::swap_folders(&beside(folder), folder)?;
        fs::remove_tree(&beside(folder))?;
    }
    Ok(())
}

fn beside(folder: &Path) -> PathBuf {
    folder.with_extension("new")
}
