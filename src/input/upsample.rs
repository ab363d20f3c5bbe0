//! Planes of a JPEG that have fewer samples than the picture has pixels.

use crate::geometry::Size;
use crate::jpeg::{Component, JpegImage};

/// How samples that stand for several pixels become pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsampling {
    /// As viewers show it: in between lie values in between.
    Smooth,
    /// Repeated, so that halving them again gives the same samples.
    Repeated,
}

/// By how much a component is smaller than the picture, horizontally and vertically, as (greatest factor, own factor).
pub(super) fn ratio(image: &JpegImage, index: usize) -> [(u8, u8); 2] {
    let components = &image.components;
    let greatest = |factor: fn(&Component) -> u8| components.iter().map(factor).max().unwrap_or(1);
    let own = components.get(index).map_or((1, 1), |component| (component.horizontal, component.vertical));
    [(greatest(|one| one.horizontal), own.0.max(1)), (greatest(|one| one.vertical), own.1.max(1))]
}

/// Makes a plane of size `to` of one of size `from`. `ratio` says how many samples stand for how many, (pixels,
/// samples), horizontally and vertically.
///
/// Smooth ones: halves are made whole as libjpeg does ("fancy upsampling"), so that pixels are those of other viewers: a sample's
/// two pixels lie a quarter to its sides, so each is three quarters of it and one quarter of its neighbour. Other
/// ratios, and planes of one or two columns, repeat samples.
pub(super) fn upsample(
    plane: &[u8],
    from: Size,
    to: Size,
    ratio: [(u8, u8); 2],
    upsampling: Upsampling,
    sums: &mut Vec<u16>,
    out: &mut Vec<u8>,
) {
    let (width, height) = (from.width as usize, from.height as usize);
    let (wide, high) = (to.width as usize, to.height as usize);
    out.resize(wide * high, 0);
    if width == 0 || height == 0 || wide == 0 {
        return;
    }
    let half = |(pixels, samples): (u8, u8)| pixels == 2 * samples;
    let whole = |(pixels, samples): (u8, u8)| pixels == samples;
    let (across, down) = (half(ratio[0]), half(ratio[1]));
    let smooth = upsampling == Upsampling::Smooth
        && (across || whole(ratio[0]))
        && (down || whole(ratio[1]))
        && (width > 2 || !across);
    let row = |y: usize| &plane[y.min(height - 1) * width..][..width];
    sums.resize(width, 0);
    for (y, line) in out.chunks_exact_mut(wide).enumerate() {
        if !smooth {
            let place = |at: usize, (pixels, samples): (u8, u8)| at * usize::from(samples) / usize::from(pixels);
            let row = row(place(y, ratio[1]));
            line.iter_mut().enumerate().for_each(|(x, pixel)| *pixel = row[place(x, ratio[0]).min(width - 1)]);
            continue;
        }
        let (near, far) = if down {
            (row(y / 2), row(if y % 2 == 0 { (y / 2).saturating_sub(1) } else { y / 2 + 1 }))
        } else {
            (row(y), row(y))
        };
        let (weight, far_weight) = if down { (3, 1) } else { (1, 0) };
        for ((sum, near), far) in sums.iter_mut().zip(near).zip(far) {
            *sum = weight * u16::from(*near) + far_weight * u16::from(*far);
        }
        match (across, down) {
            (true, true) => widen::<8, 7, 4>(sums, line),
            (true, false) => widen::<1, 2, 2>(sums, line),
            (false, _) => {
                let (round, shift) = if down { (1 + (y % 2) as u16, 2) } else { (0, 0) };
                line.iter_mut().zip(&*sums).for_each(|(pixel, sum)| *pixel = ((sum + round) >> shift) as u8);
            }
        }
    }
}

/// Two pixels of each sum, rounded by `LEFT` and `RIGHT` in turns, which together do not lighten or darken.
fn widen<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(sums: &[u16], line: &mut [u8]) {
    let last = sums.len() - 1;
    let pixel = |sum: u16, neighbour: u16, round: u16| ((3 * sum + neighbour + round) >> SHIFT) as u8;
    let mut set = |index: usize, value: u8| {
        if let Some(to) = line.get_mut(index) {
            *to = value;
        }
    };
    set(0, pixel(sums[0], sums[0], LEFT));
    set(2 * last + 1, pixel(sums[last], sums[last], RIGHT));
    // Between two sums lie the right pixel of one and the left pixel of the other.
    let between = line.get_mut(1..).unwrap_or_default();
    for (pair, sums) in between.chunks_mut(2).zip(sums.windows(2)) {
        pair[0] = pixel(sums[0], sums[1], RIGHT);
        if let Some(left) = pair.get_mut(1) {
            *left = pixel(sums[1], sums[0], LEFT);
        }
    }
}
