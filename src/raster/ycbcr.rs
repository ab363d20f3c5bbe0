//! JFIF's colour transform (ITU T.871 section 7) in 16-bit fixed point.
//!
//! Few tiles need it: siblings stored partly as RGB, and the mean in linear light.

const HALF: i32 = 1 << 15;

/// `factor * 2^16`, rounded at compile time.
const fn fixed(factor: f64) -> i32 {
    (factor * 65536.0 + 0.5) as i32
}

/// Luma and chroma to red, green and blue.
#[inline]
pub(crate) fn to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamped(y + fixed(1.402) * cr),
        clamped(y - fixed(0.344136) * cb - fixed(0.714136) * cr),
        clamped(y + fixed(1.772) * cb),
    ]
}

/// Pixels per step of [`planes_to_rgb`].
const LANES: usize = 16;

/// Converts a row of luma and chroma to pixels, like [`to_rgb`].
///
/// 16-bit arithmetic fits twice as much into a vector.
pub(crate) fn planes_to_rgb([luma, blue, red]: [&[u8]; 3], out: &mut [u8]) {
    let (lumas, rest) = luma.as_chunks::<LANES>();
    let pixels = out.as_chunks_mut::<{ 3 * LANES }>();
    let blocks = lumas.iter().zip(blue.as_chunks::<LANES>().0).zip(red.as_chunks::<LANES>().0);
    for (((y, cb), cr), pixels) in blocks.zip(pixels.0) {
        let rgb = block_to_rgb(y, cb, cr);
        for (index, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = [rgb[0][index], rgb[1][index], rgb[2][index]];
        }
    }
    let done = luma.len() - rest.len();
    let last = luma.iter().zip(blue).zip(red).zip(out.as_chunks_mut::<3>().0).skip(done);
    last.for_each(|(((y, cb), cr), pixel)| *pixel = to_rgb([*y, *cb, *cr]));
}

#[inline(always)]
fn block_to_rgb(y: &[u8; LANES], cb: &[u8; LANES], cr: &[u8; LANES]) -> [[u8; LANES]; 3] {
    // Factors less whole numbers, so that they fit 16 bits.
    const RED: i16 = (fixed(1.402) - (1 << 16)) as i16;
    const BLUE: i16 = (fixed(1.772) - (2 << 16)) as i16;
    const GREEN_OF_BLUE: i32 = -fixed(0.344136);
    const GREEN_OF_RED: i32 = (1 << 16) - fixed(0.714136);
    // Twice the product's upper half, with the last bit rounded, is the rounded product.
    let product = |value: i16, factor: i16| (((i32::from(2 * value) * i32::from(factor)) >> 16) as i16 + 1) >> 1;
    let mut rgb = [[0; LANES]; 3];
    for lane in 0..LANES {
        let (y, cb, cr) = (i16::from(y[lane]), i16::from(cb[lane]) - 128, i16::from(cr[lane]) - 128);
        let green = (GREEN_OF_BLUE * i32::from(cb) + GREEN_OF_RED * i32::from(cr) + HALF) >> 16;
        rgb[0][lane] = (y + cr + product(cr, RED)).clamp(0, 255) as u8;
        rgb[1][lane] = (y - cr + green as i16).clamp(0, 255) as u8;
        rgb[2][lane] = (y + 2 * cb + product(cb, BLUE)).clamp(0, 255) as u8;
    }
    rgb
}

/// Red, green and blue to luma and chroma.
pub(crate) fn from_rgb([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    let centre = 128 << 16;
    [
        clamped(fixed(0.299) * red + fixed(0.587) * green + fixed(0.114) * blue),
        clamped(centre - fixed(0.168736) * red - fixed(0.331264) * green + fixed(0.5) * blue),
        clamped(centre + fixed(0.5) * red - fixed(0.418688) * green - fixed(0.081312) * blue),
    ]
}

fn clamped(value: i32) -> u8 {
    ((value + HALF) >> 16).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_converted_like_pixels() {
        let blue: Vec<u8> = (0..=255).chain([7]).collect();
        let mut out = vec![0; 3 * blue.len()];
        for y in (0..=255).step_by(5) {
            for red in 0..=255 {
                planes_to_rgb([&[y; 257], &blue, &[red; 257]], &mut out);
                for (pixel, cb) in out.chunks(3).zip(&blue) {
                    assert_eq!(pixel, to_rgb([y, *cb, red]));
                }
            }
        }
    }

    #[test]
    fn transform_is_inverted_within_two() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let back = to_rgb(from_rgb([red, green, blue]));
                    for (before, after) in [red, green, blue].into_iter().zip(back) {
                        assert!(before.abs_diff(after) <= 2, "{red} {green} {blue}: {back:?}");
                    }
                }
            }
        }
        assert_eq!(from_rgb([255, 255, 255]), [255, 128, 128]);
        assert_eq!(from_rgb([255, 0, 0]), [76, 85, 255]);
        assert_eq!(to_rgb([128, 128, 128]), [128, 128, 128]);
    }
}
