//! Decodes blocks of progressive scans (ITU T.81 G.1.2, G.2): first passes and refinements of DC coefficients and AC
//! bands.

use super::bits::BitReader;
use super::blocks::{BlockDecoder, DcTables};
use super::huffman::DecodeTable;
use super::sequential::decode_dc;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::image::Block;
use crate::jpeg::tables::NATURAL_ORDER;

/// Decodes the upper bits of DC coefficients.
pub(super) struct DcFirst<'a> {
    tables: DcTables<'a>,
    low: u8,
    predictions: [i32; 3],
}

impl<'a> DcFirst<'a> {
    pub(super) fn new(tables: DcTables<'a>, low: u8) -> Self {
        Self { tables, low, predictions: [0; 3] }
    }
}

impl BlockDecoder for DcFirst<'_> {
    type Block = Block;

    fn restart(&mut self) {
        self.predictions = [0; 3];
    }

    fn block(&mut self, reader: &mut BitReader<'_>, place: usize, block: &mut Block) -> Result<(), JpegErrorKind> {
        let upper = decode_dc(self.tables[place], reader, &mut self.predictions[place])?;
        block[0] = shifted(i32::from(upper), self.low)?;
        Ok(())
    }
}

/// `value` times 2^`low`, if it fits 16 bits.
fn shifted(value: i32, low: u8) -> Result<i16, JpegErrorKind> {
    i16::try_from(value << low).map_err(|_| JpegErrorKind::CoefficientRange)
}

/// Decodes one more bit of DC coefficients.
pub(super) struct DcRefinement {
    bit: i16,
}

impl DcRefinement {
    pub(super) fn new(low: u8) -> Self {
        Self { bit: 1 << low }
    }
}

impl BlockDecoder for DcRefinement {
    type Block = Block;

    fn restart(&mut self) {}

    fn block(&mut self, reader: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), JpegErrorKind> {
        if reader.read(1) == 1 {
            block[0] |= self.bit;
        }
        Ok(())
    }
}

/// Decodes the upper bits of a band of AC coefficients.
pub(super) struct AcFirst<'a> {
    table: &'a DecodeTable,
    band: (u8, u8),
    low: u8,
    /// Number of following blocks without coefficients in this band.
    empty_blocks: u32,
}

impl<'a> AcFirst<'a> {
    pub(super) fn new(table: &'a DecodeTable, band: (u8, u8), low: u8) -> Self {
        Self { table, band, low, empty_blocks: 0 }
    }
}

/// The length of a run of empty bands, including this one (G.1.2.2).
fn empty_run(extra_bits: u32, reader: &mut BitReader<'_>) -> u32 {
    (1 << extra_bits) + reader.read(extra_bits)
}

fn run_must_be_over(empty_blocks: u32) -> Result<(), JpegErrorKind> {
    if empty_blocks == 0 { Ok(()) } else { Err(JpegErrorKind::EndOfBandRun) }
}

impl BlockDecoder for AcFirst<'_> {
    type Block = Block;

    fn restart(&mut self) {
        self.empty_blocks = 0;
    }

    fn block(&mut self, reader: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), JpegErrorKind> {
        if self.empty_blocks > 0 {
            self.empty_blocks -= 1;
            return Ok(());
        }
        let (mut next, end) = (usize::from(self.band.0), usize::from(self.band.1) + 1);
        while next < end {
            let (entry, reservoir) = self.table.next(reader)?;
            if let Some(extra_bits) = entry.end_of_band() {
                self.empty_blocks = empty_run(extra_bits, reader) - 1;
                return Ok(());
            }
            let at = next + entry.skip() - 1;
            if at >= end {
                return Err(JpegErrorKind::CoefficientIndex);
            }
            block[usize::from(NATURAL_ORDER[at])] = shifted(entry.value(reservoir), self.low)?;
            next = at + 1;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), JpegErrorKind> {
        run_must_be_over(self.empty_blocks)
    }
}

/// Decodes one more bit of a band of AC coefficients.
pub(super) struct AcRefinement<'a> {
    table: &'a DecodeTable,
    band: (u8, u8),
    bit: i16,
    empty_blocks: u32,
}

impl<'a> AcRefinement<'a> {
    pub(super) fn new(table: &'a DecodeTable, band: (u8, u8), low: u8) -> Self {
        Self { table, band, bit: 1 << low, empty_blocks: 0 }
    }

    /// Refines nonzero coefficients from zig-zag position `from` on, skipping `zeros` zeros.
    ///
    /// Returns the position of the next zero, or the end of the band.
    fn refine(
        &self,
        reader: &mut BitReader<'_>,
        block: &mut Block,
        from: usize,
        mut zeros: usize,
    ) -> Result<usize, JpegErrorKind> {
        let end = usize::from(self.band.1) + 1;
        for at in from..end {
            let coefficient = &mut block[usize::from(NATURAL_ORDER[at])];
            if *coefficient != 0 {
                if reader.read(1) == 1 {
                    let step = if *coefficient < 0 { -self.bit } else { self.bit };
                    *coefficient = coefficient.checked_add(step).ok_or(JpegErrorKind::CoefficientRange)?;
                }
            } else if zeros == 0 {
                return Ok(at);
            } else {
                zeros -= 1;
            }
        }
        Ok(end)
    }
}

impl BlockDecoder for AcRefinement<'_> {
    type Block = Block;

    fn restart(&mut self) {
        self.empty_blocks = 0;
    }

    fn block(&mut self, reader: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), JpegErrorKind> {
        let (mut next, end) = (usize::from(self.band.0), usize::from(self.band.1) + 1);
        while next < end && self.empty_blocks == 0 {
            let (entry, reservoir) = self.table.next(reader)?;
            if let Some(extra_bits) = entry.end_of_band() {
                self.empty_blocks = empty_run(extra_bits, reader);
                break;
            }
            // A new coefficient has one bit; without a value this is a run of sixteen zeros.
            let value = match entry.size() {
                0 => 0,
                1 => entry.value(reservoir) as i16 * self.bit,
                _ => return Err(JpegErrorKind::InvalidCode),
            };
            let at = self.refine(reader, block, next, entry.skip() - 1)?;
            if at == end {
                return Err(JpegErrorKind::CoefficientIndex);
            }
            block[usize::from(NATURAL_ORDER[at])] = value;
            next = at + 1;
        }
        if self.empty_blocks > 0 {
            self.refine(reader, block, next, usize::MAX)?;
            self.empty_blocks -= 1;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), JpegErrorKind> {
        run_must_be_over(self.empty_blocks)
    }
}
