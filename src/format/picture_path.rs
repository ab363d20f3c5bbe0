//! The key `picture` of `pyramid.json`: a path as text, whatever bytes it consists of.
//!
//! A path that is not UTF-8 is written as a `file:` URL with percent-encoded bytes. So is the rare path that begins with
//! `file:`, because it would be taken for one.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

const SCHEME: &str = "file:";

/// The text for a path. `picture_path` returns the path again.
#[must_use]
pub fn picture_text(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.starts_with(SCHEME) => text.to_owned(),
        _ => format!("{SCHEME}{}", encoded(path.as_os_str().as_bytes())),
    }
}

/// The path that a text stands for; none if it cannot be one.
pub(super) fn picture_path(text: &str) -> Option<PathBuf> {
    let bytes = match text.strip_prefix(SCHEME) {
        // `file:///data/map.tif` is common, too.
        Some(url) => decoded(url.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(url))?,
        None => text.as_bytes().to_vec(),
    };
    let is_path = !bytes.is_empty() && !bytes.contains(&0);
    is_path.then(|| PathBuf::from(OsString::from_vec(bytes)))
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            text.push(byte.into());
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match *first {
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let value = |digit: u8| char::from(digit).to_digit(16);
                (value(digits[0])? * 16 + value(digits[1])?) as u8
            }
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path_of(bytes: &[u8]) -> PathBuf {
        PathBuf::from(OsString::from_vec(bytes.to_vec()))
    }

    #[test]
    fn common_paths_are_plain_text_and_others_are_urls() {
        for (path, text) in [
            (&b"../scans/roll 00/1.tif"[..], "../scans/roll 00/1.tif"),
            (b"/data/100%.tif", "/data/100%.tif"),
            (b"../Z\xFCrich 1.tif", "file:../Z%FCrich%201.tif"),
            (b"file:1.tif", "file:file%3A1.tif"),
        ] {
            assert_eq!(picture_text(&path_of(path)), text);
            assert_eq!(picture_path(text), Some(path_of(path)));
        }
        assert_eq!(picture_path("file:///data/a%20b.tif"), Some("/data/a b.tif".into()));
    }

    #[test]
    fn texts_that_are_no_paths_are_refused() {
        for text in ["", "a\0b", "file:", "file:%", "file:%2", "file:%zz", "file:a%00b"] {
            assert_eq!(picture_path(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_path_survives(bytes in prop::collection::vec(1..=255u8, 1..40)) {
            let path = path_of(&bytes);
            prop_assert_eq!(picture_path(&picture_text(&path)), Some(path));
        }

        #[test]
        fn reading_never_panics(text in "(file:)?[%0-9a-zé/]{0,12}") {
            let _ = picture_path(&text);
        }
    }
}
