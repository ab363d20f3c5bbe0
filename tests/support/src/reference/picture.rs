//! A picture in memory, of any kind that tiles can have.

/// The channels and depth of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Red, green and blue rather than grey.
    pub colour: bool,
    /// A last channel that says how opaque a pixel is.
    pub alpha: bool,
    /// Samples up to 65535 rather than 255.
    pub sixteen: bool,
}

impl Kind {
    /// All eight kinds.
    pub fn all() -> Vec<Kind> {
        let mut kinds = Vec::new();
        for colour in [false, true] {
            for alpha in [false, true] {
                for sixteen in [false, true] {
                    kinds.push(Kind { colour, alpha, sixteen });
                }
            }
        }
        kinds
    }

    /// Samples in a pixel, alpha included.
    pub fn channels(self) -> usize {
        self.colours() + usize::from(self.alpha)
    }

    /// Samples in a pixel, alpha left out.
    pub fn colours(self) -> usize {
        if self.colour { 3 } else { 1 }
    }

    /// The largest sample.
    pub fn largest(self) -> u16 {
        if self.sixteen { 65535 } else { 255 }
    }

    /// The kind that can hold both.
    pub fn widest(self, other: Kind) -> Kind {
        Kind {
            colour: self.colour || other.colour,
            alpha: self.alpha || other.alpha,
            sixteen: self.sixteen || other.sixteen,
        }
    }
}

/// A picture with all its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Red, green and blue rather than grey.
    pub colour: bool,
    /// A last channel that says how opaque a pixel is.
    pub alpha: bool,
    /// Samples up to 65535 rather than 255.
    pub sixteen: bool,
    /// Line after line from the top, each pixel's 1, 2, 3 or 4 samples together.
    pub samples: Vec<u16>,
}

/// Without the samples, so that a failed comparison can be read.
impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}x{} {:?}", self.width, self.height, self.kind())
    }
}

impl Picture {
    /// A picture in which all samples are 0.
    pub fn new(width: usize, height: usize, kind: Kind) -> Picture {
        Picture {
            width,
            height,
            colour: kind.colour,
            alpha: kind.alpha,
            sixteen: kind.sixteen,
            samples: vec![0; width * height * kind.channels()],
        }
    }

    /// The channels and depth.
    pub fn kind(&self) -> Kind {
        Kind { colour: self.colour, alpha: self.alpha, sixteen: self.sixteen }
    }

    /// The samples of one pixel.
    pub fn pixel(&self, x: usize, y: usize) -> &[u16] {
        assert!(x < self.width && y < self.height);
        let channels = self.kind().channels();
        let start = (y * self.width + x) * channels;
        &self.samples[start..start + channels]
    }

    /// Changes one pixel.
    pub fn set_pixel(&mut self, x: usize, y: usize, pixel: &[u16]) {
        assert!(x < self.width && y < self.height);
        let channels = self.kind().channels();
        let start = (y * self.width + x) * channels;
        self.samples[start..start + channels].copy_from_slice(pixel);
    }

    /// A part of it.
    pub fn cut(&self, left: usize, top: usize, width: usize, height: usize) -> Picture {
        let mut part = Picture::new(width, height, self.kind());
        for y in 0..height {
            for x in 0..width {
                part.set_pixel(x, y, self.pixel(left + x, top + y));
            }
        }
        part
    }

    /// Puts another picture of the same kind into it.
    pub fn paste(&mut self, part: &Picture, left: usize, top: usize) {
        assert_eq!(self.kind(), part.kind());
        for y in 0..part.height {
            for x in 0..part.width {
                self.set_pixel(left + x, top + y, part.pixel(x, y));
            }
        }
    }

    /// The same picture as another kind, which must not be a narrower one.
    ///
    /// Grey is repeated for red, green and blue; a missing alpha is opaque; 8 bit become 16 by x * 257.
    pub fn widened(&self, kind: Kind) -> Picture {
        assert_eq!(self.kind().widest(kind), kind, "{self:?} does not fit into {kind:?}");
        let factor = if kind.sixteen && !self.sixteen { 257 } else { 1 };
        let mut wide = Picture::new(self.width, self.height, kind);
        for y in 0..self.height {
            for x in 0..self.width {
                let from = self.pixel(x, y);
                let mut to = Vec::new();
                for channel in 0..kind.colours() {
                    to.push(from[if self.colour { channel } else { 0 }] * factor);
                }
                if kind.alpha {
                    to.push(if self.alpha { from[from.len() - 1] * factor } else { kind.largest() });
                }
                wide.set_pixel(x, y, &to);
            }
        }
        wide
    }
}
