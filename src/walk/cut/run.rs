//! The walk over a picture: read a band, cut the one before it, both at the same time.

use super::band::{Band, Bands, Flat, Manner};
use crate::geometry::{Geometry, Size, Tile};
use crate::input::PictureError;
use crate::sync::Mutex;
use crate::sync::Workers;
use crate::tile::{Codec, CodecError, Columns, Scratch, TileImage};
use crate::walk::{BuildFailure, RowBuild, TileSink, Watch};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pixels that the tiles of one colour which are kept, each of another colour or size, can have together: 8 tiles of 256,
/// and 4 MB at the most. Pictures have few.
pub const MAX_UNIFORM_PIXELS: u64 = 1 << 19;

/// Where base tiles go.
pub trait BaseSink: Sync {
    /// Why a tile cannot be put.
    type Error: Send;

    /// A tile as it was cut: the bytes of its file, and what reading them gives. Called once for each tile, from several
    /// threads and in any order within a row.
    ///
    /// # Errors
    /// It cannot be stored.
    fn put(&self, tile: Tile, bytes: &[u8], image: &TileImage) -> Result<(), Self::Error>;
}

/// How the caller follows a picture being cut.
pub trait RowWatch: Watch {
    /// So many more rows of pixels are cut.
    fn rows_done(&self, rows: u32);
}

/// What was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CutCounts {
    /// All base tiles.
    pub tiles: u64,
    /// Tiles of one colour.
    pub one_colour: u64,
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
    /// The pyramid cannot be built on the way.
    Build(BuildFailure<E>),
    /// The watch said so.
    Stopped,
}

impl<E> From<BuildFailure<E>> for CutFailure<E> {
    fn from(failure: BuildFailure<E>) -> Self {
        match failure {
            BuildFailure::Stopped => Self::Stopped,
            other => Self::Build(other),
        }
    }
}

/// Cuts a picture of the pyramid's size into its base tiles, with the threads of the current rayon pool, and, where
/// `build` is given, makes the coarser tiles on the way.
///
/// # Errors
/// The first thing that went wrong. What was put until then is of no use.
pub fn run<B, K>(
    geometry: &Geometry,
    codec: Codec,
    mut bands: Bands,
    base: &B,
    mut build: Option<RowBuild<'_, K>>,
    watch: &dyn RowWatch,
) -> Result<CutCounts, CutFailure<B::Error>>
where
    B: BaseSink,
    K: TileSink<Error = B::Error>,
{
    let cutter = Cutter {
        geometry,
        codec: if build.is_some() { codec } else { codec.without_parents() },
        manner: bands.manner(),
        base,
        flat: Mutex::default(),
        one_colour: AtomicU64::new(0),
        workers: Workers::default(),
    };
    let rows = geometry.base_grid().rows;
    let (mut band, mut next) = (bands.blank(), bands.blank());
    // A stream often ends because what writes it was stopped by the same signal.
    let unread = |error| if watch.stopped() { CutFailure::Stopped } else { CutFailure::Picture(error) };
    bands.read(cutter.band_size(0), &mut band).map_err(unread)?;
    for row in 0..rows {
        let read_on = || match row + 1 {
            below if below < rows => bands.read(cutter.band_size(below), &mut next),
            _ => bands.finish(),
        };
        let (cut, read) = rayon::join(|| cutter.row(row, &band, build.as_mut(), watch), read_on);
        cut?;
        read.map_err(unread)?;
        watch.rows_done(cutter.band_size(row).height);
        std::mem::swap(&mut band, &mut next);
    }
    Ok(CutCounts { tiles: geometry.base_grid().count(), one_colour: cutter.one_colour.into_inner() })
}

/// Buffers that go from tile to tile.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    image: TileImage,
    scratch: Scratch,
}

/// A tile of one colour: its bytes, and what reading them gives.
type UniformTile = (Vec<u8>, TileImage);

struct Cutter<'a, B> {
    geometry: &'a Geometry,
    codec: Codec,
    manner: Manner,
    base: &'a B,
    /// Tiles of one colour that were made already.
    flat: Mutex<HashMap<Flat, Arc<UniformTile>>>,
    one_colour: AtomicU64,
    workers: Workers<Worker>,
}

impl<B: BaseSink> Cutter<'_, B> {
    /// The size of the band of a row of tiles.
    fn band_size(&self, row: u32) -> Size {
        let tile = Tile { level: self.geometry.base_level(), column: 0, row };
        Size::new(self.geometry.size().width, self.geometry.tile_dimensions(tile).height)
    }

    /// Cuts a band, and makes all coarser tiles that it completes.
    fn row<K: TileSink<Error = B::Error>>(
        &self,
        row: u32,
        band: &Band,
        build: Option<&mut RowBuild<'_, K>>,
        watch: &dyn RowWatch,
    ) -> Result<(), CutFailure<B::Error>> {
        if let Some(build) = build {
            return build
                .row(|column, image| self.workers.lend(|worker| self.tile((column, row), band, worker, image)));
        }
        let columns = self.geometry.base_grid().columns;
        (0..columns).into_par_iter().try_for_each(|column| {
            if watch.stopped() {
                return Err(CutFailure::Stopped);
            }
            self.workers.lend(|worker| {
                let mut image = std::mem::take(&mut worker.image);
                let made = self.tile((column, row), band, worker, &mut image);
                worker.image = image;
                made
            })
        })
    }

    /// Makes a base tile and stores it.
    fn tile(
        &self,
        (column, row): (u32, u32),
        band: &Band,
        worker: &mut Worker,
        image: &mut TileImage,
    ) -> Result<(), CutFailure<B::Error>> {
        let tile = Tile { level: self.geometry.base_level(), column, row };
        let size = self.geometry.tile_dimensions(tile);
        let left = column as usize * self.geometry.tile_size() as usize;
        let columns = Columns { left, width: size.width as usize };
        let flat = band.flat(columns, size);
        let known = || self.flat.lock();
        if let Some(flat) = flat {
            self.one_colour.fetch_add(1, Ordering::Relaxed);
            let made = known().get(&flat).cloned();
            if let Some(made) = made {
                image.clone_from(&made.1);
                return self.base.put(tile, &made.0, image).map_err(CutFailure::Store);
            }
        }
        worker.bytes.clear();
        band.tile(columns, &self.manner, &self.codec, &mut worker.scratch, image, &mut worker.bytes)
            .map_err(|error| CutFailure::Encode { tile, error })?;
        if let Some(flat) = flat {
            let mut known = known();
            if (known.len() as u64 + 1).saturating_mul(size.pixels()) <= MAX_UNIFORM_PIXELS {
                known.insert(flat, Arc::new((worker.bytes.clone(), image.clone())));
            }
        }
        self.base.put(tile, &worker.bytes, image).map_err(CutFailure::Store)
    }
}
