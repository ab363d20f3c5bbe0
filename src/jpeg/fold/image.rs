//! Folds a complete image.

use super::block::{FoldTable, FoldedComponent, FoldedImage, MAX_STEP, fold_exactly};
use crate::jpeg::image::{BlockComponent, BlockImage, BlockKind, Component, JpegImage};
use crate::jpeg::transform::dct;

impl<B: BlockKind> BlockImage<B> {
    /// Whether the steps are small enough for folding.
    pub(in crate::jpeg) fn is_foldable(&self) -> bool {
        let is_small = |component: &BlockComponent<B>| component.quantisation.iter().all(|&step| step <= MAX_STEP);
        self.width > 0 && self.height > 0 && self.components.iter().all(is_small)
    }
}

/// Folds `image` into `folded`, reusing its buffers.
///
/// In blocks that reach beyond the right or bottom edge, the last column and row are repeated, up to whole MCUs of the
/// parent; what the file has there is ignored.
///
/// Returns false and leaves `folded` unchanged if a quantisation step is larger than 255.
#[must_use]
pub fn fold(image: &JpegImage, folded: &mut FoldedImage) -> bool {
    if !image.is_foldable() || !image.is_sound() {
        return false;
    }
    folded.assume_shape_of(image, (image.width, image.height));
    for (index, (component, to)) in image.components.iter().zip(&mut folded.components).enumerate() {
        fold_component(component, image.component_size(index), to);
    }
    true
}

pub(super) fn fold_component(component: &Component, size: (u32, u32), folded: &mut FoldedComponent) {
    let table = FoldTable::new(&component.quantisation);
    // Blocks without samples beyond the edge.
    let (wide, high) = (size.0 as usize / 8, size.1 as usize / 8);
    for (index, to) in folded.coefficients.iter_mut().enumerate() {
        let (column, row) = (index % folded.blocks_wide, index / folded.blocks_wide);
        *to = if column < wide && row < high {
            table.fold(&component.coefficients[row * component.blocks_wide + column])
        } else {
            fold_exactly(&dct::forward_exact(&repeating_edges(component, size, (column, row))))
        };
    }
}

/// The samples of a block at the edge, with the last column and row repeated.
///
/// `size` is that of the component, `at` the block's column and row.
fn repeating_edges(component: &Component, size: (u32, u32), at: (usize, usize)) -> [[u8; 8]; 8] {
    let last = (size.0 as usize - 1, size.1 as usize - 1);
    // The nearest block with samples inside the image.
    let (column, row) = (at.0.min(last.0 / 8), at.1.min(last.1 / 8));
    let samples = dct::inverse(&component.coefficients[row * component.blocks_wide + column], &component.quantisation);
    let place = |offset: usize, block: usize, inside: usize, last: usize| (8 * block + offset).min(last) - 8 * inside;
    std::array::from_fn(|y| {
        let line = samples[place(y, at.1, row, last.1)];
        std::array::from_fn(|x| line[place(x, at.0, column, last.0)])
    })
}
