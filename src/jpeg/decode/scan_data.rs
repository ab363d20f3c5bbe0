//! Decodes a scan's entropy-coded data with its restart intervals (ITU T.81 E.2.4).

use super::bits::{BitReader, stuffed_position, unstuff};
use super::blocks::{BlockDecoder, BlockOrder, DcTables, decode_in_row, scanned_coefficients};
use super::progressive::{AcFirst, AcRefinement, DcFirst, DcRefinement};
use super::scan::{Scan, ScanTables};
use super::sequential::{FoldedBlocks, Sequential, WholeBlocks};
use super::table_slot::TableSlot;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::fold::{FoldTable, FoldedImage};
use crate::jpeg::image::{BlockImage, BlockKind, JpegImage};
use crate::jpeg::tables::marker;

/// A fault in entropy-coded data, with its offset in the data.
pub(super) struct DataFault {
    pub(super) kind: JpegErrorKind,
    pub(super) offset: usize,
}

/// Decodes a scan's entropy-coded data at the start of `source`. Returns its length.
pub(super) fn decode(
    scan: &Scan,
    tables: ScanTables<'_>,
    restart_interval: usize,
    source: &[u8],
    segment: &mut Vec<u8>,
    image: &mut JpegImage,
) -> Result<usize, DataFault> {
    let (dc, slots) = tables_of(scan, tables);
    let ac = &slots[0].table;
    let mut walk = ScanData { scan, restart_interval, source, segment, image };
    match (scan.progressive, scan.band.0, scan.bits.0) {
        (false, ..) => walk.run(Sequential::new(dc, slots, WholeBlocks)),
        (true, 0, 0) => walk.run(DcFirst::new(dc, scan.bits.1)),
        (true, 0, _) => walk.run(DcRefinement::new(scan.bits.1)),
        (true, _, 0) => walk.run(AcFirst::new(ac, scan.band, scan.bits.1)),
        (true, ..) => walk.run(AcRefinement::new(ac, scan.band, scan.bits.1)),
    }
}

/// Does the same for a sequential scan, and folds its blocks on the way.
pub(super) fn decode_folding(
    scan: &Scan,
    tables: ScanTables<'_>,
    restart_interval: usize,
    source: &[u8],
    segment: &mut Vec<u8>,
    image: &mut FoldedImage,
) -> Result<usize, DataFault> {
    let (dc, slots) = tables_of(scan, tables);
    let fold_tables = scan.components.map(|scanned| FoldTable::new(&image.components[scanned.index].quantisation));
    ScanData { scan, restart_interval, source, segment, image }.run(Sequential::new(
        dc,
        slots,
        FoldedBlocks(fold_tables),
    ))
}

/// The DC and AC tables of the scan's components.
///
/// Tables that the scan does not use may be undefined; any other takes their place.
pub(super) fn tables_of<'a>(scan: &Scan, tables: ScanTables<'a>) -> (DcTables<'a>, [&'a TableSlot; 3]) {
    let number = |slots: &[TableSlot], number: u8| usize::from(number).min(slots.len().saturating_sub(1));
    let dc = scan.components.map(|component| &tables.dc[number(tables.dc, component.dc)].table);
    (dc, scan.components.map(|component| &tables.ac[number(tables.ac, component.ac)]))
}

struct ScanData<'a, B> {
    scan: &'a Scan,
    restart_interval: usize,
    source: &'a [u8],
    segment: &'a mut Vec<u8>,
    image: &'a mut BlockImage<B>,
}

impl<B: BlockKind> ScanData<'_, B> {
    fn run(&mut self, mut decoder: impl BlockDecoder<Block = B>) -> Result<usize, DataFault> {
        let geometry = BlockOrder::of(self.scan, self.image);
        let total = geometry.mcus.0 * geometry.mcus.1;
        let interval = if self.restart_interval == 0 { total } else { self.restart_interval };
        let (mut done, mut start, mut due) = (0, 0, marker::RST0);
        loop {
            let source = self.source.get(start..).unwrap_or_default();
            let length = unstuff(source, self.segment);
            let mcus = done..total.min(done + interval);
            done = mcus.end;
            let mut coefficients = scanned_coefficients(self.scan, self.image);
            let (reader, outcome) =
                decode_interval(&mut decoder, BitReader::new(self.segment), mcus, &geometry, &mut coefficients);
            outcome.map_err(|kind| locate(kind, &reader, source, length, start))?;
            start += length;
            let next = marker_at(self.source, start);
            match next {
                _ if done == total => return Ok(self.after_last(start, due)),
                Some((code, end)) if code == due => start = end,
                Some((found, _)) if (marker::RST0..=marker::RST7).contains(&found) => {
                    return Err(DataFault {
                        kind: JpegErrorKind::RestartMarker { expected: due, found },
                        offset: start,
                    });
                }
                Some((marker, _)) => {
                    return Err(DataFault { kind: JpegErrorKind::EntropyDataEndsEarly { marker }, offset: start });
                }
                None => {
                    return Err(DataFault { kind: JpegErrorKind::Truncated, offset: start });
                }
            }
            due = following(due);
        }
    }

    /// The end of the scan's data.
    ///
    /// Some cameras end the last interval, too, with a restart marker, or add several. Decoders skip them, which loses
    /// nothing.
    fn after_last(&self, mut start: usize, mut due: u8) -> usize {
        while self.restart_interval > 0
            && let Some((code, end)) = marker_at(self.source, start)
            && code == due
            && marker_at(self.source, end).is_some()
        {
            (start, due) = (end, following(due));
        }
        start
    }
}

/// The restart marker after this one.
pub(super) fn following(restart: u8) -> u8 {
    marker::RST0 + (restart + 1) % 8
}

/// The marker at `at`, after any number of FF, and its end.
fn marker_at(source: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = source.get(at..)?;
    let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
    let code = *rest.get(fill)?;
    (fill > 0).then_some((code, at + fill + 1))
}

/// Decodes the MCUs of one restart interval. Returns also the reader where it stopped.
fn decode_interval<'a, D: BlockDecoder>(
    decoder: &mut D,
    mut reader: BitReader<'a>,
    mcus: std::ops::Range<usize>,
    geometry: &BlockOrder,
    coefficients: &mut [&mut [D::Block]; 3],
) -> (BitReader<'a>, Result<(), JpegErrorKind>) {
    decoder.restart();
    let (wide, mut done) = (geometry.mcus.0, mcus.start);
    while done < mcus.end {
        let (row, column) = (done / wide, done % wide);
        let in_row = (wide - column).min(mcus.end - done);
        if let Err(kind) = decode_in_row(decoder, &mut reader, (row, column), in_row, geometry, coefficients) {
            return (reader, Err(kind));
        }
        done += in_row;
    }
    let outcome = decoder.finish().and_then(|()| match reader.bytes_left() {
        0 => Ok(()),
        bytes => Err(JpegErrorKind::EntropyDataLeftOver { bytes }),
    });
    (reader, outcome)
}

/// Adds the offset to a fault. A fault beyond the end of the data is reported at their end.
fn locate(kind: JpegErrorKind, reader: &BitReader<'_>, source: &[u8], length: usize, start: usize) -> DataFault {
    if !reader.overrun() {
        return DataFault { kind, offset: start + stuffed_position(source, reader.byte_position()) };
    }
    let kind = match marker_at(source, length) {
        Some((marker, _)) => JpegErrorKind::EntropyDataEndsEarly { marker },
        None => JpegErrorKind::Truncated,
    };
    DataFault { kind, offset: start + length }
}
