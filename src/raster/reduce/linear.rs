//! The 2x2 mean in linear light, for samples encoded with the sRGB curve (IEC 61966-2-1).
//!
//! Averaging encoded samples darkens fine patterns: black and white give 128, where the light of the screen corresponds
//! to 188. The curve is tabulated once with `libm`, whose results do not depend on the machine.

use super::mean::halve_with;
use crate::raster::{Raster, Sample};
use std::sync::LazyLock;

/// Linear light of the largest sample. With 2^26, neighbouring dark 16-bit samples are a hundred steps apart.
pub(super) const FULL: u32 = 1 << 26;

/// A sample type with a tabulated sRGB curve.
pub trait Curve: Sample {
    /// The tables of this type.
    fn tables() -> &'static CurveTables;
}

impl Curve for u8 {
    fn tables() -> &'static CurveTables {
        static TABLES: LazyLock<CurveTables> = LazyLock::new(|| CurveTables::new(255));
        &TABLES
    }
}

impl Curve for u16 {
    fn tables() -> &'static CurveTables {
        static TABLES: LazyLock<CurveTables> = LazyLock::new(|| CurveTables::new(65535));
        &TABLES
    }
}

/// The sRGB curve for samples `0..=max`.
#[derive(Debug)]
pub struct CurveTables {
    /// Linear light of each sample, 0 to [`FULL`].
    light: Vec<u32>,
    /// The least light encoded as sample `index + 1`: half-way between two samples on the encoded scale.
    thresholds: Vec<u32>,
}

impl CurveTables {
    fn new(max: u32) -> Self {
        let light = |sample: f64| {
            let encoded = sample / f64::from(max);
            let linear = if encoded <= 0.04045 { encoded / 12.92 } else { libm::pow((encoded + 0.055) / 1.055, 2.4) };
            libm::round(linear * f64::from(FULL)) as u32
        };
        Self {
            light: (0..=max).map(|sample| light(f64::from(sample))).collect(),
            thresholds: (0..max).map(|sample| light(f64::from(sample) + 0.5)).collect(),
        }
    }

    /// Linear light of a sample.
    pub(super) fn decode<S: Sample>(&self, sample: S) -> u32 {
        let value: u32 = sample.into();
        self.light.get(value as usize).copied().unwrap_or(FULL)
    }

    /// The nearest sample to this light on the encoded scale.
    pub(super) fn encode<S: Sample>(&self, light: u32) -> S {
        S::clamped(self.thresholds.partition_point(|&threshold| threshold <= light) as u32)
    }
}

/// Half of `source` by the mean light of 2x2 pixels, weighted by alpha, which is not sRGB-encoded itself.
pub(super) fn halve<S: Curve>(source: &Raster<S>) -> Raster<S> {
    let tables = S::tables();
    match source.channels() {
        1 => halve_with(source, |pixels| opaque::<S, 1>(tables, pixels)),
        2 => halve_with(source, |pixels| weighted::<S, 2>(tables, pixels)),
        3 => halve_with(source, |pixels| opaque::<S, 3>(tables, pixels)),
        _ => halve_with(source, |pixels| weighted::<S, 4>(tables, pixels)),
    }
}

fn opaque<S: Sample, const CHANNELS: usize>(tables: &CurveTables, pixels: [&[S; CHANNELS]; 4]) -> [S; CHANNELS] {
    let mut out = [S::default(); CHANNELS];
    for (channel, out) in out.iter_mut().enumerate() {
        let sum: u32 = pixels.iter().map(|pixel| tables.decode(pixel[channel])).sum();
        *out = tables.encode((sum + 2) >> 2);
    }
    out
}

fn weighted<S: Sample, const CHANNELS: usize>(tables: &CurveTables, pixels: [&[S; CHANNELS]; 4]) -> [S; CHANNELS] {
    let mut out = [S::default(); CHANNELS];
    let alphas = pixels.map(|pixel| u64::from(pixel[CHANNELS - 1].into()));
    let total: u64 = alphas.iter().sum();
    let alpha = (total + 2) >> 2;
    if alpha == 0 {
        return out;
    }
    for (channel, out) in out.iter_mut().take(CHANNELS - 1).enumerate() {
        let lights = pixels.iter().zip(alphas).map(|(pixel, alpha)| u64::from(tables.decode(pixel[channel])) * alpha);
        *out = tables.encode(((lights.sum::<u64>() + total / 2) / total) as u32);
    }
    out[CHANNELS - 1] = S::clamped(alpha as u32);
    out
}
