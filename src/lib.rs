//! Builds [Deep Zoom](https://openseadragon.github.io/examples/tilesource-dzi/) (DZI) pyramids from base tiles that already
//! exist, publishes each state of the picture as an immutable tree, and after a patch regenerates only what changed.
//!
//! # The ideas
//!
//! A **pyramid folder** holds `pyramid.json`, the base tiles in `v0`, and later only changed tiles in `v1`, `v2`, ...
//! [`Pyramid::build`] publishes one **tree** per version under `dest/dzi/`. A tile that a version does not change is a
//! symbolic link to the version that **owns** it.
//!
//! - A tree is a pure function of the sources, the settings and the encoder version: the same bytes and links, whatever the
//!   number of threads and the history.
//! - A published tree never changes. It appears all at once, and `latest` is swapped by a rename.
//! - Source folders belong to the user. Existing ones are only read, except by [`Pyramid::vacuum`]; [`cut()`] adds new ones.
//!
//! Each operation that works on tiles takes an options type with setters, such as [`BuildOptions`], and returns a report, such
//! as [`BuildReport`]. An [`Observer`] follows it and can cancel it. Every operation fails with an [`Error`], which has a
//! [kind](Error::kind) and a [path](Error::path). The library prints nothing and never ends the process.
//!
//! # Building, and building again after a patch
//!
//! ```
//! use fast_pyramid::{BuildOptions, ChangesOf, Pyramid};
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
//! assert_eq!(pyramid.changes(ChangesOf::Latest)?.paths().last().as_deref(), Some("dzi_files/9/1_0.png"));
//! assert!(folder.join("dest/dzi/latest/dzi.xml").exists());
//! # Ok(())
//! # }
//! ```
//!
//! # Cutting a picture, following and cancelling
//!
//! ```
//! use fast_pyramid::{CutOptions, Event, PictureSource, cut};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temporary = tempfile::tempdir()?;
//! # let (picture, folder) = (temporary.path().join("map.png"), temporary.path().join("map"));
//! image::RgbImage::new(700, 300).save(&picture)?;
//! let observer = |event: &Event<'_>| match event {
//!     Event::Warning(warning) => eprintln!("warning: {warning}"),
//!     Event::RowsDone(rows) => eprintln!("{rows} more rows"),
//!     _ => {}
//! };
//! let options = CutOptions::default().tile_size(256).build(true).observer(&observer);
//! let report = cut(&PictureSource::File(picture), &folder, &options)?;
//! assert_eq!((report.grid.columns, report.grid.rows, report.written), (3, 2, Some(6)));
//! # Ok(())
//! # }
//! ```
//!
//! # Inspecting, verifying, repairing, dropping old versions
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temporary = tempfile::tempdir()?;
//! # let (picture, folder) = (temporary.path().join("map.png"), temporary.path().join("map"));
//! # image::RgbImage::new(700, 300).save(&picture)?;
//! # let options = fast_pyramid::CutOptions::default().build(true);
//! # fast_pyramid::cut(&fast_pyramid::PictureSource::File(picture), &folder, &options)?;
//! use fast_pyramid::{Pyramid, RepairOptions, Selection, VacuumOptions, VerifyOptions};
//!
//! let pyramid = Pyramid::open(&folder)?;
//! for version in pyramid.info()?.versions {
//!     println!("{}: {:?}", version.version, version.counts);
//! }
//! if pyramid.verify(&VerifyOptions::default())?.problems > 0 {
//!     pyramid.repair(&RepairOptions::default())?;
//! }
//! let keep_five = Selection::KeepLast(5.try_into()?);
//! pyramid.vacuum(&VacuumOptions::new(keep_five).dry_run(true))?;
//! # Ok(())
//! # }
//! ```
//!
//! The feature `cli`, on by default, builds the command `fast_pyramid`. Without default features, the crate is a lean library.

#[cfg(not(unix))]
compile_error!("fast_pyramid publishes trees of symbolic links and needs a Unix system such as Linux or macOS");

mod format;
mod geometry;
mod input;
mod jpeg;
mod ops;
mod png;
mod raster;
mod store;
mod sync;
mod text;
mod tile;
mod walk;

pub use format::{FormatKind, Quality, TileFormat, Tolerance};
pub use geometry::{BaseTiles, Grid, Size};
pub use ops::{
    BuildOptions, BuildReport, ChangesOf, ChangesReport, CutMemory, CutMode, CutOptions, CutReport, CutStatus, Error,
    ErrorKind, Event, InfoReport, InitOptions, InitReport, Observer, PictureSource, Pyramid, RepairOptions,
    RepairReport, Repaired, RevertOptions, RevertReport, RevertStatus, Selection, VacuumOptions, VacuumReport,
    VerifyOptions, VerifyReport, VersionInfo, VersionReport, VersionStatus, Warning, Work, cut, init,
};
pub use store::{Counts, Locking, Problem, ProblemKind, RepairAction, UnfilledVersion, Version};

/// Compiles the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
mod library_guide {}

/// Internals for this package's command line, benches, fuzz targets and tests. There is no stability guarantee. A room is a
/// top-level module; ARCHITECTURE.md describes them.
#[doc(hidden)]
pub mod internals {
    pub use crate::ops::internals as ops;

    /// The items of the room `format`.
    pub mod format {
        pub use crate::format::*;
    }
    /// The items of the room `geometry`.
    pub mod geometry {
        pub use crate::geometry::*;
    }
    /// The items of the room `input`.
    pub mod input {
        pub use crate::input::*;
    }
    /// The items of the room `jpeg`.
    pub mod jpeg {
        pub use crate::jpeg::*;
    }
    /// The items of the room `raster`.
    pub mod raster {
        pub use crate::raster::*;
    }
    /// The items of the room `store`.
    pub mod store {
        pub use crate::store::*;
    }
    /// The items of the room `sync`.
    pub mod sync {
        pub use crate::sync::*;
    }
    /// The items of the room `text`.
    pub mod text {
        pub use crate::text::*;
    }
    /// The items of the room `tile`.
    pub mod tile {
        pub use crate::tile::*;
    }
    /// The items of the room `walk`.
    pub mod walk {
        pub use crate::walk::*;
    }
}
