//! File names and paths as they can stand in one line of a message, whatever bytes they are made of.

use std::ffi::OsStr;
use std::path::Path;

/// The longest piece of somebody's text that is repeated in a message.
const LONGEST: usize = 60;

/// A path or file name in one line: control characters escaped, bytes that are no UTF-8 replaced.
#[must_use]
pub fn shown(path: impl AsRef<Path>) -> String {
    escaped(&path.as_ref().to_string_lossy())
}

/// A file name, as [`shown`] shows it.
#[must_use]
pub fn shown_name(name: &OsStr) -> String {
    escaped(&name.to_string_lossy())
}

/// Somebody's text in one line, cut where it is long.
#[must_use]
pub fn quoted(text: &str) -> String {
    let line = escaped(text);
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 3).chain("...".chars()).collect()
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
        assert_eq!(shown("a\nb/c\u{7}"), "a\\nb/c\\u{7}");
        assert_eq!(shown("plain/0_0.jpg"), "plain/0_0.jpg");
        assert_eq!(quoted(&"x".repeat(100)).len(), LONGEST);
    }
}
