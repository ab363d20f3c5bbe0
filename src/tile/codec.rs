//! How the tiles of one pyramid are decoded, reduced and encoded.

use super::jpeg_composed;
use super::jpeg_halves::HalvedTile;
use super::jpeg_parent::{self, JpegScratch};
use super::parts::Parts;
use super::png_parent;
use super::settings::TileSettings;
use super::{CodecError, TileImage};
use crate::format::{FormatKind, Settings};
use crate::geometry::{Scale, Size, TileShape};
use crate::jpeg::{FoldSampling, JpegTile};
use crate::png;

/// Buffers that a worker keeps from tile to tile.
#[derive(Default)]
pub struct Scratch {
    pub(super) jpeg: JpegScratch,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Scratch")
    }
}

/// Decodes and generates the tiles of one pyramid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    pub(super) kind: FormatKind,
    pub(super) settings: TileSettings,
    /// Whether parents are generated from the tiles, which are then prepared for it.
    pub(super) has_parents: bool,
}

impl Codec {
    /// The codec of a pyramid with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { kind: settings.format.kind(), settings: TileSettings::new(settings), has_parents: true }
    }

    /// The same codec for base tiles without parents: same bytes, but no preparation for parents.
    #[must_use]
    pub fn without_parents(self) -> Self {
        Self { has_parents: false, ..self }
    }

    /// Whether tiles show exactly the pixels that they were made of.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        self.kind == FormatKind::Png
    }

    /// Memory for the image of a common tile, in bytes per pixel, at most. Common are 8-bit samples, and JPEG tiles with halved
    /// chroma: as planes, folded with their file, or as coefficients of 16 bits.
    #[must_use]
    pub fn bytes_per_pixel(&self) -> u64 {
        match self.kind {
            FormatKind::Png => 4,
            FormatKind::Jpeg if self.settings.aligns() => 2,
            FormatKind::Jpeg if self.settings.keeps_halves() => 1,
            FormatKind::Jpeg => 3,
        }
    }

    /// Decodes a stored tile. See [`Codec::decode_into`].
    ///
    /// # Errors
    /// As [`Codec::decode_into`].
    pub fn decode(
        &self,
        bytes: &[u8],
        shape: impl Into<TileShape>,
        scratch: &mut Scratch,
    ) -> Result<TileImage, CodecError> {
        let mut image = TileImage::default();
        self.decode_into(bytes, shape, scratch, &mut image)?;
        Ok(image)
    }

    /// Decodes a stored tile, which must have this shape, into `image`, reusing its buffers. A size is the shape of a tile
    /// without overlap.
    ///
    /// # Errors
    /// The tile has another size or an EXIF orientation, is of an unsupported kind, or is damaged anywhere up to its
    /// last byte (docs/tiles.md). `image` is then unspecified.
    pub fn decode_into(
        &self,
        bytes: &[u8],
        shape: impl Into<TileShape>,
        scratch: &mut Scratch,
        image: &mut TileImage,
    ) -> Result<(), CodecError> {
        let shape = shape.into();
        if let Some(problem) = wrong_format(bytes, self.kind) {
            return Err(CodecError::Damaged(problem.into()));
        }
        match self.kind {
            FormatKind::Jpeg => self.set_jpeg(shape, &mut scratch.jpeg, image, |scratch, tile| {
                self.decode_jpeg(bytes, shape, scratch, tile)
            }),
            FormatKind::Png => {
                *image = TileImage::Png(png::decode(bytes, shape.size)?);
                Ok(())
            }
        }
    }

    /// Generates the parent of up to four children: top left, top right, bottom left and bottom right. See
    /// [`Codec::parent_into`].
    ///
    /// # Errors
    /// As [`Codec::parent_into`].
    pub fn parent(
        &self,
        children: [Option<&TileImage>; 4],
        size: Size,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<TileImage, CodecError> {
        let mut parent = TileImage::default();
        self.parent_into(&Parts::of_children(children), size, scratch, &mut parent, out)?;
        Ok(parent)
    }

    /// Generates the tile of this shape that is made from these parts, and appends its bytes to `out`.
    ///
    /// `parent` becomes the tile as stored; its buffers are reused.
    ///
    /// # Errors
    /// The tile cannot be encoded.
    pub fn parent_into(
        &self,
        parts: &Parts<'_, TileImage>,
        shape: impl Into<TileShape>,
        scratch: &mut Scratch,
        parent: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.kind {
            FormatKind::Jpeg => {
                let shape = shape.into();
                self.set_jpeg(shape, &mut scratch.jpeg, parent, |scratch, tile| {
                    match parts.scale {
                        Scale::Half => jpeg_parent::parent(parts, shape.size, self.settings, scratch)?,
                        Scale::Full => jpeg_composed::composed(&parts.jpeg(), shape.size, self.settings, scratch)?,
                    }
                    self.encode_jpeg(shape, scratch, tile, out)
                })
            }
            FormatKind::Png => {
                let image = png_parent::parent(&parts.png(), self.settings.reduction);
                png::encode(&image, out)?;
                *parent = TileImage::Png(image);
                Ok(())
            }
        }
    }

    /// The sampling of tiles of this shape that are folded for their parents; none without parents.
    pub(super) fn fold_sampling(&self, shape: TileShape) -> Option<FoldSampling> {
        let sampling = self.settings.fold_sampling().filter(|_| self.has_parents)?;
        Some(if shape.is_core() { sampling } else { sampling.with_core(shape.core) })
    }

    /// Lets `make` set a tile of this shape, and puts what tiles made of it need into `image`: the tile itself, or, with overlap and
    /// unless it is folded, its planes.
    pub(super) fn set_jpeg(
        &self,
        shape: TileShape,
        scratch: &mut JpegScratch,
        image: &mut TileImage,
        make: impl FnOnce(&mut JpegScratch, &mut JpegTile) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        if !self.has_parents || !self.settings.keeps_halves() {
            return make(scratch, image.jpeg_mut());
        }
        let mut tile = std::mem::take(&mut scratch.tile);
        let made = make(scratch, &mut tile);
        match tile.as_whole().filter(|_| made.is_ok()) {
            Some(whole) => *image = TileImage::Halved(HalvedTile::of(whole, shape)),
            None => std::mem::swap(&mut tile, image.jpeg_mut()),
        }
        scratch.tile = tile;
        made
    }

    /// Encodes `scratch.image` as a tile of this shape, and appends its file to `out`. `tile` becomes the tile as stored.
    pub(super) fn encode_jpeg(
        &self,
        shape: TileShape,
        scratch: &mut JpegScratch,
        tile: &mut JpegTile,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let (sampling, start) = (self.fold_sampling(shape), out.len());
        let encoded = tile.encode(&mut scratch.image, self.settings.huffman, sampling, out);
        encoded.map_err(|error| CodecError::Encode(error.to_string()))?;
        tile.fold_core(sampling, out.get(start..).unwrap_or_default(), &mut scratch.core);
        Ok(())
    }

    fn decode_jpeg(
        &self,
        bytes: &[u8],
        shape: TileShape,
        scratch: &mut JpegScratch,
        tile: &mut JpegTile,
    ) -> Result<(), CodecError> {
        let sampling = self.fold_sampling(shape);
        let header = tile.decode(bytes, Some((shape.size.width, shape.size.height)), sampling, &mut scratch.decoder)?;
        tile.fold_core(sampling, bytes, &mut scratch.core);
        match header.orientation {
            Some(orientation) if orientation != 1 => Err(CodecError::Rotated(orientation)),
            _ => Ok(()),
        }
    }
}

/// Names the format of a file that is not of the pyramid's, if its first bytes show it.
fn wrong_format(bytes: &[u8], kind: FormatKind) -> Option<&'static str> {
    match (bytes, kind) {
        ([], _) => Some("empty file"),
        ([0x89, b'P', b'N', b'G', ..], FormatKind::Jpeg) => Some("a PNG file, not a JPEG"),
        ([0xFF, 0xD8, 0xFF, ..], FormatKind::Png) => Some("a JPEG file, not a PNG"),
        ([b'<', ..], _) => Some("an HTML or XML file, not an image"),
        _ => None,
    }
}
