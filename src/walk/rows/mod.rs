//! The coarser levels of a first version, made while its base tiles come in row by row, from top to bottom.
//!
//! A row waits until the one below it comes; then both are reduced at once and their images are free again. So at most one
//! row of each level waits: twice as many images as the base has columns, whatever the picture's height. Beside these,
//! only threads x depth x a few are in use, because what a row completes is made depth first: from the highest tile that
//! nothing is missing of, down to the base tiles under it.
//!
//! It makes the same tiles as [`run`](super::run): a parent's bytes follow from its children, whenever it is made.

use super::spare_images::SpareImages;
use super::tree::{BuildFailure, TileSink, Watch};
use crate::geometry::{Geometry, Tile};
use crate::sync::Mutex;
use crate::sync::Workers;
use crate::tile::{Codec, Scratch, TileImage};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A first version that is being built from base tiles as they come.
pub struct RowBuild<'a, K> {
    geometry: Geometry,
    codec: Codec,
    sink: &'a K,
    watch: &'a dyn Watch,
    /// The number of the row of base tiles to come.
    next: u32,
    /// A row was not made to its end, so that images are missing.
    broken: bool,
    /// By level and column: the images of the row that waits for the one below it.
    waiting: Vec<Vec<Mutex<TileImage>>>,
    workers: Workers<Worker>,
    images: SpareImages,
}

/// Buffers that go from parent to parent.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl<K> std::fmt::Debug for RowBuild<'_, K> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RowBuild").field("geometry", &self.geometry).field("next", &self.next).finish_non_exhaustive()
    }
}

impl<'a, K: TileSink> RowBuild<'a, K> {
    /// Begins the pyramid of this shape, whose overlap has to be 0. Of `sink`, only generated tiles are asked for:
    /// [`TileSink::put_generated`], each tile once.
    #[must_use]
    pub fn new(geometry: &Geometry, codec: Codec, sink: &'a K, watch: &'a dyn Watch) -> Self {
        let waiting = geometry.levels().map(|level| {
            let grid = geometry.grid(level);
            let columns = if grid.rows > 1 { grid.columns } else { 0 };
            (0..columns).map(|_| Mutex::default()).collect()
        });
        Self {
            geometry: *geometry,
            codec,
            sink,
            watch,
            next: 0,
            broken: false,
            waiting: waiting.collect(),
            workers: Workers::default(),
            images: SpareImages::default(),
        }
    }

    /// The row of base tiles to come, from 0; `None` after the last, when all of the pyramid is made.
    #[must_use]
    pub fn next_row(&self) -> Option<u32> {
        (self.next < self.geometry.base_grid().rows).then_some(self.next)
    }

    /// Makes the next row of base tiles and all coarser tiles of which nothing is missing then, with the threads of the
    /// current rayon pool. After the last row it does nothing.
    ///
    /// `make` makes the base tile of a column: whatever has to be done with it, and its image as stored, which is what
    /// [`Codec::decode`] would give for its bytes. That goes into the image given, which may hold any other and whose
    /// buffers are used again. `make` is called once for each column, from several threads and in any order.
    ///
    /// # Errors
    /// The first that `make` gave; a parent could not be encoded; the sink failed; the watch said to stop. Then the build
    /// cannot go on: all further rows are [`BuildFailure::Stopped`].
    pub fn row<E>(&mut self, make: impl Fn(u32, &mut TileImage) -> Result<(), E> + Sync) -> Result<(), E>
    where
        E: From<BuildFailure<K::Error>> + Send,
    {
        if self.broken {
            return Err(BuildFailure::Stopped.into());
        }
        let Some(row) = self.next_row() else { return Ok(()) };
        let (level, row) = self.completed_by(row);
        let pass = Pass { build: self, make, failed: AtomicBool::new(false), failure: Mutex::default() };
        let columns = self.geometry.grid(level).columns;
        (0..columns).into_par_iter().for_each(|column| pass.finish(Tile { level, column, row }));
        let failure = pass.failure.into_inner();
        self.broken = failure.is_some();
        self.next += 1;
        failure.map_or(Ok(()), Err)
    }

    /// The coarsest row, as (level, row), of which nothing is missing once this row of base tiles is there: of each level
    /// up to it, the last row or one that has an odd number, so that its parents' other children wait.
    fn completed_by(&self, mut row: u32) -> (u8, u32) {
        let mut level = self.geometry.base_level();
        while level > 0 && (row % 2 == 1 || row + 1 == self.geometry.grid(level).rows) {
            (level, row) = (level - 1, row / 2);
        }
        (level, row)
    }

    /// Makes a parent from its children's images, whose buffers are then free.
    fn make_parent(
        &self,
        tile: Tile,
        children: [Option<TileImage>; 4],
        worker: &mut Worker,
    ) -> Result<TileImage, BuildFailure<K::Error>> {
        let size = self.geometry.tile_dimensions(tile);
        let mut image = self.images.take();
        worker.bytes.clear();
        self.codec
            .parent_into(
                children.each_ref().map(Option::as_ref),
                size,
                &mut worker.scratch,
                &mut image,
                &mut worker.bytes,
            )
            .map_err(|error| BuildFailure::Encode { tile, error })?;
        self.images.give_back(children.into_iter().flatten());
        self.sink.put_generated(tile, &worker.bytes).map_err(BuildFailure::Store)?;
        Ok(image)
    }

    /// The place of a tile's image while it waits for the row below.
    fn place(&self, tile: Tile) -> &Mutex<TileImage> {
        &self.waiting[usize::from(tile.level)][tile.column as usize]
    }

    /// Takes the image of a tile that waits.
    fn take_waiting(&self, tile: Tile) -> TileImage {
        std::mem::take(&mut *self.place(tile).lock())
    }
}

/// One row of base tiles, and what it completes.
struct Pass<'a, 'b, K, F, E> {
    build: &'a RowBuild<'b, K>,
    make: F,
    /// Something failed: stop.
    failed: AtomicBool,
    /// What failed first.
    failure: Mutex<Option<E>>,
}

impl<K, F, E> Pass<'_, '_, K, F, E>
where
    K: TileSink,
    F: Fn(u32, &mut TileImage) -> Result<(), E> + Sync,
    E: From<BuildFailure<K::Error>> + Send,
{
    /// Makes a tile of the coarsest row that is completed, and lets it wait for the row below.
    fn finish(&self, tile: Tile) {
        let Some(image) = self.visit(tile) else { return };
        if tile.level == 0 {
            self.build.images.give_back([image]);
        } else {
            *self.build.place(tile).lock() = image;
        }
    }

    /// Makes a tile, and first those below it that do not wait already. `None` if anything has failed.
    fn visit(&self, tile: Tile) -> Option<TileImage> {
        if self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let made = if self.build.watch.stopped() {
            Err(BuildFailure::Stopped.into())
        } else if tile.level == self.build.geometry.base_level() {
            self.make_base(tile)
        } else {
            let children = self.visit_children(tile)?;
            let made = self.build.workers.lend(|worker| self.build.make_parent(tile, children, worker));
            made.map_err(E::from)
        };
        match made {
            Ok(image) => {
                self.build.watch.tiles_done(1);
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
        let mut image = self.build.images.take();
        (self.make)(tile.column, &mut image)?;
        Ok(image)
    }

    /// The images of a parent's children. The upper ones wait, unless there are no lower ones, whose row it would be now.
    fn visit_children(&self, tile: Tile) -> Option<[Option<TileImage>; 4]> {
        let [a, b, c, d] = self.build.geometry.children(tile);
        if c.is_none() {
            let [a, b] = self.visit_both([a, b])?;
            return Some([a, b, None, None]);
        }
        let [c, d] = self.visit_both([c, d])?;
        let [a, b] = [a, b].map(|child| child.map(|child| self.build.take_waiting(child)));
        Some([a, b, c, d])
    }

    /// Makes two children, as far as they exist.
    fn visit_both(&self, [left, right]: [Option<Tile>; 2]) -> Option<[Option<TileImage>; 2]> {
        let visit = |tile: Option<Tile>| tile.map_or(Some(None), |tile| self.visit(tile).map(Some));
        let (left, right) = rayon::join(|| visit(left), || visit(right));
        Some([left?, right?])
    }
}

#[cfg(test)]
mod tests;
