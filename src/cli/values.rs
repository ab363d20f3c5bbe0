//! The values of options, each validated as it is parsed.

use fast_pyramid::{Quality, TileFormat, Tolerance};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The most threads. More only cost memory.
const MAX_THREADS: usize = 1024;

/// Ranges of versions, both ends inclusive.
#[derive(Debug, Clone)]
pub(crate) struct Ranges(pub(crate) Vec<RangeInclusive<u32>>);

pub(super) fn ranges(text: &str) -> Result<Ranges, String> {
    let one = |part: &str| {
        let part = part.trim();
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        let (first, last) = (version(first)?, version(last)?);
        if first > last { Err(format!("{part} starts after its end")) } else { Ok(first..=last) }
    };
    text.split(',').map(one).collect::<Result<_, _>>().map(Ranges)
}

pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number, at least 1; the latest version is never dropped".into())
}

pub(super) fn age(text: &str) -> Result<Duration, String> {
    let expected = "expected an age such as 30d, 12h, 6months or 1y";
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("the unit is missing; {expected}"));
    }
    // Minutes to the parser, but months to somebody who will have deleted three months of pictures.
    let units = text.split(|sign: char| sign.is_ascii_digit() || sign.is_whitespace());
    if units.into_iter().any(|unit| unit == "m" || unit == "M") {
        return Err("m may mean minutes or months; write min or months".into());
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; {expected}"))
}

/// A version, as a number or as the name of its folder: `3` or `v3`.
pub(super) fn version(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix('v').unwrap_or(text);
    let digits = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits.ok_or_else(|| "expected a version such as 3 or v3".into())
}

/// A number of seconds, with or without decimals, up to ten years.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=315_360_000.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected a number of seconds such as 60".into())
}

pub(super) fn format(text: &str) -> Result<TileFormat, String> {
    TileFormat::new(text).ok_or_else(|| format!("expected {}", TileFormat::NAMES))
}

pub(super) fn quality(text: &str) -> Result<Quality, String> {
    text.parse().ok().and_then(Quality::new).ok_or_else(|| "expected a whole number from 1 to 100".into())
}

pub(super) fn tolerance(text: &str) -> Result<Tolerance, String> {
    text.parse().ok().and_then(Tolerance::new).ok_or_else(|| "expected a number from 0 to 255, such as 2.5".into())
}

/// A number of bytes, with K, M, G or T for powers of 1024.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a number of bytes such as 500M or 4G".to_owned();
    let upper = text.trim().to_ascii_uppercase();
    let upper = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
    let (digits, shift) = match upper.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => {
            let power = "KMGT".find(unit).ok_or_else(expected)? as u32 + 1;
            (&upper[..at], 10 * power)
        }
        _ => (upper, 0),
    };
    let number: f64 = digits.trim().parse().ok().filter(|number: &f64| *number > 0.0).ok_or_else(expected)?;
    let bytes = number * (1u64 << shift) as f64;
    if bytes < u64::MAX as f64 { Ok(bytes as u64) } else { Err(expected()) }
}

pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= MAX_THREADS);
    number.ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_numbers_of_levels() {
        let levels = ["0", "-0", "2.5", "255"].map(|text| tolerance(text).unwrap().levels());
        assert_eq!(levels, [0.0, 0.0, 2.5, 255.0]);
        for wrong in ["", "-1", "256", "NaN", "inf", "2,5", "3%"] {
            assert!(tolerance(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_with_units_are_parsed() {
        let sizes = ["1", "500M", "1.5g", "2 KiB", "1TB"].map(|text| bytes(text).unwrap());
        assert_eq!(sizes, [1, 500 << 20, 3 << 29, 2048, 1 << 40]);
        for wrong in ["", "M", "-1", "0", "1X", "1e300", "NaN", "inf"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
