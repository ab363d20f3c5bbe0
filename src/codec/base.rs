//! Base tiles made from a picture: from its pixels, or from the coefficients of a JPEG, which are taken as they are.
//!
//! Pixels become JPEG tiles as parents do: grey or YCbCr, colour differences halved both ways below quality 90. 16 bits
//! are brought to 8, and alpha is laid over white.

use super::jpeg::{self, Colour, JpegImage, Requantisation, quantisation_tables};
use super::planes;
use super::png::{self, PngImage, Samples};
use super::{Codec, CodecError, Scratch, TileImage};
use crate::geometry::Size;
use crate::pixels::{Raster, Sample};
use crate::spec::FormatKind;
use std::sync::Arc;

/// Columns of a band of a picture that are one tile; the band is as high as the tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// The first column of pixels.
    pub left: usize,
    /// How many.
    pub width: usize,
}

impl Codec {
    /// Makes a base tile of pixels and appends its file's bytes to `out`. `image`, whose buffers are used again, becomes
    /// the tile as stored.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn base_of_pixels(
        &self,
        band: &Samples,
        columns: Columns,
        icc: Option<&Arc<[u8]>>,
        scratch: &mut Scratch,
        (image, out): (&mut TileImage, &mut Vec<u8>),
    ) -> Result<(), CodecError> {
        match self.kind {
            FormatKind::Png => {
                let samples = match band {
                    Samples::Eight(band) => Samples::Eight(band.columns(columns.left, columns.width)),
                    Samples::Sixteen(band) => Samples::Sixteen(band.columns(columns.left, columns.width)),
                };
                let made = PngImage { samples, icc: icc.cloned() };
                png::encode(&made, out)?;
                *image = TileImage::Png(made);
                Ok(())
            }
            FormatKind::Jpeg => {
                let (size, pixels) = shown_in_eight_bits(band, columns);
                let planes = planes_of(&pixels, size, planes::chroma_step(Colour::YCbCr, self.quality));
                let made = &mut scratch.jpeg.parent;
                planes::assign(&planes, size, self.quality, made)?;
                made.icc = icc.cloned();
                self.encode_base(scratch, image.jpeg_mut(), out)
            }
        }
    }

    /// Makes a JPEG base tile of a picture's own coefficients, requantised if asked for, and appends its file's bytes
    /// to `out`. `image`, whose buffers are used again, becomes the tile as stored. `columns` begin and end between
    /// MCUs or at the picture's edge.
    ///
    /// # Errors
    /// It cannot be encoded: a coefficient or a step is larger than baseline allows.
    pub fn base_of_coefficients(
        &self,
        band: &JpegImage,
        columns: Columns,
        requantisation: Option<&Requantisation>,
        scratch: &mut Scratch,
        (image, out): (&mut TileImage, &mut Vec<u8>),
    ) -> Result<(), CodecError> {
        let made = &mut scratch.jpeg.parent;
        made.assign_part(band, columns.left as u32, columns.width as u32);
        requantisation.into_iter().for_each(|to| made.requantise(to));
        self.encode_base(scratch, image.jpeg_mut(), out)
    }

    /// Whether JPEG tiles of pixels have their colour differences halved.
    #[must_use]
    pub fn halves_colour(&self) -> bool {
        planes::chroma_step(Colour::YCbCr, self.quality) == 2
    }

    /// How base tiles are brought to this codec's quality.
    #[must_use]
    pub fn requantisation(&self) -> Requantisation {
        let (luma, chroma) = quantisation_tables(self.quality.get());
        Requantisation::new(&luma, &chroma)
    }

    fn encode_base(
        &self,
        scratch: &mut Scratch,
        tile: &mut jpeg::JpegTile,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let sampling = planes::fold_sampling(self.quality, self.reduction, self.tile_size);
        tile.encode(&mut scratch.jpeg.parent, self.huffman_tables(), sampling, out)
            .map_err(|error| CodecError::Encode(error.to_string()))
    }
}

/// The columns as 8-bit pixels of one channel, grey, or three, RGB.
fn shown_in_eight_bits(band: &Samples, columns: Columns) -> (Size, Raster<u8>) {
    let shown = match band {
        Samples::Eight(band) => over_white(band.columns(columns.left, columns.width)),
        Samples::Sixteen(band) => over_white(band.columns(columns.left, columns.width)).map(eight_of_sixteen),
    };
    (Size::new(shown.width() as u32, shown.height() as u32), shown)
}

/// The nearest 8-bit sample: `sample * 255 / 65535`, rounded.
fn eight_of_sixteen(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

/// Lays pixels with alpha over white; others stay as they are.
fn over_white<S: Sample>(pixels: Raster<S>) -> Raster<S> {
    if !pixels.has_alpha() {
        return pixels;
    }
    let channels = pixels.channels() - 1;
    let mut shown = Raster::new(pixels.width(), pixels.height(), channels);
    let from = pixels.samples().chunks_exact(channels + 1);
    for (to, from) in shown.samples_mut().chunks_exact_mut(channels).zip(from) {
        let alpha: u64 = from[channels].into().into();
        let white = u64::from(S::LARGEST);
        for (to, &sample) in to.iter_mut().zip(from) {
            let sum = u64::from(sample.into()) * alpha + white * (white - alpha) + white / 2;
            *to = S::clamped((sum / white) as u32);
        }
    }
    shown
}

/// The planes of grey, or of RGB as YCbCr with colour differences that stand for `chroma_step` pixels a side.
fn planes_of(pixels: &Raster<u8>, size: Size, chroma_step: u8) -> Vec<Raster<u8>> {
    let (width, height) = (size.width as usize, size.height as usize);
    if pixels.channels() == 1 {
        return vec![pixels.clone()];
    }
    let step = usize::from(chroma_step);
    let mut luma = Raster::new(width, height, 1);
    for (to, pixel) in luma.samples_mut().iter_mut().zip(pixels.samples().as_chunks::<3>().0) {
        let [red, green, blue] = pixel.map(u32::from);
        *to = ((19_595 * red + 38_470 * green + 7_471 * blue + (1 << 15)) >> 16) as u8;
    }
    let mut differences = [0, 1].map(|_| Raster::new(width.div_ceil(step), height.div_ceil(step), 1));
    let [blue_difference, red_difference] = &mut differences;
    for y in 0..height.div_ceil(step) {
        let rows = [y * step, (y * step + step - 1).min(height - 1)].map(|y| pixels.row(y));
        difference_row(rows, step, blue_difference.row_mut(y), red_difference.row_mut(y));
    }
    let [blue_difference, red_difference] = differences;
    vec![luma, blue_difference, red_difference]
}

/// A row of both colour differences (ITU-T T.871 section 7) of the mean of two rows of pixels, `step` pixels wide; the
/// last column is repeated.
fn difference_row(rows: [&[u8]; 2], step: usize, blue_difference: &mut [u8], red_difference: &mut [u8]) {
    const CENTRE: i32 = (128 << 18) + (1 << 17);
    let convert = |[red, green, blue]: [i32; 3]| {
        // Four times each colour, and factors of 2^16. Rounding may lead to 256.
        let blue_difference = (CENTRE - 11_058 * red - 21_710 * green + 32_768 * blue) >> 18;
        let red_difference = (CENTRE + 32_768 * red - 27_439 * green - 5_329 * blue) >> 18;
        (blue_difference.min(255) as u8, red_difference.min(255) as u8)
    };
    let [above, below] = rows.map(|row| row.as_chunks::<3>().0);
    let targets = blue_difference.iter_mut().zip(red_difference);
    if step == 1 {
        for ((to_blue, to_red), pixel) in targets.zip(above) {
            (*to_blue, *to_red) = convert(pixel.map(|sample| 4 * i32::from(sample)));
        }
        return;
    }
    for ((to_blue, to_red), (above, below)) in targets.zip(above.chunks(2).zip(below.chunks(2))) {
        let [a, b, c, d] = [above[0], above[above.len() - 1], below[0], below[below.len() - 1]];
        let sum = |at: usize| [a, b, c, d].iter().map(|pixel| i32::from(pixel[at])).sum();
        (*to_blue, *to_red) = convert([sum(0), sum(1), sum(2)]);
    }
}

#[cfg(test)]
mod tests;
