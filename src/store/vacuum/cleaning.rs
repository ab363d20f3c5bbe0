//! The stage that deletes everything that the journal drops. It can be repeated from its beginning at any time.

use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs;
use crate::store::layout::Layout;
use crate::store::source::SourceVersions;
use crate::store::state::{Manifest, marked_as_dropped, set_dropped};
use crate::store::tree::rescue_others;
use crate::store::vacuum::{VacuumJournal, VacuumSteps};
use std::collections::BTreeSet;
use std::path::Path;

/// Runs the whole stage.
pub(super) fn clean(layout: &Layout, journal: &VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    put_manifests_in_place(layout, journal, steps)?;
    update_dropped(layout, journal, steps)?;
    fs::create_folder(&layout.trash())?;
    // Highest first, because links lead to lower versions.
    for &version in journal.dropped.iter().rev() {
        if !journal.keep_sources {
            move_to_trash(layout, &layout.manifest(version), &format!("{version}.manifest"), steps)?;
        }
        rescue_others(layout, &layout.tree(version), &mut || steps.begin_change())?;
        move_to_trash(layout, &layout.tree(version), &format!("{version}.tree"), steps)?;
    }
    if !journal.keep_sources {
        let place = SourceVersions::find(layout)?.place;
        for &version in journal.dropped.iter().rev() {
            move_to_trash(layout, &layout.source(place, version), &format!("{version}.sources"), steps)?;
        }
    }
    fs::flush_file_system(&layout.dest())?;
    steps.begin_change()?;
    delete_files(&layout.trash(), steps)?;
    fs::remove_tree(&layout.trash())?;
    steps.begin_change()?;
    fs::remove_tree(&layout.vacuum())?;
    fs::flush_file_system(&layout.dest())?;
    steps.begin_change()?;
    VacuumJournal::remove(layout)
}

fn put_manifests_in_place(layout: &Layout, journal: &VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    for (version, hash) in &journal.manifests {
        let (new, old) = (layout.vacuumed_manifest(*version), layout.manifest(*version));
        let in_place = Manifest::read(&old)?.is_some_and(|manifest| manifest.records_hash == *hash);
        if !in_place {
            steps.begin_change()?;
            // If folders cannot be exchanged in one step, a killed run may have left the place empty.
            if old.symlink_metadata().is_ok() { fs::swap_folders(&new, &old)? } else { fs::rename(&new, &old)? }
        }
    }
    Ok(())
}

/// Records which versions have no tree on purpose from now on.
fn update_dropped(layout: &Layout, journal: &VacuumJournal, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    let before = marked_as_dropped(layout)?;
    let after: BTreeSet<_> = if journal.keep_sources {
        before.union(&journal.dropped).copied().collect()
    } else {
        before.difference(&journal.dropped).copied().collect()
    };
    if after != before {
        steps.begin_change()?;
        set_dropped(layout, after)?;
    }
    Ok(())
}

/// Deletes everything but folders in a folder and those below it. A million links take seconds, so this can be cancelled.
fn delete_files(folder: &Path, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let entry = entry.context("read", folder)?;
        let path = entry.path();
        if entry.file_type().context("read", &path)?.is_dir() {
            delete_files(&path, steps)?;
        } else {
            steps.check()?;
            std::fs::remove_file(&path).context("delete", &path)?;
        }
    }
    Ok(())
}

/// Moves a folder to the trash under `name`, if it exists. A folder on another disk is deleted in place.
fn move_to_trash(layout: &Layout, path: &Path, name: &str, steps: &VacuumSteps<'_>) -> Result<(), StoreError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let trash = layout.trash().join(name);
    steps.begin_change()?;
    fs::remove_tree(&trash)?;
    match fs::rename(path, &trash) {
        Err(IoError { source, .. }) if source.kind() == std::io::ErrorKind::CrossesDevices => {
            std::fs::remove_dir_all(path).context("delete", path)?;
        }
        result => result?,
    }
    Ok(())
}
