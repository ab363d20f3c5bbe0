//! A pyramid folder as a library user sees it: open it, then build it or ask it.
//!
//! Nothing here prints or ends the process; what is worth telling goes to an [`Observer`] or into the results.

mod build;
mod cut;
mod error;
mod exchange;
mod first;
mod inspect;
mod recompute;
mod repair;
mod report;
mod survey;
mod vacuum;
mod verify;

pub use cut::{CutError, CutOptions, CutReport, CutStatus, Manner, Memory, PictureSource, cut, cut_observed};
pub use error::{Category, Error};
pub use inspect::{Changes, PyramidInfo, VersionInfo};
pub use repair::{Mended, RepairListener, RepairOptions, RepairReport};
pub use report::{BuildOptions, BuildReport, NoObserver, Observer, VersionReport, VersionStatus, Warning};
pub use vacuum::{Selection, VacuumOptions, VacuumReport};
pub use verify::{VerifyOptions, VerifyReport};

use crate::format::PyramidSpec;
use crate::store::{self, Layout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The most bytes of a pyramid.json.
const MAX_SPEC_BYTES: u64 = 1 << 20;

/// A folder with a valid pyramid.json.
#[derive(Debug, Clone)]
pub struct Pyramid {
    layout: Layout,
    spec: PyramidSpec,
}

impl Pyramid {
    /// Opens the pyramid folder `folder` by reading its pyramid.json. Tiles are not looked at yet.
    ///
    /// # Errors
    /// It is not a folder, or its pyramid.json is missing, unreadable or invalid.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Layout::new(folder);
        if !layout.root().is_dir() {
            let path = layout.root().to_owned();
            return Err(Error::NotAFolder { exists: path.symlink_metadata().is_ok(), path });
        }
        let path = layout.spec_file();
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Err(Error::NoSpec { path, half_cut: store::is_half_cut(&layout) });
        }
        let bytes = store::read_file(&path, MAX_SPEC_BYTES).map_err(Error::SpecUnreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::SpecNotText { path: path.clone() })?;
        let spec = PyramidSpec::parse(&text).map_err(|error| Error::Spec { path, error })?;
        Ok(Self { layout, spec })
    }

    /// The pyramid folder as it was given.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.layout.root()
    }

    /// What its pyramid.json says.
    #[must_use]
    pub fn spec(&self) -> &PyramidSpec {
        &self.spec
    }
}

/// Runs `work` on so many threads, all cores by default.
fn in_pool<T: Send>(threads: Option<NonZeroUsize>, work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(0, NonZeroUsize::get)).build();
    pool.map_err(|error| Error::Threads(error.to_string()))?.install(work)
}
