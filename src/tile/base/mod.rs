//! Base tiles generated from a picture: from its pixels, or losslessly from the coefficients of a JPEG.
//!
//! JPEG tiles of pixels are grey or YCbCr. Their steps and their sampling are those of a [`BaseStyle`], by default those of
//! parents: halved chroma below quality 90. 16 bits are reduced to 8, and alpha is flattened onto white.

mod planes;
mod shown;
mod style;

pub use shown::{ShownTile, shown_coefficients};
pub(super) use style::baseline;
pub use style::{BaseStyle, JpegEncoding, StoredEncoding, stored_style};

use self::planes::{flattened_to_eight_bits, split_planes};
use super::jpeg_planes::assign_planes;
use super::{Codec, CodecError, Scratch, TileImage};
use crate::format::FormatKind;
use crate::geometry::Size;
use crate::jpeg::{self, Colour, JpegImage, JpegTile, Requantisation};
use crate::png::{self, PngImage};
use crate::raster::Samples;

/// The columns of a band that become one tile; the band is as high as the tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// The first column of pixels.
    pub left: usize,
    /// Number of columns.
    pub width: usize,
}

impl Codec {
    /// Generates a base tile from pixels and appends its bytes to `out`.
    ///
    /// `image` becomes the tile as stored; its buffers are reused.
    ///
    /// # Errors
    /// The tile cannot be encoded.
    pub fn base_from_pixels(
        &self,
        band: &Samples,
        columns: Columns,
        style: &BaseStyle,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.kind {
            FormatKind::Png => {
                let samples = match band {
                    Samples::Eight(band) => Samples::Eight(band.columns(columns.left, columns.width)),
                    Samples::Sixteen(band) => Samples::Sixteen(band.columns(columns.left, columns.width)),
                };
                let tile = PngImage { samples, icc: style.icc.clone() };
                png::encode(&tile, out)?;
                *image = TileImage::Png(tile);
                Ok(())
            }
            FormatKind::Jpeg => {
                let (pixels, columns) = flattened_to_eight_bits(band, columns);
                let size = Size::new(columns.width as u32, pixels.height() as u32);
                let planes = split_planes(&pixels, columns, style.encoding.chroma_step);
                let colour = if planes.len() == 1 { Colour::Grey } else { Colour::YCbCr };
                assign_planes(&planes, size, colour, &style.encoding, &mut scratch.jpeg.image)?;
                scratch.jpeg.image.icc.clone_from(&style.icc);
                self.encode_base(scratch, image.jpeg_mut(), out)
            }
        }
    }

    /// Generates a JPEG base tile from a JPEG's own coefficients and appends its bytes to `out`.
    ///
    /// The coefficients are requantised if `requantisation` changes their steps, and kept otherwise. `columns` begin and
    /// end between MCUs or at the picture's edge. `image` becomes the tile as stored, and its buffers are reused; with a
    /// codec without parents its contents are unspecified.
    ///
    /// # Errors
    /// The tile cannot be encoded: a coefficient or a step is too large for baseline JPEG.
    pub fn base_from_coefficients(
        &self,
        band: &JpegImage,
        columns: Columns,
        requantisation: Option<&Requantisation>,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let (tile, part) = (image.jpeg_mut(), band.part(columns.left as u32, columns.width as u32));
        if let Some(requantisation) = requantisation.filter(|to| to.changes(band)) {
            scratch.jpeg.image.assign_part(part);
            scratch.jpeg.image.requantise(requantisation);
            return self.encode_base(scratch, tile, out);
        }
        let huffman = self.settings.huffman;
        let encoded = match self.has_parents {
            true => tile.encode_part(part, huffman, self.fold_sampling(), out),
            false => jpeg::encode_part(part, huffman, out),
        };
        encoded.map_err(|error| CodecError::Encode(error.to_string()))
    }

    fn encode_base(&self, scratch: &mut Scratch, tile: &mut JpegTile, out: &mut Vec<u8>) -> Result<(), CodecError> {
        tile.encode(&mut scratch.jpeg.image, self.settings.huffman, self.fold_sampling(), out)
            .map_err(|error| CodecError::Encode(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
