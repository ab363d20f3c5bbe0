//! What ICC profiles mean: whether pixels with a profile show the same as pixels without one.
//!
//! Viewers take pixels without a profile as sRGB. An sRGB profile therefore says nothing, but takes 400 to 3200 bytes in each
//! tile. It is recognised by its numbers, not by its name: dozens of different files are in use.

use moxcms::{
    CicpColorPrimaries, ColorProfile, DataColorSpace, ParsingOptions, ToneReprCurve, TransferCharacteristics,
};

/// Longest profile that is examined. An sRGB profile has at most 64 KB, even with all kinds of descriptions.
const MAX_EXAMINED_BYTES: usize = 1 << 17;
/// Longest tone curve that is examined, in entries.
const MAX_CURVE_ENTRIES: usize = 1 << 14;

/// Largest difference of a colorant's X, Y and Z. Makers round differently, by less than 0.001.
const MAX_COLORANT_DIFFERENCE: f64 = 0.002;
/// Largest difference of the tone curve in levels of 8 bits, as they are seen.
const MAX_CURVE_LEVELS: f64 = 1.0;

/// The colorants of sRGB for the illuminant D50 (IEC 61966-2-1, adapted).
const COLORANTS: [[f64; 3]; 3] =
    [[0.436_07, 0.222_49, 0.013_92], [0.385_15, 0.716_87, 0.097_08], [0.143_07, 0.060_61, 0.714_1]];

/// What a profile means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileMeaning {
    /// The colours of pixels without a profile.
    Srgb,
    /// Other colours.
    Other,
    /// Nothing that can be read.
    Unreadable,
}

/// What a profile means.
#[must_use]
pub fn profile_meaning(profile: &[u8]) -> ProfileMeaning {
    if profile.len() > MAX_EXAMINED_BYTES {
        return ProfileMeaning::Other;
    }
    let options = ParsingOptions {
        max_profile_size: MAX_EXAMINED_BYTES + 1,
        max_allowed_clut_size: MAX_EXAMINED_BYTES,
        max_allowed_trc_size: MAX_CURVE_ENTRIES,
    };
    match ColorProfile::new_from_slice_with_options(profile, options) {
        Ok(profile) if is_srgb(&profile) => ProfileMeaning::Srgb,
        Ok(_) => ProfileMeaning::Other,
        Err(_) => ProfileMeaning::Unreadable,
    }
}

/// Whether pixels with the one profile look like pixels with the other. No profile is sRGB.
#[must_use]
pub fn show_same_colours(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    let is_srgb =
        |profile: Option<&[u8]>| profile.is_none_or(|profile| profile_meaning(profile) == ProfileMeaning::Srgb);
    one == other || (is_srgb(one) && is_srgb(other))
}

fn is_srgb(profile: &ColorProfile) -> bool {
    // Viewers prefer tables and code points to colorants and curves.
    let tables = [&profile.lut_a_to_b_perceptual, &profile.lut_a_to_b_colorimetric, &profile.lut_a_to_b_saturation];
    let code_points = profile.cicp.is_none_or(|found| {
        found.color_primaries == CicpColorPrimaries::Bt709
            && found.transfer_characteristics == TransferCharacteristics::Srgb
    });
    if profile.pcs != DataColorSpace::Xyz && profile.color_space != DataColorSpace::Gray {
        return false;
    }
    if tables.iter().any(|table| table.is_some()) || !code_points {
        return false;
    }
    match profile.color_space {
        DataColorSpace::Gray => has_srgb_curve(profile.gray_trc.as_ref()),
        DataColorSpace::Rgb => {
            let found = [&profile.red_colorant, &profile.green_colorant, &profile.blue_colorant];
            let curves = [&profile.red_trc, &profile.green_trc, &profile.blue_trc];
            let is_near = |(found, wanted): (&&moxcms::Xyzd, [f64; 3])| {
                let parts = [found.x, found.y, found.z].into_iter().zip(wanted);
                parts.into_iter().all(|(found, wanted)| (found - wanted).abs() <= MAX_COLORANT_DIFFERENCE)
            };
            found.iter().zip(COLORANTS).all(is_near) && curves.iter().all(|curve| has_srgb_curve(curve.as_ref()))
        }
        _ => false,
    }
}

fn has_srgb_curve(curve: Option<&ToneReprCurve>) -> bool {
    let Some(curve) = curve else { return false };
    (0..=255).all(|level| {
        let light = light(curve, f64::from(level) / 255.0);
        (encoded(light) * 255.0 - f64::from(level)).abs() <= MAX_CURVE_LEVELS
    })
}

/// The light of a value from 0 to 1 (ICC.1:2022, 10.6 and 10.18).
fn light(curve: &ToneReprCurve, value: f64) -> f64 {
    let curved = match curve {
        ToneReprCurve::Lut(entries) => match entries.as_slice() {
            [] => value,
            [gamma] => libm::pow(value, f64::from(*gamma) / 256.0),
            entries => {
                let place = value * (entries.len() - 1) as f64;
                let below = (place as usize).min(entries.len() - 2);
                let (low, high) = (f64::from(entries[below]), f64::from(entries[below + 1]));
                (low + (high - low) * (place - below as f64)) / 65535.0
            }
        },
        ToneReprCurve::Parametric(parameters) => {
            let parameter = |index: usize| parameters.get(index).copied().map_or(0.0, f64::from);
            let gamma = parameter(0);
            let power = |base: f64| libm::pow(base.max(0.0), gamma);
            let [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map(parameter);
            match parameters.len() {
                1 => power(value),
                3 if a * value + b >= 0.0 => power(a * value + b),
                3 => 0.0,
                4 if a * value + b >= 0.0 => power(a * value + b) + c,
                4 => c,
                5 if value >= d => power(a * value + b),
                5 => c * value,
                _ if value >= d => power(a * value + b) + e,
                _ => c * value + f,
            }
        }
    };
    curved.clamp(0.0, 1.0)
}

/// The sRGB value of light from 0 to 1.
fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * libm::pow(light, 1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::Xyzd;
    use proptest::prelude::*;

    fn stored(profile: &ColorProfile) -> Vec<u8> {
        profile.encode().unwrap()
    }

    fn lut(entries: usize) -> ToneReprCurve {
        let decoded = |value: f64| match value {
            low if low <= 0.04045 => low / 12.92,
            high => libm::pow((high + 0.055) / 1.055, 2.4),
        };
        let last = (entries - 1) as f64;
        ToneReprCurve::Lut((0..entries).map(|at| (decoded(at as f64 / last) * 65535.0).round() as u16).collect())
    }

    fn with_curve(curve: ToneReprCurve) -> ColorProfile {
        let mut profile = ColorProfile::new_srgb();
        profile.cicp = None;
        [&mut profile.red_trc, &mut profile.green_trc, &mut profile.blue_trc]
            .into_iter()
            .for_each(|to| *to = Some(curve.clone()));
        profile
    }

    #[test]
    fn srgb_is_recognised_by_its_numbers() {
        let mut rounded = with_curve(lut(1024));
        rounded.description = None;
        rounded.red_colorant = Xyzd { x: 0.4361, y: 0.2225, z: 0.0139 };
        let grey = {
            let mut grey = ColorProfile::new_gray_with_gamma(2.2);
            grey.gray_trc = Some(lut(256));
            grey
        };
        for profile in [ColorProfile::new_srgb(), with_curve(lut(4096)), rounded, grey] {
            assert_eq!(profile_meaning(&stored(&profile)), ProfileMeaning::Srgb);
        }
    }

    #[test]
    fn other_colours_are_not_srgb() {
        let mut red_curve = with_curve(lut(1024));
        red_curve.red_trc = Some(ToneReprCurve::Lut(vec![563]));
        let others = [
            ColorProfile::new_display_p3(),
            ColorProfile::new_adobe_rgb(),
            ColorProfile::new_bt2020(),
            ColorProfile::new_gray_with_gamma(2.2),
            with_curve(ToneReprCurve::Lut(vec![563])),
            with_curve(ToneReprCurve::Lut(vec![])),
            red_curve,
        ];
        for profile in others {
            assert_eq!(profile_meaning(&stored(&profile)), ProfileMeaning::Other);
        }
    }

    #[test]
    fn only_profiles_with_the_same_colours_show_the_same() {
        let (first, second) = (stored(&ColorProfile::new_srgb()), stored(&with_curve(lut(1024))));
        let other = stored(&ColorProfile::new_adobe_rgb());
        assert!(show_same_colours(Some(&first), Some(&second)) && show_same_colours(None, Some(&first)));
        assert!(show_same_colours(Some(&other), Some(&other)) && show_same_colours(None, None));
        assert!(!show_same_colours(Some(&other), Some(&first)) && !show_same_colours(Some(&other), None));
        assert!(!show_same_colours(Some(b"damaged"), None));
    }

    #[test]
    fn damage_is_unreadable_and_never_a_panic() {
        let whole = stored(&ColorProfile::new_srgb());
        for length in 0..whole.len() {
            let _ = profile_meaning(&whole[..length]);
        }
        assert_eq!(profile_meaning(&whole[..130]), ProfileMeaning::Unreadable);
        assert_eq!(profile_meaning(&vec![0; MAX_EXAMINED_BYTES + 1]), ProfileMeaning::Other);
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(changes in prop::collection::vec((0..600usize, any::<u8>()), 1..6)) {
            let mut bytes = stored(&with_curve(lut(64)));
            for (at, byte) in changes {
                if let Some(to) = bytes.get_mut(at) {
                    *to = byte;
                }
            }
            let _ = profile_meaning(&bytes);
        }
    }
}
