//! JPEG tiles.
