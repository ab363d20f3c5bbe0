//! ICC profiles that fit the rows they are carried with.

use std::sync::Arc;

/// Where a profile says what colours it is for, and its mark (ICC.1:2022, 7.2).
const SPACE: usize = 16;
const MARK: usize = 36;

/// The profile if it is one for grey (1 and 2 channels) or RGB (3 and 4), and otherwise a warning that it is left out.
pub(super) fn fitting(profile: Option<&[u8]>, channels: usize) -> (Option<Arc<[u8]>>, Option<String>) {
    let Some(profile) = profile else {
        return (None, None);
    };
    let wanted = if channels > 2 { b"RGB " } else { b"GRAY" };
    let space = profile.get(SPACE..SPACE + 4).filter(|_| profile.get(MARK..MARK + 4) == Some(b"acsp"));
    match space {
        Some(space) if space == wanted => (Some(Arc::from(profile)), None),
        Some(space) => {
            let (found, wanted) = (space.escape_ascii().to_string(), wanted.escape_ascii().to_string());
            let (found, wanted) = (found.trim(), wanted.trim());
            (None, Some(format!("its ICC profile is for {found} and not for {wanted}; it is left out")))
        }
        None => (None, Some("its ICC profile is damaged; it is left out".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_for_other_colours_are_left_out() {
        let profile = |space: &[u8; 4]| {
            let mut bytes = vec![0; 128];
            bytes[SPACE..SPACE + 4].copy_from_slice(space);
            bytes[MARK..MARK + 4].copy_from_slice(b"acsp");
            bytes
        };
        let rgb = profile(b"RGB ");
        assert_eq!(fitting(Some(&rgb), 3), (Some(Arc::from(rgb.as_slice())), None));
        assert_eq!(fitting(Some(&rgb), 4).1, None);
        assert!(fitting(Some(&profile(b"GRAY")), 2).0.is_some());
        let (icc, warning) = fitting(Some(&profile(b"CMYK")), 3);
        assert_eq!(
            (icc, warning.unwrap().as_str()),
            (None, "its ICC profile is for CMYK and not for RGB; it is left out")
        );
        assert!(fitting(Some(&rgb), 1).1.is_some());
        assert!(fitting(Some(&rgb[..30]), 3).1.unwrap().contains("damaged"));
        assert_eq!(fitting(None, 3), (None, None));
    }
}
