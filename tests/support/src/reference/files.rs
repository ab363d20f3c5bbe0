//! Pictures to and from files, by the crate `image`.

use super::{Kind, Picture};
use image::{DynamicImage, ImageBuffer, ImageFormat};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Reads a PNG and keeps its kind. Palettes become colours, fewer than 8 bits become 8, tRNS becomes alpha.
pub fn read_png(path: &Path) -> Picture {
    read_as(path, ImageFormat::Png)
}

/// Reads a JPEG: grey or colour.
pub fn read_jpeg(path: &Path) -> Picture {
    read_as(path, ImageFormat::Jpeg)
}

/// Reads a PNG or a JPEG, whichever its extension says.
pub fn read_picture(path: &Path) -> Picture {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") => read_png(path),
        Some("jpg" | "jpeg") => read_jpeg(path),
        _ => panic!("{}: neither .png nor .jpg", path.display()),
    }
}

/// Decodes a PNG as [`read_png`] does.
pub fn decode_png(bytes: &[u8]) -> Picture {
    from_image(image::load_from_memory_with_format(bytes, ImageFormat::Png).unwrap())
}

fn read_as(path: &Path, format: ImageFormat) -> Picture {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let image = image::load_from_memory_with_format(&bytes, format)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    from_image(image)
}

fn from_image(image: DynamicImage) -> Picture {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let color = image.color();
    let kind = Kind {
        colour: color.has_color(),
        alpha: color.has_alpha(),
        sixteen: color.bytes_per_pixel() / color.channel_count() == 2,
    };
    let wide = |bytes: Vec<u8>| bytes.into_iter().map(u16::from).collect();
    let samples: Vec<u16> = match image {
        DynamicImage::ImageLuma8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageLumaA8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageRgb8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageRgba8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageLuma16(buffer) => buffer.into_raw(),
        DynamicImage::ImageLumaA16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgb16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgba16(buffer) => buffer.into_raw(),
        other => panic!("samples of an unexpected kind: {:?}", other.color()),
    };
    Picture { width, height, colour: kind.colour, alpha: kind.alpha, sixteen: kind.sixteen, samples }
}

fn to_image(picture: &Picture) -> DynamicImage {
    let (w, h) = (picture.width as u32, picture.height as u32);
    let wide = picture.samples.clone();
    let narrow: Vec<u8> = picture.samples.iter().map(|value| *value as u8).collect();
    let image = match (picture.colour, picture.alpha, picture.sixteen) {
        (false, false, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageLuma8),
        (false, true, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageLumaA8),
        (true, false, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageRgb8),
        (true, true, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageRgba8),
        (false, false, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageLuma16),
        (false, true, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageLumaA16),
        (true, false, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageRgb16),
        (true, true, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageRgba16),
    };
    image.expect("as many samples as width, height and kind say")
}

/// Writes a PNG of the picture's own kind.
pub fn write_png(path: &Path, picture: &Picture) {
    to_image(picture).save_with_format(path, ImageFormat::Png).unwrap();
}

/// Writes a baseline JPEG from a picture of 8 bit without alpha.
pub fn write_jpeg(path: &Path, picture: &Picture, quality: u8) {
    assert!(!picture.alpha && !picture.sixteen, "{picture:?} is nothing for JPEG");
    let file = BufWriter::new(File::create(path).unwrap());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(file, quality);
    to_image(picture).write_with_encoder(encoder).unwrap();
}
