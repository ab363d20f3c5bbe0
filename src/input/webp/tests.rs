use crate::geometry::Size;
use crate::input::test_reading::{by_image, file, noise, opened, read, stream};
use crate::input::{PictureError, PictureKind};
use image_webp::{ColorType, EncoderParams, WebPEncoder};
use proptest::prelude::*;

const EXIF: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

/// 2x2 red pixels, lossy, by ImageMagick (from the tests of `image-webp`).
const LOSSY: &[u8] = &[
    0x52, 0x49, 0x46, 0x46, 0x3c, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50, 0x56, 0x50, 0x38, 0x20, 0x30, 0x00, 0x00,
    0x00, 0xd0, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x02, 0x00, 0x02, 0x00, 0x02, 0x00, 0x34, 0x25, 0xa0, 0x02, 0x74, 0xba,
    0x01, 0xf8, 0x00, 0x03, 0xb0, 0x00, 0xfe, 0xf0, 0xc4, 0x0b, 0xff, 0x20, 0xb9, 0x61, 0x75, 0xc8, 0xd7, 0xff, 0x20,
    0x3f, 0xe4, 0x07, 0xfc, 0x80, 0xff, 0xf8, 0xf2, 0x00, 0x00, 0x00,
];

/// A lossless picture.
fn lossless_file(width: u32, height: u32, channels: usize, orientation: u8, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut next = noise(seed);
    let samples: Vec<u8> = (0..(width * height) as usize * channels).map(|_| next() as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    let mut parameters = EncoderParams::default();
    parameters.use_predictor_transform = seed.is_multiple_of(2);
    encoder.set_params(parameters);
    if orientation > 1 {
        let mut exif = EXIF.to_vec();
        exif[19] = orientation;
        encoder.set_exif_metadata(exif);
    }
    let colour = if channels == 4 { ColorType::Rgba8 } else { ColorType::Rgb8 };
    encoder.encode(&samples, width, height, colour).unwrap();
    (bytes, samples)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn lossless_pictures_are_read(
        width in 1u32..60, height in 1u32..60, alpha: bool, seed in 0u64..1 << 32, band in 1usize..70,
    ) {
        let channels = if alpha { 4 } else { 3 };
        let (bytes, samples) = lossless_file(width, height, channels, 1, seed);
        let (info, found) = read(file(&bytes), band).unwrap();
        prop_assert_eq!((info.size, info.channels, info.kind), (Size::new(width, height), channels, PictureKind::WebP));
        prop_assert!(info.buffered >= samples.len() as u64);
        let samples: Vec<u16> = samples.into_iter().map(u16::from).collect();
        prop_assert_eq!(&found, &samples);
        prop_assert_eq!(by_image(&bytes), (channels, samples));
    }
}

#[test]
fn lossy_pictures_are_read() {
    let (info, samples) = read(file(LOSSY), 1).unwrap();
    assert_eq!((info.size, info.channels, info.orientation), (Size::new(2, 2), 3, 1));
    assert_eq!(by_image(LOSSY), (3, samples));
}

#[test]
fn orientation_6_rotates_the_rows() {
    let (bytes, samples) = lossless_file(3, 2, 3, 6, 1);
    let (info, found) = read(file(&bytes), 2).unwrap();
    assert_eq!((info.size, info.orientation), (Size::new(2, 3), 6));
    let pixel = |at: usize| samples[at * 3..][..3].iter().map(|&sample| u16::from(sample)).collect::<Vec<_>>();
    assert_eq!(found, [3, 0, 4, 1, 5, 2].map(pixel).concat());
}

#[test]
fn streams_are_refused() {
    assert!(matches!(opened(stream(LOSSY, 3)), Err(PictureError::NotSeekable(_))));
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    let (lossless, _) = lossless_file(9, 7, 4, 6, 2);
    for bytes in [LOSSY, &lossless] {
        // The last byte may be padding to an even length.
        for length in 0..bytes.len() - 1 {
            assert!(read(file(&bytes[..length]), 3).is_err(), "{length}");
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let (lossless, _) = lossless_file(9, 7, 4, 6, 2);
    let mut next = noise(5);
    for bytes in [LOSSY, &lossless] {
        for _ in 0..3000 {
            let mut wrong = bytes.to_vec();
            for _ in 0..=next() % 3 {
                let at = next() as usize % wrong.len();
                wrong[at] = next() as u8;
            }
            if let Ok(picture) = opened(file(&wrong)) {
                // A damaged header can have any size.
                if picture.info().buffered < 10_000_000 {
                    let _ = read(file(&wrong), 50);
                }
            }
        }
    }
}

/// The largest lossless picture, in 30 bytes.
#[test]
fn huge_pictures_announce_their_memory_and_are_refused_below_it() {
    let mut bytes = b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f".to_vec();
    bytes.extend((16382u32 | 16382 << 14).to_le_bytes());
    bytes.extend([0; 5]);
    let picture = opened(file(&bytes)).unwrap();
    assert_eq!(picture.info().size, Size::new(16383, 16383));
    assert!(matches!(picture.rows(1 << 30), Err(PictureError::TooMuchMemory { .. })));
    // The crate reports 0 for 16384.
    bytes[21..25].copy_from_slice(&(16383u32 | 16383 << 14).to_le_bytes());
    assert!(matches!(opened(file(&bytes)), Err(PictureError::Unsupported(_))));
}

/// Frames of the lossy picture, in a larger canvas.
#[test]
fn animations_deliver_their_first_frame() {
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let chunk = |name: &[u8; 4], data: &[u8]| [name.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat();
    let file_of = |width: u32, height: u32| {
        let header = [vec![2, 0, 0, 0], three(width - 1), three(height - 1)].concat();
        let place = [three(1), three(0), three(1), three(1), three(100), vec![0]].concat();
        let frame = chunk(b"ANMF", &[place, LOSSY[12..].to_vec()].concat());
        let parts = [chunk(b"VP8X", &header), chunk(b"ANIM", &[0; 6]), frame.clone(), frame].concat();
        [b"RIFF".to_vec(), (parts.len() as u32 + 4).to_le_bytes().to_vec(), b"WEBP".to_vec(), parts].concat()
    };
    let (info, samples) = read(file(&file_of(5, 2)), 1).unwrap();
    assert_eq!((info.size, info.warnings.len()), (Size::new(5, 2), 1));
    let red = &read(file(LOSSY), 1).unwrap().1[..3];
    assert_eq!(samples[..6], [0; 6]);
    assert_eq!(&samples[6..9], red);
    assert!(matches!(opened(file(&file_of(1 << 16, 1 << 15))), Err(PictureError::Unsupported(_))));
}

/// The crate panics if a lossy picture is smaller than its frame with alpha.
#[test]
fn lossy_pictures_of_the_wrong_size_are_refused() {
    let chunk = |name: &[u8; 4], data: &[u8]| [name.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat();
    let riff = |parts: Vec<u8>| {
        [b"RIFF".to_vec(), (parts.len() as u32 + 4).to_le_bytes().to_vec(), b"WEBP".to_vec(), parts].concat()
    };
    let canvas = |flags: u8| chunk(b"VP8X", &[flags, 0, 0, 0, 3, 0, 0, 3, 0, 0]);
    for side in [1u8, 2, 3] {
        let alpha = chunk(b"ALPH", &vec![0; (usize::from(side).pow(2) + 1).next_multiple_of(2)]);
        let place = [0, 0, 0, 0, 0, 0, side - 1, 0, 0, side - 1, 0, 0, 9, 0, 0, 0];
        let frame = chunk(b"ANMF", &[&place[..], &alpha, &LOSSY[12..]].concat());
        let animation = riff([canvas(0x12), chunk(b"ANIM", &[0; 6]), frame].concat());
        let found = read(file(&animation), 9).map(|(info, _)| info.size);
        assert_eq!(found.is_ok(), side == 2, "{found:?}");
    }
    let still = riff([canvas(0), LOSSY[12..].to_vec()].concat());
    let found = opened(file(&still)).unwrap_err().to_string();
    assert_eq!(found, "damaged: the lossy picture has 2x2 pixels, not 4x4");
}
