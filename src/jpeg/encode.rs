//! Coefficients to a baseline file: one interleaved scan (ITU T.81 F.1), with the marker segments
//! that say what it is (JFIF 1.02; Adobe's APP14 for RGB).

use super::encode_error::EncodeError;
use super::fold::{FoldTable, FoldedBlock, FoldedImage};
use super::icc;
use super::image::{BlockKind, Colour, Component, JpegImage, check_size_and_factors, check_steps};
use super::optimise::optimal_table;
use super::part::ImagePart;
use super::symbols::{SymbolSink, ac_symbol, pair_of, walk};
use super::tables::{CHROMA_AC, CHROMA_DC, HuffmanSpec, LUMA_AC, LUMA_DC, NATURAL_ORDER, marker};
use super::write::{AcEncodeTable, BitWriter, EncodeTable};

/// Which Huffman tables a file is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HuffmanTables {
    /// The typical ones of ITU T.81 K.3.
    Standard,
    /// Made for the image: some per cent smaller, in a second pass over it.
    Optimised,
}

static STANDARD: [CodePair<EncodeTable, AcEncodeTable>; 2] = [
    CodePair { dc: EncodeTable::new(&LUMA_DC), ac: AcEncodeTable::new(&LUMA_AC) },
    CodePair { dc: EncodeTable::new(&CHROMA_DC), ac: AcEncodeTable::new(&CHROMA_AC) },
];

/// Something for the DC and for the AC coefficients of components that share their tables.
#[derive(Clone, Copy)]
struct CodePair<D, A = D> {
    dc: D,
    ac: A,
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
    write(image.into(), huffman, out, None)
}

/// The same for a part of an image.
///
/// # Errors
/// As [`encode`].
pub fn encode_part(part: ImagePart<'_>, huffman: HuffmanTables, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write(part, huffman, out, None)
}

/// The same, and folds the image into `folded` on the way. It must be foldable.
pub(super) fn encode_folding(
    part: ImagePart<'_>,
    huffman: HuffmanTables,
    out: &mut Vec<u8>,
    folded: &mut FoldedImage,
) -> Result<(), EncodeError> {
    write(part, huffman, out, Some(Folder::new(part, folded)))
}

fn write(
    part: ImagePart<'_>,
    huffman: HuffmanTables,
    out: &mut Vec<u8>,
    folder: Option<Folder<'_>>,
) -> Result<(), EncodeError> {
    check(part)?;
    match huffman {
        HuffmanTables::Standard => {
            headers(part, [CodePair { dc: &LUMA_DC, ac: &LUMA_AC }, CodePair { dc: &CHROMA_DC, ac: &CHROMA_AC }], out);
            write_scan(part, &STANDARD, out, folder)?;
        }
        HuffmanTables::Optimised => {
            let mut counter = Counter { counts: [CodePair { dc: [0; 256], ac: [0; 256] }; 2], pair: 0 };
            walk(part, &mut counter)?;
            let specs =
                counter.counts.map(|counts| CodePair { dc: optimal_table(&counts.dc), ac: optimal_table(&counts.ac) });
            headers(part, specs.each_ref().map(|spec| CodePair { dc: &spec.dc, ac: &spec.ac }), out);
            let tables =
                specs.map(|spec| CodePair { dc: EncodeTable::new(&spec.dc), ac: AcEncodeTable::new(&spec.ac) });
            write_scan(part, &tables, out, folder)?;
        }
    }
    out.extend_from_slice(&[0xFF, marker::EOI]);
    Ok(())
}

/// Whether the image's shape and tables are those of a baseline file, and the part's shape, too.
fn check(part: ImagePart<'_>) -> Result<(), EncodeError> {
    let image = part.image;
    let count = image.components.len();
    if count != image.colour.component_count() {
        return Err(EncodeError::Components { count });
    }
    check_size_and_factors(part.size(), image.factors())?;
    if count == 1 && image.factors().any(|factors| factors != (1, 1)) {
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
fn headers(part: ImagePart<'_>, huffman: [CodePair<&HuffmanSpec>; 2], out: &mut Vec<u8>) {
    let image = part.image;
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
    frame_and_scan_headers(part, tables, huffman, out);
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
    part: ImagePart<'_>,
    quantisation: [u8; 3],
    huffman: [CodePair<&HuffmanSpec>; 2],
    out: &mut Vec<u8>,
) {
    let (image, (width, height)) = (part.image, part.size());
    let count = image.components.len();
    let identifiers = if image.colour == Colour::Rgb { *b"RGB" } else { [1, 2, 3] };
    let (mut frame, mut scan) = ([[0; 3]; 3], [[0; 2]; 3]);
    for (index, component) in image.components.iter().enumerate() {
        let sampling = component.horizontal << 4 | component.vertical;
        frame[index] = [identifiers[index], sampling, quantisation[index]];
        scan[index] = [identifiers[index], pair_of(image.colour, index) as u8 * 0x11];
    }
    let ([h1, h0], [w1, w0]) = ((height as u16).to_be_bytes(), (width as u16).to_be_bytes());
    let start = [8, h1, h0, w1, w0, count as u8];
    segment(out, marker::SOF0, &[&start, frame[..count].as_flattened()]);
    for (number, pair) in (0u8..).zip(&huffman[..=pair_of(image.colour, count - 1)]) {
        for (class, spec) in [(0x00, pair.dc), (0x10, pair.ac)] {
            segment(out, marker::DHT, &[&[class | number], &spec.counts, &spec.symbols[..spec.total()]]);
        }
    }
    segment(out, marker::SOS, &[&[count as u8], scan[..count].as_flattened(), &[0, 63, 0]]);
}

/// Counts how often each symbol occurs.
struct Counter {
    counts: [CodePair<[u32; 256]>; 2],
    pair: usize,
}

impl SymbolSink for Counter {
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
struct Folder<'a> {
    tables: [FoldTable; 3],
    folded: &'a mut FoldedImage,
    /// Of which component the present block is, and its index there.
    component: usize,
    index: usize,
    block: FoldedBlock,
}

impl<'a> Folder<'a> {
    fn new(part: ImagePart<'_>, folded: &'a mut FoldedImage) -> Self {
        folded.assume_shape_of(part.image, part.size());
        let mut tables = [FoldTable::new(&[1; 64]); 3];
        tables.iter_mut().zip(&part.image.components).for_each(|(to, one)| *to = FoldTable::new(&one.quantisation));
        Self { tables, folded, component: 0, index: 0, block: FoldedBlock::UNSET }
    }
}

impl SymbolSink for Folder<'_> {
    #[inline(always)]
    fn begin_block(&mut self, component: usize, _: usize, index: usize, dc: i16) {
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

/// Hands everything to one sink, then to another what the first has taken.
struct Both<A, B>(A, B);

impl<A: SymbolSink, B: SymbolSink> SymbolSink for Both<A, B> {
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
struct Coder<'a> {
    tables: &'a [CodePair<EncodeTable, AcEncodeTable>; 2],
    /// Those of the present block.
    table: &'a CodePair<EncodeTable, AcEncodeTable>,
    writer: BitWriter<'a>,
}

impl SymbolSink for Coder<'_> {
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

fn write_scan(
    part: ImagePart<'_>,
    tables: &[CodePair<EncodeTable, AcEncodeTable>; 2],
    out: &mut Vec<u8>,
    folder: Option<Folder<'_>>,
) -> Result<(), EncodeError> {
    let mut coder = Coder { tables, table: &tables[0], writer: BitWriter::new(out) };
    let coder = match folder {
        None => {
            walk(part, &mut coder)?;
            coder
        }
        Some(folder) => {
            let mut both = Both(coder, folder);
            walk(part, &mut both)?;
            both.0
        }
    };
    coder.writer.finish();
    Ok(())
}
