//! JPEG tiles: files to quantised coefficients and back (ITU T.81), and coefficients to samples and
//! back.
//!
//! Entropy coding loses nothing, so the coefficients of an image just encoded are what decoding its
//! file gives: `decode(encode(image)) == image`. A tile can go up to its parent without being read
//! again.
//!
//! Decoding is strict: what a viewer would fill in or guess is an error here, because a pyramid
//! built from it would hide the damage.

mod bands;
mod bits;
mod dct;
mod decode;
mod encode;
mod encode_error;
mod error;
mod fold;
mod fold_colour;
mod forward;
mod header;
mod huffman;
mod icc;
mod image;
mod merge;
mod optimise;
mod pairs;
mod part;
mod progressive;
mod scan;
mod sequential;
mod symbols;
mod tables;
mod tile;
mod transpose;
mod walk;
mod window;
mod write;

#[cfg(test)]
mod tests;

pub use bands::{Bands, BandsError, Opened, Several, open};
pub use decode::{Scratch, decode, decode_into};
pub use encode::{HuffmanTables, encode, encode_part};
pub use encode_error::EncodeError;
pub use error::{JpegError, JpegErrorKind, Unsupported};
pub use fold::{FoldSampling, FoldedBlock, FoldedComponent, FoldedImage, fold};
pub use header::{Header, header};
pub use image::{
    Block, BlockComponent, BlockImage, BlockKind, Colour, Component, JpegImage, PlaneSource, component_size,
};
pub use merge::{ParentSteps, can_merge, merge};
pub use part::{ImagePart, Requantisation};
pub use tables::quantisation_tables;
pub use tile::JpegTile;
