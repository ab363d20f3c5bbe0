//! Pyramids with overlap compared with an independent, naive builder and with libvips.

mod jpeg;
mod libvips;
mod patches;
mod reference;

use crate::support::build_options;
use fast_pyramid::{Pyramid, VerifyOptions};
use serde_json::Value;
use std::path::{Path, PathBuf};
use test_support::overlap::Shape;
use test_support::tree::{assert_sources_unchanged, source_fingerprint};

/// The shape of a pyramid that libvips made.
fn shape_of(expected: &Value) -> Shape {
    let number = |key: &str| expected[key].as_u64().unwrap() as usize;
    let (width, height) = (number("width"), number("height"));
    Shape { overlap: number("overlap"), ..Shape::without_overlap(width, height, number("tile_size")) }
}

fn write_spec(folder: &Path, shape: Shape, more: &str) {
    std::fs::write(folder.join("pyramid.json"), shape.spec(more)).unwrap();
}

/// Builds, and fails if a source was touched.
fn build(folder: &Path) {
    let before = source_fingerprint(folder);
    Pyramid::open(folder).unwrap().build(&build_options(None)).unwrap();
    assert_sources_unchanged(folder, &before);
}

fn build_and_verify(folder: &Path) {
    build(folder);
    let report = Pyramid::open(folder).unwrap().verify(&VerifyOptions::default()).unwrap();
    assert_eq!(report.problems, 0, "{report:?}");
}

fn level_folder(folder: &Path, level: usize) -> PathBuf {
    folder.join(format!("dest/dzi/v0/dzi_files/{level}"))
}
