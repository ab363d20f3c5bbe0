//! A PNG tile in memory.

use crate::geometry::Size;
use crate::raster::{PixelKind, Raster, Samples, show_same_colours};
use std::borrow::Cow;
use std::sync::Arc;

/// A PNG tile as stored.
///
/// Palettes and 1, 2 and 4 bits are decoded to 8-bit colours, transparent colours to alpha.
#[derive(Debug, Clone, PartialEq)]
pub struct PngImage {
    /// The pixels.
    pub samples: Samples,
    /// The ICC profile, if the file has one.
    pub icc: Option<Arc<[u8]>>,
}

impl PngImage {
    /// The size in pixels.
    pub(crate) fn size(&self) -> Size {
        let size = |width, height| Size::new(width as u32, height as u32);
        match &self.samples {
            Samples::Eight(raster) => size(raster.width(), raster.height()),
            Samples::Sixteen(raster) => size(raster.width(), raster.height()),
        }
    }

    /// Whether both show the same pixels in the same colour space, whatever their channels and depth.
    pub(crate) fn has_same_pixels(&self, other: &Self) -> bool {
        let wide = |image: &Self| image.deep().widened(PixelKind::RGBA);
        show_same_colours(self.icc.as_deref(), other.icc.as_deref())
            && (self.samples == other.samples || wide(self) == wide(other))
    }

    pub(crate) fn pixel_kind(&self) -> PixelKind {
        match &self.samples {
            Samples::Eight(raster) => raster.pixel_kind(),
            Samples::Sixteen(raster) => raster.pixel_kind(),
        }
    }

    /// The samples in 16 bits; 255 becomes 65535.
    pub(crate) fn deep(&self) -> Cow<'_, Raster<u16>> {
        match &self.samples {
            Samples::Eight(raster) => Cow::Owned(raster.map(|sample| u16::from(sample) * 257)),
            Samples::Sixteen(raster) => Cow::Borrowed(raster),
        }
    }

    /// The samples in 8 bits.
    pub(crate) fn shallow(&self) -> Cow<'_, Raster<u8>> {
        match &self.samples {
            Samples::Eight(raster) => Cow::Borrowed(raster),
            Samples::Sixteen(raster) => Cow::Owned(raster.map(|sample| (sample >> 8) as u8)),
        }
    }
}
