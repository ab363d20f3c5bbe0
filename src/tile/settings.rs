//! How the tiles of one pyramid are generated.

use super::jpeg_planes::PlaneReduction;
use crate::format::{Filter, Quality, Settings};
use crate::jpeg::{Colour, FoldSampling, HuffmanTables};
use crate::raster::reduce::Reduction;

/// Below this quality chroma is stored at half resolution, as libvips does.
const FULL_CHROMA_FROM: u8 = 90;

/// The settings of a pyramid that decide the bytes of its tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileSettings {
    pub(super) quality: Quality,
    pub(super) huffman: HuffmanTables,
    pub(super) reduction: Reduction,
    pub(super) tile_size: u32,
    pub(super) overlap: u32,
}

impl TileSettings {
    pub(super) fn new(settings: &Settings) -> Self {
        let optimised = settings.huffman_tables.is_some_and(bool::from);
        Self {
            quality: settings.quality.unwrap_or(Quality::DEFAULT),
            huffman: if optimised { HuffmanTables::Optimised } else { HuffmanTables::Standard },
            reduction: Reduction { filter: settings.filter, linear: settings.linear },
            tile_size: settings.tile_size,
            overlap: settings.overlap,
        }
    }

    pub(super) fn with_quality(self, quality: Quality) -> Self {
        Self { quality, ..self }
    }

    /// Pixels per chroma sample of a generated tile, along each axis.
    pub(super) fn chroma_step(self, colour: Colour) -> u8 {
        if colour == Colour::YCbCr && self.quality.get() < FULL_CHROMA_FROM { 2 } else { 1 }
    }

    /// How the path of samples reduces a component. With overlap the grids of chroma samples differ from tile to tile, so they
    /// are expanded to pixels, and a second rounding would show.
    pub(super) fn plane_reduction(self) -> PlaneReduction {
        if self.overlap > 0 && self.reduction.filter == Filter::Mean {
            PlaneReduction::OneMean
        } else {
            PlaneReduction::Halving(self.reduction)
        }
    }

    /// Whether tiles that are not folded are reduced to planes for the tiles made of them. See
    /// [`HalvedTile`](super::jpeg_halves::HalvedTile).
    pub(super) fn keeps_halves(self) -> bool {
        let plain_mean = self.reduction.filter == Filter::Mean && !self.reduction.linear;
        self.overlap > 0 && plain_mean && self.tile_size.is_multiple_of(2)
    }

    /// Whether tiles of the sampling that parents have can be folded.
    pub(super) fn aligns(self) -> bool {
        let step = u32::from(self.chroma_step(Colour::YCbCr));
        let is_aligned = self.tile_size.is_multiple_of(16 * step) && self.overlap.is_multiple_of(8 * step);
        is_aligned && self.fold_sampling().is_some()
    }

    /// The sampling of tiles that can be folded for their parent.
    ///
    /// None if parents cannot be merged from folded tiles: only the mean without linear light can.
    pub(super) fn fold_sampling(self) -> Option<FoldSampling> {
        let plain_mean = self.reduction.filter == Filter::Mean && !self.reduction.linear;
        let (tile_size, overlap) = (self.tile_size, self.overlap);
        plain_mean.then(|| FoldSampling {
            chroma_step: self.chroma_step(Colour::YCbCr),
            tile_size,
            overlap,
            core: None,
        })
    }
}
