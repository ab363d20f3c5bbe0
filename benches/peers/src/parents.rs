//! One parent from four children, by libjpeg-turbo and by fast_pyramid: one thread, alternating, files in memory.

use crate::turbo::{Planes, Turbo};
use crate::{Failure, tiles};
use fast_pyramid::internals::format::{PyramidSpec, Settings, TileNaming};
use fast_pyramid::internals::tile::{Codec, Parts, Scratch, TileImage};
use fast_pyramid::{Size, TileFormat};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// The four children's files.
type Children = [Vec<u8>; 4];

/// What one parent gave.
struct Sample {
    turbo_times: Vec<f64>,
    our_times: Vec<f64>,
    psnr: f64,
    turbo_bytes: usize,
    our_bytes: usize,
}

/// Times the parents of the tiles in `folder`.
pub fn run(folder: &Path, quality: u8, rounds: usize, most: usize) -> Result<Value, Failure> {
    let (families, side) = families(folder, most)?;
    let mut turbo = Turbo::new(side as usize, quality < 90, quality)?;
    let mut ours = Ours::new(side, quality)?;
    let mut samples = families
        .iter()
        .map(|children| Sample::new(children, &mut turbo, &mut ours))
        .collect::<Result<Vec<_>, Failure>>()?;
    // All parents once, then all again: a tile's bytes are not still in the cache from the last time.
    for round in 0..rounds {
        for (children, sample) in families.iter().zip(&mut samples) {
            sample.time(children, &mut turbo, &mut ours, round)?;
        }
    }
    let each = |of: fn(&Sample) -> f64| median(samples.iter().map(of).collect());
    let lowest = samples.iter().map(|sample| sample.psnr).fold(f64::INFINITY, f64::min);
    let total = |of: fn(&Sample) -> usize| samples.iter().map(of).sum::<usize>();
    Ok(json!({
        "parents": samples.len(),
        "rounds": rounds,
        "turbo_us": each(|sample| sample.turbo() * 1e6),
        "ours_us": each(|sample| sample.ours() * 1e6),
        "ratio": each(|sample| sample.turbo() / sample.ours()),
        "psnr_lowest": lowest,
        "psnr_median": each(|sample| sample.psnr),
        "turbo_bytes": total(|sample| sample.turbo_bytes),
        "our_bytes": total(|sample| sample.our_bytes),
        "raw": samples.iter().map(|sample| [sample.turbo() * 1e6, sample.ours() * 1e6, sample.psnr]).collect::<Vec<_>>(),
    }))
}

/// The children of up to `most` parents, spread over the picture, and the tiles' side. Only whole tiles.
fn families(folder: &Path, most: usize) -> Result<(Vec<Children>, u32), Failure> {
    let mut scratch = fast_pyramid::internals::jpeg::DecodeScratch::default();
    let mut parents: BTreeMap<(u32, u32), Vec<Vec<u8>>> = BTreeMap::new();
    let tiles = tiles::list(folder)?;
    let first = std::fs::read(&tiles[0].path)?;
    let side = fast_pyramid::internals::jpeg::decode(&first, None, &mut scratch)?.width;
    let last = |of: fn(&tiles::TileFile) -> u32| tiles.iter().map(of).max().unwrap_or_default();
    let (columns, rows) = (last(|tile| tile.column) / 2 * 2, last(|tile| tile.row) / 2 * 2);
    let whole = (columns / 2 * (rows / 2)) as usize;
    let step = whole.div_ceil(most.max(1)).max(1);
    for tile in &tiles {
        let (column, row) = (tile.column / 2, tile.row / 2);
        // Row by row, so four children come in their order. The last column and row may be cut off, so they are left.
        if tile.column < columns && tile.row < rows && ((row * (columns / 2) + column) as usize).is_multiple_of(step) {
            parents.entry((row, column)).or_default().push(std::fs::read(&tile.path)?);
        }
    }
    let families: Vec<Children> = parents.into_values().filter_map(|children| children.try_into().ok()).collect();
    if families.is_empty() { Err("too few tiles for a parent".into()) } else { Ok((families, side)) }
}

/// fast_pyramid's own way: what its builds do with four base tiles, with buffers kept as they keep them.
struct Ours {
    codec: Codec,
    scratch: Scratch,
    size: Size,
    children: [TileImage; 4],
    made: TileImage,
    encoded: Vec<u8>,
}

impl Ours {
    fn new(side: u32, quality: u8) -> Result<Self, Failure> {
        let (width, height) = (2 * side, 2 * side);
        let text = json!({ "width": width, "height": height, "tile_size": side, "overlap": 0, "quality": quality });
        let spec = PyramidSpec::parse(&text.to_string())?;
        let settings = Settings::new(&spec, TileFormat::jpg(), TileNaming::column_row());
        Ok(Self {
            codec: Codec::new(&settings),
            scratch: Scratch::default(),
            size: Size::new(side, side),
            children: Default::default(),
            made: TileImage::default(),
            encoded: Vec::new(),
        })
    }

    fn parent(&mut self, children: [&[u8]; 4]) -> Result<&[u8], Failure> {
        self.encoded.clear();
        for (image, bytes) in self.children.iter_mut().zip(children) {
            self.codec.decode_into(bytes, self.size, &mut self.scratch, image)?;
        }
        let parts = Parts::of_children(self.children.each_ref().map(Some));
        self.codec.parent_into(&parts, self.size, &mut self.scratch, &mut self.made, &mut self.encoded)?;
        Ok(&self.encoded)
    }
}

impl Sample {
    /// Makes the parent both ways and compares the pictures.
    fn new(children: &Children, turbo: &mut Turbo, ours: &mut Ours) -> Result<Self, Failure> {
        let children = children.each_ref().map(Vec::as_slice);
        let (theirs, own) = (turbo.parent(children)?.to_vec(), ours.parent(children)?.to_vec());
        let psnr = psnr(&turbo.whole(&theirs)?, &turbo.whole(&own)?);
        let (turbo_bytes, our_bytes) = (theirs.len(), own.len());
        Ok(Self { turbo_times: Vec::new(), our_times: Vec::new(), psnr, turbo_bytes, our_bytes })
    }

    /// Makes it once each way, taking turns at being first.
    fn time(&mut self, children: &Children, turbo: &mut Turbo, ours: &mut Ours, round: usize) -> Result<(), Failure> {
        let children = children.each_ref().map(Vec::as_slice);
        for turn in 0..2 {
            let started = Instant::now();
            if (round + turn).is_multiple_of(2) {
                turbo.parent(children)?;
                self.turbo_times.push(started.elapsed().as_secs_f64());
            } else {
                ours.parent(children)?;
                self.our_times.push(started.elapsed().as_secs_f64());
            }
        }
        Ok(())
    }

    fn turbo(&self) -> f64 {
        median(self.turbo_times.clone())
    }

    fn ours(&self) -> f64 {
        median(self.our_times.clone())
    }
}

/// The likeness of two pictures over all their samples, in decibels; 99 where they are equal.
fn psnr(left: &Planes, right: &Planes) -> f64 {
    let pairs = left.iter().flatten().zip(right.iter().flatten());
    let squares: u64 = pairs.map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2)).sum();
    let count: usize = left.iter().map(Vec::len).sum();
    if squares == 0 { 99.0 } else { 10.0 * (255.0 * 255.0 * count as f64 / squares as f64).log10() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}
