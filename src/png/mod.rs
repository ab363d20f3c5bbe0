//! PNG tiles: lossless, 8 or 16 bits, with or without colour and alpha.
//!
//! Generated tiles are never interlaced and never have a palette. The `png` crate writes the container. Filtering
//! (`filter`), the search for repetitions (`matches`) and compression (`deflate`) are done here, because no
//! setting of the crate is both fast and small for maps and drawings: `Compression::Fast` makes files two to three
//! times as large as libvips does, and `Level(2)` takes about as long as libvips (0.8 to 1.4 times its speed).
//!
//! Parents of 256x256 pixels: size and least processor time of libvips 8.18 for a save to memory (its defaults: level 6
//! of zlib-ng, no filter), then sizes relative to libvips, and speed as a multiple of its speed.
//!
//! | tiles                        | libvips        | here        | `Compression::Fast` | `Level(2)` |
//! |------------------------------|----------------|-------------|---------------------|------------|
//! | photographs, RGB             | 138 KB, 3.2 ms | 0.64, 7.6 x | 0.68, 9.4 x         | 0.68       |
//! | photographs, RGBA            | 124 KB, 3.0 ms | 0.63, 6.3 x | 0.67, 8.7 x         | 0.64       |
//! | photographs, grey            | 43 KB, 1.2 ms  | 0.63, 7.5 x | 0.67, 8.9 x         | 0.74       |
//! | photographs, 16-bit RGB      | 344 KB, 6.5 ms | 0.90, 8.4 x | 1.02, 10 x          | 0.85       |
//! | elevation, 16-bit grey       | 122 KB, 2.4 ms | 0.76, 6.5 x | 0.88, 8.4 x         | 0.78       |
//! | shaded relief, RGB           | 56 KB, 2.2 ms  | 0.98, 6.1 x | 1.04, 8.1 x         | 0.95       |
//! | maps, RGB                    | 9.5 KB, 1.2 ms | 1.02, 5.0 x | 2.74, 6.3 x         | 1.44       |
//! | labels without smooth edges  | 7.5 KB, 1.3 ms | 1.08, 6.4 x | 2.46, 8.5 x         | 1.28       |
//! | diagrams, RGB                | 12 KB, 0.9 ms  | 1.05, 5.1 x | 1.10, 8.0 x         | 1.12       |
//! | drawings, RGBA               | 6.6 KB, 1.2 ms | 1.25, 5.4 x | 2.58, 6.5 x         | 1.37       |
//! | 8-bit relief saved in 16 bit | 83 KB, 3.3 ms  | 1.40, 4.5 x | 1.81, 6.7 x         | 1.17       |
//!
//! Drawings are 1.11 without two tiles of a test card, whose patterns repeat with soft differences. Only the last kind
//! is much larger: filters destroy the repetitions of its 16-bit samples, and its differences are like a photograph's.
//! Everything that makes it smaller makes it too slow, because its matches are short and unpredictable. On another
//! relief of this kind, where this is 1.51 at 6.2 x:
//!
//! | tried                                                                         | size | speed |
//! |-------------------------------------------------------------------------------|------|-------|
//! | no filter                                                                     | 1.23 | 3.3 x |
//! | search in filtered rows                                                       | 1.22 | 3.6 x |
//! | no filter, search at every second byte by four bytes, only the last place     | 1.20 | 3.4 x |
//! | the same, and the pixels to the left and above                                | 1.17 | 3.3 x |
//! | the last two places                                                           | 1.14 | 3.0 x |
//! | first the last two places of all samples of a row, without a branch; then matches chosen with look-ahead | 1.13 | 3.1 x |
//! | six places, sixteen                                                           | 1.08 | 2.6 x, 1.9 x |
//!
//! The bytes are the same on every machine: everything is integer arithmetic, and `simd-adler32` and `crc32fast`
//! compute the same checksum with any instructions.

mod decode;
mod deflate;
mod encode;
mod filter;
mod huffman;
mod image;
mod matches;

pub(crate) use decode::{BAD_PALETTE, decode, is_palette_whole, read_profile};
pub(crate) use encode::encode;
pub use image::PngImage;

use crate::geometry::Size;

/// Why a PNG tile was refused, or could not be encoded.
#[derive(Debug)]
pub(crate) enum PngError {
    /// The tile does not have the expected size.
    WrongSize { expected: Size, found: Size },
    /// The tile has an EXIF orientation other than 1.
    Rotated(u8),
    /// The tile cannot be decoded to its last byte; the text says why.
    Damaged(String),
    /// The tile cannot be encoded; the text says why.
    Encode(String),
}

#[cfg(test)]
mod tests;
