//! Pictures whose pyramids would be inside others, or around them, that earlier runs have made. Commands with `-r` do not
//! look for pyramids in pyramids.

use super::jobs::{Clash, ClashKind, Job};
use crate::cli::folders::{first_pyramid_in, is_pyramid};
use std::path::Path;

/// All pictures that cannot go into their folders below `into`.
pub(super) fn nested(jobs: &[Job], into: &Path) -> Vec<Clash> {
    let clash = |(job, target): (usize, &Job)| Some(Clash { job, kind: nesting(&target.folder, into)? });
    jobs.iter().enumerate().filter_map(clash).collect()
}

fn nesting(folder: &Path, into: &Path) -> Option<ClashKind> {
    let around = folder.ancestors().skip(1).take_while(|around| around.starts_with(into));
    if let Some(pyramid) = around.into_iter().find(|around| is_pyramid(around)) {
        return Some(ClashKind::InsidePyramid(pyramid.to_owned()));
    }
    if is_pyramid(folder) || !folder.is_dir() {
        return None;
    }
    first_pyramid_in(folder).map(ClashKind::AroundPyramid)
}
