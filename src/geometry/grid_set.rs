//! A set of tiles of one level, one bit each: a list would cost tens of bytes for each of a million.

use super::Grid;

/// A set of places in a [`Grid`], one bit each, ordered row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridSet {
    grid: Grid,
    words: Vec<u64>,
    count: u64,
}

impl GridSet {
    /// The empty set.
    ///
    /// The system zeroes its memory (one bit per tile) lazily, so an empty set of a large grid is cheap.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        let words = grid.count().div_ceil(64) as usize;
        Self { grid, words: vec![0; words], count: 0 }
    }

    /// The set of all tiles of the grid.
    #[must_use]
    pub fn full(grid: Grid) -> Self {
        let mut set = Self::new(grid);
        set.words.fill(u64::MAX);
        let used = grid.count() % 64;
        if let (Some(last), true) = (set.words.last_mut(), used != 0) {
            *last = (1 << used) - 1;
        }
        set.count = grid.count();
        set
    }

    /// The grid of the set.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Number of tiles in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn index(&self, column: u32, row: u32) -> Option<(usize, u64)> {
        if !self.grid.contains(column, row) {
            return None;
        }
        let index = u64::from(row) * u64::from(self.grid.columns) + u64::from(column);
        Some(((index / 64) as usize, 1 << (index % 64)))
    }

    /// Adds a tile and returns whether it was new. Places outside the grid are ignored.
    pub fn insert(&mut self, column: u32, row: u32) -> bool {
        let Some((word, bit)) = self.index(column, row) else { return false };
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u64::from(new);
        new
    }

    /// Whether the tile is in the set.
    #[must_use]
    pub fn contains(&self, column: u32, row: u32) -> bool {
        self.index(column, row).is_some_and(|(word, bit)| self.words[word] & bit != 0)
    }

    /// The tiles in the set as (column, row), row by row.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.positions(|word| word)
    }

    /// The tiles of the grid that are not in the set, row by row.
    pub fn missing(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let count = self.grid.count();
        let columns = u64::from(self.grid.columns);
        self.positions(|word| !word)
            .take_while(move |&(column, row)| u64::from(row) * columns + u64::from(column) < count)
    }

    fn positions(&self, bits: fn(u64) -> u64) -> impl Iterator<Item = (u32, u32)> + '_ {
        let columns = u64::from(self.grid.columns);
        self.words.iter().enumerate().flat_map(move |(word, &value)| {
            let mut rest = bits(value);
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let index = word as u64 * 64 + u64::from(rest.trailing_zeros());
                rest &= rest - 1;
                Some(((index % columns) as u32, (index / columns) as u32))
            })
        })
    }
}
