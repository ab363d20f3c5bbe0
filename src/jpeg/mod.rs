//! JPEG tiles: files to quantised coefficients and back (ITU T.81), and coefficients to samples and
//! back.
//!
//! Entropy coding loses nothing, so the coefficients of an image just encoded are what decoding its
//! file gives: `decode(encode(image)) == image`. A tile can go up to its parent without being read
//! again.
//!
//! Decoding is strict: what a viewer would fill in or guess is an error here, because a pyramid
//! built from it would hide the damage.

mod decode;
mod decode_error;
mod encode;
mod encode_error;
mod fold;
mod icc;
mod image;
mod limits;
mod part;
mod requantise;
mod tables;
mod tile;
mod transform;

#[cfg(test)]
mod tests;

pub use decode::{
    Bands, BandsError, DecodeScratch, JpegHeader, OpenedJpeg, SeveralScans, decode, decode_into, open, read_header,
};
pub use decode_error::{JpegError, JpegErrorKind, Unsupported};
pub use encode::{HuffmanTables, encode, encode_part};
pub use encode_error::EncodeError;
pub use fold::{FoldSampling, FoldedBlock, FoldedComponent, FoldedImage, ParentSteps, can_merge, fold, merge};
pub use image::{Block, BlockComponent, BlockImage, BlockKind, Colour, Component, JpegImage, component_size};
pub use part::ImagePart;
pub use requantise::Requantisation;
pub use tables::{HuffmanClass, quantisation_tables};
pub use tile::JpegTile;
pub use transform::PlaneSource;
