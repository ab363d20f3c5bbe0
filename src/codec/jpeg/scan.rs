//! Scans (ITU T.81 B.2.3): the scan header, which scans a frame may have, and the walk over a scan's blocks with its
//! restart intervals.

use super::bits::{BitReader, stuffed_position, unstuff};
use super::error::JpegErrorKind;
use super::header::Frame;
use super::huffman::{DecodeTable, TableSlot};
use super::image::{Block, JpegImage};
use super::progressive::{AcFirst, AcRefinement, DcFirst, DcRefinement};
use super::sequential::Sequential;
use super::tables::marker;

/// The Huffman tables at hand.
#[derive(Clone, Copy)]
pub(super) struct ScanTables<'a> {
    pub(super) dc: &'a [TableSlot],
    pub(super) ac: &'a [TableSlot],
}

/// One component of a scan: its index in the frame and its tables.
#[derive(Clone, Copy, Default)]
pub(super) struct ScanComponent {
    pub(super) index: usize,
    dc: u8,
    ac: u8,
}

/// A scan header.
pub(super) struct Scan {
    components: [ScanComponent; 3],
    count: usize,
    pub(super) progressive: bool,
    /// First and last coefficient, in zig-zag order.
    pub(super) band: (u8, u8),
    /// The bit position coded before, 0 if none, and the one reached by this scan.
    pub(super) bits: (u8, u8),
}

impl Scan {
    /// The components, at least one.
    pub(super) fn components(&self) -> &[ScanComponent] {
        self.components.get(..self.count).unwrap_or_default()
    }

    pub(super) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, JpegErrorKind> {
        let bad_length = JpegErrorKind::BadLength {
            marker: marker::SOS,
            length: payload.len() + 2,
        };
        let [count, rest @ ..] = payload else {
            return Err(bad_length);
        };
        let [list @ .., first, last, approximation] = rest else {
            return Err(bad_length);
        };
        if list.len() != 2 * usize::from(*count) {
            return Err(bad_length);
        }
        let mut components = [ScanComponent::default(); 3];
        if *count == 0 || usize::from(*count) > frame.components().len() {
            return Err(JpegErrorKind::ScanComponentCount { count: *count });
        }
        let (entries, _) = list.as_chunks::<2>();
        let (mut blocks, mut described) = (0, frame.components().iter().enumerate());
        for (to, &[identifier, tables]) in components.iter_mut().zip(entries) {
            // Going on from the last one found: a scan keeps to the frame's order.
            let (index, component) = described
                .find(|(_, component)| component.identifier == identifier)
                .ok_or(JpegErrorKind::ScanComponent { identifier })?;
            blocks += u32::from(component.factors.0) * u32::from(component.factors.1);
            *to = ScanComponent {
                index,
                dc: tables >> 4,
                ac: tables & 15,
            };
        }
        if *count > 1 && blocks > 10 {
            return Err(JpegErrorKind::McuTooLarge { blocks });
        }
        // In sequential frames these have only one meaning, and decoders do not look at them; nor is it done here.
        let (band, bits) = match frame.progressive {
            true => ((*first, *last), (approximation >> 4, approximation & 15)),
            false => ((0, 63), (0, 0)),
        };
        Ok(Self {
            components,
            count: usize::from(*count),
            progressive: frame.progressive,
            band,
            bits,
        })
    }

    fn uses_dc_table(&self) -> bool {
        !self.progressive || (self.band.0 == 0 && self.bits.0 == 0)
    }

    fn uses_ac_table(&self) -> bool {
        !self.progressive || self.band.0 > 0
    }

    /// Whether all tables that the scan needs are defined.
    pub(super) fn check_tables(&self, tables: ScanTables<'_>) -> Result<(), JpegErrorKind> {
        let missing = |slots: &[TableSlot], number: u8| {
            !slots
                .get(usize::from(number))
                .is_some_and(|slot| slot.defined)
        };
        for component in self.components() {
            if self.uses_dc_table() && missing(tables.dc, component.dc) {
                return Err(JpegErrorKind::MissingHuffmanTable {
                    ac: false,
                    number: component.dc,
                });
            }
            if self.uses_ac_table() && missing(tables.ac, component.ac) {
                return Err(JpegErrorKind::MissingHuffmanTable {
                    ac: true,
                    number: component.ac,
                });
            }
        }
        Ok(())
    }
}

/// How far the coefficients of each component have come.
#[derive(Default)]
pub(super) struct Progress {
    /// For each component and zig-zag position the lowest bit coded, once there is one.
    lowest_bit: [Option<[Option<u8>; 64]>; 3],
}

impl Progress {
    /// Takes in a scan if it may come now; tells which of the frame's components it is the first for.
    ///
    /// A progressive scan codes the DC coefficient of one or more components or a band of AC coefficients of one, after
    /// its DC; each coefficient begins with some bit and then gains one bit a scan (G.1.1.1).
    pub(super) fn advance(
        &mut self,
        scan: &Scan,
        progressive: bool,
    ) -> Result<[bool; 3], JpegErrorKind> {
        let ((first, last), (high, low)) = (scan.band, scan.bits);
        let refused = JpegErrorKind::ScanParameters {
            parameters: [first, last, high, low],
        };
        let band_allowed = match first {
            0 => last == 0 || !progressive,
            _ => first <= last && last <= 63 && scan.components().len() == 1,
        };
        if !band_allowed || low > 13 || (high != 0 && high != low + 1) {
            return Err(refused);
        }
        let mut first_use = [false; 3];
        for &ScanComponent { index, .. } in scan.components() {
            let (Some(state), Some(first_use)) =
                (self.lowest_bit.get_mut(index), first_use.get_mut(index))
            else {
                continue;
            };
            *first_use = state.is_none();
            if !progressive && !*first_use {
                return Err(JpegErrorKind::ComponentCodedTwice { component: index });
            }
            let positions = state.get_or_insert([None; 64]);
            if first > 0 && positions[0].is_none() {
                return Err(refused);
            }
            let before = (high > 0).then_some(high);
            for position in positions
                .iter_mut()
                .take(usize::from(last) + 1)
                .skip(usize::from(first))
            {
                if *position != before {
                    return Err(refused);
                }
                *position = Some(low);
            }
        }
        Ok(first_use)
    }

    /// The first of `count` components that no scan has coded.
    pub(super) fn first_without_data(&self, count: usize) -> Option<usize> {
        self.lowest_bit.iter().take(count).position(Option::is_none)
    }
}

/// Decodes the blocks of one kind of scan.
pub(super) trait BlockDecoder {
    /// At the beginning of each restart interval.
    fn restart(&mut self);
    /// The next block, of the scan's component number `place`.
    fn block(
        &mut self,
        reader: &mut BitReader<'_>,
        place: usize,
        block: &mut Block,
    ) -> Result<(), JpegErrorKind>;
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
    // Only tables that the scan uses were checked to be there; any other stands in for those that it does not.
    let table =
        |slots: &'_ [TableSlot], number: u8| usize::from(number).min(slots.len().saturating_sub(1));
    let dc = scan
        .components
        .map(|component| &tables.dc[table(tables.dc, component.dc)].table);
    let ac = scan
        .components
        .map(|component| &tables.ac[table(tables.ac, component.ac)].table);
    let mut walk = Walk {
        scan,
        restart_interval,
        source,
        segment,
        image,
    };
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
            *part = McuPart {
                index: scanned.index,
                blocks,
                blocks_wide: component.blocks_wide,
            };
        }
        (mcus, parts)
    }

    fn run(&mut self, mut decoder: impl BlockDecoder) -> Result<usize, Fault> {
        let ((wide, high), parts) = self.geometry();
        let total = wide * high;
        let interval = if self.restart_interval == 0 {
            total
        } else {
            self.restart_interval
        };
        let (mut done, mut start, mut due) = (0, 0, marker::RST0);
        loop {
            let source = self.source.get(start..).unwrap_or_default();
            let length = unstuff(source, self.segment);
            let mcus = done..total.min(done + interval);
            done = mcus.end;
            let mut reader = BitReader::new(self.segment);
            let parts = &parts[..self.scan.count];
            decode_interval(&mut decoder, &mut reader, mcus, wide, parts, self.image)
                .map_err(|kind| locate(kind, &reader, source, length, start))?;
            start += length;
            let next = marker_at(self.source, start);
            match next {
                _ if done == total => return Ok(self.after_last(start, due)),
                Some((code, end)) if code == due => start = end,
                Some((found, _)) if (marker::RST0..=marker::RST7).contains(&found) => {
                    return Err(Fault {
                        kind: JpegErrorKind::RestartMarker {
                            expected: due,
                            found,
                        },
                        offset: start,
                    });
                }
                Some((marker, _)) => {
                    return Err(Fault {
                        kind: JpegErrorKind::EntropyDataEndsEarly { marker },
                        offset: start,
                    });
                }
                None => {
                    return Err(Fault {
                        kind: JpegErrorKind::Truncated,
                        offset: start,
                    });
                }
            }
            due = following(due);
        }
    }

    /// Where the scan ends. Some cameras end the last interval, too, with a restart marker, or add several; readers pass
    /// over them, and nothing is lost by it.
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
fn locate(
    kind: JpegErrorKind,
    reader: &BitReader<'_>,
    source: &[u8],
    length: usize,
    start: usize,
) -> Fault {
    if !reader.overrun() {
        return Fault {
            kind,
            offset: start + stuffed_position(source, reader.byte_position()),
        };
    }
    let kind = match marker_at(source, length) {
        Some((marker, _)) => JpegErrorKind::EntropyDataEndsEarly { marker },
        None => JpegErrorKind::Truncated,
    };
    Fault {
        kind,
        offset: start + length,
    }
}
