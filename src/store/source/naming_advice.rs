//! What to write into pyramid.json so that a folder whose tiles seem misnamed is read as it is.

use super::listing::{ExpectedTiles, SourceListing};
use super::name_shape::NameShape;
use crate::format::{NamePattern, RowOrder, TileFormat};
use crate::store::error::IoError;
use std::path::Path;

/// What the names of all tiles in a folder say about why they were not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamingAdvice {
    /// With these settings, every tile is found.
    Settings(NamingProposal),
    /// With this `row_order`, every tile has the right size.
    RowOrder(RowOrder),
    /// The names have fewer than two numbers.
    TooFewNumbers,
    /// The names have more than two numbers that vary.
    TooManyNumbers {
        /// How many.
        varying: usize,
    },
    /// The two numbers proceed in steps, like pixels.
    Steps {
        /// The steps, in the order of the name.
        steps: [u32; 2],
    },
    /// The two numbers begin with different values.
    DifferentStarts {
        /// The lowest values, in the order of the name.
        lowest: [u32; 2],
    },
}

/// Keys of pyramid.json with which every tile of a folder is found. Where `None`, the key is right as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamingProposal {
    /// `tile_naming`.
    pub pattern: Option<NamePattern>,
    /// `first_tile`.
    pub first: Option<u32>,
    /// `format`.
    pub format: Option<TileFormat>,
    /// How many tiles are found.
    pub tiles: u64,
}

impl NamingAdvice {
    /// Advice about a folder whose `listing` has faults, if its names give any.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn find(folder: &Path, expected: &ExpectedTiles<'_>, listing: &SourceListing) -> Result<Option<Self>, IoError> {
        let Ok(shape) = NameShape::read(folder)? else { return Ok(None) };
        if let Some(proposal) = NamingProposal::find(folder, expected, &shape)? {
            return Ok(Some(Self::Settings(proposal)));
        }
        // Where some names are right, it is the others that are wrong.
        Ok(if listing.tiles.is_empty() { Self::about(&shape) } else { None })
    }

    /// Why the names fill no grid, if their numbers show it.
    #[must_use]
    pub fn about(shape: &NameShape) -> Option<Self> {
        match (shape.varying(), shape.steps().as_slice(), shape.lowest().as_slice()) {
            (varying @ 3.., _, _) => Some(Self::TooManyNumbers { varying }),
            (2, &[first, second], _) if first.min(second) > 1 => Some(Self::Steps { steps: [first, second] }),
            (2, _, &[first, second]) if first != second => Some(Self::DifferentStarts { lowest: [first, second] }),
            (0 | 1, _, _) if shape.numbers() < 2 => Some(Self::TooFewNumbers),
            _ => None,
        }
    }
}

impl NamingProposal {
    /// Tries all readings of the names on the folder itself.
    fn find(folder: &Path, expected: &ExpectedTiles<'_>, shape: &NameShape) -> Result<Option<Self>, IoError> {
        if shape.count != expected.grid.count() {
            return Ok(None);
        }
        for arrangement in shape.arrangements() {
            let naming = &arrangement.naming;
            let tried = ExpectedTiles {
                format: Some(&shape.format),
                pattern: Some(&naming.pattern),
                first: naming.first,
                ..*expected
            };
            if arrangement.grid != expected.grid || SourceListing::read(folder, &tried)?.tiles.count() != shape.count {
                continue;
            }
            let stated = expected.pattern.cloned().unwrap_or_else(NamePattern::column_row);
            let proposal = Self {
                pattern: (naming.pattern != stated).then(|| naming.pattern.clone()),
                first: (naming.first != expected.first).then_some(naming.first),
                format: expected.format.filter(|format| **format != shape.format).map(|_| shape.format.clone()),
                tiles: shape.count,
            };
            // The names may be right, and something else wrong.
            let changes_nothing = Self { tiles: shape.count, ..Self::default() };
            return Ok(Some(proposal).filter(|proposal| *proposal != changes_nothing));
        }
        Ok(None)
    }
}
