//! The walk over the blocks of a scan's entropy-coded data, with its restart intervals (ITU T.81
//! A.2, E.2.4).

use super::bits::{BitReader, stuffed_position, unstuff};
use super::error::JpegErrorKind;
use super::huffman::{DecodeTable, TableSlot};
use super::image::{Block, JpegImage};
use super::progressive::{AcFirst, AcRefinement, DcFirst, DcRefinement};
use super::scan::{Scan, ScanTables};
use super::sequential::Sequential;
use super::tables::marker;

/// Decodes the blocks of one kind of scan.
pub(super) trait BlockDecoder {
    /// At the beginning of each restart interval.
    fn restart(&mut self);
    /// The next block, of the scan's component number `place`.
    fn block(&mut self, reader: &mut BitReader<'_>, place: usize, block: &mut Block) -> Result<(), JpegErrorKind>;
    /// At the end of each restart interval.
    fn finish(&self) -> Result<(), JpegErrorKind> {
        Ok(())
    }
}

/// A fault in entropy-coded data, with its offset from the data's beginning.
pub(super) struct Fault {
    pub(super) kind: JpegErrorKind,
    pub(super) offset: usize,
}

/// Decodes a scan's entropy-coded data at the beginning of `source`; returns its length.
pub(super) fn decode(
    scan: &Scan,
    tables: ScanTables<'_>,
    restart_interval: usize,
    source: &[u8],
    segment: &mut Vec<u8>,
    image: &mut JpegImage,
) -> Result<usize, Fault> {
    // Only tables that the scan uses were checked to be there; any other stands in for those that
    // it does not.
    let table = |slots: &'_ [TableSlot], number: u8| usize::from(number).min(slots.len().saturating_sub(1));
    let dc = scan.components.map(|component| &tables.dc[table(tables.dc, component.dc)].table);
    let ac = scan.components.map(|component| &tables.ac[table(tables.ac, component.ac)].table);
    let mut walk = Walk { scan, restart_interval, source, segment, image };
    match (scan.progressive, scan.band.0, scan.bits.0) {
        (false, ..) => walk.run(Sequential::new(dc, ac)),
        (true, 0, 0) => walk.run(DcFirst::new(dc, scan.bits.1)),
        (true, 0, _) => walk.run(DcRefinement::new(scan.bits.1)),
        (true, _, 0) => walk.run(AcFirst::new(ac[0], scan.band, scan.bits.1)),
        (true, ..) => walk.run(AcRefinement::new(ac[0], scan.band, scan.bits.1)),
    }
}

/// The tables of a scan's components.
pub(super) type Tables<'a> = [&'a DecodeTable; 3];

struct Walk<'a> {
    scan: &'a Scan,
    restart_interval: usize,
    source: &'a [u8],
    segment: &'a mut Vec<u8>,
    image: &'a mut JpegImage,
}

/// One component in a scan's MCUs.
#[derive(Clone, Copy, Default)]
struct McuPart {
    index: usize,
    blocks: (usize, usize),
    blocks_wide: usize,
}

impl Walk<'_> {
    /// The number of MCUs in a row and of rows, and what each holds.
    fn geometry(&self) -> ((usize, usize), [McuPart; 3]) {
        let layout = self.image.layout();
        let alone = self.scan.components().len() == 1;
        let (mut mcus, mut parts) = (layout.mcus, [McuPart::default(); 3]);
        for (part, scanned) in parts.iter_mut().zip(self.scan.components()) {
            let component = &self.image.components[scanned.index];
            let (horizontal, vertical) = component.factors();
            let mut blocks = (usize::from(horizontal), usize::from(vertical));
            if alone {
                (mcus, blocks) = (layout.own_blocks(component.factors()), (1, 1));
            }
            *part = McuPart { index: scanned.index, blocks, blocks_wide: component.blocks_wide };
        }
        (mcus, parts)
    }

    fn run(&mut self, mut decoder: impl BlockDecoder) -> Result<usize, Fault> {
        let ((wide, high), parts) = self.geometry();
        let total = wide * high;
        let interval = if self.restart_interval == 0 { total } else { self.restart_interval };
        let (mut done, mut start, mut due) = (0, 0, marker::RST0);
        loop {
            let source = self.source.get(start..).unwrap_or_default();
            let length = unstuff(source, self.segment);
            let mcus = done..total.min(done + interval);
            done = mcus.end;
            let mut reader = BitReader::new(self.segment);
            let parts = &parts[..self.scan.components().len()];
            decode_interval(&mut decoder, &mut reader, mcus, wide, parts, self.image)
                .map_err(|kind| locate(kind, &reader, source, length, start))?;
            start += length;
            let next = marker_at(self.source, start);
            match next {
                _ if done == total => return Ok(self.after_last(start, due)),
                Some((code, end)) if code == due => start = end,
                Some((found, _)) if (marker::RST0..=marker::RST7).contains(&found) => {
                    return Err(Fault { kind: JpegErrorKind::RestartMarker { expected: due, found }, offset: start });
                }
                Some((marker, _)) => {
                    return Err(Fault { kind: JpegErrorKind::EntropyDataEndsEarly { marker }, offset: start });
                }
                None => {
                    return Err(Fault { kind: JpegErrorKind::Truncated, offset: start });
                }
            }
            due = following(due);
        }
    }

    /// Where the scan ends. Some cameras end the last interval, too, with a restart marker, or add
    /// several; readers pass over them, and nothing is lost by it.
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
fn following(restart: u8) -> u8 {
    marker::RST0 + (restart + 1) % 8
}

/// The marker at `at`, after any number of FF before it, and where it ends.
fn marker_at(source: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = source.get(at..)?;
    let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
    let code = *rest.get(fill)?;
    (fill > 0).then_some((code, at + fill + 1))
}

/// Decodes the MCUs numbered `mcus`, which is one restart interval, `wide` of them a row.
fn decode_interval(
    decoder: &mut impl BlockDecoder,
    reader: &mut BitReader<'_>,
    mcus: std::ops::Range<usize>,
    wide: usize,
    parts: &[McuPart],
    image: &mut JpegImage,
) -> Result<(), JpegErrorKind> {
    decoder.restart();
    let (mut column, mut row) = (mcus.start % wide, mcus.start / wide);
    for _ in mcus {
        for (place, part) in parts.iter().enumerate() {
            let coefficients = &mut image.components[part.index].coefficients;
            for y in 0..part.blocks.1 {
                let first = (row * part.blocks.1 + y) * part.blocks_wide + column * part.blocks.0;
                for block in &mut coefficients[first..first + part.blocks.0] {
                    decoder.block(reader, place, block)?;
                    if reader.overrun() {
                        return Err(JpegErrorKind::Truncated);
                    }
                }
            }
        }
        column += 1;
        if column == wide {
            (column, row) = (0, row + 1);
        }
    }
    decoder.finish()?;
    match reader.bytes_left() {
        0 => Ok(()),
        bytes => Err(JpegErrorKind::EntropyDataLeftOver { bytes }),
    }
}

/// Puts a fault in its place. Whatever went wrong beyond the end of the data comes from their end.
fn locate(kind: JpegErrorKind, reader: &BitReader<'_>, source: &[u8], length: usize, start: usize) -> Fault {
    if !reader.overrun() {
        return Fault { kind, offset: start + stuffed_position(source, reader.byte_position()) };
    }
    let kind = match marker_at(source, length) {
        Some((marker, _)) => JpegErrorKind::EntropyDataEndsEarly { marker },
        None => JpegErrorKind::Truncated,
    };
    Fault { kind, offset: start + length }
}
