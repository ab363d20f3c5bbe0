//! The values of keys in `pyramid.json`. Each type contains only valid values.

use crate::geometry::BaseTiles;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A JPEG quality from 1 to 100, on libjpeg's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Quality(u8);

impl Default for Quality {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Quality {
    /// The default in `pyramid.json`: 80.
    pub const DEFAULT: Self = Self(80);

    /// The quality, or `None` outside 1 to 100.
    #[must_use]
    pub const fn new(quality: u8) -> Option<Self> {
        if quality >= 1 && quality <= 100 { Some(Self(quality)) } else { None }
    }

    /// The number, 1 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Quality {
    type Error = String;

    fn try_from(quality: u8) -> Result<Self, String> {
        Self::new(quality).ok_or_else(|| format!("quality {quality} is not within 1 to 100"))
    }
}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

/// By how many of 255 levels a tile of a newer picture may differ from the latest one without counting as changed, in the
/// mean of each block of 8x8 pixels.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Tolerance(f64);

impl Default for Tolerance {
    fn default() -> Self {
        Self::NONE
    }
}

impl Tolerance {
    /// Any difference counts.
    pub const NONE: Self = Self(0.0);

    /// The tolerance, or `None` outside 0 to 255.
    #[must_use]
    pub fn new(levels: f64) -> Option<Self> {
        // The sum makes 0 of -0.
        (0.0..=255.0).contains(&levels).then_some(Self(levels + 0.0))
    }

    /// The number of levels.
    #[must_use]
    pub fn levels(self) -> f64 {
        self.0
    }
}

/// The Huffman tables of generated JPEG tiles: the key `optimize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum HuffmanTables {
    /// The same for all tiles, as in Annex K of ITU T.81.
    #[default]
    Standard,
    /// Computed for each tile.
    Optimised,
}

impl From<bool> for HuffmanTables {
    fn from(optimize: bool) -> Self {
        if optimize { Self::Optimised } else { Self::Standard }
    }
}

impl From<HuffmanTables> for bool {
    fn from(tables: HuffmanTables) -> Self {
        tables == HuffmanTables::Optimised
    }
}

/// A tile format, however its extension is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatKind {
    /// JPEG (ITU T.81).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
}

/// A tile format and its extension, spelled as in the user's files: `jpg`, `jpeg` or `png` in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TileFormat {
    extension: String,
    kind: FormatKind,
}

impl TileFormat {
    /// The extensions that [`TileFormat::new`] accepts, for messages.
    pub const NAMES: &'static str = "jpg, jpeg or png";

    /// The format of files that end in `.extension`, or `None` for an unknown one.
    #[must_use]
    pub fn new(extension: &str) -> Option<Self> {
        let kind = match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => FormatKind::Jpeg,
            "png" => FormatKind::Png,
            _ => return None,
        };
        Some(Self { extension: extension.to_owned(), kind })
    }

    /// `png`.
    #[must_use]
    pub fn png() -> Self {
        Self { extension: "png".into(), kind: FormatKind::Png }
    }

    /// `jpg`.
    #[must_use]
    pub fn jpg() -> Self {
        Self { extension: "jpg".into(), kind: FormatKind::Jpeg }
    }

    /// The extension without its dot.
    #[must_use]
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// The format without its spelling.
    #[must_use]
    pub fn kind(&self) -> FormatKind {
        self.kind
    }
}

impl fmt::Display for TileFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.extension)
    }
}

impl TryFrom<String> for TileFormat {
    type Error = String;

    fn try_from(extension: String) -> Result<Self, String> {
        Self::new(&extension).ok_or_else(|| format!("{extension:?} is not {}", Self::NAMES))
    }
}

impl From<TileFormat> for String {
    fn from(format: TileFormat) -> Self {
        format.extension
    }
}

/// What to do about a patch after which a tile's strip no longer shows its neighbour's core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StaleOverlap {
    /// The patch is invalid.
    #[default]
    Refuse,
    /// The patch is published, with a warning.
    Keep,
}

impl StaleOverlap {
    /// Both with their names in `pyramid.json`.
    pub(super) const NAMES: [(&'static str, Self); 2] = [("refuse", Self::Refuse), ("keep", Self::Keep)];
}

/// The kinds of base tiles with their names in `pyramid.json`.
pub(super) const BASE_TILES: [(&str, BaseTiles); 2] =
    [(BaseTiles::Plain.name(), BaseTiles::Plain), (BaseTiles::Overlapping.name(), BaseTiles::Overlapping)];

/// A kind of base tiles under its name, for serde.
pub(crate) mod base_tiles_name {
    use super::BASE_TILES;
    use crate::geometry::BaseTiles;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(kind: &Option<BaseTiles>, out: S) -> Result<S::Ok, S::Error> {
        match kind {
            Some(kind) => out.collect_str(kind),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BaseTiles>, D::Error> {
        let Some(name) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let known = BASE_TILES.iter().find(|(known, _)| *known == name);
        known.map(|(_, kind)| Some(*kind)).ok_or_else(|| D::Error::custom(format!("unknown base tiles {name:?}")))
    }
}
