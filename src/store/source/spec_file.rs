//! The pyramid.json of a new pyramid, and removing the pyramid again if nothing comes of it.

use crate::store::error::{Context, StoreError};
use crate::store::fs;
use crate::store::layout::Layout;
use std::io::Write;

/// Writes the pyramid.json of a new pyramid. It appears complete or not at all.
///
/// # Errors
/// A pyramid.json exists, or the file cannot be written.
pub fn write_spec(layout: &Layout, text: &str) -> Result<(), StoreError> {
    let path = layout.spec_file();
    let beside = path.with_extension("json.new");
    let mut file = fs::create_own_file(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).context("write", &beside);
    let renamed = written.and_then(|()| fs::rename_new(&beside, &path));
    if renamed.is_err() {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&beside);
    }
    Ok(renamed?)
}

/// Removes a pyramid.json whose first version could not be published. Errors are ignored.
pub fn remove_spec(layout: &Layout) {
    let _ = std::fs::remove_file(layout.spec_file());
}

/// Removes the lock file and all empty folders of a pyramid that has no versions. Errors are ignored.
///
/// The caller holds the lock; processes that wait for it detect that its file is gone.
pub fn remove_empty_pyramid(layout: &Layout) {
    let _ = std::fs::remove_file(layout.lock());
    for folder in [&layout.state(), &layout.trees(), &layout.dest(), layout.root()] {
        let _ = std::fs::remove_dir(folder);
    }
}
