//! Planes of JPEG tiles: those of parts of tiles, reduced to the tile made from them, and a generated tile's before encoding.

use super::CodecError;
use super::base::JpegEncoding;
use super::parts::{Part, Parts, join};
use crate::geometry::{Rect, Size};
use crate::jpeg::{Colour, Component, JpegImage, PlaneSource, component_size};
use crate::raster::Raster;
use crate::raster::reduce::{Axes, Reduction, shrink_plane};
use crate::raster::ycbcr;

/// One plane of a part of a tile.
///
/// Each sample stands for `step` (horizontal, vertical) pixels of the tile, counted from the tile's corner.
#[derive(Debug, Clone)]
pub(super) struct PartPlane {
    /// The samples that stand for any pixel of the part.
    raster: Raster<u8>,
    step: (usize, usize),
    /// The part, in pixels of the tile.
    from: Rect,
    /// The place of the part.
    place: (usize, usize),
}

impl PartPlane {
    /// A plane with one sample per pixel of the part.
    fn whole<I>(part: Part<'_, I>, raster: Raster<u8>) -> Self {
        Self { raster, step: (1, 1), from: part.from, place: (part.x as usize, part.y as usize) }
    }

    /// Repeats each sample for the pixels that it stands for.
    pub(super) fn expanded(self) -> Self {
        let (horizontal, vertical) = self.step;
        if self.step == (1, 1) {
            return self;
        }
        let (left, top) = (self.from.x as usize, self.from.y as usize);
        let place = |x, y| ((left + x) / horizontal - left / horizontal, (top + y) / vertical - top / vertical);
        let raster = resampled(&self.raster, self.from.size, place);
        Self { raster, step: (1, 1), ..self }
    }

    /// Whether the part begins between samples, and so does what follows it.
    fn is_aligned(&self, (width, height): (usize, usize)) -> bool {
        let even = |start: u32, place: usize, length: u32, side: usize, step: usize| {
            let reaches_edge = place + length as usize == side;
            let length = length as usize;
            (start as usize).is_multiple_of(step)
                && place.is_multiple_of(step)
                && (reaches_edge || length.is_multiple_of(step))
        };
        even(self.from.x, self.place.0, self.from.size.width, width, self.step.0)
            && even(self.from.y, self.place.1, self.from.size.height, height, self.step.1)
    }
}

/// A component of a whole tile. Each sample stands for `step` pixels along each axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredPlane {
    raster: Raster<u8>,
    step: (usize, usize),
}

impl StoredPlane {
    /// One sample per pixel of a tile of this size.
    pub(super) fn expanded(self, size: Size) -> Raster<u8> {
        let Self { raster, step } = self;
        PartPlane { raster, step, from: Rect { x: 0, y: 0, size }, place: (0, 0) }.expanded().raster
    }

    /// The sums of 2x2 pixels of a part of the tile, in pair `row` of its rows, with the last column or row of an odd side
    /// repeated.
    pub(super) fn sum_pairs(&self, part: Rect, row: usize, sums: &mut [u16]) {
        let (left, top) = (part.x as usize, part.y as usize + 2 * row);
        let last = (part.y + part.size.height - 1) as usize;
        let line = |y: usize| self.raster.row(y.min(last) / self.step.1);
        let (upper, lower) = (line(top), line(top + 1));
        let sum = |one: usize, other: usize| {
            u16::from(upper[one]) + u16::from(lower[one]) + u16::from(upper[other]) + u16::from(lower[other])
        };
        let (whole, odd) = (part.size.width as usize / 2, part.size.width % 2 == 1);
        let horizontal = self.step.0;
        if horizontal == 2 && left.is_multiple_of(2) {
            let first = left / 2;
            for ((to, &a), &b) in sums.iter_mut().zip(&upper[first..]).zip(&lower[first..]) {
                *to = 2 * (u16::from(a) + u16::from(b));
            }
            return;
        }
        if horizontal == 2 {
            let pairs = upper[left / 2..].windows(2).zip(lower[left / 2..].windows(2));
            for (to, (a, b)) in sums.iter_mut().zip(pairs).take(whole) {
                *to = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            }
        } else {
            for (index, to) in sums.iter_mut().enumerate().take(whole) {
                let x = left + 2 * index;
                *to = sum(x / horizontal, (x + 1) / horizontal);
            }
        }
        if let (Some(to), true) = (sums.last_mut(), odd) {
            let x = (left + 2 * whole) / horizontal;
            *to = sum(x, x);
        }
    }
}

/// The components of an image as stored.
pub(super) fn stored_planes(image: &JpegImage) -> Vec<StoredPlane> {
    let whole = whole_part(image);
    let plane = |index| {
        let PartPlane { raster, step, .. } = stored_plane(whole, index);
        StoredPlane { raster, step }
    };
    (0..image.components.len()).map(plane).collect()
}

/// The components of an RGB image, converted to YCbCr.
pub(super) fn ycbcr_planes(image: &JpegImage) -> Vec<StoredPlane> {
    let converted = whole_pixels(whole_part(image), ycbcr::from_rgb);
    let plane = |index| {
        let samples = converted.samples().iter().skip(index).step_by(3).copied().collect();
        StoredPlane { raster: raster_of(converted.width(), converted.height(), samples), step: (1, 1) }
    };
    (0..3).map(plane).collect()
}

fn whole_part(image: &JpegImage) -> Part<'_, JpegImage> {
    Part { image, from: Rect { x: 0, y: 0, size: Size::new(image.width, image.height) }, x: 0, y: 0 }
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

/// The plane of component `index` of each part, converted to `colour`.
pub(super) fn component_planes(parts: &Parts<'_, JpegImage>, colour: Colour, index: usize) -> Vec<PartPlane> {
    let plane = |&part: &Part<'_, JpegImage>| match (part.image.colour, colour) {
        (Colour::Grey, Colour::YCbCr) if index > 0 => {
            let Size { width, height } = part.from.size;
            let mut raster = Raster::new(width as usize, height as usize, 1);
            raster.samples_mut().fill(128);
            PartPlane::whole(part, raster)
        }
        (Colour::Grey, _) => stored_plane(part, 0),
        (Colour::Rgb, Colour::YCbCr) => {
            let converted = whole_pixels(part, ycbcr::from_rgb);
            let samples = converted.samples().iter().skip(index).step_by(3).copied().collect();
            PartPlane::whole(part, raster_of(converted.width(), converted.height(), samples))
        }
        _ => stored_plane(part, index),
    };
    parts.parts.iter().map(plane).collect()
}

/// A component as stored, or expanded to whole pixels if its factor is not 1/1, 1/2 or 1/4 of the greatest.
fn stored_plane(part: Part<'_, JpegImage>, index: usize) -> PartPlane {
    let (image, from) = (part.image, part.from);
    let greatest = |factor: fn(&Component) -> u8| image.components.iter().map(factor).max().unwrap_or(1);
    let (most_horizontal, most_vertical) = (greatest(|one| one.horizontal), greatest(|one| one.vertical));
    let own = image.components.get(index).map_or((1, 1), |one| (one.horizontal.max(1), one.vertical.max(1)));
    let step = |most: u8, own: u8| (most.is_multiple_of(own) && most / own != 3).then_some(u32::from(most / own));
    let (width, height) = image.component_size(index);
    if let (Some(horizontal), Some(vertical)) = (step(most_horizontal, own.0), step(most_vertical, own.1)) {
        let span = |start: u32, length: u32, step: u32, side: u32| {
            let (first, end) = (start / step, (start + length).div_ceil(step).min(side));
            (first.min(end), end - first.min(end))
        };
        let (x, width) = span(from.x, from.size.width, horizontal, width);
        let (y, height) = span(from.y, from.size.height, vertical, height);
        let raster = decoded(image, index, Rect { x, y, size: Size::new(width, height) });
        let step = (horizontal as usize, vertical as usize);
        return PartPlane { raster, step, from, place: (part.x as usize, part.y as usize) };
    }
    let raster = decoded(image, index, Rect { x: 0, y: 0, size: Size::new(width, height) });
    let ratio = ((own.0, most_horizontal), (own.1, most_vertical));
    let place =
        |at: usize, first: u32, (own, most): (u8, u8)| (first as usize + at) * usize::from(own) / usize::from(most);
    let whole = resampled(&raster, from.size, |x, y| (place(x, from.x, ratio.0), place(y, from.y, ratio.1)));
    PartPlane::whole(part, whole)
}

/// A rectangle of a component's samples.
fn decoded(image: &JpegImage, index: usize, rect: Rect) -> Raster<u8> {
    let mut samples = Vec::new();
    image.plane_part(index, rect, &mut samples);
    raster_of(rect.size.width as usize, rect.size.height as usize, samples)
}

/// A plane of samples whose number is known to be right.
fn raster_of(width: usize, height: usize, samples: Vec<u8>) -> Raster<u8> {
    debug_assert_eq!(samples.len(), width * height);
    Raster::from_samples(width, height, 1, samples).unwrap_or_else(|| Raster::new(width, height, 1))
}

/// A raster of `size` with samples from `place` in `source`, or from its last column or row.
fn resampled(source: &Raster<u8>, size: Size, place: impl Fn(usize, usize) -> (usize, usize)) -> Raster<u8> {
    let mut target = Raster::new(size.width as usize, size.height as usize, 1);
    for y in 0..target.height() {
        for (x, sample) in target.row_mut(y).iter_mut().enumerate() {
            let (from_x, from_y) = place(x, y);
            let row = source.row(from_y.min(source.height().saturating_sub(1)));
            *sample = row.get(from_x).or(row.last()).copied().unwrap_or_default();
        }
    }
    target
}

/// All three components of a part for each pixel, converted.
fn whole_pixels(part: Part<'_, JpegImage>, convert: impl Fn([u8; 3]) -> [u8; 3]) -> Raster<u8> {
    let planes = [0, 1, 2].map(|index| stored_plane(part, index).expanded().raster);
    let mut pixels = Raster::new(planes[0].width(), planes[0].height(), 3);
    let [first, second, third] = planes.each_ref().map(Raster::samples);
    for (pixel, ((&a, &b), &c)) in
        pixels.samples_mut().as_chunks_mut::<3>().0.iter_mut().zip(first.iter().zip(second).zip(third))
    {
        *pixel = convert([a, b, c]);
    }
    pixels
}

/// The pixels of a part, grey or RGB.
///
/// Chroma samples are repeated, so that an image with the same sampling made of these pixels has the same ones.
pub(super) fn pixels_of(part: Part<'_, JpegImage>) -> Raster<u8> {
    match part.image.colour {
        Colour::YCbCr => whole_pixels(part, ycbcr::to_rgb),
        Colour::Rgb => whole_pixels(part, |pixel| pixel),
        Colour::Grey => stored_plane(part, 0).expanded().raster,
    }
}

/// Joins planes with one sample per pixel to one of this size.
pub(super) fn joined(planes: Vec<PartPlane>, size: Size) -> Raster<u8> {
    let parts = planes.into_iter().map(|plane| {
        let plane = plane.expanded();
        (plane.raster, plane.place)
    });
    join((size.width as usize, size.height as usize), parts)
}

/// How planes become those of a coarser tile.
#[derive(Debug, Clone, Copy)]
pub(super) enum PlaneReduction {
    /// Halved as often as necessary.
    Halving(Reduction),
    /// The means of boxes, rounded once.
    OneMean,
}

/// Joins the planes of a rectangle of this size, and reduces them until a sample stands for `step` pixels of the rectangle
/// along each axis: 1, 2 or 4.
pub(super) fn reduce_component(
    planes: Vec<PartPlane>,
    size: Size,
    step: (usize, usize),
    reduction: PlaneReduction,
) -> Raster<u8> {
    let (mut plane, joined_step) = joined_at_shared_step(planes, size, step);
    let (mut horizontal, mut vertical) = (step.0 / joined_step.0, step.1 / joined_step.1);
    let reduction = match reduction {
        PlaneReduction::Halving(reduction) => reduction,
        PlaneReduction::OneMean if (horizontal, vertical) == (1, 1) => return plane,
        PlaneReduction::OneMean => return shrink_plane(&plane, (horizontal, vertical)),
    };
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

/// Joins the planes, and says for how many pixels a sample stands.
///
/// They keep a shared step if it divides `most` and the seams between parts fall between samples. Otherwise they are expanded
/// to whole pixels.
fn joined_at_shared_step(planes: Vec<PartPlane>, size: Size, most: (usize, usize)) -> (Raster<u8>, (usize, usize)) {
    let (width, height) = (size.width as usize, size.height as usize);
    let step = planes.first().map_or((1, 1), |plane| plane.step);
    let keeps = |plane: &PartPlane| plane.step == step && plane.is_aligned((width, height));
    if !most.0.is_multiple_of(step.0) || !most.1.is_multiple_of(step.1) || !planes.iter().all(keeps) {
        return (joined(planes, size), (1, 1));
    }
    let parts = planes.into_iter().map(|plane| (plane.raster, (plane.place.0 / step.0, plane.place.1 / step.1)));
    (join((width.div_ceil(step.0), height.div_ceil(step.1)), parts), step)
}
