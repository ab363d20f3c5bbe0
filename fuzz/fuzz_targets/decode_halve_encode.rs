//! Up to four JPEG files as the children of a parent, by both paths: what is handed up is what will be read back.
//!
//! An input is four bytes of settings, then files with [`NEXT`] between them.

#![no_main]

use fast_pyramid::codec::jpeg::{Colour, JpegImage, Scratch, can_halve, decode, halve, header, quantisation_tables};
use fast_pyramid::codec::{self, TileImage};
use fast_pyramid::geometry::Size;
use fast_pyramid_fuzz::{check_round_trip, codec, filter};
use libfuzzer_sys::fuzz_target;

/// Stands between two files.
const NEXT: &[u8] = b"NEXT";
/// The longest side of a child.
const LONGEST_SIDE: u32 = 160;

type Children<'a> = [Option<&'a TileImage>; 4];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[quality, how, order, shape], files)) = bytes.split_first_chunk() else { return };
    let mut scratch = Scratch::default();
    let images: Vec<TileImage> =
        split(files).into_iter().take(4).filter_map(|file| tile(file, &mut scratch)).map(TileImage::Jpeg).collect();
    if images.is_empty() {
        return;
    }
    let quality = quality % 100 + 1;
    let children = arrange(&images, order, shape);
    let size = parent_size(&children);
    check_halve(children.map(|child| child.map(jpeg)), size, quality, &mut scratch);

    let codec = codec("jpg", quality, how & 8 != 0, filter(usize::from(how & 3)), how & 4 != 0);
    let mut file = Vec::new();
    let parent = codec.parent(children, size, &mut file).expect("children of fitting sizes have a parent");
    let back = codec.decode(&file, size, &mut codec::Scratch::default()).expect("a parent can be read");
    assert!(back == parent, "the parent handed up is not the one in the file");
});

/// The pieces between separators.
fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = bytes.windows(NEXT.len()).position(|window| window == NEXT) {
        pieces.push(&bytes[..at]);
        bytes = &bytes[at + NEXT.len()..];
    }
    pieces.push(bytes);
    pieces
}

fn tile(bytes: &[u8], scratch: &mut Scratch) -> Option<JpegImage> {
    let header = header(bytes).ok()?;
    let small = header.width.max(header.height) <= LONGEST_SIDE;
    small.then(|| decode(bytes, Some((header.width, header.height)), scratch).ok())?
}

fn jpeg(tile: &TileImage) -> &JpegImage {
    match tile {
        TileImage::Jpeg(image) => image,
        TileImage::Png(_) => unreachable!(),
    }
}

/// Two by two, two by one, one by two or one image. Each place takes the image that `order` says if that fits there,
/// otherwise the first that does.
fn arrange(images: &[TileImage], order: u8, shape: u8) -> Children<'_> {
    let choose = |place: u8, fits: &dyn Fn(&JpegImage) -> bool| {
        let wished = images.get(usize::from(order >> (2 * place) & 3) % images.len());
        wished.into_iter().chain(images).find(|image| fits(jpeg(image)))
    };
    let Some(first) = choose(0, &|_| true) else { return [None; 4] };
    let (width, height) = (jpeg(first).width, jpeg(first).height);
    let right = choose(1, &|image| image.height == height && image.width <= width).filter(|_| shape & 1 == 0);
    let below = choose(2, &|image| image.width == width && image.height <= height).filter(|_| shape & 2 == 0);
    let (Some(beside), Some(under)) = (right, below) else { return [Some(first), right, below, None] };
    let corner = (jpeg(beside).width, jpeg(under).height);
    match choose(3, &|image| (image.width, image.height) == corner) {
        Some(last) => [Some(first), right, below, Some(last)],
        None => [Some(first), right, None, None],
    }
}

fn parent_size(children: &Children<'_>) -> Size {
    let side = |at: usize, length: fn(&JpegImage) -> u32| children[at].map_or(0, |child| length(jpeg(child)));
    let width = side(0, |image| image.width) + side(1, |image| image.width);
    let height = side(0, |image| image.height) + side(2, |image| image.height);
    Size::new(width, height).halved()
}

/// The path of coefficients by itself.
fn check_halve(children: [Option<&JpegImage>; 4], size: Size, quality: u8, scratch: &mut Scratch) {
    let (luma, chroma) = quantisation_tables(quality);
    let mut parent = JpegImage::default();
    let halved = halve(children, &luma, &chroma, &mut parent);
    assert_eq!(halved, can_halve(children));
    if !halved {
        assert!(parent == JpegImage::default(), "refused, yet changed");
        return;
    }
    assert_eq!((parent.width, parent.height), (size.width, size.height));
    check_round_trip(&parent, scratch);
    for (component, index) in parent.components.iter().zip(0..) {
        let steps = if index > 0 && parent.colour == Colour::YCbCr { &chroma } else { &luma };
        assert!(component.quantisation == *steps);
        let encodable = |block: &[i16; 64]| {
            (-1024..=1023).contains(&block[0]) && block[1..].iter().all(|value| value.unsigned_abs() <= 1023)
        };
        assert!(component.coefficients.iter().all(encodable), "a coefficient that baseline cannot code");
    }
    let mut again = parent.clone();
    again.components.iter_mut().for_each(|component| component.coefficients.fill([0x5A5A; 64]));
    assert!(halve(children, &luma, &chroma, &mut again) && again == parent, "buffers of an earlier image show through");
}
