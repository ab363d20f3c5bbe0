//! ICC profiles that match the rows they accompany.

use std::sync::Arc;

/// Offsets of a profile's data colour space and of its signature (ICC.1:2022, 7.2).
const COLOUR_SPACE: usize = 16;
const SIGNATURE: usize = 36;

/// The profile, if it is for grey (1 and 2 channels) or RGB (3 and 4); otherwise a warning that it is ignored.
pub(super) fn matching_profile(profile: Option<&[u8]>, channels: usize) -> (Option<Arc<[u8]>>, Option<String>) {
    let Some(profile) = profile else {
        return (None, None);
    };
    let wanted = if channels > 2 { b"RGB " } else { b"GRAY" };
    let has_signature = profile.get(SIGNATURE..SIGNATURE + 4) == Some(b"acsp");
    let space = profile.get(COLOUR_SPACE..COLOUR_SPACE + 4).filter(|_| has_signature);
    match space {
        Some(space) if space == wanted => (Some(Arc::from(profile)), None),
        Some(space) => {
            let (found, wanted) = (space.escape_ascii().to_string(), wanted.escape_ascii().to_string());
            let (found, wanted) = (found.trim(), wanted.trim());
            (None, Some(format!("ICC profile ignored: it is for {found}, not {wanted}")))
        }
        None => (None, Some("ICC profile ignored: damaged".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_for_other_colour_spaces_are_ignored_with_a_warning() {
        let profile = |space: &[u8; 4]| {
            let mut bytes = vec![0; 128];
            bytes[COLOUR_SPACE..COLOUR_SPACE + 4].copy_from_slice(space);
            bytes[SIGNATURE..SIGNATURE + 4].copy_from_slice(b"acsp");
            bytes
        };
        let rgb = profile(b"RGB ");
        assert_eq!(matching_profile(Some(&rgb), 3), (Some(Arc::from(rgb.as_slice())), None));
        assert_eq!(matching_profile(Some(&rgb), 4).1, None);
        assert!(matching_profile(Some(&profile(b"GRAY")), 2).0.is_some());
        let (icc, warning) = matching_profile(Some(&profile(b"CMYK")), 3);
        assert_eq!((icc, warning.unwrap().as_str()), (None, "ICC profile ignored: it is for CMYK, not RGB"));
        assert!(matching_profile(Some(&rgb), 1).1.is_some());
        assert!(matching_profile(Some(&rgb[..30]), 3).1.unwrap().contains("damaged"));
        assert_eq!(matching_profile(None, 3), (None, None));
    }
}
