//! Marker segments (ITU T.81 annex B): finding them, frame headers, application segments.

use crate::jpeg::decode_error::{JpegError, JpegErrorKind, Unsupported};
use crate::jpeg::icc::IccPieces;
use crate::jpeg::image::{Block, Colour, McuLayout};
use crate::jpeg::tables::marker;
use crate::raster::orientation;

/// The header of an image: everything before the first scan but tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegHeader {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the components mean, and how many there are.
    pub colour: Colour,
    /// Whether the coefficients come in several scans that refine each other.
    pub progressive: bool,
    /// The EXIF orientation, 1 to 8; none if it is missing or damaged.
    pub orientation: Option<u8>,
}

/// Reads a file up to its first scan, without decoding anything.
///
/// # Errors
/// The file is not a JPEG that [`super::decode`] supports, or is damaged before the first scan.
pub fn read_header(bytes: &[u8]) -> Result<JpegHeader, JpegError> {
    let mut segments = Segments::begin(bytes)?;
    let mut description = JpegDescription::default();
    loop {
        let (code, offset) = segments.next_marker()?;
        match code {
            marker::SOS => return description.header().map_err(|kind| kind.at(offset)),
            marker::EOI => return Err(JpegErrorKind::NoImage.at(offset)),
            _ => {
                let payload = segments.payload(code)?;
                description.add_segment(code, payload).map_err(|kind| kind.at(offset))?;
            }
        }
    }
}

/// A position among the marker segments of a file.
pub(super) struct Segments<'a> {
    /// The whole file.
    pub(super) bytes: &'a [u8],
    /// Offset of the next byte to read.
    pub(super) at: usize,
}

impl<'a> Segments<'a> {
    /// Starts after the SOI marker of a file.
    pub(super) fn begin(bytes: &'a [u8]) -> Result<Self, JpegError> {
        match bytes {
            [0xFF, marker::SOI, ..] => Ok(Self { bytes, at: 2 }),
            _ => Err(JpegErrorKind::NotJpeg.at(0)),
        }
    }

    /// The next marker's second byte, and its offset. Any number of FF may precede it (B.1.1.2).
    pub(super) fn next_marker(&mut self) -> Result<(u8, usize), JpegError> {
        let offset = self.at;
        match self.bytes.get(self.at) {
            None => return Err(JpegErrorKind::MissingEndOfImage.at(offset)),
            Some(0xFF) => {}
            Some(&found) => return Err(JpegErrorKind::MarkerExpected { found }.at(offset)),
        }
        while self.bytes.get(self.at) == Some(&0xFF) {
            self.at += 1;
        }
        let code = *self.bytes.get(self.at).ok_or(JpegErrorKind::MissingEndOfImage.at(self.at))?;
        self.at += 1;
        Ok((code, offset))
    }

    /// The payload of the segment whose marker was just read.
    ///
    /// Markers without payload are not allowed where this is called.
    pub(super) fn payload(&mut self, code: u8) -> Result<&'a [u8], JpegError> {
        let offset = self.at;
        if matches!(code, 0x00..=0xBF | marker::RST0..=marker::EOI) {
            return Err(JpegErrorKind::UnexpectedMarker { marker: code }.at(offset.saturating_sub(2)));
        }
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let length = match rest.first_chunk() {
            Some(length) => usize::from(u16::from_be_bytes(*length)),
            None => return Err(JpegErrorKind::Truncated.at(self.bytes.len())),
        };
        if length < 2 {
            return Err(JpegErrorKind::BadLength { marker: code, length }.at(offset));
        }
        let payload = rest.get(2..length).ok_or(JpegErrorKind::Truncated.at(self.bytes.len()))?;
        self.at += length;
        Ok(payload)
    }
}

/// One component of a frame header.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FrameComponent {
    pub(super) identifier: u8,
    pub(super) factors: (u8, u8),
    pub(super) quantisation_table: u8,
}

/// A supported frame header (B.2.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) size: (u32, u32),
    components: [FrameComponent; 3],
    count: usize,
}

impl Frame {
    /// The components, 1 or 3. A single one has sampling factors 1x1, whatever the file says (A.2.2).
    pub(super) fn components(&self) -> &[FrameComponent] {
        self.components.get(..self.count).unwrap_or_default()
    }

    /// How the frame divides into MCUs.
    pub(super) fn layout(&self) -> McuLayout {
        McuLayout::of::<Block>(self.size, self.components().iter().map(|component| component.factors))
    }

    /// Minimum bytes of entropy-coded data: per block one bit of DC code, and in sequential frames one of AC code.
    pub(super) fn min_bytes(&self) -> u64 {
        let layout = self.layout();
        let blocks = |component: &FrameComponent| {
            let (wide, high) = layout.own_blocks(component.factors);
            wide as u64 * high as u64
        };
        let bits = self.components().iter().map(blocks).sum::<u64>() * if self.progressive { 1 } else { 2 };
        bits.div_ceil(8)
    }

    fn parse(code: u8, payload: &[u8]) -> Result<Self, JpegErrorKind> {
        let bad_length = JpegErrorKind::BadLength { marker: code, length: payload.len() + 2 };
        let [precision, h1, h0, w1, w0, count, list @ ..] = payload else {
            return Err(bad_length);
        };
        if *precision != 8 {
            return Err(JpegErrorKind::Unsupported(Unsupported::Precision(*precision)));
        }
        let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
        let size = (u32::from(width), u32::from(height));
        if height == 0 && width > 0 {
            return Err(JpegErrorKind::Unsupported(Unsupported::NumberOfLinesLater));
        }
        if width == 0 {
            return Err(JpegErrorKind::ZeroDimension { width: size.0, height: size.1 });
        }
        if !matches!(count, 1 | 3) {
            return Err(JpegErrorKind::Unsupported(Unsupported::Components(*count)));
        }
        let count = usize::from(*count);
        if list.len() != 3 * count {
            return Err(bad_length);
        }
        let mut components = [FrameComponent::default(); 3];
        let (entries, _) = list.as_chunks::<3>();
        for (index, (&[identifier, sampling, table], to)) in entries.iter().zip(&mut components).enumerate() {
            let (horizontal, vertical) = (sampling >> 4, sampling & 15);
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
                return Err(JpegErrorKind::SamplingFactor { horizontal, vertical });
            }
            if entries.iter().take(index).any(|earlier| earlier[0] == identifier) {
                return Err(JpegErrorKind::DuplicateComponent { identifier });
            }
            if table > 3 {
                return Err(JpegErrorKind::TableSelector { selector: table });
            }
            let factors = if count == 1 { (1, 1) } else { (horizontal, vertical) };
            *to = FrameComponent { identifier, factors, quantisation_table: table };
        }
        Ok(Self { progressive: code == marker::SOF2, size, components, count })
    }
}

/// The contents of segments before the first scan, except coding tables.
#[derive(Default)]
pub(super) struct JpegDescription<'a> {
    pub(super) frame: Option<Frame>,
    pub(super) icc: IccPieces<'a>,
    jfif: bool,
    /// The transform byte of Adobe's APP14.
    adobe_transform: Option<u8>,
    exif_seen: bool,
    orientation: Option<u8>,
}

impl<'a> JpegDescription<'a> {
    /// Reads a segment. Damaged or unknown application segments count as absent.
    pub(super) fn add_segment(&mut self, code: u8, payload: &'a [u8]) -> Result<(), JpegErrorKind> {
        match code {
            marker::SOF0..=marker::SOF2 => {
                if self.frame.is_some() {
                    return Err(JpegErrorKind::SecondFrame);
                }
                self.frame = Some(Frame::parse(code, payload)?);
            }
            marker::APP0 => self.jfif |= payload.starts_with(b"JFIF\0") && payload.len() >= 14,
            marker::APP1 if !self.exif_seen && payload.starts_with(b"Exif\0") => {
                self.exif_seen = true;
                self.orientation = orientation::in_segment(payload);
            }
            marker::APP2 => self.icc.add(payload),
            marker::APP14 if payload.starts_with(b"Adobe") => {
                self.adobe_transform = payload.get(11).copied().or(self.adobe_transform);
            }
            marker::APP0..=marker::APP15 | marker::COM => {}
            marker::DQT | marker::DHT | marker::DRI => {}
            _ => return Err(refusal(code)),
        }
        Ok(())
    }

    /// The header, once a scan starts.
    pub(super) fn header(&self) -> Result<JpegHeader, JpegErrorKind> {
        let frame = self.frame.as_ref().ok_or(JpegErrorKind::ScanWithoutFrame)?;
        let (width, height) = frame.size;
        let (colour, progressive) = (self.colour(frame), frame.progressive);
        Ok(JpegHeader { width, height, colour, progressive, orientation: self.orientation })
    }

    /// The colour: JFIF means YCbCr, otherwise Adobe's marker decides, otherwise the component identifiers.
    ///
    /// The common decoders, and so all browsers, decide in this order. A tile must not change its colours in its
    /// parent.
    fn colour(&self, frame: &Frame) -> Colour {
        let &[first, second, third] = frame.components() else {
            return Colour::Grey;
        };
        let identifiers = [first.identifier, second.identifier, third.identifier];
        match (self.jfif, self.adobe_transform) {
            (true, _) => Colour::YCbCr,
            (false, Some(0)) => Colour::Rgb,
            (false, Some(_)) => Colour::YCbCr,
            (false, None) if identifiers == *b"RGB" => Colour::Rgb,
            (false, None) => Colour::YCbCr,
        }
    }
}

/// The error for a segment that may be neither read nor skipped.
fn refusal(code: u8) -> JpegErrorKind {
    let what = match code {
        marker::SOF3 | 0xCB => Unsupported::Lossless,
        0xC5..=0xC7 | 0xCD..=0xCF | marker::DHP | marker::EXP => Unsupported::Hierarchical,
        0xC9 | 0xCA | marker::DAC => Unsupported::ArithmeticCoding,
        marker::DNL => Unsupported::NumberOfLinesLater,
        _ => return JpegErrorKind::UnexpectedMarker { marker: code },
    };
    JpegErrorKind::Unsupported(what)
}
