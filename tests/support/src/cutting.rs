//! Pictures cut by the program, version after version.

use super::cli::Sandbox;
use super::pictures::{Noise, Pixels};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use std::collections::BTreeSet;

/// Side of the tiles in most tests.
pub const SIDE: u32 = 16;
/// Size of the pictures: 7 columns and 5 rows of tiles.
pub const SIZE: (u32, u32) = (100, 70);

/// Noise, so that all tiles differ.
pub fn picture(seed: u64) -> RgbImage {
    let mut noise = Noise::new(seed);
    RgbImage::from_fn(SIZE.0, SIZE.1, |_, _| Rgb([0; 3].map(|_| noise.number() as u8)))
}

/// Writes a picture in the format of its extension.
pub fn save(sandbox: &Sandbox, name: &str, picture: &RgbImage) {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::from_path(name).unwrap()).unwrap();
    sandbox.write(name, bytes.into_inner());
}

/// The names of a version's tiles without their extension.
pub fn tiles(sandbox: &Sandbox, version: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(sandbox.path(version)).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_str().unwrap().rsplit_once('.').unwrap().0.to_owned()).collect()
}

/// Names of tiles.
pub fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// Cuts, and returns the JSON object.
#[track_caller]
pub fn cut(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let ended = sandbox.succeed(&[&["cut", "--json"], arguments].concat());
    ended.json().remove(0)
}

/// The pixels of a picture.
pub fn pixels_of(picture: &RgbImage) -> Pixels {
    DynamicImage::from(picture.clone()).to_rgba16()
}

/// A sandbox with `p`, cut from `a.png` into tiles of [`SIDE`].
pub fn cut_once(format: &str, more: &[&str]) -> (Sandbox, RgbImage) {
    let (sandbox, picture) = (Sandbox::in_memory(), picture(1));
    save(&sandbox, "a.png", &picture);
    let arguments = ["cut", "a.png", "p", "--tile-size", "16", "--format", format];
    sandbox.succeed(&[&arguments[..], more].concat());
    (sandbox, picture)
}
