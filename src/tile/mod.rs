//! Tile formats: stored bytes to tiles as later runs will read them, and parents made from their children.
//! Knows nothing of files.
//!
//! A parent is made from its children *as stored*. [`Codec::parent`] therefore returns, beside the parent's bytes,
//! exactly the [`TileImage`] that [`Codec::decode`] would give for those bytes: quantised coefficients for JPEG,
//! samples for PNG. It goes straight up to the next parent, and a tile just made is never decoded.

mod base;
mod planes;
mod png_parent;
mod stitch;

use crate::format::{FormatKind, Quality, Settings};
use crate::geometry::Size;
use crate::jpeg;
use crate::png;
use crate::raster::reduce::Reduction;

pub use crate::png::PngImage;
pub use base::Columns;

/// The version of everything that decides about generated tiles' bytes: filters, encoders, and the libraries that
/// they use. To be raised with every change of a single byte; a test holds fingerprints.
pub const ENCODER_VERSION: u32 = 3;

/// A tile as stored: what reading its file gives, before any loss.
///
/// Its buffers can be used again: [`Codec::decode_into`] and [`Codec::parent_into`] overwrite an image of any contents.
#[derive(Debug, Clone, PartialEq)]
pub enum TileImage {
    /// Coefficients.
    Jpeg(jpeg::JpegTile),
    /// Samples.
    Png(PngImage),
}

/// Why a tile's bytes are refused, or a parent could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// It has another size than its place in the grid asks for.
    #[error("{found} pixels, expected {expected}")]
    WrongSize {
        /// The size that the grid asks for.
        expected: Size,
        /// The size that the file says.
        found: Size,
    },
    /// It is stored turned or mirrored.
    #[error("EXIF orientation {0}, only 1 is possible in a tile")]
    Rotated(u8),
    /// It is of a kind that is not supported; the text names it.
    #[error("{0}")]
    Unsupported(String),
    /// It cannot be decoded to its last byte; the text says why and where.
    #[error("{0}")]
    Damaged(String),
    /// A parent could not be encoded. Not to be expected: sizes are checked before.
    #[error("cannot encode: {0}")]
    Encode(String),
}

/// Buffers that a worker keeps from tile to tile.
#[derive(Default)]
pub struct Scratch {
    jpeg: planes::Scratch,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Scratch")
    }
}

/// How the tiles of one pyramid are decoded, reduced and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    kind: FormatKind,
    quality: Quality,
    optimize: bool,
    reduction: Reduction,
    tile_size: u32,
    /// Whether tiles become parents, for which they are prepared as they are made.
    parents: bool,
}

impl Codec {
    /// The codec of a pyramid with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            kind: settings.format.kind(),
            quality: settings.quality.unwrap_or(Quality::DEFAULT),
            optimize: settings.optimize.unwrap_or(false),
            reduction: Reduction { filter: settings.filter, linear: settings.linear },
            tile_size: settings.tile_size,
            parents: true,
        }
    }

    /// The same codec for base tiles of which no parents are made: they are the same, but not prepared for that.
    #[must_use]
    pub fn without_parents(self) -> Self {
        Self { parents: false, ..self }
    }

    /// Decodes a stored tile that must have this size. See [`Codec::decode_into`].
    ///
    /// # Errors
    /// As [`Codec::decode_into`].
    pub fn decode(&self, bytes: &[u8], size: Size, scratch: &mut Scratch) -> Result<TileImage, CodecError> {
        let mut image = TileImage::default();
        self.decode_into(bytes, size, scratch, &mut image)?;
        Ok(image)
    }

    /// Decodes a stored tile that must have this size into `image`, whose buffers are used again.
    ///
    /// # Errors
    /// Any fault of SPEC 2.3: wrong size, orientation, unsupported kind, or damage anywhere up to the last byte. `image`
    /// is then unspecified.
    pub fn decode_into(
        &self,
        bytes: &[u8],
        size: Size,
        scratch: &mut Scratch,
        image: &mut TileImage,
    ) -> Result<(), CodecError> {
        if let Some(instead) = something_else(bytes, self.kind) {
            return Err(CodecError::Damaged(instead.into()));
        }
        match self.kind {
            FormatKind::Jpeg => self.decode_jpeg(bytes, size, &mut scratch.jpeg.decoder, image.jpeg_mut()),
            FormatKind::Png => {
                *image = TileImage::Png(png::decode(bytes, size)?);
                Ok(())
            }
        }
    }

    /// Makes a parent. See [`Codec::parent_into`].
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
        self.parent_into(children, size, scratch, &mut parent, out)?;
        Ok(parent)
    }

    /// Makes the parent of `size` from its children, in the order top left, top right, bottom left, bottom right, and
    /// appends its file's bytes to `out`. `parent`, whose buffers are used again, becomes the parent as stored.
    ///
    /// # Errors
    /// The children are not of this codec's format, or the parent cannot be encoded.
    pub fn parent_into(
        &self,
        children: [Option<&TileImage>; 4],
        size: Size,
        scratch: &mut Scratch,
        parent: &mut TileImage,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.kind {
            FormatKind::Jpeg => {
                let parent = parent.jpeg_mut();
                let children = children.map(|child| child.and_then(TileImage::as_jpeg));
                let (how, reduction) = ((self.quality, self.huffman_tables()), (self.reduction, self.tile_size));
                planes::parent(children, size, how, reduction, &mut scratch.jpeg, (parent, out))
            }
            FormatKind::Png => {
                let children = children.map(|child| child.and_then(TileImage::as_png));
                let made = png_parent::parent(children, self.reduction);
                png::encode(&made, out)?;
                *parent = TileImage::Png(made);
                Ok(())
            }
        }
    }
}

impl Codec {
    fn huffman_tables(&self) -> jpeg::HuffmanTables {
        if self.optimize { jpeg::HuffmanTables::Optimised } else { jpeg::HuffmanTables::Standard }
    }

    fn decode_jpeg(
        &self,
        bytes: &[u8],
        size: Size,
        scratch: &mut jpeg::DecodeScratch,
        tile: &mut jpeg::JpegTile,
    ) -> Result<(), CodecError> {
        let fold = planes::fold_sampling(self.quality, self.reduction, self.tile_size);
        let header = tile.decode(bytes, Some((size.width, size.height)), fold, scratch).map_err(refused)?;
        match header.orientation {
            Some(orientation) if orientation != 1 => Err(CodecError::Rotated(orientation)),
            _ => Ok(()),
        }
    }
}

/// An empty image, to be decoded into.
impl Default for TileImage {
    fn default() -> Self {
        Self::Jpeg(jpeg::JpegTile::default())
    }
}

impl TileImage {
    fn jpeg_mut(&mut self) -> &mut jpeg::JpegTile {
        if !matches!(self, Self::Jpeg(_)) {
            *self = Self::default();
        }
        match self {
            Self::Jpeg(image) => image,
            Self::Png(_) => unreachable!("it was made a JPEG just now"),
        }
    }

    /// Whether what was encoded can be told from its samples, because encoding loses nothing.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        matches!(self, Self::Png(_))
    }

    /// Whether both are stored without loss and show the same pixels, in whatever kind and depth each is stored.
    #[must_use]
    pub fn shows_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Png(image), Self::Png(other)) => image.shows_the_same(other),
            _ => false,
        }
    }

    fn as_jpeg(&self) -> Option<&jpeg::JpegTile> {
        match self {
            Self::Jpeg(image) => Some(image),
            Self::Png(_) => None,
        }
    }

    fn as_png(&self) -> Option<&PngImage> {
        match self {
            Self::Png(image) => Some(image),
            Self::Jpeg(_) => None,
        }
    }
}

/// What a file that is not of its kind is instead, where its first bytes tell.
fn something_else(bytes: &[u8], kind: FormatKind) -> Option<&'static str> {
    match (bytes, kind) {
        ([], _) => Some("it is empty"),
        ([0x89, b'P', b'N', b'G', ..], FormatKind::Jpeg) => Some("it is a PNG, not a JPEG"),
        ([0xFF, 0xD8, 0xFF, ..], FormatKind::Png) => Some("it is a JPEG, not a PNG"),
        ([b'<', ..], _) => Some("it is HTML or XML, no image"),
        _ => None,
    }
}

impl From<png::PngError> for CodecError {
    fn from(error: png::PngError) -> Self {
        match error {
            png::PngError::WrongSize { expected, found } => Self::WrongSize { expected, found },
            png::PngError::Rotated(orientation) => Self::Rotated(orientation),
            png::PngError::Damaged(problem) => Self::Damaged(problem),
            png::PngError::Encode(problem) => Self::Encode(problem),
        }
    }
}

fn refused(error: jpeg::JpegError) -> CodecError {
    match error.kind {
        jpeg::JpegErrorKind::DimensionMismatch { expected, found } => {
            let size = |(width, height)| Size::new(width, height);
            CodecError::WrongSize { expected: size(expected), found: size(found) }
        }
        jpeg::JpegErrorKind::Unsupported(what) => CodecError::Unsupported(what.to_string()),
        _ => CodecError::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
