//! The files that describe a pyramid: `pyramid.json`, its values and defaults, and `dzi.xml`.

pub mod dzi;
mod naming;
mod pattern;
mod picture_path;
mod pyramid_json;
mod settings;
mod values;

pub use naming::{RowOrder, TileNaming};
pub use pattern::{Axis, NameNumbers, NamePattern};
pub use picture_path::picture_text;
pub use pyramid_json::{MAX_BASE_TILES, MAX_TILE_SIZE, PyramidSpec, SpecError, SpecProblem};
pub use settings::{SettingDifference, Settings};
pub(crate) use values::base_tiles_name;
pub use values::{FormatKind, HuffmanTables, Quality, StaleOverlap, TileFormat, Tolerance};

pub use crate::raster::reduce::Filter;
