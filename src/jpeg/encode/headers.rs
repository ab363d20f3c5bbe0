//! The marker segments of a baseline file (JFIF 1.02; Adobe's APP14 for RGB).

use super::symbols::CodePair;
use crate::jpeg::icc;
use crate::jpeg::image::{Colour, Component};
use crate::jpeg::part::ImagePart;
use crate::jpeg::tables::{HuffmanSpec, NATURAL_ORDER, marker};

/// Writes a marker segment.
fn segment(out: &mut Vec<u8>, code: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&[0xFF, code]);
    out.extend_from_slice(&(length as u16).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Writes everything before the entropy-coded data.
pub(super) fn headers(part: ImagePart<'_>, huffman: [CodePair<&HuffmanSpec>; 2], out: &mut Vec<u8>) {
    let image = part.image;
    out.extend_from_slice(&[0xFF, marker::SOI]);
    match image.colour {
        // Version 1.02, density 1:1 without unit, no thumbnail.
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

/// Per component, the first component with the same quantisation table; its index is the table's number.
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
        scan[index] = [identifiers[index], image.colour.table_index(index) as u8 * 0x11];
    }
    let ([h1, h0], [w1, w0]) = ((height as u16).to_be_bytes(), (width as u16).to_be_bytes());
    let start = [8, h1, h0, w1, w0, count as u8];
    segment(out, marker::SOF0, &[&start, frame[..count].as_flattened()]);
    for (number, pair) in (0u8..).zip(&huffman[..=image.colour.table_index(count - 1)]) {
        for (class, spec) in [(0x00, pair.dc), (0x10, pair.ac)] {
            segment(out, marker::DHT, &[&[class | number], &spec.counts, &spec.symbols[..spec.total()]]);
        }
    }
    segment(out, marker::SOS, &[&[count as u8], scan[..count].as_flattened(), &[0, 63, 0]]);
}
