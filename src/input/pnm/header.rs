//! Headers of PNM files: P1 to P6 according to pbm(5), pgm(5) and ppm(5), P7 according to pam(5).

use super::text::TextReader;
use crate::geometry::{MAX_SIDE, Size};
use crate::input::{Depth, PictureError};
use crate::text::excerpt;
use std::io::BufRead;

/// The most bytes of a line in a P7 header, and of its tuple type.
const MAX_LINE_BYTES: usize = 1000;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// P1: one digit per pixel, 1 is black.
    Digits,
    /// P2 and P3: decimal numbers.
    Numbers,
    /// P4: one bit per pixel, 1 is black. Each row begins at a byte.
    Bits,
    /// P5, P6 and P7 with a maximum up to 255: one byte per sample.
    Bytes,
    /// P5, P6 and P7 with a larger maximum: two bytes per sample, big-endian.
    Words,
}

/// The contents of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PnmHeader {
    pub(super) coding: Coding,
    pub(super) size: Size,
    pub(super) channels: usize,
    /// The value of white or opaque samples, 1 to 65535.
    pub(super) max_sample: u16,
}

impl PnmHeader {
    /// Reads a header and the separator after it.
    pub(super) fn read(text: &mut TextReader<'_, impl BufRead>) -> Result<Self, PictureError> {
        let magic = (text.byte()?, text.byte()?);
        let (coding, channels) = match magic {
            (Some(b'P'), Some(b'1')) => (Coding::Digits, 1),
            (Some(b'P'), Some(b'2')) => (Coding::Numbers, 1),
            (Some(b'P'), Some(b'3')) => (Coding::Numbers, 3),
            (Some(b'P'), Some(b'4')) => (Coding::Bits, 1),
            (Some(b'P'), Some(b'5')) => (Coding::Bytes, 1),
            (Some(b'P'), Some(b'6')) => (Coding::Bytes, 3),
            (Some(b'P'), Some(b'7')) => return read_pam(text),
            _ => return Err(damaged("does not begin with P1 to P7")),
        };
        let (width, height) = (number(text, "width")?, number(text, "height")?);
        let max_sample = match coding {
            Coding::Digits | Coding::Bits => 1,
            _ => number(text, "maximum")?,
        };
        Self::checked(coding, width, height, channels, max_sample)
    }

    fn checked(
        coding: Coding,
        width: u64,
        height: u64,
        channels: usize,
        max_sample: u64,
    ) -> Result<Self, PictureError> {
        let side = |side: u64| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
        let (Some(across), Some(down)) = (side(width), side(height)) else {
            return Err(PictureError::Side { width, height, max: MAX_SIDE.into() });
        };
        let Some(max_sample) = u16::try_from(max_sample).ok().filter(|&max| max > 0) else {
            return Err(damaged(&format!("the maximum is {max_sample}; it must be 1 to {}", u16::MAX)));
        };
        let coding = if coding == Coding::Bytes && max_sample > 255 { Coding::Words } else { coding };
        Ok(Self { coding, size: Size::new(across, down), channels, max_sample })
    }

    /// The depth of the rows delivered.
    pub(super) fn depth(&self) -> Depth {
        if self.max_sample > 255 { Depth::Sixteen } else { Depth::Eight }
    }

    /// The fewest bytes that the samples can take.
    pub(super) fn min_sample_bytes(&self) -> u64 {
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        let samples = width.saturating_mul(height).saturating_mul(self.channels as u64);
        match self.coding {
            Coding::Digits | Coding::Bytes => samples,
            // Numbers of one digit, with a separator between each two.
            Coding::Numbers => samples.saturating_mul(2) - 1,
            Coding::Bits => width.div_ceil(8).saturating_mul(height),
            Coding::Words => samples.saturating_mul(2),
        }
    }
}

fn damaged(problem: &str) -> PictureError {
    PictureError::Damaged(format!("the header: {problem}"))
}

fn number(text: &mut TextReader<'_, impl BufRead>, name: &str) -> Result<u64, PictureError> {
    text.number()?.map_err(|found| damaged(&format!("{found} instead of the {name}")))
}

/// The properties in a P7 header, as far as they have been read.
#[derive(Default)]
struct PamProperties {
    width: Option<u64>,
    height: Option<u64>,
    depth: Option<u64>,
    max_sample: Option<u64>,
    tuple_type: String,
}

/// Reads a P7 header after its first two bytes: one line per property, in any order.
fn read_pam(text: &mut TextReader<'_, impl BufRead>) -> Result<PnmHeader, PictureError> {
    let mut properties = PamProperties::default();
    loop {
        let Some(line) = text.line(MAX_LINE_BYTES)? else {
            return Err(damaged("a line is too long, or ENDHDR is missing"));
        };
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_ascii();
        match line {
            "ENDHDR" => break,
            comment if comment.is_empty() || comment.starts_with('#') => {}
            _ => properties.add(line)?,
        }
    }
    let required = |value: Option<u64>, name| value.ok_or_else(|| damaged(&format!("{name} is missing")));
    let (width, height) = (required(properties.width, "WIDTH")?, required(properties.height, "HEIGHT")?);
    let (depth, max_sample) = (required(properties.depth, "DEPTH")?, required(properties.max_sample, "MAXVAL")?);
    PnmHeader::checked(Coding::Bytes, width, height, channels(&properties.tuple_type, depth)?, max_sample)
}

impl PamProperties {
    fn add(&mut self, line: &str) -> Result<(), PictureError> {
        let unknown = || damaged(&format!("unknown line '{}'", excerpt(line)));
        let (name, value) = line.split_once(|space: char| space.is_ascii_whitespace()).unwrap_or((line, ""));
        let value = value.trim_ascii();
        let property = match name {
            "WIDTH" => &mut self.width,
            "HEIGHT" => &mut self.height,
            "DEPTH" => &mut self.depth,
            "MAXVAL" => &mut self.max_sample,
            "TUPLTYPE" => {
                // pam(5) joins several such lines; no known tuple type needs that.
                if self.tuple_type.len() < MAX_LINE_BYTES {
                    self.tuple_type = format!("{} {value}", self.tuple_type).trim_ascii().to_owned();
                }
                return Ok(());
            }
            _ => return Err(unknown()),
        };
        *property = Some(value.parse().map_err(|_| unknown())?);
        Ok(())
    }
}

/// The channels of a P7's tuple type. Without one, the depth decides, as in other programs.
fn channels(tuple_type: &str, depth: u64) -> Result<usize, PictureError> {
    match (tuple_type, depth) {
        ("BLACKANDWHITE" | "GRAYSCALE" | "", 1) => Ok(1),
        ("BLACKANDWHITE_ALPHA" | "GRAYSCALE_ALPHA" | "", 2) => Ok(2),
        ("RGB" | "", 3) => Ok(3),
        ("RGB_ALPHA" | "", 4) => Ok(4),
        _ => {
            let tuple_type = if tuple_type.is_empty() {
                "no tuple type".into()
            } else {
                format!("tuple type {}", excerpt(tuple_type))
            };
            Err(PictureError::Unsupported(format!(
                "PAM with {tuple_type} and {depth} channels; supported are BLACKANDWHITE, GRAYSCALE and RGB, with or \
                 without _ALPHA"
            )))
        }
    }
}
