//! The stage in which what is no longer needed goes: the journal alone says what. All of it can be done again from the
//! beginning, whatever has gone already.

use super::journal::{VacuumJournal, mark, marked};
use super::{VacuumSteps, rename};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::layout::Layout;
use crate::store::source::sources::SourceVersions;
use crate::store::state::manifest::Manifest;
use crate::store::tree::publish::swap_folders;
use std::collections::BTreeSet;
use std::path::Path;

/// Does the whole stage.
pub(super) fn clean(layout: &Layout, journal: &VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    for (version, hash) in &journal.manifests {
        let (new, old) = (layout.vacuumed_manifest(*version), layout.manifest(*version));
        let in_place = Manifest::read(&old)?.is_some_and(|manifest| manifest.records_hash == *hash);
        if !in_place {
            steps.take()?;
            // Where folders cannot be exchanged at once, a killed run may have left the place empty.
            if old.symlink_metadata().is_ok() { swap_folders(&new, &old)? } else { rename(&new, &old)? }
        }
    }
    let before = marked(layout)?;
    let after: BTreeSet<_> = if journal.keep_sources {
        before.union(&journal.dropped).copied().collect()
    } else {
        before.difference(&journal.dropped).copied().collect()
    };
    if after != before {
        steps.take()?;
        mark(layout, after)?;
    }
    files::create_folder(&layout.trash())?;
    // Highest first, because links lead to lower versions.
    for &version in journal.dropped.iter().rev() {
        if !journal.keep_sources {
            discard(layout, &layout.manifest(version), &format!("{version}.manifest"), steps)?;
        }
        discard(layout, &layout.tree(version), &format!("{version}.tree"), steps)?;
    }
    if !journal.keep_sources {
        let place = SourceVersions::find(layout)?.place;
        for &version in journal.dropped.iter().rev() {
            discard(layout, &layout.source(place, version), &format!("{version}.sources"), steps)?;
        }
    }
    files::flush_file_system(&layout.dest())?;
    steps.take()?;
    empty(&layout.trash(), steps)?;
    files::remove_tree(&layout.trash())?;
    steps.take()?;
    files::remove_tree(&layout.vacuum())?;
    files::flush_file_system(&layout.dest())?;
    steps.take()?;
    VacuumJournal::remove(layout)
}

/// Deletes all that is not a folder in a folder and those below it: a million links take seconds, in which somebody may
/// ask to stop.
fn empty(folder: &Path, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let entry = entry.context("read", folder)?;
        let path = || entry.path();
        if entry.file_type().context("read", &path)?.is_dir() {
            empty(&path(), steps)?;
        } else {
            steps.go_on()?;
            std::fs::remove_file(path()).context("delete", &path)?;
        }
    }
    Ok(())
}

/// Moves a folder out of sight, if it is still there. Where that cannot be done, as between disks, it is deleted in place.
fn discard(layout: &Layout, path: &Path, name: &str, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let trash = layout.trash().join(name);
    steps.take()?;
    files::remove_tree(&trash)?;
    match rename(path, &trash) {
        Err(IoError { source, .. }) if source.kind() == std::io::ErrorKind::CrossesDevices => {
            std::fs::remove_dir_all(path).context("delete", path)?;
        }
        result => result?,
    }
    Ok(())
}
