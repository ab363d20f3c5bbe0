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
use crate::geometry::{Rect, Size, TileShape};
use crate::jpeg::{self, Colour, JpegImage, Requantisation};
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

/// A tile to be made of a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandTile {
    /// Its columns.
    pub columns: Columns,
    /// The tile without its overlap, in pixels of the tile.
    pub core: Rect,
}

impl BandTile {
    /// A tile without overlap, of a band of this height.
    #[must_use]
    pub const fn plain(columns: Columns, height: u32) -> Self {
        Self { columns, core: Rect { x: 0, y: 0, size: Size::new(columns.width as u32, height) } }
    }

    /// The shape of the tile, whose band has this height.
    const fn shape(self, height: u32) -> TileShape {
        TileShape { size: Size::new(self.columns.width as u32, height), core: self.core }
    }
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
        tile: BandTile,
        style: &BaseStyle,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let columns = tile.columns;
        match self.kind {
            FormatKind::Png => {
                let samples = match band {
                    Samples::Eight(band) => Samples::Eight(band.columns(columns.left, columns.width)),
                    Samples::Sixteen(band) => Samples::Sixteen(band.columns(columns.left, columns.width)),
                };
                let png = PngImage { samples, icc: style.icc.clone() };
                png::encode(&png, out)?;
                *image = TileImage::Png(png);
                Ok(())
            }
            FormatKind::Jpeg => {
                let (pixels, columns) = flattened_to_eight_bits(band, columns);
                let shape = tile.shape(pixels.height() as u32);
                let planes = split_planes(&pixels, columns, style.encoding.chroma_step);
                let colour = if planes.len() == 1 { Colour::Grey } else { Colour::YCbCr };
                assign_planes(&planes, shape.size, colour, &style.encoding, &mut scratch.jpeg.image)?;
                scratch.jpeg.image.icc.clone_from(&style.icc);
                self.encode_base(scratch, shape, image, out)
            }
        }
    }

    /// Generates a JPEG base tile from a JPEG's own coefficients and appends its bytes to `out`.
    ///
    /// The coefficients are requantised if `requantisation` changes their steps, and kept otherwise. The columns begin and
    /// end between MCUs or at the picture's edge. `image` becomes the tile as stored, and its buffers are reused; with a
    /// codec without parents its contents are unspecified.
    ///
    /// # Errors
    /// The tile cannot be encoded: a coefficient or a step is too large for baseline JPEG.
    pub fn base_from_coefficients(
        &self,
        band: &JpegImage,
        tile: BandTile,
        requantisation: Option<&Requantisation>,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let part = band.part(tile.columns.left as u32, tile.columns.width as u32);
        let shape = tile.shape(band.height);
        let requantisation = requantisation.filter(|to| to.changes(band));
        if let Some(requantisation) = requantisation {
            scratch.jpeg.image.assign_part(part);
            scratch.jpeg.image.requantise(requantisation);
            return self.encode_base(scratch, shape, image, out);
        }
        let huffman = self.settings.huffman;
        let failed = |error: jpeg::EncodeError| CodecError::Encode(error.to_string());
        if !self.has_parents {
            return jpeg::encode_part(part, huffman, out).map_err(failed);
        }
        let sampling = self.fold_sampling(shape);
        self.set_jpeg(shape, &mut scratch.jpeg, image, |scratch, tile| {
            let start = out.len();
            tile.encode_part(part, huffman, sampling, out).map_err(failed)?;
            tile.fold_core(sampling, out.get(start..).unwrap_or_default(), &mut scratch.core);
            Ok(())
        })
    }

    /// Encodes `scratch.jpeg.image`.
    fn encode_base(
        &self,
        scratch: &mut Scratch,
        shape: TileShape,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        self.set_jpeg(shape, &mut scratch.jpeg, image, |scratch, tile| self.encode_jpeg(shape, scratch, tile, out))
    }
}

#[cfg(test)]
mod tests;
