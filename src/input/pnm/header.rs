//! Headers of PNM files: P1 to P6 as pbm(5), pgm(5) and ppm(5) tell it, P7 as pam(5) does.

use super::text::Text;
use crate::geometry::{MAX_SIDE, Size};
use crate::input::{Depth, PictureError};
use std::io::BufRead;

/// The longest line of a P7 header.
const LONGEST_LINE: usize = 1000;
/// The largest sample that a file can have.
const LARGEST: u64 = 65535;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// P1: a digit a pixel, 1 is black.
    Digits,
    /// P2 and P3: decimal numbers.
    Numbers,
    /// P4: a bit a pixel, 1 is black; rows begin at a byte.
    Bits,
    /// P5, P6 and P7 up to a maximum of 255: a byte a sample.
    Bytes,
    /// P5, P6 and P7 over a maximum of 255: two bytes a sample, big-endian.
    Words,
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) coding: Coding,
    pub(super) size: Size,
    pub(super) channels: usize,
    /// The sample that is white or opaque, 1 to 65535.
    pub(super) most: u16,
}

impl Header {
    /// Reads a header and what separates it from the samples.
    pub(super) fn read(text: &mut Text<'_, impl BufRead>) -> Result<Self, PictureError> {
        let magic = (text.byte()?, text.byte()?);
        let (coding, channels) = match magic {
            (Some(b'P'), Some(b'1')) => (Coding::Digits, 1),
            (Some(b'P'), Some(b'2')) => (Coding::Numbers, 1),
            (Some(b'P'), Some(b'3')) => (Coding::Numbers, 3),
            (Some(b'P'), Some(b'4')) => (Coding::Bits, 1),
            (Some(b'P'), Some(b'5')) => (Coding::Bytes, 1),
            (Some(b'P'), Some(b'6')) => (Coding::Bytes, 3),
            (Some(b'P'), Some(b'7')) => return arbitrary(text),
            _ => return Err(PictureError::Damaged("it does not begin with P1 to P7".into())),
        };
        let (width, height) = (number(text, "width")?, number(text, "height")?);
        let most = match coding {
            Coding::Digits | Coding::Bits => 1,
            _ => number(text, "maximum")?,
        };
        Self::checked(coding, width, height, channels, most)
    }

    fn checked(coding: Coding, width: u64, height: u64, channels: usize, most: u64) -> Result<Self, PictureError> {
        let side = |side: u64| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
        let (Some(across), Some(down)) = (side(width), side(height)) else {
            return Err(PictureError::Side { width, height, most: MAX_SIDE.into() });
        };
        let Some(most) = u16::try_from(most).ok().filter(|&most| most > 0) else {
            return Err(PictureError::Damaged(format!("its largest sample is {most}; it can be 1 to {LARGEST}")));
        };
        let coding = if coding == Coding::Bytes && most > 255 { Coding::Words } else { coding };
        Ok(Self { coding, size: Size::new(across, down), channels, most })
    }

    /// The depth that the rows are delivered in.
    pub(super) fn depth(&self) -> Depth {
        if self.most > 255 { Depth::Sixteen } else { Depth::Eight }
    }

    /// The least bytes that the samples take.
    pub(super) fn least(&self) -> u64 {
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        let samples = width.saturating_mul(height).saturating_mul(self.channels as u64);
        match self.coding {
            Coding::Digits | Coding::Bytes => samples,
            // With something between each two.
            Coding::Numbers => samples.saturating_mul(2) - 1,
            Coding::Bits => width.div_ceil(8).saturating_mul(height),
            Coding::Words => samples.saturating_mul(2),
        }
    }
}

fn number(text: &mut Text<'_, impl BufRead>, what: &str) -> Result<u64, PictureError> {
    let found = text.number()?;
    found.map_err(|wrong| PictureError::Damaged(format!("its header has {wrong} where the {what} should be")))
}

/// P7: a line for each property, in any order.
fn arbitrary(text: &mut Text<'_, impl BufRead>) -> Result<Header, PictureError> {
    let (mut width, mut height, mut depth, mut most) = (None, None, None, None);
    let mut kind = String::new();
    let wrong = |line: &str| {
        PictureError::Damaged(format!(
            "its header has the line '{}', which is not understood",
            crate::text::quoted(line)
        ))
    };
    loop {
        let Some(line) = text.line(LONGEST_LINE)? else {
            return Err(PictureError::Damaged("its header has a line too long, or no ENDHDR".into()));
        };
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once(|space: char| space.is_ascii_whitespace()).unwrap_or((line, ""));
        let value = value.trim_ascii();
        let place = match name {
            "ENDHDR" => break,
            "WIDTH" => &mut width,
            "HEIGHT" => &mut height,
            "DEPTH" => &mut depth,
            "MAXVAL" => &mut most,
            "TUPLTYPE" => {
                // The format has several such lines joined; no kind that is known needs that.
                if kind.len() < LONGEST_LINE {
                    kind = format!("{kind} {value}").trim_ascii().to_owned();
                }
                continue;
            }
            _ => return Err(wrong(line)),
        };
        *place = Some(value.parse::<u64>().map_err(|_| wrong(line))?);
    }
    let missing = |name| PictureError::Damaged(format!("its header has no {name}"));
    let width = width.ok_or_else(|| missing("WIDTH"))?;
    let height = height.ok_or_else(|| missing("HEIGHT"))?;
    let depth = depth.ok_or_else(|| missing("DEPTH"))?;
    let most = most.ok_or_else(|| missing("MAXVAL"))?;
    Header::checked(Coding::Bytes, width, height, channels(&kind, depth)?, most)
}

/// The channels of a P7's kind. Without one, the depth tells what is meant, as other programs take it too.
fn channels(kind: &str, depth: u64) -> Result<usize, PictureError> {
    let channels = match (kind, depth) {
        ("BLACKANDWHITE" | "GRAYSCALE" | "", 1) => 1,
        ("BLACKANDWHITE_ALPHA" | "GRAYSCALE_ALPHA" | "", 2) => 2,
        ("RGB" | "", 3) => 3,
        ("RGB_ALPHA" | "", 4) => 4,
        _ => {
            let kind = if kind.is_empty() { "no kind" } else { &crate::text::quoted(kind) };
            return Err(PictureError::Unsupported(format!(
                "it is a PAM of {kind} with {depth} channels; known are BLACKANDWHITE, GRAYSCALE and RGB, with or \
                 without _ALPHA"
            )));
        }
    };
    Ok(channels)
}
