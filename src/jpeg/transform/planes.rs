//! Samples to coefficients and back: whole planes at a time.

use super::dct;
use super::pair::{PairQuantiser, forward_pair};
use crate::jpeg::encode_error::EncodeError;
use crate::jpeg::image::{Block, Colour, Component, JpegImage, McuLayout, component_size};
use crate::jpeg::limits::{check_size_and_factors, check_steps};
use crate::raster::vector::{Vectorised, widest};

/// The samples of one component, from which [`JpegImage::assign_planes`] makes coefficients.
#[derive(Debug, Clone, Copy)]
pub struct PlaneSource<'a> {
    /// The component's samples, row by row without gaps, of the size that [`component_size`] gives.
    pub samples: &'a [u8],
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Quantisation steps, row-major, 1 to 255.
    pub quantisation: &'a [u16; 64],
}

impl JpegImage {
    /// Width and height in samples of the component with this index; nothing if there is none.
    pub fn component_size(&self, index: usize) -> (u32, u32) {
        let layout = self.layout();
        self.components
            .get(index)
            .map_or((0, 0), |component| component_size(layout.size, component.factors(), layout.greatest))
    }

    /// Decodes the component with this index to samples (ITU T.81 A.3.3, A.3.4): row by row without
    /// gaps, of [`Self::component_size`]. What `samples` held is replaced; without such a
    /// component, by nothing.
    pub fn plane(&self, index: usize, samples: &mut Vec<u8>) {
        let (width, height) = self.component_size(index);
        let (width, height) = (width as usize, height as usize);
        samples.resize(width * height, 0);
        let Some(component) = self.components.get(index) else {
            return;
        };
        if width == 0 || component.blocks_wide == 0 {
            return;
        }
        let rows_of_blocks = component.coefficients.chunks_exact(component.blocks_wide);
        for (strip, blocks) in samples.chunks_mut(8 * width).zip(rows_of_blocks) {
            for (block, left) in blocks.iter().zip((0..width).step_by(8)) {
                let decoded = dct::inverse(block, &component.quantisation);
                let wide = (width - left).min(8);
                for (row, line) in strip.chunks_exact_mut(width).zip(&decoded) {
                    row[left..left + wide].copy_from_slice(&line[..wide]);
                }
            }
        }
    }

    /// Makes this the image of `planes`, one for each component: forward DCT (ITU T.81 A.3.3) and
    /// quantisation to the nearest. Beyond the edge of a plane its last column and row are
    /// repeated, to whole MCUs. The ICC profile is dropped. The sampling factors of an only plane
    /// count as 1x1.
    ///
    /// # Errors
    /// If the image cannot be a baseline JPEG, or a plane has another number of samples than its
    /// size asks for; the image is then unspecified.
    pub fn assign_planes(
        &mut self,
        size: (u32, u32),
        colour: Colour,
        planes: &[PlaneSource<'_>],
    ) -> Result<(), EncodeError> {
        if planes.len() != colour.component_count() {
            return Err(EncodeError::Components { count: planes.len() });
        }
        let alone = planes.len() == 1;
        let factors = planes.iter().map(|plane| if alone { (1, 1) } else { (plane.horizontal, plane.vertical) });
        check_size_and_factors(size, factors.clone())?;
        planes.iter().try_for_each(|plane| check_steps(plane.quantisation))?;
        let layout = McuLayout::of::<Block>(size, factors.clone());
        for (index, (plane, factors)) in planes.iter().zip(factors.clone()).enumerate() {
            let (width, height) = component_size(size, factors, layout.greatest);
            let (expected, found) = (width as usize * height as usize, plane.samples.len());
            if expected != found {
                return Err(EncodeError::SampleCount { component: index, expected, found });
            }
        }
        self.reshape(size, colour, factors);
        for (plane, component) in planes.iter().zip(&mut self.components) {
            component.quantisation = *plane.quantisation;
            let width = component_size(size, component.factors(), layout.greatest).0;
            widest(PlaneTransform { samples: plane.samples, width: width as usize, component });
        }
        Ok(())
    }
}

/// Fills a component's blocks from samples in rows of `width`.
struct PlaneTransform<'a> {
    samples: &'a [u8],
    width: usize,
    component: &'a mut Component,
}

impl Vectorised for PlaneTransform<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { samples, width, component } = self;
        let height = samples.len() / width.max(1);
        let quantiser = PairQuantiser::new(&component.quantisation);
        let mut source = [[0u8; 16]; 8];
        let rows_of_blocks = component.coefficients.chunks_mut(component.blocks_wide.max(1));
        for (blocks, top) in rows_of_blocks.zip((0..).step_by(8)) {
            for (pair, left) in blocks.chunks_mut(2).zip((0..).step_by(16)) {
                for (line, y) in source.iter_mut().zip(top..) {
                    let row = y.min(height - 1) * width;
                    let row = &samples[row..row + width];
                    match row.get(left..).and_then(|rest| rest.first_chunk::<16>()) {
                        Some(inside) => *line = *inside,
                        None => line.iter_mut().zip(left..).for_each(|(to, x)| *to = row[x.min(width - 1)]),
                    }
                }
                // Of the last one in a row the right half may be of no use.
                pair.copy_from_slice(&forward_pair(&source, &quantiser)[..pair.len()]);
            }
        }
    }
}
