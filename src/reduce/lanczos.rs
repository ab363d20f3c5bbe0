//! Lanczos with three lobes, by `fast_image_resize`: sharper than the mean on photographs, and slower.
//!
//! Its convolutions of 8 and 16-bit samples are fixed-point, with the same result with and without vector
//! instructions (a test compares them). The kernel's values come from `libm` and so do not depend on the machine.

use super::{Axes, linear::Curve, linear::FULL};
use crate::pixels::{Raster, Sample};
use fast_image_resize::images::Image;
use fast_image_resize::{Filter, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// How far beyond the stitched children the kernel reaches: three lobes, each two source pixels wide. The outer edge
/// is repeated that far.
const REACH: usize = 6;

/// A sample type that `fast_image_resize` knows.
pub trait Resizable: Sample {
    /// The pixel types of 1, 2, 3 and 4 channels.
    const PIXEL_TYPES: [PixelType; 4];

    /// Writes samples as bytes, in the machine's order.
    fn write(samples: &[Self], bytes: &mut [u8]);

    /// Reads samples from bytes, in the machine's order.
    fn read(bytes: &[u8]) -> Vec<Self>;
}

impl Resizable for u8 {
    const PIXEL_TYPES: [PixelType; 4] = [PixelType::U8, PixelType::U8x2, PixelType::U8x3, PixelType::U8x4];

    fn write(samples: &[Self], bytes: &mut [u8]) {
        bytes.copy_from_slice(samples);
    }

    fn read(bytes: &[u8]) -> Vec<Self> {
        bytes.to_vec()
    }
}

impl Resizable for u16 {
    const PIXEL_TYPES: [PixelType; 4] = [PixelType::U16, PixelType::U16x2, PixelType::U16x3, PixelType::U16x4];

    fn write(samples: &[Self], bytes: &mut [u8]) {
        for (bytes, sample) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
            *bytes = sample.to_ne_bytes();
        }
    }

    fn read(bytes: &[u8]) -> Vec<Self> {
        bytes.as_chunks::<2>().0.iter().map(|&bytes| Self::from_ne_bytes(bytes)).collect()
    }
}

/// Half of `source` along `axes`, colours weighted by alpha, in linear light if `linear`.
///
/// Pictures with alpha and linear light are computed in 16 bits: 8 would lose the colours of faint pixels and the
/// steps of dark ones. The weighting is done here and not by `fast_image_resize`, whose division by alpha differs in
/// the last bit with and without vector instructions (version 6.1.0).
pub(super) fn halve<S: Curve + Resizable>(source: &Raster<S>, axes: Axes, linear: bool) -> Raster<S> {
    if !linear && !source.has_alpha() {
        return resize(source, axes);
    }
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
        return resize(&source.map(|sample| u16::clamped(deepen(sample))), axes).map(|value| restore(value.into()));
    }
    let deep = per_pixel(source, |colours, alpha| {
        let alpha = alpha.into() * scale;
        (colours.map(|colour| u16::clamped(scaled(deepen(colour), 65535, alpha))), u16::clamped(alpha))
    });
    per_pixel(&resize(&deep, axes), |colours, deep_alpha| {
        let alpha = S::clamped((u32::from(deep_alpha) + scale / 2) / scale);
        if alpha == S::default() {
            return ([S::default(); 3], alpha);
        }
        (colours.map(|colour| restore(scaled(colour.into(), deep_alpha.into(), 65535).min(65535))), alpha)
    })
}

/// `value` of `from` as a part of `to`, rounded.
fn scaled(value: u32, from: u32, to: u32) -> u32 {
    let from = u64::from(from.max(1));
    ((u64::from(value) * u64::from(to) + from / 2) / from).min(u64::from(u32::MAX)) as u32
}

/// Puts the colours (one or three; the others are zero) and the alpha of each pixel through `convert`.
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

/// Lanczos3 stretched by two, evaluated where the exact factor of two puts its taps.
fn kernel(x: f64) -> f64 {
    let sinc = |x: f64| {
        let angle = x * std::f64::consts::PI;
        if angle == 0.0 { 1.0 } else { libm::sin(angle) / angle }
    };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn resize<S: Resizable>(source: &Raster<S>, axes: Axes) -> Raster<S> {
    let (width, height) = axes.halved(source.width(), source.height());
    let channels = source.channels();
    let (inner_width, inner_height) = match axes {
        Axes::Both => (width * 2, height * 2),
        Axes::Horizontal => (width * 2, height),
        Axes::Vertical => (width, height * 2),
    };
    let padded = padded(source, inner_width + 2 * REACH, inner_height + 2 * REACH);
    let mut target = Image::new(width as u32, height as u32, S::PIXEL_TYPES[channels - 1]);
    let filter = Filter::new("Lanczos3", kernel, 3.0).map_or(FilterType::Lanczos3, FilterType::Custom);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false).crop(
        REACH as f64,
        REACH as f64,
        inner_width as f64,
        inner_height as f64,
    );
    // The only errors are images of different types and crops that reach outside; neither can be.
    let resized = Resizer::new().resize(&padded, &mut target, &options);
    debug_assert!(resized.is_ok(), "{resized:?}");
    Raster::from_samples(width, height, channels, S::read(target.buffer()))
        .unwrap_or_else(|| Raster::new(width, height, channels))
}

/// `source` with its outer edge repeated: [`REACH`] pixels to the left and above, and to `width` x `height` in all.
fn padded<S: Resizable>(source: &Raster<S>, width: usize, height: usize) -> Image<'static> {
    let channels = source.channels();
    let mut image = Image::new(width as u32, height as u32, S::PIXEL_TYPES[channels - 1]);
    let mut line: Vec<S> = Vec::with_capacity(width * channels);
    let stride = width * channels * size_of::<S>();
    for (y, bytes) in image.buffer_mut().chunks_exact_mut(stride).enumerate() {
        let row = source.row(y.saturating_sub(REACH).min(source.height() - 1));
        line.clear();
        for x in 0..width {
            let x = x.saturating_sub(REACH).min(source.width() - 1);
            line.extend_from_slice(&row[x * channels..(x + 1) * channels]);
        }
        S::write(&line, bytes);
    }
    image
}
