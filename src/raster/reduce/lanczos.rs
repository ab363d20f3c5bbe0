//! Lanczos with three lobes, by `fast_image_resize`: sharper than the mean on photographs, and slower.
//!
//! All samples become 16 bits. Their convolution is fixed-point, with the same result with and without vector
//! instructions (a test compares them). The kernel's values come from `libm` and do not depend on the machine.

use super::{Axes, linear::Curve, linear::FULL};
use crate::raster::{Raster, Sample};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U16, U16x2, U16x3, U16x4};
use fast_image_resize::{Filter, FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// Reach of the kernel beyond the stitched children: three lobes, each two source pixels wide.
///
/// The outer edge is repeated that far.
const REACH: usize = 6;

/// Half of `source` along `axes`, with colours weighted by alpha, in linear light if `linear`.
///
/// The weighting is done here, because `fast_image_resize`'s division by alpha differs in the last bit with and without
/// vector instructions (version 6.1.0).
pub(super) fn halve<S: Curve>(source: &Raster<S>, axes: Axes, linear: bool) -> Raster<S> {
    let curve = linear.then(S::tables);
    let scale = 65535 / S::LARGEST;
    let deepen = |sample: S| match curve {
        Some(tables) => scaled(tables.decode(sample), FULL, 65535),
        None => sample.into() * scale,
    };
    let restore = |value: u32| match curve {
        Some(tables) => tables.encode(scaled(value, 65535, FULL)),
        None => S::clamped((value + scale / 2) / scale),
    };
    if !source.has_alpha() {
        return resize(&source.map(|sample| lifted(deepen(sample))), axes).map(|sample| restore(lowered(sample)));
    }
    let deep = per_pixel(source, |colours, alpha| {
        let alpha = alpha.into() * scale;
        (colours.map(|colour| lifted(scaled(deepen(colour), 65535, alpha))), lifted(alpha))
    });
    per_pixel(&resize(&deep, axes), |colours, deep_alpha| {
        let deep_alpha = lowered(deep_alpha);
        let alpha = S::clamped((deep_alpha + scale / 2) / scale);
        if alpha == S::default() {
            return ([S::default(); 3], alpha);
        }
        (colours.map(|colour| restore(scaled(lowered(colour), deep_alpha, 65535))), alpha)
    })
}

/// Maps 0..=65535 to the middle half of the 16-bit range, 16384 to 49152.
///
/// The kernel overshoots at edges by a fifth, and values clipped by one pass would be missing in the next.
fn lifted(value: u32) -> u16 {
    (16384 + value.min(65535).div_ceil(2)) as u16
}

/// Reverses [`lifted`], at most one off.
///
/// Values may exceed 65535: colours are divided by the alpha that they were filtered with, including overshoot.
fn lowered(sample: u16) -> u32 {
    u32::from(sample).saturating_sub(16384) * 2
}

/// `value / from * to`, rounded.
fn scaled(value: u32, from: u32, to: u32) -> u32 {
    let from = u64::from(from.max(1));
    ((u64::from(value) * u64::from(to) + from / 2) / from).min(u64::from(u32::MAX)) as u32
}

/// Converts the colours (one or three; the others are zero) and the alpha of each pixel.
fn per_pixel<S: Sample, T: Sample>(source: &Raster<S>, convert: impl Fn([S; 3], S) -> ([T; 3], T)) -> Raster<T> {
    let channels = source.channels();
    let mut converted = Raster::new(source.width(), source.height(), channels);
    let pixels = source.samples().chunks_exact(channels);
    for (out, pixel) in converted.samples_mut().chunks_exact_mut(channels).zip(pixels) {
        let mut colours = [S::default(); 3];
        colours[..channels - 1].copy_from_slice(&pixel[..channels - 1]);
        let (colours, alpha) = convert(colours, pixel[channels - 1]);
        out[..channels - 1].copy_from_slice(&colours[..channels - 1]);
        out[channels - 1] = alpha;
    }
    converted
}

/// Lanczos3 stretched by two, evaluated at the taps of the exact factor of two.
fn kernel(x: f64) -> f64 {
    let sinc = |x: f64| {
        let angle = x * std::f64::consts::PI;
        if angle == 0.0 { 1.0 } else { libm::sin(angle) / angle }
    };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn resize(source: &Raster<u16>, axes: Axes) -> Raster<u16> {
    match source.channels() {
        1 => resize_as(source, axes, |[sample]| U16::new(sample), |pixel| [pixel.0]),
        2 => resize_as(source, axes, U16x2::new, |pixel| pixel.0),
        3 => resize_as(source, axes, U16x3::new, |pixel| pixel.0),
        _ => resize_as(source, axes, U16x4::new, |pixel| pixel.0),
    }
}

/// Resizes pixels of one type.
///
/// Naming the type lets the compiler instantiate the convolutions of four types instead of thirteen, which took a
/// minute.
fn resize_as<P: PixelTrait, const CHANNELS: usize>(
    source: &Raster<u16>,
    axes: Axes,
    pixel: impl Fn([u16; CHANNELS]) -> P,
    samples: impl Fn(P) -> [u16; CHANNELS],
) -> Raster<u16> {
    let (width, height) = axes.halved(source.width(), source.height());
    let (inner_width, inner_height) = match axes {
        Axes::Both => (width * 2, height * 2),
        Axes::Horizontal => (width * 2, height),
        Axes::Vertical => (width, height * 2),
    };
    let (padded_width, padded_height) = (inner_width + 2 * REACH, inner_height + 2 * REACH);
    let mut pixels = Vec::with_capacity(padded_width * padded_height);
    for y in 0..padded_height {
        let row = source.row(y.saturating_sub(REACH).min(source.height() - 1)).as_chunks::<CHANNELS>().0;
        pixels.extend((0..padded_width).map(|x| pixel(row[x.saturating_sub(REACH).min(source.width() - 1)])));
    }
    let filter = Filter::new("Lanczos3", kernel, 3.0).map_or(FilterType::Lanczos3, FilterType::Custom);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false).crop(
        REACH as f64,
        REACH as f64,
        inner_width as f64,
        inner_height as f64,
    );
    let mut target = TypedImage::new(width as u32, height as u32);
    let resized = TypedImageRef::new(padded_width as u32, padded_height as u32, &pixels)
        .map(|padded| Resizer::new().resize_typed(&padded, &mut target, &options));
    // The only errors are too few pixels and crops beyond the image, which are impossible here.
    debug_assert!(matches!(resized, Ok(Ok(()))), "{resized:?}");
    let halved = target.pixels().iter().flat_map(|&pixel| samples(pixel)).collect();
    Raster::from_samples(width, height, CHANNELS, halved).unwrap_or_else(|| Raster::new(width, height, CHANNELS))
}
