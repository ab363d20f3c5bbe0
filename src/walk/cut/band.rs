//! A picture as bands that are as high as a row of tiles, and what a tile is made of.

use crate::geometry::Size;
use crate::input::{Coefficients, Depth, PictureError, PictureInfo, Rows};
use crate::jpeg::{JpegImage, Requantisation};
use crate::raster::Samples;
use crate::raster::{Raster, Sample};
use crate::tile::{Codec, CodecError, Columns, Scratch, TileImage};
use std::sync::Arc;

/// Where bands come from.
pub enum Bands {
    /// Rows of pixels.
    Pixels {
        /// The rows.
        rows: Box<dyn Rows>,
        /// Channels of a pixel.
        channels: usize,
        /// Bits of a sample.
        depth: Depth,
        /// The ICC profile that each tile gets.
        icc: Option<Arc<[u8]>>,
    },
    /// A JPEG's own coefficients.
    Coefficients {
        /// The coefficients.
        coefficients: Coefficients,
        /// Other quantisation steps, if the picture's own are not to be kept.
        requantisation: Option<Box<Requantisation>>,
    },
}

impl std::fmt::Debug for Bands {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Pixels { .. } => "Pixels",
            Self::Coefficients { .. } => "Coefficients",
        })
    }
}

/// Some rows of a picture.
#[derive(Debug)]
pub enum Band {
    /// As pixels.
    Pixels(Samples),
    /// As coefficients.
    Coefficients(JpegImage),
}

/// What all pixels of a tile have in common, if they are of one colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Flat {
    size: Size,
    /// Samples, or DC coefficients.
    colour: [u16; 4],
}

impl Bands {
    /// The bands of a picture's rows.
    #[must_use]
    pub fn of_rows(info: &PictureInfo, rows: Box<dyn Rows>) -> Self {
        Self::Pixels { rows, channels: info.channels, depth: info.depth, icc: info.icc.clone() }
    }

    /// A band to be read into.
    pub(super) fn blank(&self) -> Band {
        match self {
            Self::Pixels { depth: Depth::Eight, channels, .. } => {
                Band::Pixels(Samples::Eight(Raster::new(0, 0, *channels)))
            }
            Self::Pixels { depth: Depth::Sixteen, channels, .. } => {
                Band::Pixels(Samples::Sixteen(Raster::new(0, 0, *channels)))
            }
            Self::Coefficients { .. } => Band::Coefficients(JpegImage::default()),
        }
    }

    /// Makes `band` the next rows, of this size.
    pub(super) fn read(&mut self, size: Size, band: &mut Band) -> Result<(), PictureError> {
        match (self, band) {
            (Self::Pixels { rows, .. }, Band::Pixels(samples)) => {
                let (width, height) = (size.width as usize, size.height as usize);
                match samples {
                    Samples::Eight(raster) => raster.reshape(width, height),
                    Samples::Sixteen(raster) => raster.reshape(width, height),
                }
                rows.read(samples)
            }
            (Self::Coefficients { coefficients, .. }, Band::Coefficients(image)) => {
                coefficients.read(size.height, image)
            }
            (source, band) => {
                *band = source.blank();
                source.read(size, band)
            }
        }
    }

    /// Checks how the picture ends.
    pub(super) fn finish(&mut self) -> Result<(), PictureError> {
        match self {
            Self::Pixels { rows, .. } => rows.finish(),
            Self::Coefficients { coefficients, .. } => coefficients.finish(),
        }
    }

    /// What a tile needs beside its band.
    pub(super) fn manner(&self) -> Manner {
        match self {
            Self::Pixels { icc, .. } => Manner { icc: icc.clone(), requantisation: None },
            Self::Coefficients { requantisation, .. } => Manner { icc: None, requantisation: requantisation.clone() },
        }
    }
}

/// What tiles need beside their bands; the same for all.
pub(super) struct Manner {
    icc: Option<Arc<[u8]>>,
    requantisation: Option<Box<Requantisation>>,
}

impl Band {
    /// Makes the tile of these columns and appends its file's bytes to `out`.
    pub(super) fn tile(
        &self,
        columns: Columns,
        manner: &Manner,
        codec: &Codec,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self {
            Self::Pixels(samples) => codec.base_from_pixels(samples, columns, manner.icc.as_ref(), scratch, image, out),
            Self::Coefficients(band) => {
                codec.base_from_coefficients(band, columns, manner.requantisation.as_deref(), scratch, image, out)
            }
        }
    }

    /// The colour of these columns, if they have only one.
    pub(super) fn flat(&self, columns: Columns, size: Size) -> Option<Flat> {
        let colour = match self {
            Self::Pixels(Samples::Eight(raster)) => one_colour(raster, columns)?,
            Self::Pixels(Samples::Sixteen(raster)) => one_colour(raster, columns)?,
            Self::Coefficients(image) => {
                let [a, b, c] = image.uniform_dc(columns.left as u32, columns.width as u32)?;
                [a as u16, b as u16, c as u16, 0]
            }
        };
        Some(Flat { size, colour })
    }
}

/// The samples of the columns' pixels, if all are the same.
fn one_colour<S: Sample>(raster: &Raster<S>, columns: Columns) -> Option<[u16; 4]> {
    let channels = raster.channels();
    let row = |y| &raster.row(y)[columns.left * channels..][..columns.width * channels];
    let first = row(0);
    let (pixel, rest) = first.split_at_checked(channels)?;
    // A row of one colour is the same moved by a pixel.
    if rest != &first[..rest.len()] || (1..raster.height()).any(|y| row(y) != first) {
        return None;
    }
    let mut colour = [0; 4];
    colour.iter_mut().zip(pixel).for_each(|(to, &sample)| *to = sample.into() as u16);
    Some(colour)
}
