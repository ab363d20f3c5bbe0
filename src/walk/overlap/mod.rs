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
mod stale;
mod version;

pub(super) use chain::Chain;
pub use chain::{Decision, Maker, Slot};
pub use stale::find_stale_neighbours;

use super::plan::BuildPlan;
use super::tiles::{BuildFailure, TileSource, VersionSink};
use crate::geometry::{Geometry, Tile};
use crate::sync::Progress;
use crate::tile::Codec;
use chain::idle_row;
use rayon::prelude::*;
use std::ops::Range;
use version::VersionMaker;

/// Memory for the images of a chain. Wider levels are made in stripes.
///
/// Images that stay in the processor's cache are worth the tiles that are decoded twice: 64x64 tiles of 256 with overlap 16 took
/// 0.81 s and 23 MB, and with 96 MB, in one stripe, 0.94 s and 73 MB.
const MAX_IMAGE_BYTES: u64 = 32 << 20;

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
    let maker = VersionMaker::new(plan, codec, source, sink, progress);
    make_levels(plan.geometry(), codec, &maker)?;
    maker.finish()
}

/// Leads all tiles of a pyramid with overlap through `maker`, from the user's tiles to level 0, on the threads of the current
/// rayon pool.
///
/// # Errors
/// The first failure of `maker`.
pub fn make_levels<M: Maker>(geometry: &Geometry, codec: Codec, maker: &M) -> Result<(), M::Error> {
    make_in_columns(columns_within(MAX_IMAGE_BYTES, geometry, codec), geometry, maker)
}

/// Columns of tiles of the finest level whose images fit into this memory, together with those of the coarser levels.
fn columns_within(bytes: u64, geometry: &Geometry, codec: Codec) -> u32 {
    let side = u64::from(geometry.tile_size()) + 2 * u64::from(geometry.overlap());
    // Four rows of each level, and each level is half as wide as the finer one.
    let column = 4 * 2 * side * side * codec.bytes_per_pixel();
    (bytes / column.max(1)).clamp(8, 1 << 20) as u32
}

/// As [`make_levels`], with chains of at most this many columns of the finest level.
fn make_in_columns<M: Maker>(columns: u32, geometry: &Geometry, maker: &M) -> Result<(), M::Error> {
    let mut level = geometry.source_level();
    while level > 0 && geometry.grid(level).columns > columns {
        let per_tile = if level > geometry.base_level() { 1 } else { 2 };
        let width = (columns.saturating_sub(2) / per_tile).max(1);
        let end = geometry.grid(level - 1).columns;
        for start in (0..end).step_by(width as usize) {
            let made = start..end.min(start.saturating_add(width));
            let own = made.start * per_tile..made.end.saturating_mul(per_tile);
            push_all(Chain::stripe(geometry, level, made), geometry, maker, level, &own)?;
        }
        level -= 1;
    }
    push_all(Chain::new(geometry, level), geometry, maker, level, &(0..geometry.grid(level).columns))
}

/// Pushes all rows of a level. The columns in `own` are in no other stripe's.
fn push_all<M: Maker>(
    mut chain: Chain,
    geometry: &Geometry,
    maker: &M,
    level: u8,
    own: &Range<u32>,
) -> Result<(), M::Error> {
    let columns = chain.columns();
    for row in 0..geometry.grid(level).rows {
        let slot = |column| {
            let tile = Tile { level, column, row };
            let is_source = level == geometry.source_level();
            if is_source { maker.source(tile, own.contains(&column)) } else { Ok(maker.finished(tile)) }
        };
        let slots = match maker.is_idle(level, row, columns.clone()) {
            true => idle_row(columns.len()),
            false => columns.clone().into_par_iter().with_max_len(1).map(slot).collect::<Result<_, _>>()?,
        };
        chain.push(slots, maker)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
