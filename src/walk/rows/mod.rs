//! The walk that builds a first version while its base tiles arrive row by row, from top to bottom.
//!
//! Each level keeps at most one row waiting for the row below it: twice as many images as the base has columns, whatever
//! the height of the picture. A completed row is made depth first, from the coarsest tile that misses nothing down to the
//! base tiles under it, which adds only threads x depth x a few images.
//!
//! With overlap, a tile is made from the tiles around its children, too, and each level keeps the few rows that the next coarser
//! one still needs (`overlap.rs`).
//!
//! The tiles are those of [`build_tree`](super::build_tree): a parent follows from its children, whenever it is made.

mod overlap;

use super::overlap::Chain;
use super::parent::{Buffers, Parents};
use super::tiles::{BuildFailure, TileSink};
use crate::geometry::{Geometry, Tile};
use crate::sync::{Mutex, Progress, Workers};
use crate::tile::{Codec, CodecError, TileImage};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A first version that is built from base tiles as they arrive.
pub struct RowBuild<'a, K> {
    parents: Parents,
    sink: &'a K,
    progress: &'a dyn Progress,
    /// The row of base tiles that comes next.
    next: u32,
    /// A row failed, so that images are missing.
    broken: bool,
    waiting: Waiting,
    workers: Workers<Buffers>,
}

/// The images that tiles of later rows need.
enum Waiting {
    /// By level and column: those of the row that waits for the row below it.
    Children(Vec<Vec<Mutex<TileImage>>>),
    /// With overlap.
    Rows(Mutex<Chain>),
}

impl Waiting {
    fn new(geometry: &Geometry) -> Self {
        if geometry.overlap() > 0 {
            return Self::Rows(Mutex::new(Chain::new(geometry, geometry.base_level())));
        }
        let waiting = geometry.levels().map(|level| {
            let grid = geometry.grid(level);
            let columns = if grid.rows > 1 { grid.columns } else { 0 };
            (0..columns).map(|_| Mutex::default()).collect()
        });
        Self::Children(waiting.collect())
    }
}

impl<K> std::fmt::Debug for RowBuild<'_, K> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let geometry = self.parents.geometry();
        out.debug_struct("RowBuild").field("geometry", geometry).field("next", &self.next).finish_non_exhaustive()
    }
}

impl<'a, K: TileSink> RowBuild<'a, K> {
    /// Starts a pyramid of this shape, whose base tiles have the overlap already.
    #[must_use]
    pub fn new(geometry: &Geometry, codec: Codec, sink: &'a K, progress: &'a dyn Progress) -> Self {
        Self {
            parents: Parents::new(geometry, codec),
            sink,
            progress,
            next: 0,
            broken: false,
            waiting: Waiting::new(geometry),
            workers: Workers::default(),
        }
    }

    fn geometry(&self) -> &Geometry {
        self.parents.geometry()
    }

    /// The row of base tiles that comes next, from 0; `None` once the pyramid is complete.
    #[must_use]
    pub fn next_row(&self) -> Option<u32> {
        (self.next < self.geometry().base_grid().rows).then_some(self.next)
    }

    /// Makes the next row of base tiles and all coarser tiles that it completes, on the threads of the current rayon pool.
    /// After the last row, it does nothing.
    ///
    /// `make` is called once per column, from several threads and in any order. It stores the base tile and overwrites the
    /// given image, whose contents are arbitrary, with what [`Codec::decode`] would give for the tile's bytes.
    ///
    /// # Errors
    /// The first error of `make`, of encoding a parent, or of the sink; cancellation. The build is then over: further rows
    /// are [`BuildFailure::Cancelled`].
    pub fn row<E>(&mut self, make: impl Fn(u32, &mut TileImage) -> Result<(), E> + Sync) -> Result<(), E>
    where
        E: From<BuildFailure<K::Error>> + Send,
    {
        if self.broken {
            return Err(BuildFailure::Cancelled.into());
        }
        let Some(row) = self.next_row() else { return Ok(()) };
        if let Waiting::Rows(chain) = &self.waiting {
            let made = self.overlapping_row(&mut chain.lock(), make);
            self.broken = made.is_err();
            self.next += 1;
            return made;
        }
        let (level, row) = self.completed_by(row);
        let pass = Pass { build: self, make, failed: AtomicBool::new(false), failure: Mutex::default() };
        let columns = self.geometry().grid(level).columns;
        (0..columns).into_par_iter().for_each(|column| pass.finish(Tile { level, column, row }));
        let failure = pass.failure.into_inner();
        self.broken = failure.is_some();
        self.next += 1;
        failure.map_or(Ok(()), Err)
    }

    /// The coarsest row, as (level, row), that misses nothing once this row of base tiles is there. On each level up to it,
    /// the row is the last one or has an odd number, so that the other children of its parents are waiting.
    fn completed_by(&self, mut row: u32) -> (u8, u32) {
        let mut level = self.geometry().base_level();
        while level > 0 && (row % 2 == 1 || row + 1 == self.geometry().grid(level).rows) {
            (level, row) = (level - 1, row / 2);
        }
        (level, row)
    }

    fn make_parent(&self, tile: Tile, children: [Option<TileImage>; 4]) -> Result<TileImage, BuildFailure<K::Error>> {
        self.write_made(tile, |buffers| self.parents.make(tile, children, buffers))
    }

    /// Makes a coarser tile and writes it.
    fn write_made(
        &self,
        tile: Tile,
        make: impl FnOnce(&mut Buffers) -> Result<TileImage, CodecError>,
    ) -> Result<TileImage, BuildFailure<K::Error>> {
        self.workers.lend(|buffers| {
            let image = make(buffers).map_err(|error| BuildFailure::Encode { tile, error })?;
            self.sink.write_generated(tile, &buffers.bytes).map_err(BuildFailure::Store)?;
            Ok(image)
        })
    }

    /// Replaces the image that waits in the place of a tile for the row below, and returns it.
    fn replace_waiting(&self, tile: Tile, image: TileImage) -> TileImage {
        let Waiting::Children(waiting) = &self.waiting else { return TileImage::default() };
        let place = waiting.get(usize::from(tile.level)).and_then(|level| level.get(tile.column as usize));
        place.map_or_else(TileImage::default, |place| std::mem::replace(&mut *place.lock(), image))
    }
}

/// One row of base tiles and everything that it completes.
struct Pass<'a, 'b, K, F, E> {
    build: &'a RowBuild<'b, K>,
    make: F,
    /// Something failed: stop.
    failed: AtomicBool,
    /// The first failure.
    failure: Mutex<Option<E>>,
}

impl<K, F, E> Pass<'_, '_, K, F, E>
where
    K: TileSink,
    F: Fn(u32, &mut TileImage) -> Result<(), E> + Sync,
    E: From<BuildFailure<K::Error>> + Send,
{
    /// Makes a tile of the coarsest completed row, and leaves it waiting for the row below.
    fn finish(&self, tile: Tile) {
        let Some(image) = self.visit(tile) else { return };
        if tile.level == 0 {
            self.build.parents.recycle([image]);
        } else {
            self.build.replace_waiting(tile, image);
        }
    }

    /// Makes a tile after those below it that are not waiting. `None` if anything has failed.
    fn visit(&self, tile: Tile) -> Option<TileImage> {
        if self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let made = if self.build.progress.is_cancelled() {
            Err(BuildFailure::Cancelled.into())
        } else if tile.level == self.build.geometry().base_level() {
            self.make_base(tile)
        } else {
            let children = self.visit_children(tile)?;
            self.build.make_parent(tile, children).map_err(E::from)
        };
        match made {
            Ok(image) => {
                self.build.progress.advance(1);
                Some(image)
            }
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                self.failure.lock().get_or_insert(error);
                None
            }
        }
    }

    fn make_base(&self, tile: Tile) -> Result<TileImage, E> {
        let mut image = self.build.parents.spare_image();
        (self.make)(tile.column, &mut image)?;
        Ok(image)
    }

    /// The images of a parent's children. The upper children are waiting, unless there are no lower ones: then their own
    /// row is the current one.
    fn visit_children(&self, tile: Tile) -> Option<[Option<TileImage>; 4]> {
        let [a, b, c, d] = self.build.geometry().children(tile);
        if c.is_none() {
            let [a, b] = self.visit_pair([a, b])?;
            return Some([a, b, None, None]);
        }
        let [c, d] = self.visit_pair([c, d])?;
        let [a, b] = [a, b].map(|child| child.map(|child| self.build.replace_waiting(child, TileImage::default())));
        Some([a, b, c, d])
    }

    /// Makes two children, as far as they exist.
    fn visit_pair(&self, [left, right]: [Option<Tile>; 2]) -> Option<[Option<TileImage>; 2]> {
        let visit = |tile: Option<Tile>| tile.map_or(Some(None), |tile| self.visit(tile).map(Some));
        let (left, right) = rayon::join(|| visit(left), || visit(right));
        Some([left?, right?])
    }
}

#[cfg(test)]
mod tests;
