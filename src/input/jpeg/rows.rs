//! A JPEG's pixels, row by row.
//!
//! One row of MCUs is decoded ahead: if colour differences have half the rows, interpolating at the border between two
//! rows of MCUs needs samples of both.

use super::Coefficients;
use crate::geometry::Size;
use crate::input::{PictureError, Rows};
use crate::jpeg::{Colour, JpegImage, SubsampledPlane, Subsampling, Upsampler, Upsampling};
use crate::raster::Samples;
use crate::raster::ycbcr::planes_to_rgb;

const NO_PIXELS: Size = Size::new(0, 0);

/// The rows of a JPEG in stored order.
pub(super) struct JpegRows {
    coefficients: Coefficients,
    /// Rows of pixels not decoded yet.
    remaining: u32,
    mcu_height: u32,
    upsampling: Upsampling,
    image: JpegImage,
    /// The row of MCUs being delivered.
    current: McuRow,
    /// The row of MCUs below `current`.
    next: McuRow,
    /// The last row of each component above `current`; empty at the top.
    above: [Vec<u8>; 3],
    /// The components of `current`, upsampled.
    pixels: [Vec<u8>; 3],
    /// Rows of `pixels` already delivered.
    delivered: usize,
    upsampler: Upsampler,
    /// A component of `current` with a row more above and below.
    extended: Vec<u8>,
}

/// The components of a row of MCUs.
struct McuRow {
    /// None before the first row and after the last.
    colour: Option<Colour>,
    /// Size in pixels.
    size: Size,
    components: [ComponentPlane; 3],
}

impl Default for McuRow {
    fn default() -> Self {
        Self { colour: None, size: NO_PIXELS, components: Default::default() }
    }
}

struct ComponentPlane {
    samples: Vec<u8>,
    /// Size in samples.
    size: Size,
    subsampling: Subsampling,
}

impl Default for ComponentPlane {
    fn default() -> Self {
        Self { samples: Vec::new(), size: NO_PIXELS, subsampling: Subsampling::default() }
    }
}

impl ComponentPlane {
    fn row(&self, y: usize) -> &[u8] {
        let width = self.size.width as usize;
        self.samples.get(y * width..(y + 1) * width).unwrap_or_default()
    }
}

impl JpegRows {
    pub(super) fn new(coefficients: Coefficients, size: Size, mcu_height: u32, upsampling: Upsampling) -> Self {
        Self {
            coefficients,
            remaining: size.height,
            mcu_height,
            upsampling,
            image: JpegImage::default(),
            current: McuRow::default(),
            next: McuRow::default(),
            above: Default::default(),
            pixels: Default::default(),
            delivered: 0,
            upsampler: Upsampler::default(),
            extended: Vec::new(),
        }
    }

    /// Decodes the next row of MCUs, if any, into `next`.
    fn decode_next(&mut self) -> Result<(), PictureError> {
        let McuRow { colour, size, components } = &mut self.next;
        *colour = None;
        if self.remaining == 0 {
            return Ok(());
        }
        self.coefficients.read(self.mcu_height, &mut self.image)?;
        self.remaining = self.remaining.saturating_sub(self.image.height);
        (*colour, *size) = (Some(self.image.colour), Size::new(self.image.width, self.image.height));
        for (index, plane) in components.iter_mut().enumerate().take(self.image.colour.component_count()) {
            let (width, height) = self.image.component_size(index);
            (plane.size, plane.subsampling) = (Size::new(width, height), Subsampling::of(&self.image, index));
            self.image.plane(index, &mut plane.samples);
        }
        Ok(())
    }

    /// Moves to the next row of MCUs and upsamples its components.
    fn advance(&mut self) -> Result<(), PictureError> {
        if self.current.colour.is_none() && self.next.colour.is_none() {
            self.decode_next()?;
        }
        for (above, plane) in self.above.iter_mut().zip(&self.current.components) {
            above.clear();
            above.extend_from_slice(plane.row((plane.size.height as usize).saturating_sub(1)));
        }
        std::mem::swap(&mut self.current, &mut self.next);
        self.decode_next()?;
        self.delivered = 0;
        let size = self.current.size;
        for index in 0..self.current.colour.map_or(0, Colour::component_count) {
            let plane = &mut self.current.components[index];
            // The size alone does not suffice: a last row of MCUs can be so low that a halved plane has the same
            // height.
            if plane.size == size && plane.subsampling.is_full() {
                std::mem::swap(&mut self.pixels[index], &mut plane.samples);
                // `samples` now holds other data, so the row below must find no rows here.
                plane.size = NO_PIXELS;
                continue;
            }
            self.upsample(index);
        }
        Ok(())
    }

    /// Upsamples a component of `current`, with a neighbouring row above and below if there is one.
    fn upsample(&mut self, index: usize) {
        let (plane, below, above) = (&self.current.components[index], &self.next.components[index], &self.above[index]);
        let below = if self.next.colour.is_some() { below.row(0) } else { &[] };
        // Only halves are interpolated and need their neighbours.
        let halved = plane.subsampling.halves_rows();
        let (above, below) = if halved { (above.as_slice(), below) } else { (&[][..], &[][..]) };
        self.extended.clear();
        [above, &plane.samples, below].iter().for_each(|rows| self.extended.extend_from_slice(rows));
        let (width, size) = (plane.size.width, self.current.size);
        let rows = |samples: &[u8]| samples.len() as u32 / width.max(1);
        let (rows_above, rows_below) = (2 * rows(above), 2 * rows(below));
        let extended = SubsampledPlane {
            samples: &self.extended,
            size: Size::new(width, rows(&self.extended)),
            subsampling: plane.subsampling,
        };
        let to = Size::new(size.width, rows_above + size.height + rows_below);
        let pixels = &mut self.pixels[index];
        self.upsampler.upsample(extended, to, self.upsampling, pixels);
        pixels.drain(..(rows_above * size.width) as usize);
    }

    /// Fills `to` with the next row of `current`.
    fn deliver_row(&self, to: &mut [u8]) -> Result<(), PictureError> {
        let width = self.current.size.width as usize;
        let row = self.delivered * width..(self.delivered + 1) * width;
        let [a, b, c] = self.pixels.each_ref().map(|plane| plane.get(row.clone()));
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
            _ => return Err(PictureError::wrong_band()),
        }
        Ok(())
    }
}

impl Rows for JpegRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        let Samples::Eight(band) = band else { return Err(PictureError::wrong_band()) };
        for y in 0..band.height() {
            if self.current.colour.is_none() || self.delivered == self.current.size.height as usize {
                self.advance()?;
            }
            self.deliver_row(band.row_mut(y))?;
            self.delivered += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        self.coefficients.finish()
    }
}
