//! JFIF's colour transform (ITU T.871 section 7) in 16-bit fixed point, for the few tiles that need it: siblings of
//! which some are stored as RGB, and averaging in linear light.

const HALF: i32 = 1 << 15;

/// `factor * 2^16`, rounded; evaluated when compiled.
const fn fixed(factor: f64) -> i32 {
    (factor * 65536.0 + 0.5) as i32
}

/// Red, green and blue of a luma and two colour differences.
#[inline]
pub(crate) fn to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamped(y + fixed(1.402) * cr),
        clamped(y - fixed(0.344136) * cb - fixed(0.714136) * cr),
        clamped(y + fixed(1.772) * cb),
    ]
}

/// Luma and colour differences of red, green and blue.
pub(super) fn from_rgb([red, green, blue]: [u8; 3]) -> [u8; 3] {
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
    fn the_transform_is_inverted_within_two() {
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
