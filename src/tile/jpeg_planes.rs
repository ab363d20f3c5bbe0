//! Planes of JPEG tiles: a child's, reduced to its parent's, and a generated tile's before encoding.

use super::base::JpegEncoding;
use super::{CodecError, stitch::stitch};
use crate::geometry::Size;
use crate::jpeg::{Colour, Component, JpegImage, PlaneSource, component_size};
use crate::raster::Raster;
use crate::raster::reduce::{Axes, Reduction};
use crate::raster::ycbcr;

/// One plane of a child of `pixels` (width, height).
///
/// Each sample stands for `step` (horizontal, vertical) pixels; the last ones stand for the rest.
#[derive(Debug, Clone)]
pub(super) struct ChildPlane {
    raster: Raster<u8>,
    step: (usize, usize),
    pixels: (u32, u32),
}

impl ChildPlane {
    /// A plane with one sample per pixel.
    fn whole(raster: Raster<u8>) -> Self {
        let pixels = (raster.width() as u32, raster.height() as u32);
        Self { raster, step: (1, 1), pixels }
    }

    /// Repeats each sample for the pixels that it stands for.
    pub(super) fn expanded(self) -> Raster<u8> {
        match self.step {
            (1, 1) => self.raster,
            (horizontal, vertical) => resampled(&self.raster, self.pixels, |x, y| (x / horizontal, y / vertical)),
        }
    }
}

/// Makes `image` the image of these planes, with these steps, and this sampling for YCbCr.
pub(super) fn assign_planes(
    planes: &[Raster<u8>],
    size: Size,
    colour: Colour,
    encoding: &JpegEncoding,
    image: &mut JpegImage,
) -> Result<(), CodecError> {
    let size = (size.width, size.height);
    let greatest = if colour == Colour::YCbCr { encoding.chroma_step } else { (1, 1) };
    let sources: Vec<PlaneSource<'_>> = planes
        .iter()
        .enumerate()
        .map(|(index, plane)| {
            let factors = if index == 0 { greatest } else { (1, 1) };
            let quantisation = if index == 0 || colour == Colour::Rgb { &encoding.luma } else { &encoding.chroma };
            debug_assert_eq!(component_size(size, factors, greatest), (plane.width() as u32, plane.height() as u32));
            PlaneSource { samples: plane.samples(), horizontal: factors.0, vertical: factors.1, quantisation }
        })
        .collect();
    image.assign_planes(size, colour, &sources).map_err(|error| CodecError::Encode(error.to_string()))
}

/// The plane of component `index` of each child, converted to `colour`.
pub(super) fn component_planes(
    children: [Option<&JpegImage>; 4],
    colour: Colour,
    index: usize,
) -> [Option<ChildPlane>; 4] {
    children.map(|child| {
        child.map(|child| match (child.colour, colour) {
            (Colour::Grey, Colour::YCbCr) if index > 0 => {
                let mut raster = Raster::new(child.width as usize, child.height as usize, 1);
                raster.samples_mut().fill(128);
                ChildPlane::whole(raster)
            }
            (Colour::Grey, _) => stored_plane(child, 0),
            (Colour::Rgb, Colour::YCbCr) => {
                let converted = whole_pixels(child, ycbcr::from_rgb);
                let samples = converted.samples().iter().skip(index).step_by(3).copied().collect();
                ChildPlane::whole(raster_of(converted.width(), converted.height(), samples))
            }
            _ => stored_plane(child, index),
        })
    })
}

/// A component as stored, or expanded to whole pixels if its factor is not 1/1, 1/2 or 1/4 of the greatest.
fn stored_plane(image: &JpegImage, index: usize) -> ChildPlane {
    let (width, height) = image.component_size(index);
    let mut samples = Vec::new();
    image.plane(index, &mut samples);
    let raster = raster_of(width as usize, height as usize, samples);
    let greatest = |factor: fn(&Component) -> u8| image.components.iter().map(factor).max().unwrap_or(1);
    let (most_horizontal, most_vertical) = (greatest(|one| one.horizontal), greatest(|one| one.vertical));
    let own = image.components.get(index).map_or((1, 1), |one| (one.horizontal.max(1), one.vertical.max(1)));
    let step = |most: u8, own: u8| (most.is_multiple_of(own) && most / own != 3).then_some(usize::from(most / own));
    match (step(most_horizontal, own.0), step(most_vertical, own.1)) {
        (Some(horizontal), Some(vertical)) => {
            ChildPlane { raster, step: (horizontal, vertical), pixels: (image.width, image.height) }
        }
        _ => {
            let ratio = ((own.0, most_horizontal), (own.1, most_vertical));
            let place = |at: usize, (own, most): (u8, u8)| at * usize::from(own) / usize::from(most);
            let whole = resampled(&raster, (image.width, image.height), |x, y| (place(x, ratio.0), place(y, ratio.1)));
            ChildPlane::whole(whole)
        }
    }
}

/// A plane of samples whose number is known to be right.
fn raster_of(width: usize, height: usize, samples: Vec<u8>) -> Raster<u8> {
    debug_assert_eq!(samples.len(), width * height);
    Raster::from_samples(width, height, 1, samples).unwrap_or_else(|| Raster::new(width, height, 1))
}

/// A raster of `size` with samples from `place` in `source`, or from its last column or row.
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

/// The pixels of an image, grey or RGB.
///
/// Chroma samples are repeated, so that an image with the same sampling made of these pixels has the same ones.
pub(super) fn pixels_of(image: &JpegImage) -> Raster<u8> {
    match image.colour {
        Colour::YCbCr => whole_pixels(image, ycbcr::to_rgb),
        Colour::Rgb => whole_pixels(image, |pixel| pixel),
        Colour::Grey => stored_plane(image, 0).expanded(),
    }
}

/// Stitches the planes, and reduces them until a sample stands for `parent_step` pixels of the parent.
pub(super) fn reduce_component(planes: [Option<ChildPlane>; 4], parent_step: u8, reduction: Reduction) -> Raster<u8> {
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

/// Brings all planes to one step.
///
/// They keep a shared step if it divides the reduction and the seams between tiles fall between samples. Otherwise they
/// are expanded to whole pixels.
fn aligned(planes: [Option<ChildPlane>; 4], parent_step: usize) -> ([Option<Raster<u8>>; 4], (usize, usize)) {
    let (shared, pixels) = planes[0].as_ref().map_or(((1, 1), (0, 0)), |plane| (plane.step, plane.pixels));
    let same = planes.iter().flatten().all(|plane| plane.step == shared);
    let divides = |step: usize| (2 * parent_step).is_multiple_of(step);
    let seamless = |neighbour: &Option<ChildPlane>, side: u32, step: usize| {
        neighbour.is_none() || (side as usize).is_multiple_of(step)
    };
    if same
        && divides(shared.0)
        && divides(shared.1)
        && seamless(&planes[1], pixels.0, shared.0)
        && seamless(&planes[2], pixels.1, shared.1)
    {
        return (planes.map(|plane| plane.map(|plane| plane.raster)), shared);
    }
    (planes.map(|plane| plane.map(ChildPlane::expanded)), (1, 1))
}
