//! Builds Deep Zoom (DZI) pyramids from base tiles that already exist, publishes each state of the picture as an
//! immutable tree, and after a patch makes only what changed.
//!
//! A pyramid folder holds `pyramid.json`, the base tiles in `v0`, and later only changed tiles in `v1`, `v2`, ...
//! Building it publishes one tree a version under `dest/dzi/`; tiles that a version does not change are links to the
//! version that owns them.
//!
//! ```
//! use fast_pyramid::ops::{BuildOptions, Pyramid};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temporary = tempfile::tempdir()?;
//! # let folder = temporary.path();
//! std::fs::write(folder.join("pyramid.json"), "{ width: 300, height: 200, tile_size: 200, overlap: 0 }")?;
//! std::fs::create_dir(folder.join("v0"))?;
//! image::RgbImage::new(200, 200).save(folder.join("v0/0_0.png"))?;
//! image::RgbImage::new(100, 200).save(folder.join("v0/1_0.png"))?;
//!
//! let report = Pyramid::open(folder)?.build(&BuildOptions::default())?;
//! assert_eq!((report.versions[0].tiles, report.versions[0].generated), (11, 9));
//!
//! // One tile changes: it goes into v1.
//! std::fs::create_dir(folder.join("v1"))?;
//! image::RgbImage::from_pixel(100, 200, image::Rgb([255, 0, 0])).save(folder.join("v1/1_0.png"))?;
//! let pyramid = Pyramid::open(folder)?;
//! let report = pyramid.build(&BuildOptions::default())?;
//! assert_eq!((report.versions[1].patched, report.versions[1].linked), (1, 1));
//! assert_eq!(pyramid.changes(None)?.paths().last().as_deref(), Some("dzi_files/9/1_0.png"));
//! assert!(folder.join("dest/dzi/latest/dzi.xml").exists());
//! # Ok(())
//! # }
//! ```
//!
//! The modules are rooms that import downwards only, in the order [`ops`], [`walk`], [`input`], [`tile`], [`jpeg`], [`png`], [`store`],
//! [`format`], [`raster`], [`geometry`], [`text`], [`sync`]; ARCHITECTURE.md says why.

#[cfg(not(unix))]
compile_error!("fast_pyramid publishes trees of symbolic links and needs a Unix system such as Linux or macOS");

pub mod format;
pub mod geometry;
pub mod input;
pub mod jpeg;
pub mod ops;
pub mod png;
pub mod raster;
pub mod store;
pub mod sync;
pub mod text;
pub mod tile;
pub mod walk;
