//! The operations on a pyramid folder, one file or folder each. They join walks, which see tiles, with the store, which
//! sees files.
//!
//! Nothing here prints or ends the process. Events go to an [`Observer`], everything else into reports and errors.

mod build;
mod changes;
mod cut;
mod error;
mod failure;
mod info;
mod init;
pub mod internals;
mod observer;
mod repair;
mod revert;
mod survey;
mod tile_headers;
mod vacuum;
mod verify;

pub use build::{BuildOptions, BuildReport, VersionReport, VersionStatus, Warning};
pub use changes::{ChangesOf, ChangesReport};
use cut::CutError;
pub use cut::{CutMemory, CutMode, CutOptions, CutReport, CutStatus, PictureSource, cut};
pub use error::{Error, ErrorKind};
use failure::Failure;
pub use info::{InfoReport, VersionInfo};
use init::InitError;
pub use init::{InitOptions, InitReport, init};
pub use observer::{Event, Observer, Work};
pub use repair::{RepairOptions, RepairReport, Repaired};
pub use revert::{RevertOptions, RevertReport, RevertStatus};
pub use vacuum::{Selection, VacuumOptions, VacuumReport};
pub use verify::{VerifyOptions, VerifyReport};

use crate::format::PyramidSpec;
use crate::geometry::{Grid, Size};
use crate::store::{self, Layout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Limit for the length of a pyramid.json.
const MAX_SPEC_BYTES: u64 = 1 << 20;

/// A folder with a valid pyramid.json.
#[derive(Debug, Clone)]
pub struct Pyramid {
    layout: Layout,
    spec: PyramidSpec,
}

impl Pyramid {
    /// Opens a pyramid folder by reading its pyramid.json. Tiles are not read yet.
    ///
    /// # Errors
    /// The path is not a folder, or its pyramid.json is missing, unreadable or invalid.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        Ok(Self::open_folder(folder.into())?)
    }

    fn open_folder(folder: PathBuf) -> Result<Self, Failure> {
        let layout = Layout::new(folder);
        if !layout.root().is_dir() {
            let path = layout.root().to_owned();
            return Err(Failure::NotAFolder { exists: path.symlink_metadata().is_ok(), path });
        }
        let path = layout.spec_file();
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Err(Failure::NoSpec { path, half_cut: store::is_half_cut(&layout) });
        }
        let bytes = store::read_file(&path, MAX_SPEC_BYTES).map_err(Failure::SpecUnreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::SpecNotText { path: path.clone() })?;
        let spec = PyramidSpec::parse(&text).map_err(|error| Failure::Spec { path, error })?;
        Ok(Self { layout, spec })
    }

    /// The pyramid folder, as given to [`Pyramid::open`].
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.layout.root()
    }

    /// Size of the whole picture in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        self.spec.geometry.size()
    }

    /// Side of a whole tile in pixels.
    #[must_use]
    pub fn tile_size(&self) -> u32 {
        self.spec.geometry.tile_size()
    }

    /// The grid of base tiles.
    #[must_use]
    pub fn base_grid(&self) -> Grid {
        self.spec.geometry.base_grid()
    }

    /// Number of levels.
    #[must_use]
    pub fn levels(&self) -> u32 {
        u32::from(self.spec.geometry.base_level()) + 1
    }

    /// Number of tiles on all levels.
    #[must_use]
    pub fn tile_count(&self) -> u64 {
        self.spec.geometry.tile_count()
    }
}

/// Runs `work` on this many threads, by default on all cores.
fn in_pool<T: Send>(
    threads: Option<NonZeroUsize>,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(0, NonZeroUsize::get)).build();
    Ok(pool.map_err(|error| Failure::Threads(error.to_string()))?.install(work)?)
}
