//! A naive builder of pyramids, as the contract's sections 2.2, 4 and 7 describe them, for tests to compare with.
//!
//! It is as simple as possible, keeps everything in memory, and is slow.

mod compare;
mod files;
mod filters;
mod overlap;
mod picture;
mod random;
mod tiles;

pub use compare::{assert_close, assert_close_to_the_eye, psnr};
pub use files::{decode_png, read_jpeg, read_picture, read_png, write_jpeg, write_png};
pub use filters::{Filter, from_light, halve, levels, parent, to_light};
pub use overlap::OverlappingLevel;
pub use picture::{Kind, Picture};
pub use random::{Random, random_picture};
pub use tiles::{TiledBase, Tiles, count, cut_into_tiles, grid, level_sizes, stitch};
