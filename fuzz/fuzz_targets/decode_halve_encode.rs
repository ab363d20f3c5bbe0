//! Up to four JPEG files as the children of a parent, by both paths: what is handed up is what will be read back.
//!
//! An input is four bytes of settings, then files with [`NEXT`] between them.

#![no_main]

use fast_pyramid::Size;
use fast_pyramid::internals::jpeg::{
    self, Colour, DecodeScratch, FoldSampling, FoldedImage, HuffmanTables, JpegImage, JpegTile, ParentSteps, decode,
    fold, merge, quantisation_tables, read_header,
};
use fast_pyramid::internals::tile::{self, TileImage};
use fast_pyramid_fuzz::{check_round_trip, codec, filter};
use libfuzzer_sys::fuzz_target;

/// Stands between two files.
const NEXT: &[u8] = b"NEXT";
/// The longest side of a child.
const LONGEST_SIDE: u32 = 160;

type Children<'a> = [Option<&'a JpegImage>; 4];

fuzz_target!(|bytes: &[u8]| {
    let Some((&[quality, how, order, shape], files)) = bytes.split_first_chunk() else { return };
    let mut scratch = DecodeScratch::default();
    let files: Vec<&[u8]> = split(files).into_iter().take(4).collect();
    let images: Vec<JpegImage> = files.iter().filter_map(|file| image(file, &mut scratch)).collect();
    if images.is_empty() {
        return;
    }
    let quality = quality % 100 + 1;
    let children = arrange(&images, order, shape);
    let size = parent_size(&children);
    check_merge(children, size, quality, &mut scratch);
    check_folding_on_the_way(&files, &images, &mut scratch);

    let codec = codec("jpg", quality, how & 8 != 0, filter(usize::from(how & 3)), how & 4 != 0);
    let mut scratch = tile::Scratch::default();
    let tiles = children.map(|child| child.map(|child| stored(child, &codec, &mut scratch)));
    let mut file = Vec::new();
    let children = tiles.each_ref().map(Option::as_ref);
    let parent =
        codec.parent(children, size, &mut scratch, &mut file).expect("children of fitting sizes have a parent");
    let back = codec.decode(&file, size, &mut tile::Scratch::default()).expect("a parent can be read");
    assert!(back == parent, "the parent handed up is not the one in the file");
});

/// The tile that is read from a file with this image, or from one like it where baseline cannot hold it.
fn stored(image: &JpegImage, codec: &tile::Codec, scratch: &mut tile::Scratch) -> TileImage {
    let mut file = Vec::new();
    let size = Size::new(image.width, image.height);
    if jpeg::encode(image, HuffmanTables::Optimised, &mut file).is_err() {
        let mut image = image.clone();
        for component in &mut image.components {
            component.quantisation = component.quantisation.map(|step| step.min(255));
            component.coefficients.iter_mut().flatten().for_each(|value| *value = (*value).clamp(-1000, 1000));
        }
        file.clear();
        if jpeg::encode(&image, HuffmanTables::Optimised, &mut file).is_err() {
            let mut grey = JpegImage::default();
            let samples = vec![9; image.width as usize * image.height as usize];
            let plane = jpeg::PlaneSource { samples: &samples, horizontal: 1, vertical: 1, quantisation: &[1; 64] };
            grey.assign_planes((image.width, image.height), Colour::Grey, &[plane]).expect("a plane of its size");
            file.clear();
            jpeg::encode(&grey, HuffmanTables::Optimised, &mut file).expect("a flat image can be encoded");
        }
    }
    codec.decode(&file, size, scratch).expect("what was encoded can be decoded")
}

/// Folded on the way is folded afterwards.
fn check_folding_on_the_way(files: &[&[u8]], images: &[JpegImage], scratch: &mut DecodeScratch) {
    let mut tile = JpegTile::default();
    for file in files {
        for chroma_step in [1, 2] {
            let sampling = FoldSampling { chroma_step, tile_size: 256, overlap: 0, core: None };
            let Ok(image) = decode(file, None, scratch) else { continue };
            tile.decode(file, None, Some(sampling), scratch).expect("it was decoded before");
            let mut folded = FoldedImage::default();
            let expected = sampling.suits(&image) && fold(&image, &mut folded);
            assert_eq!(tile.folded().is_some(), expected);
            assert!(tile.folded().is_none_or(|tile| *tile == folded), "folded otherwise on the way");
            let mut spare = JpegImage::default();
            assert!(*tile.whole(scratch, &mut spare).expect("it was decoded before") == image);
        }
        if images.len() > 4 {
            return;
        }
    }
}

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

fn image(bytes: &[u8], scratch: &mut DecodeScratch) -> Option<JpegImage> {
    let header = read_header(bytes).ok()?;
    let small = header.width.max(header.height) <= LONGEST_SIDE;
    small.then(|| decode(bytes, Some((header.width, header.height)), scratch).ok())?
}

/// Two by two, two by one, one by two or one image. Each place takes the image that `order` says if that fits there,
/// otherwise the first that does.
fn arrange(images: &[JpegImage], order: u8, shape: u8) -> Children<'_> {
    let choose = |place: u8, fits: &dyn Fn(&JpegImage) -> bool| {
        let wished = images.get(usize::from(order >> (2 * place) & 3) % images.len());
        wished.into_iter().chain(images).find(|image| fits(image))
    };
    let Some(first) = choose(0, &|_| true) else { return [None; 4] };
    let (width, height) = (first.width, first.height);
    let right = choose(1, &|image| image.height == height && image.width <= width).filter(|_| shape & 1 == 0);
    let below = choose(2, &|image| image.width == width && image.height <= height).filter(|_| shape & 2 == 0);
    let (Some(beside), Some(under)) = (right, below) else { return [Some(first), right, below, None] };
    let corner = (beside.width, under.height);
    match choose(3, &|image| (image.width, image.height) == corner) {
        Some(last) => [Some(first), right, below, Some(last)],
        None => [Some(first), right, None, None],
    }
}

fn parent_size(children: &Children<'_>) -> Size {
    let side = |at: usize, length: fn(&JpegImage) -> u32| children[at].map_or(0, |child| length(child));
    let width = side(0, |image| image.width) + side(1, |image| image.width);
    let height = side(0, |image| image.height) + side(2, |image| image.height);
    Size::new(width, height).halved()
}

/// The path of coefficients by itself.
fn check_merge(children: Children<'_>, size: Size, quality: u8, scratch: &mut DecodeScratch) {
    let (luma, chroma) = quantisation_tables(quality);
    let steps = ParentSteps::new(&luma, &chroma);
    let mut folded: [FoldedImage; 4] = Default::default();
    if !children.iter().zip(&mut folded).all(|(child, to)| child.is_none_or(|child| fold(child, to))) {
        return;
    }
    let children: [Option<&FoldedImage>; 4] = std::array::from_fn(|at| children[at].map(|_| &folded[at]));
    let mut parent = JpegImage::default();
    let merged = merge(children, &steps, &mut parent);
    if !merged {
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
    assert!(merge(children, &steps, &mut again) && again == parent, "buffers of an earlier image show through");
}
