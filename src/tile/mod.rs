//! Tile formats: decode stored tiles, and generate parents and base tiles.
//!
//! A parent is generated from its children *as stored*. [`Codec::parent`] therefore returns, beside the parent's bytes,
//! exactly the [`TileImage`] that [`Codec::decode`] would return for those bytes: quantised coefficients for JPEG,
//! samples for PNG. The image goes straight up to the next parent, so a generated tile is never decoded.
//!
//! This room knows nothing of files and paths.

mod base;
mod codec;
mod error;
mod jpeg_composed;
mod jpeg_halves;
mod jpeg_parent;
mod jpeg_planes;
mod parts;
mod png_parent;
mod settings;
mod tile_image;

pub use crate::png::PngImage;
pub use base::{
    BandTile, BaseStyle, Columns, JpegEncoding, ShownTile, StoredEncoding, shown_coefficients, stored_style,
};
pub use codec::{Codec, Scratch};
pub use error::CodecError;
pub use parts::{Part, Parts};
pub use tile_image::TileImage;

/// The version of everything that decides the bytes of generated tiles: filters, encoders and their libraries.
///
/// Raise it with every change of a single byte; a test compares fingerprints.
pub const ENCODER_VERSION: u32 = 3;

#[cfg(test)]
mod tests;
