//! Builds versioned Deep Zoom (DZI) pyramids from base tiles.

pub mod build;
pub mod codec;
pub mod descriptor;
pub mod faults;
pub mod geometry;
pub mod pixels;
pub mod pyramid;
pub mod reduce;
pub mod spec;
pub mod store;
