//! The sampling that tiles need for their parent to be made of folded blocks.

use super::block::FoldedImage;
use super::halve_colour::fold_halving_colour;
use super::image::fold;
use crate::jpeg::image::{BlockImage, BlockKind, Colour, JpegImage};

/// What an image must be like for its parent to be made of folded blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldSampling {
    /// Pixels that a sample of YCbCr's colour differences stands for in the parent, along each axis.
    pub chroma_step: u8,
    /// Width and height of whole tiles in pixels.
    pub tile_size: u32,
}

impl FoldSampling {
    /// Whether an image of this shape has its parent's sampling, and the halves of whole tiles like
    /// it are whole MCUs, so that tiles meet where blocks of the parent do.
    pub fn suits<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        let first = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        self.has(image, (first, first))
    }

    /// Whether it does once its colour differences, which are whole, are halved.
    fn suits_halved<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        self.chroma_step == 2 && image.colour == Colour::YCbCr && self.has(image, (1, 1))
    }

    fn has<B: BlockKind>(self, image: &BlockImage<B>, first: (u8, u8)) -> bool {
        let step = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        let mut factors = image.factors();
        self.tile_size.is_multiple_of(16 * u32::from(step))
            && factors.next() == Some(first)
            && factors.all(|factor| factor == (1, 1))
    }

    /// Folds `image` into `folded`, whose buffers are used again, so that it suits. False, with `folded` left alone, if it
    /// cannot.
    #[must_use]
    pub fn fold(self, image: &JpegImage, folded: &mut FoldedImage) -> bool {
        (self.suits(image) && fold(image, folded)) || (self.suits_halved(image) && fold_halving_colour(image, folded))
    }
}
