//! Images made from parts of others, block by block.

use super::image::{BlockImage, BlockKind, JpegImage};
use crate::geometry::{Rect, Size};

/// A part of an image, and its place in another.
#[derive(Debug)]
pub struct PlacedPart<'a, B> {
    /// The image.
    pub image: &'a BlockImage<B>,
    /// The part, in pixels of the image.
    pub from: Rect,
    /// Where the part belongs, in pixels from the left.
    pub x: u32,
    /// The same from the top.
    pub y: u32,
}

impl<'a, B: BlockKind> PlacedPart<'a, B> {
    /// The whole image at this place.
    pub(super) fn whole(image: &'a BlockImage<B>, (x, y): (u32, u32)) -> Self {
        Self { image, from: Rect { x: 0, y: 0, size: Size::new(image.width, image.height) }, x, y }
    }

    /// Whether the part can be copied into a rectangle of this size in units of `side` samples of a component with the greatest
    /// sampling factors: it begins at a block of the image and at a unit of the rectangle, and ends between units or at the edge
    /// of both the image and the rectangle.
    pub(super) fn is_aligned(&self, size: Size, side: u32) -> bool {
        let greatest = self.image.layout().greatest;
        let fits = |start: u32, place: u32, length: u32, own: u32, whole: u32, factor: u8| {
            let unit = side * u32::from(factor);
            let reaches_edge = start + length == own && place + length == whole;
            let inside = start + length <= own && place + length <= whole;
            let begins = start.is_multiple_of(8 * u32::from(factor)) && place.is_multiple_of(unit);
            inside && begins && (reaches_edge || length.is_multiple_of(unit))
        };
        fits(self.from.x, self.x, self.from.size.width, self.image.width, size.width, greatest.0)
            && fits(self.from.y, self.y, self.from.size.height, self.image.height, size.height, greatest.1)
    }

    /// The blocks of component `index`, in units of `side` samples.
    pub(super) fn blocks(&self, index: usize, side: u32) -> BlockArea {
        let greatest = self.image.layout().greatest;
        let (horizontal, vertical) =
            self.image.components.get(index).map_or((1, 1), |one| (one.horizontal, one.vertical));
        // Pixels per unit of the component, and units of a whole number of MCUs.
        let unit = (side * u32::from(greatest.0 / horizontal), side * u32::from(greatest.1 / vertical));
        let units = |x: u32, y: u32| ((x / unit.0) as usize, (y / unit.1) as usize);
        let count =
            |length: u32, most: u8, own: u8| length.div_ceil(side * u32::from(most)) as usize * usize::from(own);
        BlockArea {
            from: units(self.from.x, self.from.y),
            to: units(self.x, self.y),
            wide: count(self.from.size.width, greatest.0, horizontal),
            high: count(self.from.size.height, greatest.1, vertical),
        }
    }
}

/// Whether the parts are of one colour and sampling, whole, aligned as [`PlacedPart::is_aligned`] says, and cover the rectangle.
pub(super) fn can_join<B: BlockKind>(parts: &[PlacedPart<'_, B>], size: Size, side: u32) -> bool {
    let Some(first) = parts.first().map(|part| part.image) else { return false };
    let divides = |greatest: (u8, u8), own: (u8, u8)| {
        own.0 > 0 && own.1 > 0 && greatest.0.is_multiple_of(own.0) && greatest.1.is_multiple_of(own.1)
    };
    let suits = |part: &PlacedPart<'_, B>| {
        let image = part.image;
        image.colour == first.colour
            && image.factors().eq(first.factors())
            && image.is_sound()
            && part.is_aligned(size, side)
    };
    let covered: u64 = parts.iter().map(|part| part.from.size.pixels()).sum();
    let greatest = first.layout().greatest;
    covered == size.pixels() && first.factors().all(|own| divides(greatest, own)) && parts.iter().all(suits)
}

/// A rectangle of blocks, and its place in another image.
pub(super) struct BlockArea {
    /// The first block's column and row.
    pub(super) from: (usize, usize),
    /// Where that block belongs: column and row.
    pub(super) to: (usize, usize),
    pub(super) wide: usize,
    pub(super) high: usize,
}

impl JpegImage {
    /// Becomes a copy of the parts, which cover a rectangle of this size. Coefficients are copied, without loss.
    ///
    /// The ICC profile is that of the first part with one. Returns false and stays as it is if the parts differ in colour,
    /// sampling or quantisation steps, or do not meet between MCUs.
    #[must_use]
    pub fn join(&mut self, parts: &[PlacedPart<'_, super::Block>], size: Size) -> bool {
        let Some(first) = parts.first().map(|part| part.image) else { return false };
        let steps = |image: &Self| image.components.iter().map(|component| component.quantisation).collect::<Vec<_>>();
        if !can_join(parts, size, 8) || parts.iter().any(|part| steps(part.image) != steps(first)) {
            return false;
        }
        self.reshape((size.width, size.height), first.colour, first.factors());
        self.icc = parts.iter().find_map(|part| part.image.icc.clone());
        for (index, component) in self.components.iter_mut().enumerate() {
            component.quantisation = first.components[index].quantisation;
            for part in parts {
                let (source, area) = (&part.image.components[index], part.blocks(index, 8));
                let rows = component.coefficients.chunks_exact_mut(component.blocks_wide).skip(area.to.1);
                let sources = source.coefficients.chunks_exact(source.blocks_wide).skip(area.from.1).take(area.high);
                for (row, source) in rows.zip(sources) {
                    row[area.to.0..][..area.wide].copy_from_slice(&source[area.from.0..][..area.wide]);
                }
            }
        }
        true
    }
}
