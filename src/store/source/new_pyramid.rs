//! The begin of a pyramid: its pyramid.json, and its folder if nothing comes of it.

use crate::store::error::{Context, StoreError};
use crate::store::fs::files;
use crate::store::layout::Layout;
use std::io::Write;

/// Writes the pyramid.json of a pyramid that has none. It is there as a whole or not at all.
///
/// # Errors
/// There is one by now; the file system refuses.
pub fn write_spec(layout: &Layout, text: &str) -> Result<(), StoreError> {
    let path = layout.spec_file();
    let beside = path.with_extension("json.new");
    let mut file = files::create_own_file(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).context("write", &beside);
    let named = written.and_then(|()| files::rename_new(&beside, &path));
    if named.is_err() {
        // What failed is worth more.
        let _ = std::fs::remove_file(&beside);
    }
    Ok(named?)
}

/// Removes a pyramid.json that was written for a version that then could not be published. What cannot be removed stays.
pub fn remove_spec(layout: &Layout) {
    let _ = std::fs::remove_file(layout.spec_file());
}

/// Removes the folder of a pyramid in which nothing was made, with the folders of the tool's own, as far as they are empty
/// but for the lock. The caller holds that: who waits for it finds out that its file is gone. What cannot be removed stays.
pub fn remove_unused(layout: &Layout) {
    let _ = std::fs::remove_file(layout.lock());
    for folder in [&layout.state(), &layout.trees(), &layout.dest(), layout.root()] {
        let _ = std::fs::remove_dir(folder);
    }
}
