//! Coefficients to the symbols of a baseline scan (ITU T.81 F.1.2).

use crate::jpeg::encode_error::EncodeError;
use crate::jpeg::image::Block;
use crate::jpeg::part::ImagePart;
use crate::jpeg::tables::NATURAL_ORDER;

/// Maximum categories of DC differences and AC coefficients in baseline (F.1.2.1.1, F.1.2.2.1).
const MAX_DC_SIZE: u32 = 11;
const MAX_AC_SIZE: u32 = 10;

/// What components that share their tables have for DC and for AC coefficients.
#[derive(Clone, Copy)]
pub(super) struct CodePair<D, A = D> {
    pub(super) dc: D,
    pub(super) ac: A,
}

/// Receives the symbols of a scan in order.
pub(super) trait SymbolSink {
    /// Starts a block with its DC coefficient.
    ///
    /// `pair` is the index of its Huffman tables, `index` the block's in the component of the part.
    fn begin_block(&mut self, component: usize, pair: usize, index: usize, dc: i16);

    /// The category of a DC difference, and that many extra bits.
    fn dc(&mut self, size: u32, extra: u32);

    /// A nonzero AC coefficient at a zig-zag position, after a run of 0 to 15 zeros.
    ///
    /// Returns false if it is too large for baseline.
    fn ac(&mut self, run: u32, position: u32, value: i32) -> bool;

    /// An AC symbol without extra bits: [`ZERO_RUN`] or [`END_OF_BLOCK`].
    fn zeros(&mut self, symbol: u8);

    /// The block is complete.
    fn end_block(&mut self);
}

/// Sixteen zeros.
pub(super) const ZERO_RUN: u8 = 0xF0;
/// Zeros to the end of the block.
pub(super) const END_OF_BLOCK: u8 = 0;

/// An AC coefficient's symbol, category and extra bits; none if it is too large for baseline.
#[inline(always)]
pub(super) fn ac_symbol(run: u32, value: i32) -> Option<(u8, u32, u32)> {
    let (size, extra) = categorise(value);
    (size <= MAX_AC_SIZE).then_some(((run << 4 | size) as u8, size, extra))
}

/// Passes all symbols of the part's scan to `sink`, MCU by MCU (A.2.3).
pub(super) fn emit_symbols(part: ImagePart<'_>, sink: &mut impl SymbolSink) -> Result<(), EncodeError> {
    let (image, (wide, high)) = (part.image, part.layout().mcus);
    let mut predictions = [0; 3];
    for row in 0..high {
        for column in 0..wide {
            for (index, component) in image.components.iter().enumerate() {
                let (horizontal, vertical) = (usize::from(component.horizontal), usize::from(component.vertical));
                let pair = image.colour.table_index(index);
                for y in row * vertical..(row + 1) * vertical {
                    let first = y * component.blocks_wide + (part.mcus_left + column) * horizontal;
                    let first_of_part = (y * wide + column) * horizontal;
                    for (block, at) in component.coefficients[first..first + horizontal].iter().zip(first_of_part..) {
                        sink.begin_block(index, pair, at, block[0]);
                        let fits = code_block(block, &mut predictions[index], sink);
                        sink.end_block();
                        if !fits {
                            return Err(EncodeError::Coefficient { component: index });
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// A value's category and extra bits (F.1.2.1.1); for a negative value, those of the value less one.
#[inline(always)]
pub(super) const fn categorise(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let extra = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (size, extra)
}

/// Passes a block's symbols to `sink` (F.1.2). Returns false if a coefficient is too large for baseline.
#[inline(always)]
fn code_block(block: &Block, prediction: &mut i32, sink: &mut impl SymbolSink) -> bool {
    let dc = i32::from(block[0]);
    let (size, extra) = categorise(dc - *prediction);
    *prediction = dc;
    if size > MAX_DC_SIZE {
        return false;
    }
    sink.dc(size, extra);
    // Bit k is set if the coefficient at zig-zag position k is not zero.
    let mut nonzero = nonzero_positions(block) & !1;
    let mut last = 0;
    while nonzero != 0 {
        let at = nonzero.trailing_zeros();
        nonzero &= nonzero - 1;
        let mut run = at - last - 1;
        while run > 15 {
            sink.zeros(ZERO_RUN);
            run -= 16;
        }
        let value = block[usize::from(NATURAL_ORDER[at as usize & 63] & 63)];
        if !sink.ac(run, at, i32::from(value)) {
            return false;
        }
        last = at;
    }
    if last < 63 {
        sink.zeros(END_OF_BLOCK);
    }
    true
}

/// Per row of a block and set of its columns (as bits), the zig-zag positions (as bits).
static ROW_POSITIONS: [[u64; 256]; 8] = row_positions();

const fn row_positions() -> [[u64; 256]; 8] {
    let mut table = [[0; 256]; 8];
    let mut position = 0;
    while position < 64 {
        let (row, column) = (NATURAL_ORDER[position] / 8, NATURAL_ORDER[position] % 8);
        let mut set = 0;
        while set < 256 {
            if set >> column & 1 == 1 {
                table[row as usize][set] |= 1 << position;
            }
            set += 1;
        }
        position += 1;
    }
    table
}

/// The zig-zag positions of nonzero coefficients, as bits.
#[inline(always)]
fn nonzero_positions(block: &Block) -> u64 {
    // One byte per coefficient, 0 or 1, is a vector comparison. The multiplication then moves the bit of byte i to bit
    // 56 + i, so that each row's eight bytes become eight bits.
    let flags = block.map(|coefficient| u8::from(coefficient != 0));
    let (rows, _) = flags.as_chunks::<8>();
    rows.iter().zip(&ROW_POSITIONS).fold(0, |positions, (row, table)| {
        let set = u64::from_le_bytes(*row).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        positions | table[set as usize]
    })
}
