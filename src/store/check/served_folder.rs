//! Checking `dest/dzi` itself: `latest`, and what else is beside the published trees.

use crate::store::check::entry::Found;
use crate::store::check::problem::Part;
use crate::store::check::unexpected::visit_others;
use crate::store::check::{Problem, ProblemKind, Problems, name_under};
use crate::store::context::TreeContext;
use crate::store::error::StoreError;
use crate::store::layout::Version;
use std::ffi::OsStr;

/// Checks that `latest` leads to the highest of `versions`, and returns the entries of `dest/dzi` that are neither trees of
/// these versions nor `latest`. They are the user's, such as a page, and no problem.
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
) -> Result<Vec<String>, StoreError> {
    check_latest(context, versions, published_now, problems);
    let belongs = |name: &OsStr| {
        let version = name.to_str().and_then(Version::from_folder);
        name == "latest" || version.is_some_and(|version| versions.contains(&version) || published_now(version))
    };
    let mut beside = Vec::new();
    visit_others(&context.layout.trees(), belongs, |path| beside.push(name_under(context.layout.root(), &path)))?;
    beside.sort_unstable();
    Ok(beside)
}

fn check_latest(
    context: &TreeContext,
    versions: &[Version],
    published_now: &dyn Fn(Version) -> bool,
    problems: &mut Problems,
) {
    let layout = &context.layout;
    let Some(highest) = versions.last() else { return };
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
}
