//! Builds versioned Deep Zoom (DZI) pyramids from base tiles.

pub mod codec;
