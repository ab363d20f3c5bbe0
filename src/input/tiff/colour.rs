//! Rows of stored samples to rows of grey or RGB, with or without alpha.

use super::samples::{Stored, accumulate};
use crate::raster::ycbcr;

/// What the first samples of a pixel mean.
#[derive(Debug, Clone)]
pub(super) enum Colour {
    /// One sample of grey; `inverted` where 0 is white.
    Grey {
        /// Whether 0 is white.
        inverted: bool,
    },
    /// Red, green, blue.
    Rgb,
    /// An index to these.
    Palette(Box<[[u8; 3]; 256]>),
    /// Amounts of cyan, magenta, yellow and black.
    Cmyk,
    /// Luma and two colour differences, all for each pixel.
    YCbCr,
}

impl Colour {
    /// Samples that it takes.
    pub(super) fn samples(&self) -> usize {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The sample that is alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Its place in the pixel.
    pub(super) sample: usize,
    /// Whether the colours were multiplied by it.
    pub(super) associated: bool,
}

/// How the samples of an image are stored.
#[derive(Debug, Clone)]
pub(super) struct Format {
    /// Whether the most significant byte comes first.
    pub(super) big_endian: bool,
    /// Bits of a sample: 1, 2, 4, 8 or 16.
    pub(super) bits: u8,
    /// Samples of a pixel.
    pub(super) samples: usize,
    /// Whether each sample has strips or tiles of its own.
    pub(super) planar: bool,
    /// Whether the differences to the pixel on the left are stored.
    pub(super) predictor: bool,
    pub(super) colour: Colour,
    pub(super) alpha: Option<Alpha>,
}

/// Buffers for the conversion of a row.
#[derive(Debug, Default)]
pub(super) struct Lines<S> {
    /// Samples as stored, plane by plane or pixel by pixel.
    stored: Vec<S>,
    /// Samples of planes, put together pixel by pixel.
    joined: Vec<S>,
}

impl Format {
    /// Samples of a pixel as it is delivered.
    pub(super) fn channels(&self) -> usize {
        let colours = if matches!(self.colour, Colour::Grey { .. }) { 1 } else { 3 };
        colours + usize::from(self.alpha.is_some())
    }

    /// The first samples of a pixel, behind which none is needed.
    pub(super) fn used_samples(&self) -> usize {
        self.alpha.map_or(0, |alpha| alpha.sample + 1).max(self.colour.samples())
    }

    /// Whether pixels are delivered as they are stored, but for byte order and differences.
    fn is_plain(&self) -> bool {
        let straight = self.alpha.is_none_or(|alpha| !alpha.associated && alpha.sample + 1 == self.samples);
        let as_is = matches!(self.colour, Colour::Rgb | Colour::Grey { inverted: false });
        self.bits >= 8 && as_is && straight && self.samples == self.channels()
    }

    /// Converts a row of pixels, stored one after the other in `bytes`, which may go on beyond those of `out`.
    pub(super) fn convert_pixels<S: Stored>(&self, bytes: &[u8], out: &mut [S], lines: &mut Lines<S>) {
        if self.is_plain() {
            S::unpack(bytes, self.bits, self.big_endian, out);
            if self.predictor {
                accumulate(out, self.samples);
            }
            return;
        }
        let line = &mut lines.stored;
        line.resize(out.len() / self.channels() * self.samples, S::default());
        S::unpack(bytes, self.bits, self.big_endian, line);
        if self.predictor {
            accumulate(line, self.samples);
        }
        self.convert(line, self.samples, out);
    }

    /// Converts a row of pixels whose samples are stored in planes, of which `planes` holds the row's bytes.
    pub(super) fn convert_planes<'a, S: Stored>(
        &self,
        planes: impl ExactSizeIterator<Item = &'a [u8]>,
        out: &mut [S],
        lines: &mut Lines<S>,
    ) {
        let (width, count) = (out.len() / self.channels(), planes.len());
        lines.stored.resize(width * count, S::default());
        for (line, bytes) in lines.stored.chunks_exact_mut(width.max(1)).zip(planes) {
            S::unpack(bytes, self.bits, self.big_endian, line);
            if self.predictor {
                accumulate(line, 1);
            }
        }
        match &self.colour {
            Colour::Rgb if self.alpha.is_none() && self.bits >= 8 => join(three(&lines.stored, width), out),
            Colour::YCbCr if self.alpha.is_none() => S::from_ycbcr(three(&lines.stored, width), out),
            _ => {
                lines.joined.resize(width * count, S::default());
                for (index, line) in lines.stored.chunks_exact(width.max(1)).enumerate() {
                    let to = lines.joined.iter_mut().skip(index).step_by(count);
                    to.zip(line).for_each(|(to, sample)| *to = *sample);
                }
                self.convert(&lines.joined, count, out);
            }
        }
    }

    /// Converts pixels of `samples` samples each.
    fn convert<S: Stored>(&self, line: &[S], samples: usize, out: &mut [S]) {
        let channels = self.channels();
        // Fewer than 8 bits are spread over the whole range.
        let factor = if self.bits < 8 { 255 / ((1 << self.bits) - 1) } else { 1 };
        let scaled = |sample: S| S::clamped(sample.into() * factor);
        let inverse = |sample: S| S::clamped(S::LARGEST - (sample.into() * factor).min(S::LARGEST));
        let pixels = line.chunks_exact(samples).zip(out.chunks_exact_mut(channels));
        match &self.colour {
            Colour::Grey { inverted: true } => pixels.for_each(|(from, to)| to[0] = inverse(from[0])),
            Colour::Grey { inverted: false } => pixels.for_each(|(from, to)| to[0] = scaled(from[0])),
            Colour::Rgb => pixels.for_each(|(from, to)| (0..3).for_each(|index| to[index] = scaled(from[index]))),
            Colour::Palette(palette) => pixels.for_each(|(from, to)| {
                let colour = palette.get(from[0].into() as usize).copied().unwrap_or_default();
                (0..3).for_each(|index| to[index] = S::clamped(colour[index].into()));
            }),
            Colour::Cmyk => pixels.for_each(|(from, to)| {
                let ink = |index: usize| S::LARGEST - scaled(from[index]).into();
                (0..3).for_each(|index| to[index] = S::clamped((ink(index) * ink(3) + S::LARGEST / 2) / S::LARGEST));
            }),
            Colour::YCbCr => pixels.for_each(|(from, to)| {
                let rgb = ycbcr::to_rgb([0, 1, 2].map(|index| from[index].into() as u8));
                (0..3).for_each(|index| to[index] = S::clamped(rgb[index].into()));
            }),
        }
        let Some(alpha) = self.alpha else {
            return;
        };
        for (from, to) in line.chunks_exact(samples).zip(out.chunks_exact_mut(channels)) {
            let (colours, last) = to.split_at_mut(channels - 1);
            last[0] = scaled(from[alpha.sample]);
            if alpha.associated {
                let opacity = last[0].into();
                let divided = |sample: S| (sample.into() * S::LARGEST + opacity / 2).checked_div(opacity).unwrap_or(0);
                colours.iter_mut().for_each(|sample| *sample = S::clamped(divided(*sample)));
            }
        }
    }
}

/// Three planes of so many samples, one after the other.
fn three<S>(planes: &[S], width: usize) -> [&[S]; 3] {
    let part = |index: usize| planes.get(index * width..(index + 1) * width).unwrap_or_default();
    [part(0), part(1), part(2)]
}

/// Puts three planes together, pixel by pixel.
fn join<S: Stored>([first, second, third]: [&[S]; 3], out: &mut [S]) {
    for (pixel, ((&a, &b), &c)) in out.as_chunks_mut::<3>().0.iter_mut().zip(first.iter().zip(second).zip(third)) {
        *pixel = [a, b, c];
    }
}
