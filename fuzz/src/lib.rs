//! What several fuzz targets check or need.

use fast_pyramid::internals::format::{Filter, Settings, TileNaming};
use fast_pyramid::internals::jpeg::{Component, DecodeScratch, EncodeError, HuffmanTables, JpegImage, decode, encode};
use fast_pyramid::internals::tile::Codec;
use fast_pyramid::{Quality, TileFormat};

/// Both kinds of Huffman tables.
pub const TABLES: [HuffmanTables; 2] = [HuffmanTables::Standard, HuffmanTables::Optimised];

/// The codec of tiles with this extension and these settings.
pub fn codec(extension: &str, quality: u8, optimize: bool, filter: Filter, linear: bool) -> Codec {
    let jpeg = extension != "png";
    Codec::new(&Settings {
        width: 1,
        height: 1,
        tile_size: 1,
        overlap: 0,
        base_tiles: None,
        format: TileFormat::new(extension).unwrap(),
        quality: jpeg.then(|| Quality::new(quality).unwrap()),
        huffman_tables: jpeg.then(|| optimize.into()),
        filter,
        linear: linear && filter.averages(),
        tile_naming: TileNaming::column_row(),
    })
}

/// The filter with this number, counted round and round.
pub fn filter(number: usize) -> Filter {
    [Filter::Mean, Filter::Lanczos3, Filter::Nearest, Filter::Mode][number % 4]
}

/// Panics unless an image, encoded with both kinds of tables, is decoded again as it was, or cannot be encoded for a
/// reason that is true of it.
pub fn check_round_trip(image: &JpegImage, scratch: &mut DecodeScratch) {
    for tables in TABLES {
        let mut bytes = Vec::new();
        match encode(image, tables, &mut bytes) {
            Ok(()) => {
                let size = Some((image.width, image.height));
                let back = decode(&bytes, size, scratch).unwrap_or_else(|error| panic!("{tables:?}: {error}"));
                assert!(back == *image, "{tables:?}: decoded differently from what was encoded");
            }
            Err(error) => assert!(is_true(&error, image), "{tables:?}: wrongly refused: {error}"),
        }
    }
}

/// Whether an image that a decoder gave has the fault for which the encoder refused it.
fn is_true(error: &EncodeError, image: &JpegImage) -> bool {
    let blocks = |component: &Component| u32::from(component.horizontal) * u32::from(component.vertical);
    match error {
        EncodeError::Sampling => image.components.iter().map(blocks).sum::<u32>() > 10,
        EncodeError::QuantisationStep { step } => {
            *step > 255 && image.components.iter().any(|component| component.quantisation.contains(step))
        }
        EncodeError::Coefficient { component } => {
            let blocks = &image.components[*component].coefficients;
            let dc = || blocks.iter().map(|block| i32::from(block[0])).chain([0]);
            dc().max().unwrap() - dc().min().unwrap() > 2047
                || blocks.iter().any(|block| block[1..].iter().any(|value| value.unsigned_abs() > 1023))
        }
        _ => false,
    }
}
