//! How base tiles are encoded, and the profile that they carry.

use crate::format::Quality;
use crate::jpeg::{self, Colour, OpenedJpeg, Requantisation, quantisation_tables};
use crate::png;
use crate::tile::Codec;
use std::sync::Arc;

/// The most pixels of a progressive tile that is decoded for its tables, which may come after its first scan.
const MAX_DECODED_PIXELS: u64 = 1 << 22;
/// The most blocks in an MCU (ITU T.81 B.2.3).
const MAX_MCU_BLOCKS: u8 = 10;

/// Quantisation steps and sampling of JPEG tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegEncoding {
    /// Steps of luma, row by row.
    pub(in crate::tile) luma: [u16; 64],
    /// Steps of chroma.
    pub(in crate::tile) chroma: [u16; 64],
    /// Pixels per chroma sample, horizontally and vertically.
    pub(in crate::tile) chroma_step: (u8, u8),
}

impl JpegEncoding {
    /// The steps of this quality.
    pub(in crate::tile) fn of_quality(quality: Quality, chroma_step: u8) -> Self {
        let (luma, chroma) = quantisation_tables(quality.get());
        Self { luma, chroma, chroma_step: (chroma_step, chroma_step) }
    }

    /// Steps of luma, row by row.
    #[must_use]
    pub fn luma(&self) -> &[u16; 64] {
        &self.luma
    }

    /// Whether there is one chroma sample per 2x2 pixels.
    #[must_use]
    pub fn halves_colour(&self) -> bool {
        self.chroma_step == (2, 2)
    }

    /// The requantisation to these steps.
    #[must_use]
    pub fn requantisation(&self) -> Requantisation {
        Requantisation::new(&self.luma, &self.chroma)
    }
}

/// How a stored tile is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredEncoding {
    /// Without loss.
    Lossless,
    /// As JPEG, with colour.
    Colour(JpegEncoding),
    /// As JPEG, without colour: only luma is known.
    Grey([u16; 64]),
}

/// How base tiles are encoded, and the profile that they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseStyle {
    /// Steps and sampling, of JPEG tiles.
    pub encoding: JpegEncoding,
    /// The ICC profile of all tiles.
    pub icc: Option<Arc<[u8]>>,
}

impl Codec {
    /// The encoding of this codec's quality.
    #[must_use]
    pub fn encoding(&self) -> JpegEncoding {
        JpegEncoding::of_quality(self.settings.quality, self.settings.chroma_step(Colour::YCbCr))
    }

    /// The encoding of colour tiles that goes with grey tiles of these steps: that of the quality with the nearest steps.
    #[must_use]
    pub fn encoding_for_grey(&self, luma: &[u16; 64]) -> JpegEncoding {
        let distance = |quality: &Quality| {
            let own = quantisation_tables(quality.get()).0;
            own.iter().zip(luma).map(|(own, step)| u64::from(own.abs_diff(*step))).sum::<u64>()
        };
        let nearest = (1..=100).filter_map(Quality::new).min_by_key(distance).unwrap_or_default();
        let chroma_step = self.settings.with_quality(nearest).chroma_step(Colour::YCbCr);
        JpegEncoding { luma: *luma, ..JpegEncoding::of_quality(nearest, chroma_step) }
    }
}

/// How a stored tile is encoded, and its profile; none if it cannot be read. Pixels are not decoded.
#[must_use]
pub fn stored_style(bytes: &[u8]) -> Option<(StoredEncoding, Option<Arc<[u8]>>)> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return Some((StoredEncoding::Lossless, png::read_profile(bytes)?));
    }
    let opened = jpeg::open(bytes, None).ok()?;
    let header = *opened.header();
    let icc = opened.icc().cloned();
    let components: Vec<([u16; 64], (u8, u8))> = match opened {
        OpenedJpeg::OneScan(bands) => bands.components().collect(),
        OpenedJpeg::SeveralScans(_) if u64::from(header.width) * u64::from(header.height) > MAX_DECODED_PIXELS => {
            return None;
        }
        OpenedJpeg::SeveralScans(_) => {
            let image = jpeg::decode(bytes, None, &mut jpeg::DecodeScratch::default()).ok()?;
            let of = |component: &jpeg::Component| (component.quantisation, (component.horizontal, component.vertical));
            image.components.iter().map(of).collect()
        }
    };
    let encoding = match *components.as_slice() {
        [(luma, _)] => StoredEncoding::Grey(baseline(luma)),
        [(luma, large), (chroma, small), ..] => StoredEncoding::Colour(JpegEncoding {
            luma: baseline(luma),
            chroma: baseline(chroma),
            chroma_step: chroma_step(large, small),
        }),
        [] => return None,
    };
    Some((encoding, icc))
}

/// Steps as a baseline file can have them.
pub(in crate::tile) fn baseline(steps: [u16; 64]) -> [u16; 64] {
    steps.map(|step| step.clamp(1, 255))
}

/// Pixels per chroma sample for these sampling factors of luma and chroma; 2x2 for odd ones, which nobody generates.
fn chroma_step(luma: (u8, u8), chroma: (u8, u8)) -> (u8, u8) {
    let ratio = |luma: u8, chroma: u8| (chroma > 0 && luma.is_multiple_of(chroma)).then(|| luma / chroma);
    match (ratio(luma.0, chroma.0), ratio(luma.1, chroma.1)) {
        (Some(wide), Some(high)) if wide > 0 && high > 0 && wide * high + 2 <= MAX_MCU_BLOCKS => (wide, high),
        _ => (2, 2),
    }
}
