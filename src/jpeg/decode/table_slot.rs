//! Huffman tables that are kept from image to image.

use super::huffman::DecodeTable;
use super::pairs::Pairs;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::tables::{HuffmanClass, HuffmanSpec};

/// A table that remembers what it was made from: with standard tables every tile brings the same.
pub(super) struct TableSlot {
    /// The table, if `defined`.
    pub(super) table: DecodeTable,
    /// The same for two symbols at a time, after [`Self::prepare_pairs`].
    pub(super) pairs: Pairs,
    pairs_made: bool,
    spec: HuffmanSpec,
    /// Whether the present image has defined it.
    pub(super) defined: bool,
}

impl TableSlot {
    /// A slot without a table.
    pub(super) fn new(class: HuffmanClass) -> Self {
        Self {
            table: DecodeTable::empty(class),
            pairs: Pairs::empty(),
            pairs_made: false,
            spec: HuffmanSpec::EMPTY,
            defined: false,
        }
    }

    /// Defines the table, building it only if it is another one than before.
    pub(super) fn define(&mut self, spec: &HuffmanSpec) -> Result<(), JpegErrorKind> {
        self.defined = false;
        if self.spec != *spec || spec.total() == 0 {
            self.spec = HuffmanSpec::EMPTY;
            self.pairs_made = false;
            self.table.build(spec)?;
            self.spec = *spec;
        }
        self.defined = true;
        Ok(())
    }

    /// Makes the pairs, if they are not made.
    pub(super) fn prepare_pairs(&mut self) {
        if !self.pairs_made {
            self.pairs.build(&self.table);
            self.pairs_made = true;
        }
    }
}
