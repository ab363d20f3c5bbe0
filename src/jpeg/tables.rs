//! Constants of ITU T.81: coefficient order (A.3.6), quantisation (K.1) and Huffman tables (K.3), markers (B.1).

use std::fmt::{self, Display, Formatter};

/// Second bytes of markers.
pub(super) mod marker {
    pub(crate) const SOF0: u8 = 0xC0;
    pub(crate) const SOF2: u8 = 0xC2;
    pub(crate) const SOF3: u8 = 0xC3;
    pub(crate) const DHT: u8 = 0xC4;
    pub(crate) const DAC: u8 = 0xCC;
    pub(crate) const RST0: u8 = 0xD0;
    pub(crate) const RST7: u8 = 0xD7;
    pub(crate) const SOI: u8 = 0xD8;
    pub(crate) const EOI: u8 = 0xD9;
    pub(crate) const SOS: u8 = 0xDA;
    pub(crate) const DQT: u8 = 0xDB;
    pub(crate) const DNL: u8 = 0xDC;
    pub(crate) const DRI: u8 = 0xDD;
    pub(crate) const DHP: u8 = 0xDE;
    pub(crate) const EXP: u8 = 0xDF;
    pub(crate) const APP0: u8 = 0xE0;
    pub(crate) const APP1: u8 = 0xE1;
    pub(crate) const APP2: u8 = 0xE2;
    pub(crate) const APP14: u8 = 0xEE;
    pub(crate) const APP15: u8 = 0xEF;
    pub(crate) const COM: u8 = 0xFE;
}

/// Row-major index in the block of each zig-zag position (A.3.6).
pub(super) const NATURAL_ORDER: [u8; 64] = natural_order();

const fn natural_order() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut row, mut column) = (0u8, 0u8);
    let mut position = 0;
    while position < 64 {
        order[position] = row * 8 + column;
        let upwards = (row + column) % 2 == 0;
        if upwards {
            if column == 7 {
                row += 1;
            } else {
                column += 1;
                row = row.saturating_sub(1);
            }
        } else if row == 7 {
            column += 1;
        } else {
            row += 1;
            column = column.saturating_sub(1);
        }
        position += 1;
    }
    order
}

/// What the symbols of a Huffman table mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HuffmanClass {
    /// Categories of DC differences.
    Dc,
    /// Runs of zeros and categories of AC coefficients.
    Ac,
}

impl Display for HuffmanClass {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(if *self == Self::Dc { "DC" } else { "AC" })
    }
}

/// A Huffman table as in a DHT segment (B.2.4.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct HuffmanSpec {
    /// Number of codes of each length, 1 to 16 bits.
    pub(super) counts: [u8; 16],
    /// Symbols in the order of their codes, then zeros.
    pub(super) symbols: [u8; 256],
}

impl HuffmanSpec {
    /// A table without codes.
    pub(super) const EMPTY: Self = Self { counts: [0; 16], symbols: [0; 256] };

    const fn new(counts: [u8; 16], list: &[u8]) -> Self {
        let mut symbols = [0; 256];
        let mut index = 0;
        while index < list.len() {
            symbols[index] = list[index];
            index += 1;
        }
        Self { counts, symbols }
    }

    /// Number of codes.
    pub(super) fn total(&self) -> usize {
        self.counts.iter().map(|&count| usize::from(count)).sum()
    }
}

/// Table K.3.
pub(super) static LUMA_DC: HuffmanSpec =
    HuffmanSpec::new([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

/// Table K.4.
pub(super) static CHROMA_DC: HuffmanSpec =
    HuffmanSpec::new([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

/// Table K.5.
#[rustfmt::skip]
pub(super) static LUMA_AC: HuffmanSpec = HuffmanSpec::new(
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    &[
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
        0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
        0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
        0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
        0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
        0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
        0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
        0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
        0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    ],
);

/// Table K.6.
#[rustfmt::skip]
pub(super) static CHROMA_AC: HuffmanSpec = HuffmanSpec::new(
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    &[
        0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
        0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
        0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
        0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
        0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
        0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
        0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
        0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
        0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    ],
);

/// Table K.1, row-major.
#[rustfmt::skip]
const LUMA_QUANTISATION: [u16; 64] = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

/// Table K.2, row-major.
#[rustfmt::skip]
const CHROMA_QUANTISATION: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// The luma and chroma quantisation tables for a quality of 1 to 100.
///
/// Tables K.1 and K.2 are scaled by the rule of the Independent JPEG Group, which most encoders share, so 75 means the
/// same here as elsewhere. Steps are row by row, 1 to 255. A quality outside the range counts as the nearest inside.
pub fn quantisation_tables(quality: u8) -> ([u16; 64], [u16; 64]) {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    let scale = |table: &[u16; 64]| {
        table.map(|step| {
            let scaled = (u32::from(step) * percent + 50) / 100;
            u16::try_from(scaled.clamp(1, 255)).unwrap_or(255)
        })
    };
    (scale(&LUMA_QUANTISATION), scale(&CHROMA_QUANTISATION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_order_matches_figure_a6() {
        assert_eq!(NATURAL_ORDER[..16], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5]);
        assert_eq!(NATURAL_ORDER[56..], [53, 60, 61, 54, 47, 55, 62, 63]);
        let mut seen = NATURAL_ORDER;
        seen.sort_unstable();
        assert!(seen.iter().enumerate().all(|(index, &value)| usize::from(value) == index));
    }

    #[test]
    fn standard_tables_have_as_many_symbols_as_codes() {
        for (spec, total) in [(&LUMA_DC, 12), (&CHROMA_DC, 12), (&LUMA_AC, 162), (&CHROMA_AC, 162)] {
            assert_eq!(spec.total(), total);
            let mut symbols = spec.symbols[..total].to_vec();
            symbols.sort_unstable();
            symbols.dedup();
            assert_eq!(symbols.len(), total);
        }
    }

    #[test]
    fn quality_scales_tables_like_libjpeg() {
        assert_eq!(quantisation_tables(50), (LUMA_QUANTISATION, CHROMA_QUANTISATION));
        assert_eq!(quantisation_tables(100), ([1; 64], [1; 64]));
        let (luma, chroma) = quantisation_tables(75);
        assert_eq!(luma[..8], [8, 6, 5, 8, 12, 20, 26, 31]);
        assert_eq!(chroma[..4], [9, 9, 12, 24]);
        assert_eq!(quantisation_tables(1).0, [255; 64]);
    }
}
