//! Encodes coefficients as a baseline file: one interleaved scan (ITU T.81 F.1).

mod bit_writer;
mod headers;
pub(super) mod optimal_table;
mod sinks;
mod symbols;

use self::bit_writer::{AcEncodeTable, BitWriter, EncodeTable};
use self::headers::headers;
use self::optimal_table::optimal_table;
use self::sinks::{SymbolCounter, SymbolFolder, SymbolWriter, Tee};
use self::symbols::{CodePair, emit_symbols};
use super::encode_error::EncodeError;
use super::fold::FoldedImage;
use super::image::JpegImage;
use super::limits::check_part;
use super::part::ImagePart;
use super::tables::{CHROMA_AC, CHROMA_DC, LUMA_AC, LUMA_DC, marker};

/// The Huffman tables of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HuffmanTables {
    /// The typical tables of ITU T.81 K.3.
    Standard,
    /// Tables for this image, which take a second pass over it and make files some per cent smaller.
    Optimised,
}

static STANDARD: [CodePair<EncodeTable, AcEncodeTable>; 2] = [
    CodePair { dc: EncodeTable::new(&LUMA_DC), ac: AcEncodeTable::new(&LUMA_AC) },
    CodePair { dc: EncodeTable::new(&CHROMA_DC), ac: AcEncodeTable::new(&CHROMA_AC) },
];

/// Appends `image` to `out` as a baseline JPEG file. Decoding it returns `image`.
///
/// Luma, or all of RGB, uses the first pair of Huffman tables, chroma the second.
///
/// # Errors
/// The image cannot be a baseline JPEG: see [`EncodeError`]. `out` then has its earlier contents and an incomplete
/// file, which the caller must remove.
pub fn encode(image: &JpegImage, huffman: HuffmanTables, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write(image.into(), huffman, out, None)
}

/// Appends a part of an image to `out`, as [`encode`] does.
///
/// # Errors
/// As [`encode`].
pub fn encode_part(part: ImagePart<'_>, huffman: HuffmanTables, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write(part, huffman, out, None)
}

/// Does the same, and folds the part into `folded` on the way. It must be foldable.
pub(super) fn encode_folding(
    part: ImagePart<'_>,
    huffman: HuffmanTables,
    out: &mut Vec<u8>,
    folded: &mut FoldedImage,
) -> Result<(), EncodeError> {
    write(part, huffman, out, Some(SymbolFolder::new(part, folded)))
}

fn write(
    part: ImagePart<'_>,
    huffman: HuffmanTables,
    out: &mut Vec<u8>,
    folder: Option<SymbolFolder<'_>>,
) -> Result<(), EncodeError> {
    check_part(part)?;
    match huffman {
        HuffmanTables::Standard => {
            headers(part, [CodePair { dc: &LUMA_DC, ac: &LUMA_AC }, CodePair { dc: &CHROMA_DC, ac: &CHROMA_AC }], out);
            write_scan(part, &STANDARD, out, folder)?;
        }
        HuffmanTables::Optimised => {
            let mut counter = SymbolCounter { counts: [CodePair { dc: [0; 256], ac: [0; 256] }; 2], pair: 0 };
            emit_symbols(part, &mut counter)?;
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

fn write_scan(
    part: ImagePart<'_>,
    tables: &[CodePair<EncodeTable, AcEncodeTable>; 2],
    out: &mut Vec<u8>,
    folder: Option<SymbolFolder<'_>>,
) -> Result<(), EncodeError> {
    let mut coder = SymbolWriter { tables, table: &tables[0], writer: BitWriter::new(out) };
    let coder = match folder {
        None => {
            emit_symbols(part, &mut coder)?;
            coder
        }
        Some(folder) => {
            let mut both = Tee(coder, folder);
            emit_symbols(part, &mut both)?;
            both.0
        }
    };
    coder.writer.finish();
    Ok(())
}
