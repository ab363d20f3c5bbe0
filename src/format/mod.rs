//! What pyramid.json says, validated once: after [`PyramidSpec::parse`] every value is in range.

pub mod dzi;
mod parse;
mod values;

pub use parse::{SpecError, SpecProblem};
pub use values::{FormatKind, Quality, TileFormat, TileNaming};

use crate::geometry::Geometry;
pub use crate::raster::reduce::Filter;

use serde::{Deserialize, Serialize};

/// The largest `tile_size`: 16384, so that a tile has at most 2^28 pixels and its four children fit in memory.
pub const MAX_TILE_SIZE: u32 = 16384;

/// The most base tiles of a pyramid, 2^32: the sets that a build keeps take one bit for each.
pub const MAX_BASE_TILES: u64 = 1 << 32;

/// pyramid.json, validated. Keys that may be absent and whose default depends on the tiles are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PyramidSpec {
    /// Size, tile size and overlap.
    pub geometry: Geometry,
    /// The tiles' extension; by default the one found in the lowest version.
    pub format: Option<TileFormat>,
    /// JPEG quality of the generated tiles.
    pub quality: Quality,
    /// Whether it stands there, and is not the default. Of a picture cut without loss it does not: nobody asked for one.
    pub states_quality: bool,
    /// Whether generated JPEG tiles get Huffman tables of their own.
    pub optimize: bool,
    /// How pixels are reduced.
    pub filter: Filter,
    /// Whether they are averaged in linear light.
    pub linear: bool,
    /// Which number comes first in base tiles' names; by default what fits the names in the lowest version.
    pub tile_naming: Option<TileNaming>,
}

/// Everything a tree's bytes depend on besides its sources: pyramid.json with its defaults filled in.
///
/// Stored with each published version, so that a change of settings is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Side of a whole tile in pixels.
    pub tile_size: u32,
    /// Pixels shared by neighbouring tiles.
    pub overlap: u32,
    /// The tiles' extension.
    pub format: TileFormat,
    /// JPEG quality of the generated tiles; `None` for formats without loss, which it does not touch.
    pub quality: Option<Quality>,
    /// Whether generated JPEG tiles get Huffman tables of their own; `None` for other formats.
    pub optimize: Option<bool>,
    /// How pixels are reduced.
    pub filter: Filter,
    /// Whether they are averaged in linear light.
    pub linear: bool,
    /// Which number comes first in base tiles' names.
    pub tile_naming: TileNaming,
}

impl Settings {
    /// The settings of `spec` for tiles of this format and naming.
    #[must_use]
    pub fn new(spec: &PyramidSpec, format: TileFormat, tile_naming: TileNaming) -> Self {
        let jpeg = format.kind() == FormatKind::Jpeg;
        Self {
            width: spec.geometry.size().width,
            height: spec.geometry.size().height,
            tile_size: spec.geometry.tile_size(),
            overlap: spec.geometry.overlap(),
            format,
            quality: jpeg.then_some(spec.quality),
            optimize: jpeg.then_some(spec.optimize),
            filter: spec.filter,
            linear: spec.linear,
            tile_naming,
        }
    }

    /// The settings that differ from `other`, each as (key, value here, value there).
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        let fields = |settings: &Self| match serde_json::to_value(settings) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (here, there) = (fields(self), fields(other));
        here.into_iter()
            .filter_map(|(key, value)| {
                let other = there.get(&key).cloned().unwrap_or_default();
                (value != other).then(|| (key, value.to_string(), other.to_string()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
