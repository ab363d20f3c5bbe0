//! How the base tiles of a picture are encoded: by the quality in pyramid.json, or else like the latest tiles.

use crate::geometry::Geometry;
use crate::ops::Failure;
use crate::raster::{ProfileMeaning, profile_meaning, show_same_colours};
use crate::store::LatestSources;
use crate::tile::{BaseStyle, Codec, JpegEncoding, StoredEncoding, stored_style};
use std::sync::Arc;

/// The most tiles that are examined for what most of the latest tiles have in common.
const MAX_EXAMINED_TILES: u64 = 16;

/// What most of the latest tiles have in common. Tiles of the whole grid are examined, always the same ones, so the sources
/// alone decide.
#[derive(Debug, Default)]
pub(super) struct LatestStyle {
    /// How they are encoded; of colour tiles, if there are any.
    encoding: Option<StoredEncoding>,
    icc: Option<Arc<[u8]>>,
}

impl LatestStyle {
    /// Examines the latest tiles.
    pub(super) fn find(latest: &LatestSources, geometry: &Geometry) -> Result<Self, Failure> {
        let (grid, mut bytes) = (geometry.base_grid(), Vec::new());
        let examined = grid.count().min(MAX_EXAMINED_TILES);
        let (mut colours, mut others, mut profiles) = (Vec::new(), Vec::new(), Vec::new());
        for place in 0..examined {
            let index = place * (grid.count() - 1) / (examined - 1).max(1);
            let (row, column) = (index / u64::from(grid.columns), index % u64::from(grid.columns));
            if latest.read(column as u32, row as u32, &mut bytes)?.is_none() {
                continue;
            }
            // A damaged tile is reported when it is built.
            if let Some((encoding, icc)) = stored_style(&bytes) {
                if matches!(encoding, StoredEncoding::Colour(_)) { &mut colours } else { &mut others }.push(encoding);
                profiles.push(icc);
            }
        }
        let encoding = most_frequent(&colours).or_else(|| most_frequent(&others));
        Ok(Self { encoding, icc: most_frequent(&profiles).flatten() })
    }

    /// The luma steps, of JPEG tiles.
    pub(super) fn luma(&self) -> Option<[u16; 64]> {
        match self.encoding? {
            StoredEncoding::Lossless => None,
            StoredEncoding::Colour(encoding) => Some(*encoding.luma()),
            StoredEncoding::Grey(luma) => Some(luma),
        }
    }

    /// Whether tiles with this profile look like the latest.
    pub(super) fn shows_same_colours(&self, icc: Option<&Arc<[u8]>>) -> bool {
        show_same_colours(self.icc.as_deref(), icc.map(|icc| &**icc))
    }

    fn encoding(&self, codec: &Codec) -> Option<JpegEncoding> {
        match self.encoding? {
            StoredEncoding::Lossless => None,
            StoredEncoding::Colour(encoding) => Some(encoding),
            StoredEncoding::Grey(luma) => Some(codec.encoding_for_grey(&luma)),
        }
    }
}

/// The first of the most frequent items.
fn most_frequent<T: PartialEq + Clone>(items: &[T]) -> Option<T> {
    let count = |item: &T| items.iter().filter(|other| *other == item).count();
    // Of equal maxima, `max_by_key` takes the last.
    items.iter().rev().max_by_key(|item| count(item)).cloned()
}

/// Which quality base tiles have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QualityFrom {
    /// That of the settings: pyramid.json or an option states it.
    Settings,
    /// That of the latest tiles: nobody has asked for one.
    LatestTiles,
}

/// The style of the base tiles of a picture with this profile.
pub(super) fn base_style(
    codec: &Codec,
    quality: QualityFrom,
    latest: Option<&LatestStyle>,
    icc: Option<&Arc<[u8]>>,
) -> BaseStyle {
    let latest_encoding = latest.filter(|_| quality == QualityFrom::LatestTiles).and_then(|it| it.encoding(codec));
    BaseStyle { encoding: latest_encoding.unwrap_or_else(|| codec.encoding()), icc: tile_profile(latest, icc) }
}

/// The profile of the tiles. An sRGB profile is left out, because it changes nothing, and takes a third of a small tile. All
/// tiles of a pyramid have the same profile, so tiles like those with an sRGB profile get it, too.
fn tile_profile(latest: Option<&LatestStyle>, icc: Option<&Arc<[u8]>>) -> Option<Arc<[u8]>> {
    if let Some(latest) = latest.filter(|latest| latest.shows_same_colours(icc)) {
        return latest.icc.clone();
    }
    icc.filter(|icc| profile_meaning(icc) != ProfileMeaning::Srgb).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_frequent_item_is_the_first_of_several() {
        assert_eq!(most_frequent(&[3, 1, 1, 2, 2]), Some(1));
        assert_eq!(most_frequent(&[2, 1]), Some(2));
        assert_eq!(most_frequent::<u8>(&[]), None);
    }
}
