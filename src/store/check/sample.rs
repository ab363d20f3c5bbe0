//! A quick look at published trees: `latest` and a sample of links, at constant cost.

use crate::geometry::Tile;
use crate::store::check::entry::Found;
use crate::store::context::TreeContext;
use crate::store::layout::{LinkTarget, Version};
use crate::text::display_path;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use xxhash_rust::xxh3::xxh3_64;

/// How many versions are sampled: the lowest, the highest, and some between them.
const MAX_VERSIONS: usize = 8;

/// How many base tiles of a version are sampled.
const TILES_PER_VERSION: u64 = 8;

/// An entry of `dest/dzi` that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenEntry {
    /// Its path.
    pub path: PathBuf,
    /// What was expected and found.
    pub problem: String,
}

/// Checks `latest` and some links of `versions`, which are published. Finds what copying without links does to whole trees
/// (links lost, replaced by files with their targets, or by copies of the tiles), not single broken links.
#[must_use]
pub fn find_broken_link(context: &TreeContext, versions: &[Version]) -> Option<BrokenEntry> {
    broken_latest(context, versions).or_else(|| {
        let tiles = sampled(versions).flat_map(|version| tiles(context, version).map(move |tile| (version, tile)));
        tiles.into_iter().find_map(|(version, tile)| broken_tile(context, version, tile))
    })
}

/// A missing or older `latest` is what a killed build leaves; the next build updates it.
fn broken_latest(context: &TreeContext, versions: &[Version]) -> Option<BrokenEntry> {
    let path = context.layout.latest();
    let expected = versions.last().map_or_else(String::new, |highest| format!("a link to {highest}"));
    match Found::at_path(&path) {
        Found::Nothing => None,
        Found::Link(target) if std::str::from_utf8(&target).ok().and_then(Version::from_folder).is_some() => None,
        found => Some(BrokenEntry { path, problem: format!("expected {expected}, found {}", found.described()) }),
    }
}

fn sampled(versions: &[Version]) -> impl Iterator<Item = Version> + '_ {
    let (count, last) = (versions.len().min(MAX_VERSIONS), versions.len().saturating_sub(1));
    (0..count).map(move |index| versions[last * index / (count - 1).max(1)])
}

/// The top tile and some base tiles: others in each version, but the same ones in each run.
fn tiles(context: &TreeContext, version: Version) -> impl Iterator<Item = Tile> + use<> {
    let (level, grid) = (context.geometry.base_level(), context.geometry.base_grid());
    let base = (0..grid.count().min(TILES_PER_VERSION)).map(move |index| {
        let seed = (u64::from(version.0) << 32 | index).to_le_bytes();
        let position = xxh3_64(&seed) % grid.count();
        let (column, row) = (position % u64::from(grid.columns), position / u64::from(grid.columns));
        Tile { level, column: column as u32, row: row as u32 }
    });
    std::iter::once(Tile { level: 0, column: 0, row: 0 }).chain(base)
}

fn broken_tile(context: &TreeContext, version: Version, tile: Tile) -> Option<BrokenEntry> {
    let path = context.tile(version, tile);
    let is_source = context.geometry.is_source(tile);
    let owner = match Found::at_path(&path) {
        Found::File(_) if !is_source => return None,
        Found::Link(target) => std::str::from_utf8(&target).ok().and_then(|target| context.parse_link(tile, target)),
        found => {
            let expected = if is_source { "a link to a source tile" } else { "a tile, or a link to one" };
            let problem = format!("expected {expected}, found {}", found.described());
            return Some(BrokenEntry { path, problem });
        }
    };
    let leads_to = match owner {
        Some(LinkTarget::Tree(owner)) if !is_source => context.tile(owner, tile),
        Some(LinkTarget::Source(owner)) if is_source => {
            context.source(owner).join(context.source_name(tile.column, tile.row).as_str())
        }
        _ => return Some(BrokenEntry { path, problem: "the link does not lead to this tile".into() }),
    };
    match Found::at_path(&leads_to) {
        Found::File(_) => None,
        found => {
            let problem = format!("it leads to {}, but there is {}", display_path(&leads_to), found.described());
            Some(BrokenEntry { path, problem })
        }
    }
}

/// Whether links that lead to the same owner share an inode, as far as a sample shows. They do in trees that were built
/// here, but not in copies made without hard links (`rsync -a`), nor on file systems without second names for links.
#[must_use]
pub fn links_are_shared(context: &TreeContext, versions: &[Version]) -> bool {
    let pairs = versions.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    let mut pairs: Vec<(Version, Version)> = pairs.collect();
    if pairs.len() > MAX_VERSIONS {
        // The newest trees are those that are copied most often.
        pairs.drain(..pairs.len() - MAX_VERSIONS);
    }
    pairs.into_iter().all(|(lower, upper)| tiles(context, upper).all(|tile| is_shared(context, tile, lower, upper)))
}

fn is_shared(context: &TreeContext, tile: Tile, lower: Version, upper: Version) -> bool {
    let [lower, upper] = [lower, upper].map(|version| context.tile(version, tile));
    match (std::fs::read_link(&lower), std::fs::read_link(&upper)) {
        (Ok(one), Ok(other)) if one == other => {
            let inode = |path: &PathBuf| path.symlink_metadata().map(|found| found.ino()).ok();
            inode(&lower) == inode(&upper)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_version_are_sampled() {
        for count in 1..40 {
            let versions: Vec<Version> = (0..count).map(Version).collect();
            let sampled: Vec<Version> = sampled(&versions).collect();
            assert_eq!(sampled.len(), versions.len().min(MAX_VERSIONS), "{count}");
            assert!(sampled.is_sorted_by(|a, b| a < b), "{count}: {sampled:?}");
            assert_eq!((sampled.first(), sampled.last()), (versions.first(), versions.last()));
        }
        assert_eq!(sampled(&[]).count(), 0);
    }
}
