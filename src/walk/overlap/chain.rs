//! Rows of tiles on their way from a fine level to a coarser one.

use crate::geometry::{Geometry, Tile, TileBlock};
use crate::tile::{Parts, TileImage};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;

/// What a walk over levels does with tiles. Called from several threads.
pub trait Maker: Sync {
    /// Why it fails.
    type Error: Send;

    /// Looks at one of the user's tiles. Called once per tile with `is_own`, and perhaps again without, for tiles at the border
    /// of two stripes.
    ///
    /// # Errors
    /// The first failure ends the walk.
    fn source(&self, tile: Tile, is_own: bool) -> Result<Slot, Self::Error>;

    /// Whether nothing can become of the tiles in these columns of a row, so that they need not be looked at one by one.
    fn is_idle(&self, level: u8, row: u32, columns: Range<u32>) -> bool {
        let _ = (level, row, columns);
        false
    }

    /// What is known of a tile of a finished level.
    fn finished(&self, tile: Tile) -> Slot;

    /// What becomes of a tile, which has to be made if any of its inputs has changed. Called once per tile.
    ///
    /// # Errors
    /// The first failure ends the walk.
    fn decide(&self, tile: Tile, inputs_changed: bool) -> Result<Decision, Self::Error>;

    /// The image of a tile that was not kept. Without it, nothing is made of the tile.
    ///
    /// # Errors
    /// The first failure ends the walk.
    fn load(&self, tile: Tile, changed: bool) -> Result<Option<TileImage>, Self::Error>;

    /// Makes a tile.
    ///
    /// # Errors
    /// The first failure ends the walk.
    fn make(&self, tile: Tile, parts: &Parts<'_, TileImage>) -> Result<Slot, Self::Error>;

    /// Takes images that are no longer needed.
    fn recycle(&self, images: impl Iterator<Item = TileImage>);
}

/// What becomes of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It has to be made.
    Make,
    /// It differs from the previous version's, and is stored already.
    Changed,
    /// It is the previous version's.
    Unchanged,
}

/// What is known of a tile.
#[derive(Debug, Default)]
pub struct Slot {
    /// Whether the tile differs from the previous version's.
    pub changed: bool,
    /// The tile as stored, if it was needed so far.
    pub image: Option<TileImage>,
}

/// The rows of a level that wait until all tiles made from them are made.
#[derive(Debug)]
struct Window {
    level: u8,
    columns: Range<u32>,
    /// The number of the first row.
    first: u32,
    rows: VecDeque<Vec<Slot>>,
    /// The next row of tiles made from them.
    next_made: u32,
    /// The columns of tiles made from them.
    made: Range<u32>,
}

/// The levels from a fine one to a coarse one. Rows of the finest level are pushed, from top to bottom; each row of a coarser
/// level is made as soon as it misses nothing.
#[derive(Debug)]
pub(in crate::walk) struct Chain {
    geometry: Geometry,
    /// Finest level first. The coarsest level of the chain has none.
    windows: Vec<Window>,
}

impl Chain {
    /// A chain over all columns, from this level to level 0.
    pub(in crate::walk) fn new(geometry: &Geometry, finest: u8) -> Self {
        let window = |level: u8| {
            let columns = |level| 0..geometry.grid(level).columns;
            Window::new(level, columns(level), columns(level - 1))
        };
        Self { geometry: *geometry, windows: (1..=finest).rev().map(window).collect() }
    }

    /// A chain from this level to the next coarser one, of which these columns are made.
    pub(in crate::walk) fn stripe(geometry: &Geometry, level: u8, made: Range<u32>) -> Self {
        let columns = inputs_of(geometry, level - 1, made.clone(), 0..1).columns;
        Self { geometry: *geometry, windows: vec![Window::new(level, columns, made)] }
    }

    /// The columns of the finest level that the chain needs.
    pub(in crate::walk) fn columns(&self) -> Range<u32> {
        self.windows.first().map_or(0..1, |window| window.columns.clone())
    }

    /// Takes the next row of the finest level, with a slot for each of [`columns`](Self::columns), and makes what it completes.
    pub(in crate::walk) fn push<M: Maker>(&mut self, row: Vec<Slot>, maker: &M) -> Result<(), M::Error> {
        self.push_at(0, row, maker)
    }

    fn push_at<M: Maker>(&mut self, index: usize, row: Vec<Slot>, maker: &M) -> Result<(), M::Error> {
        let Some(window) = self.windows.get_mut(index) else {
            maker.recycle(row.into_iter().filter_map(|slot| slot.image));
            return Ok(());
        };
        window.rows.push_back(row);
        while let Some(row) = self.windows[index].completed_row(&self.geometry) {
            let made = self.windows[index].make_row(row, &self.geometry, maker)?;
            self.windows[index].forget(&self.geometry, maker);
            self.push_at(index + 1, made, maker)?;
        }
        Ok(())
    }
}

/// Tiles that are the previous version's.
pub(super) fn idle_row(count: usize) -> Vec<Slot> {
    std::iter::repeat_with(Slot::default).take(count).collect()
}

/// The tiles that a rectangle of tiles is made from.
fn inputs_of(geometry: &Geometry, level: u8, columns: Range<u32>, rows: Range<u32>) -> TileBlock {
    let inputs = |column, row| geometry.inputs(Tile { level, column, row });
    let first = inputs(columns.start, rows.start);
    let last = inputs(columns.end.saturating_sub(1), rows.end.saturating_sub(1));
    TileBlock {
        level: first.level,
        columns: first.columns.start..last.columns.end,
        rows: first.rows.start..last.rows.end,
    }
}

impl Window {
    fn new(level: u8, columns: Range<u32>, made: Range<u32>) -> Self {
        Self { level, columns, first: 0, rows: VecDeque::new(), next_made: 0, made }
    }

    /// The rows that a row of tiles is made from.
    fn input_rows(&self, geometry: &Geometry, row: u32) -> Range<u32> {
        geometry.inputs(Tile { level: self.level - 1, column: 0, row }).rows
    }

    /// The next row of tiles that misses nothing.
    fn completed_row(&self, geometry: &Geometry) -> Option<u32> {
        let row = self.next_made;
        let exists = row < geometry.grid(self.level - 1).rows;
        let pushed = self.first + self.rows.len() as u32;
        (exists && self.input_rows(geometry, row).end <= pushed).then_some(row)
    }

    /// Makes a row of tiles.
    fn make_row<M: Maker>(&mut self, row: u32, geometry: &Geometry, maker: &M) -> Result<Vec<Slot>, M::Error> {
        self.next_made = row + 1;
        let level = self.level - 1;
        if maker.is_idle(level, row, self.made.clone()) {
            return Ok(idle_row(self.made.len()));
        }
        let tiles: Vec<Tile> = self.made.clone().map(|column| Tile { level, column, row }).collect();
        let decide = |&tile: &Tile| {
            let changed = geometry.inputs(tile).iter().any(|input| self.slot(input).is_some_and(|slot| slot.changed));
            maker.decide(tile, changed)
        };
        let decisions: Vec<Decision> = tiles.par_iter().with_max_len(4).map(decide).collect::<Result<_, _>>()?;
        let to_make = |tile: Tile| decisions[(tile.column - self.made.start) as usize] == Decision::Make;
        self.load_inputs(&tiles.iter().copied().filter(|&tile| to_make(tile)).collect::<Vec<_>>(), geometry, maker)?;
        let window = &*self;
        let make = |(&tile, decision): (&Tile, Decision)| match decision {
            Decision::Make => window.make(tile, geometry, maker),
            decision => Ok(Slot { changed: decision == Decision::Changed, image: None }),
        };
        tiles.par_iter().zip(decisions).with_max_len(1).map(make).collect()
    }

    /// Loads the images that these tiles are made from, as far as they are not there.
    fn load_inputs<M: Maker>(&mut self, tiles: &[Tile], geometry: &Geometry, maker: &M) -> Result<(), M::Error> {
        let mut missing = Vec::new();
        for &tile in tiles {
            for input in geometry.inputs(tile).iter() {
                if self.slot(input).is_some_and(|slot| slot.image.is_none()) {
                    missing.push(input);
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let load = |&tile: &Tile| maker.load(tile, self.slot(tile).is_some_and(|slot| slot.changed));
        let images: Vec<Option<TileImage>> = missing.par_iter().with_max_len(1).map(load).collect::<Result<_, _>>()?;
        for (tile, image) in missing.into_iter().zip(images) {
            if let Some(slot) = self.slot_mut(tile) {
                slot.image = image;
            }
        }
        Ok(())
    }

    fn make<M: Maker>(&self, tile: Tile, geometry: &Geometry, maker: &M) -> Result<Slot, M::Error> {
        let image = |input| self.slot(input)?.image.as_ref();
        let parts = geometry.mosaic(tile).and_then(|mosaic| Parts::of_mosaic(&mosaic, image));
        // Without the image of an input there are none.
        parts.map_or_else(|| Ok(Slot::default()), |parts| maker.make(tile, &parts))
    }

    /// Forgets the rows that no other tile is made from.
    fn forget<M: Maker>(&mut self, geometry: &Geometry, maker: &M) {
        let needed = if self.next_made < geometry.grid(self.level - 1).rows {
            self.input_rows(geometry, self.next_made).start
        } else {
            self.first + self.rows.len() as u32
        };
        while self.first < needed {
            let Some(row) = self.rows.pop_front() else { break };
            maker.recycle(row.into_iter().filter_map(|slot| slot.image));
            self.first += 1;
        }
    }

    fn place(&self, tile: Tile) -> Option<(usize, usize)> {
        let row = tile.row.checked_sub(self.first)?;
        let column = tile.column.checked_sub(self.columns.start)?;
        Some((row as usize, column as usize))
    }

    fn slot(&self, tile: Tile) -> Option<&Slot> {
        let (row, column) = self.place(tile)?;
        self.rows.get(row)?.get(column)
    }

    fn slot_mut(&mut self, tile: Tile) -> Option<&mut Slot> {
        let (row, column) = self.place(tile)?;
        self.rows.get_mut(row)?.get_mut(column)
    }
}
