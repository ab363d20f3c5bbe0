//! What tiles show, as pixels: stored ones, and those that would be made of a picture.

use super::Columns;
use super::planes::flattened_to_eight_bits;
use crate::format::FormatKind;
use crate::geometry::Size;
use crate::jpeg::{self, JpegImage, Upsampling};
use crate::png;
use crate::raster::{Raster, Samples};
use crate::tile::{Codec, CodecError, Scratch};
use std::sync::Arc;

/// The pixels of a tile, and their profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownTile {
    /// The pixels.
    pub samples: Samples,
    /// The ICC profile.
    pub icc: Option<Arc<[u8]>>,
}

impl Codec {
    /// What a stored tile of this size shows, with its chroma upsampled in this way.
    ///
    /// # Errors
    /// As [`Codec::decode_into`].
    pub fn shown_tile(
        &self,
        bytes: &[u8],
        size: Size,
        upsampling: Upsampling,
        scratch: &mut Scratch,
    ) -> Result<ShownTile, CodecError> {
        match self.kind {
            FormatKind::Png => {
                let png::PngImage { samples, icc } = png::decode(bytes, size)?;
                Ok(ShownTile { samples, icc })
            }
            FormatKind::Jpeg => {
                let image = &mut scratch.jpeg.image;
                jpeg::decode_into(bytes, Some((size.width, size.height)), &mut scratch.jpeg.decoder, image)?;
                Ok(ShownTile { samples: Samples::Eight(image.pixels(upsampling)), icc: image.icc.clone() })
            }
        }
    }

    /// What a tile of these pixels would show if encoding lost nothing: 8 bits without alpha in JPEG tiles.
    #[must_use]
    pub fn shown_pixels(&self, band: &Samples, columns: Columns) -> Samples {
        match (self.kind, band) {
            (FormatKind::Jpeg, band) => {
                let (pixels, Columns { left, width }) = flattened_to_eight_bits(band, columns);
                Samples::Eight(pixels.columns(left, width))
            }
            (FormatKind::Png, Samples::Eight(band)) => Samples::Eight(band.columns(columns.left, columns.width)),
            (FormatKind::Png, Samples::Sixteen(band)) => Samples::Sixteen(band.columns(columns.left, columns.width)),
        }
    }
}

/// What a tile of these columns of a JPEG shows.
#[must_use]
pub fn shown_coefficients(band: &JpegImage, columns: Columns) -> Samples {
    let mut part = JpegImage::default();
    part.assign_part(band.part(columns.left as u32, columns.width as u32));
    let pixels: Raster<u8> = part.pixels(Upsampling::Smooth);
    Samples::Eight(pixels)
}
