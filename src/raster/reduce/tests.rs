use super::*;

fn reduction(filter: Filter) -> Reduction {
    Reduction { filter, linear: false }
}

fn raster<S: Sample>(width: usize, channels: usize, samples: &[S]) -> Raster<S> {
    let height = samples.len() / width / channels;
    Raster::from_samples(width, height, channels, samples.to_vec()).unwrap()
}

#[test]
fn mean_rounds_half_up_and_repeats_odd_edges() {
    let source = raster(3, 1, &[0u8, 1, 9, 0, 1, 10, 5, 6, 255]);
    let halved = reduction(Filter::Mean).halve(&source);
    assert_eq!((halved.width(), halved.height()), (2, 2));
    assert_eq!(halved.samples(), [1, 10, 6, 255]);
    let deep = raster(2, 1, &[65535u16, 65535, 65535, 65534]);
    assert_eq!(reduction(Filter::Mean).halve(&deep).samples(), [65535]);
}

#[test]
fn colours_are_weighted_by_alpha() {
    let source = raster(2, 2, &[200u8, 255, 10, 0, 100, 1, 77, 0]);
    // (200 * 255 + 100) / 256 = 199.6, (255 + 1 + 2) / 4 = 64
    assert_eq!(reduction(Filter::Mean).halve(&source).samples(), [200, 64]);
    let faint = raster(2, 4, &[9u8, 9, 9, 1, 9, 9, 9, 0, 9, 9, 9, 0, 9, 9, 9, 0]);
    assert_eq!(reduction(Filter::Mean).halve(&faint).samples(), [0, 0, 0, 0], "alpha rounds to zero");
    for filter in [Filter::Lanczos3, Filter::Mean] {
        let clear = raster(4, 2, &[9u8, 0].repeat(16));
        assert!(reduction(filter).halve(&clear).samples().iter().all(|&sample| sample == 0));
    }
}

#[test]
fn mean_in_linear_light_is_brighter() {
    let linear = Reduction { filter: Filter::Mean, linear: true };
    assert_eq!(linear.halve(&raster(2, 1, &[0u8, 255, 255, 0])).samples(), [188]);
    assert_eq!(linear.halve(&raster(2, 1, &[0u16, 65535, 65535, 0])).samples(), [48192]);
    for value in 0..=255u8 {
        assert_eq!(linear.halve(&raster(2, 1, &[value; 4])).samples(), [value]);
    }
    for value in (0..=65535u16).step_by(7) {
        assert_eq!(linear.halve(&raster(2, 1, &[value; 4])).samples(), [value]);
    }
}

#[test]
fn nearest_and_mode_keep_existing_pixels() {
    let labels = raster(4, 1, &[1u8, 2, 3, 4, 5, 2, 4, 4]);
    assert_eq!(reduction(Filter::Nearest).halve(&labels).samples(), [1, 3]);
    assert_eq!(reduction(Filter::Mode).halve(&labels).samples(), [2, 4]);
    let tie = raster(2, 1, &[1u8, 2, 2, 1]);
    assert_eq!(reduction(Filter::Mode).halve(&tie).samples(), [1]);
    let pixels = raster(2, 3, &[1u8, 2, 3, 1, 2, 4, 1, 2, 4, 9, 2, 4]);
    assert_eq!(reduction(Filter::Mode).halve(&pixels).samples(), [1, 2, 4], "whole pixels are counted");
}

/// Checks the shortcut for equal alphas.
#[test]
fn weighted_mean_is_exact() {
    let samples = noise(4 * 4 * 4000, 3);
    for (at, pixels) in samples.chunks_exact(16).enumerate() {
        // Every other group has one alpha for all.
        let pixels: Vec<u16> = (0..16).map(|i| pixels[if at % 2 == 0 && i % 4 == 3 { 3 } else { i }] as u16).collect();
        let check = |halved: Vec<u64>, pixels: &[u64]| {
            let total: u64 = pixels.iter().skip(3).step_by(4).sum();
            for channel in 0..3 {
                let sum: u64 = pixels.chunks(4).map(|pixel| pixel[channel] * pixel[3]).sum();
                let mean = if (total + 2) / 4 == 0 { 0 } else { (sum + total / 2) / total };
                assert_eq!(halved[channel], mean, "{pixels:?}");
            }
            assert_eq!(halved[3], (total + 2) / 4);
        };
        let wide = |values: &[u16]| values.iter().map(|&value| u64::from(value)).collect::<Vec<_>>();
        let halved = reduction(Filter::Mean).halve(&raster(2, 4, &pixels));
        check(wide(halved.samples()), &wide(&pixels));
        let bytes: Vec<u8> = pixels.iter().map(|&value| value as u8).collect();
        let halved = reduction(Filter::Mean).halve(&raster(2, 4, &bytes)).map(u16::from);
        check(wide(halved.samples()), &bytes.iter().map(|&byte| u64::from(byte)).collect::<Vec<_>>());
    }
}

#[test]
fn planes_are_halved_along_one_axis() {
    let plane = raster(3, 1, &[0u8, 1, 10, 4, 6, 20]);
    assert_eq!(reduction(Filter::Mean).halve_plane(&plane, Axes::Horizontal).samples(), [1, 10, 5, 20]);
    assert_eq!(reduction(Filter::Mean).halve_plane(&plane, Axes::Vertical).samples(), [2, 4, 15]);
    assert_eq!(reduction(Filter::Nearest).halve_plane(&plane, Axes::Horizontal).samples(), [0, 10, 4, 20]);
    assert_eq!(reduction(Filter::Mode).halve_plane(&plane, Axes::Vertical).samples(), [0, 1, 10]);
    let flat = raster(5, 1, &[77u8; 15]);
    assert_eq!(reduction(Filter::Lanczos3).halve_plane(&flat, Axes::Vertical), raster(5, 1, &[77u8; 10]));
}

fn noise(length: usize, mut seed: u32) -> Vec<u32> {
    let mut next = || {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        seed >> 8
    };
    (0..length).map(|_| next()).collect()
}

/// The definition in floating point: twelve taps, edges repeated.
fn lanczos_reference(source: &[f64], length: usize) -> Vec<f64> {
    let sinc = |x: f64| {
        let angle = x * std::f64::consts::PI;
        if angle == 0.0 { 1.0 } else { angle.sin() / angle }
    };
    let tap = |distance: f64| sinc(distance / 2.0) * sinc(distance / 6.0);
    (0..length.div_ceil(2) as i64)
        .map(|x| {
            let centre = 2 * x;
            let weights: Vec<(i64, f64)> =
                (centre - 5..=centre + 6).map(|at| (at, tap(at as f64 - centre as f64 - 0.5))).collect();
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            weights.iter().map(|(at, weight)| source[(*at).clamp(0, length as i64 - 1) as usize] * weight / total).sum()
        })
        .collect()
}

#[test]
fn lanczos_matches_its_definition_up_to_rounding() {
    for width in [1usize, 2, 5, 13, 64] {
        let values: Vec<u8> = noise(width, width as u32).into_iter().map(|value| value as u8).collect();
        let source = raster(width, 1, &values.repeat(3));
        let halved = reduction(Filter::Lanczos3).halve(&source);
        let expected = lanczos_reference(&values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>(), width);
        for (x, expected) in expected.iter().enumerate() {
            let got = f64::from(halved.row(0)[x]);
            assert!((got - expected.clamp(0.0, 255.0)).abs() <= 1.0, "width {width}, x {x}: {got} for {expected}");
        }
    }
}

/// Vector instructions must not change a bit.
#[test]
#[allow(unsafe_code)]
fn fast_image_resize_gives_the_same_without_vector_instructions() {
    use fast_image_resize::images::{TypedImage, TypedImageRef};
    use fast_image_resize::pixels::{U16, U16x2, U16x3, U16x4};
    use fast_image_resize::{CpuExtensions, FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

    fn both<P: PixelTrait + PartialEq>(pixel: impl Fn(&[u32]) -> P, channels: usize) {
        let (width, height) = (75u32, 61u32);
        let random = noise(width as usize * height as usize * channels, 5);
        let pixels: Vec<P> = random.chunks_exact(channels).map(pixel).collect();
        let source = TypedImageRef::new(width, height, &pixels).unwrap();
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
        let run = |plain: bool| {
            let mut resizer = Resizer::new();
            if plain {
                // SAFETY: `None` needs no instruction that a processor might lack.
                unsafe { resizer.set_cpu_extensions(CpuExtensions::None) };
            }
            let mut target = TypedImage::new(width.div_ceil(2), height.div_ceil(2));
            resizer.resize_typed(&source, &mut target, &options).unwrap();
            target.pixels().to_vec()
        };
        assert!(run(true) == run(false), "{channels} channels");
    }

    both(|sample| U16::new(sample[0] as u16), 1);
    both(|pixel| U16x2::new([pixel[0] as u16, pixel[1] as u16]), 2);
    both(|pixel| U16x3::new([pixel[0] as u16, pixel[1] as u16, pixel[2] as u16]), 3);
    both(|pixel| U16x4::new([pixel[0] as u16, pixel[1] as u16, pixel[2] as u16, pixel[3] as u16]), 4);
}
