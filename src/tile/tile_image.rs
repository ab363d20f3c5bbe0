//! A decoded tile.

use super::jpeg_halves::HalvedTile;
use crate::geometry::Size;
use crate::jpeg::JpegTile;
use crate::png::PngImage;

/// A tile as stored: coefficients or samples, before any loss.
///
/// Its buffers are reused: [`Codec::decode_into`](super::Codec::decode_into) and
/// [`Codec::parent_into`](super::Codec::parent_into) overwrite an image of any contents.
#[derive(Debug, Clone, PartialEq)]
pub enum TileImage {
    /// Coefficients.
    Jpeg(JpegTile),
    /// What remains of a JPEG tile with overlap.
    Halved(HalvedTile),
    /// Samples.
    Png(PngImage),
}

/// An empty image, to decode into.
impl Default for TileImage {
    fn default() -> Self {
        Self::Jpeg(JpegTile::default())
    }
}

impl TileImage {
    pub(super) fn jpeg_mut(&mut self) -> &mut JpegTile {
        if !matches!(self, Self::Jpeg(_)) {
            *self = Self::default();
        }
        match self {
            Self::Jpeg(image) => image,
            Self::Halved(_) | Self::Png(_) => unreachable!("the default is a JPEG"),
        }
    }

    /// Whether decoding the stored tile returns the pixels that were encoded.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        matches!(self, Self::Png(_))
    }

    /// Whether both are lossless and show the same pixels, whatever their channels and depth.
    #[must_use]
    pub fn has_same_pixels(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Png(image), Self::Png(other)) => image.has_same_pixels(other),
            _ => false,
        }
    }

    /// The size in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        match self {
            Self::Jpeg(tile) => tile.size(),
            Self::Halved(tile) => tile.size(),
            Self::Png(image) => image.size(),
        }
    }

    pub(super) fn as_jpeg(&self) -> Option<&JpegTile> {
        match self {
            Self::Jpeg(image) => Some(image),
            Self::Halved(_) | Self::Png(_) => None,
        }
    }

    pub(super) fn as_halved(&self) -> Option<&HalvedTile> {
        match self {
            Self::Halved(tile) => Some(tile),
            Self::Jpeg(_) | Self::Png(_) => None,
        }
    }

    pub(super) fn as_png(&self) -> Option<&PngImage> {
        match self {
            Self::Png(image) => Some(image),
            Self::Jpeg(_) | Self::Halved(_) => None,
        }
    }
}
