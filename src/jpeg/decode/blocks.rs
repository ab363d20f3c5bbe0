//! The order of blocks in a scan (ITU T.81 A.2), and decoding them in this order.

use super::bits::BitReader;
use super::huffman::DecodeTable;
use super::scan::Scan;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::image::{Block, BlockImage, BlockKind, McuLayout};

/// Decodes the blocks of one kind of scan.
pub(super) trait BlockDecoder {
    /// The type of decoded blocks.
    type Block;
    /// Called at the start of each restart interval.
    fn restart(&mut self);
    /// Decodes the next block, of component `place` of the scan.
    fn block(&mut self, reader: &mut BitReader<'_>, place: usize, block: &mut Self::Block)
    -> Result<(), JpegErrorKind>;
    /// Called at the end of each restart interval.
    fn finish(&self) -> Result<(), JpegErrorKind> {
        Ok(())
    }
}
/// The DC tables of a scan's components.
pub(super) type DcTables<'a> = [&'a DecodeTable; 3];

/// Limit of blocks per MCU (B.2.3). A component alone in its scan has one.
const MAX_BLOCKS: usize = 10;

/// One block of an MCU.
#[derive(Clone, Copy, Default)]
struct McuBlock {
    /// The block's component: its place in the scan.
    place: usize,
    /// Index in the component of the first MCU's block.
    first: usize,
    /// Distance of that index to the next MCU in the row, and to the next row of MCUs.
    steps: (usize, usize),
}

/// The order of a scan's blocks.
pub(super) struct BlockOrder {
    /// MCUs per row, and rows of MCUs.
    pub(super) mcus: (usize, usize),
    blocks: [McuBlock; MAX_BLOCKS],
    count: usize,
}

impl BlockOrder {
    /// The order of `scan` in `image`, which has the components of the frame.
    pub(super) fn of<B: BlockKind>(scan: &Scan, image: &BlockImage<B>) -> Self {
        // A folded image may have more blocks than there are in the scan.
        let layout = McuLayout::of::<Block>((image.width, image.height), image.factors());
        let alone = scan.components().len() == 1;
        let mut geometry = Self { mcus: layout.mcus, blocks: [McuBlock::default(); MAX_BLOCKS], count: 0 };
        for (place, scanned) in scan.components().iter().enumerate() {
            let component = &image.components[scanned.index];
            let (mut wide, mut high) = (usize::from(component.horizontal), usize::from(component.vertical));
            if alone {
                (geometry.mcus, wide, high) = (layout.own_blocks(component.factors()), 1, 1);
            }
            let steps = (wide, high * component.blocks_wide);
            for (y, x) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
                geometry.blocks[geometry.count] = McuBlock { place, first: y * component.blocks_wide + x, steps };
                geometry.count += 1;
            }
        }
        geometry
    }

    /// The blocks of the MCU in this row and column.
    fn mcu(&self, row: usize, column: usize) -> [McuBlock; MAX_BLOCKS] {
        let mut blocks = self.blocks;
        for block in &mut blocks {
            block.first += row * block.steps.1 + column * block.steps.0;
        }
        blocks
    }
}

/// The blocks of each component of the scan.
pub(super) fn scanned_coefficients<'a, B>(scan: &Scan, image: &'a mut BlockImage<B>) -> [&'a mut [B]; 3] {
    let mut scanned: [&mut [B]; 3] = Default::default();
    let mut places = scan.components().iter().zip(&mut scanned).peekable();
    for (index, component) in image.components.iter_mut().enumerate() {
        if let Some((_, to)) = places.next_if(|(described, _)| described.index == index) {
            *to = &mut component.coefficients;
        }
    }
    scanned
}

/// Decodes `count` MCUs of a row, starting at this row and column.
#[inline(always)]
pub(super) fn decode_in_row<D: BlockDecoder>(
    decoder: &mut D,
    reader: &mut BitReader<'_>,
    (row, column): (usize, usize),
    count: usize,
    geometry: &BlockOrder,
    coefficients: &mut [&mut [D::Block]; 3],
) -> Result<(), JpegErrorKind> {
    let mut blocks = geometry.mcu(row, column);
    let blocks = &mut blocks[..geometry.count];
    for _ in 0..count {
        for next in &mut *blocks {
            let block = &mut coefficients[next.place][next.first];
            next.first += next.steps.0;
            decoder.block(reader, next.place, block)?;
            if reader.overrun() {
                return Err(JpegErrorKind::Truncated);
            }
        }
    }
    Ok(())
}
