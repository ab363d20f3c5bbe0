//! The walk over a picture: one band is read while the band before it is cut.

use super::band::{Band, Bands, PicturePart, TileContext, UniformTile};
use crate::geometry::{Geometry, Size, Tile};
use crate::input::PictureError;
use crate::sync::{Mutex, Progress, Workers};
use crate::tile::{BandTile, Codec, CodecError, Columns, Scratch, TileImage};
use crate::walk::{BuildFailure, RowBuild, TileSink};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pixels of all uniform tiles that are kept for reuse, each of another colour or size: 8 tiles of 256, at most 4 MB.
/// Pictures have few.
pub const MAX_UNIFORM_PIXELS: u64 = 1 << 19;

/// Where base tiles go.
pub trait BaseSink: Sync {
    /// Why a tile cannot be stored.
    type Error: Send;

    /// Whether the tile need not be made, because the picture shows what is there already. Called once per tile before it is
    /// made.
    ///
    /// # Errors
    /// What is there cannot be read.
    fn is_there(&self, tile: Tile, part: PicturePart<'_>) -> Result<bool, Self::Error> {
        let _ = (tile, part);
        Ok(false)
    }

    /// Stores a base tile: `bytes` is its file, `image` what reading the file gives. Called once per tile, from several
    /// threads and in any order within a row.
    ///
    /// # Errors
    /// The tile cannot be stored.
    fn store(&self, tile: Tile, bytes: &[u8], image: &TileImage) -> Result<(), Self::Error>;
}

/// What was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CutCounts {
    /// All base tiles.
    pub tiles: u64,
    /// Base tiles whose pixels all have the same colour.
    pub uniform: u64,
}

/// Why a picture was not cut to its end.
#[derive(Debug)]
pub enum CutFailure<E> {
    /// The picture cannot be read.
    Picture(PictureError),
    /// A base tile cannot be encoded.
    Encode {
        /// Which tile.
        tile: Tile,
        /// Why.
        error: CodecError,
    },
    /// A base tile cannot be stored.
    Store(E),
    /// The pyramid cannot be built in the same pass.
    Build(BuildFailure<E>),
    /// The caller cancelled it.
    Cancelled,
}

impl<E> From<BuildFailure<E>> for CutFailure<E> {
    fn from(failure: BuildFailure<E>) -> Self {
        match failure {
            BuildFailure::Cancelled => Self::Cancelled,
            other => Self::Build(other),
        }
    }
}

/// Cuts a picture of the pyramid's size into base tiles, on the threads of the current rayon pool, and, with `build`, makes
/// the coarser tiles in the same pass. `progress` counts rows of pixels.
///
/// # Errors
/// The first failure. The tiles stored by then are incomplete.
pub fn cut_picture<B, K>(
    geometry: &Geometry,
    codec: Codec,
    mut bands: Bands,
    base: &B,
    mut build: Option<RowBuild<'_, K>>,
    progress: &dyn Progress,
) -> Result<CutCounts, CutFailure<B::Error>>
where
    B: BaseSink,
    K: TileSink<Error = B::Error>,
{
    let cutter = Cutter {
        geometry,
        codec: if build.is_some() { codec } else { codec.without_parents() },
        context: bands.tile_context(),
        base,
        uniform_tiles: Mutex::default(),
        uniform: AtomicU64::new(0),
        progress,
        workers: Workers::default(),
    };
    let rows = geometry.base_grid().rows;
    let (mut band, mut next, mut fresh) = (bands.blank(), bands.blank(), bands.blank());
    // A stream often ends because its writer received the same signal.
    let unread = |error| if progress.is_cancelled() { CutFailure::Cancelled } else { CutFailure::Picture(error) };
    bands.read(cutter.band_size(0), &mut band).map_err(unread)?;
    for row in 0..rows {
        let read_on = || match row + 1 {
            below if below < rows => {
                bands.read_below(&band, cutter.rows_kept(below), cutter.band_size(below), &mut fresh, &mut next)
            }
            _ => bands.finish(),
        };
        let (cut, read) = rayon::join(|| cutter.row(row, &band, build.as_mut()), read_on);
        cut?;
        read.map_err(unread)?;
        progress.advance((cutter.band_size(row).height - cutter.rows_kept(row)).into());
        std::mem::swap(&mut band, &mut next);
    }
    Ok(CutCounts { tiles: geometry.base_grid().count(), uniform: cutter.uniform.into_inner() })
}

/// Buffers that a thread reuses from tile to tile.
#[derive(Default)]
struct CutBuffers {
    bytes: Vec<u8>,
    image: TileImage,
    scratch: Scratch,
}

/// A tile that was made: its file, and what reading it gives.
struct MadeTile {
    bytes: Vec<u8>,
    image: TileImage,
}

struct Cutter<'a, B> {
    geometry: &'a Geometry,
    codec: Codec,
    context: TileContext,
    base: &'a B,
    /// Uniform tiles that were made already.
    uniform_tiles: Mutex<HashMap<UniformTile, Arc<MadeTile>>>,
    /// Number of uniform tiles.
    uniform: AtomicU64,
    progress: &'a dyn Progress,
    workers: Workers<CutBuffers>,
}

impl<B: BaseSink> Cutter<'_, B> {
    /// The size of the band for a row of tiles.
    fn band_size(&self, row: u32) -> Size {
        Size::new(self.geometry.size().width, self.geometry.tile_dimensions(self.base_tile(0, row)).height)
    }

    /// How many rows of that band are the last ones of the band above.
    fn rows_kept(&self, row: u32) -> u32 {
        let span =
            |row| self.geometry.tile_rect(self.base_tile(0, row)).map(|rect| (rect.y, rect.y + rect.size.height));
        let above = row.checked_sub(1).and_then(span);
        above.zip(span(row)).map_or(0, |((_, end), (start, _))| end - start)
    }

    fn base_tile(&self, column: u32, row: u32) -> Tile {
        Tile { level: self.geometry.source_level(), column, row }
    }

    /// Cuts a band, and makes all coarser tiles that it completes.
    fn row<K: TileSink<Error = B::Error>>(
        &self,
        row: u32,
        band: &Band,
        build: Option<&mut RowBuild<'_, K>>,
    ) -> Result<(), CutFailure<B::Error>> {
        if let Some(build) = build {
            return build.row(|column, image| {
                self.workers.lend(|buffers| self.tile(self.base_tile(column, row), band, buffers, image))
            });
        }
        let columns = self.geometry.base_grid().columns;
        (0..columns).into_par_iter().try_for_each(|column| {
            if self.progress.is_cancelled() {
                return Err(CutFailure::Cancelled);
            }
            self.workers.lend(|buffers| {
                let mut image = std::mem::take(&mut buffers.image);
                let made = self.tile(self.base_tile(column, row), band, buffers, &mut image);
                buffers.image = image;
                made
            })
        })
    }

    /// Makes a base tile and stores it.
    fn tile(
        &self,
        tile: Tile,
        band: &Band,
        buffers: &mut CutBuffers,
        image: &mut TileImage,
    ) -> Result<(), CutFailure<B::Error>> {
        let shape = self.geometry.tile_shape(tile);
        let left = self.geometry.tile_rect(tile).map_or(0, |rect| rect.x as usize);
        let columns = Columns { left, width: shape.size.width as usize };
        let uniform = band.uniform(columns, shape);
        if uniform.is_some() {
            self.uniform.fetch_add(1, Ordering::Relaxed);
        }
        if self.base.is_there(tile, PicturePart { band, columns, codec: &self.codec }).map_err(CutFailure::Store)? {
            return Ok(());
        }
        if let Some(uniform) = uniform {
            let made = self.uniform_tiles.lock().get(&uniform).cloned();
            if let Some(made) = made {
                image.clone_from(&made.image);
                return self.base.store(tile, &made.bytes, image).map_err(CutFailure::Store);
            }
        }
        buffers.bytes.clear();
        let part = BandTile { columns, core: shape.core };
        band.tile(part, &self.context, &self.codec, &mut buffers.scratch, image, &mut buffers.bytes)
            .map_err(|error| CutFailure::Encode { tile, error })?;
        if let Some(uniform) = uniform {
            let mut kept = self.uniform_tiles.lock();
            if (kept.len() as u64 + 1).saturating_mul(shape.size.pixels()) <= MAX_UNIFORM_PIXELS {
                kept.insert(uniform, Arc::new(MadeTile { bytes: buffers.bytes.clone(), image: image.clone() }));
            }
        }
        self.base.store(tile, &buffers.bytes, image).map_err(CutFailure::Store)
    }
}
