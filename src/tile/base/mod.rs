//! Base tiles made from a picture: from its pixels, or from the coefficients of a JPEG, which are taken as they are.
//!
//! Pixels become JPEG tiles as parents do: grey or YCbCr, colour differences halved both ways below quality 90. 16 bits
//! are brought to 8, and alpha is laid over white.

use super::planes;
use super::{Codec, CodecError, Scratch, TileImage};
use crate::format::FormatKind;
use crate::geometry::Size;
use crate::jpeg::{self, Colour, FoldSampling, JpegImage, Requantisation, quantisation_tables};
use crate::png::{self, PngImage};
use crate::raster::Samples;
use crate::raster::vector::{Vectorised, widest};
use crate::raster::{Raster, Sample};
use std::borrow::Cow;
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
                let (pixels, columns) = shown_in_eight_bits(band, columns);
                let size = Size::new(columns.width as u32, pixels.height() as u32);
                let step = usize::from(planes::chroma_step(Colour::YCbCr, self.quality));
                let planes = widest(Planes { pixels: &pixels, columns, step });
                let made = &mut scratch.jpeg.parent;
                planes::assign(&planes, size, self.quality, made)?;
                made.icc = icc.cloned();
                self.encode_base(scratch, image.jpeg_mut(), out)
            }
        }
    }

    /// Makes a JPEG base tile of a picture's own coefficients, requantised if asked for, and appends its file's bytes
    /// to `out`. `image`, whose buffers are used again, becomes the tile as stored; where there are no parents, only one
    /// of the same kind. `columns` begin and end between MCUs or at the picture's edge.
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
        let (image, part) = (image.jpeg_mut(), band.part(columns.left as u32, columns.width as u32));
        if let Some(requantisation) = requantisation.filter(|to| to.changes(band)) {
            let made = &mut scratch.jpeg.parent;
            made.assign_part(part);
            made.requantise(requantisation);
            return self.encode_base(scratch, image, out);
        }
        let encoded = match self.parents {
            true => image.encode_part(part, self.huffman_tables(), self.fold_sampling(), out),
            false => jpeg::encode_part(part, self.huffman_tables(), out),
        };
        encoded.map_err(|error| CodecError::Encode(error.to_string()))
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
        tile.encode(&mut scratch.jpeg.parent, self.huffman_tables(), self.fold_sampling(), out)
            .map_err(|error| CodecError::Encode(error.to_string()))
    }

    /// The sampling that tiles need to be folded for their parents, if there are parents.
    fn fold_sampling(&self) -> Option<FoldSampling> {
        self.parents.then(|| planes::fold_sampling(self.quality, self.reduction, self.tile_size)).flatten()
    }
}

/// The columns as 8-bit pixels of one channel, grey, or three, RGB, and which columns of the raster they are then.
fn shown_in_eight_bits(band: &Samples, columns: Columns) -> (Cow<'_, Raster<u8>>, Columns) {
    let alone = Columns { left: 0, width: columns.width };
    match band {
        Samples::Eight(band) if !band.has_alpha() => (Cow::Borrowed(band), columns),
        Samples::Eight(band) => (Cow::Owned(over_white(band.columns(columns.left, columns.width))), alone),
        Samples::Sixteen(band) => {
            let shown = over_white(band.columns(columns.left, columns.width));
            (Cow::Owned(shown.map(eight_of_sixteen)), alone)
        }
    }
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

/// The planes of grey, or of RGB as YCbCr with colour differences that stand for `step` pixels a side.
struct Planes<'a> {
    pixels: &'a Raster<u8>,
    columns: Columns,
    step: usize,
}

impl Vectorised for Planes<'_> {
    type Output = Vec<Raster<u8>>;

    #[inline(always)]
    fn run(self) -> Vec<Raster<u8>> {
        let Self { pixels, columns: Columns { left, width }, step } = self;
        let height = pixels.height();
        if pixels.channels() == 1 {
            return vec![pixels.columns(left, width)];
        }
        let mut luma = Raster::new(width, height, 1);
        let mut differences = [0, 1].map(|_| Raster::new(width.div_ceil(step), height.div_ceil(step), 1));
        let [blue_difference, red_difference] = &mut differences;
        let mut colours = Colours::new(width.next_multiple_of(2));
        for y in 0..height.div_ceil(step) {
            colours.clear();
            for y in y * step..(y * step + step).min(height) {
                colours.add(&pixels.row(y)[3 * left..][..3 * width], luma.row_mut(y));
            }
            // A last row or column alone counts twice.
            let rows = step.min(height - y * step);
            colours.differences(step, step / rows, blue_difference.row_mut(y), red_difference.row_mut(y));
        }
        let [blue_difference, red_difference] = differences;
        vec![luma, blue_difference, red_difference]
    }
}

/// The sums of red, green and blue over one or two rows of pixels, apart, because pixels of three bytes suit no vector.
struct Colours {
    row: [Vec<u8>; 3],
    sums: [Vec<u16>; 3],
}

impl Colours {
    #[inline(always)]
    fn new(width: usize) -> Self {
        Self {
            row: [vec![0; width], vec![0; width], vec![0; width]],
            sums: [vec![0; width], vec![0; width], vec![0; width]],
        }
    }

    #[inline(always)]
    fn clear(&mut self) {
        for sums in &mut self.sums {
            sums.fill(0);
        }
    }

    /// Adds a row of pixels and computes its luma.
    #[inline(always)]
    fn add(&mut self, pixels: &[u8], luma: &mut [u8]) {
        let [red, green, blue] = &mut self.row;
        let colours = red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut());
        for (pixel, ((red, green), blue)) in pixels.as_chunks::<3>().0.iter().zip(colours) {
            (*red, *green, *blue) = (pixel[0], pixel[1], pixel[2]);
        }
        let width = luma.len();
        for row in &mut self.row {
            if let [.., last, beyond] = row.as_mut_slice()
                && width % 2 == 1
            {
                *beyond = *last;
            }
        }
        let [red, green, blue] = &self.row;
        for (to, ((&red, &green), &blue)) in luma.iter_mut().zip(red.iter().zip(green).zip(blue)) {
            let [red, green, blue] = [u32::from(red), u32::from(green), u32::from(blue)];
            *to = ((19_595 * red + 38_470 * green + 7_471 * blue + (1 << 15)) >> 16) as u8;
        }
        for (sums, row) in self.sums.iter_mut().zip(&self.row) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += u16::from(sample);
            }
        }
    }

    /// A row of both colour differences (ITU-T T.871 section 7) of the mean of `step` pixels a side, of whose rows each
    /// counts `weight` times.
    #[inline(always)]
    fn differences(&self, step: usize, weight: usize, blue_difference: &mut [u8], red_difference: &mut [u8]) {
        const CENTRE: i32 = (128 << 18) + (1 << 17);
        let convert = |red: i32, green: i32, blue: i32| {
            // Four times each colour, and factors of 2^16. Rounding may lead to 256.
            let blue_difference = (CENTRE - 11_058 * red - 21_710 * green + 32_768 * blue) >> 18;
            let red_difference = (CENTRE + 32_768 * red - 27_439 * green - 5_329 * blue) >> 18;
            (blue_difference.min(255) as u8, red_difference.min(255) as u8)
        };
        let [red, green, blue] = &self.sums;
        let targets = blue_difference.iter_mut().zip(red_difference);
        if step == 1 {
            for ((to_blue, to_red), ((&red, &green), &blue)) in targets.zip(red.iter().zip(green).zip(blue)) {
                (*to_blue, *to_red) = convert(4 * i32::from(red), 4 * i32::from(green), 4 * i32::from(blue));
            }
            return;
        }
        let weight = weight as i32;
        let pairs = [red, green, blue].map(|sums| sums.as_chunks::<2>().0);
        for ((to_blue, to_red), ((red, green), blue)) in targets.zip(pairs[0].iter().zip(pairs[1]).zip(pairs[2])) {
            let sum = |pair: &[u16; 2]| (i32::from(pair[0]) + i32::from(pair[1])) * weight;
            (*to_blue, *to_red) = convert(sum(red), sum(green), sum(blue));
        }
    }
}

#[cfg(test)]
mod tests;
