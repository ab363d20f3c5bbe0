//! File names, paths and other foreign text on one line of a message, whatever bytes they contain.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// The most characters of an excerpt.
const MAX_EXCERPT_CHARS: usize = 60;

/// A path on one line: control characters escaped, invalid UTF-8 replaced.
#[must_use]
pub fn display_path(path: impl AsRef<Path>) -> String {
    escaped(&path.as_ref().to_string_lossy())
}

/// A file name on one line, as in [`display_path`].
#[must_use]
pub fn display_name(name: &OsStr) -> String {
    escaped(&name.to_string_lossy())
}

/// The beginning of a text, on one line.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let line = escaped(text);
    if line.chars().count() <= MAX_EXCERPT_CHARS {
        return line;
    }
    line.chars().take(MAX_EXCERPT_CHARS - 3).chain("...".chars()).collect()
}

/// A time, in seconds since 1970, in RFC 3339 format.
///
/// Damaged files may contain times beyond the year 9999, which the format cannot express. They are displayed as a
/// number.
#[must_use]
pub fn display_time(seconds: u64) -> String {
    /// The last second of the year 9999.
    const MAX_SECONDS: u64 = 253_402_300_799;
    if seconds > MAX_SECONDS {
        return format!("{seconds} s after 1970");
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_debug());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_displayed_on_one_line() {
        assert_eq!(display_path("a\nb/c\u{7}"), "a\\nb/c\\u{7}");
        assert_eq!(display_path("plain/0_0.jpg"), "plain/0_0.jpg");
    }

    #[test]
    fn excerpts_of_long_texts_are_shortened() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"x".repeat(100)).len(), MAX_EXCERPT_CHARS);
    }

    #[test]
    fn times_beyond_the_year_9999_are_displayed_as_numbers() {
        assert_eq!(display_time(86_400), "1970-01-02T00:00:00Z");
        assert_eq!(display_time(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(display_time(u64::MAX), "18446744073709551615 s after 1970");
    }
}
