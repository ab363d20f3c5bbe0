//! The settings of a pyramid: those of pyramid.json, and what it leaves out from manifests or from the tiles.

use super::base_tiles;
use crate::format::{PyramidSpec, Settings, TileFormat};
use crate::geometry::BaseTiles;
use crate::ops::{Failure, Pyramid};
use crate::store::{ExpectedTiles, Manifest, SourceListing, SourceVersions, StoreError, Version};
use std::collections::BTreeMap;

/// Compares pyramid.json with the settings of the versions that stay. Keys that it leaves out are theirs.
pub(in crate::ops) fn check_settings(
    pyramid: &Pyramid,
    lowest: Version,
    kept: &BTreeMap<Version, &Manifest>,
) -> Result<(), Failure> {
    let spec = &pyramid.spec;
    for (&version, manifest) in kept {
        let format = spec.format.as_ref().unwrap_or(&manifest.settings.format).clone();
        let naming = spec.naming(manifest.settings.tile_naming.pattern.clone());
        let settings = Settings::new(spec, format, naming);
        let settings = settings.with_base_tiles_unless_stated(spec, manifest.settings.base_tiles);
        let changed = settings.differences(&manifest.settings);
        if !changed.is_empty() {
            let pyramid = pyramid.layout.root().to_owned();
            return Err(Failure::SettingsChanged { pyramid, version, lowest, changed });
        }
    }
    Ok(())
}

/// The settings of a pyramid with sources, as a build would find them: from the lowest version's manifest, or, if that is
/// not published, from the names of its tiles.
pub(in crate::ops) fn settings(pyramid: &Pyramid, sources: &SourceVersions) -> Result<Settings, Failure> {
    let (layout, spec) = (&pyramid.layout, &pyramid.spec);
    let lowest = sources.versions.first().copied().unwrap_or(Version(0));
    match Manifest::read(&layout.manifest(lowest)) {
        Ok(Some(Manifest { settings: known, .. })) => {
            let format = spec.format.clone().unwrap_or(known.format);
            let settings = Settings::new(spec, format, spec.naming(known.tile_naming.pattern));
            Ok(settings.with_base_tiles_unless_stated(spec, known.base_tiles))
        }
        _ => settings_without_manifest(pyramid, sources),
    }
}

/// The settings of a pyramid without manifests, as a build would find them.
pub(in crate::ops) fn settings_without_manifest(
    pyramid: &Pyramid,
    sources: &SourceVersions,
) -> Result<Settings, Failure> {
    let spec = &pyramid.spec;
    let lowest = sources.versions.first().copied().unwrap_or(Version(0));
    let folder = pyramid.layout.source(sources.place, lowest);
    let listing = SourceListing::read(&folder, &expected_tiles(spec, None)).map_err(StoreError::from)?;
    let settings = Settings::new(spec, listing.format.unwrap_or_else(TileFormat::jpg), listing.naming);
    Ok(of_tiles(pyramid, sources, settings, None))
}

/// The tiles that pyramid.json describes. What it leaves out is as `known`, if anything is.
pub(super) fn expected_tiles<'a>(spec: &'a PyramidSpec, known: Option<&'a Settings>) -> ExpectedTiles<'a> {
    ExpectedTiles {
        grid: spec.geometry.base_grid(),
        format: spec.format.as_ref().or(known.map(|settings| &settings.format)),
        pattern: spec.tile_naming.as_ref().or(known.map(|settings| &settings.tile_naming.pattern)),
        first: spec.first_tile,
        row_order: spec.row_order,
    }
}

/// The settings with the kind of base tiles: as stated, as in a manifest, or as the tiles of the lowest version are.
pub(super) fn of_tiles(
    pyramid: &Pyramid,
    sources: &SourceVersions,
    settings: Settings,
    known: Option<BaseTiles>,
) -> Settings {
    let found = known.or_else(|| base_tiles::detect(pyramid, sources, &settings));
    settings.with_base_tiles_unless_stated(&pyramid.spec, found)
}
