//! Checking `dest/dzi` itself: only the published trees, and `latest`.

use crate::store::check::entry::Found;
use crate::store::check::problem::Part;
use crate::store::check::unexpected::visit_others;
use crate::store::check::{Problem, ProblemKind, Problems, name_under};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::layout::Version;
use std::ffi::OsStr;
use std::path::PathBuf;

/// Checks that `dest/dzi` has only the trees of `versions`, and `latest`, which leads to the highest of them.
///
/// A build may publish versions meanwhile, so `published_now` is asked about others.
///
/// # Errors
/// The folder cannot be read.
pub fn check_served_folder(
    context: &TreeContext,
    versions: &[Version],
    published_now: &dyn Fn(Version) -> bool,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let layout = &context.layout;
    for path in unexpected_in_served_folder(context, versions, published_now)? {
        let found = Found::at_path(&path).described();
        problems.add(Problem::unexpected(None, name_under(layout.root(), &path), found));
    }
    let Some(highest) = versions.last() else { return Ok(()) };
    let found = Found::at_path(&layout.latest());
    let leads_to = match &found {
        Found::Link(target) => std::str::from_utf8(target).ok().and_then(Version::from_folder),
        _ => None,
    };
    if leads_to != Some(*highest) && !leads_to.is_some_and(|later| later > *highest && published_now(later)) {
        problems.add(Problem {
            version: None,
            path: name_under(layout.root(), &layout.latest()),
            kind: ProblemKind::WrongLatest,
            expected: format!("a link to {highest}"),
            found: found.described(),
            part: Part::Tree,
        });
    }
    Ok(())
}

/// The entries of `dest/dzi` that do not belong there.
pub(super) fn unexpected_in_served_folder(
    context: &TreeContext,
    versions: &[Version],
    published_now: &dyn Fn(Version) -> bool,
) -> Result<Vec<PathBuf>, StoreError> {
    let belongs = |name: &OsStr| {
        let version = name.to_str().and_then(Version::from_folder);
        name == "latest" || version.is_some_and(|version| versions.contains(&version) || published_now(version))
    };
    let mut paths = Vec::new();
    visit_others(&context.layout.trees(), belongs, |path| paths.push(path))?;
    Ok(paths)
}
