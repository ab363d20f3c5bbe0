//! How like two pictures are.

use super::Picture;

/// Fails where two pictures are not of the same size and kind, or samples are more than `tolerance` apart.
pub fn assert_close(name: &str, found: &Picture, expected: &Picture, tolerance: u16) {
    assert_same_form(name, found, expected);
    for y in 0..found.height {
        for x in 0..found.width {
            let (f, e) = (found.pixel(x, y), expected.pixel(x, y));
            let apart = f.iter().zip(e).any(|(a, b)| a.abs_diff(*b) > tolerance);
            assert!(!apart, "{name}: pixel {x},{y} of {found:?} is {f:?}, expected {e:?} within {tolerance}");
        }
    }
}

/// Like [`assert_close`], with colours multiplied by alpha before they are compared.
///
/// The less opaque a pixel, the less its colours can be seen, and the more they suffer from rounding.
pub fn assert_close_to_the_eye(name: &str, found: &Picture, expected: &Picture, tolerance: u16) {
    assert_same_form(name, found, expected);
    if !found.alpha {
        return assert_close(name, found, expected, tolerance);
    }
    let largest = f64::from(found.kind().largest());
    let seen = |pixel: &[u16], channel: usize| {
        let alpha = f64::from(pixel[pixel.len() - 1]);
        if channel == pixel.len() - 1 { alpha } else { f64::from(pixel[channel]) * alpha / largest }
    };
    for y in 0..found.height {
        for x in 0..found.width {
            let (f, e) = (found.pixel(x, y), expected.pixel(x, y));
            let apart = (0..f.len()).any(|channel| (seen(f, channel) - seen(e, channel)).abs() > f64::from(tolerance));
            assert!(!apart, "{name}: pixel {x},{y} of {found:?} is {f:?}, expected {e:?}, seen within {tolerance}");
        }
    }
}

fn assert_same_form(name: &str, found: &Picture, expected: &Picture) {
    assert_eq!(
        (found.width, found.height, found.kind()),
        (expected.width, expected.height, expected.kind()),
        "{name}: width, height and kind"
    );
}

/// Peak signal-to-noise ratio in decibels, over all channels of the wider kind; infinite where nothing differs.
pub fn psnr(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let kind = a.kind().widest(b.kind());
    let (a, b) = (a.widened(kind), b.widened(kind));
    let mut squares = 0.0;
    for (x, y) in a.samples.iter().zip(&b.samples) {
        squares += f64::from(x.abs_diff(*y)).powi(2);
    }
    let mean = squares / a.samples.len() as f64;
    10.0 * (f64::from(kind.largest()).powi(2) / mean).log10()
}
