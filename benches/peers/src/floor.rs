//! The least that any tool can do that starts from base tiles: read them and undo their entropy coding, and, where tiles overlap
//! and blocks do not align, transform them to samples.

use crate::{Failure, tiles};
use fast_pyramid::internals::jpeg::{self, FoldSampling, JpegImage, JpegTile};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// What a thread keeps from tile to tile.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
    samples: Vec<u8>,
    scratch: jpeg::DecodeScratch,
    tile: JpegTile,
    image: JpegImage,
}

/// Reads and decodes all tiles of `folder`, to coefficients or to samples.
pub fn run(folder: &Path, threads: usize, to_samples: bool) -> Result<Value, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let started = Instant::now();
    let tiles = tiles::list(folder)?;
    let chroma_step = chroma_step(&tiles[0].path)?;
    let bytes: u64 = pool.install(|| {
        tiles
            .par_iter()
            .map_init(Worker::default, |worker, tile| match to_samples {
                true => samples(worker, &tile.path),
                false => one(worker, &tile.path, chroma_step),
            })
            .try_reduce(|| 0, |left, right| Ok(left + right))
    })?;
    Ok(json!({ "seconds": started.elapsed().as_secs_f64(), "tiles": tiles.len(), "bytes": bytes }))
}

fn read(worker: &mut Worker, path: &Path) -> Result<(), String> {
    worker.bytes.clear();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut worker.bytes));
    read.map(drop).map_err(|error| format!("{}: {error}", path.display()))
}

/// All components of a tile, not converted to another colour space or resolution.
fn samples(worker: &mut Worker, path: &Path) -> Result<u64, Failure> {
    read(worker, path)?;
    jpeg::decode_into(&worker.bytes, None, &mut worker.scratch, &mut worker.image)?;
    for index in 0..worker.image.components.len() {
        worker.image.plane(index, &mut worker.samples);
        std::hint::black_box(&worker.samples);
    }
    Ok(worker.bytes.len() as u64)
}

fn one(worker: &mut Worker, path: &Path, chroma_step: u8) -> Result<u64, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    read(worker, path)?;
    // As builds do: folded where the parent takes it so. The chroma step is the tile's own.
    let fold = Some(FoldSampling { chroma_step, tile_size: 256, overlap: 0, core: None });
    worker.tile.decode(&worker.bytes, None, fold, &mut worker.scratch).map_err(|error| named(&error))?;
    Ok(worker.bytes.len() as u64)
}

/// Pixels that a sample of colour differences stands for in this tile.
fn chroma_step(path: &Path) -> Result<u8, Failure> {
    let image = jpeg::decode(&std::fs::read(path)?, None, &mut jpeg::DecodeScratch::default())?;
    Ok(image.components[0].horizontal)
}
