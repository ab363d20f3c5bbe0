//! The walk that builds one version of a pyramid with overlap.
//!
//! A tile shows the edges of its neighbours, so it is made from the tiles around its children too, and a subtree cannot be built
//! by itself. Rows of tiles go through a [`Chain`] instead, from the finest level to level 0: each level keeps the few rows that
//! the next coarser one still needs.
//!
//! Where a level is too wide for that, it is made in stripes of a limited width, from its top to its bottom, out of the tiles
//! that are stored already. Tiles at the border of two stripes are decoded twice. Memory is therefore bounded, whatever the size
//! of the picture, and no tile is decoded more than twice.

mod chain;
mod version;

use super::plan::BuildPlan;
use super::tiles::{BuildFailure, TileSource, VersionSink};
use crate::sync::Progress;
use crate::tile::Codec;
use version::VersionMaker;

/// Memory for the images of a chain. Wider levels are made in stripes.
const MAX_IMAGE_BYTES: u64 = 96 << 20;

/// Builds the tree that `plan` describes, on the threads of the current rayon pool.
///
/// # Errors
/// As [`build_tree`](super::build_tree).
pub(super) fn build<S, K>(
    plan: &BuildPlan,
    codec: Codec,
    source: &S,
    sink: &K,
    progress: &dyn Progress,
) -> Result<(), BuildFailure<S::Error>>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    let columns = columns_within(MAX_IMAGE_BYTES, plan, codec);
    build_in_columns(columns, plan, codec, source, sink, progress)
}

/// Columns of tiles of the finest level whose images fit into this memory, together with those of the coarser levels.
fn columns_within(bytes: u64, plan: &BuildPlan, codec: Codec) -> u32 {
    let geometry = plan.geometry();
    let side = u64::from(geometry.tile_size()) + 2 * u64::from(geometry.overlap());
    // Four rows of each level, and each level is half as wide as the finer one.
    let column = 4 * 2 * side * side * codec.bytes_per_pixel();
    (bytes / column.max(1)).clamp(8, 1 << 20) as u32
}

/// As [`build`], with chains of at most this many columns.
pub(super) fn build_in_columns<S, K>(
    columns: u32,
    plan: &BuildPlan,
    codec: Codec,
    source: &S,
    sink: &K,
    progress: &dyn Progress,
) -> Result<(), BuildFailure<S::Error>>
where
    S: TileSource,
    K: VersionSink<Receipt = S::Receipt, Error = S::Error>,
{
    let geometry = plan.geometry();
    let maker = VersionMaker::new(plan, codec, source, sink, progress);
    let mut level = geometry.source_level();
    while level > 0 && geometry.grid(level).columns > columns {
        maker.make_in_stripes(level, columns)?;
        level -= 1;
    }
    maker.make_from(level)?;
    maker.finish()
}

#[cfg(test)]
mod tests;
