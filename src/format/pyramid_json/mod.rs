//! `pyramid.json`: parsed as JSON5, and validated once. After [`PyramidSpec::parse`] every value is in range.
//!
//! Each field of [`PyramidSpec`] documents its key; docs/pyramid-json.md describes them for users.

mod entries;
mod error;

pub use error::{SpecError, SpecProblem};

use super::values::{BASE_TILES, StaleOverlap};
use super::{Filter, HuffmanTables, NamePattern, Quality, RowOrder, TileFormat, TileNaming};
use crate::geometry::{BaseTiles, Geometry, MAX_SIDE, Size};
use entries::Entries;
use std::path::PathBuf;

/// The largest `tile_size`: a tile has at most 2^28 pixels, so that four children fit in memory.
pub const MAX_TILE_SIZE: u32 = 16384;

/// The most base tiles of a pyramid. The sets kept during a build take one bit per base tile.
pub const MAX_BASE_TILES: u64 = 1 << 32;

/// A validated `pyramid.json`. Optional keys whose default depends on the tiles are `None` if absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PyramidSpec {
    /// `width` and `height` in pixels, `tile_size` and `overlap`.
    pub geometry: Geometry,
    /// `format`: the extension of the tiles; by default the one found in the lowest version.
    pub format: Option<TileFormat>,
    /// `quality`: the JPEG quality of generated tiles; [`Quality::DEFAULT`] if absent.
    ///
    /// Absent for a picture cut without loss: nobody asked for a quality.
    pub quality: Option<Quality>,
    /// `optimize`: the Huffman tables of generated JPEG tiles.
    pub huffman_tables: HuffmanTables,
    /// `filter`: how pixels are reduced.
    pub filter: Filter,
    /// `linear`: whether pixels are averaged in linear light.
    pub linear: bool,
    /// `tile_naming`: the names of base tiles; by default the order of column and row that fits those in the lowest
    /// version.
    pub tile_naming: Option<NamePattern>,
    /// `first_tile`: the number of the first column and row.
    pub first_tile: u32,
    /// `row_order`: which row has the first number.
    pub row_order: RowOrder,
    /// `picture`: the picture that the versions show, absolute or from the pyramid folder, if the pyramid was cut from a
    /// picture of a list. It decides nothing but which pictures are refused.
    pub picture: Option<PathBuf>,
    /// The key `base_tiles`. Absent: the kind that the sizes of the tiles fit. Without overlap it makes no difference.
    pub base_tiles: Option<BaseTiles>,
    /// The key `stale_overlap`, by default [`StaleOverlap::Refuse`].
    pub stale_overlap: StaleOverlap,
}

impl PyramidSpec {
    /// Parses and validates the text of a `pyramid.json`. A byte-order mark is ignored.
    ///
    /// # Errors
    /// The syntax is wrong, a key is unknown, duplicate or missing, or a value is not allowed.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let entries = Entries::parse(text)?;
        let side = |key| entries.required_number(key, 1, MAX_SIDE);
        let size = Size::new(side("width")?, side("height")?);
        let tile_size = entries.required_number("tile_size", 1, MAX_TILE_SIZE)?;
        let overlap = entries.required_number("overlap", 0, tile_size / 2)?;
        let format = entries.tile_format("format")?;
        let quality = entries.number("quality", 1, 100)?.and_then(|quality| Quality::new(quality as u8));
        let filter = entries.choice("filter", &Filter::NAMES)?.unwrap_or_default();
        let linear = entries.flag("linear")?.unwrap_or(false);
        check_linear(linear, filter)?;
        let spec = Self {
            geometry: geometry(size, tile_size, overlap)?,
            format,
            quality,
            huffman_tables: entries.flag("optimize")?.map(HuffmanTables::from).unwrap_or_default(),
            filter,
            linear,
            tile_naming: entries.name_pattern("tile_naming")?,
            first_tile: entries.number("first_tile", 0, MAX_SIDE)?.unwrap_or(0),
            row_order: entries.choice("row_order", &RowOrder::NAMES)?.unwrap_or_default(),
            picture: entries.picture("picture")?,
            base_tiles: entries.choice("base_tiles", &BASE_TILES)?,
            stale_overlap: entries.choice("stale_overlap", &StaleOverlap::NAMES)?.unwrap_or_default(),
        };
        spec.check_naming()?;
        Ok(spec)
    }

    /// The naming of tiles whose names have this pattern, unless the spec states one.
    #[must_use]
    pub fn naming(&self, pattern: NamePattern) -> TileNaming {
        let pattern = self.tile_naming.clone().unwrap_or(pattern);
        TileNaming { pattern, first: self.first_tile, row_order: self.row_order }
    }

    /// Numbers that run together need enough digits.
    fn check_naming(&self) -> Result<(), SpecError> {
        let (naming, grid) = (self.naming(NamePattern::column_row()), self.geometry.base_grid());
        if naming.fits(grid) {
            return Ok(());
        }
        let problem =
            format!("\"tile_naming\" has too few digits for {grid} tiles whose numbers begin with {}", naming.first);
        Err(SpecError::new(SpecProblem::Conflict(problem), "more digits, or a sign such as _ between the two numbers"))
    }
}

fn check_linear(linear: bool, filter: Filter) -> Result<(), SpecError> {
    if !linear || filter.averages() {
        return Ok(());
    }
    Err(SpecError::new(
        SpecProblem::Conflict("\"linear\" is true, but the \"filter\" does not average pixels".into()),
        "\"linear\" only with the filters \"mean\" and \"lanczos3\"",
    ))
}

fn geometry(size: Size, tile_size: u32, overlap: u32) -> Result<Geometry, SpecError> {
    let too_many = |tiles: u64| {
        SpecError::new(
            SpecProblem::Conflict(format!("{size} pixels in tiles of {tile_size} need {tiles} base tiles")),
            format!("at most {MAX_BASE_TILES} base tiles; use larger tiles"),
        )
    };
    match Geometry::new(size, tile_size, overlap) {
        Some(geometry) if geometry.base_grid().count() <= MAX_BASE_TILES => Ok(geometry),
        Some(geometry) => Err(too_many(geometry.base_grid().count())),
        None => Err(too_many(0)),
    }
}

#[cfg(test)]
mod tests;
