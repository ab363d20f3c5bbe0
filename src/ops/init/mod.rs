//! `init`: writes pyramid.json from the tiles themselves: their names, and the sizes in their headers.

mod error;
mod report;
mod sizes;

pub use error::InitError;
pub use report::{InitOptions, InitReport};

use super::tile_headers::{TileHeaders, places};
use super::{Error, Failure};
use crate::format::{PyramidSpec, RowOrder, TileNaming};
use crate::geometry::{Geometry, Grid, Size, Tile};
use crate::store::{self, Arrangement, Layout, NameShape, NamingAdvice, SourceVersions, StoreError, Version};
use crate::text::{FaultKind, Faults};
use report::Doubts;
use sizes::Lengths;
use std::path::{Path, PathBuf};

/// Writes the pyramid.json of a folder whose lowest version has all its base tiles. An existing one is never changed.
///
/// The names of the tiles give their pattern and the grid, the sizes in their headers everything else.
///
/// # Errors
/// There is a pyramid.json, names or sizes do not agree on one grid, or a file cannot be read or written.
pub fn init(folder: impl Into<PathBuf>, options: &InitOptions) -> Result<InitReport, Error> {
    Ok(run(Layout::new(folder), options)?)
}

fn run(layout: Layout, options: &InitOptions) -> Result<InitReport, Failure> {
    if !layout.root().is_dir() {
        let path = layout.root().to_owned();
        return Err(Failure::NotAFolder { exists: path.symlink_metadata().is_ok(), path });
    }
    let path = layout.spec_file();
    if path.symlink_metadata().is_ok() {
        return Err(InitError::Exists { path }.into());
    }
    let sources = SourceVersions::find(&layout)?;
    let folder = layout.source(sources.place, sources.versions.first().copied().unwrap_or(Version(0)));
    let shape = NameShape::read(&folder).map_err(StoreError::from)?;
    let shape = shape.map_err(|fault| InitError::Names { folder: folder.clone(), fault })?;
    let arrangements = shape.arrangements();
    if arrangements.is_empty() {
        let (numbers, varying) = (shape.numbers(), shape.varying());
        let advice = NamingAdvice::about(&shape);
        return Err(InitError::NoGrid { folder, tiles: shape.count, numbers, varying, advice }.into());
    }
    let mut readings = Readings { folder: &folder, headers: TileHeaders::new(&folder, &shape.format) };
    let (found, geometry, doubts) = readings.best(&arrangements)?;
    let report = InitReport::new(&geometry, &shape.format, &found, doubts, !options.dry_run);
    let text = report.spec_text();
    PyramidSpec::parse(&text).map_err(|error| Failure::Spec { path, error })?;
    if !options.dry_run {
        store::write_spec(&layout, &text)?;
    }
    Ok(report)
}

/// A reading of the names that agrees with the sizes.
struct Reading {
    naming: TileNaming,
    geometry: Geometry,
    contradictions: usize,
}

/// The readings of the names, compared with the sizes of the tiles.
struct Readings<'a> {
    folder: &'a Path,
    headers: TileHeaders<'a>,
}

impl Readings<'_> {
    /// The most likely reading that agrees with the sizes, and what they leave open.
    fn best(&mut self, arrangements: &[Arrangement]) -> Result<(TileNaming, Geometry, Doubts), Failure> {
        let (mut readings, mut wrong): (Vec<Reading>, Option<Faults>) = (Vec::new(), None);
        // Rows are counted from the top unless sizes contradict it.
        for row_order in [RowOrder::TopDown, RowOrder::BottomUp] {
            for Arrangement { naming, grid, contradictions } in arrangements {
                let naming = TileNaming { row_order, ..naming.clone() };
                match self.geometry(&naming, *grid)? {
                    Ok(geometry) => readings.push(Reading { naming, geometry, contradictions: *contradictions }),
                    Err(faults) if wrong.as_ref().is_none_or(|known| faults.count() < known.count()) => {
                        wrong = Some(faults);
                    }
                    Err(_) => {}
                }
            }
            if !readings.is_empty() {
                break;
            }
        }
        let folder = self.folder.to_owned();
        let mut readings = readings.into_iter();
        let Some(Reading { naming, geometry, contradictions }) = readings.next() else {
            return Err(InitError::Sizes { folder, faults: wrong.unwrap_or_default() }.into());
        };
        let grid = geometry.base_grid();
        let exchanged = grid.count() > 1 && readings.any(|other| other.contradictions == contradictions);
        let flipped = TileNaming { row_order: RowOrder::BottomUp, ..naming.clone() };
        let rows = grid.rows > 1 && naming != flipped && self.geometry(&flipped, grid)?.is_ok();
        Ok((naming, geometry, Doubts { exchanged, rows }))
    }

    /// The pyramid whose tiles have the sizes found, or the tiles whose sizes contradict the others.
    fn geometry(&mut self, naming: &TileNaming, grid: Grid) -> Result<Result<Geometry, Faults>, Failure> {
        let mut size = |column, row| self.size(naming, grid, column, row);
        let (last_column, last_row) = (grid.columns - 1, grid.rows - 1);
        let (first, last) = (size(0, 0)?, size(last_column, last_row)?);
        let inner = size(1.min(last_column), 1.min(last_row))?;
        let across = Lengths { count: grid.columns, first: first.width, inner: inner.width, last: last.width };
        let down = Lengths { count: grid.rows, first: first.height, inner: inner.height, last: last.height };
        let geometry = sizes::geometry(across, down);
        let mut faults = Faults::default();
        for (column, row) in places(grid) {
            let found = self.size(naming, grid, column, row)?;
            let expected = match &geometry {
                Some(geometry) => geometry.tile_dimensions(Tile { level: geometry.base_level(), column, row }),
                None => first,
            };
            if found != expected {
                let order = u64::from(row) << 32 | u64::from(column);
                let name = self.headers.name(naming, grid, (column, row));
                faults.add(FaultKind::WrongSize, order, name, format!("{found} pixels, expected {expected}"));
            }
        }
        Ok(match geometry {
            Some(geometry) if faults.is_empty() && geometry.base_grid() == grid => Ok(geometry),
            _ => Err(faults),
        })
    }

    fn size(&mut self, naming: &TileNaming, grid: Grid, column: u32, row: u32) -> Result<Size, Failure> {
        let size = self.headers.size(naming, grid, (column, row));
        Ok(size.map_err(|(path, error)| InitError::Header { path, error })?)
    }
}
