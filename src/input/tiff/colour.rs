//! Rows of stored samples to rows of grey or RGB, with or without alpha.

use super::samples::{StoredSample, accumulate};
use crate::raster::ycbcr;

/// The meaning of the first samples of a pixel.
#[derive(Debug, Clone)]
pub(super) enum Photometric {
    /// One sample of grey.
    Grey {
        /// Whether 0 is white.
        inverted: bool,
    },
    /// Red, green, blue.
    Rgb,
    /// An index to these colours.
    Palette(Box<[[u8; 3]; 256]>),
    /// Amounts of cyan, magenta, yellow and black.
    Cmyk,
    /// Luma and two colour differences for each pixel.
    YCbCr,
}

impl Photometric {
    /// The number of samples.
    pub(super) fn samples(&self) -> usize {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The alpha of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Index of the sample.
    pub(super) sample: usize,
    /// Whether the colours are premultiplied by it ("associated").
    pub(super) associated: bool,
}

/// How the samples of an image are stored.
#[derive(Debug, Clone)]
pub(super) struct PixelFormat {
    /// Whether the most significant byte comes first.
    pub(super) big_endian: bool,
    /// Bits per sample: 1, 2, 4, 8 or 16.
    pub(super) bits: u8,
    /// Samples per pixel.
    pub(super) samples: usize,
    /// Whether each sample has strips or tiles of its own.
    pub(super) planar: bool,
    /// Whether differences to the pixel on the left are stored.
    pub(super) predictor: bool,
    pub(super) colour: Photometric,
    pub(super) alpha: Option<Alpha>,
}

/// Buffers for the conversion of one row.
#[derive(Debug, Default)]
pub(super) struct RowBuffers<S> {
    /// Samples as stored, plane by plane or pixel by pixel.
    stored: Vec<S>,
    /// Samples of planes, interleaved.
    interleaved: Vec<S>,
}

impl PixelFormat {
    /// Channels delivered per pixel.
    pub(super) fn channels(&self) -> usize {
        let colours = if matches!(self.colour, Photometric::Grey { .. }) { 1 } else { 3 };
        colours + usize::from(self.alpha.is_some())
    }

    /// The number of samples up to the last one needed.
    pub(super) fn used_samples(&self) -> usize {
        self.alpha.map_or(0, |alpha| alpha.sample + 1).max(self.colour.samples())
    }

    /// Whether pixels are delivered as stored, except for byte order and differences.
    fn is_plain(&self) -> bool {
        let straight = self.alpha.is_none_or(|alpha| !alpha.associated && alpha.sample + 1 == self.samples);
        let same_colour = matches!(self.colour, Photometric::Rgb | Photometric::Grey { inverted: false });
        self.bits >= 8 && same_colour && straight && self.samples == self.channels()
    }

    /// Converts a row of interleaved pixels. `bytes` may continue beyond the pixels of `out`.
    pub(super) fn convert_pixels<S: StoredSample>(&self, bytes: &[u8], out: &mut [S], buffers: &mut RowBuffers<S>) {
        if self.is_plain() {
            S::unpack(bytes, self.bits, self.big_endian, out);
            if self.predictor {
                accumulate(out, self.samples);
            }
            return;
        }
        let row = &mut buffers.stored;
        row.resize(out.len() / self.channels() * self.samples, S::default());
        S::unpack(bytes, self.bits, self.big_endian, row);
        if self.predictor {
            accumulate(row, self.samples);
        }
        self.convert(row, self.samples, out);
    }

    /// Converts a row of pixels stored in planes. Each of `planes` begins with the row's bytes.
    pub(super) fn convert_planes<'a, S: StoredSample>(
        &self,
        planes: impl ExactSizeIterator<Item = &'a [u8]>,
        out: &mut [S],
        buffers: &mut RowBuffers<S>,
    ) {
        let (width, count) = (out.len() / self.channels(), planes.len());
        buffers.stored.resize(width * count, S::default());
        for (row, bytes) in buffers.stored.chunks_exact_mut(width.max(1)).zip(planes) {
            S::unpack(bytes, self.bits, self.big_endian, row);
            if self.predictor {
                accumulate(row, 1);
            }
        }
        match &self.colour {
            Photometric::Rgb if self.alpha.is_none() && self.bits >= 8 => {
                interleave(split_planes(&buffers.stored, width), out);
            }
            Photometric::YCbCr if self.alpha.is_none() => S::from_ycbcr(split_planes(&buffers.stored, width), out),
            _ => {
                buffers.interleaved.resize(width * count, S::default());
                for (index, row) in buffers.stored.chunks_exact(width.max(1)).enumerate() {
                    let to = buffers.interleaved.iter_mut().skip(index).step_by(count);
                    to.zip(row).for_each(|(to, sample)| *to = *sample);
                }
                self.convert(&buffers.interleaved, count, out);
            }
        }
    }

    /// Converts pixels of `samples` samples each.
    fn convert<S: StoredSample>(&self, row: &[S], samples: usize, out: &mut [S]) {
        self.convert_colours(row, samples, out);
        if let Some(alpha) = self.alpha {
            self.convert_alpha(alpha, row, samples, out);
        }
    }

    /// Scales a sample of fewer than 8 bits to the whole range.
    fn scaled<S: StoredSample>(&self, sample: S) -> S {
        let factor = if self.bits < 8 { 255 / ((1 << self.bits) - 1) } else { 1 };
        S::clamped(sample.into() * factor)
    }

    fn convert_colours<S: StoredSample>(&self, row: &[S], samples: usize, out: &mut [S]) {
        let inverse = |sample: S| S::clamped(S::LARGEST - self.scaled(sample).into());
        let pixels = row.chunks_exact(samples).zip(out.chunks_exact_mut(self.channels()));
        match &self.colour {
            Photometric::Grey { inverted: true } => pixels.for_each(|(from, to)| to[0] = inverse(from[0])),
            Photometric::Grey { inverted: false } => pixels.for_each(|(from, to)| to[0] = self.scaled(from[0])),
            Photometric::Rgb => {
                pixels.for_each(|(from, to)| (0..3).for_each(|index| to[index] = self.scaled(from[index])));
            }
            Photometric::Palette(palette) => pixels.for_each(|(from, to)| {
                let colour = palette.get(from[0].into() as usize).copied().unwrap_or_default();
                (0..3).for_each(|index| to[index] = S::clamped(colour[index].into()));
            }),
            Photometric::Cmyk => pixels.for_each(|(from, to)| {
                let light = |index: usize| inverse(from[index]).into();
                let times_black = |light: u32| (light * inverse(from[3]).into() + S::LARGEST / 2) / S::LARGEST;
                (0..3).for_each(|index| to[index] = S::clamped(times_black(light(index))));
            }),
            Photometric::YCbCr => pixels.for_each(|(from, to)| {
                let rgb = ycbcr::to_rgb([0, 1, 2].map(|index| from[index].into() as u8));
                (0..3).for_each(|index| to[index] = S::clamped(rgb[index].into()));
            }),
        }
    }

    /// Sets the last channel, and divides colours by it if they are premultiplied.
    fn convert_alpha<S: StoredSample>(&self, alpha: Alpha, row: &[S], samples: usize, out: &mut [S]) {
        let channels = self.channels();
        for (from, to) in row.chunks_exact(samples).zip(out.chunks_exact_mut(channels)) {
            let (colours, last) = to.split_at_mut(channels - 1);
            last[0] = self.scaled(from[alpha.sample]);
            if alpha.associated {
                let opacity = last[0].into();
                let divided = |sample: S| (sample.into() * S::LARGEST + opacity / 2).checked_div(opacity).unwrap_or(0);
                colours.iter_mut().for_each(|sample| *sample = S::clamped(divided(*sample)));
            }
        }
    }
}

/// Three planes of `width` samples, stored one after the other.
fn split_planes<S>(planes: &[S], width: usize) -> [&[S]; 3] {
    let plane = |index: usize| planes.get(index * width..(index + 1) * width).unwrap_or_default();
    [plane(0), plane(1), plane(2)]
}

/// Interleaves three planes, pixel by pixel.
fn interleave<S: StoredSample>([first, second, third]: [&[S]; 3], out: &mut [S]) {
    for (pixel, ((&a, &b), &c)) in out.as_chunks_mut::<3>().0.iter_mut().zip(first.iter().zip(second).zip(third)) {
        *pixel = [a, b, c];
    }
}
