//! Rows of base tiles that overlap.

use super::RowBuild;
use crate::geometry::Tile;
use crate::tile::{Parts, TileImage};
use crate::walk::overlap::{Chain, Decision, Maker, Slot};
use crate::walk::tiles::{BuildFailure, TileSink};
use rayon::prelude::*;

impl<K: TileSink> RowBuild<'_, K> {
    /// Makes the next row of base tiles, and all coarser tiles that it completes.
    pub(super) fn overlapping_row<E>(
        &self,
        chain: &mut Chain,
        make: impl Fn(u32, &mut TileImage) -> Result<(), E> + Sync,
    ) -> Result<(), E>
    where
        E: From<BuildFailure<K::Error>> + Send,
    {
        let make_base = |column| {
            if self.progress.is_cancelled() {
                return Err(BuildFailure::Cancelled.into());
            }
            let mut image = self.parents.spare_image();
            make(column, &mut image)?;
            self.progress.advance(1);
            Ok(Slot { changed: true, image: Some(image) })
        };
        let columns = self.geometry().base_grid().columns;
        let row = (0..columns).into_par_iter().with_max_len(1).map(make_base).collect::<Result<_, E>>()?;
        Ok(chain.push(row, self)?)
    }
}

/// Base tiles arrive with their images, and all tiles are new, so that nothing is decided or loaded.
impl<K: TileSink> Maker for RowBuild<'_, K> {
    type Error = BuildFailure<K::Error>;

    fn source(&self, _: Tile, _: bool) -> Result<Slot, Self::Error> {
        Ok(Slot::default())
    }

    fn finished(&self, _: Tile) -> Slot {
        Slot::default()
    }

    fn decide(&self, _: Tile, _: bool) -> Result<Decision, Self::Error> {
        if self.progress.is_cancelled() { Err(BuildFailure::Cancelled) } else { Ok(Decision::Make) }
    }

    fn load(&self, _: Tile, _: bool) -> Result<Option<TileImage>, Self::Error> {
        Ok(None)
    }

    fn make(&self, tile: Tile, parts: &Parts<'_, TileImage>) -> Result<Slot, Self::Error> {
        let image = self.write_made(tile, |buffers| self.parents.make_of(tile, parts, buffers))?;
        self.progress.advance(1);
        Ok(Slot { changed: true, image: Some(image) })
    }

    fn recycle(&self, images: impl Iterator<Item = TileImage>) {
        self.parents.recycle(images);
    }
}
