//! Parents of JPEG tiles, generated on one of two paths that compute the same reduction.
//!
//! A parent is grey if all its children are grey, RGB if none is YCbCr and some are RGB, and otherwise YCbCr. YCbCr
//! parents have halved chroma (4:2:0) below quality 90 and full chroma (4:4:4) from there on, whatever their children
//! have; RGB parents have full planes. Each component is reduced by itself, without conversion to another colour space
//! or resolution. Only the mean in linear light converts YCbCr to RGB and back.
//!
//! **The path of coefficients** ([`jpeg::fold`], [`jpeg::merge_parts`]) computes the mean without samples. It needs children
//! of one colour, with the parent's sampling (or full chroma where the parent has halved chroma), and quantisation
//! steps of at most 255, as all baseline files have. The pyramid's tile size must be a multiple of 32 (4:2:0) or 16
//! (4:4:4, grey), so that half of a tile is a whole number of MCUs. Tiles at the right and bottom edge may have any
//! size: in blocks that reach beyond it, the samples are decoded, the last column and row repeated, and the
//! coefficients computed again.
//!
//! **The path of samples** takes all other children: it decodes their planes, reduces each to the parent's by a factor
//! of 4, 2 or 1 along each axis, transforms and quantises.
//!
//! Only the children and the settings decide, so a tile takes the same path in every run. The paths differ in one
//! point: only the path of samples rounds and clamps samples to 0..=255 before the mean.

use super::base::JpegEncoding;
use super::jpeg_halves::{HalvedTile, parent_planes};
use super::jpeg_planes::{assign_planes, component_planes, joined, pixels_of, reduce_component};
use super::parts::{MAX_PARTS, Part, Parts, join};
use super::settings::TileSettings;
use super::{CodecError, TileImage};
use crate::format::Quality;
use crate::geometry::{Rect, Size, TileShape};
use crate::jpeg::{self, Colour, DecodeScratch, JpegImage, JpegTile, ParentSteps, PlacedPart, quantisation_tables};
use crate::raster::reduce::{Axes, Reduction};
use crate::raster::ycbcr;
use crate::raster::{PixelKind, Raster};
use arrayvec::ArrayVec;

/// Buffers for generating JPEG tiles.
#[derive(Default)]
pub(super) struct JpegScratch {
    pub(super) decoder: DecodeScratch,
    /// The parent or base tile before it is encoded.
    pub(super) image: JpegImage,
    /// Children decoded for the path of samples.
    pub(super) wholes: Vec<JpegImage>,
    /// The core of a tile before it is folded.
    pub(super) core: JpegImage,
    /// A tile with overlap before it is reduced to planes.
    pub(super) tile: JpegTile,
    steps: CachedSteps,
}

/// Makes `scratch.image` the parent of this size of these parts.
pub(super) fn parent(
    parts: &Parts<'_, TileImage>,
    size: Size,
    settings: TileSettings,
    scratch: &mut JpegScratch,
) -> Result<(), CodecError> {
    let tiles = parts.jpeg();
    if tiles.parts.len() == parts.parts.len() && by_coefficients(&tiles, settings, scratch) {
        return Ok(());
    }
    if settings.keeps_halves() {
        return by_halves(parts, size, settings, scratch);
    }
    let mut spares = std::mem::take(&mut scratch.wholes);
    by_samples(&wholes(&tiles, &mut scratch.decoder, &mut spares)?, size, settings, &mut scratch.image)?;
    scratch.wholes = spares;
    Ok(())
}

/// Makes `scratch.image` the parent of the parts from their planes.
fn by_halves(
    parts: &Parts<'_, TileImage>,
    size: Size,
    settings: TileSettings,
    scratch: &mut JpegScratch,
) -> Result<(), CodecError> {
    let mut unfolded = ArrayVec::<Option<HalvedTile>, MAX_PARTS>::new();
    for part in &parts.parts {
        let tile = part.image.as_jpeg().map(|tile| unfold(tile, scratch)).transpose()?;
        unfolded.push(tile);
    }
    let halves = parts
        .parts
        .iter()
        .zip(&unfolded)
        .filter_map(|(part, own)| Some(part.with(own.as_ref().or(part.image.as_halved())?)));
    let parts = Parts { size: parts.size, scale: parts.scale, parts: halves.collect() };
    let colour = widest_colour(parts.images().map(HalvedTile::colour));
    let chroma_step = settings.chroma_step(colour);
    let planes = parent_planes(&parts, colour, chroma_step);
    let encoding = JpegEncoding::of_quality(settings.quality, chroma_step);
    assign_planes(&planes, size, colour, &encoding, &mut scratch.image)?;
    scratch.image.icc = parts.images().find_map(|tile| tile.icc().cloned());
    Ok(())
}

/// The planes of a folded tile.
fn unfold(tile: &JpegTile, scratch: &mut JpegScratch) -> Result<HalvedTile, CodecError> {
    let shape = TileShape { size: tile.size(), core: tile.folded_core() };
    let whole = tile.whole(&mut scratch.decoder, &mut scratch.core);
    Ok(HalvedTile::of(whole.map_err(|error| CodecError::Damaged(error.to_string()))?, shape))
}

/// The parts as whole images. Those of folded tiles are decoded again, into `spares`.
pub(super) fn wholes<'a>(
    parts: &Parts<'a, JpegTile>,
    decoder: &mut DecodeScratch,
    spares: &'a mut Vec<JpegImage>,
) -> Result<Parts<'a, JpegImage>, CodecError> {
    spares.resize_with(parts.parts.len().max(spares.len()), JpegImage::default);
    let mut wholes = Parts { size: parts.size, scale: parts.scale, parts: ArrayVec::new() };
    for (part, spare) in parts.parts.iter().zip(spares) {
        let whole = part.image.whole(decoder, spare).map_err(|error| CodecError::Damaged(error.to_string()))?;
        wholes.parts.push(part.with(whole));
    }
    Ok(wholes)
}

/// The quantisation steps of the last quality.
#[derive(Default)]
struct CachedSteps(Option<(Quality, ParentSteps)>);

impl CachedSteps {
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

/// Makes `scratch.image` the parent of the parts on the path of coefficients, if that is possible.
fn by_coefficients(parts: &Parts<'_, JpegTile>, settings: TileSettings, scratch: &mut JpegScratch) -> bool {
    let Some(sampling) = settings.fold_sampling() else { return false };
    let mut folded = ArrayVec::<_, MAX_PARTS>::new();
    for &Part { image, from, x, y } in &parts.parts {
        let Some(folded_core) = image.folded().filter(|image| sampling.suits(image)) else { return false };
        let (image, core) = (folded_core, image.folded_core());
        let from = Rect { x: from.x - core.x, y: from.y - core.y, size: from.size };
        folded.push(PlacedPart { image, from, x, y });
    }
    jpeg::merge_parts(&folded, parts.size, scratch.steps.of(settings.quality), &mut scratch.image)
}

/// Generates a parent on the path of samples.
pub(super) fn by_samples(
    parts: &Parts<'_, JpegImage>,
    size: Size,
    settings: TileSettings,
    parent: &mut JpegImage,
) -> Result<(), CodecError> {
    let (colour, reduction) = (colour_of(parts), settings.reduction);
    let chroma_step = settings.chroma_step(colour);
    let planes = if reduction.linear && colour == Colour::YCbCr {
        linear_planes(parts, chroma_step, reduction)
    } else {
        (0..colour.component_count())
            .map(|index| {
                let planes = component_planes(parts, colour, index);
                if reduction.linear {
                    return reduction.halve(&joined(planes, parts.size));
                }
                let step = if index == 0 { 2 } else { 2 * usize::from(chroma_step) };
                reduce_component(planes, parts.size, (step, step), settings.plane_reduction())
            })
            .collect()
    };
    let encoding = JpegEncoding::of_quality(settings.quality, chroma_step);
    assign_planes(&planes, size, colour, &encoding, parent)?;
    parent.icc = parts.images().find_map(|image| image.icc.clone());
    Ok(())
}

pub(super) fn colour_of(parts: &Parts<'_, JpegImage>) -> Colour {
    widest_colour(parts.images().map(|image| image.colour))
}

/// The colour of a parent of tiles of these colours.
fn widest_colour(colours: impl Iterator<Item = Colour>) -> Colour {
    colours.fold(Colour::Grey, |widest, colour| match (widest, colour) {
        (Colour::YCbCr, _) | (_, Colour::YCbCr) => Colour::YCbCr,
        (Colour::Rgb, _) | (_, Colour::Rgb) => Colour::Rgb,
        (Colour::Grey, Colour::Grey) => Colour::Grey,
    })
}

/// The planes of a YCbCr parent by the mean in linear light, with a conversion to RGB and back.
fn linear_planes(parts: &Parts<'_, JpegImage>, chroma_step: u8, reduction: Reduction) -> Vec<Raster<u8>> {
    let pixels = |&part: &Part<'_, JpegImage>| pixels_of(part).widened(PixelKind::RGB);
    let placed = parts.parts.iter().map(|part| (pixels(part), (part.x as usize, part.y as usize)));
    let rgb = reduction.halve(&join((parts.size.width as usize, parts.size.height as usize), placed));
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
