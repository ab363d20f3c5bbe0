//! Pyramids of very many very small tiles, to see what the number of tiles costs.

use crate::Failure;
use fast_pyramid::internals::jpeg::{self, Colour, HuffmanTables, JpegImage, PlaneSource};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

/// Side of a tile in pixels: one JPEG block.
const SIDE: u32 = 8;

/// How many different tiles there are. A file can have only so many names (65,000 on ext4), so the more tiles, the
/// more files; 64 are enough for four million.
const DIFFERENT: u32 = 64;

/// Makes a pyramid folder with `columns` x `rows` plain base tiles.
pub fn run(folder: &Path, columns: u32, rows: u32, overlap: u32) -> Result<Value, Failure> {
    let (source, originals) = (folder.join("v0"), folder.join("originals"));
    std::fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    std::fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    std::fs::create_dir(&source)?;
    std::fs::create_dir(&originals)?;
    let spec = json!({ "width": columns * SIDE, "height": rows * SIDE, "tile_size": SIDE, "overlap": overlap });
    std::fs::write(folder.join("pyramid.json"), spec.to_string())?;
    let paths = (0..DIFFERENT).map(|number| originals.join(format!("{number}.jpg"))).collect::<Vec<_>>();
    for (path, number) in paths.iter().zip(0..) {
        std::fs::write(path, tile(number)?)?;
    }
    // Neighbours differ, and so do most sets of four children.
    let which = |column: u32, row: u32| (column.wrapping_mul(37) ^ row.wrapping_mul(101)) % DIFFERENT;
    (0..rows).into_par_iter().try_for_each(|row| {
        (0..columns).try_for_each(|column| {
            std::fs::hard_link(&paths[which(column, row) as usize], source.join(format!("{column}_{row}.jpg")))
        })
    })?;
    std::fs::remove_dir_all(&originals)?;
    Ok(json!({ "tiles": u64::from(columns) * u64::from(rows) }))
}

/// The bytes of a tile: a gradient whose direction and colours depend on the number.
pub fn tile(number: u32) -> Result<Vec<u8>, Failure> {
    let (across, down) = (number % 8 * 4, number / 8 % 8 * 4);
    let plane = |base: u32| -> Vec<u8> {
        let sample = |x: u32, y: u32| (base + number / 64 * 7 + x * across + y * down).min(255) as u8;
        (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| sample(x, y))).collect()
    };
    let planes = [plane(40 + number), plane(90), plane(60)];
    let (luma, chroma) = jpeg::quantisation_tables(80);
    let source = |index: usize| PlaneSource {
        samples: &planes[index],
        horizontal: 1,
        vertical: 1,
        quantisation: if index == 0 { &luma } else { &chroma },
    };
    let mut image = JpegImage::default();
    image.assign_planes((SIDE, SIDE), Colour::YCbCr, &[source(0), source(1), source(2)])?;
    let mut bytes = Vec::new();
    jpeg::encode(&image, HuffmanTables::Standard, &mut bytes)?;
    Ok(bytes)
}
