//! The JPEG codec: files to quantised coefficients and back (ITU T.81), coefficients to samples and back.
//!
//! Entropy coding is lossless: `decode(encode(image)) == image`. A tile just encoded therefore goes to its parent
//! without being decoded.
//!
//! Decoding is strict. Damage that a viewer would fill in or guess is an error here, because a pyramid built from it
//! would hide the damage.
//!
//! | folder      | contents                                                                  |
//! |-------------|---------------------------------------------------------------------------|
//! | `decode`    | files to coefficients, whole or band by band                              |
//! | `encode`    | coefficients to files                                                     |
//! | `transform` | samples to coefficients and back                                          |
//! | `fold`      | halving without samples: parents computed from coefficients               |

mod decode;
mod decode_error;
mod encode;
mod encode_error;
mod fold;
mod icc;
mod image;
mod limits;
mod part;
mod pixels;
mod placed;
mod requantise;
mod tables;
mod tile;
mod transform;
mod upsample;

#[cfg(test)]
mod tests;

pub use decode::{
    BandDecoder, BandsError, DecodeScratch, JpegHeader, OpenedJpeg, SeveralScans, decode, decode_into, open,
    read_header,
};
pub use decode_error::{JpegError, JpegErrorKind, Unsupported};
pub use encode::{HuffmanTables, encode, encode_part};
pub use encode_error::EncodeError;
pub use fold::{FoldSampling, FoldedBlock, FoldedComponent, FoldedImage, ParentSteps, fold, merge, merge_parts};
pub use image::{Block, BlockComponent, BlockImage, BlockKind, Colour, Component, JpegImage, component_size};
pub use part::ImagePart;
pub use placed::PlacedPart;
pub use requantise::Requantisation;
pub use tables::{HuffmanClass, quantisation_tables};
pub use tile::JpegTile;
pub use transform::PlaneSource;
pub use upsample::{SubsampledPlane, Subsampling, Upsampler, Upsampling};
