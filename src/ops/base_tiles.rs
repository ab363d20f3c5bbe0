//! Which kind of base tiles a pyramid with overlap has, from the sizes of its tiles.

use super::Pyramid;
use super::tile_headers::{TileHeaders, places};
use crate::format::Settings;
use crate::geometry::{BaseTiles, Tile};
use crate::store::{SourceVersions, Version};

/// The kind of base tiles that pyramid.json states, or that fits the tiles of the lowest version; `None` without overlap, or if
/// no tile tells: if all have both sizes, or neither. The first tile that does decides, and nearly always there is only one
/// header to read.
pub(super) fn detect(
    pyramid: &Pyramid,
    sources: &SourceVersions,
    lowest: Version,
    settings: &Settings,
) -> Option<BaseTiles> {
    let geometry = pyramid.spec.geometry;
    if geometry.overlap() == 0 || pyramid.spec.base_tiles.is_some() {
        return pyramid.spec.base_tiles;
    }
    let (grid, level) = (geometry.base_grid(), geometry.base_level());
    let folder = pyramid.layout.source(sources.place, lowest);
    let mut headers = TileHeaders::new(&folder, &settings.format);
    places(grid).into_iter().find_map(|(column, row)| {
        let tile = Tile { level, column, row };
        let (overlapping, plain) = (geometry.tile_rect(tile)?.size, geometry.core_rect(tile)?.size);
        let found = headers.size(&settings.tile_naming, grid, (column, row)).ok()?;
        match found {
            _ if overlapping == plain => None,
            found if found == overlapping => Some(BaseTiles::Overlapping),
            found if found == plain => Some(BaseTiles::Plain),
            _ => None,
        }
    })
}
