//! A JPEG's pixels, row by row.
//!
//! A row of MCUs is decoded at a time, and one ahead: where colour differences have half the rows, those between two rows of
//! MCUs are made of both.

use super::Coefficients;
use crate::geometry::Size;
use crate::input::upsample::{Upsampling, ratio, upsample};
use crate::input::{PictureError, Rows, whole};
use crate::jpeg::{Colour, JpegImage};
use crate::raster::Samples;
use crate::raster::ycbcr::planes_to_rgb;

/// The rows of a JPEG as it is stored.
pub(super) struct JpegRows {
    coefficients: Coefficients,
    /// Rows of pixels that are not decoded yet.
    left: u32,
    mcu_height: u32,
    upsampling: Upsampling,
    image: JpegImage,
    /// The row of MCUs that is delivered, and the one below it.
    current: Planes,
    next: Planes,
    /// The last row of each component above `current`; empty at the top.
    above: [Vec<u8>; 3],
    /// Whole planes of `current`, of which the first `at` rows were delivered.
    pixels: [Vec<u8>; 3],
    at: usize,
    sums: Vec<u16>,
    extended: Vec<u8>,
}

/// The components of a row of MCUs.
#[derive(Default)]
struct Planes {
    colour: Option<Colour>,
    /// Width and height in pixels.
    size: (u32, u32),
    components: [Plane; 3],
}

#[derive(Default)]
struct Plane {
    samples: Vec<u8>,
    /// Width and height in samples.
    size: (u32, u32),
    ratio: [(u8, u8); 2],
}

impl Plane {
    fn row(&self, y: usize) -> &[u8] {
        let width = self.size.0 as usize;
        self.samples.get(y * width..(y + 1) * width).unwrap_or_default()
    }
}

impl JpegRows {
    pub(super) fn new(coefficients: Coefficients, size: Size, mcu_height: u32, upsampling: Upsampling) -> Self {
        Self {
            coefficients,
            left: size.height,
            mcu_height,
            upsampling,
            image: JpegImage::default(),
            current: Planes::default(),
            next: Planes::default(),
            above: Default::default(),
            pixels: Default::default(),
            at: 0,
            sums: Vec::new(),
            extended: Vec::new(),
        }
    }

    /// Decodes the next row of MCUs into `next`; nothing is there after the last one.
    fn decode_next(&mut self) -> Result<(), PictureError> {
        let Planes { colour, size, components } = &mut self.next;
        *colour = None;
        if self.left == 0 {
            return Ok(());
        }
        self.coefficients.read(self.mcu_height, &mut self.image)?;
        self.left = self.left.saturating_sub(self.image.height);
        (*colour, *size) = (Some(self.image.colour), (self.image.width, self.image.height));
        for (index, plane) in components.iter_mut().enumerate().take(self.image.colour.component_count()) {
            (plane.size, plane.ratio) = (self.image.component_size(index), ratio(&self.image, index));
            self.image.plane(index, &mut plane.samples);
        }
        Ok(())
    }

    /// Goes on to the next row of MCUs and makes its planes whole.
    fn advance(&mut self) -> Result<(), PictureError> {
        if self.current.colour.is_none() && self.next.colour.is_none() {
            self.decode_next()?;
        }
        for (above, plane) in self.above.iter_mut().zip(&self.current.components) {
            above.clear();
            above.extend_from_slice(plane.row((plane.size.1 as usize).saturating_sub(1)));
        }
        std::mem::swap(&mut self.current, &mut self.next);
        self.decode_next()?;
        self.at = 0;
        let size = self.current.size;
        for index in 0..self.current.colour.map_or(0, Colour::component_count) {
            let plane = &mut self.current.components[index];
            // A last row of MCUs can be so low that a halved plane is as high.
            if plane.size == size && plane.ratio.iter().all(|(pixels, samples)| pixels == samples) {
                std::mem::swap(&mut self.pixels[index], &mut plane.samples);
                // For the row below, if that is not whole.
                plane.size = (0, 0);
                continue;
            }
            self.widen(index);
        }
        Ok(())
    }

    /// Makes a component of the current row of MCUs whole, with a row more above and below where there is one.
    fn widen(&mut self, index: usize) {
        let (plane, below, above) = (&self.current.components[index], &self.next.components[index], &self.above[index]);
        let below = if self.next.colour.is_some() { below.row(0) } else { &[] };
        // Only halves are smoothed, and only they look at their neighbours.
        let halved = plane.ratio[1].0 == 2 * plane.ratio[1].1;
        let (above, below) = if halved { (above.as_slice(), below) } else { (&[][..], &[][..]) };
        self.extended.clear();
        [above, &plane.samples, below].iter().for_each(|rows| self.extended.extend_from_slice(rows));
        let (width, (wide, high)) = (plane.size.0, self.current.size);
        let rows = |samples: &[u8]| samples.len() as u32 / width.max(1);
        let (first, more) = (2 * rows(above), 2 * rows(below));
        let (from, to) = (Size::new(width, rows(&self.extended)), Size::new(wide, first + high + more));
        let pixels = &mut self.pixels[index];
        upsample(&self.extended, from, to, plane.ratio, self.upsampling, &mut self.sums, pixels);
        pixels.drain(..(first * wide) as usize);
    }
}

impl Rows for JpegRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let Samples::Eight(band) = band else { return Err(whole::wrong_band()) };
        for y in 0..band.height() {
            if self.current.colour.is_none() || self.at == self.current.size.1 as usize {
                self.advance()?;
            }
            let width = self.current.size.0 as usize;
            let [a, b, c] = self.pixels.each_ref().map(|plane| plane.get(self.at * width..(self.at + 1) * width));
            let to = band.row_mut(y);
            match (self.current.colour, a, b, c) {
                (Some(Colour::Grey), Some(grey), ..) if to.len() == width => to.copy_from_slice(grey),
                (Some(Colour::YCbCr), Some(a), Some(b), Some(c)) if to.len() == 3 * width => {
                    planes_to_rgb([a, b, c], to);
                }
                (Some(Colour::Rgb), Some(a), Some(b), Some(c)) if to.len() == 3 * width => {
                    for (pixel, ((&a, &b), &c)) in to.as_chunks_mut::<3>().0.iter_mut().zip(a.iter().zip(b).zip(c)) {
                        *pixel = [a, b, c];
                    }
                }
                _ => return Err(whole::wrong_band()),
            }
            self.at += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        self.coefficients.finish()
    }
}
