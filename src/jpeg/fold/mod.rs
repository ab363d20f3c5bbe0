//! Halving in the frequency domain: images are folded ([`fold()`]), and four of them merged ([`merge()`]).

mod block;
mod halve_colour;
mod image;
mod merge;
mod sampling;

pub(super) use block::{FoldTable, LARGEST_AC};
pub use block::{FoldedBlock, FoldedComponent, FoldedImage};
pub use image::fold;
pub use merge::{ParentSteps, can_merge, merge};
pub use sampling::FoldSampling;
