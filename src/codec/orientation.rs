//! The orientation in Exif data.
