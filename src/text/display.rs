//! File names and paths as they can stand in one line of a message, whatever bytes they are made of.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// The longest piece of somebody's text that is repeated in a message.
const LONGEST: usize = 60;

/// A path or file name in one line: control characters escaped, bytes that are no UTF-8 replaced.
#[must_use]
pub fn display_path(path: impl AsRef<Path>) -> String {
    escaped(&path.as_ref().to_string_lossy())
}

/// A file name, as [`shown`] shows it.
#[must_use]
pub fn display_name(name: &OsStr) -> String {
    escaped(&name.to_string_lossy())
}

/// A path as a word of a command that can be copied into a shell.
#[must_use]
pub fn shell_word(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().to_string_lossy();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%=".contains(letter);
    // An option begins with a dash.
    let dash = if path.starts_with('-') { "./" } else { "" };
    if !path.is_empty() && path.chars().all(plain) {
        return format!("{dash}{path}");
    }
    format!("'{dash}{}'", escaped(&path.replace('\'', "'\\''")))
}

/// Somebody's text in one line, cut where it is long.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let line = escaped(text);
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

/// A moment, given in seconds since 1970, as RFC 3339 writes it; as the number where that has no way to write it, which a
/// damaged file may hold.
#[must_use]
pub fn display_time(seconds: u64) -> String {
    /// The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    if seconds > LAST {
        return format!("{seconds} s after 1970");
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let (control, plain) =
                if letter.is_control() { (Some(letter.escape_debug()), None) } else { (None, Some(letter)) };
            control.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_one_line() {
        assert_eq!(display_path("a\nb/c\u{7}"), "a\\nb/c\\u{7}");
        assert_eq!(display_path("plain/0_0.jpg"), "plain/0_0.jpg");
        assert_eq!(excerpt(&"x".repeat(100)).len(), LONGEST);
    }

    #[test]
    fn words_of_commands_can_be_copied() {
        let words = ["image1", "/a/Zürich.d", "my maps", "-rf", "it's", "$(x)", ""].map(shell_word);
        assert_eq!(words, ["image1", "/a/Zürich.d", "'my maps'", "./-rf", r"'it'\''s'", "'$(x)'", "''"]);
    }

    #[test]
    fn times_are_shown_however_far_away() {
        assert_eq!(display_time(86_400), "1970-01-02T00:00:00Z");
        assert_eq!(display_time(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(display_time(u64::MAX), "18446744073709551615 s after 1970");
    }
}
