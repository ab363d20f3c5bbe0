//! Which kind of base tiles a pyramid with overlap has, from the sizes of its tiles.

use crate::format::Settings;
use crate::geometry::{BaseTiles, Tile};
use crate::ops::Pyramid;
use crate::ops::tile_headers::{TileHeaders, places};
use crate::store::{SourceVersions, Version};

/// The kind of base tiles that fits the lowest version.
///
/// `None` if pyramid.json states the kind, without overlap, and if each tile has both sizes, or neither. The first tile that has
/// only one of them decides, so that there is nearly always one header to read.
pub(super) fn detect(pyramid: &Pyramid, sources: &SourceVersions, settings: &Settings) -> Option<BaseTiles> {
    let geometry = pyramid.spec.geometry;
    if geometry.overlap() == 0 || pyramid.spec.base_tiles.is_some() {
        return None;
    }
    let lowest = sources.versions.first().copied().unwrap_or(Version(0));
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
