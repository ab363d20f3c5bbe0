//! Builds versioned Deep Zoom (DZI) pyramids from base tiles.

pub mod codec;
pub mod geometry;
pub mod pixels;
pub mod reduce;
pub mod spec;
