//! Decides which tiles can be folded for their parent.

use super::block::FoldedImage;
use super::halve_colour::fold_halving_colour;
use super::image::fold;
use crate::geometry::Rect;
use crate::jpeg::image::{BlockImage, BlockKind, Colour, JpegImage};

/// The sampling of tiles that can be folded for their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldSampling {
    /// Pixels per sample of the parent's chroma, along each axis.
    pub chroma_step: u8,
    /// Width and height of a full tile in pixels, without overlap.
    pub tile_size: u32,
    /// Overlap in pixels.
    pub overlap: u32,
    /// The tile without its overlap, in pixels of the tile; `None` if it has none.
    pub core: Option<Rect>,
}

impl FoldSampling {
    /// Whether an image has its parent's sampling, and half of a full tile, and the overlap, are whole numbers of MCUs.
    ///
    /// Cores then meet where blocks of the parent meet.
    pub fn suits<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        let first = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        self.has(image, (first, first))
    }

    /// Whether an image with full chroma suits once its chroma is halved.
    fn suits_halved<B: BlockKind>(self, image: &BlockImage<B>) -> bool {
        self.chroma_step == 2 && image.colour == Colour::YCbCr && self.has(image, (1, 1))
    }

    fn has<B: BlockKind>(self, image: &BlockImage<B>, first: (u8, u8)) -> bool {
        let step = if image.colour == Colour::YCbCr { self.chroma_step } else { 1 };
        let mut factors = image.factors();
        self.tile_size.is_multiple_of(16 * u32::from(step))
            && self.overlap.is_multiple_of(8 * u32::from(step))
            && factors.next() == Some(first)
            && factors.all(|factor| factor == (1, 1))
    }

    /// The same for a tile with this core.
    #[must_use]
    pub fn with_core(self, core: Rect) -> Self {
        Self { core: Some(core), ..self }
    }

    /// Whether each block of a tile of this size can be folded as it comes, without regard to the others.
    ///
    /// That is the case if half of what is folded is a whole number of MCUs in both directions: there are no samples beyond an
    /// edge. With overlap, all blocks of the tile are folded, and half of its core has to be.
    pub(in crate::jpeg) fn folds_at_once<B: BlockKind>(self, image: &BlockImage<B>, size: (u32, u32)) -> bool {
        let (greatest, core) =
            (image.layout().greatest, self.core.map_or(size, |core| (core.size.width, core.size.height)));
        let is_whole = |length: u32, factor: u8| length.is_multiple_of(8 * u32::from(factor));
        let is_even = |length: u32, factor: u8| length.is_multiple_of(16 * u32::from(factor));
        self.suits(image)
            && image.is_foldable()
            && is_even(core.0, greatest.0)
            && is_even(core.1, greatest.1)
            && is_whole(size.0, greatest.0)
            && is_whole(size.1, greatest.1)
    }

    /// Folds `image` into `folded`, reusing its buffers, and halves chroma if necessary.
    ///
    /// Returns false and leaves `folded` unchanged if the image does not suit.
    #[must_use]
    pub fn fold(self, image: &JpegImage, folded: &mut FoldedImage) -> bool {
        (self.suits(image) && fold(image, folded)) || (self.suits_halved(image) && fold_halving_colour(image, folded))
    }
}
