//! Parts of an image, cut losslessly between MCUs.

use super::image::{Block, JpegImage, McuLayout};

/// A range of columns of an image, from top to bottom, without copying it.
#[derive(Debug, Clone, Copy)]
pub struct ImagePart<'a> {
    pub(super) image: &'a JpegImage,
    /// MCUs to the left of the part.
    pub(super) mcus_left: usize,
    /// Width in pixels.
    width: u32,
}

impl<'a> From<&'a JpegImage> for ImagePart<'a> {
    fn from(image: &'a JpegImage) -> Self {
        Self { image, mcus_left: 0, width: image.width }
    }
}

impl ImagePart<'_> {
    /// Width and height in pixels.
    pub(super) fn size(self) -> (u32, u32) {
        (self.width, self.image.height)
    }

    /// How the part divides into MCUs.
    pub(super) fn layout(self) -> McuLayout {
        McuLayout::of::<Block>(self.size(), self.image.factors())
    }
}

impl JpegImage {
    /// The columns from `left`, at most `width` of them.
    ///
    /// The part must begin at an MCU, and end at one or at the right edge.
    pub fn part(&self, left: u32, width: u32) -> ImagePart<'_> {
        let mcus_left = (left / (8 * u32::from(self.layout().greatest.0))) as usize;
        ImagePart { image: self, mcus_left, width: width.min(self.width.saturating_sub(left)) }
    }

    /// Becomes a copy of the part.
    pub fn assign_part(&mut self, part: ImagePart<'_>) {
        let whole = part.image;
        self.reshape(part.size(), whole.colour, whole.factors());
        self.icc.clone_from(&whole.icc);
        for (component, from) in self.components.iter_mut().zip(&whole.components) {
            component.quantisation = from.quantisation;
            let first = part.mcus_left * usize::from(component.horizontal);
            let (wide, from_wide) = (component.blocks_wide, from.blocks_wide);
            if wide == 0 || from_wide == 0 {
                continue;
            }
            let rows = component.coefficients.chunks_exact_mut(wide).zip(from.coefficients.chunks_exact(from_wide));
            for (row, from) in rows {
                row.copy_from_slice(&from[first..first + wide]);
            }
        }
    }

    /// Becomes the rows of `whole` from `top`, at most `height` of them.
    ///
    /// `top` must be the first row of an MCU.
    pub fn assign_rows(&mut self, whole: &Self, top: u32, height: u32) {
        let greatest = whole.layout().greatest.1;
        let mcus_above = (top / (8 * u32::from(greatest))) as usize;
        self.reshape((whole.width, height.min(whole.height.saturating_sub(top))), whole.colour, whole.factors());
        self.icc.clone_from(&whole.icc);
        for (component, from) in self.components.iter_mut().zip(&whole.components) {
            component.quantisation = from.quantisation;
            let first = mcus_above * usize::from(component.vertical) * component.blocks_wide;
            let count = component.coefficients.len();
            component.coefficients.copy_from_slice(&from.coefficients[first..first + count]);
        }
    }

    /// The DC coefficient of each component if the columns are of a uniform colour.
    ///
    /// That is the case if no block has AC coefficients or another DC coefficient. `left` must be the first column of
    /// an MCU.
    pub fn uniform_dc(&self, left: u32, width: u32) -> Option<[i16; 3]> {
        let layout = self.layout();
        let mcu = 8 * u32::from(layout.greatest.0);
        let mcus = (left / mcu) as usize..((left + width).div_ceil(mcu) as usize).min(layout.mcus.0);
        let mut colour = [0; 3];
        for (to, component) in colour.iter_mut().zip(&self.components) {
            let factor = usize::from(component.horizontal);
            let blocks = mcus.start * factor..mcus.end * factor;
            *to = component.coefficients.get(blocks.start)?[0];
            let flat: Block = std::array::from_fn(|at| if at == 0 { *to } else { 0 });
            let mut rows = component.coefficients.chunks_exact(component.blocks_wide.max(1));
            if rows.any(|row| row[blocks.clone()].iter().any(|block| *block != flat)) {
                return None;
            }
        }
        Some(colour)
    }
}
