//! A JPEG image as stored: quantised coefficients.

use std::sync::Arc;

/// The 64 coefficients of a block, row by row ("natural" order).
///
/// Only files use zig-zag order. Quantisation steps have natural order, too.
pub type Block = [i16; 64];

/// What the components mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One component.
    Grey,
    /// Luma and two colour differences (chroma), as JFIF defines them.
    YCbCr,
    /// Red, green, blue.
    Rgb,
}

impl Colour {
    /// Number of components: 1 or 3.
    pub fn component_count(self) -> usize {
        if self == Self::Grey { 1 } else { 3 }
    }

    /// Index of the component's tables: 1 for chroma, otherwise 0.
    ///
    /// Huffman tables and quantisation steps come in pairs.
    #[inline(always)]
    pub(super) fn table_index(self, component: usize) -> usize {
        usize::from(self == Self::YCbCr && component > 0)
    }
}

/// One component (plane) of an image with blocks of type `B`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockComponent<B> {
    /// Horizontal sampling factor, 1 to 4; 1 if there is only one component.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4; 1 if there is only one component.
    pub vertical: u8,
    /// Quantisation steps, row by row, 1 to 65535.
    pub quantisation: [u16; 64],
    /// Blocks per row.
    ///
    /// Images with three components are filled up to whole MCUs (ITU T.81 A.2.4), or to the number in
    /// [`BlockKind::MCUS`].
    pub blocks_wide: usize,
    /// Rows of blocks, filled up in the same way.
    pub blocks_high: usize,
    /// `blocks_wide * blocks_high` blocks, row by row.
    pub coefficients: Vec<B>,
}

/// An image with blocks of type `B`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockImage<B> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the components mean.
    pub colour: Colour,
    /// One component for grey, otherwise three.
    pub components: Vec<BlockComponent<B>>,
    /// The complete ICC profile.
    pub icc: Option<Arc<[u8]>>,
}

/// A component of quantised coefficients.
pub type Component = BlockComponent<Block>;
/// An image as quantised coefficients.
pub type JpegImage = BlockImage<Block>;

/// The form of a decoded image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ImageForm {
    /// All coefficients.
    #[default]
    Whole,
    /// Folded blocks.
    Folded,
}

/// Width and height in samples of a component (ITU T.81 A.1.1): ceil(size * factor / greatest).
///
/// `factors` are the component's horizontal and vertical sampling factors, `greatest` the greatest factors in the
/// image.
pub fn component_size(size: (u32, u32), factors: (u8, u8), greatest: (u8, u8)) -> (u32, u32) {
    let scale = |length: u32, factor: u8, greatest: u8| {
        let samples = (u64::from(length) * u64::from(factor)).div_ceil(u64::from(greatest.max(1)));
        u32::try_from(samples).unwrap_or(u32::MAX)
    };
    (scale(size.0, factors.0, greatest.0), scale(size.1, factors.1, greatest.1))
}

/// How an image divides into MCUs, and its components into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct McuLayout {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// The greatest sampling factors.
    pub(super) greatest: (u8, u8),
    /// MCUs per row, and rows of MCUs.
    pub(super) mcus: (usize, usize),
}

impl McuLayout {
    /// The layout of an image with blocks of kind `B`. All sampling factors must be at least 1.
    pub(super) fn of<B: BlockKind>(size: (u32, u32), factors: impl Iterator<Item = (u8, u8)>) -> Self {
        let greatest = factors.fold((1, 1), |most, one| (most.0.max(one.0), most.1.max(one.1)));
        let count = |length: u32, factor: u8| {
            let mcus = length.div_ceil(8 * u32::from(factor)) as usize;
            mcus.next_multiple_of(B::MCUS)
        };
        Self { size, greatest, mcus: (count(size.0, greatest.0), count(size.1, greatest.1)) }
    }

    /// Blocks per row and rows of blocks of a component, filled up to whole MCUs.
    pub(super) fn padded_blocks(&self, factors: (u8, u8)) -> (usize, usize) {
        (self.mcus.0 * usize::from(factors.0), self.mcus.1 * usize::from(factors.1))
    }

    /// Blocks per row and rows of blocks in a scan of this component alone (A.2.3).
    pub(super) fn own_blocks(&self, factors: (u8, u8)) -> (usize, usize) {
        let (width, height) = component_size(self.size, factors, self.greatest);
        (width.div_ceil(8) as usize, height.div_ceil(8) as usize)
    }
}

impl<B> BlockComponent<B> {
    fn unset() -> Self {
        Self {
            horizontal: 1,
            vertical: 1,
            quantisation: [1; 64],
            blocks_wide: 0,
            blocks_high: 0,
            coefficients: Vec::new(),
        }
    }

    /// Both sampling factors.
    pub(super) fn factors(&self) -> (u8, u8) {
        (self.horizontal, self.vertical)
    }
}

impl<B> Default for BlockImage<B> {
    /// An empty image, to decode or assign into.
    fn default() -> Self {
        Self { width: 0, height: 0, colour: Colour::Grey, components: Vec::new(), icc: None }
    }
}

/// A kind of block: coefficients, or folded coefficients.
pub trait BlockKind: Copy {
    /// A block without contents.
    const UNSET: Self;
    /// Images are filled up to a multiple of this many MCUs in both directions.
    const MCUS: usize;
}

impl BlockKind for Block {
    const UNSET: Self = [0; 64];
    const MCUS: usize = 1;
}

impl<B: BlockKind> BlockImage<B> {
    /// How the image divides into MCUs.
    pub(super) fn layout(&self) -> McuLayout {
        McuLayout::of::<B>((self.width, self.height), self.factors())
    }

    /// The sampling factors of each component.
    pub(super) fn factors(&self) -> impl ExactSizeIterator<Item = (u8, u8)> + Clone {
        self.components.iter().map(BlockComponent::factors)
    }

    /// Whether the components and blocks have the right number.
    pub(super) fn is_sound(&self) -> bool {
        let layout = self.layout();
        self.components.len() == self.colour.component_count()
            && self.components.iter().all(|component| {
                let (wide, high) = layout.padded_blocks(component.factors());
                (component.blocks_wide, component.blocks_high) == (wide, high)
                    && component.coefficients.len() == wide * high
            })
    }

    /// Changes the shape. Buffers are reused, and blocks keep their contents; new blocks are unset.
    pub(super) fn reshape(
        &mut self,
        size: (u32, u32),
        colour: Colour,
        factors: impl ExactSizeIterator<Item = (u8, u8)> + Clone,
    ) {
        (self.width, self.height) = size;
        self.colour = colour;
        self.icc = None;
        self.components.resize_with(factors.len(), BlockComponent::unset);
        let layout = McuLayout::of::<B>(size, factors.clone());
        for (component, factors) in self.components.iter_mut().zip(factors) {
            (component.horizontal, component.vertical) = factors;
            (component.blocks_wide, component.blocks_high) = layout.padded_blocks(factors);
            component.coefficients.resize(component.blocks_wide * component.blocks_high, B::UNSET);
        }
    }

    /// Unsets the blocks beyond the image's own MCUs.
    pub(super) fn clear_padding(&mut self) {
        let own = McuLayout::of::<Block>((self.width, self.height), self.factors());
        for component in &mut self.components {
            let (wide, high) = own.padded_blocks(component.factors());
            for (row, blocks) in component.coefficients.chunks_exact_mut(component.blocks_wide.max(1)).enumerate() {
                let first = if row < high { wide } else { 0 };
                blocks[first..].fill(B::UNSET);
            }
        }
    }

    /// Copies everything but the size and the contents of blocks from `other`.
    pub(super) fn assume_shape_of<C: BlockKind>(&mut self, other: &BlockImage<C>, size: (u32, u32)) {
        self.reshape(size, other.colour, other.factors());
        self.icc.clone_from(&other.icc);
        for (component, other) in self.components.iter_mut().zip(&other.components) {
            component.quantisation = other.quantisation;
        }
    }
}
