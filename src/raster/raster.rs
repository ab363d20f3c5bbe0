//! A rectangle of pixels in memory.

use super::Sample;
use crate::geometry::{Rect, Size};

/// A rectangle of pixels with 1 to 4 channels.
///
/// It has `height` rows of `width` pixels of `channels` samples, row by row, channels interleaved, without gaps (the
/// stride is `width * channels` samples). Channels are 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 (red,
/// green, blue, alpha); alpha is not premultiplied. A single plane of a JPEG is a raster with one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster<S> {
    width: usize,
    height: usize,
    channels: usize,
    samples: Vec<S>,
}

impl<S: Sample> Raster<S> {
    /// A raster of zeros.
    #[must_use]
    pub fn new(width: usize, height: usize, channels: usize) -> Self {
        Self { width, height, channels, samples: vec![S::default(); width * height * channels] }
    }

    /// A raster of these samples; `None` if their number is not `width * height * channels`.
    #[must_use]
    pub fn from_samples(width: usize, height: usize, channels: usize, samples: Vec<S>) -> Option<Self> {
        let wanted = width.checked_mul(height)?.checked_mul(channels)?;
        (samples.len() == wanted).then_some(Self { width, height, channels, samples })
    }

    /// Changes the size and reuses the buffer. The samples are then unspecified.
    pub fn reshape(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.samples.resize(width * height * self.channels, S::default());
    }

    /// Pixels per row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples per pixel.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Whether the last channel is alpha (2 or 4 channels).
    #[must_use]
    pub fn has_alpha(&self) -> bool {
        self.channels.is_multiple_of(2)
    }

    /// All samples.
    #[must_use]
    pub fn samples(&self) -> &[S] {
        &self.samples
    }

    /// All samples, mutable.
    pub fn samples_mut(&mut self) -> &mut [S] {
        &mut self.samples
    }

    /// The samples of row `y`, none beyond the last.
    #[must_use]
    pub fn row(&self, y: usize) -> &[S] {
        let stride = self.width * self.channels;
        self.samples.get(y * stride..(y + 1) * stride).unwrap_or_default()
    }

    /// The samples of row `y`, mutable, none beyond the last.
    pub fn row_mut(&mut self, y: usize) -> &mut [S] {
        let stride = self.width * self.channels;
        self.samples.get_mut(y * stride..(y + 1) * stride).unwrap_or_default()
    }

    /// Copies `part` into this raster at (`x`, `y`), clipped at the edges. The channels must be the same.
    pub fn paste(&mut self, part: &Self, x: usize, y: usize) {
        debug_assert_eq!(self.channels, part.channels);
        let channels = self.channels;
        let width = part.width.min(self.width.saturating_sub(x)) * channels;
        for row in 0..part.height.min(self.height.saturating_sub(y)) {
            let target = &mut self.row_mut(y + row)[x * channels..][..width];
            target.copy_from_slice(&part.row(row)[..width]);
        }
    }

    /// The pixels of a rectangle, as far as they exist.
    #[must_use]
    pub fn part(&self, rect: Rect) -> Self {
        let clip = |start: u32, length: u32, side: usize| {
            let start = (start as usize).min(side);
            (start, (length as usize).min(side - start))
        };
        let (left, width) = clip(rect.x, rect.size.width, self.width);
        let (top, height) = clip(rect.y, rect.size.height, self.height);
        let mut samples = Vec::with_capacity(width * height * self.channels);
        for y in top..top + height {
            samples.extend_from_slice(&self.row(y)[left * self.channels..][..width * self.channels]);
        }
        Self { width, height, channels: self.channels, samples }
    }

    /// The `width` columns from `left` on, clipped at the right edge.
    #[must_use]
    pub fn columns(&self, left: usize, width: usize) -> Self {
        let size = Size::new(width as u32, self.height as u32);
        self.part(Rect { x: left as u32, y: 0, size })
    }

    /// Converts each sample.
    #[must_use]
    pub fn map<T: Sample>(&self, convert: impl Fn(S) -> T) -> Raster<T> {
        Raster {
            width: self.width,
            height: self.height,
            channels: self.channels,
            samples: self.samples.iter().map(|&sample| convert(sample)).collect(),
        }
    }

    /// The channels of the pixels beside luma.
    #[must_use]
    pub fn pixel_kind(&self) -> PixelKind {
        PixelKind { colour: self.channels > 2, alpha: self.has_alpha() }
    }

    /// The same picture with at least the channels of `kind`.
    ///
    /// Grey is repeated as red, green and blue; missing alpha is opaque. No channel is ever removed.
    #[must_use]
    pub fn widened(&self, kind: PixelKind) -> Self {
        let own = self.pixel_kind();
        let kind = kind.union(own);
        if kind == own {
            return self.clone();
        }
        let channels = kind.channels();
        let mut samples = Vec::with_capacity(self.width * self.height * channels);
        for pixel in self.samples.chunks_exact(self.channels) {
            match (kind.colour, own.colour) {
                (true, false) => samples.extend([pixel[0]; 3]),
                (true, true) => samples.extend_from_slice(&pixel[..3]),
                (false, _) => samples.push(pixel[0]),
            }
            if kind.alpha {
                samples.push(if own.alpha { pixel[self.channels - 1] } else { S::clamped(S::LARGEST) });
            }
        }
        Self { width: self.width, height: self.height, channels, samples }
    }
}

/// The channels of pixels beside luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelKind {
    /// Red, green and blue instead of grey.
    pub colour: bool,
    /// Alpha.
    pub alpha: bool,
}

impl PixelKind {
    /// Grey without alpha.
    pub const GREY: Self = Self { colour: false, alpha: false };
    /// Red, green and blue.
    pub const RGB: Self = Self { colour: true, alpha: false };
    /// Red, green, blue and alpha.
    pub const RGBA: Self = Self { colour: true, alpha: true };

    /// The channels of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { colour: self.colour || other.colour, alpha: self.alpha || other.alpha }
    }

    /// Number of channels, 1 to 4.
    #[must_use]
    pub fn channels(self) -> usize {
        (if self.colour { 3 } else { 1 }) + usize::from(self.alpha)
    }
}

/// Samples in the depth of their file.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 8 bits or fewer.
    Eight(Raster<u8>),
    /// 16 bits.
    Sixteen(Raster<u16>),
}

impl Samples {
    /// The pixels of a rectangle, as far as they exist.
    #[must_use]
    pub fn part(&self, rect: Rect) -> Self {
        match self {
            Self::Eight(raster) => Self::Eight(raster.part(rect)),
            Self::Sixteen(raster) => Self::Sixteen(raster.part(rect)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_repeats_grey_and_adds_opaque_alpha() {
        let grey = Raster::from_samples(2, 1, 1, vec![7u8, 9]).unwrap();
        assert_eq!(grey.widened(PixelKind::RGBA).samples(), [7, 7, 7, 255, 9, 9, 9, 255]);
        assert_eq!(grey.widened(PixelKind { colour: false, alpha: true }).samples(), [7, 255, 9, 255]);
        let grey_alpha = Raster::from_samples(1, 1, 2, vec![7u16, 3]).unwrap();
        assert_eq!(grey_alpha.widened(PixelKind::RGB).samples(), [7, 7, 7, 3]);
        let colour = Raster::from_samples(1, 1, 3, vec![1u16, 2, 3]).unwrap();
        assert_eq!(colour.widened(PixelKind { colour: false, alpha: true }).samples(), [1, 2, 3, 65535]);
    }

    #[test]
    fn pasting_clips_at_the_edges() {
        let mut target = Raster::<u8>::new(3, 2, 1);
        target.paste(&Raster::from_samples(2, 2, 1, vec![1, 2, 3, 4]).unwrap(), 2, 1);
        assert_eq!(target.samples(), [0, 0, 0, 0, 0, 1]);
        target.paste(&Raster::from_samples(1, 1, 1, vec![9]).unwrap(), 5, 5);
        assert_eq!(target.samples(), [0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn from_samples_checks_the_number_of_samples() {
        assert!(Raster::from_samples(2, 2, 3, vec![0u8; 11]).is_none());
        assert!(Raster::from_samples(usize::MAX, 2, 3, vec![0u8; 1]).is_none());
    }
}
