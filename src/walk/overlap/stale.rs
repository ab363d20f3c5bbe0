//! Whether the tiles around a patch still show its edges.
//!
//! A tile shows the edges of its neighbours. If a patch changes an edge, the neighbours that show it have to be patched, too;
//! otherwise a viewer shows the old edge or the new one, depending on which tile it draws last. Coarser levels are right either
//! way, because they are made of cores alone.

use crate::geometry::{Geometry, Rect, Tile};
use crate::jpeg::Upsampling;
use crate::raster::{Samples, largest_block_difference};
use crate::sync::{Mutex, Workers};
use crate::text::{FaultKind, Faults};
use crate::tile::{Codec, Scratch};
use crate::walk::plan::BuildPlan;
use crate::walk::tiles::{BuildFailure, TileSource};
use rayon::prelude::*;

/// How far two JPEG tiles may differ where they show the same pixels: the mean difference of a block of 8x8 pixels, in levels of
/// 0 to 255.
///
/// Measured on three photographs of 1600x1000 pixels, in tiles of 254 with overlap 1 and of 100 with overlap 10, each encoded by
/// itself: at most 11 at quality 90, 17 at 75, and 24 at 50 and at 30.
const JPEG_TOLERANCE: f64 = 32.0;

/// Buffers that a thread reuses from tile to tile.
#[derive(Default)]
struct Buffers {
    bytes: Vec<u8>,
    scratch: Scratch,
}

/// The tiles outside a patch that no longer show the edge of a patched tile, each beside which one.
///
/// They agreed before: within a tolerance for JPEG (docs/overlap.md), and exactly for PNG. Tiles that cannot be decoded
/// are left to the build.
///
/// # Errors
/// A tile cannot be read.
pub fn find_stale_neighbours<S: TileSource>(
    plan: &BuildPlan,
    codec: Codec,
    source: &S,
) -> Result<Faults, BuildFailure<S::Error>> {
    let geometry = plan.geometry();
    let faults = Mutex::new(Faults::default());
    if plan.is_first() || geometry.overlap() == 0 || geometry.composes_base() {
        return Ok(faults.into_inner());
    }
    let search = Search { plan, codec, source, workers: Workers::default() };
    let (level, grid) = (geometry.base_level(), geometry.base_grid());
    (0..grid.rows).into_par_iter().try_for_each(|row| {
        let tiles = (0..grid.columns).map(|column| Tile { level, column, row });
        tiles.filter(|&tile| plan.affects(tile)).try_for_each(|tile| {
            for stale in search.around(tile)? {
                let order = u64::from(stale.row) * u64::from(grid.columns) + u64::from(stale.column);
                let beside = format!("beside {}", source.name(tile));
                faults.lock().add(FaultKind::StaleOverlap, order, source.name(stale), beside);
            }
            Ok::<_, BuildFailure<S::Error>>(())
        })
    })?;
    Ok(faults.into_inner())
}

struct Search<'a, S> {
    plan: &'a BuildPlan,
    codec: Codec,
    source: &'a S,
    workers: Workers<Buffers>,
}

/// Which bytes of a tile are meant.
#[derive(Debug, Clone, Copy)]
enum State {
    Patched,
    Previous,
}

impl<S: TileSource> Search<'_, S> {
    /// The neighbours of a patched tile that no longer agree with it.
    fn around(&self, tile: Tile) -> Result<Vec<Tile>, BuildFailure<S::Error>> {
        let neighbours: Vec<Tile> =
            self.plan.geometry().neighbours(tile).filter(|&other| !self.plan.affects(other)).collect();
        if neighbours.is_empty() {
            return Ok(Vec::new());
        }
        let Some((before, after)) = self.shown(tile, State::Previous)?.zip(self.shown(tile, State::Patched)?) else {
            return Ok(Vec::new());
        };
        let mut stale = Vec::new();
        for other in neighbours.into_iter().filter(|_| before != after) {
            if let Some(shown) = self.shown(other, State::Previous)?
                && self.agree((tile, &before), (other, &shown))
                && !self.agree((tile, &after), (other, &shown))
            {
                stale.push(other);
            }
        }
        Ok(stale)
    }

    /// What a tile shows; `None` if it cannot be decoded.
    fn shown(&self, tile: Tile, state: State) -> Result<Option<Samples>, BuildFailure<S::Error>> {
        self.workers.lend(|Buffers { bytes, scratch }| {
            let read = match state {
                State::Patched => self.source.read_patched(tile, bytes).map(drop),
                State::Previous => self.source.read_previous(tile, bytes),
            };
            read.map_err(BuildFailure::Store)?;
            let size = self.plan.geometry().tile_dimensions(tile);
            let shown = self.codec.shown_tile(bytes, size, Upsampling::Smooth, scratch);
            Ok(shown.ok().map(|shown| shown.samples))
        })
    }

    /// Whether two tiles show the same where they overlap.
    fn agree(&self, one: (Tile, &Samples), other: (Tile, &Samples)) -> bool {
        let geometry = self.plan.geometry();
        let Some(shared) = shared(geometry, one.0, other.0) else { return true };
        let part = |(tile, samples): (Tile, &Samples)| {
            let from = geometry.tile_rect(tile)?;
            Some(samples.part(Rect { x: shared.x - from.x, y: shared.y - from.y, size: shared.size }))
        };
        let tolerance = if self.codec.is_lossless() { 0.0 } else { JPEG_TOLERANCE };
        part(one).zip(part(other)).is_none_or(|(one, other)| largest_block_difference(&one, &other) <= tolerance)
    }
}

/// The pixels of the level that two tiles both show.
fn shared(geometry: &Geometry, one: Tile, other: Tile) -> Option<Rect> {
    geometry.tile_rect(one)?.intersection(geometry.tile_rect(other)?)
}
