//! A JPEG parent from its children, by one of two paths that compute the same reduction.
//!
//! What a parent is: grey if all its children are grey, RGB if none is YCbCr and some are RGB, otherwise YCbCr. YCbCr
//! parents have their colour differences halved both ways (4:2:0) below quality 90 and whole (4:4:4) from there on,
//! whatever their children have; RGB parents have whole planes. Each component is reduced by itself, without a detour
//! through another colour space or resolution. Only in averaging in linear light do YCbCr tiles become RGB and back.
//!
//! **The path of coefficients** ([`jpeg::fold`], [`jpeg::merge`]) is taken for the mean of children that are all of one
//! colour and have the parent's own sampling, or whole colour differences where the parent halves them
//! (`jpeg/fold_colour.rs`), and quantisation steps of at most 255, as all baseline files have, in pyramids whose tile size
//! is a multiple of 32 (4:2:0) or 16 (4:4:4, grey), so that half of a tile is a whole number of MCUs. Tiles at the right and
//! lower edge may have any size: of blocks that reach beyond it the samples are computed, the last column and row repeated,
//! and the coefficients computed anew. **The path of samples** is taken by all other children: decode their planes, reduce
//! each to the parent's by a factor of 4, 2 or 1 along each axis, transform and
//! quantise. Which path it is depends on the children and the settings alone, so a tile takes the same one in every run.
//! They differ in that only the path of samples limits samples to 0..=255, in whole numbers, before the mean.

use super::{CodecError, stitch::stitch};
use crate::format::{Filter, Quality};
use crate::geometry::Size;
use crate::jpeg::{
    self, Colour, FoldSampling, FoldedImage, HuffmanTables, JpegImage, JpegTile, ParentSteps, PlaneSource,
    component_size, quantisation_tables,
};
use crate::raster::Raster;
use crate::raster::reduce::{Axes, Reduction};
use crate::raster::ycbcr;

/// Below this quality colour differences are stored at half resolution, as libvips does.
const WHOLE_CHROMA_FROM: u8 = 90;

type Children<'a> = [Option<&'a JpegImage>; 4];

/// One plane of a child of `pixels` (width, height). Each sample stands for `step` (horizontal, vertical) pixels, the
/// last ones for what is left.
#[derive(Debug, Clone)]
struct Plane {
    raster: Raster<u8>,
    step: (usize, usize),
    pixels: (u32, u32),
}

impl Plane {
    /// A plane with a sample for each pixel.
    fn whole(raster: Raster<u8>) -> Self {
        let pixels = (raster.width() as u32, raster.height() as u32);
        Self { raster, step: (1, 1), pixels }
    }

    /// The plane with each sample repeated so that it stands for one pixel.
    fn expanded(self) -> Raster<u8> {
        match self.step {
            (1, 1) => self.raster,
            (horizontal, vertical) => resampled(&self.raster, self.pixels, |x, y| (x / horizontal, y / vertical)),
        }
    }
}

/// Buffers for making parents.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) decoder: jpeg::DecodeScratch,
    /// The parent, or a base tile, before it is encoded.
    pub(super) parent: JpegImage,
    /// Children that have to be whole.
    wholes: [JpegImage; 4],
    steps: Steps,
}

/// The sampling with which a tile is folded for its parent, if the parent can be made of folded tiles.
pub(super) fn fold_sampling(quality: Quality, reduction: Reduction, tile_size: u32) -> Option<FoldSampling> {
    let plain_mean = reduction.filter == Filter::Mean && !reduction.linear;
    plain_mean.then(|| FoldSampling { chroma_step: chroma_step(Colour::YCbCr, quality), tile_size })
}

/// Makes `parent`, of `size`, from its children, of which the top left one is always there, and appends its file to
/// `out`.
pub(super) fn parent(
    children: [Option<&JpegTile>; 4],
    size: Size,
    (quality, tables): (Quality, HuffmanTables),
    (reduction, tile_size): (Reduction, u32),
    scratch: &mut Scratch,
    (parent, out): (&mut JpegTile, &mut Vec<u8>),
) -> Result<(), CodecError> {
    let sampling = fold_sampling(quality, reduction, tile_size);
    let fits = |image: &&FoldedImage| sampling.is_some_and(|sampling| sampling.suits(image));
    let folded = children.map(|child| child.and_then(JpegTile::folded).filter(fits));
    let all_folded = folded.iter().flatten().count() == children.iter().flatten().count();
    if !all_folded || !jpeg::merge(folded, scratch.steps.of(quality), &mut scratch.parent) {
        let mut wholes = [None; 4];
        for ((to, child), spare) in wholes.iter_mut().zip(children).zip(&mut scratch.wholes) {
            if let Some(child) = child {
                let whole = child.whole(&mut scratch.decoder, spare);
                *to = Some(whole.map_err(|error| CodecError::Damaged(error.to_string()))?);
            }
        }
        by_samples(wholes, size, quality, reduction, &mut scratch.parent)?;
    }
    parent.encode(&mut scratch.parent, tables, sampling, out).map_err(|error| CodecError::Encode(error.to_string()))
}

/// The last quality's steps.
#[derive(Default)]
struct Steps(Option<(Quality, ParentSteps)>);

impl Steps {
    fn of(&mut self, quality: Quality) -> &ParentSteps {
        if self.0.as_ref().is_some_and(|(last, _)| *last != quality) {
            self.0 = None;
        }
        let make = || {
            let (luma, chroma) = quantisation_tables(quality.get());
            (quality, ParentSteps::new(&luma, &chroma))
        };
        &self.0.get_or_insert_with(make).1
    }
}

/// Pixels that a sample of the parent's colour differences stands for, along each axis.
pub(super) fn chroma_step(colour: Colour, quality: Quality) -> u8 {
    if colour == Colour::YCbCr && quality.get() < WHOLE_CHROMA_FROM { 2 } else { 1 }
}

/// The path of samples.
pub(super) fn by_samples(
    children: Children<'_>,
    size: Size,
    quality: Quality,
    reduction: Reduction,
    parent: &mut JpegImage,
) -> Result<(), CodecError> {
    let colour = parent_colour(children);
    let chroma_step = chroma_step(colour, quality);
    let steps = quantisation_tables(quality.get());
    let planes = if reduction.linear && colour == Colour::YCbCr {
        linear_planes(children, chroma_step, reduction)
    } else {
        (0..colour.component_count())
            .map(|index| {
                let planes = component_planes(children, colour, index);
                if reduction.linear {
                    return reduction.halve(&stitch(&planes.map(|plane| plane.map(Plane::expanded))));
                }
                reduce_component(planes, if index == 0 { 1 } else { chroma_step }, reduction)
            })
            .collect()
    };
    transform(&planes, size, colour, chroma_step, &steps, parent)?;
    parent.icc = children.iter().flatten().find_map(|child| child.icc.clone());
    Ok(())
}

/// Makes `image`, of `size`, the image of a grey plane, or of those of YCbCr with the sampling that parents have.
pub(super) fn assign(
    planes: &[Raster<u8>],
    size: Size,
    quality: Quality,
    image: &mut JpegImage,
) -> Result<(), CodecError> {
    let colour = if planes.len() == 1 { Colour::Grey } else { Colour::YCbCr };
    transform(planes, size, colour, chroma_step(colour, quality), &quantisation_tables(quality.get()), image)
}

/// Makes `parent` the image of these planes.
fn transform(
    planes: &[Raster<u8>],
    size: Size,
    colour: Colour,
    chroma_step: u8,
    (luma, chroma): &([u16; 64], [u16; 64]),
    parent: &mut JpegImage,
) -> Result<(), CodecError> {
    let size = (size.width, size.height);
    let sources: Vec<PlaneSource<'_>> = planes
        .iter()
        .enumerate()
        .map(|(index, plane)| {
            let factor = if index == 0 { chroma_step } else { 1 };
            let quantisation = if index == 0 || colour == Colour::Rgb { luma } else { chroma };
            debug_assert_eq!(
                component_size(size, (factor, factor), (chroma_step, chroma_step)),
                (plane.width() as u32, plane.height() as u32)
            );
            PlaneSource { samples: plane.samples(), horizontal: factor, vertical: factor, quantisation }
        })
        .collect();
    parent.assign_planes(size, colour, &sources).map_err(|error| CodecError::Encode(error.to_string()))
}

fn parent_colour(children: Children<'_>) -> Colour {
    let any = |colour| children.iter().flatten().any(|child| child.colour == colour);
    if any(Colour::YCbCr) {
        Colour::YCbCr
    } else if any(Colour::Rgb) {
        Colour::Rgb
    } else {
        Colour::Grey
    }
}

/// The plane of component `index` of each child, understood as `colour`.
fn component_planes(children: Children<'_>, colour: Colour, index: usize) -> [Option<Plane>; 4] {
    children.map(|child| {
        child.map(|child| match (child.colour, colour) {
            (Colour::Grey, Colour::YCbCr) if index > 0 => {
                let mut raster = Raster::new(child.width as usize, child.height as usize, 1);
                raster.samples_mut().fill(128);
                Plane::whole(raster)
            }
            (Colour::Grey, _) => stored_plane(child, 0),
            (Colour::Rgb, Colour::YCbCr) => {
                let converted = whole_pixels(child, ycbcr::from_rgb);
                let samples = converted.samples().iter().skip(index).step_by(3).copied().collect();
                Plane::whole(raster_of(converted.width(), converted.height(), samples))
            }
            _ => stored_plane(child, index),
        })
    })
}

/// A component as it is stored. Sampling factors that are not 1, 2 or 4 of the greatest are brought to whole pixels.
fn stored_plane(image: &JpegImage, index: usize) -> Plane {
    let (width, height) = image.component_size(index);
    let mut samples = Vec::new();
    image.plane(index, &mut samples);
    let raster = raster_of(width as usize, height as usize, samples);
    let greatest = |factor: fn(&crate::jpeg::Component) -> u8| image.components.iter().map(factor).max().unwrap_or(1);
    let (most_horizontal, most_vertical) = (greatest(|one| one.horizontal), greatest(|one| one.vertical));
    let own = image.components.get(index).map_or((1, 1), |one| (one.horizontal.max(1), one.vertical.max(1)));
    let step = |most: u8, own: u8| (most.is_multiple_of(own) && most / own != 3).then_some(usize::from(most / own));
    match (step(most_horizontal, own.0), step(most_vertical, own.1)) {
        (Some(horizontal), Some(vertical)) => {
            Plane { raster, step: (horizontal, vertical), pixels: (image.width, image.height) }
        }
        _ => {
            let ratio = ((own.0, most_horizontal), (own.1, most_vertical));
            let place = |at: usize, (own, most): (u8, u8)| at * usize::from(own) / usize::from(most);
            let whole = resampled(&raster, (image.width, image.height), |x, y| (place(x, ratio.0), place(y, ratio.1)));
            Plane::whole(whole)
        }
    }
}

/// A plane of samples whose number is known to be right.
fn raster_of(width: usize, height: usize, samples: Vec<u8>) -> Raster<u8> {
    debug_assert_eq!(samples.len(), width * height);
    Raster::from_samples(width, height, 1, samples).unwrap_or_else(|| Raster::new(width, height, 1))
}

/// A raster of `size` whose samples are looked up in `source`, at the last column or row where beyond.
fn resampled(source: &Raster<u8>, size: (u32, u32), place: impl Fn(usize, usize) -> (usize, usize)) -> Raster<u8> {
    let mut target = Raster::new(size.0 as usize, size.1 as usize, 1);
    for y in 0..target.height() {
        for (x, sample) in target.row_mut(y).iter_mut().enumerate() {
            let (from_x, from_y) = place(x, y);
            let row = source.row(from_y.min(source.height().saturating_sub(1)));
            *sample = row.get(from_x).or(row.last()).copied().unwrap_or_default();
        }
    }
    target
}

/// All three components of a child for each pixel, converted.
fn whole_pixels(child: &JpegImage, convert: impl Fn([u8; 3]) -> [u8; 3]) -> Raster<u8> {
    let planes = [0, 1, 2].map(|index| stored_plane(child, index).expanded());
    let mut pixels = Raster::new(child.width as usize, child.height as usize, 3);
    let [first, second, third] = planes.each_ref().map(Raster::samples);
    for (pixel, ((&a, &b), &c)) in
        pixels.samples_mut().as_chunks_mut::<3>().0.iter_mut().zip(first.iter().zip(second).zip(third))
    {
        *pixel = convert([a, b, c]);
    }
    pixels
}

/// The pixels of an image, grey or RGB. Samples of colour differences are repeated for the pixels they stand for, so that
/// an image with the same sampling made of these pixels has the same ones.
fn pixels_of(image: &JpegImage) -> Raster<u8> {
    match image.colour {
        Colour::YCbCr => whole_pixels(image, ycbcr::to_rgb),
        Colour::Rgb => whole_pixels(image, |pixel| pixel),
        Colour::Grey => stored_plane(image, 0).expanded(),
    }
}

/// Stitches the planes and reduces them to samples that stand for `parent_step` pixels of the parent.
fn reduce_component(planes: [Option<Plane>; 4], parent_step: u8, reduction: Reduction) -> Raster<u8> {
    let parent_step = usize::from(parent_step);
    let (rasters, step) = aligned(planes, parent_step);
    let mut plane = stitch(&rasters);
    let (mut horizontal, mut vertical) = (2 * parent_step / step.0, 2 * parent_step / step.1);
    while horizontal > 1 || vertical > 1 {
        let axes = match (horizontal > 1, vertical > 1) {
            (true, true) => Axes::Both,
            (true, false) => Axes::Horizontal,
            _ => Axes::Vertical,
        };
        plane = reduction.halve_plane(&plane, axes);
        (horizontal, vertical) = (horizontal.div_ceil(2), vertical.div_ceil(2));
    }
    plane
}

/// Brings all planes to one step: the one they share where it divides the reduction and the seams between tiles fall
/// between samples, otherwise whole pixels.
fn aligned(planes: [Option<Plane>; 4], parent_step: usize) -> ([Option<Raster<u8>>; 4], (usize, usize)) {
    let (shared, pixels) = planes[0].as_ref().map_or(((1, 1), (0, 0)), |plane| (plane.step, plane.pixels));
    let same = planes.iter().flatten().all(|plane| plane.step == shared);
    let divides = |step: usize| (2 * parent_step).is_multiple_of(step);
    let seamless =
        |neighbour: &Option<Plane>, side: u32, step: usize| neighbour.is_none() || (side as usize).is_multiple_of(step);
    if same
        && divides(shared.0)
        && divides(shared.1)
        && seamless(&planes[1], pixels.0, shared.0)
        && seamless(&planes[2], pixels.1, shared.1)
    {
        return (planes.map(|plane| plane.map(|plane| plane.raster)), shared);
    }
    (planes.map(|plane| plane.map(Plane::expanded)), (1, 1))
}

/// The planes of a YCbCr parent averaged in linear light, for which the children become RGB and the parent YCbCr.
fn linear_planes(children: Children<'_>, chroma_step: u8, reduction: Reduction) -> Vec<Raster<u8>> {
    let pixels = children.map(|child| child.map(|child| pixels_of(child).widened(true, false)));
    let rgb = reduction.halve(&stitch(&pixels));
    let mut planes: [Raster<u8>; 3] = std::array::from_fn(|_| Raster::new(rgb.width(), rgb.height(), 1));
    let pixels = rgb.samples().as_chunks::<3>().0;
    for (index, plane) in planes.iter_mut().enumerate() {
        for (sample, &pixel) in plane.samples_mut().iter_mut().zip(pixels) {
            *sample = ycbcr::from_rgb(pixel)[index];
        }
    }
    let [luma, first, second] = planes;
    let halved = |plane: Raster<u8>| {
        if chroma_step == 2 { reduction.halve_plane(&plane, Axes::Both) } else { plane }
    };
    vec![luma, halved(first), halved(second)]
}
