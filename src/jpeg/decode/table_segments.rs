//! Segments that define tables (ITU T.81 B.2.4).

use super::header::FrameComponent;
use super::scratch::DecodeScratch;
use crate::jpeg::decode_error::JpegErrorKind;
use crate::jpeg::tables::{HuffmanSpec, NATURAL_ORDER, marker};

/// Reads a DQT segment (B.2.4.1): any number of tables with 8- or 16-bit steps in zig-zag order.
pub(super) fn define_quantisation(
    mut payload: &[u8],
    tables: &mut [Option<[u16; 64]>; 4],
) -> Result<(), JpegErrorKind> {
    let bad_length = JpegErrorKind::BadLength { marker: marker::DQT, length: payload.len() + 2 };
    while let [selector, rest @ ..] = payload {
        let bytes = match selector >> 4 {
            0 => 1,
            1 => 2,
            _ => {
                return Err(JpegErrorKind::TableSelector { selector: *selector });
            }
        };
        let slot = tables.get_mut(usize::from(selector & 15));
        let slot = slot.ok_or(JpegErrorKind::TableSelector { selector: *selector })?;
        let (steps, rest) = rest.split_at_checked(64 * bytes).ok_or(bad_length.clone())?;
        let mut table = [0u16; 64];
        for (step, &index) in steps.chunks_exact(bytes).zip(&NATURAL_ORDER) {
            let value = step.iter().fold(0, |value, &byte| value << 8 | u16::from(byte));
            if value == 0 {
                return Err(JpegErrorKind::ZeroQuantisationStep);
            }
            table[usize::from(index)] = value;
        }
        *slot = Some(table);
        payload = rest;
    }
    Ok(())
}

pub(super) fn steps_of(
    component: &FrameComponent,
    tables: &[Option<[u16; 64]>; 4],
) -> Result<[u16; 64], JpegErrorKind> {
    let number = component.quantisation_table;
    let steps = tables.get(usize::from(number)).copied().flatten();
    steps.ok_or(JpegErrorKind::MissingQuantisationTable { number })
}

/// Reads a DHT segment (B.2.4.2): any number of Huffman tables.
pub(super) fn define_huffman(mut payload: &[u8], scratch: &mut DecodeScratch) -> Result<(), JpegErrorKind> {
    let bad_length = JpegErrorKind::BadLength { marker: marker::DHT, length: payload.len() + 2 };
    while let [selector, rest @ ..] = payload {
        let slots = match selector >> 4 {
            0 => &mut scratch.dc,
            1 => &mut scratch.ac,
            _ => {
                return Err(JpegErrorKind::TableSelector { selector: *selector });
            }
        };
        let slot = slots.get_mut(usize::from(selector & 15));
        let slot = slot.ok_or(JpegErrorKind::TableSelector { selector: *selector })?;
        let (counts, rest) = rest.split_first_chunk::<16>().ok_or(bad_length.clone())?;
        let mut spec = HuffmanSpec { counts: *counts, ..HuffmanSpec::EMPTY };
        let (list, rest) = rest.split_at_checked(spec.total()).ok_or(bad_length.clone())?;
        let symbols = spec.symbols.get_mut(..list.len()).ok_or(JpegErrorKind::HuffmanTableOverfull)?;
        symbols.copy_from_slice(list);
        if selector >> 4 == 0
            && let Some(&category) = list.iter().find(|&&category| category > 15)
        {
            return Err(JpegErrorKind::DcCategory { category });
        }
        slot.define(&spec)?;
        payload = rest;
    }
    Ok(())
}
