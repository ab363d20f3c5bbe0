//! Settings of a pyramid: `pyramid.json` with its defaults applied.

use super::{Filter, FormatKind, HuffmanTables, PyramidSpec, Quality, TileFormat, TileNaming, base_tiles_name};
use crate::geometry::{BaseTiles, Geometry};
use serde::{Deserialize, Serialize};

/// Everything that a tree's bytes depend on besides its sources.
///
/// Stored with each published version, to detect changed settings. Its keys are those of `pyramid.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Side of a full tile in pixels.
    pub tile_size: u32,
    /// Pixels that neighbouring tiles share.
    pub overlap: u32,
    /// The kind of base tiles; `None` without overlap, where there is only one.
    #[serde(default, with = "base_tiles_name", skip_serializing_if = "Option::is_none")]
    pub base_tiles: Option<BaseTiles>,
    /// The extension of the tiles.
    pub format: TileFormat,
    /// JPEG quality of generated tiles; `None` for PNG.
    pub quality: Option<Quality>,
    /// Huffman tables of generated JPEG tiles; `None` for PNG.
    #[serde(rename = "optimize")]
    pub huffman_tables: Option<HuffmanTables>,
    /// How pixels are reduced.
    pub filter: Filter,
    /// Whether pixels are averaged in linear light.
    pub linear: bool,
    /// How base tiles are named: the keys `tile_naming`, `first_tile` and `row_order`.
    #[serde(flatten)]
    pub tile_naming: TileNaming,
}

/// A setting with different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// The key in `pyramid.json`.
    pub key: String,
    /// The value in these settings, as JSON.
    pub value: String,
    /// The value in the other settings, as JSON.
    pub other: String,
}

impl Settings {
    /// The settings of `spec` for tiles of this format and naming, and, where it leaves that open, for overlapping base tiles.
    #[must_use]
    pub fn new(spec: &PyramidSpec, format: TileFormat, tile_naming: TileNaming) -> Self {
        let is_jpeg = format.kind() == FormatKind::Jpeg;
        Self {
            width: spec.geometry.size().width,
            height: spec.geometry.size().height,
            tile_size: spec.geometry.tile_size(),
            overlap: spec.geometry.overlap(),
            base_tiles: (spec.geometry.overlap() > 0).then(|| spec.base_tiles.unwrap_or_default()),
            format,
            quality: is_jpeg.then(|| spec.quality.unwrap_or_default()),
            huffman_tables: is_jpeg.then_some(spec.huffman_tables),
            filter: spec.filter,
            linear: spec.linear,
            tile_naming,
        }
    }

    /// These settings for base tiles of another kind, unless `spec` states the kind or there is no overlap.
    #[must_use]
    pub fn with_base_tiles_unless_stated(mut self, spec: &PyramidSpec, found: Option<BaseTiles>) -> Self {
        if spec.base_tiles.is_none() && self.overlap > 0 {
            self.base_tiles = found.or(self.base_tiles);
        }
        self
    }

    /// A pyramid's shape, with the kind of base tiles that these settings name.
    #[must_use]
    pub fn applied_to(&self, geometry: Geometry) -> Geometry {
        geometry.with_base_tiles(self.base_tiles.unwrap_or_default())
    }

    /// The settings that differ from `other`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<SettingDifference> {
        let fields = |settings: &Self| match serde_json::to_value(settings) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (own, others) = (fields(self), fields(other));
        own.into_iter()
            .filter_map(|(key, value)| {
                let other = others.get(&key).cloned().unwrap_or_default();
                (value != other).then(|| SettingDifference { key, value: value.to_string(), other: other.to_string() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(extra: &str) -> Settings {
        let text = format!("{{ width: 750, height: 500, tile_size: 250, overlap: 0, {extra} }}");
        Settings::new(&PyramidSpec::parse(&text).unwrap(), TileFormat::jpg(), TileNaming::column_row())
    }

    #[test]
    fn differences_name_the_changed_settings() {
        let (first, second) = (settings(""), settings("quality: 70, filter: 'nearest', optimize: true"));
        assert_eq!(first.differences(&first), []);
        let changed = second.differences(&first);
        let changed: Vec<String> =
            changed.iter().map(|change| format!("{} {} {}", change.key, change.value, change.other)).collect();
        assert_eq!(changed, ["filter \"nearest\" \"mean\"", "optimize true false", "quality 70 80"]);
    }

    #[test]
    fn stored_settings_are_validated_when_read() {
        let settings = settings("quality: 70");
        let stored = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&stored).unwrap(), settings);
        assert!(serde_json::from_str::<Settings>(&stored.replace("70", "0")).is_err());
    }
}
