//! What a cut loses, or does less well than it could, as warnings.

use super::CutMode;
use super::target::{Target, TargetState};
use crate::format::FormatKind;
use crate::input::{Depth, Picture};
use crate::raster::{ProfileMeaning, profile_meaning};

/// The latest tiles made it necessary to requantise a picture that could have been cut without loss.
pub(super) const REQUANTISED: &str = "requantised, because the latest tiles have the quality of pyramid.json; \
                                      in a folder of its own it can be cut without loss";

/// One warning per property of the picture that the tiles will not have.
pub(super) fn warnings(opened: &Picture, target: &Target, mode: CutMode) -> Vec<String> {
    let (info, settings) = (opened.info(), &target.settings);
    let mut warnings = info.warnings.clone();
    if let Some(entry) = &target.missing_entry {
        warnings.push(format!("not recorded in pyramid.json, where later cuts look for it; add {entry}"));
    }
    if info.icc.as_ref().is_some_and(|icc| profile_meaning(icc) == ProfileMeaning::Unreadable) {
        warnings.push("ICC profile kept, although it cannot be read; viewers may ignore it".into());
    }
    if settings.format.kind() != FormatKind::Jpeg {
        return warnings;
    }
    let instead = match target.state {
        TargetState::First => "use the format png to keep",
        TargetState::Next => "use another folder and the format png to keep",
    };
    if info.depth == Depth::Sixteen {
        warnings.push(format!("16 bits scaled down to 8 (JPEG has no more); {instead} them"));
    }
    if info.channels.is_multiple_of(2) {
        warnings.push(format!("alpha flattened onto white (JPEG has none); {instead} it"));
    }
    if let (Picture::Jpeg(jpeg), CutMode::Pixels) = (opened, mode) {
        let (wide, high) = jpeg.mcu_size();
        let (overlap, instead) = match settings.overlap {
            0 => (String::new(), String::new()),
            overlap => (format!(" with overlap {overlap}"), format!(" with overlap 0 or {}", wide.max(high))),
        };
        warnings.push(match info.orientation {
            1 => format!(
                "decoded and encoded again, because tiles of {}{overlap} do not begin at its blocks of {wide}x{high}; \
                 tiles of 256{instead} can be cut without loss",
                settings.tile_size
            ),
            _ => "decoded and encoded again, because it is stored rotated or flipped; rotate it losslessly first to avoid that"
                .to_owned(),
        });
    }
    warnings
}
