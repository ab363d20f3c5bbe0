//! Pyramids with overlap compared with an independent, naive builder and with libvips.

mod jpeg;
mod libvips;
mod patches;
mod reference;

use crate::support::build_options;
use fast_pyramid::{Pyramid, VerifyOptions};
use std::path::{Path, PathBuf};
use test_support::tree::{assert_sources_unchanged, source_fingerprint};

/// What pyramid.json says besides the settings of a test.
#[derive(Debug, Clone, Copy)]
struct Shape {
    width: usize,
    height: usize,
    tile_size: usize,
    overlap: usize,
}

impl Shape {
    fn write_spec(self, folder: &Path, extra: &str) {
        let Self { width, height, tile_size, overlap } = self;
        let text =
            format!("{{ width: {width}, height: {height}, tile_size: {tile_size}, overlap: {overlap}, {extra} }}");
        std::fs::write(folder.join("pyramid.json"), text).unwrap();
    }
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
