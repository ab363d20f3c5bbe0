//! Scan headers (ITU T.81 B.2.3), and the scans that a frame may have.

use super::header::Frame;
use super::table_slot::TableSlot;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::tables::{HuffmanClass, marker};

/// The Huffman tables defined so far.
#[derive(Clone, Copy)]
pub(super) struct ScanTables<'a> {
    pub(super) dc: &'a [TableSlot],
    pub(super) ac: &'a [TableSlot],
}

/// A component of a scan: its index in the frame, and its tables.
#[derive(Clone, Copy, Default)]
pub(super) struct ScanComponent {
    pub(super) index: usize,
    pub(super) dc: u8,
    pub(super) ac: u8,
}

/// A scan header.
pub(super) struct Scan {
    /// The components; those after the first `count` are unset.
    pub(super) components: [ScanComponent; 3],
    count: usize,
    pub(super) progressive: bool,
    /// First and last coefficient in zig-zag order.
    pub(super) band: (u8, u8),
    /// The bit position coded before, 0 for none, and the one that this scan reaches.
    pub(super) bits: (u8, u8),
}

impl Scan {
    /// The components, at least one.
    pub(super) fn components(&self) -> &[ScanComponent] {
        self.components.get(..self.count).unwrap_or_default()
    }

    /// Whether this is the only scan of a frame: a sequential scan of all its components.
    pub(super) fn is_whole(&self, frame: &Frame) -> bool {
        !self.progressive && self.count == frame.components().len()
    }

    pub(super) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, JpegErrorKind> {
        let bad_length = JpegErrorKind::BadLength { marker: marker::SOS, length: payload.len() + 2 };
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
            // The search continues after the last match: a scan keeps the frame's order.
            let (index, component) = described
                .find(|(_, component)| component.identifier == identifier)
                .ok_or(JpegErrorKind::ScanComponent { identifier })?;
            blocks += u32::from(component.factors.0) * u32::from(component.factors.1);
            *to = ScanComponent { index, dc: tables >> 4, ac: tables & 15 };
        }
        if *count > 1 && blocks > 10 {
            return Err(JpegErrorKind::McuTooLarge { blocks });
        }
        // Sequential frames allow only one value of these, and decoders ignore them.
        let (band, bits) = match frame.progressive {
            true => ((*first, *last), (approximation >> 4, approximation & 15)),
            false => ((0, 63), (0, 0)),
        };
        Ok(Self { components, count: usize::from(*count), progressive: frame.progressive, band, bits })
    }

    fn uses_dc_table(&self) -> bool {
        !self.progressive || (self.band.0 == 0 && self.bits.0 == 0)
    }

    fn uses_ac_table(&self) -> bool {
        !self.progressive || self.band.0 > 0
    }

    /// Checks that all tables of the scan are defined.
    pub(super) fn check_tables(&self, tables: ScanTables<'_>) -> Result<(), JpegErrorKind> {
        let missing =
            |slots: &[TableSlot], number: u8| !slots.get(usize::from(number)).is_some_and(|slot| slot.defined);
        for component in self.components() {
            if self.uses_dc_table() && missing(tables.dc, component.dc) {
                return Err(JpegErrorKind::MissingHuffmanTable { class: HuffmanClass::Dc, number: component.dc });
            }
            if self.uses_ac_table() && missing(tables.ac, component.ac) {
                return Err(JpegErrorKind::MissingHuffmanTable { class: HuffmanClass::Ac, number: component.ac });
            }
        }
        Ok(())
    }
}

/// The bits of each component's coefficients that were coded so far.
#[derive(Default)]
pub(super) struct CodedBits {
    /// Per component and zig-zag position, the lowest bit coded so far.
    lowest_bit: [Option<[Option<u8>; 64]>; 3],
}

impl CodedBits {
    /// Adds a scan if it may come now. Returns for which components it is the first.
    ///
    /// A progressive scan codes the DC coefficients of one or more components, or a band of AC coefficients of one
    /// component after its DC coefficients. Each coefficient starts with some bits and gains one bit per scan
    /// (G.1.1.1).
    pub(super) fn advance(&mut self, scan: &Scan) -> Result<[bool; 3], JpegErrorKind> {
        let ((first, last), (high, low)) = (scan.band, scan.bits);
        let refused = JpegErrorKind::ScanParameters { parameters: [first, last, high, low] };
        let band_allowed = match first {
            0 => last == 0 || !scan.progressive,
            _ => first <= last && last <= 63 && scan.components().len() == 1,
        };
        if !band_allowed || low > 13 || (high != 0 && high != low + 1) {
            return Err(refused);
        }
        let mut first_use = [false; 3];
        for &ScanComponent { index, .. } in scan.components() {
            let (Some(state), Some(first_use)) = (self.lowest_bit.get_mut(index), first_use.get_mut(index)) else {
                continue;
            };
            *first_use = state.is_none();
            if !scan.progressive && !*first_use {
                return Err(JpegErrorKind::ComponentCodedTwice { component: index });
            }
            let positions = state.get_or_insert([None; 64]);
            if first > 0 && positions[0].is_none() {
                return Err(refused);
            }
            let before = (high > 0).then_some(high);
            for position in positions.iter_mut().take(usize::from(last) + 1).skip(usize::from(first)) {
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
