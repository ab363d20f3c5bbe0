//! Halving in the frequency domain.
//!
//! Each child is folded ([`fold()`]): its 8x8 blocks become 4x4 blocks of half the size. Then four folded blocks are
//! merged to a block of the parent ([`merge()`]). No samples are computed.

mod block;
mod halve_colour;
mod image;
mod merge;
mod sampling;

pub(super) use block::{FoldTable, MAX_AC};
pub use block::{FoldedBlock, FoldedComponent, FoldedImage};
pub use image::fold;
pub use merge::{ParentSteps, merge, merge_parts};
pub use sampling::FoldSampling;
