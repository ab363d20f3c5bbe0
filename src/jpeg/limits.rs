//! Checks that an image fits a baseline JPEG file.

use super::encode_error::EncodeError;
use super::icc;
use super::part::ImagePart;

/// Checks that an image of this size and sampling fits one interleaved baseline scan.
pub(super) fn check_size_and_factors(
    size: (u32, u32),
    mut factors: impl ExactSizeIterator<Item = (u8, u8)> + Clone,
) -> Result<(), EncodeError> {
    let possible = 1..=65535;
    if !possible.contains(&size.0) || !possible.contains(&size.1) {
        return Err(EncodeError::Dimension { width: size.0, height: size.1 });
    }
    let blocks: u32 = factors.clone().map(|(h, v)| u32::from(h) * u32::from(v)).sum();
    let alone = factors.len() == 1;
    let legal = factors.all(|(h, v)| (1..=4).contains(&h) && (1..=4).contains(&v));
    if legal && (blocks <= 10 || alone) { Ok(()) } else { Err(EncodeError::Sampling) }
}

/// Checks that all quantisation steps fit an 8-bit table.
pub(super) fn check_steps(table: &[u16; 64]) -> Result<(), EncodeError> {
    match table.iter().find(|step| !(1..=255).contains(*step)) {
        Some(&step) => Err(EncodeError::QuantisationStep { step }),
        None => Ok(()),
    }
}

/// Checks shape, tables and ICC profile of a part and its image.
pub(super) fn check_part(part: ImagePart<'_>) -> Result<(), EncodeError> {
    let image = part.image;
    let count = image.components.len();
    if count != image.colour.component_count() {
        return Err(EncodeError::Components { count });
    }
    check_size_and_factors(part.size(), image.factors())?;
    if count == 1 && image.factors().any(|factors| factors != (1, 1)) {
        return Err(EncodeError::Sampling);
    }
    let layout = image.layout();
    for (index, component) in image.components.iter().enumerate() {
        check_steps(&component.quantisation)?;
        let (wide, high) = layout.padded_blocks(component.factors());
        let (expected, found) = (wide * high, component.coefficients.len());
        if (component.blocks_wide, component.blocks_high) != (wide, high) || expected != found {
            return Err(EncodeError::SampleCount { component: index, expected, found });
        }
    }
    match &image.icc {
        Some(profile) if profile.is_empty() || profile.len() > icc::MAX_PROFILE_BYTES => {
            Err(EncodeError::IccLength { length: profile.len() })
        }
        _ => Ok(()),
    }
}
