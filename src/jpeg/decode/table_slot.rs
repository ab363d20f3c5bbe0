//! Huffman tables that are kept from image to image.

use super::huffman::DecodeTable;
use super::pairs::Pairs;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::tables::{HuffmanClass, HuffmanSpec};

/// A table with its definition: tiles with standard tables all define the same.
pub(super) struct TableSlot {
    /// The table, if `defined`.
    pub(super) table: DecodeTable,
    /// Its pairs, after [`Self::prepare_pairs`].
    pub(super) pairs: Pairs,
    pairs_made: bool,
    spec: HuffmanSpec,
    /// Whether the current image has defined it.
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

    /// Defines the table, and builds it only if the definition changed.
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

    /// Builds the pairs if necessary.
    pub(super) fn prepare_pairs(&mut self) {
        if !self.pairs_made {
            self.pairs.build(&self.table);
            self.pairs_made = true;
        }
    }
}
