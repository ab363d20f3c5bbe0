//! Consumers of a scan's symbols: they count, write, or fold them for the parent.

use super::bit_writer::{AcEncodeTable, BitWriter, EncodeTable};
use super::symbols::{CodePair, SymbolSink, ac_symbol};
use crate::jpeg::fold::{FoldTable, FoldedBlock, FoldedImage};
use crate::jpeg::image::BlockKind;
use crate::jpeg::part::ImagePart;

/// Counts each symbol.
pub(super) struct SymbolCounter {
    pub(super) counts: [CodePair<[u32; 256]>; 2],
    pub(super) pair: usize,
}

impl SymbolSink for SymbolCounter {
    fn begin_block(&mut self, _: usize, pair: usize, _: usize, _: i16) {
        self.pair = pair;
    }

    fn dc(&mut self, size: u32, _: u32) {
        self.counts[self.pair].dc[size as usize & 255] += 1;
    }

    fn ac(&mut self, run: u32, _: u32, value: i32) -> bool {
        let symbol = ac_symbol(run, value);
        symbol.iter().for_each(|&(symbol, ..)| self.zeros(symbol));
        symbol.is_some()
    }

    fn zeros(&mut self, symbol: u8) {
        self.counts[self.pair].ac[usize::from(symbol)] += 1;
    }

    fn end_block(&mut self) {}
}

/// Folds the coefficients that are written.
pub(super) struct SymbolFolder<'a> {
    tables: [FoldTable; 3],
    folded: &'a mut FoldedImage,
    /// Per component: blocks in a row of the part, and in one of the folded image.
    strides: [(usize, usize); 3],
    /// The current block: its component, and its index there.
    component: usize,
    index: usize,
    block: FoldedBlock,
}

impl<'a> SymbolFolder<'a> {
    pub(super) fn new(part: ImagePart<'_>, folded: &'a mut FoldedImage) -> Self {
        folded.assume_shape_of(part.image, part.size());
        folded.clear_padding();
        let mut strides = [(1, 1); 3];
        for ((to, one), folded) in strides.iter_mut().zip(&part.image.components).zip(&folded.components) {
            *to = (part.layout().padded_blocks(one.factors()).0.max(1), folded.blocks_wide);
        }
        let mut tables = [FoldTable::new(&[1; 64]); 3];
        tables.iter_mut().zip(&part.image.components).for_each(|(to, one)| *to = FoldTable::new(&one.quantisation));
        Self { tables, folded, strides, component: 0, index: 0, block: FoldedBlock::UNSET }
    }
}

impl SymbolSink for SymbolFolder<'_> {
    #[inline(always)]
    fn begin_block(&mut self, component: usize, _: usize, index: usize, dc: i16) {
        let (own, padded) = self.strides[component];
        let index = if own == padded { index } else { index / own * padded + index % own };
        (self.component, self.index) = (component, index);
        self.block = self.tables[component].begin(dc);
    }

    #[inline(always)]
    fn dc(&mut self, _: u32, _: u32) {}

    #[inline(always)]
    fn ac(&mut self, _: u32, position: u32, value: i32) -> bool {
        self.tables[self.component].add(&mut self.block, position as usize, value);
        true
    }

    #[inline(always)]
    fn zeros(&mut self, _: u8) {}

    #[inline(always)]
    fn end_block(&mut self) {
        self.folded.components[self.component].coefficients[self.index] = self.block;
    }
}

/// Passes everything to one sink, and then to another what the first has accepted.
pub(super) struct Tee<A, B>(pub(super) A, pub(super) B);

impl<A: SymbolSink, B: SymbolSink> SymbolSink for Tee<A, B> {
    #[inline(always)]
    fn begin_block(&mut self, component: usize, pair: usize, index: usize, dc: i16) {
        self.0.begin_block(component, pair, index, dc);
        self.1.begin_block(component, pair, index, dc);
    }

    #[inline(always)]
    fn dc(&mut self, size: u32, extra: u32) {
        self.0.dc(size, extra);
        self.1.dc(size, extra);
    }

    #[inline(always)]
    fn ac(&mut self, run: u32, position: u32, value: i32) -> bool {
        self.0.ac(run, position, value) && self.1.ac(run, position, value)
    }

    #[inline(always)]
    fn zeros(&mut self, symbol: u8) {
        self.0.zeros(symbol);
        self.1.zeros(symbol);
    }

    #[inline(always)]
    fn end_block(&mut self) {
        self.0.end_block();
        self.1.end_block();
    }
}

/// Writes the symbols' codes.
pub(super) struct SymbolWriter<'a> {
    pub(super) tables: &'a [CodePair<EncodeTable, AcEncodeTable>; 2],
    /// The tables of the current block.
    pub(super) table: &'a CodePair<EncodeTable, AcEncodeTable>,
    pub(super) writer: BitWriter<'a>,
}

impl SymbolSink for SymbolWriter<'_> {
    #[inline(always)]
    fn begin_block(&mut self, _: usize, pair: usize, _: usize, _: i16) {
        self.table = &self.tables[pair];
        self.writer.make_room();
    }

    #[inline(always)]
    fn dc(&mut self, size: u32, extra: u32) {
        self.writer.symbol(&self.table.dc, size as u8, size, extra);
    }

    #[inline(always)]
    fn ac(&mut self, run: u32, _: u32, value: i32) -> bool {
        if let Some((bits, count)) = self.table.ac.short(run, value) {
            self.writer.bits(bits, count);
            return true;
        }
        let Some((symbol, size, extra)) = ac_symbol(run, value) else {
            return false;
        };
        self.writer.symbol(&self.table.ac.symbols, symbol, size, extra);
        true
    }

    #[inline(always)]
    fn zeros(&mut self, symbol: u8) {
        self.writer.symbol(&self.table.ac.symbols, symbol, 0, 0);
    }

    #[inline(always)]
    fn end_block(&mut self) {}
}
