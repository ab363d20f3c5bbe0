//! Coefficients to a baseline file: one interleaved scan (ITU T.81 F.1), with the marker segments
//! that say what it is (JFIF 1.02; Adobe's APP14 for RGB).

use super::encode_error::EncodeError;
use super::icc;
use super::image::{Colour, Component, JpegImage, check_size_and_factors, check_steps};
use super::optimise::optimal_table;
use super::symbols::{SymbolSink, pair_of, walk};
use super::tables::{CHROMA_AC, CHROMA_DC, HuffmanSpec, LUMA_AC, LUMA_DC, NATURAL_ORDER, marker};
use super::write::{BitWriter, EncodeTable};

/// Which Huffman tables a file is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HuffmanTables {
    /// The typical ones of ITU T.81 K.3.
    Standard,
    /// Made for the image: some per cent smaller, in a second pass over it.
    Optimised,
}

static STANDARD: [CodePair<EncodeTable>; 2] = [
    CodePair { dc: EncodeTable::new(&LUMA_DC), ac: EncodeTable::new(&LUMA_AC) },
    CodePair { dc: EncodeTable::new(&CHROMA_DC), ac: EncodeTable::new(&CHROMA_AC) },
];

/// Something for the DC and for the AC coefficients of components that share their tables.
#[derive(Clone, Copy)]
struct CodePair<T> {
    dc: T,
    ac: T,
}

/// Appends `image` to `out` as a baseline JPEG file. Decoding it gives `image` again.
///
/// Luma, or all of RGB, is coded with the first pair of Huffman tables, the colour differences with
/// the second.
///
/// # Errors
/// If the image cannot be a baseline JPEG: see [`EncodeError`]. What `out` held before is then
/// still its beginning; what follows is to be cut off.
pub fn encode(image: &JpegImage, huffman: HuffmanTables, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    check(image)?;
    match huffman {
        HuffmanTables::Standard => {
            headers(image, [CodePair { dc: &LUMA_DC, ac: &LUMA_AC }, CodePair { dc: &CHROMA_DC, ac: &CHROMA_AC }], out);
            write_scan(image, &STANDARD, out)?;
        }
        HuffmanTables::Optimised => {
            let mut counter = Counter { counts: [CodePair { dc: [0; 256], ac: [0; 256] }; 2] };
            walk(image, &mut counter)?;
            let specs =
                counter.counts.map(|counts| CodePair { dc: optimal_table(&counts.dc), ac: optimal_table(&counts.ac) });
            headers(image, specs.each_ref().map(|spec| CodePair { dc: &spec.dc, ac: &spec.ac }), out);
            let tables = specs.map(|spec| CodePair { dc: EncodeTable::new(&spec.dc), ac: EncodeTable::new(&spec.ac) });
            write_scan(image, &tables, out)?;
        }
    }
    out.extend_from_slice(&[0xFF, marker::EOI]);
    Ok(())
}

/// Whether the image's shape and tables are those of a baseline file.
fn check(image: &JpegImage) -> Result<(), EncodeError> {
    let count = image.components.len();
    if count != image.colour.component_count() {
        return Err(EncodeError::Components { count });
    }
    let mut factors = [(1, 1); 3];
    factors.iter_mut().zip(&image.components).for_each(|(to, component)| *to = component.factors());
    check_size_and_factors((image.width, image.height), &factors[..count])?;
    if count == 1 && factors[0] != (1, 1) {
        return Err(EncodeError::Sampling);
    }
    let layout = image.layout();
    for (index, component) in image.components.iter().enumerate() {
        check_steps(&component.quantisation)?;
        let (wide, high) = layout.padded_blocks(component.factors());
        let (expected, found) = (wide * high, component.coefficients.len());
        if (component.blocks_wide, component.blocks_high) != (wide, high) || expected != found {
            return Err(EncodeError::Layout { component: index, expected, found });
        }
    }
    match &image.icc {
        Some(profile) if profile.is_empty() || profile.len() > icc::LONGEST_PROFILE => {
            Err(EncodeError::IccLength { length: profile.len() })
        }
        _ => Ok(()),
    }
}

/// Writes a marker segment.
fn segment(out: &mut Vec<u8>, code: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&[0xFF, code]);
    out.extend_from_slice(&(length as u16).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Everything up to the entropy-coded data.
fn headers(image: &JpegImage, huffman: [CodePair<&HuffmanSpec>; 2], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xFF, marker::SOI]);
    match image.colour {
        // Version 1.02, a density of 1:1 without unit, no thumbnail.
        Colour::Grey | Colour::YCbCr => {
            segment(out, marker::APP0, &[b"JFIF\0", &[1, 2, 0, 0, 1, 0, 1, 0, 0]]);
        }
        // Version 100, no flags, transform 0: the components are RGB.
        Colour::Rgb => segment(out, marker::APP14, &[b"Adobe", &[0, 100, 0, 0, 0, 0, 0]]),
    }
    if let Some(profile) = &image.icc {
        let count = icc::payloads(profile).count() as u8;
        for (number, [signature, piece]) in (1..=count).zip(icc::payloads(profile)) {
            segment(out, marker::APP2, &[signature, &[number, count], piece]);
        }
    }
    let tables = quantisation_numbers(&image.components);
    for (index, component) in image.components.iter().enumerate() {
        if usize::from(tables[index]) == index {
            let steps = NATURAL_ORDER.map(|at| component.quantisation[usize::from(at)] as u8);
            segment(out, marker::DQT, &[&[tables[index]], &steps]);
        }
    }
    frame_and_scan_headers(image, tables, huffman, out);
}

/// For each component the first that has the same quantisation table; its index serves as the
/// table's number.
fn quantisation_numbers(components: &[Component]) -> [u8; 3] {
    std::array::from_fn(|index| {
        let own = components.get(index).map(|component| &component.quantisation);
        let first = components.iter().position(|other| Some(&other.quantisation) == own);
        first.unwrap_or(0) as u8
    })
}

fn frame_and_scan_headers(
    image: &JpegImage,
    quantisation: [u8; 3],
    huffman: [CodePair<&HuffmanSpec>; 2],
    out: &mut Vec<u8>,
) {
    let count = image.components.len();
    let identifiers = if image.colour == Colour::Rgb { *b"RGB" } else { [1, 2, 3] };
    let (mut frame, mut scan) = ([[0; 3]; 3], [[0; 2]; 3]);
    for (index, component) in image.components.iter().enumerate() {
        let sampling = component.horizontal << 4 | component.vertical;
        frame[index] = [identifiers[index], sampling, quantisation[index]];
        scan[index] = [identifiers[index], pair_of(image, index) as u8 * 0x11];
    }
    let ([h1, h0], [w1, w0]) = ((image.height as u16).to_be_bytes(), (image.width as u16).to_be_bytes());
    let start = [8, h1, h0, w1, w0, count as u8];
    segment(out, marker::SOF0, &[&start, frame[..count].as_flattened()]);
    for (number, pair) in (0u8..).zip(&huffman[..=pair_of(image, count - 1)]) {
        for (class, spec) in [(0x00, pair.dc), (0x10, pair.ac)] {
            segment(out, marker::DHT, &[&[class | number], &spec.counts, &spec.symbols[..spec.total()]]);
        }
    }
    segment(out, marker::SOS, &[&[count as u8], scan[..count].as_flattened(), &[0, 63, 0]]);
}

/// Counts how often each symbol occurs.
struct Counter {
    counts: [CodePair<[u32; 256]>; 2],
}

impl SymbolSink for Counter {
    fn dc(&mut self, pair: usize, size: u32, _: u32) {
        self.counts[pair].dc[size as usize & 255] += 1;
    }

    fn ac(&mut self, pair: usize, symbol: u8, _: u32, _: u32) {
        self.counts[pair].ac[usize::from(symbol)] += 1;
    }
}

/// Writes the symbols' codes.
struct Coder<'a> {
    tables: &'a [CodePair<EncodeTable>; 2],
    writer: BitWriter<'a>,
}

impl SymbolSink for Coder<'_> {
    #[inline(always)]
    fn dc(&mut self, pair: usize, size: u32, extra: u32) {
        self.writer.symbol(&self.tables[pair].dc, size as u8, size, extra);
    }

    #[inline(always)]
    fn ac(&mut self, pair: usize, symbol: u8, size: u32, extra: u32) {
        self.writer.symbol(&self.tables[pair].ac, symbol, size, extra);
    }
}

fn write_scan(image: &JpegImage, tables: &[CodePair<EncodeTable>; 2], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut coder = Coder { tables, writer: BitWriter::new(out) };
    walk(image, &mut coder)?;
    coder.writer.finish();
    Ok(())
}
