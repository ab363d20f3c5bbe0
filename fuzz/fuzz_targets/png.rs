//! Any bytes as a PNG file of the size that they claim, and the parents that it can have.

#![no_main]

use fast_pyramid::Size;
use fast_pyramid::internals::tile::{CodecError, Scratch, TileImage};
use fast_pyramid_fuzz::{codec, filter};
use libfuzzer_sys::fuzz_target;

/// Images with more pixels are not decoded.
const MAX_PIXELS: u64 = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let mut scratch = Scratch::default();
    let codec = codec("png", 80, false, filter(bytes.len()), bytes.len() & 4 != 0);
    let Some(size) = size(bytes) else {
        assert!(codec.decode(bytes, Size::new(32, 32), &mut scratch).is_err());
        return;
    };
    if size.pixels() > MAX_PIXELS {
        return;
    }
    let other = Size::new(size.width + 1, size.height);
    assert!(codec.decode(bytes, other, &mut scratch).is_err());
    let child = match codec.decode(bytes, size, &mut scratch) {
        Ok(child @ TileImage::Png(_)) => child,
        Ok(TileImage::Jpeg(_) | TileImage::Halved(_)) => panic!("a PNG became a JPEG"),
        Err(error) => {
            assert!(!matches!(error, CodecError::WrongSize { .. } | CodecError::Encode(_)), "{error}");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for (right, below) in [(false, false), (true, false), (true, true)] {
        let there = |yes: bool| yes.then_some(&child);
        let children = [Some(&child), there(right), there(below), there(right && below)];
        let side = |length: u32, twice: bool| if twice { 2 * length } else { length };
        let size = Size::new(side(size.width, right), side(size.height, below)).halved();
        let mut file = Vec::new();
        let parent =
            codec.parent(children, size, &mut scratch, &mut file).expect("children of fitting sizes have a parent");
        let back = codec.decode(&file, size, &mut scratch).expect("a parent can be read");
        assert!(back == parent, "the parent handed up is not the one in the file");
    }
});

/// The size in the header, if it stands where it should and no side is 0.
fn size(bytes: &[u8]) -> Option<Size> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let height = rest.first_chunk()?;
    let size = Size::new(u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    (size.width.min(size.height) > 0 && size.width < u32::MAX).then_some(size)
}
