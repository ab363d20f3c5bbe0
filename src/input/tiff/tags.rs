//! The tags that are read (TIFF 6.0, its technical notes, and ICC.1 annex B).

use super::directory::Tag;

pub(super) const NEW_SUBFILE_TYPE: Tag = Tag { number: 254, name: "NewSubfileType" };
pub(super) const IMAGE_WIDTH: Tag = Tag { number: 256, name: "ImageWidth" };
pub(super) const IMAGE_LENGTH: Tag = Tag { number: 257, name: "ImageLength" };
pub(super) const BITS_PER_SAMPLE: Tag = Tag { number: 258, name: "BitsPerSample" };
pub(super) const COMPRESSION: Tag = Tag { number: 259, name: "Compression" };
pub(super) const PHOTOMETRIC: Tag = Tag { number: 262, name: "PhotometricInterpretation" };
pub(super) const FILL_ORDER: Tag = Tag { number: 266, name: "FillOrder" };
pub(super) const STRIP_OFFSETS: Tag = Tag { number: 273, name: "StripOffsets" };
pub(super) const ORIENTATION: Tag = Tag { number: 274, name: "Orientation" };
pub(super) const SAMPLES_PER_PIXEL: Tag = Tag { number: 277, name: "SamplesPerPixel" };
pub(super) const ROWS_PER_STRIP: Tag = Tag { number: 278, name: "RowsPerStrip" };
pub(super) const STRIP_BYTE_COUNTS: Tag = Tag { number: 279, name: "StripByteCounts" };
pub(super) const PLANAR_CONFIGURATION: Tag = Tag { number: 284, name: "PlanarConfiguration" };
pub(super) const PREDICTOR: Tag = Tag { number: 317, name: "Predictor" };
pub(super) const COLOR_MAP: Tag = Tag { number: 320, name: "ColorMap" };
pub(super) const TILE_WIDTH: Tag = Tag { number: 322, name: "TileWidth" };
pub(super) const TILE_LENGTH: Tag = Tag { number: 323, name: "TileLength" };
pub(super) const TILE_OFFSETS: Tag = Tag { number: 324, name: "TileOffsets" };
pub(super) const TILE_BYTE_COUNTS: Tag = Tag { number: 325, name: "TileByteCounts" };
pub(super) const INK_SET: Tag = Tag { number: 332, name: "InkSet" };
pub(super) const EXTRA_SAMPLES: Tag = Tag { number: 338, name: "ExtraSamples" };
pub(super) const SAMPLE_FORMAT: Tag = Tag { number: 339, name: "SampleFormat" };
pub(super) const JPEG_TABLES: Tag = Tag { number: 347, name: "JPEGTables" };
pub(super) const YCBCR_SUBSAMPLING: Tag = Tag { number: 530, name: "YCbCrSubSampling" };
pub(super) const ICC_PROFILE: Tag = Tag { number: 34675, name: "ICCProfile" };
