//! A JPEG image as it stands in the file: quantised coefficients, before any loss or gain of a
//! decoder.

use std::sync::Arc;

/// A block's 64 coefficients or quantisation steps are in row-major ("natural") order everywhere
/// outside the file.
pub type Block = [i16; 64];

/// How the components are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One component.
    Grey,
    /// Luma and two colour differences, as JFIF defines them.
    YCbCr,
    /// Red, green, blue.
    Rgb,
}

impl Colour {
    /// How many components there are: 1 or 3.
    pub fn component_count(self) -> usize {
        if self == Self::Grey { 1 } else { 3 }
    }

    /// Which of the two pairs of Huffman tables, and of the two tables of steps, a component uses.
    #[inline(always)]
    pub(super) fn table_index(self, component: usize) -> usize {
        usize::from(self == Self::YCbCr && component > 0)
    }
}

/// One component (plane) of an image whose blocks are of type `B`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockComponent<B> {
    /// Horizontal sampling factor, 1 to 4; always 1 where there is only one component.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4; always 1 where there is only one component.
    pub vertical: u8,
    /// Quantisation steps, row-major, 1 to 65535.
    pub quantisation: [u16; 64],
    /// Blocks in a row. Where there are three components, whole MCUs are filled (ITU T.81 A.2.4), or
    /// as many of them as [`BlockKind::MCUS`] says.
    pub blocks_wide: usize,
    /// Rows of blocks, likewise.
    pub blocks_high: usize,
    /// `blocks_wide * blocks_high` blocks of coefficients, row by row.
    pub coefficients: Vec<B>,
}

/// An image as blocks of type `B`.
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
    /// The ICC profile, whole.
    pub icc: Option<Arc<[u8]>>,
}

/// A component of quantised coefficients.
pub type Component = BlockComponent<Block>;
/// An image as quantised coefficients.
pub type JpegImage = BlockImage<Block>;

/// Width and height in samples of a component with `factors` (horizontal, vertical) in an image of
/// `size` whose greatest factors are `greatest`: ceil(size * factor / greatest) (ITU T.81 A.1.1).
pub fn component_size(size: (u32, u32), factors: (u8, u8), greatest: (u8, u8)) -> (u32, u32) {
    let scale = |length: u32, factor: u8, greatest: u8| {
        let samples = (u64::from(length) * u64::from(factor)).div_ceil(u64::from(greatest.max(1)));
        u32::try_from(samples).unwrap_or(u32::MAX)
    };
    (scale(size.0, factors.0, greatest.0), scale(size.1, factors.1, greatest.1))
}

/// How an image divides into MCUs, and each component into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct McuLayout {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// The greatest sampling factors.
    pub(super) greatest: (u8, u8),
    /// MCUs in a row and rows of them.
    pub(super) mcus: (usize, usize),
}

impl McuLayout {
    /// The layout of an image of `size` with components of these sampling factors, all at least 1,
    /// whose blocks are of kind `B`.
    pub(super) fn of<B: BlockKind>(size: (u32, u32), factors: impl Iterator<Item = (u8, u8)>) -> Self {
        let greatest = factors.fold((1, 1), |most, one| (most.0.max(one.0), most.1.max(one.1)));
        let count = |length: u32, factor: u8| {
            let mcus = length.div_ceil(8 * u32::from(factor)) as usize;
            mcus.next_multiple_of(B::MCUS)
        };
        Self { size, greatest, mcus: (count(size.0, greatest.0), count(size.1, greatest.1)) }
    }

    /// Blocks in a row and rows of blocks of a component, whole MCUs filled.
    pub(super) fn padded_blocks(&self, factors: (u8, u8)) -> (usize, usize) {
        (self.mcus.0 * usize::from(factors.0), self.mcus.1 * usize::from(factors.1))
    }

    /// Blocks in a row and rows of blocks of a component, as a scan of this component alone holds
    /// them (A.2.3).
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
    /// An image of no size, to decode or assign into.
    fn default() -> Self {
        Self { width: 0, height: 0, colour: Colour::Grey, components: Vec::new(), icc: None }
    }
}

/// A kind of block.
pub trait BlockKind: Copy {
    /// A block of which nothing is known.
    const UNSET: Self;
    /// Images are filled with blocks to a multiple of this many MCUs, either way.
    const MCUS: usize;
}

impl BlockKind for Block {
    const UNSET: Self = [0; 64];
    const MCUS: usize = 1;
}

impl<B: BlockKind> BlockImage<B> {
    /// The image's division into MCUs.
    pub(super) fn layout(&self) -> McuLayout {
        McuLayout::of::<B>((self.width, self.height), self.factors())
    }

    /// The sampling factors of each component.
    pub(super) fn factors(&self) -> impl ExactSizeIterator<Item = (u8, u8)> + Clone {
        self.components.iter().map(BlockComponent::factors)
    }

    /// Whether there are as many components and blocks as there should be.
    pub(super) fn is_sound(&self) -> bool {
        let layout = self.layout();
        self.components.len() == self.colour.component_count()
            && self.components.iter().all(|component| {
                let (wide, high) = layout.padded_blocks(component.factors());
                (component.blocks_wide, component.blocks_high) == (wide, high)
                    && component.coefficients.len() == wide * high
            })
    }

    /// Gives the image another shape; buffers are kept, and so is what blocks hold (new ones are
    /// unset).
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

    /// Becomes the other image in all but what its blocks hold, and of this size.
    pub(super) fn assume_shape_of<C: BlockKind>(&mut self, other: &BlockImage<C>, size: (u32, u32)) {
        self.reshape(size, other.colour, other.factors());
        self.icc.clone_from(&other.icc);
        for (component, other) in self.components.iter_mut().zip(&other.components) {
            component.quantisation = other.quantisation;
        }
    }
}
