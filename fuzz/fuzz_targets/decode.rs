//! Any bytes as a JPEG file: an image or an error, the same whatever was decoded before, and an image survives being
//! encoded.

#![no_main]

use fast_pyramid::internals::jpeg::{DecodeScratch, JpegErrorKind, JpegImage, decode, decode_into, read_header};
use fast_pyramid_fuzz::check_round_trip;
use libfuzzer_sys::fuzz_target;

/// Images with more pixels are only decoded.
const MAX_PIXELS: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut scratch = DecodeScratch::default();
    let decoded = decode(bytes, None, &mut scratch);
    let header = read_header(bytes);
    if let Err(error) = &decoded {
        assert!(error.offset <= bytes.len() && !error.to_string().is_empty());
    }
    for wrong in [(64, 48), (1, 65535)] {
        if !header.as_ref().is_ok_and(|header| (header.width, header.height) == wrong) {
            assert!(decode(bytes, Some(wrong), &mut scratch).is_err());
        }
    }
    let Ok(header) = header else {
        assert!(decoded.is_err());
        return;
    };
    let size = (header.width, header.height);
    let expected = decode(bytes, Some(size), &mut scratch);
    let too_large = matches!(&decoded, Err(error) if matches!(error.kind, JpegErrorKind::TooManyPixels { .. }));
    assert!(too_large || expected == decoded, "the expected size changes more than what is refused");
    let Ok(image) = decoded else { return };
    assert!((image.width, image.height, image.colour) == (header.width, header.height, header.colour));
    if u64::from(size.0) * u64::from(size.1) > MAX_PIXELS {
        return;
    }

    // Buffers of an earlier image must not show through.
    let mut again = JpegImage { icc: Some([7].into()), ..image.clone() };
    for component in &mut again.components {
        component.quantisation.fill(77);
        component.coefficients.fill([0x5A5A; 64]);
    }
    let again_header = decode_into(bytes, None, &mut scratch, &mut again).unwrap();
    assert!(again == image && again_header == header, "buffers of an earlier image show through");

    let mut samples = Vec::new();
    for index in 0..=image.components.len() {
        image.plane(index, &mut samples);
        let (width, height) = image.component_size(index);
        assert_eq!(samples.len(), width as usize * height as usize);
    }
    check_round_trip(&image, &mut scratch);
});
