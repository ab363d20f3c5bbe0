//! Whole planes of samples to coefficients and back.

use super::dct;
use super::pair::{PairQuantiser, forward_pair};
use crate::geometry::{Rect, Size};
use crate::jpeg::encode_error::EncodeError;
use crate::jpeg::image::{Block, Colour, Component, JpegImage, McuLayout, component_size};
use crate::jpeg::limits::{check_size_and_factors, check_steps};
use crate::raster::vector::{Vectorised, widest};

/// The samples of one component, for [`JpegImage::assign_planes`].
#[derive(Debug, Clone, Copy)]
pub struct PlaneSource<'a> {
    /// Samples, row by row without gaps. [`component_size`] gives their width and height.
    pub samples: &'a [u8],
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Quantisation steps, row by row, 1 to 255.
    pub quantisation: &'a [u16; 64],
}

impl JpegImage {
    /// Width and height in samples of a component; zero if there is no such component.
    pub fn component_size(&self, index: usize) -> (u32, u32) {
        let layout = self.layout();
        self.components
            .get(index)
            .map_or((0, 0), |component| component_size(layout.size, component.factors(), layout.greatest))
    }

    /// Decodes a component to samples, row by row without gaps (ITU T.81 A.3.3, A.3.4).
    ///
    /// Replaces the contents of `samples`; they are empty if there is no such component.
    pub fn plane(&self, index: usize, samples: &mut Vec<u8>) {
        let (width, height) = self.component_size(index);
        self.plane_part(index, Rect { x: 0, y: 0, size: Size::new(width, height) }, samples);
    }

    /// Decodes a rectangle of a component's samples, row by row without gaps. It must lie within the component.
    ///
    /// Replaces the contents of `samples`; they are empty if there is no such component.
    pub fn plane_part(&self, index: usize, part: Rect, samples: &mut Vec<u8>) {
        samples.clear();
        let Some(component) = self.components.get(index) else { return };
        samples.resize(part.size.pixels() as usize, 0);
        if part.size.width > 0 && component.blocks_wide > 0 {
            widest(PlaneInverse { component, part, samples });
        }
    }

    /// Makes this the image of `planes`, one per component (ITU T.81 A.3.3).
    ///
    /// Coefficients are quantised to the nearest multiple. The last column and row of a plane are repeated up to whole
    /// MCUs. The ICC profile is removed. A single plane has sampling factors 1x1, whatever it says.
    ///
    /// # Errors
    /// The image cannot be a baseline JPEG, or a plane does not have the number of samples of its size. The image is
    /// then unspecified.
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

/// Decodes a rectangle of a component, which is not empty.
struct PlaneInverse<'a> {
    component: &'a Component,
    part: Rect,
    samples: &'a mut [u8],
}

impl Vectorised for PlaneInverse<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { component, part, samples } = self;
        let (left, top) = (part.x as usize, part.y as usize);
        let (width, height) = (part.size.width as usize, part.size.height as usize);
        let rows_of_blocks = component.coefficients.chunks_exact(component.blocks_wide).enumerate();
        for (row, blocks) in rows_of_blocks.take((top + height).div_ceil(8)).skip(top / 8) {
            let lines = top.max(8 * row)..(top + height).min(8 * row + 8);
            let columns = blocks.iter().enumerate().take((left + width).div_ceil(8)).skip(left / 8);
            for (column, block) in columns {
                let decoded = dct::inverse(block, &component.quantisation);
                let (from, to) = (left.max(8 * column), (left + width).min(8 * column + 8));
                if to - from == 8 {
                    // Lines of a known length need no call.
                    for y in lines.clone() {
                        let at = (y - top) * width + from - left;
                        if let Some(line) = samples.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                            *line = decoded[y - 8 * row];
                        }
                    }
                    continue;
                }
                for y in lines.clone() {
                    let line = &decoded[y - 8 * row][from - 8 * column..to - 8 * column];
                    samples[(y - top) * width + from - left..][..to - from].copy_from_slice(line);
                }
            }
        }
    }
}

/// Computes the blocks of a component from samples in rows of `width`.
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
                // The right half of the last pair in a row may be unused.
                pair.copy_from_slice(&forward_pair(&source, &quantiser)[..pair.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widest_vectors_give_the_same_coefficients() {
        let samples: Vec<u8> = (0..50u32 * 37).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut image = JpegImage::default();
        image.reshape((50, 37), Colour::Grey, [(1, 1)].into_iter());
        let mut component = image.components.remove(0);
        let mut other = component.clone();
        widest(PlaneTransform { samples: &samples, width: 50, component: &mut component });
        PlaneTransform { samples: &samples, width: 50, component: &mut other }.run();
        assert!(component == other);
    }
}
