//! A naive builder of pyramids, as the contract's sections 2.2 and 4 describe them, for tests to compare with.
//!
//! It is as simple as possible, keeps everything in memory, and is slow. Overlap other than 0 is not known here.

mod compare;
mod files;
mod filters;
mod picture;
mod random;
mod tiles;

pub use compare::{assert_close, assert_close_to_the_eye, psnr};
pub use files::{read_jpeg, read_picture, read_png, write_jpeg, write_png};
pub use filters::{Filter, from_light, halve, levels, parent, to_light};
pub use picture::{Kind, Picture};
pub use random::{Random, random_picture};
pub use tiles::{TiledBase, Tiles, count, cut_into_tiles, grid, level_sizes, stitch};
