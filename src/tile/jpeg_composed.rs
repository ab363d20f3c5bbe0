//! JPEG tiles of a base level with overlap, composed of plain tiles.
//!
//! A tile keeps the colour, the quantisation steps and the sampling of the plain tile in its place, and shows the edges of the
//! plain tiles around it.
//!
//! **Blocks** are copied if all of these tiles have one colour and one sampling, and meet between MCUs. The core is then
//! without loss. So are the strips, unless the neighbours have other quantisation steps.
//!
//! **Planes** are decoded and joined otherwise, each component by itself: where the grids of chroma samples differ, samples are
//! repeated for the pixels they stand for, and averaged on the grid of the tile with one rounding.

use super::CodecError;
use super::base::{JpegEncoding, baseline};
use super::jpeg_parent::{JpegScratch, colour_of, wholes};
use super::jpeg_planes::{PlaneReduction, assign_planes, component_planes, reduce_component};
use super::parts::Parts;
use super::settings::TileSettings;
use crate::geometry::Size;
use crate::jpeg::{Colour, JpegImage, JpegTile, PlacedPart};

/// Makes `scratch.image` the tile of this size of these parts of plain tiles. The first part is that of the tile in the same place.
pub(super) fn composed(
    parts: &Parts<'_, JpegTile>,
    size: Size,
    settings: TileSettings,
    scratch: &mut JpegScratch,
) -> Result<(), CodecError> {
    let mut spares = std::mem::take(&mut scratch.wholes);
    let wholes = wholes(parts, &mut scratch.decoder, &mut spares)?;
    if !join_blocks(&wholes, &mut scratch.image) {
        by_samples(&wholes, size, settings, &mut scratch.image)?;
    }
    drop(wholes);
    scratch.wholes = spares;
    Ok(())
}

/// Makes `image` a copy of the parts, block by block, if that is possible.
fn join_blocks(parts: &Parts<'_, JpegImage>, image: &mut JpegImage) -> bool {
    let Some(first) = parts.parts.first().map(|part| part.image) else { return false };
    let has_same_steps = |other: &JpegImage| {
        let steps = |image: &JpegImage| image.components.iter().map(|one| one.quantisation).collect::<Vec<_>>();
        steps(first) == steps(other)
    };
    let requantisation = encoding_of(parts, first.colour).map(|encoding| encoding.requantisation());
    let mut requantised = Vec::new();
    for part in parts.parts.iter().filter(|part| !has_same_steps(part.image)) {
        let Some(requantisation) = &requantisation else { return false };
        let mut other = part.image.clone();
        other.requantise(requantisation);
        requantised.push(other);
    }
    let mut others = requantised.iter();
    let placed = parts.parts.iter().map(|part| {
        let image = if has_same_steps(part.image) { Some(part.image) } else { others.next() };
        Some(PlacedPart { image: image?, from: part.from, x: part.x, y: part.y })
    });
    placed.collect::<Option<Vec<_>>>().is_some_and(|placed| image.join(&placed, parts.size))
}

fn by_samples(
    parts: &Parts<'_, JpegImage>,
    size: Size,
    settings: TileSettings,
    image: &mut JpegImage,
) -> Result<(), CodecError> {
    let colour = colour_of(parts);
    let standard = JpegEncoding::of_quality(settings.quality, settings.chroma_step(colour));
    let encoding = encoding_of(parts, colour).unwrap_or(standard);
    let planes: Vec<_> = (0..colour.component_count())
        .map(|index| {
            let step = if index == 0 || colour != Colour::YCbCr { (1, 1) } else { encoding.chroma_step };
            let step = (usize::from(step.0), usize::from(step.1));
            reduce_component(component_planes(parts, colour, index), parts.size, step, PlaneReduction::OneMean)
        })
        .collect();
    assign_planes(&planes, size, colour, &encoding, image)?;
    image.icc = parts.images().find_map(|image| image.icc.clone());
    Ok(())
}

/// How a tile of this colour is encoded: with the steps and the sampling of the first part, or, if that is grey, with the chroma
/// of the first that is not. `None` if a sampling is not 1, 2 or 4 pixels to a sample.
fn encoding_of(parts: &Parts<'_, JpegImage>, colour: Colour) -> Option<JpegEncoding> {
    let luma = baseline(parts.images().next()?.components.first()?.quantisation);
    let Some(coloured) = parts.images().find(|image| image.colour == colour && colour == Colour::YCbCr) else {
        return Some(JpegEncoding { luma, chroma: luma, chroma_step: (1, 1) });
    };
    let [first, second, ..] = coloured.components.as_slice() else { return None };
    let step = |most: u8, own: u8| [1, 2, 4].into_iter().find(|step| own.checked_mul(*step) == Some(most));
    let chroma_step = (step(first.horizontal, second.horizontal)?, step(first.vertical, second.vertical)?);
    Some(JpegEncoding { luma, chroma: baseline(second.quantisation), chroma_step })
}
