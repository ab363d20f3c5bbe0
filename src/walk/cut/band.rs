//! A picture as bands of rows, each as high as a tile, and tiles made from them.

use crate::geometry::{Rect, Size, TileShape};
use crate::input::{Coefficients, Depth, PictureError, PictureInfo, Rows};
use crate::jpeg::{JpegImage, PlacedPart, Requantisation};
use crate::raster::Samples;
use crate::raster::{Raster, Sample};
use crate::tile::{BandTile, BaseStyle, Codec, CodecError, Columns, Scratch, TileImage, shown_coefficients};

/// Where bands come from.
pub enum Bands {
    /// Pixels.
    Pixels {
        /// The rows.
        rows: Box<dyn Rows>,
        /// Channels per pixel.
        channels: usize,
        /// Bits per sample.
        depth: Depth,
        /// How the tiles are encoded.
        style: BaseStyle,
    },
    /// Coefficients of a JPEG.
    Coefficients {
        /// The coefficients.
        coefficients: Coefficients,
        /// The profile of the tiles, and their steps if they do not keep the picture's own.
        style: BaseStyle,
        /// Whether the tiles keep the picture's own steps.
        steps: Steps,
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

/// The quantisation steps of tiles that are cut from coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// Those of the picture.
    Keep,
    /// Those of the style.
    Change,
}

/// One band of a picture.
#[derive(Debug)]
pub enum Band {
    /// As pixels.
    Pixels(Samples),
    /// As coefficients.
    Coefficients(JpegImage),
}

/// Identifies a uniform tile: all of its pixels have this colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UniformTile {
    shape: TileShape,
    /// Samples, or DC coefficients.
    colour: [u16; 4],
}

impl Bands {
    /// The bands of a picture's rows.
    #[must_use]
    pub fn of_rows(info: &PictureInfo, rows: Box<dyn Rows>, style: BaseStyle) -> Self {
        Self::Pixels { rows, channels: info.channels, depth: info.depth, style }
    }

    /// A band of the right kind, without rows yet.
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

    /// Reads the next rows, of this size, into `band`.
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
            (Self::Coefficients { coefficients, style, .. }, Band::Coefficients(image)) => {
                coefficients.read(size.height, image)?;
                image.icc.clone_from(&style.icc);
                Ok(())
            }
            (source, band) => {
                *band = source.blank();
                source.read(size, band)
            }
        }
    }

    /// Reads the band of this size whose first `kept` rows are the last ones of the band above, into `band`. `fresh` is for the
    /// rows that are new.
    pub(super) fn read_below(
        &mut self,
        above: &Band,
        kept: u32,
        size: Size,
        fresh: &mut Band,
        band: &mut Band,
    ) -> Result<(), PictureError> {
        if kept == 0 {
            return self.read(size, band);
        }
        let new_rows = Size::new(size.width, size.height - kept);
        if new_rows.height > 0 {
            self.read(new_rows, fresh)?;
        }
        band.stack(above, kept, Some(&*fresh).filter(|_| new_rows.height > 0), size)
    }

    /// Checks the end of the picture after its last row.
    pub(super) fn finish(&mut self) -> Result<(), PictureError> {
        match self {
            Self::Pixels { rows, .. } => rows.finish(),
            Self::Coefficients { coefficients, .. } => coefficients.finish(),
        }
    }

    /// What all tiles have in common.
    pub(super) fn tile_context(&self) -> TileContext {
        match self {
            Self::Pixels { style, .. } => TileContext { style: style.clone(), requantisation: None },
            Self::Coefficients { style, steps, .. } => {
                let requantisation = (*steps == Steps::Change).then(|| Box::new(style.encoding.requantisation()));
                TileContext { style: style.clone(), requantisation }
            }
        }
    }
}

/// What tiles need besides their band.
pub(super) struct TileContext {
    style: BaseStyle,
    requantisation: Option<Box<Requantisation>>,
}

impl Band {
    /// Becomes a band of this size: the last `kept` rows of `above`, and `below` under them.
    fn stack(&mut self, above: &Self, kept: u32, below: Option<&Self>, size: Size) -> Result<(), PictureError> {
        let last = |whole: u32| Rect { x: 0, y: whole - kept, size: Size::new(size.width, kept) };
        let stacked = match (&mut *self, above) {
            (Self::Pixels(band), Self::Pixels(above)) => {
                let below = below.and_then(|below| match below {
                    Self::Pixels(samples) => Some(samples),
                    Self::Coefficients(_) => None,
                });
                stack_samples(band, above, kept, below, size)
            }
            (Self::Coefficients(band), Self::Coefficients(above)) => {
                let upper = PlacedPart { image: above, from: last(above.height), x: 0, y: 0 };
                let lower = below.and_then(|below| match below {
                    Self::Coefficients(image) => {
                        let whole = Rect { x: 0, y: 0, size: Size::new(image.width, image.height) };
                        Some(PlacedPart { image, from: whole, x: 0, y: kept })
                    }
                    Self::Pixels(_) => None,
                });
                let parts: Vec<_> = [upper].into_iter().chain(lower).collect();
                band.join(&parts, size)
            }
            _ => false,
        };
        let unlike = || PictureError::Damaged("its rows are not all of one kind".into());
        if stacked { Ok(()) } else { Err(unlike()) }
    }

    /// Makes a tile: appends its file to `out`, and puts what reading it gives into `image`.
    pub(super) fn tile(
        &self,
        tile: BandTile,
        context: &TileContext,
        codec: &Codec,
        scratch: &mut Scratch,
        image: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self {
            Self::Pixels(samples) => codec.base_from_pixels(samples, tile, &context.style, scratch, image, out),
            Self::Coefficients(band) => {
                codec.base_from_coefficients(band, tile, context.requantisation.as_deref(), scratch, image, out)
            }
        }
    }

    /// What a tile of these columns would show if encoding lost nothing.
    fn shown(&self, columns: Columns, codec: &Codec) -> Samples {
        match self {
            Self::Pixels(samples) => codec.shown_pixels(samples, columns),
            Self::Coefficients(image) => shown_coefficients(image, columns),
        }
    }

    /// The uniform tile of these columns, if they have only one colour.
    pub(super) fn uniform(&self, columns: Columns, shape: TileShape) -> Option<UniformTile> {
        let colour = match self {
            Self::Pixels(Samples::Eight(raster)) => single_colour(raster, columns)?,
            Self::Pixels(Samples::Sixteen(raster)) => single_colour(raster, columns)?,
            Self::Coefficients(image) => {
                let [a, b, c] = image.uniform_dc(columns.left as u32, columns.width as u32)?;
                [a as u16, b as u16, c as u16, 0]
            }
        };
        Some(UniformTile { shape, colour })
    }
}

/// The part of a picture that becomes a tile.
#[derive(Debug, Clone, Copy)]
pub struct PicturePart<'a> {
    pub(super) band: &'a Band,
    pub(super) columns: Columns,
    pub(super) codec: &'a Codec,
}

impl PicturePart<'_> {
    /// What the tile would show if encoding lost nothing.
    #[must_use]
    pub fn shown(&self) -> Samples {
        self.band.shown(self.columns, self.codec)
    }
}

fn stack_samples(band: &mut Samples, above: &Samples, kept: u32, below: Option<&Samples>, size: Size) -> bool {
    match (band, above, below) {
        (Samples::Eight(band), Samples::Eight(above), None) => stack_rows(band, above, kept, None, size),
        (Samples::Eight(band), Samples::Eight(above), Some(Samples::Eight(below))) => {
            stack_rows(band, above, kept, Some(below), size)
        }
        (Samples::Sixteen(band), Samples::Sixteen(above), None) => stack_rows(band, above, kept, None, size),
        (Samples::Sixteen(band), Samples::Sixteen(above), Some(Samples::Sixteen(below))) => {
            stack_rows(band, above, kept, Some(below), size)
        }
        _ => return false,
    }
    true
}

fn stack_rows<S: Sample>(band: &mut Raster<S>, above: &Raster<S>, kept: u32, below: Option<&Raster<S>>, size: Size) {
    band.reshape(size.width as usize, size.height as usize);
    let row = size.width as usize * band.channels();
    let (upper, lower) = band.samples_mut().split_at_mut(kept as usize * row);
    upper.copy_from_slice(&above.samples()[above.samples().len() - upper.len()..]);
    if let Some(below) = below {
        lower.copy_from_slice(below.samples());
    }
}

/// The colour of the columns' pixels, if all are equal.
fn single_colour<S: Sample>(raster: &Raster<S>, columns: Columns) -> Option<[u16; 4]> {
    let channels = raster.channels();
    let row = |y| &raster.row(y)[columns.left * channels..][..columns.width * channels];
    let first = row(0);
    let (pixel, rest) = first.split_at_checked(channels)?;
    // A uniform row equals itself shifted by one pixel.
    if rest != &first[..rest.len()] || (1..raster.height()).any(|y| row(y) != first) {
        return None;
    }
    let mut colour = [0; 4];
    colour.iter_mut().zip(pixel).for_each(|(to, &sample)| *to = sample.into() as u16);
    Some(colour)
}
