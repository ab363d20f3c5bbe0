//! A JPEG image as it stands in the file: quantised coefficients, before any loss or gain of a
//! decoder.

use std::sync::Arc;

use super::dct;
use super::encode_error::EncodeError;
use super::forward::{PairQuantiser, forward_pair};
use crate::raster::vector::{Vectorised, widest};

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
pub(super) struct Layout {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// The greatest sampling factors.
    pub(super) greatest: (u8, u8),
    /// MCUs in a row and rows of them.
    pub(super) mcus: (usize, usize),
}

impl Layout {
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
    pub(super) fn layout(&self) -> Layout {
        Layout::of::<B>((self.width, self.height), self.factors())
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
        let layout = Layout::of::<B>(size, factors.clone());
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
        let layout = Layout::of::<Block>(size, factors.clone());
        for (index, (plane, factors)) in planes.iter().zip(factors.clone()).enumerate() {
            let (width, height) = component_size(size, factors, layout.greatest);
            let (expected, found) = (width as usize * height as usize, plane.samples.len());
            if expected != found {
                return Err(EncodeError::Layout { component: index, expected, found });
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

/// Whether an image of this size and sampling can be one interleaved baseline scan.
pub(super) fn check_size_and_factors(
    size: (u32, u32),
    mut factors: impl ExactSizeIterator<Item = (u8, u8)> + Clone,
) -> Result<(), EncodeError> {
    let possible = 1..=65535;
    if !possible.contains(&size.0) || !possible.contains(&size.1) {
        return Err(EncodeError::Dimension { width: size.0, height: size.1 });
    }
    let blocks: u32 = factors.clone().map(|(h, v)| u32::from(h) * u32::from(v)).sum();
    let alone = factors.len() == 1;
    let legal = factors.all(|(h, v)| (1..=4).contains(&h) && (1..=4).contains(&v));
    if legal && (blocks <= 10 || alone) { Ok(()) } else { Err(EncodeError::Sampling) }
}

/// Whether all steps can stand in an 8-bit table.
pub(super) fn check_steps(table: &[u16; 64]) -> Result<(), EncodeError> {
    match table.iter().find(|step| !(1..=255).contains(*step)) {
        Some(&step) => Err(EncodeError::QuantisationStep { step }),
        None => Ok(()),
    }
}
